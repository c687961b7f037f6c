"""Lines and sentences of a text, and which of them are running prose.

A cut may only begin and end where a unit does.  Boundaries are line ends, sentence ends, and
sentence ends whose space was lost ("sector [1].The new").
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

_CLOSERS = "\"'”’»)\\]】」』"
_WIDE_END = "。！？；"
_SENTENCE_END = re.compile(rf"[.!?…؟۔।॥]+[{_CLOSERS}]*(?:\s?\[\d+\])*|[{_WIDE_END}]+[{_CLOSERS}]*")
_PROSE_END = re.compile(rf"[.!?…:;؟۔।॥。！？；][{_CLOSERS}\s]*(?:\[\d+\][{_CLOSERS}.\s]*)*$")
_MARKED = re.compile(
    r"\s*(?:[-–—*•·●▪◦‣>#|]\s|\(?\d{1,3}[.)]\s|\[\d+\]|https?://|www\.|[-–—*•·●▪◦‣])"
)
_LINK = re.compile(r"https?://\S+|www\.\S+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a piece of one: what is kept or cut as a whole."""

    start: int
    end: int
    """``[start, end)`` in characters, without the white space around it."""
    first: int
    last: int
    """``[first, last)`` in words."""
    line: int
    opens_line: bool
    closes_line: bool

    @property
    def words(self) -> int:
        """Number of words."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph as the text lays it out."""

    start: int
    end: int
    prose: bool
    """Running text: it ends as a sentence does or is long, and is no list entry or link."""
    marked: bool
    """Begins as a list entry does, or is a link."""


def lines(text: str) -> list[Line]:
    """The non-empty lines of ``text``, stripped."""
    found = []
    at = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        if stripped:
            start = at + raw.index(stripped[0])
            marked = bool(_MARKED.match(stripped))
            links = sum(len(link) for link in _LINK.findall(stripped))
            prose = (
                links * 2 < len(stripped)
                and len(stripped) >= 25
                and (len(stripped) >= 160 or bool(_PROSE_END.search(stripped)))
            )
            found.append(Line(start, start + len(stripped), prose, marked))
        at += len(raw) + 1
    return found


def sentence_starts(text: str) -> list[int]:
    """Characters at which a sentence begins inside a line, glued ones included."""
    starts = []
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        if end >= len(text):
            break
        following = text[end]
        if following.isspace():
            while end < len(text) and text[end].isspace():
                end += 1
            starts.append(end)
        elif match.group()[0] in _WIDE_END:
            starts.append(end)
        elif match.start() > 0 and (following.isupper() or following in "\"'“‘«「『("):
            # "U.S." and "e.g.The" are no glue: a lower-case letter, a digit or a closing mark
            # has to come before the full stop.
            before = text[match.start() - 1]
            if before.islower() or before.isdigit() or before in _CLOSERS:
                starts.append(end)
    return starts


def units(
    text: str, spans: list[tuple[int, int]], laid: list[Line], joints: Iterable[int]
) -> list[Unit]:
    """``text`` cut at lines, sentences and ``joints`` (characters where a copy was glued on)."""
    edges = sorted({*sentence_starts(text), *joints})
    starts = [start for start, _ in spans]
    found: list[Unit] = []
    for number, line in enumerate(laid):
        inner = edges[bisect_left(edges, line.start + 1) : bisect_left(edges, line.end)]
        pieces: list[list[int]] = []
        for low, high in zip([line.start, *inner], [*inner, line.end], strict=True):
            first, last = bisect_left(starts, low), bisect_left(starts, high)
            if first == last and pieces:
                pieces[-1][1] = high
            elif pieces and pieces[-1][2] == pieces[-1][3]:
                pieces[-1][1], pieces[-1][3] = high, last
            else:
                pieces.append([low, high, first, last])
        for index, (low, high, first, last) in enumerate(pieces):
            while high > low and text[high - 1].isspace():
                high -= 1
            found.append(Unit(low, high, first, last, number, index == 0, index == len(pieces) - 1))
    return found
