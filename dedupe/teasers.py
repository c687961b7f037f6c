"""Excerpts above an article that a machine broke off in the middle of a clause.

A summary set as the first paragraph comes in two kinds.  A whole sentence of the text above it is
a standfirst or a key point: of 784 true texts eight open so, and it stays.  A paragraph that stops
between two words of the text, with or without an ellipsis, was cut to a length by a machine, and
none of the true texts has one: it goes.
"""

from __future__ import annotations

import re

import numpy as np

from dedupe.policy import RepeatPolicy
from dedupe.segments import Line, style
from dedupe.tokens import Ints, Tokens

_OPENING_LINES = 12
"""Lines in which an article's head stands: headline, byline, share buttons, excerpt."""
_HEADLINE = 20
"""Words of the longest headline, which may be the beginning of a sentence of the text."""
_ALIKE = 3
"""Words that tell whether a line goes on with the next one."""
_TELLING = 4
"""First words of a line that few other places have; a policy asks for more of a repeat."""
_TRAIL = re.compile(r"[\s\[(]*(?:\.\.\.+|…)[\s\])]*$")
"""What shows that a text was broken off."""
_SENTENCE_END = ".!?…。！？؟"

Teaser = tuple[int, int, int, int]
"""``(start, end, of_start, of_end)`` in characters: the excerpt's lines, and where it goes on."""


def teasers(
    text: str, words: Tokens, laid: list[Line], reach: Ints, policy: RepeatPolicy
) -> list[Teaser]:
    """The broken-off excerpts at the head of ``text``, each with the passage that it begins.

    ``reach`` is that of ``laid``.
    """
    places = reach[:_OPENING_LINES].tolist()
    found: list[Teaser] = []
    group: list[tuple[int, int]] = []  # lines that follow one another in the text, and where
    for number, line in enumerate(laid[:_OPENING_LINES]):
        first, last = places[number]
        at = _further(words, first, last, policy.least_words)
        if at is None:
            if _is_text(text, line, last - first):
                break
            group = []
            continue
        runs_on = bool(group) and group[-1][1] == at
        group = [*group, (number, at + last - first)] if runs_on else [(number, at + last - first)]
        begin = laid[group[0][0]]
        size = last - places[group[0][0]][0]
        source = at + last - first - size
        if (
            _is_broken(text, words, line, at + last - first, size)
            and not _runs_on(words, last, at + last - first)
            and _begins(text, words, source)
        ):
            after = laid[number + 1].start if number + 1 < len(laid) else len(text)
            found.append(
                (
                    begin.start,
                    after,
                    int(words.starts[source]),
                    int(words.ends[source + size - 1]),
                )
            )
            group = []
    return found


def _is_text(text: str, line: Line, words: int) -> bool:
    """Whether ``line`` opens the article itself."""
    return words > _HEADLINE and style(text[line.start : line.end]).prose


def _further(words: Tokens, first: int, last: int, least: int) -> int | None:
    """Where the words ``[first, last)`` stand once more behind it, all of them, or None."""
    size = last - first
    if size < least:
        return None
    ids = words.ids
    stop = len(ids) - size + 1
    if stop <= last:
        return None
    places = np.flatnonzero(ids[last:stop] == ids[first]) + last
    for step in range(1, _TELLING):
        places = places[ids[places + step] == ids[first + step]]
    for at in places.tolist():
        if np.array_equal(ids[at : at + size], ids[first:last]):
            return int(at)
    return None


def _runs_on(words: Tokens, here: int, there: int) -> bool:
    """Whether both places go on with the same words: what looks broken off is a wrapped line."""
    step = words.ids[here : here + _ALIKE]
    return bool(np.array_equal(step, words.ids[there : there + _ALIKE]))


def _is_broken(text: str, words: Tokens, line: Line, end: int, size: int) -> bool:
    """Whether ``line`` stops where the text, at word ``end``, goes on in the same clause."""
    if end >= len(words):
        return False
    gap = text[int(words.ends[end - 1]) : int(words.starts[end])]
    written = text[line.start : line.end]
    if "\n" in gap or any(sign in _SENTENCE_END for sign in gap):
        return False
    if _TRAIL.search(written):
        return True
    return size > _HEADLINE and gap.isspace() and written[-1] not in _SENTENCE_END


def _begins(text: str, words: Tokens, at: int) -> bool:
    """Whether a sentence begins at word ``at``."""
    if at == 0:
        return True
    gap = text[int(words.ends[at - 1]) : int(words.starts[at])]
    return "\n" in gap or any(sign in _SENTENCE_END for sign in gap)
