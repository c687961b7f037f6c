"""Two texts laid beside each other, sentence by sentence, with the words that changed.

Runs of three words that stand once in each text and in the same order are anchors (patience
alignment, as in ``bzr diff``); between them the words are aligned by a longest common
subsequence.  For reading only: no verdict depends on it, so a bound that is met costs a mark.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dedupe.align import common
from dedupe.text import fold, word_spans

# Longer texts are compared as far as this: a screen shows less, and tables stay quick.
_LONGEST = 60_000
# Cells of a gap between two anchors that are aligned; a larger one is two different texts.
_GAP_CELLS = 250_000
# Share of the shorter sentence's words that have to be matched for two to be laid side by side.
_SAME_SENTENCE = 0.4
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence."""

    text: str
    same: bool
    """Whether its words stand in the same place of the other text."""


@dataclass(frozen=True, slots=True)
class Row:
    """Sentences that stand beside each other; one side may be empty."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]

    @property
    def same(self) -> bool:
        """Whether both sides say the same, word for word."""
        return bool(self.left and self.right) and all(
            piece.same for piece in (*self.left, *self.right)
        )

    @property
    def paired(self) -> bool:
        """Whether there is something on both sides."""
        return bool(self.left and self.right)


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    spans: list[tuple[int, int]]
    ids: list[int]
    sentences: list[tuple[int, int]]
    """``[first, end)`` of each, in words."""


def side_by_side(left: str, right: str) -> list[Row]:
    """Every sentence of both texts in reading order, those that correspond in one row."""
    numbers: dict[str, int] = {}
    one, other = _read(left[:_LONGEST], numbers), _read(right[:_LONGEST], numbers)
    pairs = _aligned(one.ids, other.ids)
    matched_left = {a for a, _ in pairs}
    matched_right = {b for _, b in pairs}
    rows = []
    for first, second in _rows(one, other, pairs):
        rows.append(
            Row(
                _pieces(one, first, matched_left) if first is not None else (),
                _pieces(other, second, matched_right) if second is not None else (),
            )
        )
    return rows


def _read(text: str, numbers: dict[str, int]) -> _Text:
    spans = word_spans(text)
    ids = [numbers.setdefault(fold(text[start:end]), len(numbers)) for start, end in spans]
    starts = [start for start, _ in spans]
    cuts = sorted({0, len(spans), *(bisect_left(starts, at) for at in _ends(text))})
    return _Text(text, spans, ids, [(a, b) for a, b in pairwise(cuts) if a < b])


def _ends(text: str) -> Iterator[int]:
    return (match.end() for match in _SENTENCE_END.finditer(text))


def _aligned(left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
    """Word pairs that correspond, ascending on both sides."""
    anchors = _anchors(left, right)
    both, shift = [*left, *right], len(left)
    pairs: list[tuple[int, int]] = []
    a = b = 0
    for next_a, next_b in [*anchors, (len(left), len(right))]:
        if next_a < a or next_b < b:
            continue
        if (next_a - a) * (next_b - b) <= _GAP_CELLS:
            found = common(both, a, next_a, shift + b, shift + next_b)
            pairs += [(one, other - shift) for one, other in found]
        if next_a < len(left) and next_b < len(right):
            pairs.append((next_a, next_b))
        a, b = next_a + 1, next_b + 1
    return pairs


def _anchors(left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
    def once(ids: Sequence[int]) -> dict[tuple[int, ...], int]:
        grams = [tuple(ids[at : at + 3]) for at in range(len(ids) - 2)]
        times = Counter(grams)
        return {gram: at for at, gram in enumerate(grams) if times[gram] == 1}

    there = once(right)
    met = [(at, there[gram]) for gram, at in once(left).items() if gram in there]
    met.sort()
    # The longest run of anchors that ascends on both sides.
    tails: list[int] = []
    last: list[int] = []
    before = [-1] * len(met)
    for number, (_, place) in enumerate(met):
        rank = bisect_left(tails, place)
        before[number] = last[rank - 1] if rank else -1
        if rank == len(tails):
            tails.append(place)
            last.append(number)
        else:
            tails[rank] = place
            last[rank] = number
    chain = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(met[at])
        at = before[at]
    chain.reverse()
    return chain


def _rows(
    one: _Text, other: _Text, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int] | None, tuple[int, int] | None]]:
    """Sentences of both texts in order; each is paired at most once, with its best counterpart."""
    of_left = _numbers(one)
    of_right = _numbers(other)
    shared = Counter((of_left[a], of_right[b]) for a, b in pairs)
    best: dict[int, tuple[int, int]] = {}
    for (first, second), words in shared.items():
        shorter = min(_size(one.sentences[first]), _size(other.sentences[second]))
        if words >= _SAME_SENTENCE * shorter and words > best.get(first, (0, 0))[0]:
            best[first] = (words, second)
    at = 0
    for first, sentence in enumerate(one.sentences):
        _, second = best.get(first, (0, -1))
        if second < at:
            yield sentence, None
            continue
        for number in range(at, second):
            yield None, other.sentences[number]
        yield sentence, other.sentences[second]
        at = second + 1
    for number in range(at, len(other.sentences)):
        yield None, other.sentences[number]


def _numbers(text: _Text) -> list[int]:
    return [number for number, (a, b) in enumerate(text.sentences) for _ in range(a, b)]


def _size(sentence: tuple[int, int]) -> int:
    return sentence[1] - sentence[0]


def _pieces(of: _Text, sentence: tuple[int, int], matched: set[int]) -> tuple[Piece, ...]:
    """The sentence as stretches; what stands between two words goes with the first."""
    first, end = sentence
    start = of.spans[first - 1][1] if first else 0
    # Quotation marks and brackets before the first word belong to it, sentence ends do not.
    start = of.spans[first][0] - len(_opening(of.text[start : of.spans[first][0]]))
    stop = of.spans[end][0] if end < len(of.spans) else len(of.text)
    if end < len(of.spans):
        stop -= len(_opening(of.text[of.spans[end - 1][1] : stop]))
    pieces: list[Piece] = []
    at = start
    for number in range(first, end):
        to = of.spans[number + 1][0] if number + 1 < end else stop
        same = number in matched
        if pieces and pieces[-1].same == same:
            pieces[-1] = Piece(pieces[-1].text + of.text[at:to], same)
        else:
            pieces.append(Piece(of.text[at:to], same))
        at = to
    return tuple(pieces)


def _opening(between: str) -> str:
    found = re.search(r"[\"'“‘«(\[„$€£¥#@]+$", between)
    return found[0] if found else ""
