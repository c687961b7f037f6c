"""A feed's answer read within a deadline, and without holding up the others.

Nearly every feed is read in some milliseconds, in a thread.  One that is large, or has very many
tags, goes to a process of its own, which the kernel ends when it takes too long or too much:
a thread cannot be ended, and what it computes is taken from every other feed of the run.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from flows.limits import (
    SOFT_SECONDS,
    PageTakesTooLong,
    after_chunk,
    end_with_parent,
    enter_worker,
    page_limits,
    reason_of,
)
from flows.processes import ProcessDied, UsesProcesses
from ingest.models import Feed, Page, Rejection
from ingest.parse import ParsedFeed, parse_feed

# A feed below all of these takes at most half a second, whatever stands in it.
LIGHT_BYTES = 2**20
LIGHT_TAGS = 10_000
LIGHT_ENTITIES = 100_000
# What the process may take for one feed: the largest allowed, of 10 MB, needs half of it.
MEMORY_BYTES = 400 * 2**20


class FeedReader(UsesProcesses):
    """Reads feeds; use as an async context manager.  The process starts when first needed."""

    def __init__(self) -> None:
        # One heavy feed at a time: they wait for each other, and nobody else does.
        super().__init__(1, _begin)

    async def read(self, page: Page, feed: Feed, now: datetime) -> ParsedFeed | Rejection:
        """What stands in ``page``; besides the reasons of ``parse_feed``: ``timeout``, ``memory``
        and ``crashed``."""
        if is_light(page.body):
            return await asyncio.to_thread(_parse, page, feed, now)
        try:
            return await self._processes.call(_bounded, page, feed, now)
        except ProcessDied as died:
            reason = "timeout" if died.quiet else reason_of(died.exit_code)
            return _refused(page, feed, now, reason, "the process that read this feed was ended")


def is_light(body: bytes) -> bool:
    """Whether ``body`` is small enough to be read where nothing can end the reading."""
    return (
        len(body) <= LIGHT_BYTES
        and body.count(b"<") <= LIGHT_TAGS
        and body.count(b"&") <= LIGHT_ENTITIES
    )


def _begin() -> None:
    end_with_parent()
    enter_worker(MEMORY_BYTES)


def _bounded(page: Page, feed: Feed, now: datetime) -> ParsedFeed | Rejection:
    try:
        with page_limits():
            return _parse(page, feed, now)
    except PageTakesTooLong:
        return _refused(page, feed, now, "timeout", f"over {SOFT_SECONDS:g} s of processor time")
    except MemoryError:
        return _refused(page, feed, now, "memory", f"more than {MEMORY_BYTES // 2**20} MiB")
    finally:
        after_chunk()


def _parse(page: Page, feed: Feed, now: datetime) -> ParsedFeed | Rejection:
    return parse_feed(page.body, url=page.url, content_type=page.content_type, feed=feed, now=now)


def _refused(page: Page, feed: Feed, now: datetime, reason: str, detail: str) -> Rejection:
    return Rejection(
        url=page.url, feed=feed.slug, stage="parse", reason=reason, detail=detail, at=now
    )
