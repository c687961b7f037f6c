"""The figures of the trends page: what each shows, its numbers, its words, its drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from markupsafe import Markup

from flows.site import charts, tables
from flows.site.display import counted, day_short, label, share, span
from flows.site.model import Digest, Moved, Outlet
from flows.site.policy import TREND
from flows.site.tables import Table

T = TypeVar("T")
Spec = charts.Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart with all that belongs to it."""

    title: str
    says: str
    """What it shows and how it was counted."""
    alternative: str
    """The same for somebody who cannot see it."""
    table: Table
    svg: Markup | None
    """None where it could not be drawn: the table is there."""


def of(digest: Digest) -> list[Figure]:
    """The figures that there is something to draw for."""
    found = [
        _by_topic(digest),
        _firsts(digest),
        _moved(digest),
        _copies(digest),
    ]
    return [one for one in found if one is not None]


def _by_topic(digest: Digest) -> Figure | None:
    if not digest.stories:
        return None
    trends = digest.trends
    columns = {"All stories": dict(trends.by_day)} | {
        label(name): dict(days) for name, days in trends.by_topic.items()
    }
    monthly = digest.window.length >= TREND.months_from
    if monthly:
        columns = {name: _months(column) for name, column in columns.items()}
    every = columns["All stories"]
    busiest = max(every, key=lambda day: every[day])
    when = f"{busiest:%B %Y}" if monthly else day_short(busiest)
    leading = list(columns)[1:4]
    return Figure(
        title="Stories a month" if monthly else "Stories a day",
        says="New stories by the day of their first article; one may have several topics.",
        alternative=f"Bars by {'month' if monthly else 'day'}. Most stories, {every[busiest]}, "
        f"{'in' if monthly else 'on'} {when}."
        + (f" The largest topics: {', '.join(leading)}." if leading else ""),
        table=tables.of(
            "stories",
            ["Month" if monthly else "Day", *columns],
            [
                [f"{day:%Y-%m}" if monthly else day.isoformat()]
                + [column.get(day, 0) for column in columns.values()]
                for day in every
            ],
        ),
        svg=_drawn(digest, charts.by_month if monthly else charts.by_day, columns),
    )


def _months(column: Mapping[date, int]) -> dict[date, int]:
    months: dict[date, int] = {}
    for day, count in column.items():
        months[day.replace(day=1)] = months.get(day.replace(day=1), 0) + count
    return months


def _moved(digest: Digest) -> Figure | None:
    moved = digest.trends.moved
    if not moved:
        return None
    table = tables.of(
        "companies",
        ["Company", "Stories", "Before", "Change"],
        [[one.subject.name, one.now, one.before, one.now - one.before] for one in moved],
    )
    length = counted(digest.window.length, "day")
    if not digest.trends.stories_before:
        # A young store: everybody rises from nothing, which tells nothing.
        most = moved[: TREND.companies]
        return Figure(
            title="Companies in the news",
            says=f"Stories about each. Of the {length} before, the store has none to compare with.",
            alternative=f"Bars by company. Most stories, {most[0].now}, are about "
            f"{most[0].subject.name}.",
            table=table,
            svg=_drawn(digest, charts.named, most),
        )
    furthest = sorted(moved, key=lambda one: (-abs(one.now - one.before), -one.now, one.subject))
    shown = sorted(furthest[: TREND.companies], key=lambda one: (one.before - one.now, -one.now))
    told = [
        _sentence("Rising", [one for one in shown if one.now > one.before]),
        _sentence("Falling", [one for one in shown if one.now < one.before][::-1]),
    ]
    return Figure(
        title="Companies rising and falling",
        says=f"Stories about each in these {length} (filled) and in the {length} before (ring).",
        alternative=" ".join(filter(None, told)) or "No company moved.",
        table=table,
        svg=_drawn(digest, charts.moved, shown),
    )


def _sentence(word: str, found: list[Moved]) -> str:
    if not found:
        return ""
    told = ", ".join(f"{one.subject.name} from {one.before} to {one.now}" for one in found[:4])
    return f"{word}: {told}."


def _firsts(digest: Digest) -> Figure | None:
    shared = [one for one in digest.trends.outlets if one.shared >= TREND.least_shared]
    if not any(one.firsts for one in shared):
        return None
    shared.sort(key=lambda one: (-one.firsts / one.shared, -one.shared, one.name))
    shown = sorted(shared[: TREND.outlets], key=lambda one: (-one.firsts, -one.shared, one.name))
    best = shown[0]
    return Figure(
        title="Who publishes first",
        says="Of the stories that several publishers told, by the times that they state: how many "
        "each told first, and by how much (median).",
        alternative=f"Bars by publisher. {best.name} was first in {best.firsts} of {best.shared} "
        "shared stories" + (f", by {span(best.lead_minutes)}." if best.lead_minutes else "."),
        table=tables.of(
            "first",
            ["Publisher", "Shared stories", "First", "Minutes ahead (median)"],
            [[one.name, one.shared, one.firsts, _rounded(one.lead_minutes)] for one in shared],
        ),
        svg=_drawn(digest, charts.firsts, shown),
    )


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 1)


def _copies(digest: Digest) -> Figure | None:
    outlets = [one for one in digest.trends.outlets if one.articles >= TREND.least_articles]
    if not any(one.copies for one in outlets):
        return None
    shown = sorted(outlets[: TREND.outlets], key=_share, reverse=True)
    most = shown[0]
    return Figure(
        title="Share of copies",
        says="Of each publisher's articles, those whose story another article told before.",
        alternative=f"Bars by publisher. {most.name} has the largest share, "
        f"{share(most.copies, most.articles)} of {most.articles}.",
        table=tables.of(
            "copies",
            ["Publisher", "Articles", "Copies", "Share"],
            [[one.name, one.articles, one.copies, share(one.copies, one.articles)]
             for one in outlets],
        ),
        svg=_drawn(digest, charts.copies, shown),
    )  # fmt: skip


def _share(one: Outlet) -> tuple[float, int]:
    return (one.copies / one.articles, one.articles)


def _drawn(digest: Digest, chart: Callable[[T], Spec], shown: T) -> Markup | None:
    return charts.draw(chart(shown)) if digest.options.charts else None
