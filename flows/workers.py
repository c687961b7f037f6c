"""The processes that extract: chunks go out, results come back in order, a crash costs one page."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self, TypeVar

from flows.digest import Digested, digest, digest_texts
from flows.limits import MEMORY_BYTES, after_chunk, enter_worker, reason_of
from ingest.errors import VoltwireError
from ingest.models import Capture, Feed, Rejection
from storage.models import PreparedArticle
from storage.reread import Reread

T = TypeVar("T")

# A chunk is the unit of a worker's call: large enough that pickling and NumPy's per-call cost
# do not show (16-256 documents are best for signing), small enough to spread over the cores.
CHUNK = 32
# Starting workers costs about a second each (they import the extractor); a run with a handful
# of new pages is done sooner in a thread of its own.
IN_THREAD = 6
# Only a process can be ended when a page does not: what a thread reads has to be small, and what
# small pages cost is bounded by the readers themselves.
IN_THREAD_BYTES = 500_000
# trafilatura and lxml grow with what they have read; a worker is replaced after this many chunks.
CHUNKS_PER_WORKER = 200
# So many pages in a row that each kill a process of their own are no bad pages: the processes do
# not start (no memory, a broken installation), and rejecting every page would be a lie.
DEATHS_IN_A_ROW = 5


class WorkersFail(VoltwireError):
    """The extraction processes die whatever page they are given."""


def _end_with_parent() -> None:
    """In a worker: end when the process that started it does, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _begin() -> None:
    _end_with_parent()
    enter_worker()


def _in_worker(work: Callable[..., T], *given: Any, **named: Any) -> T:
    try:
        return work(*given, **named)
    finally:
        after_chunk()


def _is_large(capture: Capture) -> bool:
    return capture.page is not None and len(capture.page.body) > IN_THREAD_BYTES


