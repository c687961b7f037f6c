"""What is derived from texts, made anew beside the live store: the rows and how old they are.

The new rows grow in a *shadow*: a store of its own in a folder beside the live one, which holds
copies of the articles and goes through the ordinary steps.  The live store is only read for that,
in short windows, while runs go on writing to it.  When the shadow has every article as the live
store has it, one transaction replaces what differs.  A killed rebuild leaves the shadow, and the
next one goes on from it.  (The shape of an online schema change, as in gh-ost.)

Here: what a shadow holds and how it follows the live store.  ``shadow_fill`` fills an empty one at
once, ``shadow_switch`` compares it with the live store and puts it in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from storage import chunks, repair, signatures
from storage.batches import rows, staged
from storage.rows import locate

DERIVED = (
    "core.signatures", "core.key_segments", "core.recipe", "core.repeats", "core.matches",
    "core.stories", "core.story_members", "core.story_forwards",
)  # fmt: skip
"""Everything that is made from texts alone."""
# Whether the shadow's copy of an article is what the live store holds.  `exact` is a hash of the
# text's words; reading every text instead would take minutes on a large store.
_MARK = (
    "hash(a.version, a.fetched_at, a.exact, a.words, a.original_text IS NULL, a.title, "
    "a.publisher, a.language, a.published_at, a.text_source, a.notice, a.origin)"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Which state of which articles the shadow was made from."""

    ids: Sequence[str]
    values: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Behind:
    """Where the shadow differs from the live store."""

    stale: tuple[str, ...]
    """Articles that are new or were edited, in order of publication."""
    gone: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many articles are to be looked at."""
        return len(self.stale) + len(self.gone)


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of articles on their way from the live store to the shadow."""

    types: dict[str, str]
    records: list[tuple[Any, ...]]


def prepare(con: duckdb.DuckDBPyConnection, rules: str) -> bool:
    """Make ``con``, a store of its own, the shadow for ``rules``; what other rules made goes.

    Args:
        con: a write window of the shadow.
        rules: whatever tells one set of rules from another.

    Returns:
        Whether there was work by the same rules to go on from.
    """
    con.execute("CREATE TABLE IF NOT EXISTS core.rebuild_rules (rules VARCHAR)")
    con.execute("CREATE TABLE IF NOT EXISTS core.rebuild_marks (article_id VARCHAR, mark UBIGINT)")
    found = con.execute("SELECT rules FROM core.rebuild_rules").fetchall()
    if found == [(rules,)]:
        return True
    for table in (*DERIVED, "core.articles", "core.rebuild_marks", "core.rebuild_rules"):
        con.execute(f"DELETE FROM {table}")
    con.execute("INSERT INTO core.rebuild_rules VALUES ($r)", {"r": rules})
    return False


def is_filled(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the shadow ``con`` holds any article."""
    return con.execute("SELECT 1 FROM core.rebuild_marks LIMIT 1").fetchone() is not None


def marks(con: duckdb.DuckDBPyConnection) -> Marks:
    """The marks that the shadow ``con`` holds."""
    found = con.execute(
        "SELECT article_id, mark FROM core.rebuild_marks ORDER BY article_id"
    ).fetchall()
    return Marks([i for i, _ in found], np.array([mark for _, mark in found], dtype=np.uint64))


def behind(con: duckdb.DuckDBPyConnection, known: Marks) -> Behind:
    """Compare the live store ``con`` with what the shadow was made from."""
    types = {"article_id": "VARCHAR", "mark": "UBIGINT"}
    with staged(con, "known_marks", types, {"article_id": known.ids, "mark": known.values}) as held:
        stale = con.execute(
            f"SELECT a.article_id FROM core.articles a ANTI JOIN {held} k "
            f"ON k.article_id = a.article_id AND k.mark = {_MARK} "
            "ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id"
        ).fetchall()
        gone = con.execute(
            f"SELECT k.article_id FROM {held} k ANTI JOIN core.articles a USING (article_id) "
            "ORDER BY ALL"
        ).fetchall()
    return Behind(tuple(i for (i,) in stale), tuple(i for (i,) in gone))


def export(con: duckdb.DuckDBPyConnection, ids: Sequence[str], path: Path) -> None:
    """Write the articles ``ids`` of the live store ``con``, with their marks, as Parquet.

    Whole rows, in order of publication.
    """
    locate(con, "taken_rows", "core.articles", "article_id", ids)
    chunks.write(
        con,
        path,
        f"SELECT a.*, {_MARK} AS mark FROM core.articles a "
        "WHERE a.rowid IN (SELECT place FROM temp.taken_rows) "
        "ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id",
    )
    con.execute("DROP TABLE temp.taken_rows")


def take(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> Taken:
    """The rows of articles ``ids`` in the live store ``con``, with the marks they have now."""
    types = columns_of(con, "core.articles")
    locate(con, "taken_rows", "core.articles", "article_id", ids)
    found = con.execute(
        f"SELECT {', '.join(f'a.{name}' for name in types)}, {_MARK} FROM core.articles a "
        "WHERE a.rowid IN (SELECT place FROM temp.taken_rows) "
        "ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id"
    ).fetchall()
    con.execute("DROP TABLE temp.taken_rows")
    return Taken(types, found)


def put(con: duckdb.DuckDBPyConnection, taken: Taken) -> None:
    """Put rows in the shadow in place of older ones; they wait to be signed (``unsigned``)."""
    types = {**taken.types, "mark": "UBIGINT"}
    place = list(types).index("article_id")
    signatures.delete(con, [record[place] for record in taken.records])
    columns: dict[str, Any] = rows(types, taken.records)
    columns["mark"] = np.array(columns["mark"], dtype=np.uint64)
    with staged(con, "taken_articles", types, columns) as batch:
        for table in ("core.articles", "core.rebuild_marks"):
            con.execute(f"DELETE FROM {table} WHERE article_id IN (SELECT article_id FROM {batch})")
        con.execute(f"INSERT INTO core.articles BY NAME SELECT * EXCLUDE (mark) FROM {batch}")
        con.execute(f"INSERT INTO core.rebuild_marks BY NAME SELECT article_id, mark FROM {batch}")


def drop(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[str]:
    """Take articles out of the shadow; returns those whose stories have to be made anew."""
    signatures.delete(con, ids)
    with staged(con, "gone_ids", {"id": "VARCHAR"}, {"id": list(ids)}) as gone:
        for table in ("core.articles", "core.rebuild_marks"):
            con.execute(f"DELETE FROM {table} WHERE article_id IN (SELECT id FROM {gone})")
    return repair.mend(con)


def unsigned(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Articles of the shadow that still have to go through the rules."""
    found = con.execute(
        "SELECT a.article_id FROM core.articles a ANTI JOIN core.signatures s USING (article_id) "
        "ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id"
    ).fetchall()
    return [article_id for (article_id,) in found]


def grouped(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> set[str]:
    """Which of ``ids`` are in a story of the shadow."""
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": list(ids)}) as asked:
        found = con.execute(
            "SELECT article_id FROM core.story_members "
            f"WHERE article_id IN (SELECT id FROM {asked})"
        ).fetchall()
    return {article_id for (article_id,) in found}


def columns_of(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column -> SQL type, in the table's order."""
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {table}").fetchall()}
