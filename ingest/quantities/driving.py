"""Which distances are driving ranges, and which minutes are times of charging.

A distance is a range only where a word next to it says so.  What a stop at a charger adds, what
cold weather takes, the range of a missile and the length of a road are none.
"""

from __future__ import annotations

import re

from ingest.quantities.words import any_of, without_case

_RANGE = any_of("driving.range")
_CYCLE = rf"(?<![A-Za-z])(?:{any_of('driving.cycle')})(?![A-Za-z])"
_CYCLES = without_case(_CYCLE)
_BEFORE = without_case(
    rf"(?:(?:{_RANGE})[^.;。；\n\d]{{0,56}}|(?:{_CYCLE})[^.;,。；，\n\d]{{0,16}})\Z"
)
_AFTER = without_case(any_of("driving.after", range=_RANGE, cycle=_CYCLE))
_ADDED = without_case(rf"(?:{any_of('driving.added')})\Z")
_ADDED_AFTER = without_case(any_of("driving.added_after"))
_NOT_CARS = without_case(any_of("driving.not_cars"))
_CHARGE = without_case(any_of("charging.charge"))
_STATE = without_case(any_of("charging.state"))
# The same distance in the other unit, in brackets: both are what the words around them say.
_DISTANCE = r"\d[\d.,]*\s?-?(?:km|kilomet(?:er|re)s?|mi|miles?|公里|英里)"
_CONVERTED_BEFORE = without_case(rf"{_DISTANCE}\s?[(（/]\s?(?:about |around |approx\.? |ca\. )?\Z")
_CONVERTED_AFTER = without_case(
    rf"\s?(?:[(（]\s?(?:about |around |approx\.? |or )?{_DISTANCE}\s?[)）]|/\s?{_DISTANCE})"
)
_DIGIT = re.compile(r"\d")
_FAR = 240
_NOT_CHARGING = without_case(any_of("charging.not_charging"))


def is_range(text: str, start: int, end: int, sentence: tuple[int, int]) -> bool:
    """Whether the distance from ``start`` to ``end`` is what a vehicle drives on one charge."""
    begin, until = sentence
    start, end = _with_conversion(text, start, end, begin)
    near = _BEFORE.search(text, max(begin, start - 80), start) or _AFTER.match(
        text, end, min(until, end + 64)
    )
    if near is None:
        return False
    if _ADDED.search(text, max(begin, start - 80), start):
        return False
    if _ADDED_AFTER.match(text, end, min(until, end + 80)):
        return False
    # The sentence before tells that it is of missiles as often as this one does.
    return _NOT_CARS.search(text, max(0, start - _FAR), end + _FAR // 2) is None


def _with_conversion(text: str, start: int, end: int, begin: int) -> tuple[int, int]:
    other = _CONVERTED_BEFORE.search(text, max(begin, start - 32), start)
    if other is not None:
        following = text[end : end + 2].lstrip()[:1]
        return other.start(), end + 1 if following in (")", "）") else end
    other = _CONVERTED_AFTER.match(text, end)
    return start, other.end() if other else end


def cycle_of(text: str, start: int, end: int, sentence: tuple[int, int]) -> str:
    """The driving cycle named beside a range, the nearer one; empty when none is, or two are."""
    begin, until = sentence
    start, end = _with_conversion(text, start, end, begin)
    after = _CYCLES.search(text, end, min(until, end + 32))
    before = [*_CYCLES.finditer(text, max(begin, start - 48), start)]
    gaps = [(text[end : after.start()], after.group())] if after else []
    if before:
        gaps.append((text[before[-1].end() : start], before[-1].group()))
    # Behind another number it is that one's.
    gaps = [(gap, cycle) for gap, cycle in gaps if not _DIGIT.search(gap)]
    gaps.sort(key=lambda found: len(found[0]))
    if not gaps or (len(gaps) == 2 and len(gaps[0][0]) == len(gaps[1][0])):
        return ""
    cycle = gaps[0][1].upper()
    return "NEDC" if cycle == "NEFZ" else cycle


def is_charging_time(text: str, start: int, end: int, sentence: tuple[int, int]) -> bool:
    """Whether the minutes from ``start`` to ``end`` are how long a charge takes."""
    begin, until = max(sentence[0], start - 90), min(sentence[1], end + 60)
    if _CHARGE.search(text, begin, until) is None:
        return False
    if _STATE.search(text, begin, start) is None and _STATE.search(text, end, until) is None:
        return False
    return _NOT_CHARGING.search(text, max(begin, start - 12), min(until, end + 12)) is None
