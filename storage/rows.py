"""Where rows lie: by a hash of their long key, or near the end of the table first.

Nothing here is an index.  DuckDB's own (ART) cost 47 bytes a row, was read anew by every window
that opened the file (150 ms for 500 ids of a million) and made each closing checkpoint 100 ms
longer.  A scan of a 64-bit column takes 24 ms for a million rows where the strings take 150 ms,
and a scan of the last rows takes about one, which is where most that a batch asks for lies: what
it has just written, and articles of the same days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import md5

import duckdb

from storage.batches import staged
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


def key_hash(key: str) -> int:
    """What ``md5_number_lower(key)`` is in SQL."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest()[8:], "little")


def tail(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A condition for the rows of ``table`` that were written last; all of this transaction's.

    A deleted row keeps its number until it is cleared away, so there may be more of them.
    """
    counted = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return f"rowid >= {max(0, (counted[0] if counted else 0) - STORAGE.recent_rows)}"


def locate(
    con: duckdb.DuckDBPyConnection,
    into: str,
    table: str,
    column: str,
    ids: Iterable[str],
    *,
    new: Iterable[str] = (),
    once: bool = True,
) -> int:
    """Make the temporary table ``into`` (place, id): the rows of ``table`` with those keys.

    Args:
        con: inside the transaction that asked for them; places hold until it ends.
        into: name, without ``temp.``; replaced if it is there.
        table: such as ``core.articles``.
        column: its key, a string.
        ids: keys asked for.
        new: keys that can only stand in rows of this transaction.
        once: a key stands in one row at most, so that one found near the end is all there is.

    Returns:
        The number of rows found.
    """
    asked = set(ids)
    recent = tail(con, table)
    key_types = {"id": "VARCHAR"}
    found = f"SELECT t.rowid AS place, t.{column} AS id FROM {table} t WHERE "
    with staged(con, f"{into}_asked", key_types, {"id": sorted(asked)}) as wanted:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {into} AS {found} t.{recent} "
            f"AND t.{column} IN (SELECT id FROM {wanted})"
        )
        here = [i for (i,) in con.execute(f"SELECT id FROM temp.{into}").fetchall()]
        number = len(here)
        left = asked - set(new) - (set(here) if once else set())
        if left and recent != "rowid >= 0":
            older = f"t.{recent.replace('>=', '<')}"
            hashed = HASHED.get((table, column))
            with staged(con, f"{into}_left", key_types, {"id": sorted(left)}) as rest:
                near = "true"
                if hashed is not None:
                    near = (
                        f"t.rowid IN (SELECT h.rowid FROM {table} h WHERE h.{hashed} IN "
                        f"(SELECT md5_number_lower(id) FROM {rest}))"
                    )
                added = con.execute(
                    f"INSERT INTO temp.{into} {found} {older} AND {near} "
                    f"AND t.{column} IN (SELECT id FROM {rest})"
                ).fetchone()
                number += int(added[0]) if added else 0
    return number
