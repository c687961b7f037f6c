"""The table of keys: in each row, a *segment*, those of some articles of one day.

A row a key took a fifth of a write window to write, and to look through them was most of what a
look-up of candidates took.  A segment has so few bytes that DuckDB keeps them in line (it reads
longer ones 2,048 at a time, whichever are asked for), and is never changed: what has to change is
written anew under another number.  So what was read once is known by the numbers of a day, and
read again only when they are others.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from storage import reach
from storage.batches import staged
from storage.packed import Packed, joined
from storage.pairing import NO_DAY
from storage.policy import STORAGE
from storage.reach import Days
from storage.recent import Mark, Recent

DAY = f"CASE WHEN {{0}} <> {NO_DAY} THEN DATE '{date.min}' + {{0}}::INTEGER END"
"""A number of a day, put in by ``format``, as a date in SQL."""
COLUMNS = {
    "day": "DATE", "size": "INTEGER", "batch": "UBIGINT", "ids": "BLOB", "counts": "BLOB",
    "keys": "BLOB",
}  # fmt: skip
"""The table, for copies of its rows elsewhere."""
_NUMBER = f"coalesce(k.day - DATE '{date.min}', {NO_DAY})"
_READ = f"SELECT {_NUMBER} AS day, k.ids, k.counts, k.keys FROM core.key_segments k WHERE "
_RECENT = Recent(STORAGE.held_keys)


class Segment(NamedTuple):
    """A row of the table, but for the number of its batch."""

    day: int
    size: int
    ids: bytes
    counts: bytes
    keys: bytes


class Written(NamedTuple):
    """What was just written to a day."""

    mark: Mark
    articles: Packed


def segments(day: int, articles: Packed) -> Iterator[Segment]:
    """``articles`` of a day (see ``NO_DAY``) as rows of the table; at least one."""
    for part in articles.cut(STORAGE.segment_keys):
        yield Segment(
            day, len(part.keys), part.ids.tobytes(), part.counts.astype("<u4").tobytes(),
            part.keys.astype("<u4").tobytes(),
        )  # fmt: skip


def insert(
    con: duckdb.DuckDBPyConnection, days: Mapping[int, Packed], table: str = "core.key_segments"
) -> dict[int, Written]:
    """Write articles, none of which has a segment, by their days.

    A day without articles gets a segment that holds none.
    """
    rows = [row for day, articles in days.items() for row in segments(day, articles)]
    if not rows:
        return {}
    batch = secrets.randbits(64)
    columns = dict(zip(Segment._fields, map(list, zip(*rows, strict=True)), strict=True))
    con.execute(
        f"INSERT INTO {table} (day, size, batch, ids, counts, keys) "
        f"SELECT {DAY.format('day')}, size, $batch, ids, counts, keys FROM (SELECT "
        + ", ".join(f"unnest(${name}) AS {name}" for name in columns)
        + ")",
        columns | {"batch": batch},
    )
    numbers = Counter(columns["day"])
    return {day: Written(Mark(n, n * batch), days[day]) for day, n in numbers.items()}


def by_day(
    con: duckdb.DuckDBPyConnection, condition: str, written: Mapping[int, Written]
) -> Iterator[tuple[int, Packed]]:
    """The articles of each day (see ``NO_DAY``) of the segments ``k`` that meet ``condition``.

    Args:
        condition: on ``k.day`` alone.
        written: what this transaction has written.  It may be left out of what comes.
    """
    found = con.execute(
        f"SELECT {_NUMBER} AS day, count(*), sum(k.batch) FROM core.key_segments k "
        f"WHERE {condition} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    missing: list[tuple[int, Mark]] = []
    room = STORAGE.held_keys
    for day, rows, batches in found:
        mark = Mark(rows, batches)
        held = _before(day, mark, written[day]) if day in written else None
        held = held if held is not None else _RECENT.get(day, mark)
        if held is None:
            missing.append((day, mark))
        else:
            room -= held.nbytes
            yield day, held
    for some in _pieces(missing):
        marks = dict(some)
        for day, articles in _loaded(con, marks):
            # More than there is room for would push out what this look-up found there, and the
            # next one would find nothing.
            room -= articles.nbytes
            if room >= 0:
                _RECENT.put(day, marks[day], articles)
            yield day, articles


def _before(day: int, mark: Mark, new: Written) -> Packed | None:
    """What a day held before ``new`` came; with it, it is known for the next window."""
    before = mark.without(new.mark)
    held = joined([]) if before == Mark(0, 0) else _RECENT.get(day, before)
    if held is not None:
        _RECENT.put(day, mark, joined([held, new.articles]), instead_of=before)
    return held


def _pieces(missing: Sequence[tuple[int, Mark]]) -> Iterator[list[tuple[int, Mark]]]:
    """Days in order, as many at a time as are read at once."""
    piece: list[tuple[int, Mark]] = []
    rows = 0
    for one in missing:
        if piece and rows + one[1].rows > STORAGE.segments_at_once:
            yield piece
            piece, rows = [], 0
        piece.append(one)
        rows += one[1].rows
    if piece:
        yield piece


def _loaded(con: duckdb.DuckDBPyConnection, days: Iterable[int]) -> Iterator[tuple[int, Packed]]:
    rows: dict[int, list[tuple[bytes, bytes, bytes]]] = defaultdict(list)
    for day, *columns in con.execute(_READ + on_days("k.day", days)).fetchall():
        rows[day].append(tuple(columns))
    for day, each in rows.items():
        yield day, _unpacked(each)


def _unpacked(rows: Sequence[tuple[bytes, bytes, bytes]]) -> Packed:
    """Segments as they are stored, as one."""
    rows = [row for row in rows if row[0]]
    if not rows:
        return joined([])
    counts = np.frombuffer(b"".join(counts for _, counts, _ in rows), "<u4").astype(np.int64)
    return Packed(
        np.concatenate([_ids(ids, len(counts) // 8) for ids, counts, _ in rows]),
        np.cumsum(counts),
        np.frombuffer(b"".join(keys for *_, keys in rows), "<u4"),
    )


def _ids(ids: bytes, count: int) -> NDArray[np.bytes_]:
    return np.frombuffer(ids, f"S{len(ids) // count}") if count else np.zeros(0, "S1")


def remove(con: duckdb.DuckDBPyConnection, ids: Iterable[str], days: Iterable[int]) -> None:
    """Take articles out of the segments of ``days``; what else is in those is written anew."""
    gone = np.array(sorted(one.encode() for one in ids), dtype=np.bytes_)
    listed = con.execute(
        f"SELECT k.rowid, k.ids, octet_length(k.counts) // 8 FROM core.key_segments k "
        f"WHERE {on_days('k.day', days)}"
    ).fetchall()
    touched = [place for place, held, count in listed if np.isin(_ids(held, count), gone).any()]
    _rewrite(con, touched, gone)


def merge(con: duckdb.DuckDBPyConnection) -> None:
    """Put segments that are less than half full together with others of their day."""
    found = con.execute(
        f"SELECT {_NUMBER} AS day, list(k.rowid) FROM core.key_segments k "
        f"WHERE k.size < {STORAGE.segment_keys // 2} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    ).fetchall()
    rows: list[int] = []
    for number, (_, places) in enumerate(found, 1):
        rows += places
        if len(rows) >= STORAGE.segments_at_once or number == len(found):
            _rewrite(con, rows, np.zeros(0, "S1"))
            rows = []


def _rewrite(
    con: duckdb.DuckDBPyConnection, places: Sequence[int], gone: NDArray[np.bytes_]
) -> None:
    """Write the segments at ``places`` anew, without articles ``gone``."""
    if not places:
        return
    with staged(con, "old_segments", {"place": "BIGINT"}, {"place": np.array(places)}) as old:
        these = f"rowid IN (SELECT place FROM {old})"
        rows: dict[int, list[tuple[bytes, bytes, bytes]]] = defaultdict(list)
        for day, *columns in con.execute(_READ + f"k.{these}").fetchall():
            rows[day].append(tuple(columns))
        con.execute(f"DELETE FROM core.key_segments WHERE {these}")
    # Where nothing is left, an empty segment says so: a day that lost one of two equal rows of a
    # batch must not be taken for a day that lost the other.
    left = {}
    for day, each in rows.items():
        held = _unpacked(each)
        left[day] = held.where(~np.isin(held.ids, gone))
    insert(con, left)


def on_days(column: str, days: Iterable[int]) -> str:
    """A test of a DATE column for any of ``days``, among which ``NO_DAY`` may be."""
    numbers = set(days)
    dated = sorted(numbers - {NO_DAY})
    ranges = reach.merged(Days(day, day) for day in dated)
    if len(ranges) <= STORAGE.day_ranges:
        test = reach.condition(column, ranges)
    else:
        listed = ", ".join(f"DATE '{date.min + timedelta(days=day)}'" for day in dated)
        test = f"{column} IN ({listed})"
    return f"({test} OR {column} IS NULL)" if NO_DAY in numbers else test
