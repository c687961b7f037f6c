"""How often a feed publishes, learned from what it published.  Pure: a record in, a record out.

A rhythm is a rate with two shapes, over the hours of the day and over the days of the week (UTC);
their product is the expected number of entries in any hour of the week.  Two margins of 24 and 7
cells are learned in two weeks, where 168 cells would ask for months of a feed with three entries
a day.  What is not known yet counts as even: every cell is drawn to the mean by a few pseudo-
entries, so that a shape shows only where there is evidence for it.

When to ask follows K. C. Sia, J. Cho and H.-K. Cho, "Efficient Monitoring Algorithm for Fast News
Alerts" (IEEE TKDE 19(7), 2007): entries wait from their publication to the next poll, and a poll
is worth its cost when the waiting that is expected to have built up, the integral of
rate x time waited, reaches a bound.  With an even rate that is their square-root rule; with a
shape it puts the polls where the entries come.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ingest.policy import RhythmPolicy

_POLICY = RhythmPolicy()
_HOUR = timedelta(hours=1)
_DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is known of a feed's publishing.  Counts and exposures fade with time."""

    count: float = 0.0
    """Entries seen, faded over ``fade_days``."""
    days: float = 0.0
    """Days watched, faded alike: ``count / days`` is the rate."""
    hours: tuple[float, ...] = (0.0,) * 24
    """Entries by hour of the day (UTC), faded over ``shape_fade_days``."""
    hours_watched: tuple[float, ...] = (0.0,) * 24
    """Hours watched, by hour of the day."""
    weekdays: tuple[float, ...] = (0.0,) * 7
    """Entries by day of the week, Monday first."""
    weekdays_watched: tuple[float, ...] = (0.0,) * 7
    """Hours watched, by day of the week."""
    window: int = 0
    """Entries that the feed lists."""
    caution: float = 1.0
    """By how much the window is taken for smaller than it is: grows with each gap."""
    wish: int = 0
    """Minutes that the feed asks to be left alone after each answer; it stands for 304s too."""

    @property
    def known(self) -> bool:
        """Whether anything was learned of the rate."""
        return self.days > 0

    @property
    def per_day(self) -> float:
        """Entries a day, drawn to one a day while nearly nothing is known."""
        return (self.count + _POLICY.prior_days) / (self.days + _POLICY.prior_days)

    def dumps(self) -> str:
        """The rhythm as one line of JSON, some 500 characters."""
        return json.dumps(
            {name: _short(getattr(self, name)) for name in self.__dataclass_fields__},
            separators=(",", ":"),
        )


