"""From entries to what is stored of them, while more entries come: pages fetched, batches saved.

    entries -- by site --> fetch --> batch (full, or old enough) --> digest --> save, in order
                  ^                                                     |
                  +------------- room for so many pages ----------------+

A site is asked slowly and the sites side by side; a page goes on without waiting for others of
its group, so that a slow site holds up its own pages only.  A batch is saved when it is full, or
after a share of the time that the run has taken: each costs one window of the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from time import monotonic
from typing import Any

from flows.context import RunContext, Work
from flows.digested import Digested
from flows.pipeline import digest_and_save, save_digested
from flows.workers import Workers
from ingest.http import Fetcher
from ingest.models import Capture, FeedEntry, Page, Rejection
from ingest.urls import registered_domain

FETCHING = "fetching pages"
READING = "reading and storing"
# Of one site, as many as its lane lets through: what waits for its turn holds no room.
OF_A_SITE = 2
# Pages that are fetched or wait to be saved: 300 of 0.3 MB each, mostly.
PAGES_AT_ONCE = 300
BYTES_AT_ONCE = 128 * 2**20
BATCH_BYTES = 64 * 2**20
# One batch is read while another is written.
BATCHES_AT_ONCE = 2
# A batch that is not full is saved after this share of the run's time: then the number of windows
# grows with the logarithm of it.  Not within the first seconds, when most feeds are still answering
# and what reads and compares articles would take the processor from them.
SHARE, LEAST_SECONDS = 0.25, 10.0
# After so long no further page is begun: the next runs, which come every quarter of an hour, would
# be dropped while this one lasts.  What is left is put off to them.
FETCH_SECONDS = 1800.0


class Harvest:
    """What becomes of the entries of one run."""

    def __init__(self, context: RunContext, fetcher: Fetcher, workers: Workers) -> None:
        self.ends: dict[str, str] = {}
        """Canonical URL -> ``new``, ``changed``, ``known`` or the reason of a rejection."""
        self._context = context
        self._fetcher = fetcher
        self._workers = workers
        self._began = monotonic()
        self._room = _Room()
        self._sites: dict[str, asyncio.Semaphore] = {}
        self._place: dict[str, int] = {}
        # Smaller than the room, or a batch that waits for more would wait for ever.
        self._full = min(context.settings.batch, PAGES_AT_ONCE // 2)
        self._batch: list[Capture] = []
        self._bytes = 0
        self._closing: asyncio.TimerHandle | None = None
        self._turns = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._fetches: list[asyncio.Task[None]] = []
        self._batches: list[asyncio.Task[None]] = []

    def begin(self, entries: Sequence[FeedEntry]) -> None:
        """Take ``entries`` on; comes back at once."""
        self._place |= {one.canonical_url: len(self._place) + n for n, one in enumerate(entries)}
        for stage in (FETCHING, READING):
            self._context.progress.stage(stage, len(self._place))
        work = self._context.step("fetch", f"fetch {len(entries)} entries", self._all_of(entries))
        self._fetches.append(asyncio.ensure_future(work))

    async def end(self) -> None:
        """Wait until everything that was begun is stored.

        A batch that cannot be saved does not take the others with it; its error comes after them.
        """
        fetched = await asyncio.gather(*self._fetches, return_exceptions=True)
        self._close()
        saved = await asyncio.gather(*self._batches, return_exceptions=True)
        for end in (*fetched, *saved):
            if end is not None:
                raise end

    async def stop(self) -> None:
        """Give up what is under way."""
        if self._closing is not None:
            self._closing.cancel()
        tasks = [*self._fetches, *self._batches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def put_off(self, waiting: Sequence[FeedEntry], why: str) -> None:
        """Leave entries to the next runs, which take them up even if their feed drops them."""
        now = self._context.clock()
        digested = [
            Digested(
                entry=entry,
                rejection=Rejection(
                    url=entry.url, feed=entry.feed, stage="fetch", reason="put_off", detail=why,
                    at=now, retry_at=now,
                ),
            )
            for entry in waiting
        ]  # fmt: skip
        saved = await save_digested(self._context, digested, {}, now)
        self.ends |= saved.status_of

    # --- pages -----------------------------------------------------------------------------------

    def _all_of(self, entries: Sequence[FeedEntry]) -> Work[None]:
        async def fetched() -> None:
            sites: dict[str, list[FeedEntry]] = {}
            for entry in entries:
                if not entry.has_page or entry.text:
                    self._arrived(Capture(entry=entry))
                else:
                    # An archive is read in order, so that a replay makes the same batches again.
                    site = registered_domain(entry.url) if self._fetcher.live else ""
                    sites.setdefault(site, []).append(entry)
            await _together(self._of_site(site, group) for site, group in sites.items())

        return fetched

    async def _of_site(self, site: str, entries: Sequence[FeedEntry]) -> None:
        width = OF_A_SITE if self._fetcher.live else 1
        gate = self._sites.setdefault(site, asyncio.Semaphore(width))
        late: list[FeedEntry] = []
        coming = iter(entries)

        async def some() -> None:
            for entry in coming:
                async with gate:
                    if self._fetcher.live and monotonic() - self._began > FETCH_SECONDS:
                        late.append(entry)
                    else:
                        await self._fetch(entry)

        await _together(some() for _ in range(width))
        if late:
            self._context.progress.advance(FETCHING, len(late))
            self._context.progress.advance(READING, len(late))
            why = f"the {FETCH_SECONDS / 60:g} minutes that a run takes for pages were over"
            await self.put_off(late, why)

    async def _fetch(self, entry: FeedEntry) -> None:
        await self._room.enter()
        try:
            answer = await self._fetcher.page(entry.url)
        except BaseException:
            self._room.leave(1, 0)
            raise
        if isinstance(answer, Page):
            self._context.report.fetched += 1
            self._room.fill(len(answer.body))
            self._arrived(Capture(entry=entry, page=answer))
        else:
            self._arrived(Capture(entry=entry, page_failure=answer))

    # --- batches ---------------------------------------------------------------------------------

    def _arrived(self, capture: Capture) -> None:
        self._context.progress.advance(FETCHING)
        self._batch.append(capture)
        self._bytes += _size(capture)
        if len(self._batch) >= self._full or self._bytes >= BATCH_BYTES:
            self._close()
        elif self._closing is None and self._fetcher.live:
            self._close_later()

    def _close_later(self) -> None:
        wait = max(LEAST_SECONDS, SHARE * (monotonic() - self._began))
        self._closing = asyncio.get_running_loop().call_later(wait, self._timed)

    def _timed(self) -> None:
        if self._turns.locked():
            # It would only wait for its turn; meanwhile it may grow.
            self._close_later()
        else:
            self._close()

    def _close(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        batch, self._batch, self._bytes = self._batch, [], 0
        if batch:
            batch.sort(key=lambda one: self._place[one.entry.canonical_url])
            before = self._batches[-1] if self._batches else None
            self._batches.append(asyncio.ensure_future(self._store(batch, before)))

    async def _store(self, batch: Sequence[Capture], before: asyncio.Task[None] | None) -> None:
        try:
            async with self._turns:
                saved = await digest_and_save(
                    self._context,
                    self._workers,
                    batch,
                    {},
                    label=f"{len(batch)} entries",
                    after=asyncio.ensure_future(_ended(before)),
                )
            self.ends |= saved.status_of
            self._context.progress.advance(READING, len(batch))
        finally:
            fetched = sum(one.entry.has_page and not one.entry.text for one in batch)
            self._room.leave(fetched, sum(map(_size, batch)))


class _Room:
    """Places for pages, by number and by bytes."""

    def __init__(self) -> None:
        self._pages = self._bytes = 0
        self._left = asyncio.Event()

    async def enter(self) -> None:
        """Take a place for one page, when there is one."""
        while self._pages >= PAGES_AT_ONCE or self._bytes >= BYTES_AT_ONCE:
            self._left.clear()
            await self._left.wait()
        self._pages += 1

    def fill(self, size: int) -> None:
        """The page has come, and is so large."""
        self._bytes += size

    def leave(self, pages: int, size: int) -> None:
        """So many pages need no place any more."""
        self._pages -= pages
        self._bytes -= size
        self._left.set()


def _size(capture: Capture) -> int:
    return len(capture.page.body) if capture.page is not None else 0


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Wait for ``task``, however it ends."""
    if task is not None:
        await asyncio.wait([task])


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of ``work``; when one fails the others are not left running."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
