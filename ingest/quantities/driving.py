"""Which distances are driving ranges, and which minutes are times of charging.

A distance is a range only where a word next to it says so.  What a stop at a charger adds, what
cold weather takes, the range of a missile and the length of a road are none.
"""

from __future__ import annotations

from ingest.quantities.words import any_of, without_case

_RANGE = any_of("driving.range")
_CYCLE = any_of("driving.cycle")
_CYCLES = without_case(_CYCLE)
_BEFORE = without_case(
    rf"(?:(?:{_RANGE})[^.;。；\n\d]{{0,44}}|(?:{_CYCLE})[^.;,。；，\n\d]{{0,16}})\Z"
)
_AFTER = without_case(any_of("driving.after", range=_RANGE, cycle=_CYCLE))
_ADDED = without_case(rf"(?:{any_of('driving.added')})\Z")
_ADDED_AFTER = without_case(any_of("driving.added_after"))
_NOT_CARS = without_case(any_of("driving.not_cars"))
_CHARGE = without_case(any_of("charging.charge"))
_STATE = without_case(any_of("charging.state"))
_NOT_CHARGING = without_case(any_of("charging.not_charging"))


def is_range(text: str, start: int, end: int, sentence: tuple[int, int]) -> bool:
    """Whether the distance from ``start`` to ``end`` is what a vehicle drives on one charge."""
    begin, until = sentence
    near = _BEFORE.search(text, max(begin, start - 64), start) or _AFTER.match(
        text, end, min(until, end + 64)
    )
    if near is None:
        return False
    if _ADDED.search(text, max(begin, start - 80), start):
        return False
    if _ADDED_AFTER.match(text, end, min(until, end + 80)):
        return False
    return _NOT_CARS.search(text, begin, until) is None


def cycle_of(text: str, start: int, end: int, sentence: tuple[int, int]) -> str:
    """The driving cycle named beside a range, the nearer one; empty when none is, or two are."""
    begin, until = sentence
    after = _CYCLES.search(text, end, min(until, end + 32))
    before = [*_CYCLES.finditer(text, max(begin, start - 48), start)]
    gaps = [(after.start() - end, after.group())] if after else []
    if before:
        gaps.append((start - before[-1].end(), before[-1].group()))
    gaps.sort()
    if not gaps or (len(gaps) == 2 and gaps[0][0] == gaps[1][0]):
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
