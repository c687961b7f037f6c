"""Where a text runs parallel to itself: exact anchors, chained on diagonals, then aligned.

Seed-and-extend, as sequence search does it (Altschul et al. 1990, BLAST; Li 2018, minimap2):
equal k-grams (``dedupe.runs``) on nearly the same diagonal are chained, the gaps of a chain are
filled by a longest common subsequence (Hunt and Szymanski 1977) and its ends are extended while the
score grows (X-drop).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dedupe.policy import RepeatPolicy
from dedupe.runs import Run
from dedupe.tokens import Ints


@dataclass(frozen=True, slots=True)
class Chain:
    """Two stretches of one text, word by word: ``earlier[n]`` equals ``later[n]``.

    Both ascend strictly; ``earlier[n] < later[n]``.  The stretches may overlap when one unit
    stands three times or more in a row.
    """

    earlier: Ints
    later: Ints

    @property
    def matched(self) -> int:
        """Number of word pairs."""
        return len(self.later)


@dataclass(slots=True)
class _Open:
    """A chain that further runs may join."""

    runs: list[Run] = field(default_factory=list)
    words: int = 0


def chains(ids: Ints, runs: list[Run], policy: RepeatPolicy) -> list[Chain] | None:
    """Runs joined over small gaps and aligned word by word, the longest chain first.

    Of more than ``policy.most_chains`` only the long ones; None where those are too many as well.
    """
    found: list[_Open] = []
    active: list[_Open] = []
    for run in runs:
        a, b, length = run
        best: _Open | None = None
        best_drift = policy.chain_drift + 1
        alive = []
        for chain in active:
            last_a, last_b, last_length = chain.runs[-1]
            gap_b = b - last_b - last_length
            if gap_b > policy.chain_gap:
                continue
            alive.append(chain)
            if a <= last_a or b <= last_b or a - last_a - last_length > policy.chain_gap:
                continue
            drift = abs((b - a) - (last_b - last_a))
            if drift < best_drift:
                best, best_drift = chain, drift
        if best is None:
            if len(alive) >= policy.active_chains:
                alive.remove(min(alive, key=lambda chain: chain.words))
            best = _Open()
            found.append(best)
            alive.append(best)
        best.runs.append(run)
        best.words += length
        active = alive
    sizes = [(-sum(length for _, _, length in chain.runs), chain.runs) for chain in found]
    sizes = [(size, linked) for size, linked in sizes if -size >= policy.seed_words]
    if len(sizes) > policy.most_chains:
        sizes = [(size, linked) for size, linked in sizes if -size >= policy.short_words]
        if len(sizes) > policy.most_chains:
            return None
    if not sizes:
        return []
    sizes.sort()
    listed: list[int] = ids.tolist()
    known = np.zeros(len(ids), dtype=bool)
    budget = policy.align_share * len(ids)
    aligned = []
    for _, linked in sizes:
        begin, end = linked[0][1], linked[-1][1] + linked[-1][2]
        # A chain inside better ones adds nothing, and rows of a table make thousands.
        if budget < 0:
            break
        if end - begin - int(known[begin:end].sum()) < policy.seed_words:
            continue
        budget -= end - begin + policy.extend_words
        made = _aligned(listed, linked, policy)
        known[made.later] = True
        aligned.append(made)
    aligned.sort(key=lambda chain: (-chain.matched, int(chain.later[0])))
    return aligned


def without_echoes(found: list[Chain], size: int, policy: RepeatPolicy) -> list[Chain]:
    """``found``, the longest first, without what repeats inside one copy of a longer chain.

    A phrase that the first of two copies says twice has the same words as its place in the second
    one; which of them repeats which is plain once the second copy is gone.  ``size`` is the number
    of words of the text.
    """
    gap = policy.news_words
    least = max(policy.short_words, min(policy.long_words, size // 5))
    if found[0].matched < least:
        return found
    covered = np.zeros(size, dtype=np.int64)
    clear = []
    for chain in found:
        over = covered[chain.later] >= max(2 * chain.matched, least)
        if 2 * int(over.sum()) > chain.matched:
            continue
        clear.append(chain)
        for side in (chain.earlier, chain.later):
            at = np.flatnonzero(np.diff(side) > gap) + 1
            for first, last in zip(side[np.r_[0, at]], side[np.r_[at - 1, -1]], strict=True):
                inside = covered[int(first) : int(last) + 1]
                np.maximum(inside, chain.matched, out=inside)
    return clear


def _aligned(ids: Sequence[int], chain: list[Run], policy: RepeatPolicy) -> Chain:
    earlier: list[int] = []
    later: list[int] = []
    start_a, start_b, _ = chain[0]
    end_a, end_b = start_a, start_b
    for a, b, length in chain:
        overlap = max(end_a - a, end_b - b, 0)
        if overlap >= length:
            continue
        a, b, length = a + overlap, b + overlap, length - overlap
        if a > end_a and b > end_b:
            for pair in common(ids, end_a, a, end_b, b):
                earlier.append(pair[0])
                later.append(pair[1])
        end_a, end_b = a + length, b + length
        earlier += range(a, end_a)
        later += range(b, end_b)
    apart = end_a <= start_b
    left = _extended(ids, start_a, start_b, -1, 0, end_a if apart else start_a, policy)
    right = _extended(ids, end_a, end_b, 1, start_b if apart else end_a, len(ids), policy)
    earlier = [*(a for a, _ in left), *earlier, *(a for a, _ in right)]
    later = [*(b for _, b in left), *later, *(b for _, b in right)]
    made = np.array([earlier, later], dtype=np.int64)
    # Where the stretches overlap a gap may pair a word with itself or a later one.
    forward = made[0] < made[1]
    return Chain(made[0, forward], made[1, forward])


def _extended(
    ids: Sequence[int], a: int, b: int, step: int, limit_a: int, limit_b: int, policy: RepeatPolicy
) -> list[tuple[int, int]]:
    """Further pairs outward from ``(a, b)``, ascending, as long as matches outweigh gaps.

    ``step`` -1 walks to the left: the earlier copy down to ``limit_a``, the later one down to
    ``limit_b``; 1 walks to the right, up to them.
    """
    window = policy.extend_words
    gathered: list[tuple[int, int]] = []
    while True:
        if step < 0:
            low_a, low_b = max(limit_a, a - window), max(limit_b, b - window)
            pairs = common(ids, low_a, a, low_b, b) if low_a < a and low_b < b else []
            pairs.reverse()
        else:
            high_a, high_b = min(limit_a, a + window), min(limit_b, b + window)
            pairs = common(ids, a, high_a, b, high_b) if a < high_a and b < high_b else []
        score = best_score = 0.0
        best = 0
        x, y = (a, b) if step < 0 else (a - 1, b - 1)
        for number, (next_a, next_b) in enumerate(pairs, 1):
            skipped = max(abs(next_a - x), abs(next_b - y)) - 1
            if skipped > policy.news_words:
                break
            score += 1 - 0.6 * skipped
            if score > best_score:
                best, best_score = number, score
            x, y = next_a, next_b
        taken = pairs[:best]
        if not taken:
            break
        gathered.extend(taken)
        a, b = taken[-1] if step < 0 else (taken[-1][0] + 1, taken[-1][1] + 1)
        if best < window // 2 or len(gathered) > 4 * window:
            break
    if step < 0:
        gathered.reverse()
    return gathered


def common(
    ids: Sequence[int],
    a: int,
    a_end: int,
    b: int,
    b_end: int,
    others: Sequence[int] | None = None,
) -> list[tuple[int, int]]:
    """A longest common subsequence of ``ids[a:a_end]`` and ``ids[b:b_end]`` as index pairs.

    With ``others`` the second stretch is ``others[b:b_end]``.
    """
    others = ids if others is None else others
    places: dict[int, list[int]] = {}
    for at in range(a_end - 1, a - 1, -1):
        places.setdefault(ids[at], []).append(at)
    tails: list[int] = []
    cells: list[tuple[int, int, int]] = []
    tops: list[int] = []
    for at in range(b, b_end):
        for place in places.get(others[at], ()):
            rank = bisect_left(tails, place)
            cells.append((place, at, tops[rank - 1] if rank else -1))
            if rank == len(tails):
                tails.append(place)
                tops.append(len(cells) - 1)
            else:
                tails[rank] = place
                tops[rank] = len(cells) - 1
    pairs: list[tuple[int, int]] = []
    top = tops[-1] if tops else -1
    while top >= 0:
        place, at, top = cells[top]
        pairs.append((place, at))
    pairs.reverse()
    return pairs
