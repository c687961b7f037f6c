"""Which pages a digest has, and what stands on each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from markupsafe import Markup

from flows.site import display, figures, paths, render, searching, tables
from flows.site.model import COMPANY, TOPIC, Digest, FeedRow, SiteFile, Story, Subject
from flows.site.policy import PAGE

_MENU = (
    (paths.INDEX, "Stories"),
    (paths.COMPANIES, "Companies"),
    (paths.TOPICS, "Topics"),
    (paths.TRENDS, "Trends"),
    (paths.HEALTH, "Feeds"),
)
_GROUPS = {
    "field": "Fields",
    "chemistry": "Chemistries",
    "mineral": "Minerals",
    "technology": "Technologies",
    "policy": "Policies",
}
# Feeds by what is to be done: states that wait for somebody, states that pass, the rest.
_ILL = frozenset({"gone", "html", "blocked", "failing", "moved", "lying_304", "quiet"})


@dataclass(frozen=True, slots=True)
class Link:
    """A page or a feed elsewhere on the site."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed for readers."""

    path: str
    type: str
    title: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """Stories of one day on a page."""

    day: date
    cards: tuple[Markup, ...]
    total: int
    """Stories of the day that belong here, those on other pages too."""

    @property
    def is_whole(self) -> bool:
        """Whether all of them stand on this page, to be put in another order."""
        return len(self.cards) == self.total


@dataclass(slots=True)
class Site:
    """What all pages have in common."""

    digest: Digest
    by_day: dict[date, list[Story]]
    by_subject: dict[Subject, list[Story]]
    _cards: dict[tuple[str, str], Markup] = field(default_factory=dict)

    def page(self, path: str, template: str, heading: str, **shown: Any) -> SiteFile:
        """The page at ``path``."""
        text = render.page(
            template,
            digest=self.digest,
            root=paths.root_of(path),
            here=path,
            menu=_MENU,
            heading=heading,
            feeds=[*shown.pop("feeds", ()), *feed_links(None, "All stories")],
            **shown,
        )
        return SiteFile(path, text.encode("utf-8", "replace"))

    def card(self, story: Story, root: str) -> Markup:
        """A story's card, for a page from which ``root`` leads to the site's folder."""
        known = self._cards.get((story.story_id, root))
        if known is None:
            known = render.part(
                "card.html",
                story=story,
                window=self.digest.window,
                shown_tags=[tag for tag in story.tags if tag.is_main][: PAGE.tags],
                most_figures=PAGE.figures,
                digest_full=self.digest.options.full_text,
                root=root,
            )
            self._cards[story.story_id, root] = known
        return known

    def split(self, stories: Sequence[Story], path: str) -> list[list[Story]]:
        """``stories`` in parts that each fill a page."""
        parts: list[list[Story]] = [[]]
        room = PAGE.bytes
        for story in stories:
            size = len(self.card(story, paths.root_of(path)).encode())
            if parts[-1] and (len(parts[-1]) >= PAGE.cards or size > room):
                parts.append([])
                room = PAGE.bytes
            parts[-1].append(story)
            room -= size
        return parts


def feed_links(subject: Subject | None, title: str) -> list[FeedLink]:
    """The feeds of a subject, or of everything."""
    return [
        FeedLink(paths.feed(subject, "atom"), "application/atom+xml", title, "Atom"),
        FeedLink(paths.feed(subject, "json"), "application/feed+json", title, "JSON Feed"),
    ]


def files(digest: Digest) -> Iterator[SiteFile]:
    """Every page, its style and script, the search index and the tables."""
    site = _site(digest)
    yield SiteFile(paths.STYLE, render.asset("site.css"))
    yield SiteFile(paths.SCRIPT, render.asset("site.js"))
    places: dict[str, str] = {}
    yield from _day_pages(site, places)
    yield SiteFile(paths.SEARCH, searching.index(digest, places))
    yield _front(site)
    yield from _subject_pages(site)
    yield _subjects(site, COMPANY)
    yield _subjects(site, TOPIC)
    yield from _trends(site)
    yield _health(site)
    if digest.options.full_text:
        for story in digest.stories:
            path = paths.story_page(story.story_id)
            yield site.page(path, "story.html", story.shown.title, story=story)


