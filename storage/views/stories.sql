-- Example: SELECT title, articles, publishers FROM stories WHERE publishers > 1 ORDER BY articles DESC LIMIT 20
CREATE OR REPLACE VIEW stories AS
SELECT r.story_id, r.article_id AS representative_id, r.title,
    coalesce(s.first_published_at, r.published_at) AS first_published_at,
    coalesce(s.last_published_at, r.published_at) AS last_published_at,
    coalesce(s.articles, 1) AS articles, coalesce(s.publishers, 1) AS publishers,
    coalesce(r.origin, '') AS origin,
    CASE WHEN coalesce(s.articles, 1) = 1 THEN r.publisher ELSE (
        SELECT arg_min(a.publisher, (coalesce(a.published_at, 'infinity'::TIMESTAMPTZ), a.article_id))
        FROM core.articles a WHERE a.story_id = r.story_id
    ) END AS first_publisher
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
COMMENT ON COLUMN stories.origin IS 'Agency or wire that the copy shown is signed with, such as Reuters; empty when none is';
COMMENT ON COLUMN stories.first_publisher IS 'Who published it first, of those whose time is known';
