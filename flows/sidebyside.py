"""Two texts beside each other on a terminal: columns, changed words marked, nothing obeyed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dedupe.passages import Piece, Row
from flows.oneline import clean

# Narrower than this, columns hold three words a line: one under the other reads better.
NARROW = 72
# Rows shown: a screen or two.  The rest is counted.
MOST_ROWS = 14
# Characters of a sentence that stands on one side only.
EXCERPT = 240
_STYLES = {"left": "red", "right": "green"}
_MARKS = {"left": ("[-", "-]"), "right": ("{+", "+}")}


def columns(rows: Sequence[Row], heads: tuple[str, str], *, width: int, colour: bool) -> list[str]:
    """The rows as lines at most ``width`` cells wide.

    Words that the other side does not have are coloured, or set in ``[-...-]`` on the left and
    ``{+...+}`` on the right where there is no colour.  Sentences that are the same on both sides
    are counted after the first of a run.
    """
    shown, left_out = _chosen(rows)
    if width < NARROW:
        return _stacked(shown, left_out, heads, width=width, colour=colour)
    table = Table(box=box.MINIMAL, show_edge=False, width=width, header_style="bold")
    for head in heads:
        table.add_column(Text(clean(head)), ratio=1, overflow="fold")
    for left, right in shown:
        table.add_row(*_pair(left, right, colour))
    lines = _printed(table, width, colour)
    return [*lines, f"... {left_out} more rows"] if left_out else lines


_Side = tuple[Piece, ...] | str


def _chosen(rows: Sequence[Row]) -> tuple[list[tuple[_Side, _Side]], int]:
    """What to show of the rows, and how many are left out."""
    shown: list[tuple[_Side, _Side]] = []
    for kind, found in groupby(rows, key=_kind):
        run = list(found)
        if kind == "changed":
            shown += [(row.left, row.right) for row in run]
            continue
        first = run[0]
        said: tuple[_Side, _Side] = (_shortened(first.left), _shortened(first.right))
        shown.append(said)
        if len(run) > 1:
            more = f"... {len(run) - 1} more sentence{'s' if len(run) > 2 else ''}"
            word = f"{more} the same" if kind == "same" else f"{more} only here"
            shown.append((word if first.left else "", word if first.right else ""))
    return shown[:MOST_ROWS], max(0, len(shown) - MOST_ROWS)


def _kind(row: Row) -> str:
    if row.same:
        return "same"
    if row.paired:
        return "changed"
    return "left" if row.left else "right"


def _shortened(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    room = EXCERPT
    kept = []
    for piece in pieces:
        if room <= 0:
            break
        text = piece.text if len(piece.text) <= room else piece.text[:room].rstrip() + " ..."
        kept.append(Piece(text, piece.same))
        room -= len(piece.text)
    return tuple(kept)


def _pair(left: _Side, right: _Side, colour: bool) -> tuple[Text, Text]:
    # A sentence without a counterpart: its column says so already, its words need no marks.
    alone = not left or not right
    return _told(left, "left", colour, alone), _told(right, "right", colour, alone)


def _told(side: _Side, name: str, colour: bool, alone: bool) -> Text:
    if isinstance(side, str):
        return Text(side, style="dim")
    text = Text()
    for number, piece in enumerate(side):
        said = clean(piece.text)
        if number and (side[number - 1].text[-1:].isspace() or piece.text[:1].isspace()):
            text.append(" ")
        if not said or (piece.same and not alone) or (alone and not colour):
            text.append(said)
        elif colour:
            text.append(said, style=_STYLES[name])
        else:
            opening, closing = _MARKS[name]
            text.append(f"{opening}{said}{closing}")
    return text


def _stacked(
    shown: Sequence[tuple[_Side, _Side]],
    left_out: int,
    heads: tuple[str, str],
    *,
    width: int,
    colour: bool,
) -> list[str]:
    table = Table.grid(padding=(0, 1))
    table.width = width
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    table.add_row("<", Text(clean(heads[0]), style="bold"))
    table.add_row(">", Text(clean(heads[1]), style="bold"))
    for left, right in shown:
        one, other = _pair(left, right, colour)
        if one.plain == other.plain:
            table.add_row("=", one)
            continue
        for mark, said in (("<", one), (">", other)):
            if said.plain:
                table.add_row(mark, said)
    lines = _printed(table, width, colour)
    return [*lines, f"... {left_out} more rows"] if left_out else lines


def _printed(table: Table, width: int, colour: bool) -> list[str]:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]
