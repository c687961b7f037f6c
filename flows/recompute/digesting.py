"""Texts to what follows from each alone: cut texts, repeats, signatures and the keys of these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from flows.processes import step
from flows.recompute.parts import Part, work_on
from flows.remade import Kept, Remade, remake
from storage import chunks, key_segments
from storage import keys as stored_keys
from storage.batches import rows, shown, staged
from storage.keys import day_number, unsigned
from storage.packed import Packed, joined

_AT_ONCE = 128
"""Texts made anew and written together: signing likes a batch, and a text may be long."""
_REMADE = {
    "article_id": "VARCHAR", "text": "VARCHAR", "original_text": "VARCHAR", "words": "INTEGER",
    "topics": "VARCHAR[]", "exact": "UBIGINT", "origin": "VARCHAR", "shingles": "INTEGER",
    "day": "DATE", "title": "VARCHAR", "publisher": "VARCHAR", "language": "VARCHAR",
    "told_at": "TIMESTAMPTZ", "dated": "BOOLEAN",
}  # fmt: skip
_REPEATS = {
    "article_id": "VARCHAR", "start_char": "INTEGER", "end_char": "INTEGER",
    "of_start_char": "INTEGER", "of_end_char": "INTEGER", "words": "INTEGER",
    "similarity": "DOUBLE", "removed_text": "VARCHAR",
}  # fmt: skip
_KEYS = {"key": "UINTEGER", "article_id": "VARCHAR", "day": "DATE", "kind": "UTINYINT"}


def digest_chunk(part: Part) -> int:
    """Make the texts of one chunk anew; returns how many.

    Reads ``texts``; writes ``keys``, both as rows and as segments, ``repeats`` and, when those are
    there, ``remade``.
    """
    source = part.room.file("texts", part.number)
    done = 0
    signed: dict[int, list[Packed]] = defaultdict(list)
    with work_on(part, source) as con:
        for table, types in (
            ("remade", _REMADE), ("repeats", _REPEATS), ("keys", _KEYS),
            ("segments", key_segments.COLUMNS),
        ):  # fmt: skip
            columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
            con.execute(f"CREATE TEMP TABLE {table} ({columns})")
        reader = con.cursor()
        reader.execute("SET TimeZone='UTC'")
        reader.execute(
            "SELECT article_id, title, author, coalesce(original_text, text), publisher, language, "
            "coalesce(published_at, fetched_at), published_at IS NOT NULL "
            f"FROM {chunks.source(source)}"
        )
        while found := reader.fetchmany(_AT_ONCE):
            step()
            made = remake(
                [
                    Kept(article_id=i, title=title, author=author, text=text)
                    for i, title, author, text, *_ in found
                ]
            )
            for day, articles in _add(con, found, made).items():
                signed[day].append(articles)
            done += len(found)
        reader.close()
        step()
        room, number = part.room, part.number
        days = {day: joined(signed[day]) for day in sorted(signed)}
        key_segments.insert(con, days, "temp.segments")
        chunks.write(con, room.file("segments", number), "FROM temp.segments")
        # Whoever looks for a range of keys skips the rest of the file.
        chunks.write(con, room.file("keys", number), "FROM temp.keys ORDER BY key, article_id")
        chunks.write(con, room.file("repeats", number), "FROM temp.repeats")
        chunks.write(con, room.file("remade", number), "FROM temp.remade")
    return done


def _add(
    con: duckdb.DuckDBPyConnection, found: Sequence[tuple[Any, ...]], made: Sequence[Remade]
) -> dict[int, Packed]:
    """Put what was made into the tables; returns the keys by day."""
    days = np.array([day_number(at) for *_, at, _ in found], dtype=np.int64)
    records = [
        (
            article_id, one.text, one.original_text, one.words, list(one.topics), one.origin,
            one.signature.shingles, title, publisher, language, at, dated,
        )
        for (article_id, title, _, _, publisher, language, at, dated), one in zip(
            found, made, strict=True
        )
    ]  # fmt: skip
    own = {name: kind for name, kind in _REMADE.items() if name not in ("exact", "day")}
    columns: dict[str, Any] = rows(own, records)
    columns["exact"] = unsigned([one.signature.exact for one in made])
    columns["number"] = np.arange(len(made))
    columns["days"] = days
    types = own | {"exact": "UBIGINT", "number": "BIGINT", "days": "BIGINT"}
    keys = stored_keys.of_signatures(
        [row[0] for row in found], [one.signature for one in made], days
    )
    with staged(con, "made", types, columns) as batch:
        dated = f"SELECT * EXCLUDE (days, number), {key_segments.DAY.format('days')} AS day"
        con.execute(f"INSERT INTO temp.remade BY NAME {dated} FROM {batch}")
        with shown(con, "batch_keys", {"key": keys.key, "kind": keys.kind, "n": keys.owner}) as k:
            con.execute(
                "INSERT INTO temp.keys BY NAME SELECT k.key, b.article_id, "
                f"{key_segments.DAY.format('b.days')} AS day, k.kind "
                f"FROM {k} k JOIN {batch} b ON b.number = k.n"
            )
    cut = [
        (row[0], r.start, r.end, r.of_start, r.of_end, r.words, r.similarity, r.removed_text)
        for row, one in zip(found, made, strict=True)
        for r in one.repeats
    ]
    if cut:
        with staged(con, "cut", _REPEATS, rows(_REPEATS, cut)) as batch:
            con.execute(f"INSERT INTO temp.repeats BY NAME SELECT * FROM {batch}")
    return stored_keys.by_day(keys, days)
