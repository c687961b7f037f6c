"""The routes over the network: each asks, and hands what it hears to pure code.

feed-archive  feed -> prev-archive | next -> ...
wordpress     REST API by time, or feed?paged=2 -> 3 -> ...
sitemap       robots.txt -> index -> files of the window -> pages
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from flows.backfill_ledger import Count, FeedWork
from flows.reading import FeedReader
from ingest import poll
from ingest.archive import load_page
from ingest.errors import ArchiveError
from ingest.models import (
    CoverageState,
    CoveredDay,
    FeedEntry,
    FetchFailure,
    NotModified,
    Page,
    Rejection,
)
from ingest.parse import ParsedFeed
from ingest.policy import BackfillPolicy
from ingest.routes import feed_archive, sitemap, wordpress
from ingest.routes.walk import Ended, Walk, ended, starts_before, state_of, step
from ingest.routes.window import Window, around

_POLICY = BackfillPolicy()
_GONE = frozenset({404, 410})
# Pages of a feed's listings remembered: an index and the sitemaps of one run.
_KEPT = 2 * _POLICY.sitemaps


@dataclass(frozen=True, slots=True)
class Heard:
    """One page of a listing."""

    entries: Sequence[FeedEntry] = ()
    following: str = ""
    """The URL of the next older page."""
    ended: Ended = ""
    """Why there is none."""
    detail: str = ""


Ask = Callable[[str], Awaitable[Heard]]


class Site:
    """What one feed and its site list, each page asked once for all routes and slices.

    Slices lie side by side in a listing, and the page at which one ends is the page at which the
    next begins.  Bodies are not held: they are in the archive.
    """

    def __init__(self, work: FeedWork, reader: FeedReader) -> None:
        self.work = work
        self.url = poll.address(work.feed, work.state)
        self._reader = reader
        self._own: tuple[Page, ParsedFeed] | Heard | None = None
        self._kept: dict[str, Page] = {}

    def begin(self) -> None:
        """Turn to another slice."""
        self._own = None

    async def listing(self, url: str, *, again: bool = False) -> tuple[Page, ParsedFeed] | Heard:
        """The feed page at ``url`` and what it says, or why there is none.

        Args:
            again: as it is now.
        """
        if url == self.url and self._own is not None and not again:
            return self._own
        got = await self._listing(url, again)
        if url == self.url:
            self._own = got
        return got

    async def file(self, url: str) -> Page | FetchFailure:
        """A sitemap or robots.txt."""
        answer = await self._once(url, self.work.fetcher.page, again=False)
        assert not isinstance(answer, NotModified)
        return answer

    async def _listing(self, url: str, again: bool) -> tuple[Page, ParsedFeed] | Heard:
        answer = await self._once(url, self.work.fetcher.feed, again=again)
        if not isinstance(answer, Page):
            status = getattr(answer, "status", None)
            how: Ended = "end" if status in _GONE else "failed"
            return Heard(ended=how, detail=f"{getattr(answer, 'reason', 'http_304')} from {url}")
        read = await self.read(answer)
        if not isinstance(read, ParsedFeed):
            return Heard(ended="short", detail=f"{read.reason} from {url}")
        return answer, read

    async def _once(
        self,
        url: str,
        ask: Callable[[str], Awaitable[Page | NotModified | FetchFailure]],
        *,
        again: bool,
    ) -> Page | NotModified | FetchFailure:
        kept = self._kept.get(url)
        if kept is not None and kept.archived is not None and not again:
            folder = self.work.context.store.archive
            with suppress(ArchiveError):
                stored = await asyncio.to_thread(load_page, folder, kept.archived)
                return replace(kept, body=stored.body)
        answer = await ask(url)
        if isinstance(answer, Page) and answer.archived is not None:
            self._kept[url] = replace(answer, body=b"")
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return answer

    async def read(self, page: Page) -> ParsedFeed | Rejection:
        """What ``page``, the feed as it is or was, lists."""
        return await self._reader.read(page, self.work.feed, self.work.context.clock())


async def by_feed_archive(site: Site, days: frozenset[date]) -> str:
    """Follow the links to older entries that the feed gives; why it failed, or ""."""
    start = site.work.cursor(feed_archive.NAME, days) or site.url
    asked = {site.url: None}

    async def ask(url: str) -> Heard:
        if url == site.url:
            asked.clear()  # a walk that begins anew
        asked[url] = None
        got = await site.listing(url)
        if isinstance(got, Heard):
            # an archive document that is gone is a hole and not the end
            return Heard(ended="failed", detail=got.detail) if got.ended == "end" else got
        parsed = got[1]
        following = feed_archive.older(parsed, asked)
        if following:
            return Heard(parsed.entries, following)
        if parsed.next_url in asked:
            return Heard(parsed.entries, ended="loop", detail=f"{url} leads back")
        whole = len(asked) > 1 and not parsed.next_url
        detail = "read to the archive's end" if whole else "the feed offers no older page"
        return Heard(parsed.entries, ended="end" if whole else "short", detail=detail)

    return await _walk(site.work, feed_archive.NAME, days, (start, site.url), ask)


async def by_wordpress(site: Site, days: frozenset[date], *, sure: bool) -> str:
    """Ask the REST API for the days, or page through the feed; why it failed, or "".

    Args:
        sure: try it although the feed does not say that WordPress wrote it.
    """
    work = site.work
    cursor = work.cursor(wordpress.NAME, days)
    if not cursor and not sure:
        got = await site.listing(site.url)
        if isinstance(got, Heard):
            if got.ended == "failed":
                return await _fail(work, wordpress.NAME, days, got.detail)
            return await _not_offered(work, wordpress.NAME, days)
        if not wordpress.is_wordpress(got[0].body):
            return await _not_offered(work, wordpress.NAME, days)
    root = wordpress.root_of(site.url)
    # A reach on the feed's pages is left by a run to which the API did not answer.
    if root and (not cursor or "/wp-json/" in cursor):
        told = await _by_rest(work, root, days)
        if told is not None:
            return told
        cursor = ""
    first: list[str] = []

    async def ask(url: str) -> Heard:
        first.append(url)
        got = await site.listing(url, again=len(first) > 1)
        if isinstance(got, Heard):
            # page 2 missing behind a full page 1 is a site that does not page
            short = got.ended == "end" and len(set(first)) <= 2 and not cursor
            return Heard(ended="short" if short else got.ended, detail=got.detail)
        return Heard(got[1].entries, wordpress.older(url))

    starts = (cursor, wordpress.newer(cursor), site.url) if cursor else (site.url,)
    return await _walk(work, wordpress.NAME, days, starts, ask, overlap=True)


async def _by_rest(work: FeedWork, root: str, days: frozenset[date]) -> str | None:
    """Ask the REST API; None where it does not answer as one."""
    after, before = wordpress.first_times(around(days))
    first = wordpress.posts_url(root, after, before)
    heard: dict[str, Heard] = {}

    async def ask(url: str) -> Heard:
        if url in heard:
            return heard.pop(url)
        answer = await work.fetcher.page(url)
        if not isinstance(answer, Page):
            return Heard(ended="failed", detail=f"{answer.reason} from {url}")
        posts = wordpress.read_posts(answer.body, work.feed, work.context.clock())
        if posts is None:
            return Heard(ended="failed", detail=f"not a list of posts: {url}")
        if posts.listed < _POLICY.rest_page:
            return Heard(posts.entries, ended="end", detail="the API lists no older post")
        following = wordpress.posts_url(root, after, wordpress.next_before(posts.oldest))
        return Heard(posts.entries, following)

    heard[first] = await ask(first)
    if heard[first].ended == "failed":
        return None
    return await _walk(work, wordpress.NAME, days, (first,), ask)


async def by_sitemap(site: Site, days: frozenset[date]) -> str:
    """Fetch the pages that the site's sitemaps list for the days; why it failed, or ""."""
    work, window = site.work, around(days)
    got = await site.listing(site.url)
    if isinstance(got, Heard):
        return await _fail(work, sitemap.NAME, days, got.detail)
    page, parsed = got
    base = parsed.entries[0].url if parsed.entries else parsed.site_url or page.url
    listed = await _read_sitemaps(site, base, parsed.entries, window)
    if not listed.files:
        return await _not_offered(work, sitemap.NAME, days)
    entries, left_out = sitemap.chosen(listed.candidates)
    entries = [one for one in entries if one.published_at is None or _day(one) in days]
    room = max(_POLICY.pages - work.fetched, 0)
    whole = listed.whole and not left_out and len(entries) <= room

    def rows(count: Count, last: bool) -> dict[date, CoveredDay]:
        del last
        return {day: work.row(day, sitemap.NAME, "open", count, "") for day in days}

    count = await work.take(sitemap.NAME, entries[:room], Count(), rows)
    # evidence that the lists reach back: pages from before the days asked for
    before = [*work.outside.values(), *([work.oldest] if work.oldest else [])]
    reaches = listed.reaches or any(day < window.since for day in before)

    def state(day: date) -> CoverageState:
        if day >= work.today or len(entries) > room:
            return "open"
        if listed.failed and not count.found[day]:
            return "failed"
        if whole and reaches:
            return "complete"
        return "partial" if count.found[day] else "missing"

    await work.settle(sitemap.NAME, {day: state(day) for day in days})
    return ""


