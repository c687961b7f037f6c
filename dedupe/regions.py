"""Stretches of copied sentences, each traced to the copy that stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dedupe.characters import led
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


_HEADING = 4
"""A unit of so few words is a heading, or a sentence of one clause."""
_UNCOPIED = 0.3
"""Share of a unit's words that later copies repeat and no earlier one has: it is an original."""


def regions(reading: Reading, policy: RepeatPolicy) -> list[Region]:
    """Stretches of copied units, furniture bridged, that can be cut whole or in part."""
    return [
        region for copied in stretches(reading, policy) for region in apart(reading, copied, policy)
    ]


def can_go(reading: Reading, copied: list[int], policy: RepeatPolicy) -> bool:
    """Whether the units ``copied``, or some of them, have the words that a copy must have.

    What is asked of a copy, asked of all words together and of the unit that resembles its
    original most: no choice of the units has more.
    """
    matched = [reading.matched[number] for number in copied]
    most = sum(matched)
    if most < policy.least_words:
        return False
    asked = 0.0 if most >= policy.short_words else policy.adjacent_share
    if most < max(policy.least_words, policy.near_words):
        asked = max(asked, policy.exact_share)
    units = reading.units
    return any(
        count / units[number].words >= asked for number, count in zip(copied, matched, strict=True)
    )


def stretches(reading: Reading, policy: RepeatPolicy) -> list[list[int]]:
    """The copied units that follow one another with no more than furniture between."""
    units, matched = reading.units, reading.matched
    found: list[list[int]] = []
    current: list[int] = []
    altered: list[int] = []
    before = -1
    for number in [number for number, count in enumerate(matched) if count]:
        unit = units[number]
        copied = _is_copied(reading, unit, matched[number], policy)
        # Words that are no copy since the last one that is: up to this unit if others lie before
        # it, or up to its end.
        idle_to = unit.first if number - before > 1 else 0
        idle_to = idle_to if copied else unit.last
        before = number
        if current and idle_to - units[current[-1]].last > policy.bridge_words:
            found.append(_with_headings(reading, current, altered, policy))
            current, altered = [], []
        if not copied:
            continue
        if unit.words <= _HEADING and matched[number] < unit.words:
            altered.append(number)
        else:
            current.append(number)
    if current:
        found.append(_with_headings(reading, current, altered, policy))
    return found


def _with_headings(
    reading: Reading, copied: list[int], altered: list[int], policy: RepeatPolicy
) -> list[int]:
    """``copied`` with the headings in its midst that differ by a word, if it is long.

    In a short copy such a heading is what tells two entries of a list apart.
    """
    if sum(reading.units[number].words for number in copied) < policy.long_words:
        return copied
    return sorted([*copied, *(at for at in altered if copied[0] < at < copied[-1])])


def apart(reading: Reading, copied: list[int], policy: RepeatPolicy) -> list[Region]:
    """The region of ``copied``; several where its beginning holds the originals of its end, none
    where it has too few words.

    A phrase that the first copy itself says twice opens a region in the midst of it, which would
    then hold the source of the copy behind it.
    """
    if not can_go(reading, copied, policy):
        return []
    units = reading.units
    begin = units[copied[0]].first
    source = reading.partner[reading.words_in(copied)]
    inner = distinct(source[source >= begin])
    if not len(inner):
        return [traced(reading, copied)]
    original = np.bincount(
        reading.unit_of[inner[reading.partner[inner] < 0]], minlength=copied[-1] + 1
    )
    last = -1
    for number in np.flatnonzero(original).tolist():
        if original[number] >= max(policy.seed_words, _UNCOPIED * units[number].words):
            last = number
    head = [number for number in copied if number <= last]
    tail = [number for number in copied if number > last]
    if not head or not tail:
        return [traced(reading, copied)]
    return [*apart(reading, head, policy), *apart(reading, tail, policy)]


def _follows(first: int, last: int, policy: RepeatPolicy) -> bool:
    """Whether a copy that stood at word ``last`` of its source runs on at ``first``."""
    return -2 <= first - last <= policy.bridge_words


def _is_copied(reading: Reading, unit: Unit, matched: int, policy: RepeatPolicy) -> bool:
    """Whether enough of ``unit`` stands earlier, and no stretch of it is news."""
    if matched < policy.unit_share * unit.words:
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
    source = reading.partner[words]
    if int(source.max()) < begin:
        there = source >= 0
        return Region(copied, words[there], source[there])
    onward = np.full(end - begin, -1)
    onward[words - begin] = source
    while True:
        inner = np.flatnonzero(onward >= begin)
        if not len(inner):
            break
        onward[inner] = onward[onward[inner] - begin]
    words = np.flatnonzero(onward >= 0)
    return Region(copied, words + begin, onward[words])


def split(reading: Reading, region: Region, policy: RepeatPolicy) -> list[list[int]]:
    """The units of ``region`` that stand earlier, parted where the source jumps."""
    unit = reading.unit_of[region.words]
    if not len(unit):
        return []
    opens = np.flatnonzero(led(unit[1:] != unit[:-1]))
    shuts = np.full(len(opens), len(unit) - 1)
    shuts[:-1] = opens[1:] - 1
    parts: list[list[int]] = []
    last = -1
    for number, first, end in zip(
        unit[opens].tolist(),
        region.source[opens].tolist(),
        region.source[shuts].tolist(),
        strict=True,
    ):
        if last < 0 or not _follows(first, last, policy):
            parts.append([])
        parts[-1].append(number)
        last = end
    return parts


def exact_runs(reading: Reading, region: Region, policy: RepeatPolicy) -> list[list[int]]:
    """The units of ``region`` that stand earlier word for word, in runs.

    A paragraph that stands twice in a row may be followed by one that resembles it in form.
    """
    low = region.copied[0]
    matched = np.bincount(
        reading.unit_of[region.words] - low, minlength=region.copied[-1] - low + 1
    )
    runs: list[list[int]] = []
    last = -1
    for at, number in enumerate(region.copied):
        if matched[number - low] >= policy.exact_share * reading.units[number].words:
            if last != at - 1 or not runs:
                runs.append([])
            runs[-1].append(number)
            last = at
    return runs


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
    chosen = np.zeros(region.copied[-1] + 1, dtype=bool)
    chosen[firm] = True
    inside = chosen[reading.unit_of[region.words]]
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