def loads(text: str) -> Rhythm:
    """A rhythm from ``dumps``; one that knows nothing from anything else."""
    try:
        stored = json.loads(text)
        return Rhythm(
            count=_number(stored["count"]),
            days=_number(stored["days"]),
            hours=_cells(stored["hours"], 24),
            hours_watched=_cells(stored["hours_watched"], 24),
            weekdays=_cells(stored["weekdays"], 7),
            weekdays_watched=_cells(stored["weekdays_watched"], 7),
            window=int(_number(stored["window"])),
            caution=max(1.0, _number(stored["caution"])),
            wish=int(_number(stored.get("wish", 0))),
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return Rhythm()


def learn(rhythm: Rhythm, times: Iterable[datetime], since: datetime, now: datetime) -> Rhythm:
    """``rhythm`` after watching a feed from ``since`` to ``now``, with entries at ``times``.

    Times outside are counted at the nearer end: a backdated entry came all the same.
    """
    since = max(min(since, now), now - timedelta(days=_POLICY.longest_days))
    passed = (now - since).total_seconds() / _DAY
    fade, shape_fade = _fade(passed, _POLICY.fade_days), _fade(passed, _POLICY.shape_fade_days)
    count, days = rhythm.count * fade, rhythm.days * fade
    hours, hours_watched = (
        _faded(rhythm.hours, shape_fade),
        _faded(rhythm.hours_watched, shape_fade),
    )
    weekdays, weekdays_watched = (
        _faded(rhythm.weekdays, shape_fade),
        _faded(rhythm.weekdays_watched, shape_fade),
    )
    for start, end in _slices(since, now):
        length = (end - start).total_seconds() / 3600
        age = (now - end).total_seconds() / _DAY
        days += length / 24 * _fade(age, _POLICY.fade_days)
        weight = length * _fade(age, _POLICY.shape_fade_days)
        hours_watched[start.hour] += weight
        weekdays_watched[start.weekday()] += weight
    for time in times:
        at = min(max(time, since), now)
        age = (now - at).total_seconds() / _DAY
        count += _fade(age, _POLICY.fade_days)
        weight = _fade(age, _POLICY.shape_fade_days)
        hours[at.astimezone(UTC).hour] += weight
        weekdays[at.astimezone(UTC).weekday()] += weight
    return replace(
        rhythm,
        count=count,
        days=days,
        hours=tuple(hours),
        hours_watched=tuple(hours_watched),
        weekdays=tuple(weekdays),
        weekdays_watched=tuple(weekdays_watched),
    )


def first_look(published: Sequence[datetime], now: datetime) -> tuple[list[datetime], datetime]:
    """The entries of a feed never seen before that tell its rate, and since when they do.

    The oldest only opens the time watched, and an old entry that stays at the top for months is
    left out: it would make the feed seem slow, and a slow feed is asked too seldom.
    """
    times = sorted(min(time, now) for time in published)
    while len(times) > 2:
        rest = (now - times[1]).total_seconds()
        if (times[1] - times[0]).total_seconds() <= _POLICY.stray_share * max(rest, 3600.0):
            break
        times = times[1:]
    return times[1:], times[0] if times else now


def expected(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """Number of entries to be expected from ``since`` to ``until``."""
    rates = _Hourly(rhythm)
    return sum(
        rates(start) * (end - start).total_seconds() / 3600
        for start, end in _slices(since, min(until, since + timedelta(days=_POLICY.longest_days)))
    )


def fresh_wait(rhythm: Rhythm, now: datetime, longest: timedelta) -> timedelta:
    """How long until the waiting of unseen entries is expected to have reached its bound."""
    rates = _Hourly(rhythm)
    waiting = came = 0.0
    for start, end in _slices(now, now + longest):
        length, rate = (end - start).total_seconds() / 3600, rates(start)
        after = waiting + came * length + rate * length**2 / 2
        if after >= _POLICY.waiting_hours:
            # waiting + came x + rate x^2 / 2 = bound, for x in this slice
            lacking = _POLICY.waiting_hours - waiting
            x = 2 * lacking / (came + math.sqrt(came**2 + 2 * rate * lacking))
            return min(start - now + timedelta(hours=min(x, length)), longest)
        waiting, came = after, came + rate * length
    return longest


def safe_wait(rhythm: Rhythm, now: datetime, longest: timedelta) -> timedelta:
    """How long the window is sure to hold every new entry.

    The entries expected, their spread (wider than Poisson's: they come in bursts) and the doubt
    about the rate together must leave one entry that is known, or a loss could not be told from
    a lively day.
    """
    room = max(rhythm.window / rhythm.caution, 1.0) - 1.0
    spread = _POLICY.deviations * math.sqrt(_POLICY.dispersion)
    most = ((math.sqrt(spread**2 + 4 * room) - spread) / 2) ** 2
    doubt = 1 + min(2.0, 2 / math.sqrt(rhythm.count + 1))
    rates = _Hourly(rhythm)
    came = 0.0
    for start, end in _slices(now, now + longest):
        length, rate = (end - start).total_seconds() / 3600, doubt * rates(start)
        if came + rate * length >= most:
            return min(start - now + timedelta(hours=(most - came) / rate), longest)
        came += rate * length
    return longest


class _Hourly:
    """Entries an hour, by the hour of the week that a time stands in."""

    __slots__ = ("_base", "_days", "_hours")

    def __init__(self, rhythm: Rhythm) -> None:
        self._base = rhythm.per_day / 24
        self._hours = _shape(_smoothed(rhythm.hours), rhythm.hours_watched)
        self._days = _shape(rhythm.weekdays, rhythm.weekdays_watched)

    def __call__(self, at: datetime) -> float:
        return self._base * self._hours[at.hour] * self._days[at.weekday()]


def _shape(counts: Sequence[float], watched: Sequence[float]) -> list[float]:
    """How lively each cell is, with a mean of one over all cells."""
    total, exposure = sum(counts), sum(watched)
    if total <= 0 or exposure <= 0:
        return [1.0] * len(counts)
    mean, drawn = total / exposure, _POLICY.shape_prior
    factors = [
        max((count + drawn) / (hours * mean + drawn), _POLICY.least_factor)
        for count, hours in zip(counts, watched, strict=True)
    ]
    middle = sum(factors) / len(factors)
    return [factor / middle for factor in factors]


def _smoothed(cells: Sequence[float]) -> list[float]:
    # an editorial office starts at eight or at half past seven: neighbours are evidence too
    count = len(cells)
    return [
        0.5 * cells[i] + 0.25 * cells[i - 1] + 0.25 * cells[(i + 1) % count] for i in range(count)
    ]


def _slices(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time from ``since`` to ``until``, cut at full hours of UTC."""
    start, until = since.astimezone(UTC), until.astimezone(UTC)
    edge = start.replace(minute=0, second=0, microsecond=0) + _HOUR
    while start < until:
        end = min(edge, until)
        yield start, end
        start, edge = end, edge + _HOUR


def _fade(days: float, over: float) -> float:
    return math.exp(-days / over)


def _faded(cells: Sequence[float], factor: float) -> list[float]:
    return [cell * factor for cell in cells]


def _short(value: float | tuple[float, ...]) -> object:
    return [round(cell, 3) for cell in value] if isinstance(value, tuple) else round(value, 4)


def _number(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0 <= number < 1e9:
        raise ValueError(value)
    return number


def _cells(values: Sequence[object], count: int) -> tuple[float, ...]:
    cells = tuple(_number(value) for value in values)
    if len(cells) != count:
        raise ValueError(count)
    return cells
