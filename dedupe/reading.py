"""A text taken apart: words, lines, sentences, and where each word stood before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dedupe.align import Chain
from dedupe.policy import RepeatPolicy
from dedupe.segments import Line, Style, Unit, link_spans, style, units
from dedupe.tokens import Bools, Ints, Tokens

_GLUED_WORDS = 12
"""Words of a chain whose beginning may be a joint; a shorter one is a phrase."""

_EDITED_WORDS = 3
"""First words of a copy that an editor may have changed, as many as its end may lack."""

_OPENING = re.compile(r"(?:[(\[{（［【「『《–—-][^\S\n]*)+\Z")
_LONGEST_OPENING = 12
"""What opens belongs to the word after it; quotation marks may close, so they are not here."""

_IN_FIGURE = re.compile(r"\d[.,:]\d")
"""``2.1`` is one mark, not a copy glued to a full stop."""


@dataclass(frozen=True)
class Reading:
    """What judging needs to know of one text."""

    text: str
    words: Tokens
    laid: list[Line]
    units: list[Unit]
    partner: Ints
    """For each word the earlier word that it copies, or -1."""
    weight: npt.NDArray[np.float64]
    """For each word 1, or less for a character of an unspaced script."""
    _styles: dict[int, Style] = field(default_factory=dict)

    @cached_property
    def unit_of(self) -> Ints:
        """The unit in which each word lies."""
        return np.repeat(np.arange(len(self.units)), [unit.words for unit in self.units])

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
        distinct, which = np.unique(points[self.words.starts], return_inverse=True)
        found: Bools = np.array([chr(point).isdigit() for point in distinct.tolist()])[which]
        for start, end in link_spans(self.text):
            first, last = np.searchsorted(self.words.starts, (start, end)).tolist()
            found[first:last] = True
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
        firsts = np.array([self.units[number].first for number in numbers])
        counts = np.array([self.units[number].words for number in numbers])
        before = np.cumsum(counts) - counts
        inside: Ints = np.arange(int(counts.sum())) + np.repeat(firsts - before, counts)
        return inside


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
    twice = np.zeros(len(words) + 1, dtype=np.int64)
    for chain in reversed(found):
        partner[chain.later] = chain.earlier
        twice[chain.later + 1] = 1
        twice[chain.earlier + 1] = 1
    parts = units(text, words.starts, laid, reach, _joints(text, words, found), np.cumsum(twice))
    weight = np.where(words.unspaced, policy.unspaced_weight, 1.0)
    return Reading(text, words, laid, parts, partner, weight)


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
