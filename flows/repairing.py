"""Closing a gap while it is fresh: older pages of the feed, or the sitemaps of its site.

What to ask next, and when a gap counts as closed, is decided in ``ingest.gaps`` and
``ingest.routes``; this file asks.  The fetcher keeps the pace of the domain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from flows.listings import Heard, read_listing, through_sitemaps
from flows.reading import FeedReader
from ingest import gaps
from ingest.http import Fetcher
from ingest.models import Feed, FeedEntry, FeedState, Gap, Page
from ingest.parse import ParsedFeed
from ingest.policy import RepairPolicy
from ingest.routes import feed_archive, sitemap, wordpress

_POLICY = RepairPolicy()


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a try to close gaps came to."""

    gaps: list[Gap]
    """All of them, with the try noted."""
    entries: list[FeedEntry]
    """What was found of the times in between."""


async def repair(
    fetcher: Fetcher,
    reader: FeedReader,
    feed: Feed,
    state: FeedState | None,
    page: Page,
    parsed: ParsedFeed,
    todo: Sequence[Gap],
    now: datetime,
) -> Repaired:
    """Try to close the gaps in ``todo``, all of one feed, by one walk back to the earliest.

    Args:
        state: the feed's state before the listing in ``page`` and ``parsed``.
    """
    earliest = min(gap.from_at for gap in todo)
    whole = replace(todo[-1], from_at=earliest, attempts=0)
    # a known entry ends the walk only where the walk is for the newest gap alone
    known = state if state is not None and len(todo) == 1 and todo[0].detected_at == now else None
    walk = gaps.set_out(whole, known or FeedState(slug=feed.slug), parsed.entries)
    paging = parsed.next_url or wordpress.is_wordpress(page.body)
    walk, route, found = await _through_pages(fetcher, reader, feed, page, parsed, walk, now)
    if walk.progress != "closed" and not paging:
        walk, route, found = await _through_sitemaps(fetcher, feed, page, parsed, walk, now)
    ended = gaps.settled(walk, route, now)
    wanted = [
        entry
        for entry in found
        if entry.published_at is None or entry.published_at >= earliest - timedelta(days=1)
    ]
    tried = [
        replace(
            gap,
            route=ended.route,
            repaired_at=ended.repaired_at,
            detail=ended.detail,
            attempts=gap.attempts + 1,
        )
        for gap in todo
    ]
    return Repaired(tried, wanted)


async def _through_pages(
    fetcher: Fetcher,
    reader: FeedReader,
    feed: Feed,
    page: Page,
    parsed: ParsedFeed,
    walk: gaps.Walk,
    now: datetime,
) -> tuple[gaps.Walk, str, list[FeedEntry]]:
    found: list[FeedEntry] = []
    asked = {page.url: None}
    words = wordpress.is_wordpress(page.body)
    route = feed_archive.NAME if parsed.next_url else wordpress.NAME if words else ""
    url = page.url
    end = monotonic() + _POLICY.seconds
    while walk.progress == "on":
        if monotonic() > end:
            detail = f"stopped after {_POLICY.seconds:g} s and {walk.asked} pages"
            walk = replace(walk, progress="spent", detail=detail)
            break
        url = feed_archive.older(parsed, asked) or (wordpress.older(url) if words else "")
        if not url:
            # nothing more is offered; the walk so far stands
            walk = replace(walk, progress="spent", detail="the feed offers no older page")
            break
        asked[url] = None
        answer = await fetcher.feed(url)
        heard = await read_listing(answer, url, reader=reader, feed=feed, now=now)
        if isinstance(heard, Heard):
            if heard.ended == "end" and words:
                walk = gaps.at_the_end(walk)
            else:
                walk = replace(walk, progress="spent", detail=heard.detail)
            break
        _, parsed = heard
        walk, new = gaps.step(walk, parsed.entries, _POLICY.requests)
        found += new
    return walk, route, found


async def _through_sitemaps(
    fetcher: Fetcher,
    feed: Feed,
    page: Page,
    parsed: ParsedFeed,
    walk: gaps.Walk,
    now: datetime,
) -> tuple[gaps.Walk, str, list[FeedEntry]]:
    since, until = walk.gap.from_at, walk.gap.to_at
    site = parsed.entries[0].url if parsed.entries else parsed.site_url or page.url
    end = monotonic() + _POLICY.seconds
    pages: list[sitemap.Listed] = []

    async def read(file: Page) -> Sequence[str] | None:
        listed = await asyncio.to_thread(sitemap.read, file.body, file.url, now)
        pages.extend(listed.pages)
        if monotonic() > end or sitemap.covers(pages, parsed.entries, since):
            return None
        return sitemap.worth_reading(listed.sitemaps, since, until, _POLICY.sitemaps)

    told = await through_sitemaps(fetcher.page, site, read, most=_POLICY.sitemaps)
    found = sitemap.entries(feed, pages, parsed.entries, since, until, most=_POLICY.sitemap_entries)
    new = [entry for entry in found if gaps.mark(entry) not in walk.met]
    closed = sitemap.covers(pages, parsed.entries, since)
    detail = f"{len(new)} pages of those days in {len(pages)} of the sitemaps"
    if not pages:
        detail = "the feed has no older pages, and no sitemap was found"
    walk = replace(
        walk,
        asked=walk.asked + told.asked + 1,
        progress="closed" if closed else "spent",
        detail=detail,
    )
    return walk, sitemap.NAME if pages else "", new
