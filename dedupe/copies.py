"""Which of two copies goes, and where exactly it is cut out.

The copy that stays is the one that reads on: the first, unless the second has its lede directly
before it and the first has none, or the first is a teaser that the second runs on from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dedupe.judge import is_copy
from dedupe.outlook import may_go, outlook
from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.regions import (
    Region,
    apart,
    can_go,
    coherent,
    exact_runs,
    rebased,
    regions,
    split,
    stretches,
    traced,
)
from dedupe.remnants import remnants
from dedupe.tokens import Ints, distinct

_STAYS, _LOST = -2, -1
_HEADLINE = 20
"""Words of the longest headline."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch to take out, white space included, and the copy that stays."""

    start: int
    end: int
    of_start: int
    of_end: int
    similarity: float


def decide(reading: Reading, policy: RepeatPolicy) -> tuple[list[Cut], set[int]]:
    """The cuts, ascending and disjoint, and the characters before which a line break is due."""
    first = outlook(reading, policy)
    if first is None or not _Pass(first, policy).finds():
        return [], set()
    pass_ = _Pass(reading, policy)
    for region in regions(reading, policy):
        pass_.consider(region)
    pass_.clear_up()
    return pass_.cuts(), pass_.parted


class _Pass:
    """One pass over one text; holds what was decided so far."""

    def __init__(self, reading: Reading, policy: RepeatPolicy) -> None:
        self.reading = reading
        self.policy = policy
        self.gone: set[int] = set()
        """Units that go."""
        self.kept = np.full(len(reading.words), _STAYS)
        """For each word of them its counterpart in the copy that stays, or ``_LOST``."""
        self.needed: set[int] = set()
        """Units that a cut relies on."""
        self.parted: set[int] = set()

    def finds(self) -> bool:
        """Whether any region is judged a copy; it ends at the first."""
        reading, policy = self.reading, self.policy
        for copied in stretches(reading, policy):
            if may_go(reading, copied, policy):
                for region in apart(reading, copied, policy):
                    self.consider(region)
                    if self.needed:
                        return True
        return False

    def consider(self, region: Region) -> None:
        """Cut one of the region's copies, or its parts' where it is pieced together, or none."""
        reading, policy = self.reading, self.policy
        region = coherent(reading, self._rebased(region), policy)
        if not len(region.words):
            return
        low, high = region.hull
        compact = len(distinct(region.source)) >= 0.6 * (high - low)
        if compact and is_copy(reading, region, policy):
            self._cut(region)
            return
        parts = split(reading, region, policy)
        if len(parts) == 1:
            parts = exact_runs(reading, region, policy)
        if len(parts) > 1 or (parts and parts[0] != region.copied):
            for part in parts:
                if not can_go(reading, part, policy):
                    continue
                piece = self._rebased(traced(reading, part))
                if len(piece.words) and is_copy(reading, piece, policy):
                    self._cut(piece)

    def clear_up(self) -> None:
        """Cut what is left of long copies."""
        if not self.gone:
            return
        for one in remnants(self.reading, self.gone, self.kept, self.policy):
            if one.unit not in self.needed:
                self._remove([one.unit], one.words, one.counterparts)
                self.needed.add(one.of)

    def _rebased(self, region: Region) -> Region:
        return rebased(self.reading, region, self.kept) if self.gone else region

    def _cut(self, region: Region) -> None:
        units, unit_of, policy = self.reading.units, self.reading.unit_of, self.policy
        earlier = self._earlier_copy(region)
        if earlier and not (earlier & self.gone) and not (earlier & self.needed):
            self._remove(sorted(earlier), region.source, region.words)
            self.needed |= set(region.copied)
            self._part(region.copied[0], min(earlier))
            return
        if set(region.copied) & self.needed:
            return
        matched = np.bincount(unit_of[region.words], minlength=len(units))
        going = [
            number
            for number in region.copied
            if matched[number] >= policy.unit_share * units[number].words
        ]
        self._remove(going, region.words, region.source)
        self.needed |= set(distinct(unit_of[region.source]).tolist())

    def _remove(self, numbers: list[int], words: Ints, counterparts: Ints) -> None:
        """Let the units ``numbers`` go, whose ``words`` stand in the other copy."""
        if not numbers:
            return
        self.gone.update(numbers)
        inside = np.isin(self.reading.unit_of[words], numbers)
        self.kept[self.reading.words_in(numbers)] = _LOST
        self.kept[words[inside]] = counterparts[inside]

    def _part(self, kept: int, cut: int) -> None:
        """Where the copy that stays was glued on and the one that goes was not: a line break."""
        units, text = self.reading.units, self.reading.text
        start = units[kept].start
        if units[cut].opens_line and start > 0 and not text[start - 1].isspace():
            self.parted.add(start)

    def _earlier_copy(self, region: Region) -> set[int]:
        """The units of the earlier copy when the later one reads better, else nothing.

        The later copy stays when its lede is attached and the earlier one's is not, or when it
        runs on where the earlier one, a teaser, breaks off.
        """
        reading, policy = self.reading, self.policy
        units, unit_of = reading.units, reading.unit_of
        high = region.hull[1]
        b_first, b_last = region.copied[0], region.copied[-1]
        if high > units[b_first].first or len(split(reading, region, policy)) > 1:
            return set()
        numbers, inside = np.unique(unit_of[distinct(region.source)], return_counts=True)
        earlier = {
            number
            for number, count in zip(numbers.tolist(), inside.tolist(), strict=True)
            if count >= policy.unit_share * units[number].words
        }
        if not earlier or max(earlier) >= b_first:
            return set()

        def is_prose(number: int) -> bool:
            return units[number].words >= 5 and reading.style_of(number).prose

        def is_lede(number: int) -> bool:
            return (
                units[number].words >= 9 and is_prose(number) and not _is_headline(reading, number)
            )

        if any(is_lede(number) for number in range(min(earlier))):
            return set()
        lede = 0
        at = b_first - 1
        while at > max(earlier) and is_prose(at):
            lede += units[at].words
            at -= 1
        if lede >= 8:
            longest = max(policy.lede_words, policy.lede_share * len(region.words))
            return earlier if lede <= longest else set()
        if at == max(earlier):
            return set()
        runs_on = b_last + 1 < len(units) and is_prose(b_last + 1)
        return earlier if runs_on and not is_prose(max(earlier) + 1) else set()

    def cuts(self) -> list[Cut]:
        """What was decided, as stretches of text: one for each stretch of the copy that stays."""
        units = self.reading.units
        runs: list[list[int]] = []
        for number in sorted(self.gone):
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        found: list[Cut] = []
        for run in runs:
            start, end = self._stretch(run)
            groups = [[run[0]]]
            for number in run[1:]:
                if self._jumps(groups[-1][-1], number):
                    groups.append([number])
                else:
                    groups[-1].append(number)
            edges = [start, *(units[group[0]].start for group in groups[1:]), end]
            for group, low, high in zip(groups, edges, edges[1:], strict=False):
                found.append(self._row(group, low, high))
        return found

    def _counterparts(self, numbers: list[int]) -> Ints:
        """The words of the copy that stays for the units ``numbers``, which follow one another."""
        units = self.reading.units
        kept = self.kept[units[numbers[0]].first : units[numbers[-1]].last]
        found: Ints = kept[kept >= 0]
        return found

    def _row(self, group: list[int], start: int, end: int) -> Cut:
        places = self.reading.words
        kept = self._counterparts(group)
        words = sum(self.reading.units[number].words for number in group)
        return Cut(
            start,
            end,
            int(places.starts[kept.min()]),
            int(places.ends[kept.max()]),
            len(kept) / max(1, words),
        )

    def _jumps(self, before: int, after: int) -> bool:
        old, new = self._counterparts([before]), self._counterparts([after])
        if not len(old) or not len(new):
            return False
        step = int(new.min()) - int(old.max())
        return not -2 <= step <= self.policy.bridge_words

    def _stretch(self, group: list[int]) -> tuple[int, int]:
        """The units of ``group`` with the white space that would be left double."""
        units, text = self.reading.units, self.reading.text
        start, end = units[group[0]].start, units[group[-1]].end
        left, right = start, end
        while left > 0 and text[left - 1].isspace():
            left -= 1
        while right < len(text) and text[right].isspace():
            right += 1
        if left == 0:
            end = right
        elif right == len(text):
            start = left
        elif text.count("\n", left, start) >= text.count("\n", end, right) and left < start:
            end = right
        elif end < right:
            start = left
        else:
            self.parted.add(end)
        return start, end


def _is_headline(reading: Reading, number: int) -> bool:
    """Whether unit ``number`` is all of the first line and asks or exclaims, as headlines do."""
    unit = reading.units[number]
    alone = unit.line == 0 and unit.opens_line and unit.closes_line
    return alone and unit.words <= _HEADLINE and reading.text[unit.end - 1] in "?!？！؟"
