"""Paragraphs that resemble each other though no run of words survived: MinHash over windows.

Each paragraph is a window.  Its word pairs are hashed and one-permutation MinHash (Li, Owen and
Zhang 2012, after Broder 1997) keeps the least hash of each of sixteen bins.  Paragraphs that
agree in enough bins are candidates; a longest common subsequence confirms them or not.  Anchors
find a copy as long as five words in a row survive somewhere; a rewriting that touches every
fourth or fifth word leaves none, but three word pairs in five.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from dedupe.align import Chain, common
from dedupe.characters import U64, led, mix64
from dedupe.policy import RepeatPolicy
from dedupe.tokens import Bools, Ints, Tokens, ranged

_BINS = 16
_LEAST_LINES = 3
_LOOKS = 3
"""Times that hopeless paragraphs are set aside."""
_FEW = 64
"""Windows compared each with each, some tenths of a millisecond; an article has 15."""
_BITS = 512
"""Bits of a window; a paragraph of a hundred words fills an eighth."""
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_BASE = np.uint64(0x9E3779B97F4A7C15)


def rewritten(words: Tokens, reach: Ints, found: list[Chain], policy: RepeatPolicy) -> list[Chain]:
    """Chains between paragraphs whose sketches agree, where ``found`` holds none.

    ``reach`` holds ``[first, last)`` of each paragraph in words.
    """
    counts = reach[:, 1] - reach[:, 0]
    least = policy.window_words * (2 if words.mostly_unspaced else 1)
    windows = reach[(counts >= least) & (counts <= policy.longest_window)]
    if len(windows) > 1:
        windows = _alike(words.ids, words.often, windows, policy.window_share)
    pairs = _agreeing(_sketch(words, windows), policy.window_bins) if len(windows) > 1 else []
    if not pairs:
        return []
    known = np.zeros(len(words), dtype=bool)
    for chain in found:
        known[chain.later] = True
    ids: list[int] | None = None
    budget = policy.align_share * len(words)
    confirmed = []
    for a, b in pairs:
        (a_first, a_end), (b_first, b_end) = windows[a].tolist(), windows[b].tolist()
        longer = max(a_end - a_first, b_end - b_first)
        if 2 * int(known[b_first:b_end].sum()) > b_end - b_first:
            continue
        budget -= longer
        if budget < 0:
            break
        ids = words.ids.tolist() if ids is None else ids
        aligned = common(ids, a_first, a_end, b_first, b_end)
        if len(aligned) >= policy.window_share * longer:
            both = np.array(aligned, dtype=np.int64)
            confirmed.append(Chain(both[:, 0], both[:, 1]))
            known[both[:, 1]] = True
    return confirmed


def _alike(ids: Ints, often: Bools, windows: Ints, share: float) -> Ints:
    """Those of ``windows`` that can share ``share`` of the longer one's words with another.

    Those are set aside first of which too few words stand twice (``often``).  Few are compared each
    with each.  Of many those go as well in which too few words stand in any other window: what
    such a one has need not be asked of the others again.
    """
    before = np.zeros(len(often) + 1, dtype=np.int64)
    np.cumsum(often, out=before[1:])
    first, last = windows[:, 0], windows[:, 1]
    windows = windows[before[last] - before[first] >= share * (last - first)]
    for _ in range(_LOOKS):
        if len(windows) <= _FEW:
            break
        counts, owner, inside = _laid_out(ids, windows)
        # Of several values for one place the last one stays.
        last = np.empty(len(ids), dtype=np.int64)
        last[inside] = owner
        first = np.empty(len(ids), dtype=np.int64)
        first[inside[::-1]] = owner[::-1]
        before = np.cumsum(counts) - counts
        shared = np.add.reduceat(first[inside] != last[inside], before, dtype=np.int64)
        hopeful = shared >= share * counts
        if hopeful.all():
            break
        windows = windows[hopeful]
    return _alike_in_pairs(ids, windows, share) if len(windows) <= _FEW else windows


def _alike_in_pairs(ids: Ints, windows: Ints, share: float) -> Ints:
    """``_alike``, by comparing each with each.

    A window is a row of bits, one for the words whose numbers end alike.  Two windows have no more
    words in common than bits, and beside these what the one that says less twice says twice.
    """
    if len(windows) < 2:
        return windows[:0]
    counts, owner, inside = _laid_out(ids, windows)
    bits = np.zeros((len(windows), _BITS), dtype=bool)
    bits[owner, inside & (_BITS - 1)] = True
    # Sixty-four bits a number, a window's one under the other: so the sums run along rows.
    rows = np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64).T)
    both = np.bitwise_count(rows[:, :, None] & rows[:, None, :])
    common = both.sum(axis=0, dtype=np.int16)
    twice = counts - common.diagonal()
    most = common + np.minimum(twice[:, None], twice)
    alike = most >= share * np.maximum(counts[:, None], counts)
    found: Ints = windows[np.count_nonzero(alike, axis=1) > 1]  # each is like itself
    return found


def _laid_out(ids: Ints, windows: Ints) -> tuple[Ints, Ints, Ints]:
    """How many words each window has; of each word in one, the window and the number."""
    counts = windows[:, 1] - windows[:, 0]
    inside = np.concatenate([ids[first:last] for first, last in windows.tolist()])
    return counts, np.repeat(np.arange(len(windows)), counts), inside


def doubled_lines(written: list[str], reach: Ints, policy: RepeatPolicy) -> list[Chain]:
    """Chains between runs of three lines and more that stand twice word for word.

    ``reach`` is that of the lines ``written``.  The rows of a table resemble each other so much
    that their words lead anywhere.
    """
    if len(written) < 2 * _LEAST_LINES or len(set(written)) > len(written) - _LEAST_LINES:
        return []
    keys: dict[str, int] = {}
    line_ids = [keys.setdefault(line, len(keys)) for line in written]
    seen: dict[tuple[int, int], list[int]] = {}
    for number, pair in enumerate(pairwise(line_ids)):
        seen.setdefault(pair, []).append(number)
    runs: dict[tuple[int, int], int] = {}
    for numbers in seen.values():
        if len(numbers) == 2:
            early, late = numbers
            runs[early, late] = 1
    places = reach.tolist()
    found = []
    for early, late in sorted(runs):
        if (early - 1, late - 1) in runs:
            continue
        count = 1
        while (early + count, late + count) in runs:
            count += 1
        count = min(count + 1, late - early)
        first, begin = places[early][0], places[late][0]
        size = places[early + count - 1][1] - first
        if count >= _LEAST_LINES and size >= policy.apart_words:
            found.append(Chain(np.arange(first, first + size), np.arange(begin, begin + size)))
    return found


def _sketch(words: Tokens, windows: Ints) -> U64:
    """One row of ``_BINS`` hashes a window; ``_EMPTY`` where no word pair fell into the bin."""
    size = 3 if words.mostly_unspaced else 2
    counts = windows[:, 1] - windows[:, 0] - size + 1
    at = ranged(windows - np.array([0, size - 1]))
    grams = np.zeros(len(at), dtype=np.uint64)
    for offset in range(size):
        grams = mix64(grams * _BASE + words.ids[at + offset].astype(np.uint64) + np.uint64(1))
    cell = np.repeat(np.arange(len(windows)) * _BINS, counts) + (grams % np.uint64(_BINS)).astype(
        np.int64
    )
    least = np.full(len(windows) * _BINS, _EMPTY)
    np.minimum.at(least, cell, grams)
    return least.reshape(-1, _BINS)


def _agreeing(sketch: U64, least: int) -> list[tuple[int, int]]:
    """Windows that agree in ``least`` bins with the last or the first that did, the best first."""
    filled = sketch != _EMPTY
    owner, _ = np.nonzero(filled)
    keys = sketch[filled]
    ranked = np.sort(keys)
    same = ranked[1:] == ranked[:-1]
    if int(np.count_nonzero(same)) < least:
        return []
    order = np.argsort(keys, kind="stable")
    first = np.maximum.accumulate(np.where(led(~same), np.arange(len(order)), 0))[1:][same]
    few = np.bincount(first)[first] < _BINS
    later, earlier = owner[order[1:][same][few]], owner[order[:-1][same][few]]
    starts = owner[order[first[few]]]
    pairs = np.stack([np.concatenate([earlier, starts]), np.concatenate([later, later])], axis=1)
    # Adjacent keys and the first key coincide for the second of a group.
    twice = np.concatenate([np.ones(len(later), bool), starts != earlier])
    codes, agreed = np.unique(
        pairs[twice] @ np.array([len(sketch), 1], dtype=np.int64), return_counts=True
    )
    best = np.argsort(-agreed, kind="stable")
    best = best[agreed[best] >= least]
    return [divmod(code, len(sketch)) for code in codes[best].tolist()]
