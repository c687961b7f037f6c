"""The routes over the network: each asks, and hands what it hears to pure code.

feed-archive  feed -> prev-archive | next -> ...
wordpress     REST API by time, or feed?paged=2 -> 3 -> ...
sitemap       robots.txt -> index -> files of the window -> pages
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flows.backfill_ledger import Count, FeedWork
from flows.backfill_site import Site
from flows.listings import Heard, through_sitemaps
from ingest.models import CoverageState, CoveredDay, FeedEntry, Page
from ingest.policy import BackfillPolicy
from ingest.routes import feed_archive, sitemap, wordpress
from ingest.routes.walk import Walk, ended, starts_before, state_of, step
from ingest.routes.window import Window, around

_POLICY = BackfillPolicy()
Ask = Callable[[str], Awaitable[Heard]]


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
    listed = _Listed([])

    async def read(file: Page) -> Sequence[str]:
        # read and sifted at once: an index may list half a million pages
        found, more, lists, reaches = await asyncio.to_thread(_sift, site.work, file, alike, window)
        listed.files += lists
        listed.candidates += found
        listed.reaches = listed.reaches or reaches
        return more

    told = await through_sitemaps(site.file, base, read, most=_POLICY.sitemaps)
    listed.whole, listed.failed = told.whole, told.failed
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
