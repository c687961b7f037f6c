-- Tables are the writer's own and may change; what people query stands in views/.
-- No keys and no indexes: one writer keeps rows apart by anti joins, and an index on long
-- tables cost several times the disk for nothing.
CREATE SCHEMA core;

CREATE TABLE core.migrations (name VARCHAR, applied_at TIMESTAMPTZ, digest VARCHAR);
CREATE TABLE core.views (name VARCHAR, digest VARCHAR);

CREATE TABLE core.feeds (
    slug VARCHAR, url VARCHAR, publisher VARCHAR, language VARCHAR, country VARCHAR,
    scope VARCHAR, enabled BOOLEAN, every_minutes INTEGER, note VARCHAR
);

CREATE TABLE core.feed_states (
    slug VARCHAR, state VARCHAR, detail VARCHAR, url VARCHAR, etag VARCHAR, last_modified VARCHAR,
    body_digest VARCHAR, last_polled_at TIMESTAMPTZ, last_success_at TIMESTAMPTZ,
    last_delivered_at TIMESTAMPTZ, next_poll_at TIMESTAMPTZ, failures INTEGER
);

-- payload is the entry itself, kept only while a retry is planned.
CREATE TABLE core.entries (
    canonical_url VARCHAR, url VARCHAR, feed VARCHAR, guid VARCHAR, revision VARCHAR,
    outcome VARCHAR, article_id VARCHAR, reason VARCHAR, retry_at TIMESTAMPTZ,
    payload VARCHAR USING COMPRESSION zstd,
    first_seen_at TIMESTAMPTZ, last_checked_at TIMESTAMPTZ
);

-- original_text is the text before internal repeats were cut; NULL when nothing was.
CREATE TABLE core.articles (
    article_id VARCHAR, url VARCHAR, canonical_url VARCHAR, site VARCHAR, feed VARCHAR,
    publisher VARCHAR, title VARCHAR, author VARCHAR, language VARCHAR,
    published_at TIMESTAMPTZ, published_from VARCHAR, published_raw VARCHAR,
    fetched_at TIMESTAMPTZ,
    text VARCHAR USING COMPRESSION zstd, original_text VARCHAR USING COMPRESSION zstd,
    words INTEGER, text_source VARCHAR, topics VARCHAR[],
    version INTEGER, seen_at TIMESTAMPTZ, words_added INTEGER, words_removed INTEGER,
    archive_file VARCHAR, archive_offset BIGINT, exact UBIGINT
);

-- Only superseded versions; the newest stands in core.articles.
CREATE TABLE core.article_versions (
    article_id VARCHAR, version INTEGER, seen_at TIMESTAMPTZ, title VARCHAR,
    text VARCHAR USING COMPRESSION zstd, words_added INTEGER, words_removed INTEGER
);

CREATE TABLE core.article_urls (url VARCHAR, article_id VARCHAR);
CREATE TABLE core.links (article_id VARCHAR, position INTEGER, url VARCHAR, canonical_url VARCHAR);

CREATE TABLE core.repeats (
    article_id VARCHAR, start_char INTEGER, end_char INTEGER, of_start_char INTEGER,
    of_end_char INTEGER, words INTEGER, similarity DOUBLE,
    removed_text VARCHAR USING COMPRESSION zstd
);

CREATE TABLE core.recipe (recipe VARCHAR);
CREATE TABLE core.signatures (
    article_id VARCHAR, exact UBIGINT, shingles INTEGER, minhash BLOB, day DATE
);
-- kind 0: a band of the MinHash signature; 1: a key of the containment sketch.
CREATE TABLE core.signature_keys (key UBIGINT, article_id VARCHAR, day DATE, kind UTINYINT);

CREATE TABLE core.matches (
    article_id VARCHAR, of_article_id VARCHAR, relation VARCHAR, jaccard DOUBLE,
    containment DOUBLE, reason VARCHAR
);
CREATE TABLE core.stories (
    story_id VARCHAR, representative_id VARCHAR, created_at TIMESTAMPTZ, changed_at TIMESTAMPTZ
);
CREATE TABLE core.story_members (article_id VARCHAR, story_id VARCHAR);
CREATE TABLE core.story_forwards (story_id VARCHAR, to_story_id VARCHAR, at_time TIMESTAMPTZ);

CREATE TABLE core.rejections (
    url VARCHAR, stage VARCHAR, feed VARCHAR, reason VARCHAR, detail VARCHAR,
    first_at TIMESTAMPTZ, last_at TIMESTAMPTZ, attempts INTEGER, retry_at TIMESTAMPTZ
);

CREATE TABLE core.runs (
    run_id VARCHAR, kind VARCHAR, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, state VARCHAR,
    feeds INTEGER, entries INTEGER, fetched INTEGER, stored INTEGER, known INTEGER,
    duplicates INTEGER, rejected INTEGER, detail VARCHAR,
    pid INTEGER, host VARCHAR, boot VARCHAR, process_started VARCHAR
);

CREATE TABLE core.coverage (
    feed VARCHAR, day DATE, route VARCHAR, found INTEGER, stored INTEGER, state VARCHAR
);
CREATE TABLE core.gaps (
    feed VARCHAR, from_at TIMESTAMPTZ, to_at TIMESTAMPTZ, detected_at TIMESTAMPTZ,
    repaired_at TIMESTAMPTZ, route VARCHAR
);
