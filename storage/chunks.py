"""Rows on their way between machines, as Parquet files that are whole or not there.

Whoever writes a file gives it its name when it is complete, so that a writer that was killed
leaves nothing to be taken for its work, and two that wrote the same leave one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import duckdb

# Small enough that a reader of one range of keys skips most of a file, large enough to compress.
_ROWS_A_GROUP = 16_384


def write(con: duckdb.DuckDBPyConnection, path: Path, query: str) -> None:
    """Write what ``query`` finds to ``path``, in its order, in place of what stood there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex[:12]}")
    try:
        con.execute(
            f"COPY ({query}) TO {quoted(partial)} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP})"
        )
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def source(paths: Path | Iterable[Path]) -> str:
    """The rows of some files, to be named in FROM; a path may hold ``*``."""
    each = [paths] if isinstance(paths, Path) else list(paths)
    return f"read_parquet([{', '.join(map(quoted, each))}])"


def quoted(path: Path) -> str:
    """``path`` as a string in SQL."""
    text = str(path).replace("'", "''")
    return f"'{text}'"
