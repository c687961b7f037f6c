"""Where rows lie: by a hash of their long key, or near the end of the table first.

Nothing here is an index.  DuckDB's own (ART) cost 47 bytes a row, was read anew by every window
that opened the file (150 ms for 500 ids of a million) and made each closing checkpoint 100 ms
longer.  A scan of a 64-bit column takes 24 ms for a million rows where the strings take 150 ms,
and a scan of the last rows takes about one, which is where most that a batch asks for lies: what
it has just written, and articles of the same days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import md5
from typing import Any

import duckdb

from storage.batches import storable
from storage.policy import STORAGE

# Tables whose keys have a column with their hash.  `md5_number_lower` is the same in every
# version of DuckDB, which `hash` does not promise; a match is always confirmed on the key itself.
HASHED: Mapping[tuple[str, str], str] = {
    ("core.articles", "article_id"): "id_hash",
    ("core.article_urls", "url"): "url_hash",
    ("core.entries", "canonical_url"): "url_hash",
    ("core.matches", "article_id"): "id_hash",
    ("core.matches", "of_article_id"): "of_id_hash",
    ("core.mentions", "article_id"): "id_hash",
    ("core.figures", "article_id"): "id_hash",
}

_KEYS = "(SELECT unnest($keys::VARCHAR[]))"
HASHES = "(SELECT unnest($hashes::UBIGINT[]))"
IDS = "(SELECT unnest($ids::VARCHAR[]))"
PLACES = "(SELECT unnest($places::BIGINT[]))"
"""Numbers of rows as a subquery, for the parameter that ``at`` makes of what was found."""


def key_hash(key: str) -> int:
    """What ``md5_number_lower(key)`` is in SQL."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest()[8:], "little")


def tail(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A condition for the rows of ``table`` that were written last; all of this transaction's.

    A deleted row keeps its number until it is cleared away, so there may be more of them.
    """
    counted = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return f"rowid >= {max(0, (counted[0] if counted else 0) - STORAGE.recent_rows)}"


def places(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    ids: Iterable[str],
    *,
    beside: Sequence[str] = (),
    new: Collection[str] = (),
    once: bool = True,
) -> list[Any]:
    """The rows of ``table`` with some keys: number and key of each, and what was asked beside.

    Args:
        con: inside the transaction that asks; the numbers hold until it ends.
        table: such as ``core.articles``.
        column: its key, a string.
        ids: keys asked for.
        beside: further columns.  Not of a wide table: they are read wherever they may be needed.
        new: keys that can only stand in rows of this transaction.
        once: a key stands in one row at most, so that one found near the end is all there is.
    """
    asked = {storable(one) for one in ids}
    if not asked:
        return []
    recent = tail(con, table)
    read = f"SELECT {', '.join(('rowid', column, *beside))} FROM {table} WHERE {column} IN {_KEYS}"
    found: list[Any] = con.execute(f"{read} AND {recent}", {"keys": list(asked)}).fetchall()
    left = asked.difference(new, (key for _, key, *_ in found) if once else ())
    if left and recent != "rowid >= 0":
        older = recent.replace(">=", "<")
        near, told = "true", dict[str, object](keys=list(left))
        hashed = HASHED.get((table, column))
        if hashed is not None:
            near = f"rowid IN (SELECT h.rowid FROM {table} h WHERE h.{hashed} IN {HASHES})"
            told["hashes"] = list(map(key_hash, left))
        found += con.execute(
            f"{read} AND {older} AND {near}",
            told,
        ).fetchall()
    return found


def at(found: Iterable[Sequence[Any]]) -> dict[str, list[int]]:
    """The parameter of ``PLACES`` for what ``places`` found."""
    return {"places": [place for place, *_ in found]}


def locate(
    con: duckdb.DuckDBPyConnection,
    into: str,
    table: str,
    column: str,
    ids: Iterable[str],
    *,
    once: bool = True,
) -> int:
    """Make the temporary table ``into`` (place, id) of what ``places`` finds; returns how many.

    For questions that go on to other rows with it.  ``into``: a name, without ``temp.``; replaced
    if it is there.
    """
    found = places(con, table, column, ids, once=once)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS "
        "SELECT unnest($places::BIGINT[]) AS place, unnest($keys::VARCHAR[]) AS id",
        {"places": [place for place, _ in found], "keys": [key for _, key in found]},
    )
    return len(found)
