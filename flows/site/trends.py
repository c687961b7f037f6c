"""What a window looks like from afar: counted from its stories, by plain calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from statistics import median
from typing import Protocol

from flows.site.model import COMPANY, TOPIC, Moved, Outlet, Story, Subject, Trends, Window
from flows.site.policy import TREND
from flows.site.wording import named


class Published(Protocol):
    """An article with its publisher and time."""

    @property
    def publisher(self) -> str:
        """Who published it."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def has_hour(self) -> bool:
        """Whether the hour of that is known."""

    @property
    def published_at(self) -> datetime | None:
        """The same, None where nothing says so."""

    def day(self, window: Window) -> date:
        """The day that it is news of."""


def of(
    stories: Sequence[Story],
    members: Iterable[Sequence[Published]],
    window: Window,
    *,
    before: Mapping[Subject, int],
    stories_before: int,
) -> Trends:
    """The figures behind the charts.

    Args:
        stories: of the window.
        members: the articles of each story, the earliest first; those of other days too.
        window: the days.
        before: stories of the window before by company.
        stories_before: how many these were.
    """
    return Trends(
        by_topic=_by_topic(stories, window),
        by_day=_by_day(stories, window),
        moved=_moved(stories, before),
        outlets=_outlets(members, window),
        stories_before=stories_before,
    )


def _by_day(stories: Sequence[Story], window: Window) -> dict[date, int]:
    days = dict.fromkeys(reversed(window.days), 0)
    for story in stories:
        days[story.day] += 1
    return days


def _by_topic(stories: Sequence[Story], window: Window) -> dict[str, dict[date, int]]:
    """Fields first, for they part the whole; where there are none, whatever topics there are."""
    totals: Counter[Subject] = Counter()
    for story in stories:
        totals.update(tag.subject for tag in story.tags if tag.subject.kind == TOPIC)
    ranked = sorted(totals, key=lambda one: (one.group != "field", -totals[one], one.name))
    days: dict[str, dict[date, int]] = {
        one.name: dict.fromkeys(reversed(window.days), 0) for one in ranked[: TREND.topics]
    }
    for story in stories:
        for tag in story.tags:
            if tag.subject.kind == TOPIC and tag.subject.name in days:
                days[tag.subject.name][story.day] += 1
    return days


def _moved(stories: Sequence[Story], before: Mapping[Subject, int]) -> tuple[Moved, ...]:
    now: Counter[Subject] = Counter()
    for story in stories:
        now.update(t.subject for t in story.tags if t.subject.kind == COMPANY and t.is_main)
    found = [Moved(subject=one, now=now[one], before=before.get(one, 0)) for one in {*now, *before}]
    found.sort(key=lambda one: (-one.now, -one.before, one.subject))
    return tuple(found[: TREND.row_limit])


def _outlets(members: Iterable[Sequence[Published]], window: Window) -> tuple[Outlet, ...]:
    articles: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    leads: dict[str, list[float]] = defaultdict(list)
    for rows in members:
        for number, row in enumerate(rows):
            if window.first <= row.day(window) <= window.last:
                articles[row.publisher] += 1
                copies[row.publisher] += number > 0
        told: dict[str, datetime] = {}
        for row in rows:
            if row.published_at is not None and row.has_hour:
                told.setdefault(row.publisher, row.at)
        if len(told) < 2:
            continue
        shared.update(told.keys())
        (winner, first), (_, second) = sorted(told.items(), key=lambda one: (one[1], one[0]))[:2]
        # Two at the same minute: neither was first.
        if (minutes := (second - first).total_seconds() / 60) >= 1:
            leads[winner].append(minutes)
    found = [
        Outlet(
            name=named(name, "unnamed publisher"),
            articles=articles[name],
            copies=copies[name],
            shared=shared[name],
            firsts=len(leads[name]),
            lead_minutes=median(leads[name]) if leads[name] else None,
        )
        for name in articles
    ]
    found.sort(key=lambda one: (-one.articles, one.name))
    return tuple(found[: TREND.row_limit])
