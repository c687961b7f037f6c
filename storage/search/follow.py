"""Keep the index of the published copy: find what it lacks, bring it in, put it in place.

The index of a copy lies beside its database, ``published/<n>/search``.  A publish carries the one
before over as ``search.carried`` (``storage.search.carry``), so that people can search from the
first moment; this module then makes ``search`` out of it, in a folder of another name, and renames
that.  Killed at any moment, it leaves what was there.

What the index lacks is found by comparing, not told by those who write: ``known.parquet`` beside
the segments has each article's key and a hash of what the index holds of it.  So edits, articles
that were read again, removed or put back from a backup all arrive, by whatever way they came.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

import duckdb

from storage.errors import StoreBusy, StoreError, StoreMissing
from storage.lock import locked
from storage.publish import sync_folder
from storage.search.carry import CARRIED, INDEX, link_folder
from storage.search.engine import IndexBroken, Indexed, Writer, open_index
from storage.search.policy import INDEX as POLICY
from storage.search.policy import RECIPE
from storage.search.words import parts, words
from storage.store import Store

_NEXT, _OLD = "search.next", "search.old"
_KNOWN, _STATE = "known.parquet", "state.json"
# `exact` is the hash of the text's words.  `hash` may be another one in another DuckDB: then all
# articles are brought in once more, some with each run, and stay as they are until their turn.
_MARK = "hash(title, exact, version, publisher, language, published_at)"


class IndexMissing(StoreError):
    """There is no index to search, or none that this version reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an index says of itself."""

    recipe: int
    articles: int
    checksum: int
    """Over the keys and marks of all articles of the copy that it was made for."""
    behind: int
    """Articles that were left for the next time."""


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


Advance = Callable[[int, int], None]


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
            while rebuild and not _is_current(_copy(store)):
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


def index_of(store: Store) -> tuple[Path, State]:
    """The folder of the index to search, and its state; it may be that of an earlier copy.

    Raises:
        StoreMissing: when nothing is published.
        IndexMissing: when there is none.
    """
    if not store.published.exists():
        raise StoreMissing(store.published)
    hint = "`voltwire search --rebuild` makes it from the store"
    copy = _copy(store)
    for name in (INDEX, CARRIED):
        state = _state(copy / name)
        if state is not None and state.recipe == RECIPE:
            return copy / name, state
        if state is not None:
            hint = "it was made by another version; `voltwire search --rebuild` makes it anew"
    raise IndexMissing("there is no search index yet", hint=hint)


def is_current(store: Store) -> bool:
    """Whether the published copy has an index of its own, with all articles in it."""
    return _is_current(_copy(store))


def faults(store: Store) -> list[str]:
    """What is wrong with the index, if there is one, in words; reads its list of articles."""
    try:
        folder, state = index_of(store)
    except IndexMissing:
        return []
    try:
        with open_index(folder) as reader:
            there = reader.articles
        with store.read() as con:
            counted = con.execute(
                "SELECT count(*) FROM read_parquet($known)", {"known": str(folder / _KNOWN)}
            ).fetchone()
    except IndexBroken as error:
        return [str(error)]
    except duckdb.Error as error:
        return [f"its list of articles cannot be read: {str(error).splitlines()[0]}"]
    listed = counted[0] if counted else 0
    if there != listed or (listed != state.articles):
        return [f"it holds {there} articles and lists {listed}"]
    return []


def _copy(store: Store) -> Path:
    return store.published.resolve().parent


def _is_current(copy: Path) -> bool:
    state = _state(copy / INDEX)
    return state is not None and state.recipe == RECIPE and state.behind == 0


def _state(folder: Path) -> State | None:
    try:
        return State(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _follow(store: Store, at_most: int | None, rebuild: bool, advance: Advance) -> Followed:
    began = monotonic()
    while True:
        copy = _copy(store)
        base = next((copy / one for one in (INDEX, CARRIED) if _fits(copy / one)), None)
        if rebuild:
            base = None
        with store.read() as con:
            if _copy(store) != copy:
                continue  # replaced while it was being opened
            con.execute(f"SET memory_limit = '{POLICY.reading_mib}MiB'")
            con.execute("SET threads = 2")
            try:
                made = _make(con, copy, base, at_most, advance)
            except IndexBroken:
                # Not worth anybody's while, as long as it is made anew in seconds.
                if base is None or at_most is None or _number(con) > at_most:
                    raise
                made = _make(con, copy, None, at_most, advance)
            break
    if made is not None:
        _put_in_place(copy)
        return Followed(**(asdict(made) | {"seconds": monotonic() - began}))
    if base is not None and base.name == CARRIED:
        base.rename(copy / INDEX)
        sync_folder(copy)
    state = _state(copy / INDEX)
    assert state is not None
    return Followed(
        articles=state.articles, added=0, removed=0, behind=0, seconds=monotonic() - began,
        rebuilt=False,
    )  # fmt: skip


def _fits(folder: Path) -> bool:
    state = _state(folder)
    return state is not None and state.recipe == RECIPE and (folder / _KNOWN).is_file()


def _make(
    con: duckdb.DuckDBPyConnection,
    copy: Path,
    base: Path | None,
    at_most: int | None,
    advance: Advance,
) -> Followed | None:
    """Make the next index of ``copy`` from that in ``base``; None when nothing is to be done."""
    was = _state(base) if base is not None else None
    checksum = _checksum(con)
    if was is not None and was.behind == 0 and was.checksum == checksum:
        return None
    target = copy / _NEXT
    try:
        return _made(con, target, base, checksum, at_most, advance)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _made(
    con: duckdb.DuckDBPyConnection,
    target: Path,
    base: Path | None,
    checksum: int,
    at_most: int | None,
    advance: Advance,
) -> Followed:
    if base is not None:
        link_folder(base, target)
    else:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
    _compare(con, base)
    todo = _count(con, "todo")
    gone = [key for (key,) in con.execute("FROM temp.gone").fetchall()]
    behind = 0
    if at_most is not None and todo > at_most:
        behind = todo - at_most
        con.execute(
            "DELETE FROM temp.todo WHERE place < (SELECT place FROM temp.todo "
            f"ORDER BY place DESC LIMIT 1 OFFSET {at_most - 1})"
        )
        todo = at_most
    writer = Writer(target, new=base is None)
    writer.remove(gone)
    _add(con, writer, todo, advance)
    writer.finish()
    articles = _note_known(con, target, base)
    # With some left out the sum is not that of the index, and nothing is skipped next time.
    _write_state(
        target,
        State(
            recipe=RECIPE, articles=articles, checksum=checksum, behind=behind,
        ),
    )  # fmt: skip
    _drop(con)
    return Followed(
        articles=articles, added=todo, removed=len(gone), behind=behind, seconds=0.0,
        rebuilt=base is None,
    )  # fmt: skip


def _checksum(con: duckdb.DuckDBPyConnection) -> int:
    found = con.execute(
        f"SELECT coalesce(bit_xor(hash(id_hash, {_MARK})), 0) FROM core.articles"
    ).fetchone()
    return int(found[0]) if found else 0


def _number(con: duckdb.DuckDBPyConnection) -> int:
    found = con.execute("SELECT count(*) FROM core.articles").fetchone()
    return int(found[0]) if found else 0


def _compare(con: duckdb.DuckDBPyConnection, base: Path | None) -> None:
    """Make temp.known, temp.wanted, temp.gone (keys) and temp.todo (place, key, mark, known)."""
    con.execute("CREATE OR REPLACE TEMP TABLE known (key UBIGINT, mark UBIGINT)")
    if base is not None:
        con.execute(
            "INSERT INTO temp.known SELECT key, mark FROM read_parquet($known)",
            {"known": str(base / _KNOWN)},
        )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wanted AS "
        f"SELECT id_hash AS key, {_MARK} AS mark, rowid AS place FROM core.articles"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS "
        "SELECT key FROM temp.known ANTI JOIN temp.wanted USING (key)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE todo AS SELECT w.place, w.key, w.mark, "
        "k.key IS NOT NULL AS known FROM temp.wanted w LEFT JOIN temp.known k USING (key) "
        "WHERE k.key IS NULL OR k.mark <> w.mark ORDER BY w.place"
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.execute(f"SELECT count(*) FROM temp.{table}").fetchone()
    return int(found[0]) if found else 0


def _add(con: duckdb.DuckDBPyConnection, writer: Writer, todo: int, advance: Advance) -> None:
    """Read the texts in the order in which they lie, some at a time, for the writer."""
    done, after = 0, -1
    while done < todo:
        span = con.execute(
            "SELECT min(place), max(place), count(*) FROM (SELECT place FROM temp.todo "
            f"WHERE place > {after} ORDER BY place LIMIT {POLICY.batch})"
        ).fetchone()
        assert span is not None
        first, last, number = span
        rows = con.execute(
            "SELECT t.key, t.known, a.title, a.text, a.language, a.publisher, "
            "epoch(a.published_at)::BIGINT FROM core.articles a JOIN temp.todo t "
            "ON t.place = a.rowid "
            f"WHERE a.rowid BETWEEN {first} AND {last} AND t.place BETWEEN {first} AND {last}"
        ).fetchall()
        writer.remove([key for key, known, *_ in rows if known])
        for key, _, title, text, language, publisher, at in rows:
            headline, body = words(title or ""), words(text or "")
            writer.add(
                Indexed(
                    key=key, title=headline, text=body, publisher=publisher or "", at=at,
                    parts=parts([*headline, *body], language or ""),
                )
            )  # fmt: skip
        done, after = done + number, last
        advance(done, todo)


def _note_known(con: duckdb.DuckDBPyConnection, target: Path, base: Path | None) -> int:
    """Write down what is in the index now; the number of articles."""
    path = target / _KNOWN
    # The name may be a link to the file of the copy before: it goes, the file stays.
    path.unlink(missing_ok=True)
    kept = (
        "SELECT key, mark FROM temp.known WHERE key NOT IN (FROM temp.gone) "
        "AND key NOT IN (SELECT key FROM temp.todo)"
    )
    rest = f"{kept} UNION ALL " if base is not None else ""
    quoted = str(path).replace("'", "''")
    con.execute(f"COPY ({rest}SELECT key, mark FROM temp.todo) TO '{quoted}' (FORMAT parquet)")
    found = con.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    _sync(path)
    return int(found[0]) if found else 0


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    for table in ("known", "wanted", "gone", "todo"):
        con.execute(f"DROP TABLE temp.{table}")


def _write_state(folder: Path, state: State) -> None:
    path = folder / _STATE
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(asdict(state)), encoding="utf-8")
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_in_place(copy: Path) -> None:
    sync_folder(copy / _NEXT)
    shutil.rmtree(copy / _OLD, ignore_errors=True)
    with suppress(FileNotFoundError):
        (copy / INDEX).rename(copy / _OLD)
    (copy / _NEXT).rename(copy / INDEX)
    sync_folder(copy)
    for name in (_OLD, CARRIED):
        shutil.rmtree(copy / name, ignore_errors=True)
