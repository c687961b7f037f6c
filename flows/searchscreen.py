"""Hits as people read them: headline, where and when, the passage, the address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import click

from flows.searching import MARKS, Answer, Hit
from storage.search.snippets import Marked

_INDENT = 4


def lines(answer: Answer, *, width: int, bold: bool) -> Iterator[str]:
    """The answer in lines of at most ``width`` columns, but for addresses, which stay whole.

    Args:
        bold: show what was asked for in bold, as a terminal does; else between ``**``.
    """
    for hit in answer.hits:
        yield from _of(hit, width, bold)
        yield ""
    shown = len(answer.hits)
    if answer.articles is None or not shown:
        return
    if answer.articles > sum(1 if hit.copies == 1 else hit.copies for hit in answer.hits):
        yield f"the best {shown} of {answer.articles} articles; --limit N shows more"


def _of(hit: Hit, width: int, bold: bool) -> Iterator[str]:
    number = f"{hit.rank:>2}. "
    for place, line in enumerate(_wrapped(hit.title, width - _INDENT, bold)):
        yield (number if place == 0 else " " * _INDENT) + line
    day = f"{hit.published_at:%Y-%m-%d}" if hit.published_at else "no date"
    where = " · ".join(filter(None, [hit.publisher, day, _also(hit)]))
    where = _cut(where, width - _INDENT)
    yield " " * _INDENT + (click.style(where, dim=True) if bold else where)
    for line in _wrapped(hit.snippet, width - _INDENT, bold):
        yield " " * _INDENT + line
    yield " " * _INDENT + (click.style(hit.url, dim=True) if bold else hit.url)


def _also(hit: Hit) -> str:
    if hit.outlets > 1:
        others = hit.outlets - 1
        return f"also in {others} outlet{'s' if others > 1 else ''}"
    if hit.copies > 1:
        return f"{hit.copies} versions of it"
    return ""


def columns(text: str) -> int:
    """Columns that ``text`` takes in a terminal."""
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    kept = ""
    for char in text:
        if columns(kept) + _columns(char) > width - 1:
            break
        kept += char
    return kept + "…"


def _wrapped(marked: Marked, width: int, bold: bool) -> Iterator[str]:
    """The passage in lines of ``width`` columns; a mark that is broken goes on in the next."""
    if not bold:
        plain = marked.written(*MARKS)
        for start, end in _breaks(plain, width):
            yield plain[start:end].rstrip()
        return
    for start, end in _breaks(marked.text, width):
        yield "".join(_styled(marked, start, end)).rstrip()


def _styled(marked: Marked, start: int, end: int) -> Iterator[str]:
    at = start
    for first, last in marked.marks:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        yield marked.text[at:first]
        yield click.style(marked.text[first:last], bold=True)
        at = last
    yield marked.text[at:end]


def _breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the lines begin and end: at spaces, between wide characters, or where it is full."""
    start, taken, space = 0, 0, -1
    for at, char in enumerate(text):
        size = _columns(char)
        if taken + size > width:
            if char == " ":
                space = at
            end = space + 1 if space >= start else at
            if end <= start:
                end = max(at, start + 1)
            yield start, end
            start = end
            taken = columns(text[start:at])
            space = -1
        taken += size
        if char == " " or size == 2:
            space = at
    if start < len(text):
        yield start, len(text)


def snippet_length(width: int, hits: Sequence[str] = ()) -> int:
    """Characters for two lines of a terminal."""
    del hits
    return max(80, 2 * (width - _INDENT) - 8)
