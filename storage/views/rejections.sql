-- Example: SELECT stage, reason, count(*) AS rejected FROM rejections GROUP BY ALL ORDER BY rejected DESC
CREATE OR REPLACE VIEW rejections AS
SELECT url, feed, stage, reason, detail, first_at, last_at, attempts, retry_at
FROM core.rejections;
COMMENT ON VIEW rejections IS 'Feeds, entries and pages that did not become an article, and why';
COMMENT ON COLUMN rejections.url IS 'What was refused';
COMMENT ON COLUMN rejections.feed IS 'Slug of the feed it came from';
COMMENT ON COLUMN rejections.stage IS 'Where it ended: poll, parse, fetch, extract, gate';
COMMENT ON COLUMN rejections.reason IS 'One word to group by, such as http_404, robots, teaser, off_topic';
COMMENT ON COLUMN rejections.detail IS 'More about it';
COMMENT ON COLUMN rejections.first_at IS 'First time it ended here, UTC';
COMMENT ON COLUMN rejections.last_at IS 'Last time, UTC';
COMMENT ON COLUMN rejections.attempts IS 'How many times';
COMMENT ON COLUMN rejections.retry_at IS 'When it will be tried again, UTC; NULL: not at all';
