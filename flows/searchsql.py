"""``search('words')`` in SQL, as far as DuckDB lets a program add it to its own connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import duckdb

from flows.searching import open_index_of, read
from storage.errors import StoreError
from storage.store import Store

HITS = 10_000
"""Articles that a table of hits has at most, unless it is told otherwise."""
_CALLS_SEARCH = re.compile(r"\bsearch\s*\(", re.I)


@contextmanager
def searchable(
    con: duckdb.DuckDBPyConnection, store: Store, query: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Let ``query`` ask ``search('words')``, a table of article_id, rank and score.

    Nothing is done for a query that does not.  ``search('words', most := 100)`` gives so many
    articles, 10,000 otherwise; copies of a story are all among them.
    """
    if not _CALLS_SEARCH.search(query):
        yield con
        return
    failed: list[StoreError] = []

    def hits(text: str, most: int) -> list[dict[str, Any]]:
        try:
            return _keys(store, text, most)
        except StoreError as error:
            failed.append(error)
            raise

    con.create_function(
        "voltwire_hits", hits, ["VARCHAR", "BIGINT"],
        "STRUCT(key UBIGINT, rank INTEGER, score DOUBLE)[]", side_effects=False,
    )  # fmt: skip
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP MACRO search(asked, most := {HITS}) AS TABLE "
            "SELECT a.article_id, h.rank, h.score FROM "
            "(SELECT unnest(voltwire_hits(asked, most), recursive := true)) h "
            "JOIN core.articles a ON a.id_hash = h.key ORDER BY h.rank"
        )
        try:
            yield con
        except StoreError as error:
            # DuckDB tells it as a fault of a function; it is one of the question or the index.
            raise (failed[-1] if failed else error) from None
    finally:
        # What DuckDB holds of Python at its end it reports as leaked.
        with suppress(duckdb.Error):
            con.complete()
            con.execute("DROP MACRO TABLE IF EXISTS temp.search")
            con.remove_function("voltwire_hits")


def _keys(store: Store, text: str, most: int) -> list[dict[str, Any]]:
    from storage.search.reader import Within

    question = read(text or "")
    with ExitStack() as opened:
        reader, _ = open_index_of(store, opened)
        found = reader.ask(question, Within(), limit=max(1, min(most, 10_000_000))).found
    return [
        {"key": hit.key, "rank": rank, "score": hit.score}
        for rank, hit in enumerate(found, start=1)
    ]