@dataclass(slots=True)
class _Listed:
    candidates: list[sitemap.Candidate]
    files: int = 0
    """Files that list something."""
    whole: bool = True
    """Every file worth reading was read."""
    failed: str = ""
    reaches: bool = False
    """The files go back to the window's start, as far as they say."""


async def _read_sitemaps(
    site: Site, base: str, alike: Sequence[FeedEntry], window: Window
) -> _Listed:
    robots = await site.file(sitemap.robots_of(base))
    named: list[str] = []
    if isinstance(robots, Page):
        named = sitemap.named_in_robots(robots.body.decode("utf-8", "replace"), base)
    guessed = [] if named else sitemap.usual_places(base)
    todo, asked, listed = named or list(guessed), set[str](), _Listed([])
    while todo:
        url = todo.pop(0)
        if url in asked:
            continue
        if len(asked) >= _POLICY.sitemaps:
            listed.whole = False
            break
        asked.add(url)
        answer = await site.file(url)
        if not isinstance(answer, Page):
            if url not in guessed:
                listed.whole, listed.failed = False, f"{answer.reason} from {url}"
            continue
        if answer.url != url and answer.url in asked:
            continue
        asked.add(answer.url)
        # read and sifted at once: an index may list half a million pages
        found, more, lists, reaches = await asyncio.to_thread(
            _sift, site.work, answer, alike, window
        )
        listed.files += lists
        listed.candidates += found
        listed.reaches = listed.reaches or reaches
        todo[:0] = [one for one in more if one not in asked]
    return listed


