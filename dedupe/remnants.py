"""What is left over of a long copy once its sentences were cut: short ones, too little to judge.

Alone a heading or a sentence of nine words that stands twice says nothing.  In the midst of two
hundred words that stand twice, at a place where the original has nearly the same one, it is a
part of the copy.  So the sentences that stay between those that go are compared with those of the
original that have no counterpart yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dedupe.align import common
from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.tokens import Ints, distinct

_MOST = 40
"""Sentences compared a side; a copy of which more are left is none."""


@dataclass(frozen=True, slots=True)
class Remnant:
    """A unit that goes with its copy, word by word."""

    unit: int
    of: int
    """The unit of the original, or -1."""
    words: Ints
    counterparts: Ints


def remnants(reading: Reading, gone: set[int], kept: Ints, policy: RepeatPolicy) -> list[Remnant]:
    """Units to cut besides those of ``gone``, for whose words ``kept`` holds the counterparts."""
    total = len(reading.words)
    least = max(policy.short_words, min(policy.excerpt_words, total // 4))
    found: list[Remnant] = []
    for block in _blocks(reading, sorted(gone), policy):
        if sum(reading.units[number].words for number in block) < least:
            continue
        served = np.concatenate(
            [kept[reading.units[at].first : reading.units[at].last] for at in block]
        )
        sources = distinct(reading.unit_of[served[served >= 0]])
        if not len(sources):
            continue
        here = _around(reading, block[0], block[-1], policy)
        there = _around(reading, int(sources[0]), int(sources[-1]), policy)
        inner = (block[0], block[-1], int(sources[0]), int(sources[-1]))
        if inner[0] <= inner[3] and inner[2] <= inner[1]:
            continue  # one lies inside the other
        used = set(sources.tolist())
        if not (_dense(reading, block) and _dense(reading, sources.tolist())):
            continue
        left = [at for at in here if at not in gone and at not in used]
        right = [at for at in there if at not in gone and at not in used and at not in block]
        if max(len(left), len(right)) <= _MOST:
            found += _matched(reading, left, right, inner, policy)
        found += _put_in(reading, block)
    return found


def _put_in(reading: Reading, block: list[int]) -> Iterator[Remnant]:
    """Words put in between two paragraphs of the copy.  A button begins with a capital."""
    none: Ints = np.zeros(0, dtype=np.int64)
    for before, after in pairwise(block):
        if after - before == 2:
            unit = reading.units[before + 1]
            if (
                unit.words == 1
                and _alone(reading, before + 1)
                and reading.text[unit.start].islower()
            ):
                yield Remnant(before + 1, -1, none, none)


def _blocks(reading: Reading, gone: list[int], policy: RepeatPolicy) -> Iterator[list[int]]:
    """``gone`` parted where more stays between than one paragraph."""
    block: list[int] = []
    for number in gone:
        if block:
            between = reading.units[number].first - reading.units[block[-1]].last
            if between > policy.excerpt_words:
                yield block
                block = []
        block.append(number)
    if block:
        yield block


def _dense(reading: Reading, numbers: list[int]) -> bool:
    units = reading.units
    return 2 * sum(units[at].words for at in numbers) > (
        units[numbers[-1]].last - units[numbers[0]].first
    )


def _around(reading: Reading, first: int, last: int, policy: RepeatPolicy) -> range:
    """The units ``first`` to ``last`` and the paragraphs before and behind them."""
    units = reading.units
    low, high = first, last
    while low > 0 and units[first].first - units[low - 1].first <= policy.short_words:
        low -= 1
    while high + 1 < len(units) and units[high + 1].last - units[last].last <= policy.short_words:
        high += 1
    return range(low, high + 1)


def _matched(
    reading: Reading,
    left: list[int],
    right: list[int],
    inner: tuple[int, int, int, int],
    policy: RepeatPolicy,
) -> list[Remnant]:
    """Units of ``left`` that say what one of ``right`` says."""
    units, ids = reading.units, reading.words.ids
    found: list[Remnant] = []
    going: set[int] = set()
    relied: set[int] = set()
    known = {at: ids[units[at].first : units[at].last].tolist() for at in {*left, *right}}
    for one in left:
        size = len(known[one])
        inside = inner[0] <= one <= inner[1]
        if one in relied or not 0 < size <= policy.short_words:
            continue
        if not inside and (size < policy.news_words or not _alone(reading, one)):
            continue
        best: list[tuple[int, int]] = []
        of = -1
        for other in right:
            longer = max(size, len(known[other]))
            if other in going or other == one or min(size, len(known[other])) < 0.6 * longer:
                continue
            if not inside and not inner[2] <= other <= inner[3] and not _alone(reading, other):
                continue
            pairs = common(known[other], 0, len(known[other]), 0, size, known[one])
            if len(pairs) >= policy.remnant_share * longer and len(pairs) > len(best):
                best, of = pairs, other
        if best and not _other_figures(reading, one, of):
            pairs_of = np.array(best, dtype=np.int64)
            found.append(
                Remnant(
                    one, of, pairs_of[:, 1] + units[one].first, pairs_of[:, 0] + units[of].first
                )
            )
            going.add(one)
            relied.add(of)
    return found


def _alone(reading: Reading, number: int) -> bool:
    """Whether the unit is a whole paragraph."""
    return reading.units[number].opens_line and reading.units[number].closes_line


def _other_figures(reading: Reading, one: int, other: int) -> bool:
    """Whether each of two units has a figure that the other has not."""
    mine, theirs = (
        {
            int(reading.words.ids[at])
            for at in range(reading.units[number].first, reading.units[number].last)
            if reading.figures[at]
        }
        for number in (one, other)
    )
    return bool(mine - theirs) and bool(theirs - mine)
