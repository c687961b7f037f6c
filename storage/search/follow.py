"""Keep the index of the published copy: find what it lacks, bring it in, put it in place.

The index of a copy lies beside its database, ``published/<n>/search``.  A publish carries the one
before over as ``search.carried`` (``storage.search.carry``), so that people can search from the
first moment; this module then makes ``search`` out of it, in a folder of another name, and renames
that.  Killed at any moment, it leaves what was there.

What the index lacks is found by comparing (``storage.search.compare``), not told by those who
write.  So edits, articles that were read again, removed or put back from a backup all arrive, by
whatever way they came.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

import duckdb

from storage.errors import StoreBusy, StoreMissing
from storage.lock import locked
from storage.publish import sync_folder
from storage.search.carry import CARRIED, INDEX, link_folder
from storage.search.compare import Advance, bring_in, checksum, compare, drop, note_known, number
from storage.search.engine import IndexBroken, Writer
from storage.search.policy import INDEX as POLICY
from storage.search.policy import RECIPE
from storage.search.state import (
    KNOWN,
    State,
    copy_in_place,
    is_current,
    state_of,
    write_state,
)
from storage.store import Store

_NEXT, _OLD = "search.next", "search.old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What was done to the index."""

    articles: int
    """In it now."""
    added: int
    """New, or in another version than before."""
    removed: int
    """Gone from the store."""
    behind: int
    """Left for the next time, because they were too many."""
    seconds: float
    rebuilt: bool


def _silent(done: int, total: int) -> None:
    del done, total


def follow(
    store: Store,
    *,
    at_most: int | None = POLICY.at_most,
    rebuild: bool = False,
    wait: timedelta = POLICY.wait,
    advance: Advance = _silent,
) -> Followed:
    """Bring the index to what the published copy holds.

    Args:
        at_most: articles brought in, the newest first; None for all.
        rebuild: make it anew, whatever there is.
        wait: for whoever else keeps it at the moment.
        advance: told how many articles are done, and of how many.

    Raises:
        StoreMissing: when nothing is published.
        StoreBusy: when somebody else keeps it for longer.
        StoreError: when it cannot be made; what was there before still is.
    """
    if not store.published.exists():
        raise StoreMissing(store.published)
    try:
        with locked(store.folder / "search.lock", wait=wait, purpose="voltwire search"):
            done = _follow(store, at_most, rebuild, advance)
            # A rebuild takes minutes, in which others publish and do not wait.
            while rebuild and not is_current(store):
                done = _follow(store, at_most, False, advance)
            return done
    except StoreBusy as error:
        raise StoreBusy(
            "the search index is being made by another process",
            hint="it is up to date when that one has ended, or with the next publish",
        ) from error
    except duckdb.Error as error:
        line = next(iter(str(error).splitlines()), "")
        raise IndexBroken(f"the articles to search cannot be read: {line}") from error
    except OSError as error:
        raise IndexBroken(
            f"the search index cannot be written: {error.strerror or error}",
            hint="the store is whole; `voltwire search --rebuild` makes the index",
        ) from error


def _follow(store: Store, at_most: int | None, rebuild: bool, advance: Advance) -> Followed:
    began = monotonic()
    while True:
        copy = copy_in_place(store)
        base = next((copy / one for one in (INDEX, CARRIED) if _fits(copy / one)), None)
        if rebuild:
            base = None
        with store.read() as con:
            if copy_in_place(store) != copy:
                continue  # replaced while it was being opened
            con.execute(f"SET memory_limit = '{POLICY.reading_mib}MiB'")
            con.execute("SET threads = 2")
            try:
                made = _make(con, copy, base, at_most, advance)
            except (IndexBroken, duckdb.Error):
                # Not worth anybody's while, as long as it is made anew in seconds.
                if base is None or (at_most is not None and number(con) > at_most):
                    raise
                made = _make(con, copy, None, at_most, advance)
            break
    if made is not None:
        _put_in_place(copy)
        return Followed(**(asdict(made) | {"seconds": monotonic() - began}))
    if base is not None and base.name == CARRIED:
        base.rename(copy / INDEX)
        sync_folder(copy)
    state = state_of(copy / INDEX)
    assert state is not None
    return Followed(
        articles=state.articles, added=0, removed=0, behind=0, seconds=monotonic() - began,
        rebuilt=False,
    )  # fmt: skip


def _fits(folder: Path) -> bool:
    state = state_of(folder)
    return state is not None and state.recipe == RECIPE and (folder / KNOWN).is_file()


def _make(
    con: duckdb.DuckDBPyConnection,
    copy: Path,
    base: Path | None,
    at_most: int | None,
    advance: Advance,
) -> Followed | None:
    """Make the next index of ``copy`` from that in ``base``; None when nothing is to be done."""
    was = state_of(base) if base is not None else None
    total = checksum(con)
    if was is not None and was.behind == 0 and was.checksum == total:
        return None
    target = copy / _NEXT
    try:
        return _made(con, target, base, total, at_most, advance)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _made(
    con: duckdb.DuckDBPyConnection,
    target: Path,
    base: Path | None,
    total: int,
    at_most: int | None,
    advance: Advance,
) -> Followed:
    if base is not None:
        link_folder(base, target)
    else:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
    gone, todo, behind = compare(con, base, at_most)
    writer = Writer(target, new=base is None)
    writer.remove(gone)
    bring_in(con, writer, todo, advance)
    writer.finish()
    articles = note_known(con, target, base)
    # With some left out the sum is not that of the index, and nothing is skipped next time.
    write_state(target, State(recipe=RECIPE, articles=articles, checksum=total, behind=behind))
    drop(con)
    return Followed(
        articles=articles, added=todo, removed=len(gone), behind=behind, seconds=0.0,
        rebuilt=base is None,
    )  # fmt: skip


def _put_in_place(copy: Path) -> None:
    sync_folder(copy / _NEXT)
    shutil.rmtree(copy / _OLD, ignore_errors=True)
    with suppress(FileNotFoundError):
        (copy / INDEX).rename(copy / _OLD)
    (copy / _NEXT).rename(copy / INDEX)
    sync_folder(copy)
    for name in (_OLD, CARRIED):
        shutil.rmtree(copy / name, ignore_errors=True)
