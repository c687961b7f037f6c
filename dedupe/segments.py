"""Lines and sentences of a text, and which of them are running prose.

A cut may only begin and end where a unit does.  Boundaries are line ends, sentence ends, and
sentence ends whose space was lost ("sector [1].The new").
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from operator import add
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_CLOSERS = "\"'”’»)\\]】」』"
WIDE_ENDS = "。！？；"
"""Full stops after which no space stands."""
_SENTENCE_END = re.compile(rf"[.!?…؟۔।॥]+[{_CLOSERS}]*(?:\s?\[\d+\])*|[{WIDE_ENDS}]+[{_CLOSERS}]*")
_PROSE_END = re.compile(rf"[.!?…؟۔।॥。！？][{_CLOSERS}\s]*(?:\[\d+\][{_CLOSERS}.\s]*)*$")
_MARKED = re.compile(
    r"\s*(?:[-–—*•·●▪◦‣>#|]\s|\(?\d{1,3}[.)]\s|\[\d+\]|https?://|www\.|[-–—*•·●▪◦‣])"
)
# Program text and formulas; a line of prose has a bracket or two.
_SYMBOLS = re.compile(r"[{}<>=|\\@#^*_~∈∧→]")
_REFERENCE = re.compile(r"(?:https?://|www\.|\bdoi:)\S+\W*$")
"""How an entry of a list of references ends."""
_LINK = re.compile(r"https?://\S+|www\.\S+")


_LONG_LINE = 160
"""Characters of a line that is running text whatever its end."""
_ABBREVIATION = re.compile(r"\w\.\w\Z")
"""What stands before the last full stop of ``U.S.`` and ``e.g.``."""


class Unit(NamedTuple):
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


class Line(NamedTuple):
    """A paragraph as the text lays it out, without the white space around it."""

    start: int
    end: int


Row = TypeVar("Row", Unit, Line)


@dataclass(frozen=True, slots=True)
class Style:
    """What a line looks like."""

    prose: bool
    """Running text: it ends as a sentence does or is long, and is no heading, row or program."""
    marked: bool
    """Begins as a list entry does, or is a link."""


def _rows(kind: type[Row], *columns: Iterable[int]) -> list[Row]:
    """Named tuples out of columns: ``kind`` called for each row would take five times as long."""
    made: Iterable[Row] = map(tuple.__new__, repeat(kind), zip(*columns, strict=False))
    return list(made)


def reach_of(word_starts: Ints, laid: list[Line]) -> Ints:
    """``[first, last)`` in words of each line as a row."""
    edges = np.fromiter(chain.from_iterable(laid), np.int64, 2 * len(laid))
    return np.searchsorted(word_starts, edges).reshape(-1, 2)


def lines(text: str) -> tuple[list[Line], list[str]]:
    """The paragraphs of ``text``, stripped, and what is written in each.

    Its non-empty lines, wrapped ones joined.
    """
    raws = text.split("\n")
    if all(raws) and raws == list(map(str.strip, raws)):
        # So a text stands that was tidied.
        sizes = list(map(len, raws))
        starts = [0, *accumulate([size + 1 for size in sizes[:-1]])]
        return _unwrapped(text, _rows(Line, starts, map(add, starts, sizes)), raws)
    found = []
    written = []
    at = 0
    for raw in raws:
        stripped = raw.strip()
        if stripped:
            start = at + len(raw) - len(raw.lstrip())
            found.append(Line(start, start + len(stripped)))
            written.append(stripped)
        at += len(raw) + 1
    return _unwrapped(text, found, written)


_NARROW = range(40, 101)
"""Characters of the longest line of a text that was wrapped for a page or a terminal."""
_LEAST_WRAPPED = 4
"""Line ends at which the next word would not have fitted; fewer come by chance."""
_EDITED_CHARACTERS = 12
"""A line may be shorter by so much when a word of it was dropped after wrapping."""


def _unwrapped(text: str, found: list[Line], written: list[str]) -> tuple[list[Line], list[str]]:
    """``found`` with lines joined that were broken because the next word did not fit, and what is
    written in each.

    A text counts as wrapped when most lines that another follows at once are as full as can be.
    """
    lengths = sorted(map(len, written))
    if len(found) < _LEAST_WRAPPED or lengths[len(lengths) * 9 // 10] not in _NARROW:
        return found, written
    width = lengths[len(lengths) * 9 // 10]
    full = []
    tight = 0
    following = 0
    for line, after in pairwise(found):
        at_once = text.count("\n", line.end, after.start) == 1
        word = text[after.start : after.end].split(None, 1)[0]
        if 2 * len(word) > width:
            return found, written  # a script without spaces, or links
        room = width - (line.end - line.start) - 1 - len(word)
        following += at_once
        tight += at_once and room < 0
        full.append(at_once and room < _EDITED_CHARACTERS and not _MARKED.match(text, after.start))
    if tight < _LEAST_WRAPPED or 2 * tight <= following:
        return found, written
    joined = [found[0]]
    for line, is_full in zip(found[1:], full, strict=True):
        if is_full:
            joined[-1] = Line(joined[-1].start, line.end)
        else:
            joined.append(line)
    return joined, [text[start:end] for start, end in joined]


def style(line: str) -> Style:
    """The style of one stripped line."""
    links = sum(end - start for start, end in link_spans(line))
    prose = (
        links * 2 < len(line)
        and not ((links or "doi:" in line) and _REFERENCE.search(line))
        and not line.startswith("|")
        and len(line) >= 25
        and (
            len(line) >= _LONG_LINE or bool(_PROSE_END.search(line[-40:])) or _is_unpunctuated(line)
        )
        and not _is_titled(line)
        and len(_SYMBOLS.findall(line)) * 25 < len(line)
    )
    return Style(prose, bool(_MARKED.match(line)))


def _is_unpunctuated(line: str) -> bool:
    """Whether ``line`` is a sentence or more of Thai, Lao, Khmer or Burmese: they need no stop."""
    return sum("\u0e00" <= sign <= "\u109f" or "\u1780" <= sign <= "\u17ff" for sign in line) >= 40


def _is_titled(line: str) -> bool:
    """Whether most words begin with a capital: a heading, a table row, a list of names."""
    words = line.split()
    firsts = [word[0] for word in words]
    if sum(map(str.islower, firsts)) > len(words) / 2:
        return False
    cased = [word for word in words if word[0].isalpha() and word[0] != word[0].swapcase()]
    if len(line) >= _LONG_LINE and line.isupper():
        return False  # a text set in capitals
    if len(cased) < 4 or sum(word[0].isupper() for word in cased) <= 0.6 * len(cased):
        return False
    # A script without capitals, with some foreign names in it, is no heading.
    return 2 * sum(map(len, cased)) > sum(sign.isalpha() for sign in line)


def link_spans(text: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each link written out in ``text``."""
    if "http" not in text and "www." not in text:
        return []  # a search for one of two beginnings takes a hundred times as long
    return [match.span() for match in _LINK.finditer(text)]


