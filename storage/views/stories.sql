-- Example: SELECT title, articles, publishers FROM stories WHERE publishers > 1 ORDER BY articles DESC LIMIT 20
CREATE OR REPLACE VIEW stories AS
SELECT r.story_id, r.article_id AS representative_id, r.title,
    coalesce(s.first_published_at, r.published_at) AS first_published_at,
    coalesce(s.last_published_at, r.published_at) AS last_published_at,
    coalesce(s.articles, 1) AS articles, coalesce(s.publishers, 1) AS publishers
FROM core.articles r
LEFT JOIN core.stories s ON s.story_id = r.story_id
WHERE r.is_representative;
COMMENT ON VIEW stories IS 'Groups of articles with nearly the same text; most have one member';
COMMENT ON COLUMN stories.story_id IS 'The story';
COMMENT ON COLUMN stories.representative_id IS 'article_id of the copy shown';
COMMENT ON COLUMN stories.title IS 'Headline of that copy';
COMMENT ON COLUMN stories.first_published_at IS 'Earliest known publication among its articles, UTC';
COMMENT ON COLUMN stories.last_published_at IS 'Latest known publication among its articles, UTC';
COMMENT ON COLUMN stories.articles IS 'Number of articles';
COMMENT ON COLUMN stories.publishers IS 'Number of publishers';
