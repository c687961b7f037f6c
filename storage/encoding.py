"""Records as rows of typed columns and as JSON, for files that outlive the process; and back.

    FeedEntry(...)  --Flat(FeedEntry, "entry_").values-->  [url, canonical_url, ...]
    CoveredDay(...) --as_json-->                           '{"feed": "a", "day": "2026-11-02", ...}'

The field types of the record decide; nothing is written by hand a second time, so a field that is
added later travels too.  A field that a file lacks gets its default, one too many is passed over:
a loader reads what a worker one version older wrote.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")

_SCALARS: Mapping[Any, str] = {
    str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN", bytes: "BLOB",
    datetime: "TIMESTAMPTZ", date: "DATE",
}  # fmt: skip
# 64-bit hashes, which the sign does not fit.
_UNSIGNED = frozenset({"exact"})
_MASK = (1 << 64) - 1


class Flat(Generic[T]):
    """A record type as columns, each named ``prefix`` and the field.

    Args:
        kind: a dataclass of scalars, tuples, mappings and further records.
        prefix: of the columns' names.
        without: fields that are left out, and get their defaults (or ``given``) when read.
    """

    def __init__(self, kind: type[T], prefix: str, without: Sequence[str] = ()) -> None:
        self._kind = kind
        of: Any = kind
        hints = {name: hint for name, hint in _hints(of).items() if name not in without}
        self._fields = [(name, f"{prefix}{name}", _plainly(hint)) for name, hint in hints.items()]
        self.types = {
            column: "UBIGINT" if name in _UNSIGNED else _sql_type(hint)
            for name, column, hint in self._fields
        }
        """Column -> SQL type."""

    def values(self, record: T | None) -> list[Any]:
        """A value a column; all None for no record."""
        if record is None:
            return [None] * len(self._fields)
        return [
            getattr(record, name) & _MASK if name in _UNSIGNED else _to_column(
                hint, getattr(record, name)
            )
            for name, _, hint in self._fields
        ]  # fmt: skip

    def record(self, row: Mapping[str, Any], **given: Any) -> T:
        """The record of ``row`` (column -> value), with the fields ``given``."""
        read = {
            name: _from_column(hint, row[column])
            for name, column, hint in self._fields
            if column in row
        }
        return self._kind(**read | given)


def as_json(record: Any) -> str:
    """``record`` as one line of JSON, all of it ASCII."""
    return json.dumps(_plain(record), ensure_ascii=True, separators=(",", ":"))


def from_json(kind: type[T], text: str) -> T:
    """The record of type ``kind`` that ``as_json`` wrote."""
    read: T = _record(kind, json.loads(text))
    return read


# --- columns -------------------------------------------------------------------------------------


def _sql_type(hint: Any) -> str:
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if inner is str:
            return "VARCHAR[]"
        if inner is int:
            return "BLOB"
    return "VARCHAR"  # JSON


def _to_column(hint: Any, value: Any) -> Any:
    if value is None or hint in _SCALARS:
        return value
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if inner is str:
            return list(value)
        if inner is int:
            # 64-bit keys: an array in one piece is read ten times faster than a list of numbers
            return np.array([one & _MASK for one in value], dtype="<u8").tobytes()
    return as_json(value)


def _from_column(hint: Any, value: Any) -> Any:
    if value is None or hint in _SCALARS:
        return value
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if inner is str:
            return tuple(value)
        if inner is int:
            return tuple(np.frombuffer(value, dtype="<u8").tolist())
    return _value(hint, json.loads(value))


# --- JSON ----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _record(kind: Any, read: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: _value(hints[name], one) for name, one in read.items() if name in hints})


def _value(hint: Any, value: Any) -> Any:
    hint = _plainly(hint)
    if value is None:
        return None
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    if hint is Path:
        return Path(value)
    if get_origin(hint) is tuple:
        of = get_args(hint)
        inner = of[:1] * len(value) if of[-1] is ... else of
        return tuple(_value(kind, one) for kind, one in zip(inner, value, strict=True))
    if is_dataclass(hint):
        return _record(hint, value)
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _plainly(hint: Any) -> Any:
    """``hint`` without None, and the type of a choice of words for the choice."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    return str if get_origin(hint) is Literal else hint
