"""Stored keys many times over, to fill the stores of benchmarks: other ids and keys, later days."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5

import duckdb
import numpy as np

from storage import key_segments
from storage.packed import Packed


def base(con: duckdb.DuckDBPyConnection) -> dict[int, Packed]:
    """All keys that are stored, by day."""
    return dict(key_segments.by_day(con, "true", {}))


def write(
    con: duckdb.DuckDBPyConnection, days: Mapping[int, Packed], number: int, later: int
) -> None:
    """Write a copy of all: id to ``md5(id || number)[:12]``, as in SQL, and ``later`` days on.

    Keys that are equal among ``days`` are equal in the copy, and nowhere else but by chance.
    """
    key_segments.insert(
        con, {day + later: _copy(articles, number) for day, articles in days.items()}
    )


def _copy(articles: Packed, number: int) -> Packed:
    ids = [md5(one + b"%d" % number).hexdigest()[:12] for one in articles.ids.tolist()]
    mixed = np.uint32(int.from_bytes(md5(b"keys %d" % number).digest()[:4], "little"))
    return Packed(np.array(ids, dtype=np.bytes_), articles.ends, articles.keys ^ mixed)
