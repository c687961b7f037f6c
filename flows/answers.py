"""A query's answer as a table, CSV, JSON or Parquet, to standard output or a file."""

from __future__ import annotations

import csv
import math
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import duckdb

from flows.oneline import dumps, inert
from storage.errors import StoreError

# Rows a terminal shows before the middle is left out, and rows fetched at a time otherwise.
TABLE_ROWS = 60
FETCH_ROWS = 1000


class QueryFailed(StoreError):
    """SQL that DuckDB does not take, or an answer that cannot be written."""


def write(con: duckdb.DuckDBPyConnection, query: str, *, form: str, output: Path | None) -> None:
    """Run ``query`` and write its answer.

    Args:
        con: an open store.
        query: one SQL statement.
        form: ``table``, ``csv``, ``json`` or ``parquet``.
        output: the file to write; None for standard output.

    Raises:
        QueryFailed: with DuckDB's own words on one line.
    """
    try:
        if form == "parquet":
            assert output is not None
            con.sql(query).write_parquet(str(output), compression="zstd")
        elif form == "table":
            _table(con, query, output)
        else:
            answer = con.execute(query)
            terminal = output is None and sys.stdout.isatty()
            with _opened(output) as stream:
                if form == "csv":
                    _csv(answer, stream, terminal=terminal)
                else:
                    _json(answer, stream)
    except duckdb.Error as error:
        raise QueryFailed(_first_line(error)) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise QueryFailed(f"cannot write {output}: {error.strerror}") from error


def _table(con: duckdb.DuckDBPyConnection, query: str, output: Path | None) -> None:
    answer = con.sql(query)
    if answer is None:
        return
    terminal = output is None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 10_000
    rows = TABLE_ROWS if terminal else 10_000
    with _opened(output) as stream:
        # DuckDB's own box; `show` prints, so its text is taken from the relation instead.
        stream.write(_box(answer, rows, width))


def _box(answer: duckdb.DuckDBPyRelation, rows: int, width: int) -> str:
    import contextlib
    import io

    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        answer.show(max_rows=rows, max_width=width)
    # DuckDB writes the first set of controls as escapes, and leaves the others.
    return inert(caught.getvalue().rstrip("\n")) + "\n"


def _csv(answer: duckdb.DuckDBPyConnection, stream: IO[str], *, terminal: bool) -> None:
    out = csv.writer(stream, lineterminator="\n")

    def write_row(cells: list[object]) -> None:
        # A program gets every character as it is stored; a terminal would obey some of them.
        shown = [inert(one) if isinstance(one, str) else one for one in cells]
        out.writerow(shown if terminal else cells)

    write_row(list(_names(answer)))
    for row in _rows(answer):
        write_row(["" if value is None else _csv_value(value) for value in row])


def _json(answer: duckdb.DuckDBPyConnection, stream: IO[str]) -> None:
    """A JSON array, one object a line: readable, and streamed whatever its size."""
    names = _names(answer)
    stream.write("[")
    for number, row in enumerate(_rows(answer)):
        stream.write(",\n " if number else "\n ")
        stream.write(_object(dict(zip(names, row, strict=True))))
    stream.write("\n]\n")


def _object(row: dict[str, Any]) -> str:
    try:
        return dumps(row, default=_json_value, allow_nan=False)
    except ValueError:
        return dumps(_finite(row), default=_json_value)


def _finite(value: Any) -> Any:
    """``value`` with null for the numbers that JSON has no word for: NaN and the infinities."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _names(answer: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in answer.description or []]


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := answer.fetchmany(FETCH_ROWS):
        yield from rows


def _csv_value(value: object) -> object:
    if isinstance(value, list | dict):
        return dumps(value, default=_json_value)
    return value.isoformat() if isinstance(value, datetime | date) else value


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
    else:
        with output.open("w", encoding="utf-8", newline="") as stream:
            yield stream


def _first_line(error: Exception) -> str:
    """DuckDB's complaint without the echo of the query that follows it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", "^"))]
    return " ".join(kept)
