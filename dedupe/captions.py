"""A line that the next one says again with a credit behind it: a picture's text and its caption.

A picture brings its text twice, as its description and below it, one of them with the name of the
photographer.  The shorter line is the beginning of its neighbour word for word, so nothing is
lost with it.
"""

from __future__ import annotations

import re

import numpy as np

from dedupe.policy import RepeatPolicy
from dedupe.segments import Line
from dedupe.tokens import Ints, Tokens

_CREDIT = 8
"""Words of the longest credit; a longer addition is text."""
_LONGEST = 100
"""Words of the longest caption."""
_SET_OFF = re.compile(r"[.!?…。！？؟\"”»)\]]?[\s]*[(\[（©|/–—-]|[.!?…。！？؟][\"”»]?\s*")
"""What stands before a credit."""
_SENTENCE = re.compile(r"[.!?…。！？؟][\"”»]?$")

Caption = tuple[int, int, int, int]
"""``(start, end, of_start, of_end)`` in characters."""


def captions(
    text: str, words: Tokens, laid: list[Line], reach: Ints, policy: RepeatPolicy
) -> list[Caption]:
    """The lines that stand again beside themselves with a credit; ``reach`` is that of ``laid``."""
    sizes = reach[:, 1] - reach[:, 0]
    short = np.minimum(sizes[1:], sizes[:-1])
    apart = np.abs(np.diff(sizes))
    likely = (short >= policy.least_words) & (short <= _LONGEST) & (apart > 0) & (apart <= _CREDIT)
    above_first, below_first = reach[:-1, 0][likely], reach[1:, 0][likely]
    alike = words.ids[above_first] == words.ids[below_first]
    found: list[Caption] = []
    for above in np.flatnonzero(likely)[alike].tolist():
        one, two = laid[above], laid[above + 1]
        if found and found[-1][0] < one.end and one.start < found[-1][1]:
            continue
        first, second = (
            (above, above + 1) if sizes[above] < sizes[above + 1] else (above + 1, above)
        )
        a, b, size = int(reach[first, 0]), int(reach[second, 0]), int(sizes[first])
        if not np.array_equal(words.ids[a : a + size], words.ids[b : b + size]):
            continue
        begin, end = int(words.starts[b]), int(words.ends[b + size - 1])
        if words.unspaced[a : a + size].sum() > 2 * policy.least_words > size:
            continue
        if not _is_credit(text[end : laid[second].end]):
            continue
        cut = (one.start, two.start) if first == above else (one.end, two.end)
        found.append((*cut, begin, end))
    return found


def _is_credit(rest: str) -> bool:
    """Whether ``rest``, from the end of the caption, is set off from it and no sentence."""
    lead = _SET_OFF.match(rest)
    if lead is None:
        return False
    return lead.group()[-1] in "([（©|" or not _SENTENCE.search(rest)
