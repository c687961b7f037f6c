"""Stretches of copied sentences, each traced to the copy that stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.segments import Unit
from dedupe.tokens import Ints, distinct

_NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Region:
    """Consecutive units of which nearly each stands earlier in the text."""

    copied: list[int]
    """The units in it that are copies; what lies between them is furniture."""
    words: Ints
    """The words of them that stand earlier, ascending..."""
    source: Ints
    """...and for each the earlier word that it copies, outside the region."""

    @property
    def hull(self) -> tuple[int, int]:
        """``[first, last)`` of the words that it copies."""
        return int(self.source.min()), int(self.source.max()) + 1


def regions(reading: Reading, policy: RepeatPolicy) -> list[Region]:
    """Stretches of copied units, furniture bridged."""
    hits = np.concatenate([[0], np.cumsum(reading.partner >= 0)])
    edges = np.array([(unit.first, unit.last) for unit in reading.units]).reshape(-1, 2)
    matched = (hits[edges[:, 1]] - hits[edges[:, 0]]).tolist()
    found: list[list[int]] = []
    current: list[int] = []
    idle = 0
    for number, unit in enumerate(reading.units):
        if matched[number] and _is_copied(reading, unit, matched[number], policy):
            current.append(number)
            idle = 0
        elif current:
            idle += unit.words
            if idle > policy.bridge_words:
                found.append(current)
                current, idle = [], 0
    if current:
        found.append(current)
    return [traced(reading, copied) for copied in found]


def _is_copied(reading: Reading, unit: Unit, matched: int, policy: RepeatPolicy) -> bool:
    """Whether enough of ``unit`` stands earlier, and no stretch of it is news."""
    # A heading of a few words must stand in the other copy whole.
    share = 1.0 if unit.words <= 4 else policy.unit_share
    if matched < share * unit.words:
        return False
    if unit.words - matched < policy.news_words:
        return True
    news = 0.0
    partner = reading.partner[unit.first : unit.last].tolist()
    weight = reading.weight[unit.first : unit.last].tolist()
    for earlier, worth in zip(partner, weight, strict=True):
        news = 0.0 if earlier >= 0 else news + worth
        if news >= policy.news_words:
            return False
    return True


def traced(reading: Reading, copied: list[int]) -> Region:
    """The region of ``copied``, each word traced to before the region."""
    begin, end = reading.units[copied[0]].first, reading.units[copied[-1]].last
    words = reading.words_in(copied)
    source = np.full(end - begin, -1)
    source[words - begin] = reading.partner[words]
    while True:
        inner = np.flatnonzero(source >= begin)
        if not len(inner):
            break
        source[inner] = source[source[inner] - begin]
    words = np.flatnonzero(source >= 0)
    return Region(copied, words + begin, source[words])


def split(reading: Reading, region: Region, policy: RepeatPolicy) -> list[list[int]]:
    """The units of ``region`` that stand earlier, parted where the source jumps."""
    unit = reading.unit_of[region.words]
    opens = np.flatnonzero(np.diff(unit, prepend=-1))
    shuts = np.append(opens[1:], len(unit)) - 1
    parts: list[list[int]] = []
    last = -1
    for number, first, end in zip(
        unit[opens].tolist(),
        region.source[opens].tolist(),
        region.source[shuts].tolist(),
        strict=True,
    ):
        if last < 0 or not -2 <= first - last <= policy.bridge_words:
            parts.append([])
        parts[-1].append(number)
        last = end
    return parts


def coherent(reading: Reading, region: Region, policy: RepeatPolicy) -> Region:
    """``region`` without the stray sentences that resemble some other place by a phrase."""
    parts = split(reading, region, policy)
    if len(parts) < 2:
        return region
    firm: list[int] = []
    for part in parts:
        words = sum(reading.units[number].words for number in part)
        matched = len(traced(reading, part).words)
        alike = matched >= policy.adjacent_share * words
        if matched >= policy.short_words or (alike and matched >= policy.least_words):
            firm += part
    if len(firm) == len(region.copied):
        return region
    inside = np.isin(reading.unit_of[region.words], firm)
    return Region(sorted(firm), region.words[inside], region.source[inside])


def rebased(reading: Reading, region: Region, gone: Ints) -> Region:
    """``region`` with sources in copies already cut replaced by those that stay.

    ``gone[word]`` is -2 for a word that stays, its counterpart for one that was cut, or -1 where
    it had none.
    """
    at = region.source.copy()
    known = np.ones(len(at), dtype=bool)
    for _ in range(7):
        onward = np.where(at >= 0, gone[at], -1)
        cut = known & (onward != -2)
        if not cut.any():
            break
        at[cut] = onward[cut]
        known &= at >= 0
    known &= np.where(at >= 0, gone[at], -1) == -2
    words, source = region.words[known], at[known]
    if not len(words) or int(source.max()) >= reading.units[region.copied[0]].first:
        return Region(region.copied, _NONE, _NONE)  # the next pass sees it clear
    having = set(distinct(reading.unit_of[words]).tolist())
    return Region([number for number in region.copied if number in having], words, source)
