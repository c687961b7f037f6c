"""One feed and its site in a backfill: what they list, each page asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from flows.backfill_ledger import FeedWork
from flows.listings import Heard, read_listing
from flows.reading import FeedReader
from ingest import poll
from ingest.archive import load_page
from ingest.errors import ArchiveError
from ingest.models import FetchFailure, NotModified, Page, Rejection
from ingest.parse import ParsedFeed
from ingest.policy import BackfillPolicy

# Pages of a feed's listings remembered: an index and the sitemaps of one run, and some.
_KEPT = 2 * BackfillPolicy().sitemaps


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
        work = self.work
        answer = await self._once(url, work.fetcher.feed, again=again)
        now = work.context.clock()
        return await read_listing(answer, url, reader=self._reader, feed=work.feed, now=now)

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
