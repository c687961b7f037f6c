"""The numbers behind a chart, as rows and as CSV that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under heads."""

    name: str
    """Of its file."""
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def as_csv(table: Table) -> bytes:
    """The table as CSV, with the mark by which Excel knows UTF-8.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it: a publisher
    may be called ``=HYPERLINK(...)``.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.heads)
    writer.writerows([_cell(one) for one in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Cell) -> Cell:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{value}"
    return "" if value is None else value


def of(name: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """A table."""
    return Table(name=name, heads=tuple(heads), rows=tuple(tuple(row) for row in rows))
