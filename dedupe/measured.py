"""The figures of a pair of texts, each measured when it is first asked for.

No figure depends on the policy, so that one pair can be judged by many policies at little cost.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from dedupe import numbers
from dedupe.characters import U64
from dedupe.cohesion import cohesion
from dedupe.policy import RECIPE
from dedupe.prepared import Prepared, within
from dedupe.text import word_spans


class Measured:
    """Two prepared documents and what can be measured of them; shares are 0..1."""

    def __init__(self, a: Prepared, b: Prepared) -> None:
        self.a, self.b = a, b
        self.shorter, self.longer = (a, b) if len(a.ordered) <= len(b.ordered) else (b, a)
        self._heads: dict[int, tuple[float, float]] = {}

    @cached_property
    def shared(self) -> int:
        """Distinct shingles in both."""
        both = np.concatenate([self.a.shingles, self.b.shingles])
        # Stable, which finds the two ascending halves and merges them: five times as fast.
        both.sort(kind="stable")
        return int(np.count_nonzero(both[1:] == both[:-1]))

    @property
    def jaccard(self) -> float:
        """Shared shingles over those of both together."""
        union = len(self.a.shingles) + len(self.b.shingles) - self.shared
        return self.shared / union if union else 0.0

    @property
    def left_in_right(self) -> float:
        """Share of the left text's shingles that stand in the right one."""
        return self.shared / len(self.a.shingles) if len(self.a.shingles) else 0.0

    @property
    def right_in_left(self) -> float:
        """Share of the right text's shingles that stand in the left one."""
        return self.shared / len(self.b.shingles) if len(self.b.shingles) else 0.0

    @cached_property
    def containment(self) -> float:
        """Share of the shorter text's shingles found in the longer."""
        return max(self.left_in_right, self.right_in_left)

    def heads(self, words: int) -> tuple[float, float]:
        """Share of each text's first ``words`` words that stand anywhere in the other."""
        if words not in self._heads:
            self._heads[words] = (
                _head(self.a, self.b.shingles, words),
                _head(self.b, self.a.shingles, words),
            )
        return self._heads[words]

    @cached_property
    def figures(self) -> numbers.Agreement:
        """Figures that stand in the same place."""
        return numbers.compare(self.a.tokens, self.b.tokens)

    @cached_property
    def days_apart(self) -> float | None:
        """Days between the publications, or the fetches where no time of publication is known."""
        left, right = self.a.document.published_at, self.b.document.published_at
        if left is None or right is None:
            return None
        return abs((left - right).total_seconds()) / 86400

    @property
    def dated(self) -> bool:
        """Whether both publication times are known."""
        return self.days_apart is not None and self.a.document.dated and self.b.document.dated

    @cached_property
    def title_words(self) -> int:
        """Words of the shorter title."""
        return min(len(self.a.title_words), len(self.b.title_words))

    @cached_property
    def title_overlap(self) -> float:
        """Shared words of the titles over those of the shorter."""
        return _overlap(self.a.title_words, self.b.title_words)

    @cached_property
    def names(self) -> int:
        """Names in the text that has fewer."""
        return min(len(self.a.names), len(self.b.names))

    @cached_property
    def names_shared(self) -> float:
        """Shared names over those of the text that has fewer."""
        return _overlap(self.a.names, self.b.names)

    @cached_property
    def words_shared(self) -> float:
        """Words of both together that stand in both, in whatever order."""
        (left, counts), (right, theirs) = self.a.bag, self.b.bag
        _, at, there = np.intersect1d(left, right, assume_unique=True, return_indices=True)
        both = int(np.minimum(counts[at], theirs[there]).sum())
        union = int(counts.sum()) + int(theirs.sum()) - both
        return both / union if union else 1.0

    @cached_property
    def words_shared_at_most(self) -> float:
        """No less than ``words_shared``, and told sooner."""
        left, right = self.a.bins, self.b.bins
        both = int(np.minimum(left, right).sum())
        union = int(left.sum()) + int(right.sum()) - both
        return both / union if union else 1.0

    @cached_property
    def figures_shared(self) -> float:
        """Figures of both together that stand in both, in whatever order; 1 without figures."""
        left, right = self.a.figures, self.b.figures
        union = (left | right).total()
        return (left & right).total() / union if union else 1.0

    @cached_property
    def languages(self) -> tuple[str, str]:
        """The declared languages; empty where none is."""
        left, right = self.a.document.language, self.b.document.language
        return left[:2].lower(), right[:2].lower()

    @cached_property
    def subjects_named(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """For each text, long words of its title that it names: outside what both share, inside."""
        return _named(self.a, self.b.shingles), _named(self.b, self.a.shingles)

    @cached_property
    def region(self) -> tuple[int, int]:
        """``[start, end)`` in shingles of the longer text: the stretch that the other fills.

        The stretch of the highest sum when a shared shingle counts 1 and a foreign one -1/3
        (Kadane): edits inside a copy do not break it, a foreign paragraph ends it.
        """
        shared = within(self.longer.ordered, self.shorter.shingles)
        best = running = 0.0
        start = best_start = best_end = 0
        for position, is_shared in enumerate(shared.tolist()):
            running += 1.0 if is_shared else -1 / 3
            if running <= 0:
                running, start = 0.0, position + 1
            elif running > best:
                best, best_start, best_end = running, start, position + 1
        return best_start, best_end

    @cached_property
    def held(self) -> float:
        """Share of the shorter text's shingles, repeated ones counted, in the longer."""
        return _share(self.shorter.ordered, self.longer.shingles)

    @cached_property
    def rest_cohesion(self) -> float:
        """Cohesion of the region with the longer of the stretches before and behind it."""
        text, (start, end) = self.longer.text, self.region
        spans = word_spans(text)
        first, last = (spans[min(at, len(spans) - 1)][0] for at in (start, end))
        before = start > len(self.longer.ordered) - end
        return cohesion(text[first:last], text[:first] if before else text[last:])


def _head(of: Prepared, among: U64, size: int) -> float:
    return _share(of.ordered[: max(1, size - RECIPE.shingle_words + 1)], among)


def _share(keys: U64, among: U64) -> float:
    """Share of ``keys`` that stand in ``among``; 0 of none."""
    return int(np.count_nonzero(within(keys, among))) / len(keys) if len(keys) else 0.0


def _named(of: Prepared, among: U64) -> tuple[int, int]:
    if not of.subjects:
        return 0, 0
    size = len(of.stems) - len(of.ordered) + 1
    shared = bytearray(len(of.stems))
    for position in np.flatnonzero(within(of.ordered, among)).tolist():
        shared[position : position + size] = b"\1" * size
    named: tuple[set[str], set[str]] = (set(), set())
    for stem, is_shared in zip(of.stems, shared, strict=False):
        if stem in of.subjects:
            named[is_shared].add(stem)
    return len(named[0]), len(named[1])


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    smaller = min(len(left), len(right))
    return len(left & right) / smaller if smaller else 0.0
