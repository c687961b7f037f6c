"""Candidate pairs of a whole store, one range of keys at a time, over Parquet.

``signatures.neighbours`` asks who stands beside some articles; here everybody is asked for.  The
counts of a pair in all ranges add up to what is said there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from dedupe.models import CandidatePair
from storage import chunks, pairing
from storage.batches import shown
from storage.pairing import NO_DAY


def join(
    con: duckdb.DuckDBPyConnection,
    keys: Sequence[Path],
    low: int,
    high: int,
    into: Path,
    *,
    window_days: int,
    max_common: int,
) -> int:
    """Write which articles share how many of the keys from ``low`` to under ``high``.

    Args:
        con: a scratch database.
        keys: files of keys, with the articles that hold them and their days.
        window_days, max_common: as for ``signatures.neighbours``.

    Returns:
        The number of pairs.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT key, kind, article_id, day "
        f"FROM {chunks.source(keys)} WHERE key >= {int(low)} AND key < {int(high)} "
        "QUALIFY count(*) OVER (PARTITION BY key, kind) > 1"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE holders AS SELECT article_id, "
        "row_number() OVER (ORDER BY article_id) - 1 AS number "
        "FROM (SELECT DISTINCT article_id FROM temp.met)"
    )
    found = con.execute(
        "SELECT m.key, m.kind, h.number, m.day FROM temp.met m "
        "JOIN temp.holders h USING (article_id)"
    ).fetchnumpy()
    con.execute("DROP TABLE temp.met")
    day = (found["day"].astype("datetime64[D]") - np.datetime64("0001-01-01")).astype(np.int64)
    rows = pairing.Holders(
        code=pairing.code(np.ma.getdata(found["key"]), np.ma.getdata(found["kind"])),
        article=np.ma.getdata(found["number"]).astype(np.int64),
        day=np.ma.filled(day, NO_DAY),
        asked=np.ones(len(day), dtype=bool),
    )
    del found
    crowds = pairing.crowds(pairing.met(rows), block_days=max(window_days, 1), most=max_common)
    pairs = pairing.shared(crowds, window_days=window_days)
    columns = {"low": pairs.low, "high": pairs.high, "bands": pairs.bands, "sketch": pairs.sketch}
    with shown(con, "shared", columns) as counted:
        chunks.write(
            con,
            into,
            "SELECT a.article_id, b.article_id AS of_article_id, c.bands, c.sketch "
            f"FROM {counted} c JOIN temp.holders a ON a.number = c.low "
            "JOIN temp.holders b ON b.number = c.high",
        )
    con.execute("DROP TABLE temp.holders")
    return len(pairs.low)


def deal(
    con: duckdb.DuckDBPyConnection,
    joined: Sequence[Path],
    remade: Sequence[Path],
    *,
    min_shared_sketch: int,
) -> int:
    """Add up the counts of each pair; those worth comparing become the temporary table ``dealt``.

    In order of publication of the earlier article of each, so that neighbours share texts; each
    with the number of the files in which its texts lie.

    Args:
        con: a scratch database.
        min_shared_sketch: see ``dedupe.match.wanted``, of which this is the form in SQL.

    Returns:
        The number of pairs worth comparing.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE lies AS SELECT article_id, told_at, "
        "parse_filename(filename, true)::INTEGER AS chunk "
        f"FROM read_parquet([{', '.join(map(chunks.quoted, remade))}], filename = true)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dealt AS SELECT row_number() OVER ("
        "ORDER BY least(a.told_at, b.told_at), p.article_id, p.of_article_id) - 1 AS number, "
        "p.article_id, p.of_article_id, p.bands, p.sketch, a.chunk, b.chunk AS of_chunk FROM ("
        "SELECT article_id, of_article_id, sum(bands)::INTEGER AS bands, "
        f"sum(sketch)::INTEGER AS sketch FROM {chunks.source(joined)} GROUP BY ALL "
        f"HAVING sum(bands) >= 1 OR sum(sketch) >= {int(min_shared_sketch)}) p "
        "JOIN temp.lies a ON a.article_id = p.article_id "
        "JOIN temp.lies b ON b.article_id = p.of_article_id"
    )
    con.execute("DROP TABLE temp.lies")
    counted = con.execute("SELECT count(*) FROM temp.dealt").fetchone()
    return int(counted[0]) if counted else 0


def write_dealt(con: duckdb.DuckDBPyConnection, first: int, end: int, into: Path) -> None:
    """Write the pairs of ``deal`` from number ``first`` up to ``end``, which is not among them."""
    chunks.write(
        con,
        into,
        "SELECT article_id, of_article_id, bands, sketch, chunk, of_chunk FROM temp.dealt "
        f"WHERE number >= {int(first)} AND number < {int(end)} ORDER BY number",
    )


def read_dealt(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[CandidatePair], list[int]]:
    """The pairs of one file, and the numbers of the files in which their texts lie."""
    found = con.execute(
        "SELECT article_id, of_article_id, bands, sketch, chunk, of_chunk "
        f"FROM {chunks.source(path)}"
    ).fetchall()
    pairs = [
        CandidatePair(article_id=a, of_article_id=b, shared_bands=bands, shared_sketch=sketch)
        for a, b, bands, sketch, _, _ in found
    ]
    return pairs, sorted({number for *_, chunk, of_chunk in found for number in (chunk, of_chunk)})


def count(con: duckdb.DuckDBPyConnection, keys: Sequence[Path]) -> int:
    """How many keys there are; read from the files' own figures."""
    found = con.execute(f"SELECT count(*) FROM {chunks.source(keys)}").fetchone()
    return int(found[0]) if found else 0
