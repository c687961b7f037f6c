"""Pages to processes, and what became of them back in order; a page that hurts costs itself only.

Every page is read in a process other than the run's (``processes``), also when there are only
two: one that does not end, or that takes the machine's memory, can only be stopped from outside.
What a page may cost stands in ``limits``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flows.digested import PASSES, Digested
from flows.limits import (
    HARD_SECONDS,
    MEMORY_BYTES,
    after_chunk,
    end_with_parent,
    enter_worker,
    reason_of,
)
from flows.processes import ProcessDied, UsesProcesses
from ingest.errors import VoltwireError
from ingest.models import Capture, Feed, Rejection
from storage.models import PreparedArticle
from storage.reread import Reread

T = TypeVar("T")

# A chunk is the unit of a worker's call: large enough that pickling and NumPy's per-call cost
# do not show (16-256 documents are best for signing), small enough to spread over the cores.
CHUNK = 32
LEAST_CHUNK = 8
# A chunk travels through a pipe and stands in memory twice while it does.
CHUNK_BYTES = 16 * 2**20
# So few stored texts are signed again in a thread: they were bounded when they were read.
IN_THREAD = 6
# So many pages in a row that each kill a process of their own are no bad pages: the processes do
# not start (no memory, a broken installation), and rejecting every page would be a lie.
DEATHS_IN_A_ROW = 5


class WorkersFail(VoltwireError):
    """The extraction processes die whatever page they are given."""


def digest(
    captures: Sequence[Capture], feeds: Mapping[str, Feed], *, all_topics: bool, now: datetime
) -> list[Digested]:
    """``flows.digest.digest``; the extractor is imported where it runs, not in the run itself."""
    from flows import digest as whole

    return whole.digest(captures, feeds, all_topics=all_topics, now=now)


def digest_texts(stored: Sequence[Reread]) -> list[PreparedArticle]:
    """``flows.digest.digest_texts``."""
    from flows import digest as whole

    return whole.digest_texts(stored)


def _begin() -> None:
    end_with_parent()
    enter_worker()


def _in_worker(work: Callable[..., T], *given: Any, **named: Any) -> T:
    try:
        return work(*given, **named)
    finally:
        after_chunk()


class Workers(UsesProcesses):
    """Reads captures in processes that start when first needed and are replaced when they die."""

    def __init__(self, processes: int, feeds: Mapping[str, Feed], *, all_topics: bool) -> None:
        super().__init__(processes or os.cpu_count() or 1, _begin)
        self._feeds = dict(feeds)
        self._all_topics = all_topics
        self._deaths = 0

    def warm(self) -> None:
        """Have what reading needs imported while the caller waits for pages."""
        self._processes.warm()

    async def digest(self, captures: Sequence[Capture], now: datetime) -> list[Digested]:
        """``flows.digest.digest`` over ``captures``, spread over the processes, in order."""
        done = await _all(self._chunk(chunk, now) for chunk in self._chunks(captures))
        return [one for chunk in done for one in chunk]

    async def texts(self, stored: Sequence[Reread]) -> list[PreparedArticle]:
        """``flows.digest.digest_texts`` over ``stored``, spread over the processes, in order.

        Raises ``WorkersFail`` for a text that kills a process even when it is alone with it: it
        is stored already, and to pass over it would leave it out of what is made anew.
        """
        if len(stored) <= IN_THREAD:
            return await asyncio.to_thread(digest_texts, stored)
        chunks = [stored[at : at + CHUNK] for at in range(0, len(stored), CHUNK)]
        done = await _all(self._texts(chunk) for chunk in chunks)
        return [one for chunk in done for one in chunk]

    async def _texts(self, chunk: Sequence[Reread]) -> list[PreparedArticle]:
        try:
            return await self._processes.call(_in_worker, digest_texts, list(chunk))
        except ProcessDied:
            pass
        made = []
        for one in chunk:
            try:
                made += await self._processes.call(_in_worker, digest_texts, [one])
            except ProcessDied:
                raise WorkersFail(
                    f"the process that read {one.article.url} again died",
                    hint="is there memory left? run the command again to go on from here",
                ) from None
        return made

    def _chunks(self, captures: Sequence[Capture]) -> Iterator[Sequence[Capture]]:
        """``captures`` in order, in pieces that spread over the processes and fit a pipe.

        Smaller ones towards the end, so that all processes come to it at about the same time
        (guided self-scheduling: Polychronopoulos and Kuck 1987).
        """
        start = size = 0
        most = self._share(len(captures))
        for at, capture in enumerate(captures):
            own = len(capture.page.body) if capture.page is not None else 0
            if at > start and (at - start >= most or size + own > CHUNK_BYTES):
                yield captures[start:at]
                start, size = at, 0
                most = self._share(len(captures) - at)
            size += own
        if captures:
            yield captures[start:]

    def _share(self, left: int) -> int:
        """Pages of the next piece when so many are left."""
        return max(min(CHUNK, -(-left // (2 * self._processes.most))), min(LEAST_CHUNK, CHUNK))

    async def _chunk(self, chunk: Sequence[Capture], now: datetime) -> list[Digested]:
        """``chunk`` read, however many of its pages end the process that reads them."""
        ends: dict[int, Digested] = {}
        left = list(range(len(chunk)))
        while left:
            try:
                done = await self._call([chunk[at] for at in left], now)
            except (ProcessDied, MemoryError) as died:
                at = died.steps - 1 if isinstance(died, ProcessDied) else -1
                if isinstance(died, ProcessDied) and 0 <= at < PASSES * len(left):
                    guilty = left.pop(at % len(left))
                    ends[guilty] = await self._after_death(chunk[guilty], died, now)
                    continue
                # It did not come to a page, or signing all of them took too much.
                for one in left:
                    ends[one] = await self._alone(chunk[one], now)
                break
            else:
                ends.update(zip(left, done, strict=True))
                break
        return [ends[at] for at in range(len(chunk))]

    async def _after_death(self, capture: Capture, died: ProcessDied, now: datetime) -> Digested:
        """The page at which a process died, once more where it need not have been its fault."""
        if _reason(died) == "timeout":
            detail = f"not read in {HARD_SECONDS:.1f} s of processor time, and deaf to that"
            return _lost(capture, "timeout", detail, now)
        return await self._alone(capture, now)

    async def _alone(self, capture: Capture, now: datetime) -> Digested:
        try:
            done = (await self._call([capture], now))[0]
        except MemoryError:
            return _lost(capture, "memory", f"more than {MEMORY_BYTES // 2**20} MiB", now)
        except ProcessDied as died:
            reason = _reason(died)
            if reason != "timeout":
                self._count_death()
            detail = "the process that read this page died, in company and alone"
            return _lost(capture, reason, detail, now)
        self._deaths = 0
        return done

    def _count_death(self) -> None:
        self._deaths += 1
        if self._deaths >= DEATHS_IN_A_ROW:
            raise WorkersFail(
                f"the extraction process died on {self._deaths} pages in a row",
                hint="is there memory left? what was saved so far stays",
            )

    async def _call(self, chunk: Sequence[Capture], now: datetime) -> list[Digested]:
        slugs = {capture.entry.feed for capture in chunk}
        feeds = {slug: feed for slug, feed in self._feeds.items() if slug in slugs}
        return await self._processes.call(
            _in_worker, digest, list(chunk), feeds, all_topics=self._all_topics, now=now
        )


def _reason(died: ProcessDied) -> str:
    return "timeout" if died.quiet else reason_of(died.exit_code)


def _lost(capture: Capture, reason: str, detail: str, now: datetime) -> Digested:
    entry = capture.entry
    refusal = Rejection(
        url=entry.url, feed=entry.feed, stage="extract", reason=reason, detail=detail, at=now
    )
    return Digested(entry=entry, rejection=refusal)


async def _all(work: Iterator[Any]) -> list[Any]:
    """The results of ``work``, in order; when one fails the others are not left running."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