class Workers:
    """A pool that starts when first needed and is replaced when a page kills it."""

    def __init__(self, processes: int, feeds: Mapping[str, Feed], *, all_topics: bool) -> None:
        self._processes = processes or os.cpu_count() or 1
        self._feeds = dict(feeds)
        self._all_topics = all_topics
        self._pool: ProcessPoolExecutor | None = None
        self._apart: ProcessPoolExecutor | None = None
        self._quarantine = asyncio.Lock()
        self._deaths = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in (self._pool, self._apart):
            if pool is not None:
                pool.shutdown(wait=error is None, cancel_futures=True)

    async def digest(self, captures: Sequence[Capture], now: datetime) -> list[Digested]:
        """``flows.digest.digest`` over ``captures``, spread over the processes, in order."""
        if len(captures) <= IN_THREAD and not any(map(_is_large, captures)):
            return await asyncio.to_thread(self._here, captures, now)
        chunks = [captures[at : at + CHUNK] for at in range(0, len(captures), CHUNK)]
        done = await asyncio.gather(*(self._there(chunk, now) for chunk in chunks))
        return [one for chunk in done for one in chunk]

    async def texts(self, stored: Sequence[Reread]) -> list[PreparedArticle]:
        """``flows.digest.digest_texts`` over ``stored``, spread over the processes, in order.

        Raises ``WorkersFail`` for a text that kills a process even when it is alone with it: it
        is stored already, and to pass over it would leave it out of what is made anew.
        """
        if len(stored) <= IN_THREAD:
            return await asyncio.to_thread(digest_texts, stored)
        chunks = [stored[at : at + CHUNK] for at in range(0, len(stored), CHUNK)]
        done = await asyncio.gather(*(self._texts(chunk) for chunk in chunks))
        return [one for chunk in done for one in chunk]

    async def _texts(self, chunk: Sequence[Reread]) -> list[PreparedArticle]:
        pool = self._running()
        try:
            return await _call(pool, digest_texts, list(chunk))
        except BrokenProcessPool:
            self._retire(pool)
        async with self._quarantine:
            made = []
            for one in chunk:
                if self._apart is None:
                    self._apart = _pool(1)
                try:
                    made += await _call(self._apart, digest_texts, [one])
                except BrokenProcessPool:
                    raise WorkersFail(
                        f"the process that read {one.article.url} again died",
                        hint="is there memory left? run the command again to go on from here",
                    ) from None
            return made

    def _here(self, captures: Sequence[Capture], now: datetime) -> list[Digested]:
        return digest(captures, self._feeds, all_topics=self._all_topics, now=now)

    async def _there(self, chunk: Sequence[Capture], now: datetime) -> list[Digested]:
        pool = self._running()
        try:
            return await self._submit(pool, chunk, now)
        except BrokenProcessPool:
            self._retire(pool)
        except MemoryError:
            pass  # signing the whole chunk took too much
        # Some page of some chunk killed a worker and took every chunk under way with it: go
        # through this one page by page, in a process that nobody else's page can kill, so that
        # only the guilty page is lost.
        async with self._quarantine:
            return [await self._alone(capture, now) for capture in chunk]

    async def _alone(self, capture: Capture, now: datetime) -> Digested:
        if self._apart is None:
            self._apart = _pool(1)
        processes: list[BaseProcess] = []
        reason, detail = "crashed", "the process that read this page died, in company and alone"
        try:
            done = (await self._submit(self._apart, [capture], now, processes))[0]
        except MemoryError:
            reason, detail = "memory", f"more than {MEMORY_BYTES // 2**20} MiB"
        except BrokenProcessPool:
            for process in processes:
                # the pool's own thread waits for it too, and only one of the two is told
                for _ in range(100):
                    if process.exitcode is not None:
                        break
                    await asyncio.sleep(0.02)
                reason = reason_of(process.exitcode)
            if reason == "timeout":
                detail = "the page did not end, neither in company nor alone"
            self._apart.shutdown(wait=False, cancel_futures=True)
            self._apart = None
            self._deaths += reason != "timeout"
            if self._deaths >= DEATHS_IN_A_ROW:
                raise WorkersFail(
                    f"the extraction process died on {self._deaths} pages in a row",
                    hint="is there memory left? what was saved so far stays",
                ) from None
        else:
            self._deaths = 0
            return done
        refusal = Rejection(
            url=capture.entry.url,
            feed=capture.entry.feed,
            stage="extract",
            reason=reason,
            detail=detail,
            at=now,
        )
        return Digested(entry=capture.entry, rejection=refusal)

    async def _submit(
        self,
        pool: ProcessPoolExecutor,
        chunk: Sequence[Capture],
        now: datetime,
        processes: list[BaseProcess] | None = None,
    ) -> list[Digested]:
        """``chunk`` read in ``pool``, whose processes are added to ``processes``."""
        slugs = {capture.entry.feed for capture in chunk}
        feeds = {slug: feed for slug, feed in self._feeds.items() if slug in slugs}
        call = pool.submit(
            _in_worker, digest, list(chunk), feeds, all_topics=self._all_topics, now=now
        )
        if processes is not None:
            processes += (pool._processes or {}).values()
        return await asyncio.wrap_future(call)

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = _pool(self._processes)
        return self._pool

    def _retire(self, pool: ProcessPoolExecutor) -> None:
        pool.shutdown(wait=False, cancel_futures=True)
        if self._pool is pool:
            self._pool = None


async def _call(pool: ProcessPoolExecutor, work: Callable[..., T], *given: Any, **named: Any) -> T:
    return await asyncio.wrap_future(pool.submit(_in_worker, work, *given, **named))


def _pool(processes: int) -> ProcessPoolExecutor:
    # "spawn": the parent has threads (DuckDB, the event loop), which a fork would copy in
    # whatever state they are.
    return ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        max_tasks_per_child=CHUNKS_PER_WORKER,
        initializer=_begin,
    )
