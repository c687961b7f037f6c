-- What workers wrote and the loader took in: a shard's row is committed with its articles, so that
-- one that comes twice changes nothing.
CREATE TABLE core.shards (
    shard_id VARCHAR, run_id VARCHAR, piece VARCHAR, number INTEGER, entries INTEGER,
    stored INTEGER, edited INTEGER, duplicates INTEGER, loaded_at TIMESTAMPTZ
);