def sentence_starts(text: str, start: int, stop: int) -> list[int]:
    """Where in ``text[start:stop]`` a further sentence begins, glued ones included."""
    starts = []
    for match in _SENTENCE_END.finditer(text, start, stop):
        end = match.end()
        if end >= stop:
            break
        if match.start() - start <= 3 and text[start : match.start()].isdigit():
            continue  # "7. Cover the bowl": the number goes with its step
        following = text[end]
        if following.isspace():
            while end < stop and text[end].isspace():
                end += 1
            if text[end : end + 1].islower() and _ABBREVIATION.search(
                text, max(start, match.start() - 3), match.start()
            ):
                continue
            starts.append(end)
        elif match.group()[0] in WIDE_ENDS:
            starts.append(end)
        elif match.start() > start and (following.isupper() or following in "\"'“‘«「『("):
            # "U.S." and "e.g.The" are no glue: a lower-case letter, a digit or a closing mark
            # has to come before the full stop.
            before = text[match.start() - 1]
            if before.islower() or before.isdigit() or before in _CLOSERS:
                starts.append(end)
    return starts


def whole_lines(laid: list[Line], reach: Ints) -> list[Unit]:
    """Each line as one unit; ``reach`` is that of ``laid``."""
    starts, ends = zip(*laid, strict=True)
    firsts, lasts = reach.T.tolist()
    whole = repeat(True)
    return _rows(Unit, starts, ends, firsts, lasts, range(len(laid)), whole, whole)


def parted(text: str, line: Unit, places: list[int], joints: list[int]) -> list[Unit]:
    """A whole line cut at its sentences and at ``joints`` (characters where a copy was glued on).

    ``places`` are where its words begin; both ascend.
    """
    inner = sentence_starts(text, line.start, line.end)
    if glued := joints[bisect_right(joints, line.start) : bisect_left(joints, line.end)]:
        inner = sorted({*inner, *glued})
    if not inner:
        return [line]
    pieces: list[list[int]] = []
    last = 0
    for low, high in zip([line.start, *inner], [*inner, line.end], strict=True):
        first, last = last, bisect_left(places, high, last)
        if first == last and pieces:
            pieces[-1][1] = high
        elif pieces and pieces[-1][2] == pieces[-1][3]:
            pieces[-1][1], pieces[-1][3] = high, last
        else:
            pieces.append([low, high, first, last])
    found = []
    for index, (low, high, first, last) in enumerate(pieces):
        while high > low and text[high - 1].isspace():
            high -= 1
        opens, closes = index == 0, index == len(pieces) - 1
        begin, end = line.first + first, line.first + last
        found.append(Unit(low, high, begin, end, line.line, opens, closes))
    return found
