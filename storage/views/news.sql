-- Example: SELECT published_at, publisher, title, copies FROM news WHERE published_at > now() - INTERVAL 7 DAY ORDER BY copies DESC LIMIT 20
CREATE OR REPLACE VIEW news AS
SELECT r.story_id, r.article_id, r.title, r.url, r.publisher,
    r.published_at, r.text, coalesce(s.articles, 1) AS copies, coalesce(s.publishers, 1) AS publishers
FROM core.articles r
LEFT JOIN core.stories s ON s.story_id = r.story_id
WHERE r.is_representative;
COMMENT ON VIEW news IS 'One row a story, shown by its representative: what happened, without copies';
COMMENT ON COLUMN news.story_id IS 'The story';
COMMENT ON COLUMN news.article_id IS 'The article shown for it';
COMMENT ON COLUMN news.title IS 'Headline of that article';
COMMENT ON COLUMN news.url IS 'Its address';
COMMENT ON COLUMN news.publisher IS 'Its publisher';
COMMENT ON COLUMN news.published_at IS 'Its time of publication, UTC';
COMMENT ON COLUMN news.text IS 'Its text';
COMMENT ON COLUMN news.copies IS 'Number of articles that tell this story, this one included';
COMMENT ON COLUMN news.publishers IS 'Number of publishers among them';
