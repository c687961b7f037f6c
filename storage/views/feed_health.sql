-- Example: SELECT slug, state, last_delivered_at, detail, advice FROM feed_health WHERE state <> 'ok' ORDER BY rank, last_delivered_at
CREATE OR REPLACE VIEW feed_health AS
WITH recent AS (
    SELECT feed, count(*) AS entries FROM core.entries
    WHERE first_seen_at > now() - INTERVAL 30 DAY GROUP BY feed
), holes AS (
    SELECT feed, count(*) AS open FROM core.gaps WHERE repaired_at IS NULL GROUP BY feed
), known AS (
    SELECT f.slug, coalesce(nullif(s.url, ''), f.url) AS url, f.publisher,
        coalesce(s.state, 'new') AS state, s.last_polled_at, s.last_success_at,
        s.last_delivered_at, coalesce(r.entries, 0) AS entries_30d,
        coalesce(s.next_poll_at - s.last_polled_at, to_minutes(f.every_minutes)) AS "interval",
        s.next_poll_at, coalesce(s.detail, '') AS detail, f.enabled, s.per_day,
        coalesce(h.open, 0) AS open_gaps, coalesce(s.failures, 0) AS failures, s.moved_to
    FROM core.feeds f
    LEFT JOIN core.feed_states s ON s.slug = f.slug
    LEFT JOIN recent r ON r.feed = f.slug
    LEFT JOIN holes h ON h.feed = f.slug
)
SELECT slug, url, publisher, state, last_polled_at, last_success_at, last_delivered_at,
    entries_30d, "interval", next_poll_at, detail, enabled, per_day, open_gaps, failures,
    CASE state
        WHEN 'gone' THEN 'find its new address and change it in the list, or switch the feed off; '
            || 'it is not asked again by itself'
        WHEN 'html' THEN CASE WHEN detail LIKE '%names the feed %'
            THEN 'put ' || regexp_extract(detail, 'names the feed (\S+)', 1)
                || ' into the list, which the page names'
            ELSE 'look at the page; put the feed''s new address into the list' END
        WHEN 'blocked' THEN CASE WHEN detail LIKE '%parked domain%'
            THEN 'its domain is for sale: find its new address, or switch the feed off'
            WHEN detail LIKE '%login page%'
            THEN 'see whether there is still a feed without a login; else switch it off'
            ELSE 'set a contact (VOLTWIRE_CONTACT), write to the publisher, or raise '
            || 'every_minutes; it is asked ever less' END
        WHEN 'failing' THEN CASE WHEN failures < 6 THEN 'wait: it is asked again by itself'
            ELSE 'open its address in a browser: it has failed ' || failures || ' times' END
        WHEN 'lying_304' THEN 'nothing: it is asked without validators for now'
        WHEN 'moved' THEN 'change its address in the list to ' || coalesce(moved_to, 'the new one')
        WHEN 'quiet' THEN 'see whether its site still publishes'
        ELSE CASE WHEN open_gaps > 0 THEN open_gaps || ' open in gaps: backfill those days'
            ELSE '' END
    END AS advice,
    CASE state WHEN 'gone' THEN 1 WHEN 'html' THEN 2 WHEN 'blocked' THEN 3 WHEN 'failing' THEN 4
        WHEN 'lying_304' THEN 5 WHEN 'moved' THEN 6 WHEN 'quiet' THEN 7
        ELSE CASE WHEN open_gaps > 0 THEN 8 WHEN state = 'new' THEN 9 ELSE 10 END END AS rank
FROM known;
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
COMMENT ON COLUMN feed_health.next_poll_at IS 'When it will be asked next, UTC; NULL for one that is gone';
COMMENT ON COLUMN feed_health.detail IS 'What is wrong, in words; empty when nothing is';
COMMENT ON COLUMN feed_health.enabled IS 'Whether it is polled at all';
COMMENT ON COLUMN feed_health.per_day IS 'Entries a day that are usual for it, as learned; NULL until something was';
COMMENT ON COLUMN feed_health.open_gaps IS 'Rows of gaps that nothing has repaired';
COMMENT ON COLUMN feed_health.failures IS 'Polls that failed in a row';
COMMENT ON COLUMN feed_health.advice IS 'What to do about it; empty when nothing is to be done';
COMMENT ON COLUMN feed_health.rank IS 'Order of urgency, 1 first';
