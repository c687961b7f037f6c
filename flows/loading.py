"""Shards into the store: the one way in, from memory or from a file.

A shard's articles, entries, rejections and notes are written in one transaction, and with them that
it is in; one that comes again is passed over.  Shards may come in any order: what is said later
counts, and a text's place among the others does not hang on when it came (``flows.save.relate``).

Several may share a transaction.  Each costs a look through the keys of all that is stored, which is
nothing for a small store and nearly everything for a large one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from duckdb import DuckDBPyConnection

from flows.save import Saved, in_a_window, save_rows
from flows.shard import Shard
from storage import coverage, feeds, gaps, rejections, shards
from storage.identities import urls_of
from storage.store import Store

# Articles that are made ready together stand in memory together, some 100 KB each.
TOGETHER = 2_000


def load(store: Store, shard: Shard) -> Saved:
    """Take ``shard`` in, whole or not at all; nothing happens when it is in already.

    Raises what ``Store.write`` does.
    """
    return load_together(store, [shard])[0]


def load_together(store: Store, several: Sequence[Shard]) -> list[Saved]:
    """Take ``several`` in with one transaction, all or none; what became of each.

    Of two that are one group's, as ``grouped`` makes them.  Copies and new stories are counted for
    the first.
    """
    return in_a_window(store, lambda con: take_in(con, several))


def grouped(several: Iterable[Shard]) -> Iterator[list[Shard]]:
    """``several`` in order, in groups that may be loaded together.

    No two of a group speak of one address: which of two texts is an edit of the other is decided
    between what is stored and what comes.
    """
    group: list[Shard] = []
    urls: set[str] = set()
    articles = 0
    for shard in several:
        mine = set(_urls(shard))
        alike = not group or shard.keep_known_entries == group[0].keep_known_entries
        if group and (not alike or articles + len(shard.digested) > TOGETHER or urls & mine):
            yield group
            group, urls, articles = [], set(), 0
        group.append(shard)
        urls |= mine
        articles += len(shard.digested)
    if group:
        yield group


def _urls(shard: Shard) -> Iterator[str]:
    for one in shard.digested:
        yield one.entry.canonical_url
        if one.prepared is not None:
            yield from urls_of(one.prepared)


def take_in(con: DuckDBPyConnection, several: Sequence[Shard]) -> list[Saved]:
    """``load_together`` inside the caller's transaction."""
    fresh: list[Shard] = []
    again: list[bool] = []
    for shard in several:
        origin = shard.origin
        twice = origin is not None and any(origin == other.origin for other in fresh)
        again.append(twice or (origin is not None and shards.is_loaded(con, origin.shard_id)))
        if not again[-1]:
            fresh.append(shard)
    digested = [one for shard in fresh for one in shard.digested]
    whole = Saved()
    if digested:
        last = max(shard.at for shard in fresh)
        keep = fresh[0].keep_known_entries
        whole = save_rows(con, digested, last, keep_known_entries=keep)
    done = []
    for shard, there in zip(several, again, strict=True):
        if there:
            done.append(Saved(again=True))
            continue
        saved = whole if len(fresh) == 1 else _part(whole, shard, first=shard is fresh[0])
        write_notes(con, shard, saved)
        _note(con, shard, saved)
        done.append(saved)
    return done


def _part(whole: Saved, shard: Shard, *, first: bool) -> Saved:
    """What ``whole`` says of ``shard``."""
    status = {
        one.entry.canonical_url: whole.status_of[one.entry.canonical_url]
        for one in shard.digested
        if one.entry.canonical_url in whole.status_of
    }
    ids = {
        one.prepared.article.article_id: status.get(one.entry.canonical_url, "")
        for one in shard.digested
        if one.prepared is not None
    }
    return Saved(
        new=[one for one, said in ids.items() if said == "new"],
        changed=[one for one, said in ids.items() if said == "changed"],
        status_of=status,
        new_stories=whole.new_stories if first else 0,
        duplicates=whole.duplicates if first else 0,
    )


def _note(con: DuckDBPyConnection, shard: Shard, saved: Saved) -> None:
    """Write down that ``shard`` is in, where it could come again."""
    origin = shard.origin
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
