-- The keys of articles of one day stand packed in few rows: to read a row a key took longer than
-- all that is done with them.  An article's bands come first, then its sketch; numbers are
-- unsigned, of 32 bits, the low byte first.
--   ids: the articles, filled up with NUL to one width; counts: how many bands and how many keys of
--   the sketch each has, in turn; size: how many keys there are together;
--   batch: a random number, the same in what was written together.
-- Keys are random bytes, which no compression makes smaller.
CREATE TABLE core.key_segments (
    day DATE, size INTEGER, batch UBIGINT,
    ids BLOB USING COMPRESSION uncompressed,
    counts BLOB USING COMPRESSION uncompressed,
    keys BLOB USING COMPRESSION uncompressed
);

-- A step of the recursion packs the days of some 25,000 articles, so that memory is bounded.
CREATE TEMP TABLE days_to_pack AS
    SELECT day, 1 + dense_rank() OVER (ORDER BY told) AS part FROM (
        SELECT day, (sum(count(*)) OVER (ORDER BY day NULLS FIRST) - 1) // 25000 AS told
        FROM core.signatures GROUP BY day
    );
INSERT INTO core.key_segments
WITH RECURSIVE segments AS (
    SELECT 1 AS part, NULL::DATE AS day, 0 AS size, ''::BLOB AS ids, ''::BLOB AS counts,
        ''::BLOB AS keys
    UNION ALL
    (
        WITH days AS (
            SELECT day, part FROM temp.days_to_pack
            WHERE part = (SELECT max(part) + 1 FROM segments)
        ), held AS (
            SELECT k.article_id, k.day, count(*) FILTER (k.kind = 0) AS bands,
                count(*) FILTER (k.kind = 1) AS sketch,
                string_agg(printf('%02x%02x%02x%02x', k.key & 255, (k.key >> 8) & 255,
                    (k.key >> 16) & 255, k.key >> 24), '' ORDER BY k.kind, k.key) AS keys
            FROM core.signature_keys k JOIN days d ON d.day IS NOT DISTINCT FROM k.day
            GROUP BY ALL
        ), signed AS (
            SELECT d.part, s.day, s.article_id, hex(encode(s.article_id)) AS id,
                coalesce(h.bands, 0) AS bands, coalesce(h.sketch, 0) AS sketch,
                coalesce(h.keys, '') AS keys
            FROM core.signatures s JOIN days d ON d.day IS NOT DISTINCT FROM s.day
            LEFT JOIN held h ON h.article_id = s.article_id AND h.day IS NOT DISTINCT FROM s.day
        ), placed AS (
            -- Up to 4,096 bytes stand in line; an article has some 60 keys at most.
            SELECT *, (sum(bands + sketch) OVER (PARTITION BY day ORDER BY article_id) - 1) // 960
                AS place FROM signed
        ), wide AS (
            SELECT *, max(length(id)) OVER (PARTITION BY day, place) AS width FROM placed
        )
        SELECT part::INTEGER, day, sum(bands + sketch)::INTEGER,
            unhex(string_agg(rpad(id, width::INTEGER, '0'), '' ORDER BY article_id)),
            unhex(string_agg(printf('%02x%02x%02x%02x%02x%02x%02x%02x', bands & 255,
                (bands >> 8) & 255, (bands >> 16) & 255, bands >> 24, sketch & 255,
                (sketch >> 8) & 255, (sketch >> 16) & 255, sketch >> 24), '' ORDER BY article_id)),
            unhex(string_agg(keys, '' ORDER BY article_id))
        FROM wide GROUP BY part, day, place
    )
)
SELECT day, size, (SELECT hash(uuid())), ids, counts, keys
FROM segments WHERE part > 1 ORDER BY day NULLS FIRST;
DROP TABLE temp.days_to_pack;
DROP TABLE core.signature_keys;

-- The same as rows, for whoever looks by hand and for the checks; of a row that was damaged nothing
-- is shown.
CREATE VIEW core.segment_articles AS
SELECT segment, day, one.article_id, one.bands, one.keys
FROM (
    SELECT segment, day, unnest(list_transform(range(len(starts) // 2), lambda i: {
        'article_id': rtrim(try(decode(ids[i * width + 1 : (i + 1) * width])), chr(0)),
        'bands': counted[2 * i + 1],
        'keys': keys[4 * starts[2 * i + 1] + 1 : 4 * (starts[2 * i + 2] + counted[2 * i + 2])]
    })) AS one
    FROM (
        SELECT segment, day, ids, keys, counted,
            octet_length(ids) // (len(counted) // 2) AS width,
            list_transform(range(len(counted)), lambda j: coalesce(list_sum(counted[1 : j]), 0))
                AS starts
        FROM (
            SELECT rowid AS segment, day, ids, keys,
                list_transform(range(octet_length(counts) // 4), lambda n: (
                    counts[4 * n + 4 : 4 * n + 4] || counts[4 * n + 3 : 4 * n + 3]
                    || counts[4 * n + 2 : 4 * n + 2] || counts[4 * n + 1 : 4 * n + 1]
                )::BIT::UINTEGER) AS counted
            FROM core.key_segments
        ) WHERE octet_length(keys) = 4 * list_sum(counted)
    )
);
CREATE VIEW core.signature_keys AS
SELECT (
        keys[4 * n + 4 : 4 * n + 4] || keys[4 * n + 3 : 4 * n + 3]
        || keys[4 * n + 2 : 4 * n + 2] || keys[4 * n + 1 : 4 * n + 1]
    )::BIT::UINTEGER AS key,
    article_id, day, (n >= bands)::UTINYINT AS kind
FROM (
    SELECT article_id, day, bands, keys, unnest(range(octet_length(keys) // 4)) AS n
    FROM core.segment_articles
);
COMMENT ON VIEW core.segment_articles IS 'One row an article and segment, with its keys.';
COMMENT ON VIEW core.signature_keys IS
    'One row a key of an article; kind 0: a band of its MinHash signature, 1: of its sketch.';