def _sift(
    work: FeedWork, answer: Page, alike: Sequence[FeedEntry], window: Window
) -> tuple[list[sitemap.Candidate], list[str], bool, bool]:
    """Of one file: candidates, further files, does it list anything, does it reach back."""
    read = sitemap.read(answer.body, answer.url, work.context.clock())
    return (
        sitemap.candidates(work.feed, answer.url, read.pages, alike, window),
        sitemap.worth_reading(read.sitemaps, window.start, window.end, _POLICY.sitemaps),
        bool(read.pages or read.sitemaps),
        sitemap.reaches(answer.url, read.pages, window),
    )


async def _walk(
    work: FeedWork,
    route: str,
    days: frozenset[date],
    starts: Sequence[str],
    ask: Ask,
    *,
    overlap: bool = False,
) -> str:
    """Read a listing page by page, and take its entries to the store.

    Args:
        starts: pages to begin at; the first that is sure to miss nothing, and the last in any case.
        overlap: among the days wanted, each page is read again after the next one: a post taken
            down in between moves another from the next page to the one that was read already.
    """
    walk, count, pending = Walk(days=days), Count(), list[FeedEntry]()
    url, *others = dict.fromkeys(starts)
    before = ""
    written: dict[date, CoveredDay] = {}

    def rows(count: Count, last: bool) -> dict[date, CoveredDay]:
        fresh = {}
        for day in days:
            was = written.get(day)
            settled = last or (was is not None and was.state == "complete")
            state = state_of(walk, day, count.found[day], work.today) if settled else "open"
            reach = walk.reach.get(day, "")
            if state == "open" and not reach and not count.found[day]:
                continue
            row = work.row(day, route, state, count, reach)
            if was is None or (was.state, was.found, was.stored, was.reach) != (
                row.state, row.found, row.stored, row.reach
            ):  # fmt: skip
                fresh[day] = row
        return fresh

    while True:
        work.listed += 1
        heard = await ask(url)
        while others and not starts_before(days, heard.entries):
            url = others.pop(0)
            heard = await ask(url)
        others = []
        if heard.entries:
            walk, taken = step(walk, url, heard.entries)
            pending += taken
        if overlap and before and walk.reach:
            seen = await ask(before)
            walk, taken = step(walk, before, seen.entries, again=True)
            pending += taken
        if heard.ended and not walk.ended:
            walk = ended(walk, heard.ended, heard.detail)
        if not walk.ended and (
            work.listed >= _POLICY.listings or work.fetched + len(pending) >= _POLICY.pages
        ):
            walk = ended(walk, "spent", "the bounds of one run are reached")
        if walk.ended or len(pending) >= _POLICY.batch:
            count = await work.take(route, pending, count, rows)
            written = {day: work.rows[day, route] for day in days if (day, route) in work.rows}
            pending = []
        if walk.ended:
            break
        url, before = heard.following, url
    states = {day: state_of(walk, day, count.found[day], work.today) for day in days}
    await work.settle(route, states)
    return walk.detail if walk.ended == "failed" else ""


async def _fail(work: FeedWork, route: str, days: frozenset[date], detail: str) -> str:
    await work.settle(route, dict.fromkeys(days, "failed"))
    return detail


async def _not_offered(work: FeedWork, route: str, days: frozenset[date]) -> str:
    await work.settle(route, dict.fromkeys(days, "missing"))
    return ""


def _day(entry: FeedEntry) -> date | None:
    return entry.published_at.date() if entry.published_at else None
