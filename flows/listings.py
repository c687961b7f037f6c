"""Pages that list entries, asked for and read: pages of a feed, and the sitemaps of a site.

    feed page -> entries, or why there are none
    robots.txt -> sitemaps named there, or at the usual places -> index -> files -> ...

Backfills and repairs of gaps walk both; what they look for on the way is theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.reading import FeedReader
from ingest.models import Feed, FeedEntry, FetchFailure, NotModified, Page
from ingest.parse import ParsedFeed
from ingest.routes import sitemap
from ingest.routes.walk import Ended

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Heard:
    """One page of a listing."""

    entries: Sequence[FeedEntry] = ()
    following: str = ""
    """The URL of the next older page."""
    ended: Ended = ""
    """Why there is none."""
    detail: str = ""


async def read_listing(
    answer: Page | NotModified | FetchFailure,
    url: str,
    *,
    reader: FeedReader,
    feed: Feed,
    now: datetime,
) -> tuple[Page, ParsedFeed] | Heard:
    """The feed page that ``url`` answered with and what it says, or why there is none.

    One that is gone (404, 410) is the listing's ``end``; one that is no feed makes it ``short``.
    """
    if not isinstance(answer, Page):
        status = getattr(answer, "status", None)
        how: Ended = "end" if status in _GONE else "failed"
        return Heard(ended=how, detail=f"{getattr(answer, 'reason', 'not modified')} from {url}")
    read = await reader.read(answer, feed, now)
    if not isinstance(read, ParsedFeed):
        return Heard(ended="short", detail=f"{read.reason} from {url}")
    return answer, read


@dataclass(slots=True)
class SitemapsRead:
    """How a walk through sitemaps went."""

    asked: int = 0
    """Files, not counting robots.txt."""
    whole: bool = True
    """Every file worth reading was read."""
    failed: str = ""
    """Why one was not, that the site names."""


async def through_sitemaps(
    ask: Callable[[str], Awaitable[Page | FetchFailure]],
    site: str,
    read: Callable[[Page], Awaitable[Sequence[str] | None]],
    *,
    most: int,
) -> SitemapsRead:
    """Ask for the sitemaps of the site with the page ``site``, an index's files before the next.

    Args:
        ask: gets a page.
        read: takes in a file; the further files that are worth reading, or None when it is enough.
        most: files asked for.
    """
    robots = await ask(sitemap.robots_of(site))
    named: list[str] = []
    if isinstance(robots, Page):
        named = sitemap.named_in_robots(robots.body.decode("utf-8", "replace"), site)
    guessed = [] if named else sitemap.usual_places(site)
    todo, met, told = named or list(guessed), set[str](), SitemapsRead()
    while todo:
        url = todo.pop(0)
        if url in met:
            continue
        if told.asked >= most:
            told.whole = False
            break
        met.add(url)
        told.asked += 1
        answer = await ask(url)
        if not isinstance(answer, Page):
            if url not in guessed:
                told.whole, told.failed = False, f"{answer.reason} from {url}"
            continue
        if answer.url != url and answer.url in met:
            continue
        met.add(answer.url)
        more = await read(answer)
        if more is None:
            break
        todo[:0] = [one for one in more if one not in met]
    return told
