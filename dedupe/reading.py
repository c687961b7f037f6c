"""A text taken apart: words, lines, sentences, and where each word stood before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain as chained
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from dedupe.align import Chain
from dedupe.policy import RepeatPolicy
from dedupe.segments import Line, Style, Unit, link_spans, parted, style, whole_lines
from dedupe.tokens import Bools, Ints, Tokens, ranged

_ZERO, _NINE, _ASCII = 0x30, 0x39, 0x7F

_GLUED_WORDS = 12
"""Words of a chain whose beginning may be a joint; a shorter one is a phrase."""

_EDITED_WORDS = 3
"""First words of a copy that an editor may have changed, as many as its end may lack."""

_OPENING = re.compile(r"(?:[(\[{（［【「『《–—-][^\S\n]*)+\Z")
_LONGEST_OPENING = 12
"""What opens belongs to the word after it; quotation marks may close, so they are not here."""

_IN_FIGURE = re.compile(r"\d[.,:]\d")
"""``2.1`` is one mark, not a copy glued to a full stop."""


_EDGES = attrgetter("first", "last")


@dataclass(frozen=True)
class Reading:
    """What judging needs to know of one text."""

    text: str
    words: Tokens
    laid: list[Line]
    reach: Ints
    """``[first, last)`` in words of each line of ``laid``."""
    partner: Ints
    """For each word the earlier word that it copies, or -1."""
    copied_before: Ints
    """How many words before each, and before the end, have a partner."""
    weight: npt.NDArray[np.float64]
    """For each word 1, or less for a character of an unspaced script."""
    joints: list[int]
    """Characters, ascending, at which a later copy was stuck to what stands before it."""
    lines: list[Unit]
    """Each line as one unit."""
    parted: list[int]
    """The lines that are parted into sentences: those in which something stands twice."""
    _pieces: dict[int, list[Unit]] = field(default_factory=dict)
    _styles: dict[int, Style] = field(default_factory=dict)

    def line_of(self, word: int) -> int:
        """The line in which ``word`` lies."""
        return int(np.searchsorted(self.reach[:, 1], word, side="right"))

    def lines_of(self, words: Ints) -> list[int]:
        """The line in which each of ``words`` lies."""
        found: list[int] = np.searchsorted(self.reach[:, 1], words, side="right").tolist()
        return found

    def parting(self, numbers: list[int]) -> Reading:
        """The same text with only the lines ``numbers`` parted, which ascend."""
        return replace(self, parted=numbers)

    @cached_property
    def units(self) -> list[Unit]:
        """The text in pieces that are kept or cut as a whole."""
        found: list[Unit] = []
        done = 0
        for number in self.parted:
            found += self.lines[done:number]
            found += self._pieces_of(number)
            done = number + 1
        return found + self.lines[done:]

    def _pieces_of(self, number: int) -> list[Unit]:
        found = self._pieces.get(number)
        if found is None:
            line = self.lines[number]
            places = self.words.starts[line.first : line.last].tolist()
            found = self._pieces[number] = parted(self.text, line, places, self.joints)
        return found

    @cached_property
    def edges(self) -> Ints:
        """``[first, last)`` in words of each unit."""
        found = chained.from_iterable(map(_EDGES, self.units))
        return np.fromiter(found, np.int64, 2 * len(self.units)).reshape(-1, 2)

    @cached_property
    def matched(self) -> list[int]:
        """How many words of each unit stand earlier."""
        counts = self.copied_before[self.edges]
        found: list[int] = (counts[:, 1] - counts[:, 0]).tolist()
        return found

    @cached_property
    def unit_of(self) -> Ints:
        """The unit in which each word lies."""
        return np.repeat(np.arange(len(self.units)), self.edges[:, 1] - self.edges[:, 0])

    @cached_property
    def times(self) -> Ints:
        """How often each word's first occurrence was copied, itself counted."""
        root = np.where(self.partner >= 0, self.partner, np.arange(len(self.partner)))
        while True:
            further = root[root]
            if np.array_equal(further, root):
                counts: Ints = np.bincount(root, minlength=len(root))[root]
                return counts
            root = further

    @cached_property
    def figures(self) -> Bools:
        """Which words are numbers or parts of a link: what a template fills anew."""
        points = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        first = points[self.words.starts]
        found: Bools = (first >= _ZERO) & (first <= _NINE)
        other = np.flatnonzero(first > _ASCII)
        points, which = np.unique(first[other], return_inverse=True)
        found[other] = np.array([chr(point).isdigit() for point in points.tolist()], bool)[which]
        for start, end in link_spans(self.text):
            low, high = np.searchsorted(self.words.starts, (start, end)).tolist()
            found[low:high] = True
        return found

    @cached_property
    def figures_before(self) -> Ints:
        """How many of ``figures`` stand before each word, and before the end."""
        return np.concatenate([[0], np.cumsum(self.figures)])

    def style_of(self, number: int) -> Style:
        """The style of the line in which unit ``number`` lies."""
        place = self.units[number].line
        found = self._styles.get(place)
        if found is None:
            line = self.laid[place]
            found = self._styles[place] = style(self.text[line.start : line.end])
        return found

    def words_in(self, numbers: list[int]) -> Ints:
        """The words of the units ``numbers``, which ascend."""
        first, last = self.units[numbers[0]].first, self.units[numbers[-1]].last
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            return np.arange(first, last)
        return ranged(self.edges[numbers])


