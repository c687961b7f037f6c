"""How two copies lie to each other and to the paragraphs around them."""

from __future__ import annotations

from functools import cached_property

from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.regions import Region
from dedupe.segments import WIDE_ENDS, Unit
from dedupe.tokens import distinct


class Place:
    """Where the copies of one region stand; what costs most is looked at when it is asked for."""

    def __init__(
        self, reading: Reading, region: Region, policy: RepeatPolicy, *, long: bool
    ) -> None:
        """``long`` says that a few words at the edges of the copy do not count."""
        text, units, unit_of = reading.text, reading.units, reading.unit_of
        a_first, a_end = region.hull
        b_open, b_shut = units[region.copied[0]], units[region.copied[-1]]
        a_open, a_shut = units[unit_of[a_first]], units[unit_of[a_end - 1]]
        lead = text[a_open.start : int(reading.words.starts[a_first])]
        starts = a_first <= a_open.first + (3 if long else 1) and ":" not in lead
        self._reading, self._region, self._policy = reading, region, policy
        self._following = int(unit_of[a_end - 1]) + 1
        self.contact = self._following >= region.copied[0]
        """The later copy follows the earlier at once."""
        self.whole = (
            starts
            and opens(text, a_open, long)
            and opens(text, b_open, long)
            and shuts(text, b_shut, long)
            and (self.contact or (a_end >= a_shut.last - 2 and shuts(text, a_shut, long)))
        )
        """Both begin and end where a paragraph does, or were glued on there."""
        self.back_to_back = self.contact and starts and a_shut.line == b_open.line
        """In contact within one line, from the beginning of a sentence."""
        self.cut_short = (
            starts and b_open.opens_line and b_shut.closes_line and _breaks_off(reading, a_end)
        )
        """The later copy is a paragraph that stops in the middle of a sentence of the earlier."""

    @cached_property
    def near(self) -> bool:
        """Nothing but headings and buttons stands between the copies."""
        return self.contact or _is_furniture(
            self._reading, self._following, self._region.copied[0], self._policy
        )

    @cached_property
    def paragraphs(self) -> int:
        """Lines in the copy that has fewer."""
        units = self._reading.units
        later = {units[number].line for number in self._region.copied}
        earlier = {units[number].line for number in source_units(self._reading, self._region)}
        return min(len(later), len(earlier))


def opens(text: str, unit: Unit, long: bool) -> bool:
    """Whether ``unit`` begins its line or is stuck to what stands before it.

    Behind a full stop after which no space is due, only a ``long`` copy counts as stuck on.
    """
    before = text[unit.start - 1]
    return unit.opens_line or not (before.isspace() or (before in WIDE_ENDS and not long))


def shuts(text: str, unit: Unit, long: bool) -> bool:
    """Whether ``unit`` ends its line or is stuck to what follows."""
    if unit.closes_line:
        return True
    return not (text[unit.end].isspace() or (text[unit.end - 1] in WIDE_ENDS and not long))


def _breaks_off(reading: Reading, a_end: int) -> bool:
    """Whether the earlier copy runs on in mid-clause where the later one stops.

    A pull quote ends where a clause does; only a machine cuts between two words.
    """
    words = reading.words
    if a_end >= len(words):
        return False
    gap = reading.text[int(words.ends[a_end - 1]) : int(words.starts[a_end])]
    return gap == "" or (gap.isspace() and "\n" not in gap)


def _is_furniture(reading: Reading, first: int, last: int, policy: RepeatPolicy) -> bool:
    """Whether only headings, buttons and the like stand in units ``[first, last)``."""
    units = reading.units
    if first >= last:
        return True
    if units[last - 1].last - units[first].first > policy.furniture_words:
        return False
    return not any(
        unit.words > 8 and reading.style_of(number).prose
        for number, unit in enumerate(units[first:last], first)
    )


def source_units(reading: Reading, region: Region) -> list[int]:
    found: list[int] = distinct(reading.unit_of[region.source]).tolist()
    return found
