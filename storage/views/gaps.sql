-- Example: SELECT feed, from_at, to_at, route, detail FROM gaps WHERE repaired_at IS NULL ORDER BY detected_at DESC
CREATE OR REPLACE VIEW gaps AS
SELECT feed, from_at, to_at, detected_at, repaired_at, route, coalesce(attempts, 0) AS attempts,
    coalesce(detail, '') AS detail
FROM core.gaps;
COMMENT ON VIEW gaps IS 'Times in which a feed may have dropped entries before they were seen';
COMMENT ON COLUMN gaps.feed IS 'Slug of the feed';
COMMENT ON COLUMN gaps.from_at IS 'Newest entry seen before the gap, UTC';
COMMENT ON COLUMN gaps.to_at IS 'Oldest entry seen after it, UTC';
COMMENT ON COLUMN gaps.detected_at IS 'When it was noticed, UTC';
COMMENT ON COLUMN gaps.repaired_at IS 'When its entries were fetched after all, UTC; NULL while open';
COMMENT ON COLUMN gaps.route IS 'What closed it or was tried last: feed-archive, wordpress, sitemap; empty when the feed offers none';
COMMENT ON COLUMN gaps.attempts IS 'Polls at which a repair was tried';
COMMENT ON COLUMN gaps.detail IS 'What came of the last try, in words';
