-- Example: SELECT feed, outcome, count(*) AS entries FROM entries GROUP BY ALL ORDER BY feed
CREATE OR REPLACE VIEW entries AS
SELECT url, canonical_url, feed, guid, outcome, article_id, first_seen_at, last_checked_at
FROM core.entries;
COMMENT ON VIEW entries IS 'Every entry that a feed or a backfill listed: it is an article or a rejection';
COMMENT ON COLUMN entries.url IS 'Address as listed';
COMMENT ON COLUMN entries.canonical_url IS 'Its canonical form';
COMMENT ON COLUMN entries.feed IS 'Slug of the feed that listed it last';
COMMENT ON COLUMN entries.guid IS 'Identifier the feed gives it';
COMMENT ON COLUMN entries.outcome IS 'article or rejected';
COMMENT ON COLUMN entries.article_id IS 'The article it became; NULL when rejected';
COMMENT ON COLUMN entries.first_seen_at IS 'When it was first seen, UTC';
COMMENT ON COLUMN entries.last_checked_at IS 'When it was last looked at, UTC';