def _site(digest: Digest) -> Site:
    by_day: dict[date, list[Story]] = {day: [] for day in digest.window.days}
    by_subject: dict[Subject, list[Story]] = defaultdict(list)
    for story in digest.stories:
        by_day[story.day].append(story)
        for tag in story.tags:
            if tag.is_main:
                by_subject[tag.subject].append(story)
    return Site(digest, by_day, dict(by_subject))


def _front(site: Site) -> SiteFile:
    digest = site.digest
    shown = site.split(digest.stories[: PAGE.cards], paths.INDEX)[0]
    parts = _by_day(site, shown, paths.INDEX, digest.stories)
    moved = [one for one in digest.trends.moved if one.now]
    topics = [
        (subject, len(stories))
        for subject, stories in site.by_subject.items()
        if subject.kind == TOPIC
    ]
    topics.sort(key=lambda one: (-one[1], one[0]))
    return site.page(
        paths.INDEX,
        "index.html",
        display.days(digest.window.first, digest.window.last),
        parts=parts,
        strip=1 < digest.window.length <= PAGE.strip,
        by_day=_by_count(site),
        companies=moved[: PAGE.subjects],
        topics=topics[: PAGE.subjects],
        carried=sum(story.outlets > 1 for story in digest.stories),
        ill=sum(_is_ill(row) for row in digest.feeds),
    )


def _by_count(site: Site) -> list[tuple[date, int]]:
    """The days with their stories; of a long window, the last ones on which there are any."""
    days = [(day, len(stories)) for day, stories in site.by_day.items()]
    if site.digest.window.length <= PAGE.strip:
        return days
    return [one for one in days if one[1]][: PAGE.days]


def _day_pages(site: Site, places: dict[str, str]) -> Iterator[SiteFile]:
    """Every day's pages; where each story stands is noted in ``places``."""
    days = [day for day, stories in site.by_day.items() if stories]
    for at, day in enumerate(days):
        later = _day_link(days[at - 1]) if at else None
        earlier = _day_link(days[at + 1]) if at + 1 < len(days) else None
        stories = site.by_day[day]
        told = display.counted(len(stories), "story", "stories")
        outlets = {one.publisher for s in stories for one in (s.shown, *s.copies)}
        told += f" by {display.counted(len(outlets), 'publisher')}."
        numbered = site.split(stories, paths.day_page(day))
        for number, part in enumerate(numbered, 1):
            path = paths.day_page(day, number)
            for story in part:
                places[story.story_id] = f"{path}#s-{paths.slug(story.story_id)}"
            yield site.page(
                path,
                "stories.html",
                display.day_long(day),
                kicker="",
                told=told,
                parts=_by_day(site, part, path, stories),
                is_day=True,
                number=number,
                numbers=len(numbered),
                part_pages=[paths.day_page(day, n + 1) for n in range(len(numbered))]
                if len(numbered) > 1
                else [],
                earlier=earlier,
                later=later,
                subject_feeds=[],
                subject_figures=[],
            )


def _day_link(day: date) -> Link:
    return Link(paths.day_page(day), display.day_short(day))


def _by_day(site: Site, stories: Sequence[Story], path: str, among: Sequence[Story]) -> list[Part]:
    """``stories`` of a page by day; ``among`` are those of all its parts."""
    root = paths.root_of(path)
    totals = Counter(story.day for story in among)
    return [
        Part(day, tuple(site.card(one, root) for one in part), totals[day])
        for day, part in groupby(stories, key=lambda story: story.day)
    ]


