"""Which words in a row stand twice in a text: a rolling hash of k-grams and a sort (Manber 1994).

Linear in the text but for the sort, because each k-gram is linked to its last and its first
occurrence only, never to all of them.
"""

from __future__ import annotations

import numpy as np

from dedupe.characters import U64, led, stable_order
from dedupe.tokens import Bools, Ints

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
    group = np.cumsum(opens) - 1
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
    begins_a, begins_b = earlier[at], later[at]
    if len(at) > most_runs:
        keep = np.sort(np.argsort(-lengths, kind="stable")[:most_runs])
        begins_a, begins_b, lengths = begins_a[keep], begins_b[keep], lengths[keep]
    return _longest(ids, _maximal(ids, begins_a, begins_b, lengths))


_REACH = 64
"""Words by which a run is extended; a phrase that stands often is shorter."""


def _maximal(ids: Ints, a: Ints, b: Ints, lengths: Ints) -> list[Run]:
    """The runs, sorted by diagonal and place, extended as far as the words are equal.

    A phrase that stands several times is linked to other places than its counterpart in a copy;
    the words around it say which that is.
    """
    a, b, ends = a.copy(), b.copy(), b + lengths
    diagonal = b - a
    for _ in range(_REACH):
        grows = np.flatnonzero(a > 0)
        grows = grows[ids[a[grows] - 1] == ids[b[grows] - 1]]
        if not len(grows):
            break
        a[grows] -= 1
        b[grows] -= 1
    for _ in range(_REACH):
        grows = np.flatnonzero(ends < len(ids))
        grows = grows[ids[ends[grows]] == ids[ends[grows] - diagonal[grows]]]
        if not len(grows):
            break
        ends[grows] += 1
    runs: list[Run] = []
    for start_a, start_b, end in zip(a.tolist(), b.tolist(), ends.tolist(), strict=True):
        if runs:
            last_a, last_b, length = runs[-1]
            if last_b - last_a == start_b - start_a and start_b <= last_b + length:
                runs[-1] = last_a, last_b, max(length, end - last_b)
                continue
        runs.append((start_a, start_b, end - start_b))
    return runs


def _longest(ids: Ints, runs: list[Run]) -> list[Run]:
    """``runs`` by start of the later copy, without those inside the later copy of one twice as
    long: of two places with the same words the one that also has their neighbours is the source.
    """
    longest = max(length for _, _, length in runs)
    if any(2 * length <= longest for _, _, length in runs):
        reach = np.zeros(len(ids) + 1, dtype=np.int64)
        for _, b, length in sorted(runs, key=lambda run: run[2]):
            reach[b : b + length] = length
        edges = np.array([(b, b + length) for _, b, length in runs])
        least = np.minimum.reduceat(reach, edges.ravel())[::2].tolist()
        runs = [run for run, low in zip(runs, least, strict=True) if low < 2 * run[2]]
    return sorted(runs, key=lambda run: (run[1], run[0]))


_GRAM_BASE = np.uint64(0xD1342543DE82EF95)


def _gram_hashes(ids: Ints, k: int, at: Ints) -> U64:
    """A 64-bit hash of the k-gram at each of the places ``at``: a polynomial in the words."""
    words = ids.astype(np.uint64)
    grams = words.take(at)
    for offset in range(1, k):
        grams *= _GRAM_BASE
        grams += words.take(at + offset)
    grams *= _GRAM_BASE  # what is sorted by are the upper bits
    return grams
