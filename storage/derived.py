"""What is derived from stored texts in a step of its own: mentions, topics by name, figures.

``core.articles.derived`` says by which rules that was last done, as a number (the *recipe*).
Whoever writes a title or a text leaves it NULL, and so has the article looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from ingest.models import Figure, Mention
from storage.batches import rows, staged
from storage.rows import key_hash, locate

BETWEEN = "|"
"""Between names that are kept in one column; no name holds it."""
_MENTION = {
    "article_id": "VARCHAR", "kind": "VARCHAR", "name": "VARCHAR", "ticker": "VARCHAR",
    "count": "INTEGER", "in_title": "BOOLEAN", "in_lede": "BOOLEAN", "is_main": "BOOLEAN",
    "start_char": "INTEGER", "form": "VARCHAR", "id_hash": "UBIGINT",
}  # fmt: skip
_FIGURE = {
    "article_id": "VARCHAR", "quantity": "VARCHAR", "value": "DOUBLE", "value_high": "DOUBLE",
    "unit": "VARCHAR", "text": "VARCHAR", "company": "VARCHAR", "start_char": "INTEGER",
    "qualifier": "VARCHAR", "basis": "VARCHAR", "written": "VARCHAR",
    "id_hash": "UBIGINT",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Underived:
    """An article to derive from, as it stands."""

    article_id: str
    version: int
    exact: int
    title: str
    text: str
    language: str
    is_new: bool
    """Nothing was ever derived from it, so that there are no rows to replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """What was derived from one article."""

    source: Underived
    mentions: tuple[Mention, ...]
    subjects: tuple[str, ...]
    """Names that join its topics."""
    figures: tuple[Figure, ...]


def count_pending(con: duckdb.DuckDBPyConnection, recipe: int) -> int:
    """How many articles nothing was derived from by ``recipe``: 2 ms over a million."""
    found = con.execute(
        "SELECT count(*) FROM core.articles WHERE derived IS DISTINCT FROM $r::UBIGINT",
        {"r": recipe},
    ).fetchone()
    return int(found[0]) if found else 0


def pending(con: duckdb.DuckDBPyConnection, recipe: int, limit: int) -> list[Underived]:
    """At most ``limit`` articles nothing was derived from by ``recipe``.

    First those that nothing was derived from at all, then the newest.
    """
    # Which they are is asked of short columns; texts are read of those alone.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE underived AS SELECT rowid AS place FROM core.articles "
        "WHERE derived IS DISTINCT FROM $r::UBIGINT "
        "ORDER BY derived IS NOT NULL, coalesce(published_at, fetched_at) DESC, article_id "
        "LIMIT $n",
        {"r": recipe, "n": limit},
    )
    found = con.execute(
        "SELECT article_id, version, exact, title, text, coalesce(language, ''), "
        "subjects IS NULL AND version = 1 FROM core.articles "
        "WHERE rowid IN (SELECT place FROM temp.underived) ORDER BY article_id"
    ).fetchall()
    con.execute("DROP TABLE temp.underived")
    return [
        Underived(
            article_id=article_id, version=version, exact=exact, title=title or "",
            text=text or "", language=language, is_new=is_new,
        )
        for article_id, version, exact, title, text, language, is_new in found
    ]  # fmt: skip


def save(con: duckdb.DuckDBPyConnection, recipe: int, derivations: Sequence[Derivation]) -> int:
    """Put what was derived in place of what was there; the number of articles it was done for.

    An article that was changed since it was read is left for the next time.
    """
    still = _still(con, derivations)
    kept = [one for one in derivations if one.source.article_id in still]
    if not kept:
        return 0
    _forget(con, [one.source.article_id for one in kept if not one.source.is_new])
    _insert(
        con, "mentions", _MENTION,
        [
            [
                one.source.article_id, m.kind, m.name, m.ticker, m.count, m.in_title, m.in_lede,
                m.is_main, m.start, m.form, key_hash(one.source.article_id),
            ]
            for one in kept
            for m in one.mentions
        ],
    )  # fmt: skip
    _insert(
        con, "figures", _FIGURE,
        [
            [
                one.source.article_id, f.quantity, f.value, f.value_high, f.unit, f.sentence,
                f.company, None if f.in_title else f.start, f.qualifier, f.basis, f.written,
                key_hash(one.source.article_id),
            ]
            for one in kept
            for f in one.figures
        ],
    )  # fmt: skip
    types = {"id": "VARCHAR", "subjects": "VARCHAR"}
    told = rows(types, [[one.source.article_id, BETWEEN.join(one.subjects)] for one in kept])
    locate(con, "derived_rows", "core.articles", "article_id", told["id"])
    with staged(con, "batch_derived", types, told) as batch:
        # Both columns are written in place: the row stays where it is, its text untouched.
        con.execute(
            "UPDATE core.articles SET derived = $r::UBIGINT, subjects = w.subjects FROM "
            f"(SELECT r.place, b.subjects FROM temp.derived_rows r JOIN {batch} b USING (id)) w "
            "WHERE core.articles.rowid = w.place",
            {"r": recipe},
        )
    con.execute("DROP TABLE temp.derived_rows")
    return len(kept)


def forget_recipes(con: duckdb.DuckDBPyConnection) -> None:
    """Have every article looked at again; what is there stays until that is done."""
    con.execute("UPDATE core.articles SET derived = 0 WHERE derived IS NOT NULL")


def _still(con: duckdb.DuckDBPyConnection, derivations: Sequence[Derivation]) -> set[str]:
    sources = [one.source for one in derivations]
    if not sources:
        return set()
    types = {"id": "VARCHAR", "version": "INTEGER", "exact": "UBIGINT", "title": "VARCHAR"}
    records = [[one.article_id, one.version, one.exact, one.title] for one in sources]
    locate(con, "read_rows", "core.articles", "article_id", [one.article_id for one in sources])
    with staged(con, "read_states", types, rows(types, records)) as read:
        found = con.execute(
            f"SELECT r.id FROM temp.read_rows r JOIN {read} s USING (id) "
            "JOIN core.articles a ON a.rowid = r.place AND a.version = s.version "
            "AND a.exact IS NOT DISTINCT FROM s.exact AND coalesce(a.title, '') = s.title"
        ).fetchall()
    con.execute("DROP TABLE temp.read_rows")
    return {article_id for (article_id,) in found}


def _forget(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> None:
    if not ids:
        return
    for table in ("core.mentions", "core.figures"):
        locate(con, "old_rows", table, "article_id", ids, once=False)
        con.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT place FROM temp.old_rows)")
        con.execute("DROP TABLE temp.old_rows")


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: dict[str, str],
    records: Sequence[Sequence[object]],
) -> None:
    if records:
        with staged(con, f"batch_{table}", types, rows(types, records)) as batch:
            con.execute(f"INSERT INTO core.{table} BY NAME SELECT * FROM {batch}")