def _subject_pages(site: Site) -> Iterator[SiteFile]:
    before = {one.subject: one.before for one in site.digest.trends.moved}
    for subject, stories in sorted(site.by_subject.items()):
        is_company = subject.kind == COMPANY
        name = subject.name if is_company else display.label(subject.name)
        told = display.counted(len(stories), "story", "stories")
        if is_company and site.digest.trends.stories_before:
            length = display.counted(site.digest.window.length, "day")
            told += f", {before.get(subject, 0) or 'none'} in the {length} before"
        links = feed_links(subject, name)
        said = [
            (figure, story)
            for story in stories
            for figure in story.figures
            if is_company and figure.company == subject.name
        ][: PAGE.company_figures]
        numbered = site.split(stories[: PAGE.subject_stories], paths.subject_page(subject))
        for number, part in enumerate(numbered, 1):
            path = paths.subject_page(subject, number)
            yield site.page(
                path,
                "stories.html",
                name,
                kicker=subject.ticker or _kicker(subject),
                told=f"{told}.",
                parts=_by_day(site, part, path, stories),
                is_day=False,
                number=number,
                numbers=len(numbered),
                part_pages=[paths.subject_page(subject, n + 1) for n in range(len(numbered))],
                earlier=None,
                later=None,
                feeds=links,
                subject_feeds=links,
                subject_figures=said if number == 1 else [],
            )


def _kicker(subject: Subject) -> str:
    if subject.kind == COMPANY:
        return "Company"
    return {"field": "Field", "policy": "Policy"}.get(subject.group, subject.group.capitalize())


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A company or a topic in a list of them."""

    name: str
    ticker: str
    path: str
    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Group:
    """Some of them under one heading."""

    name: str
    head: str
    has_before: bool
    rows: tuple[SubjectRow, ...]


def _subjects(site: Site, kind: str) -> SiteFile:
    """All companies or all topics of the window."""
    before = Counter({one.subject: one.before for one in site.digest.trends.moved})
    rows: dict[str, list[SubjectRow]] = defaultdict(list)
    for subject, stories in site.by_subject.items():
        if subject.kind == kind:
            is_company = kind == COMPANY
            rows["" if is_company else subject.group].append(
                SubjectRow(
                    name=subject.name if is_company else display.label(subject.name),
                    ticker=subject.ticker,
                    path=paths.subject_page(subject),
                    now=len(stories),
                    before=before[subject],
                )
            )
    names = {"": "By stories", **_GROUPS}
    order = [*names, *sorted(rows.keys() - names.keys())]
    groups = [
        Group(
            name=names.get(group, group.capitalize()),
            head="Company" if kind == COMPANY else "Topic",
            has_before=kind == COMPANY,
            rows=tuple(sorted(rows[group], key=lambda row: (-row.now, row.name))),
        )
        for group in order
        if group in rows
    ]
    total = sum(len(group.rows) for group in groups)
    if kind == COMPANY:
        heading, path = "Companies", paths.COMPANIES
        told = f"{display.counted(total, 'company', 'companies')} that stories are about."
        none = "No story of these days is about a company that is looked for."
    else:
        heading, path = "Topics", paths.TOPICS
        told = f"{display.counted(total, 'topic')} that stories are about."
        none = "No story of these days has a topic."
    return site.page(path, "subjects.html", heading, groups=groups, told=told if total else none)


def _trends(site: Site) -> Iterator[SiteFile]:
    shown = figures.of(site.digest)
    yield site.page(paths.TRENDS, "trends.html", "Trends", figures=shown)
    for one in shown:
        yield SiteFile(paths.table(one.table.name), tables.as_csv(one.table))


@dataclass(frozen=True, slots=True)
class FeedGroup:
    """Feeds that fare alike."""

    name: str
    kind: str
    rows: tuple[FeedRow, ...]


def _is_ill(row: FeedRow) -> bool:
    return row.enabled and row.state in _ILL


def _health(site: Site) -> SiteFile:
    rows = site.digest.feeds
    ill = tuple(row for row in rows if _is_ill(row))
    well = tuple(row for row in rows if row.enabled and not _is_ill(row))
    off = tuple(row for row in rows if not row.enabled)
    told = display.counted(len(ill) + len(well), "feed")
    told += f", {display.counted(len(ill), 'wants', 'want')} a look." if ill else ", all well."
    return site.page(
        paths.HEALTH,
        "health.html",
        "Feeds",
        told=told if rows else "The store knows no feeds.",
        groups=[
            FeedGroup("Worth a look", "ill", ill),
            FeedGroup("Well", "well", well),
            FeedGroup("Switched off", "off", off),
        ],
    )
