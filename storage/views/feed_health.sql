-- Example: SELECT slug, state, last_delivered_at, detail FROM feed_health WHERE state <> 'ok' OR last_delivered_at < now() - INTERVAL 7 DAY ORDER BY last_delivered_at
CREATE OR REPLACE VIEW feed_health AS
WITH recent AS (
    SELECT feed, count(*) AS entries FROM core.entries
    WHERE first_seen_at > now() - INTERVAL 30 DAY GROUP BY feed
)
SELECT f.slug, coalesce(nullif(s.url, ''), f.url) AS url, f.publisher,
    coalesce(s.state, 'new') AS state, s.last_polled_at, s.last_success_at, s.last_delivered_at,
    coalesce(r.entries, 0) AS entries_30d,
    coalesce(s.next_poll_at - s.last_polled_at, to_minutes(f.every_minutes)) AS "interval",
    s.next_poll_at, coalesce(s.detail, '') AS detail,
    f.enabled
FROM core.feeds f
LEFT JOIN core.feed_states s ON s.slug = f.slug
LEFT JOIN recent r ON r.feed = f.slug;
COMMENT ON VIEW feed_health IS 'Each feed and how it fares';
COMMENT ON COLUMN feed_health.slug IS 'Short name of the feed';
COMMENT ON COLUMN feed_health.url IS 'Address asked last; the declared one when it was never asked';
COMMENT ON COLUMN feed_health.publisher IS 'Who publishes it';
COMMENT ON COLUMN feed_health.state IS 'new, ok, quiet, blocked, moved, gone, html, failing, lying_304';
COMMENT ON COLUMN feed_health.last_polled_at IS 'Last time it was asked, UTC';
COMMENT ON COLUMN feed_health.last_success_at IS 'Last answer that was a feed, or said that nothing changed, UTC';
COMMENT ON COLUMN feed_health.last_delivered_at IS 'Last poll that brought an entry not seen before, UTC';
COMMENT ON COLUMN feed_health.entries_30d IS 'Entries first seen in the last 30 days';
COMMENT ON COLUMN feed_health.interval IS 'Time between the last poll and the next';
COMMENT ON COLUMN feed_health.next_poll_at IS 'When it will be asked next, UTC';
COMMENT ON COLUMN feed_health.detail IS 'What is wrong, in words; empty when nothing is';
COMMENT ON COLUMN feed_health.enabled IS 'Whether it is polled at all';
