-- Example: SELECT started_at, kind, state, stored, duplicates, rejected FROM runs ORDER BY started_at DESC LIMIT 10
CREATE OR REPLACE VIEW runs AS
SELECT run_id, kind, started_at, ended_at, state, feeds, entries, fetched, stored, duplicates,
    rejected, detail, known
FROM core.runs;
COMMENT ON VIEW runs IS 'Every ingest and backfill, and what it did';
COMMENT ON COLUMN runs.run_id IS 'The run';
COMMENT ON COLUMN runs.kind IS 'ingest, backfill, reextract or rebuild';
COMMENT ON COLUMN runs.started_at IS 'When it started, UTC';
COMMENT ON COLUMN runs.ended_at IS 'When it ended, UTC; for a crashed run when that was noticed';
COMMENT ON COLUMN runs.state IS 'running, completed, completed_with_failures, failed, crashed';
COMMENT ON COLUMN runs.feeds IS 'Feeds polled';
COMMENT ON COLUMN runs.entries IS 'Entries seen';
COMMENT ON COLUMN runs.fetched IS 'Pages fetched';
COMMENT ON COLUMN runs.stored IS 'Articles new or edited';
COMMENT ON COLUMN runs.duplicates IS 'Of them, copies of another article';
COMMENT ON COLUMN runs.rejected IS 'Entries refused';
COMMENT ON COLUMN runs.detail IS 'What went wrong, in words; empty when nothing did';
COMMENT ON COLUMN runs.known IS 'Entries whose article was stored already';
