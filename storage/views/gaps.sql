-- Example: SELECT feed, from_at, to_at FROM gaps WHERE repaired_at IS NULL ORDER BY detected_at DESC
CREATE OR REPLACE VIEW gaps AS
SELECT feed, from_at, to_at, detected_at, repaired_at, route FROM core.gaps;
COMMENT ON VIEW gaps IS 'Times in which a feed may have dropped entries before they were seen';
COMMENT ON COLUMN gaps.feed IS 'Slug of the feed';
COMMENT ON COLUMN gaps.from_at IS 'Newest entry seen before the gap, UTC';
COMMENT ON COLUMN gaps.to_at IS 'Oldest entry seen after it, UTC';
COMMENT ON COLUMN gaps.detected_at IS 'When it was noticed, UTC';
COMMENT ON COLUMN gaps.repaired_at IS 'When a backfill closed it, UTC; NULL while open';
COMMENT ON COLUMN gaps.route IS 'Backfill route that closed it';
