"""What a digest shows, asked of the published store: SQL in, frozen records out.

Each question touches the window, the one before it and the stories in them, whatever else the
store holds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from flows.site import changes, trends
from flows.site.model import (
    COMPANY,
    TOPIC,
    Digest,
    FeedRow,
    KeyFigure,
    Options,
    Story,
    Subject,
    Tag,
    Telling,
    Window,
)
from flows.site.policy import CHANGE, PAGE, WIDTH
from flows.site.wording import cut, language_tag, lead, named, plain, web_address

# Letters of a text without copies that are read: its lead stands well before their end.
_BEGINNING = 6_000
# A time of day as feeds and pages write it, or seconds since 1970; else only a day is known.
_HOUR = re.compile(r"\d[:.h]\d\d|T\d\d|^\s*\d{9,}\s*$|\d\s*[ap]\.?m", re.I)


class Row(NamedTuple):
    """One article as the store has it."""

    article_id: str
    story_id: str
    publisher: str
    title: str
    url: str
    language: str
    published_at: datetime | None
    fetched_at: datetime
    published_raw: str
    published_on: date | None
    words: int
    notice: str
    is_representative: bool
    version: int
    text: str

    @property
    def at(self) -> datetime:
        """When it was published; when it was fetched where nothing says so."""
        return self.published_at or self.fetched_at

    @property
    def has_hour(self) -> bool:
        """Whether the hour of that is known."""
        raw = self.published_raw
        return self.published_at is None or not raw or bool(_HOUR.search(raw))

    def day(self, window: Window) -> date:
        """The day that it is news of."""
        if not self.has_hour and self.published_on is not None:
            return self.published_on
        return window.day_of(self.at)


def gather(con: duckdb.DuckDBPyConnection, window: Window, options: Options) -> Digest:
    """Everything that the pages of ``window`` show."""
    stories_in = _stories_between(con, window)
    rows = _members(con, stories_in, window, whole=options.full_text)
    story_of = {
        row.article_id: story_id
        for story_id, members in rows.items()
        for row in members
        if row.is_representative
    }
    tags, figures = _tags(con, story_of), _figures(con, story_of)
    stories = [
        replace(
            _story(story_id, members, window, options),
            tags=tags.get(story_id, ()),
            figures=figures.get(story_id, ()),
        )
        for story_id, members in rows.items()
    ]
    stories.sort(key=lambda story: _order(story, options))
    stories = _compared(stories, rows, options)
    published = [row for members in rows.values() for row in members if _is_in(row, window)]
    before = _stories_between(con, window.before)
    return Digest(
        window=window,
        options=options,
        stories=tuple(stories),
        feeds=_feeds(con),
        trends=trends.of(
            stories,
            rows.values(),
            window,
            before=_companies(con, before),
            stories_before=len(before),
        ),
        as_of=_as_of(con, published),
        articles=len(published),
        publishers=len({row.publisher for row in published}),
    )


def newest_day(con: duckdb.DuckDBPyConnection, today: date, zone: str) -> date | None:
    """The last day up to ``today`` of which anything is stored; None for an empty store."""
    until = Window.ending(today, 1, zone).until
    found = con.execute(
        "SELECT max(published_at) FROM articles WHERE published_at < $until", {"until": until}
    ).fetchone()
    if found is None or found[0] is None:
        return None
    return Window.ending(today, 1, zone).day_of(found[0])


def _order(story: Story, options: Options) -> tuple[Any, ...]:
    newest = -story.at.timestamp()
    within = (newest,) if options.newest_first else (-story.outlets, newest)
    return (-story.day.toordinal(), *within, story.story_id)


def _is_in(row: Row, window: Window) -> bool:
    return window.first <= row.day(window) <= window.last


def _stories_between(con: duckdb.DuckDBPyConnection, window: Window) -> set[str]:
    """Stories of which an article was published in ``window``."""
    # A day without an hour is kept as midnight UTC, which is another day elsewhere: a day more on
    # both sides, and each article's own day decides.
    found = con.execute(
        "SELECT story_id, published_at, fetched_at, published_raw, published_on FROM articles "
        "WHERE published_at >= $since AND published_at < $until "
        "UNION ALL "
        "SELECT story_id, published_at, fetched_at, published_raw, published_on FROM articles "
        # What a feed listed was new when it was found; what a backfill found may be of any year.
        "WHERE published_at IS NULL AND feed <> '' "
        "AND fetched_at >= $since AND fetched_at < $until",
        {
            "since": window.since - timedelta(days=1),
            "until": window.until + timedelta(days=1),
        },
    ).fetchall()
    kept = set()
    for story_id, published_at, fetched_at, raw, on in found:
        row = Row("", story_id, "", "", "", "", published_at, fetched_at, raw or "", on, 0, "",
                  False, 1, "")  # fmt: skip
        if _is_in(row, window):
            kept.add(story_id)
    return kept


_COLUMNS = (
    "article_id, story_id, publisher, title, url, language, published_at, fetched_at, "
    "published_raw, published_on, words, notice, is_representative, version, left(text, $letters)"
)
# How far around the window a story's articles usually stand.
_NEAR = timedelta(days=21)
# Articles further off that are fetched one by one; more are looked for in the whole store.
_SINGLY = 200


def _members(
    con: duckdb.DuckDBPyConnection, stories: set[str], window: Window, *, whole: bool
) -> dict[str, list[Row]]:
    """The articles of each story, the earliest first; texts as long as they are needed."""
    letters = 2**31 - 1 if whole else max(_BEGINNING, CHANGE.longest)
    members: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(con, stories, window, letters):
        members[row.story_id].append(row)
    for story_id, rows in members.items():
        if len(rows) == 1 and not whole:
            rows[0] = rows[0]._replace(text=rows[0].text[:_BEGINNING])
        members[story_id] = sorted(rows, key=lambda row: (row.at, row.article_id))
    return dict(sorted(members.items()))


def _rows(
    con: duckdb.DuckDBPyConnection, stories: set[str], window: Window, letters: int
) -> Iterator[Row]:
    """The articles of ``stories``.

    Texts are most of a store, and joining by story alone reads all of them.  Asked for by time,
    only the parts of the table that are of that time are read: of a million articles, a hundredth.
    """
    asked = "SEMI JOIN (SELECT unnest($stories::VARCHAR[]) AS story_id) USING (story_id) "
    near = {"low": window.since - _NEAR, "high": window.until + _NEAR}
    ids = sorted(stories)
    found = con.execute(
        f"SELECT {_COLUMNS} FROM articles {asked}"
        "WHERE published_at >= $low AND published_at < $high",
        {"stories": ids, "letters": letters, **near},
    )
    while batch := found.fetchmany(2_000):
        yield from (Row(*values) for values in batch)
    far = con.execute(
        f"SELECT article_id, published_at FROM articles {asked}"
        "WHERE published_at IS NULL OR published_at < $low OR published_at >= $high",
        {"stories": ids, **near},
    ).fetchall()
    by_time: dict[datetime | None, list[str]] = defaultdict(list)
    for article_id, at in far:
        by_time[at].append(article_id)
    if len(by_time) > _SINGLY:
        yield from _by_id(con, [article_id for article_id, _ in far], letters)
        return
    for at, wanted in by_time.items():
        if at is None:
            yield from _by_id(con, wanted, letters, "published_at IS NULL")
        else:
            yield from _by_id(con, wanted, letters, "published_at = $at", at=at)


def _by_id(
    con: duckdb.DuckDBPyConnection,
    ids: Sequence[str],
    letters: int,
    where: str = "true",
    **given: datetime,
) -> Iterator[Row]:
    found = con.execute(
        f"SELECT {_COLUMNS} FROM articles SEMI JOIN "
        f"(SELECT unnest($ids::VARCHAR[]) AS article_id) USING (article_id) WHERE {where}",
        {"ids": list(ids), "letters": letters, **given},
    )
    while batch := found.fetchmany(2_000):
        yield from (Row(*values) for values in batch)


def _story(
    story_id: str,
    members: Sequence[Row],
    window: Window,
    options: Options,
) -> Story:
    shown = next((row for row in members if row.is_representative), members[0])
    dated = [row for row in members if row.published_at is not None]
    first = dated[0] if dated else shown
    others = [row for row in members if row is not shown]
    listed = others[: PAGE.copies]
    earliest = next((row for row in members if _is_in(row, window)), shown)
    return Story(
        story_id=story_id,
        day=earliest.day(window),
        at=earliest.at,
        shown=_telling(shown, options),
        lead=lead(shown.text, shown.title),
        first=_telling(first, options),
        copies=tuple(_telling(row, options) for row in listed),
        more_copies=len(others) - len(listed),
        outlets=len({row.publisher for row in members}),
    )


def _compared(
    stories: Sequence[Story], members: Mapping[str, Sequence[Row]], options: Options
) -> list[Story]:
    """``stories`` with what their copies changed, as far as the budget goes."""
    left = CHANGE.budget
    found = []
    for story in stories:
        wanted = min(len(story.copies), CHANGE.compared, left)
        if wanted:
            left -= wanted
            rows = {row.article_id: row for row in members[story.story_id]}
            told = changes.between(
                rows[story.shown.article_id],
                [rows[copy.article_id] for copy in story.copies[:wanted]],
                whole=options.full_text,
            )
            compared = [
                replace(copy, change=change)
                for copy, change in zip(story.copies[:wanted], told, strict=True)
            ]
            story = replace(story, copies=(*compared, *story.copies[wanted:]))
        found.append(story)
    return found


def _telling(row: Row, options: Options) -> Telling:
    return Telling(
        article_id=row.article_id,
        publisher=named(row.publisher, "unnamed publisher"),
        title=cut(plain(row.title), WIDTH.title) or "(no headline)",
        url=web_address(row.url),
        shown_url=cut(plain(row.url), WIDTH.address),
        language=language_tag(row.language),
        at=row.at.astimezone(UTC),
        is_dated=row.published_at is not None,
        has_hour=row.has_hour,
        words=row.words or 0,
        text=row.text if options.full_text else "",
        paywalled=row.notice == "paywall",
        version=row.version or 1,
    )


def _tags(
    con: duckdb.DuckDBPyConnection, story_of: Mapping[str, str]
) -> dict[str, tuple[Tag, ...]]:
    """What each story is about, told by its representative: ``story_of`` has these."""
    ids = sorted(story_of)
    found: dict[str, list[Tag]] = defaultdict(list)
    groups: dict[str, str] = {}
    for article_id, kind, name, ticker, count, in_title, is_main in _mentions(con, ids):
        name = named(name)
        if kind == COMPANY:
            subject = Subject(COMPANY, name, named(ticker))
            tag = Tag(subject=subject, mentions=count, in_title=in_title, is_main=is_main)
            found[story_of[article_id]].append(tag)
        else:
            groups[name] = kind
    topics = con.execute(
        "SELECT article_id, topics FROM articles "
        "SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS article_id) USING (article_id)",
        {"ids": ids},
    )
    for article_id, names in topics.fetchall():
        for name in dict.fromkeys(named(one) for one in names or ()):
            if name:
                subject = Subject(TOPIC, name, group=groups.get(name, "field"))
                found[story_of[article_id]].append(Tag(subject=subject, is_main=True))
    return {story_id: tuple(sorted(tags, key=_weight)) for story_id, tags in found.items()}


def _weight(tag: Tag) -> tuple[Any, ...]:
    """Companies that the story is about first, then the particular before the general."""
    general = tag.subject.group == "field"
    other = tag.subject.kind != COMPANY
    return (not tag.is_main, general, other, not tag.in_title, -tag.mentions, tag.subject)


def _mentions(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    # A copy that an older voltwire published has no such view: a digest without companies.
    if not _has(con, "mentions"):
        return []
    return con.execute(
        "SELECT article_id, kind, name, coalesce(ticker, ''), count, in_title, is_main "
        "FROM mentions SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS article_id) "
        "USING (article_id) WHERE kind <> 'place'",
        {"ids": list(ids)},
    ).fetchall()


def _figures(
    con: duckdb.DuckDBPyConnection, story_of: Mapping[str, str]
) -> dict[str, tuple[KeyFigure, ...]]:
    """The key figures of each story, by its representative, each number once."""
    if not _has(con, "figures"):
        return {}
    found: dict[str, dict[tuple[str, str], KeyFigure]] = defaultdict(dict)
    rows = con.execute(
        "SELECT article_id, quantity, written, coalesce(company, ''), text FROM figures "
        "SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS article_id) USING (article_id) "
        "WHERE written <> '' ORDER BY article_id, start_char NULLS FIRST",
        {"ids": sorted(story_of)},
    ).fetchall()
    for article_id, quantity, written, company, sentence in rows:
        one = KeyFigure(
            written=cut(plain(written), PAGE.sentence),
            quantity=plain(quantity),
            company=named(company),
            sentence=cut(plain(sentence), PAGE.sentence),
        )
        found[story_of[article_id]].setdefault((one.quantity, one.written), one)
    return {story_id: tuple(figures.values()) for story_id, figures in found.items()}


def _has(con: duckdb.DuckDBPyConnection, view: str) -> bool:
    return bool(
        con.execute(
            "SELECT 1 FROM duckdb_views() WHERE view_name = $view LIMIT 1", {"view": view}
        ).fetchone()
    )


def _companies(con: duckdb.DuckDBPyConnection, stories: set[str]) -> Counter[Subject]:
    """In how many of ``stories`` each company is what they are about."""
    if not stories or not _has(con, "mentions"):
        return Counter()
    found = con.execute(
        "WITH asked AS (SELECT unnest($stories::VARCHAR[]) AS story_id), "
        "shown AS (SELECT article_id FROM articles SEMI JOIN asked USING (story_id) "
        "WHERE is_representative) "
        "SELECT name, coalesce(max(ticker), ''), count(*) FROM mentions "
        "SEMI JOIN shown USING (article_id) WHERE kind = 'company' AND is_main GROUP BY name",
        {"stories": sorted(stories)},
    ).fetchall()
    return Counter(
        {Subject(COMPANY, named(name), named(ticker)): count for name, ticker, count in found}
    )


def _feeds(con: duckdb.DuckDBPyConnection) -> tuple[FeedRow, ...]:
    found = con.execute(
        "SELECT slug, publisher, url, state, enabled, last_polled_at, last_delivered_at, "
        "entries_30d, per_day, open_gaps, detail, advice, rank FROM feed_health "
        "ORDER BY NOT enabled, rank, publisher, slug"
    ).fetchall()
    return tuple(
        FeedRow(
            slug=named(slug),
            publisher=named(publisher),
            url=cut(plain(url), WIDTH.address),
            state=named(state),
            enabled=bool(enabled),
            last_polled_at=polled,
            last_delivered_at=delivered,
            entries_30d=entries,
            per_day=per_day,
            open_gaps=gaps,
            detail=cut(plain(detail), WIDTH.detail),
            advice=cut(plain(advice), WIDTH.detail),
            rank=rank,
        )
        for (
            slug, publisher, url, state, enabled, polled, delivered, entries, per_day, gaps,
            detail, advice, rank,
        ) in found
    )  # fmt: skip


def _as_of(con: duckdb.DuckDBPyConnection, published: Iterable[Row]) -> datetime | None:
    found = con.execute("SELECT max(ended_at) FROM runs").fetchone()
    if found and found[0]:
        at: datetime = found[0]
        return at.astimezone(UTC)
    return max((row.fetched_at for row in published), default=None)
