"""Shards into the store: the one way in, from memory or from a file.

A shard's articles, entries, rejections and notes are written in one transaction, and with them that
it is in; one that comes again is passed over.  Shards may come in any order: what is said later
counts, and a text's place among the others does not hang on when it came (``flows.save.relate``).
"""

from __future__ import annotations

from collections import Counter

from duckdb import DuckDBPyConnection

from flows.save import Saved, in_a_window, save_rows
from flows.shard import Shard
from storage import coverage, feeds, gaps, rejections, shards
from storage.store import Store


def load(store: Store, shard: Shard) -> Saved:
    """Take ``shard`` in, whole or not at all; nothing happens when it is in already.

    Raises what ``Store.write`` does.
    """
    return in_a_window(store, lambda con: _load(con, shard))


def _load(con: DuckDBPyConnection, shard: Shard) -> Saved:
    origin = shard.origin
    if origin is not None and shards.is_loaded(con, origin.shard_id):
        return Saved(again=True)
    saved = Saved()
    if shard.digested:
        saved = save_rows(
            con, shard.digested, shard.at, keep_known_entries=shard.keep_known_entries
        )
    write_notes(con, shard, saved)
    if origin is not None:
        shards.note(
            con,
            shard_id=origin.shard_id,
            run_id=origin.run_id,
            piece=origin.piece,
            number=origin.number,
            entries=len(shard.digested),
            stored=len(saved.new),
            edited=len(saved.changed),
            duplicates=saved.duplicates,
            at=shard.at,
        )
    return saved


def write_notes(con: DuckDBPyConnection, shard: Shard, saved: Saved) -> None:
    """Write what ``shard`` says beside entries and articles; ``saved``: what became of those."""
    ledger = shard.ledger
    if ledger.route:
        saved.undated = Counter(
            one.entry.feed
            for one in shard.digested
            if one.prepared is not None
            and one.entry.published_at is None
            and one.prepared.article.published_at is None
            and saved.status_of[one.entry.canonical_url] == "new"
        )
    coverage.save(con, ledger.covered)
    coverage.add_undated(con, saved.undated, ledger.route, shard.at)
    coverage.note_outside(con, [(one.canonical_url, one.feed, one.day) for one in ledger.outside])
    feeds.save_states(con, ledger.states)
    gaps.save(con, ledger.gaps)
    rejections.clear(con, ledger.recovered)
    rejections.save(con, ledger.rejections)
