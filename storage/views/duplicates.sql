-- Example: SELECT d.relation, round(d.jaccard, 2) AS jaccard, a.publisher, a.title, d.reason FROM duplicates d JOIN articles a USING (article_id) LIMIT 20
CREATE OR REPLACE VIEW duplicates AS
WITH links AS (
    SELECT article_id, of_article_id, relation, jaccard, containment, reason FROM core.matches
    WHERE relation <> 'apart'
    UNION ALL
    SELECT of_article_id, article_id,
        CASE relation WHEN 'contains' THEN 'contained_in' WHEN 'contained_in' THEN 'contains'
            ELSE relation END,
        jaccard, containment, reason
    FROM core.matches
    WHERE relation <> 'apart'
), copies AS (
    SELECT m.article_id, s.representative_id, m.story_id
    FROM core.story_members m JOIN core.stories s ON s.story_id = m.story_id
    WHERE m.article_id <> s.representative_id
), bridges AS (
    -- For a copy that resembles its representative only through others: its strongest link.
    SELECT c.article_id, arg_max(l.of_article_id, l.jaccard) AS through,
        arg_max(l.reason, l.jaccard) AS reason
    FROM copies c
    JOIN links l ON l.article_id = c.article_id AND l.relation IN ('exact', 'near')
    JOIN core.story_members o ON o.article_id = l.of_article_id AND o.story_id = c.story_id
    GROUP BY c.article_id
)
SELECT c.article_id, c.representative_id AS of_article_id,
    coalesce(l.relation, 'near') AS relation, l.jaccard, l.containment,
    coalesce(l.reason, 'same story through ' || b.through || ': ' || b.reason, 'same story')
        AS reason
FROM copies c
LEFT JOIN links l ON l.article_id = c.article_id AND l.of_article_id = c.representative_id
LEFT JOIN bridges b ON b.article_id = c.article_id
UNION ALL
-- The shorter text first; pairs of a copy with its representative stand above already.
SELECT l.article_id, l.of_article_id, l.relation, l.jaccard, l.containment, l.reason
FROM links l
WHERE l.relation = 'contained_in'
    AND NOT EXISTS (
        SELECT 1 FROM copies c
        WHERE (c.article_id = l.article_id AND c.representative_id = l.of_article_id)
            OR (c.article_id = l.of_article_id AND c.representative_id = l.article_id)
    );
COMMENT ON VIEW duplicates IS 'Each copy linked to the article shown for its story, and each text that stands whole in a longer one';
COMMENT ON COLUMN duplicates.article_id IS 'The copy, or the text that is contained';
COMMENT ON COLUMN duplicates.of_article_id IS 'The representative, or the text that contains it';
COMMENT ON COLUMN duplicates.relation IS 'exact, near, contains, contained_in: article_id <relation> of_article_id';
COMMENT ON COLUMN duplicates.jaccard IS 'Share of common word shingles, 0 to 1; NULL when linked only through a third article';
COMMENT ON COLUMN duplicates.containment IS 'Share of the shorter text found in the longer, 0 to 1; NULL as above';
COMMENT ON COLUMN duplicates.reason IS 'What decided, in words';
