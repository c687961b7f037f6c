-- Example: SELECT title, articles, publishers FROM stories WHERE publishers > 1 ORDER BY articles DESC LIMIT 20
CREATE OR REPLACE VIEW stories AS
WITH grouped AS (
    SELECT coalesce(m.story_id, a.article_id) AS story_id,
        coalesce(any_value(s.representative_id), any_value(a.article_id)) AS representative_id,
        min(a.published_at) AS first_published_at, max(a.published_at) AS last_published_at,
        count(*) AS articles, count(DISTINCT a.publisher) AS publishers
    FROM core.articles a
    LEFT JOIN core.story_members m ON m.article_id = a.article_id
    LEFT JOIN core.stories s ON s.story_id = m.story_id
    GROUP BY 1
)
SELECT g.story_id, g.representative_id, r.title, g.first_published_at, g.last_published_at,
    g.articles, g.publishers
FROM grouped g JOIN core.articles r ON r.article_id = g.representative_id;
COMMENT ON VIEW stories IS 'Groups of articles with nearly the same text; most have one member';
COMMENT ON COLUMN stories.story_id IS 'The story';
COMMENT ON COLUMN stories.representative_id IS 'article_id of the copy shown';
COMMENT ON COLUMN stories.title IS 'Headline of that copy';
COMMENT ON COLUMN stories.first_published_at IS 'Earliest known publication among its articles, UTC';
COMMENT ON COLUMN stories.last_published_at IS 'Latest known publication among its articles, UTC';
COMMENT ON COLUMN stories.articles IS 'Number of articles';
COMMENT ON COLUMN stories.publishers IS 'Number of publishers';
