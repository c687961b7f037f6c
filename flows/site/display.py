"""Times and numbers as a reader wants them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 1, 60, 24 * 60


def day_long(day: date) -> str:
    """``Monday 2 November 2026``."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def day_short(day: date) -> str:
    """``Mon 2 Nov``."""
    return f"{day:%a} {day.day} {day:%b}"


def day_brief(day: date) -> str:
    """``Mon 2``."""
    return f"{day:%a} {day.day}"


def days(first: date, last: date) -> str:
    """``27 October to 2 November 2026``."""
    if first == last:
        return day_long(last)
    year = "" if first.year == last.year else f" {first.year}"
    month = "" if (first.year, first.month) == (last.year, last.month) else f" {first:%B}"
    return f"{first.day}{month}{year} to {last.day} {last:%B %Y}"


def clock(at: datetime, zone: str) -> str:
    """``06:10 CET``."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {zone_name(local)}"


def moment(at: datetime, zone: str) -> str:
    """``2 Nov 2026, 06:10 CET``."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y}, {local:%H:%M} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """Its zone as people write it: ``CET``, or ``UTC+08`` where it has no letters."""
    name = local.tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"


def span(minutes: float) -> str:
    """``45 min``, ``2 h 10 min``, ``3 days``."""
    whole = round(minutes)
    if whole < _HOUR:
        return f"{whole} min"
    if whole < _DAY:
        rest = whole % _HOUR
        return f"{whole // _HOUR} h" + (f" {rest} min" if rest else "")
    count = round(whole / _DAY)
    return f"{count} day{'s' if count > 1 else ''}"


def number(value: float) -> str:
    """``12,345``; ``3.5``."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def counted(value: int, one: str, many: str = "") -> str:
    """``1 story``, ``2 stories``."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def share(part: float, whole: float) -> str:
    """``35 %``."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def label(name: str) -> str:
    """A topic's name as a heading: ``electric-vehicles`` becomes ``Electric vehicles``."""
    said = name.replace("-", " ") if name.islower() else name
    return said[:1].upper() + said[1:]
