"""Many rows to DuckDB at once: columns of Python values become a temporary table.

NumPy object arrays are read by DuckDB without a detour: 500 articles in 12 ms, where JSON, lists
of structs or a parameter a row took 50 to 100 ms and more (DuckDB 2.0.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

_FEW = 1500
"""Values that go with a statement as lists, which takes longer by the value and spares the
millisecond in which arrays are made known."""

_NO_TEXT = {int, float, bool, bytes, date, datetime, type(None)}
"""Types of values that are stored as they are."""
_PERHAPS_TEXT = {str, type(None)}


@contextmanager
def staged(
    con: duckdb.DuckDBPyConnection,
    name: str,
    types: Mapping[str, str],
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
) -> Iterator[str]:
    """Hold ``columns`` (each of one length) as the temporary table ``name`` for the block.

    ``types`` gives each column's SQL type, in the table's order.  Yields the table's name.
    Strings are made storable: what has no UTF-8 form becomes U+FFFD, NUL goes.
    """
    arrays = stored(columns, types)
    casts = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in types.items())
    with shown(con, f"{name}_source", arrays) as source:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {casts} FROM {source}")
    yield f"temp.{name}"
    # Not in a finally: after an error the transaction is void, and the table goes with it.
    con.execute(f"DROP TABLE temp.{name}")


def insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
) -> None:
    """Add ``columns`` (each of one length) to ``table`` as rows; the columns not named are NULL.

    ``types`` and what becomes of strings: as for ``staged``, from whose table 500 articles would
    take as long again.
    """
    into = f"INSERT INTO {table} ({', '.join(types)}) SELECT"
    arrays = stored(columns, types)
    if sum(map(len, arrays.values())) <= _FEW:
        lists = ", ".join(f"unnest(${column}::{kind}[])" for column, kind in types.items())
        con.execute(f"{into} {lists}", {name: column.tolist() for name, column in arrays.items()})
        return
    casts = ", ".join(f'"{column}"::{kind}' for column, kind in types.items())
    with shown(con, "inserted", arrays) as source:
        con.execute(f"{into} {casts} FROM {source}")


def replace_rows(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    keys: Sequence[str],
    records: Iterable[Sequence[Any]],
    *,
    newest: str = "",
) -> None:
    """Write ``records`` into ``core.table``; one with the ``keys`` of a stored one replaces it.

    Of several with the same keys the last counts; NULL equals NULL.  For small tables: a batch of
    them costs one reading of the key columns.

    Args:
        types: column -> SQL type, in the order of the records.
        newest: a column of times; a record does not replace one that has a later time there.
    """
    places = [list(types).index(key) for key in keys]
    latest = {tuple(record[place] for place in places): record for record in records}
    if not latest:
        return
    alike = " AND ".join(f"t.{key} IS NOT DISTINCT FROM b.{key}" for key in keys)
    with staged(con, f"batch_{table}", types, rows(types, latest.values())) as batch:
        if newest:
            later = f"t.{newest} > b.{newest}"
            con.execute(f"DELETE FROM {batch} b USING core.{table} t WHERE {alike} AND {later}")
        con.execute(f"DELETE FROM core.{table} t USING {batch} b WHERE {alike}")
        con.execute(f"INSERT INTO core.{table} ({', '.join(types)}) SELECT * FROM {batch}")


@contextmanager
def shown(
    con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, NDArray[Any]]
) -> Iterator[str]:
    """Let statements of the block read NumPy ``columns`` as ``name``, in place.

    Cheaper than ``staged`` by a millisecond where one statement reads them once.
    """
    con.complete()  # a result that nobody read to its end stands in the way of `register`
    con.register(name, dict(columns))
    try:
        yield name
    finally:
        con.unregister(name)


def rows(names: Iterable[str], records: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Turn records into the columns that ``staged`` takes."""
    wanted = list(names)
    turned = list(zip(*records, strict=True))
    return {name: list(turned[i]) if turned else [] for i, name in enumerate(wanted)}


def storable(text: str) -> str:
    """``text`` without what UTF-8 or SQL tools cannot hold: lone surrogates and NUL."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def stored(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]], names: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """The columns of ``names`` with their values as they will be stored, as ``insert`` takes them.

    Handed on, they are not looked at a second time.
    """
    return {name: _array(columns[name]) for name in names}


def _array(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    kinds = set(map(type, values))
    plain: Iterable[Any] = values
    if kinds <= _PERHAPS_TEXT:
        # As ``storable``, without a call for each of the many that are ASCII.
        plain = [
            one if one is None or (one.isascii() and "\0" not in one) else storable(one)
            for one in values
        ]
    elif not kinds <= _NO_TEXT:
        plain = map(_storable, values)
    return np.fromiter(plain, dtype=object, count=len(values))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return list(map(_storable, value)) if isinstance(value, (list, tuple)) else value