def read(
    text: str,
    words: Tokens,
    laid: list[Line],
    reach: Ints,
    found: list[Chain],
    policy: RepeatPolicy,
) -> Reading:
    """``text`` with its chains, the longest first, laid over its words."""
    partner = np.full(len(words), -1)
    twice = np.zeros(len(words), dtype=bool)
    for chain in reversed(found):
        partner[chain.later] = chain.earlier
        twice[chain.later] = True
        twice[chain.earlier] = True
    copied_before = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(partner >= 0, out=copied_before[1:])
    weight = np.ones(len(words))
    if not words.simple:
        weight[words.unspaced] = policy.unspaced_weight
    joints = sorted(_joints(text, words, found))
    whole = whole_lines(laid, reach)
    made = Reading(
        text, words, laid, reach, partner, copied_before, weight, joints, whole, parted=[]
    )
    return made.parting(sorted(set(made.lines_of(np.flatnonzero(twice)))))


def _joints(text: str, words: Tokens, found: list[Chain]) -> set[int]:
    """Characters at which the later copy of a chain was stuck to what stands before it."""
    starts, ends, ids = words.starts, words.ends, words.ids
    joints: set[int] = set()
    for chain in found:
        if chain.matched < _GLUED_WORDS:
            continue
        a, b = int(chain.earlier[0]), int(chain.later[0])
        opens = int(starts[a]) == _line_start(text, int(starts[a]))
        if a > 0 and b > 0 and ids[b - 1] != ids[a - 1]:
            # "voicethe term" is the last word of one copy and the first of the next.
            begin, end = int(starts[a - 1]), int(ends[b - 1])
            head = text[begin : int(ends[a - 1])]
            glued = text[int(starts[b - 1]) : end].endswith(head)
            if glued and begin == _line_start(text, begin):
                joints.add(end - len(head))
                continue
        at = int(starts[b])
        line = _line_start(text, at)
        if text[at - 1].isspace() and b - int(np.searchsorted(starts, line)) <= _EDITED_WORDS:
            continue  # the copy begins with its line, the first words of which were edited
        if int(chain.earlier[-1]) + 1 == b or opens:
            before = text[max(line, at - _LONGEST_OPENING) : at]
            at -= len(before) - len(_OPENING.sub("", before))
            if not _IN_FIGURE.match(text, max(0, at - 2)):
                joints.add(at)
    return joints


def _line_start(text: str, at: int) -> int:
    start = text.rfind("\n", 0, at) + 1
    while start < at and not text[start].isalnum():
        start += 1
    return start
