"""Stored keys many times over, to fill the stores of benchmarks: other ids and keys, later days."""

from __future__ import annotations

from hashlib import md5
from typing import NamedTuple

import duckdb
import numpy as np

from storage import key_segments
from storage.packed import Packed


class Base(NamedTuple):
    """What is multiplied."""

    days: dict[int, Packed]


def base(con: duckdb.DuckDBPyConnection) -> Base:
    """All keys that are stored."""
    return Base(dict(key_segments.by_day(con, "true", {})))


def write(con: duckdb.DuckDBPyConnection, whole: Base, number: int, later: int) -> None:
    """Write a copy of all: id to ``md5(id || number)[:12]``, as in SQL, and ``later`` days on.

    Keys that are equal in ``whole`` are equal in the copy, and nowhere else but by chance.
    """
    key_segments.insert(
        con, {day + later: _copy(articles, number) for day, articles in whole.days.items()}
    )


def _copy(articles: Packed, number: int) -> Packed:
    ids = [md5(one + b"%d" % number).hexdigest()[:12] for one in articles.ids.tolist()]
    mixed = np.uint32(int.from_bytes(md5(b"keys %d" % number).digest()[:4], "little"))
    return Packed(np.array(ids, dtype=np.bytes_), articles.ends, articles.keys ^ mixed)
