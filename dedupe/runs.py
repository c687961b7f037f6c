"""Which words in a row stand twice in a text: a rolling hash of k-grams and a sort (Manber 1994).

Linear in the text but for the sort, because each k-gram is linked to its last and its first
occurrence only, never to all of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dedupe.characters import U64, led, stable_order
from dedupe.tokens import Bools, Ints, ranged

Run = tuple[int, int, int]
"""(start of the earlier copy, start of the later copy, length), in words."""

_COPIES = 16
"""Occurrences of a k-gram that may be copies; more are a turn of phrase or the rows of a table."""


def repeated_runs(
    ids: Ints, often: Bools, k: int, shortest_period: int, most_runs: int
) -> list[Run]:
    """Maximal exact repeats of ``k`` words or more in ``ids``, by start of the later copy.

    ``often`` says which words stand more than once.
    Repeats closer than ``shortest_period`` words are left out ("ha ha ha").  Where there are
    more than ``most_runs`` the shortest are dropped: a text that repeats that often in small
    pieces is a table, and the time must stay linear.
    """
    count = len(ids) - k + 1
    if count < 2:
        return []
    # Of the k-grams of most texts one in six has no word in it that stands but once.
    shared = often[:count].copy()
    for offset in range(1, k):
        shared &= often[offset : offset + count]
    at = np.flatnonzero(shared)
    grams = _gram_hashes(ids, k, at)
    order = stable_order(grams)
    ranked = grams.take(order)
    order = at.take(order)
    # Places in that order after which the same k-gram stands again: few, of most texts.
    same = np.flatnonzero(ranked[1:] == ranked[:-1])
    if not len(same):
        return []
    opens = led(same[1:] != same[:-1] + 1)
    group = opens.cumsum() - 1
    begins = same[opens][group]
    few = np.bincount(group)[group] < _COPIES
    later, earlier = order[same + 1], order[same]
    # The first occurrence of the k-gram as well: a third copy may resemble only the first one.
    further = few & (same > begins)
    later = np.concatenate([later[few], later[further]])
    earlier = np.concatenate([earlier[few], order[begins[further]]])
    far = later - earlier >= shortest_period
    if not far.any():
        return []
    later, earlier = later[far], earlier[far]
    diagonal = later - earlier
    order = np.lexsort((later, diagonal))
    later, earlier, diagonal = later[order], earlier[order], diagonal[order]
    at = np.flatnonzero(led((diagonal[1:] != diagonal[:-1]) | (later[1:] != later[:-1] + 1)))
    lengths = np.append(at[1:], len(later)) - at + k - 1
    runs = _Runs(earlier[at], later[at], later[at] + lengths)
    if len(at) > most_runs:
        runs = runs.some(np.sort(np.argsort(-lengths, kind="stable")[:most_runs]))
    # Where no k-gram stands three times each is linked to its one counterpart, all along a run.
    if further.any() or not few.all():
        runs = _merged(_maximal(ids, runs))
    runs = _longest(runs)
    runs = runs.some(np.lexsort((runs.a, runs.b)))
    return list(zip(runs.a.tolist(), runs.b.tolist(), runs.lengths.tolist(), strict=True))


_REACH = 64
"""Words by which a run is extended; a phrase that stands often is shorter."""


class _Runs(NamedTuple):
    """Runs as columns, sorted by diagonal (``b - a``) and place if nothing else is said."""

    a: Ints
    """Where the earlier copy begins."""
    b: Ints
    """Where the later copy begins..."""
    ends: Ints
    """...and ends, exclusive."""

    @property
    def lengths(self) -> Ints:
        return self.ends - self.b

    def some(self, which: Ints | Bools) -> _Runs:
        return _Runs(self.a[which], self.b[which], self.ends[which])


def _maximal(ids: Ints, runs: _Runs) -> _Runs:
    """The runs extended as far as the words are equal.

    A phrase that stands several times is linked to other places than its counterpart in a copy;
    the words around it say which that is.
    """
    a, b, ends = runs.a.copy(), runs.b.copy(), runs.ends.copy()
    diagonal = b - a
    growing = np.arange(len(a))
    for _ in range(_REACH):
        growing = growing[a[growing] > 0]
        growing = growing[ids[a[growing] - 1] == ids[b[growing] - 1]]
        if not len(growing):
            break
        a[growing] -= 1
        b[growing] -= 1
    growing = np.arange(len(a))
    for _ in range(_REACH):
        growing = growing[ends[growing] < len(ids)]
        growing = growing[ids[ends[growing]] == ids[ends[growing] - diagonal[growing]]]
        if not len(growing):
            break
        ends[growing] += 1
    return _Runs(a, b, ends)


def _merged(runs: _Runs) -> _Runs:
    """Those of one diagonal that overlap or touch made one."""
    diagonal = runs.b - runs.a
    other = led(diagonal[1:] != diagonal[:-1])
    # The furthest end so far on the diagonal: ends are smaller than what parts the diagonals.
    beyond = (other.cumsum() - 1) * (int(runs.ends.max()) + 1)
    reached = np.maximum.accumulate(runs.ends + beyond) - beyond
    other[1:] |= runs.b[1:] > reached[:-1]
    return _Runs(
        runs.a[other], runs.b[other], np.maximum.reduceat(runs.ends, np.flatnonzero(other))
    )


def _longest(runs: _Runs) -> _Runs:
    """``runs`` without those inside the later copy of one twice as long.

    Of two places with the same words the one that also has their neighbours is the source.
    """
    lengths = runs.lengths
    if 2 * int(lengths.min()) > int(lengths.max()):
        return runs
    order = np.argsort(lengths, kind="stable")
    edges = np.empty((len(lengths), 2), dtype=np.int64)
    edges[:, 0], edges[:, 1] = runs.b, runs.ends
    # Of several values for one place the last one stays: the length of the longest run there.
    reach = np.zeros(int(runs.ends.max()) + 1, dtype=np.int64)
    reach[ranged(edges[order])] = np.repeat(lengths[order], lengths[order])
    least = np.minimum.reduceat(reach, edges.ravel())[::2]
    return runs.some(least < 2 * lengths)


_GRAM_BASE = np.uint64(0xD1342543DE82EF95)


def _gram_hashes(ids: Ints, k: int, at: Ints) -> U64:
    """A 64-bit hash of the k-gram at each of the places ``at``: a polynomial in the words."""
    words = ids.view(np.uint64)
    grams = words.take(at)
    for offset in range(1, k):
        grams *= _GRAM_BASE
        grams += words[offset:].take(at)
    grams *= _GRAM_BASE  # what is sorted by are the upper bits
    return grams
