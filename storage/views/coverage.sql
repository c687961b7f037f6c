-- Example: SELECT feed, day, route, found, stored FROM coverage WHERE state <> 'complete' ORDER BY feed, day
CREATE OR REPLACE VIEW coverage AS
SELECT feed, day, route, found, stored, state FROM core.coverage;
COMMENT ON VIEW coverage IS 'Which days of which feed a backfill has been through';
COMMENT ON COLUMN coverage.feed IS 'Slug of the feed';
COMMENT ON COLUMN coverage.day IS 'The day, UTC';
COMMENT ON COLUMN coverage.route IS 'Backfill route that looked';
COMMENT ON COLUMN coverage.found IS 'Entries found for the day';
COMMENT ON COLUMN coverage.stored IS 'Articles stored of them';
COMMENT ON COLUMN coverage.state IS 'How far that day is done';
