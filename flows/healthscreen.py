"""The health of feeds on one screen: the worst first, each with what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from flows.oneline import clean

# Ranks of feed_health: from PASSING on nothing is broken, from WELL on nothing is to be done.
PASSING, WELL = 5, 9
# Shown even where the terminal is lower than that.
LEAST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is shown of one feed."""

    slug: str
    state: str
    answered_at: datetime | None
    delivered_at: datetime | None
    next_at: datetime | None
    detail: str
    advice: str
    rank: int


def screen(rows: Sequence[Row], *, width: int, height: int, now: datetime) -> list[Text]:
    """Lines of at most ``width`` characters; no more than ``height`` of them where that can be.

    Args:
        rows: the worst first.
        now: against which ages are told.
    """
    sick = [row for row in rows if row.rank < WELL]
    most = max(LEAST_SHOWN, (height - 4) // 2)
    shown = sick[:most]
    slug = min(max([len(row.slug) for row in shown], default=4), max(12, width - 58))
    lines = []
    if shown:
        lines.append(Text(f"{'feed':<{slug}}  state      answered  new entry  next    why", "bold"))
    for row in shown:
        lines += _of(row, slug, width, now)
    if len(sick) > most:
        lines.append(Text(f"and {len(sick) - most} more that want a look: --all lists them"))
    if len(rows) > len(sick):
        lines.append(Text(f"{len(rows) - len(sick)} feeds are well or new; --all lists them"))
    return lines


def _of(row: Row, slug: int, width: int, now: datetime) -> list[Text]:
    due = span(row.next_at - now) if row.next_at and row.next_at > now else "due"
    first = Text(f"{row.slug[:slug]:<{slug}}  ")
    first.append(f"{row.state:<9}", "red" if row.rank < PASSING else "")
    first.append(
        f"  {age(row.answered_at, now):<8}  {age(row.delivered_at, now):<9}  "
        f"{due if row.next_at else 'never':<6}  {clean(row.detail)}"
    )
    first.truncate(width, overflow="ellipsis")
    if not row.advice:
        return [first]
    second = Text(f"  -> {clean(row.advice)}", "dim")
    second.truncate(width, overflow="ellipsis")
    return [first, second]


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in the largest fitting unit."""
    return span(now - at) if at else "never"


def span(time: timedelta | None) -> str:
    """A length of time in its largest fitting unit."""
    minutes = max(0, round(time.total_seconds() / 60)) if time else 0
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
