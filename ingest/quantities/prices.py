"""Prices per kWh and per tonne: what money is the price of one of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ingest.quantities.words import any_of, named, section, without_case


@dataclass(frozen=True, slots=True)
class Per:
    """What a price is for: ``kWh`` or ``t``, or something else that is no figure of ours."""

    of: Literal["kWh", "t", "other"]
    factor: Decimal
    """Times this the price is one per kWh or per tonne."""
    end: int


_FACTORS = {
    "kWh": Decimal(1),
    "MWh": Decimal("0.001"),
    "GWh": Decimal("0.000001"),
    "Wh": Decimal(1000),
    "t": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("2204.6226"),
    "other": Decimal(1),
}
_UNITS = named({name: any_of(f"prices.{name}") for name in section("prices") if name in _FACTORS})
_RATE = without_case(rf"(?:{any_of('prices.per')})(?:{_UNITS})")
_BEFORE = {unit: any_of(f"prices.before_{unit}") for unit in ("t", "kWh", "Wh", "other")}
_RATE_BEFORE = without_case(rf"(?:{named(_BEFORE)})[^\d,，。；]{{0,6}}\Z")
_TWICE = re.compile(r" ?\([kMG]Wh\)")
_SLASHED = re.compile(r" ?/ ?[^\W\d_]")
_METAL = without_case(any_of("prices.metal"))
_NEAR = 160
"""Characters to either side in which the metal is named: a sentence."""
_CHANGE = without_case(rf"(?:{any_of('prices.change')})\Z")
_CHANGE_BEHIND = without_case(any_of("prices.change_behind"))
_TIMES = without_case(any_of("prices.times"))


def price_per(text: str, start: int, end: int) -> Per | None:
    """What the money from ``start`` to ``end`` is the price of one of; None when nothing says."""
    match = _RATE.match(text, end)
    if match is not None and match.lastgroup is not None and not _TIMES.match(text, end):
        unit = match.lastgroup
        end = match.end()
        twice = _TWICE.match(text, end)
        end = twice.end() if twice else end
        if unit in ("kg", "lb") and not _METAL.search(text, max(0, start - _NEAR), end + _NEAR):
            return Per("other", Decimal(1), end)
        return _per(unit, end)
    if _SLASHED.match(text, end) and not _TIMES.match(text, end):
        return Per("other", Decimal(1), end)
    before = _RATE_BEFORE.search(text, max(0, start - 14), start)
    if before is not None and before.lastgroup is not None:
        return _per(before.lastgroup, end)
    return None


def is_change(text: str, start: int, end: int) -> bool:
    """Whether a price from ``start`` to ``end`` is by how much another one changed."""
    before = _CHANGE.search(text, max(0, start - 32), start)
    return before is not None or _CHANGE_BEHIND.match(text, end) is not None


def _per(unit: str, end: int) -> Per:
    if unit == "other":
        return Per("other", Decimal(1), end)
    return Per("t" if unit in ("t", "kg", "lb") else "kWh", _FACTORS[unit], end)
