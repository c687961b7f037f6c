"""Asking the feeds: every answer read, and what it teaches of each feed.

The decisions are ``ingest.poll``'s; this file asks, in groups, and collects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flows.context import RunContext
from ingest import poll
from ingest.http import Fetcher
from ingest.models import (
    Feed,
    FeedEntry,
    FeedState,
    FetchFailure,
    NotModified,
    Page,
    Rejection,
)
from ingest.parse import ParsedFeed, parse_feed

# Feeds polled by one step: eight groups for the bundled list, so that a Prefect run shows
# where it is without a task a feed.
POLL_GROUP = 10
STAGE = "polling feeds"


@dataclass(frozen=True, slots=True)
class Poll:
    """One feed's answer and what was read from it."""

    feed: Feed
    answer: Page | NotModified | FetchFailure
    parsed: ParsedFeed | Rejection | None = None

    @property
    def failure(self) -> FetchFailure | Rejection | None:
        """Why the poll brought nothing; None when it worked."""
        if isinstance(self.answer, FetchFailure):
            return self.answer
        return self.parsed if isinstance(self.parsed, Rejection) else None

    @property
    def entries(self) -> Sequence[FeedEntry]:
        """What the feed listed."""
        return self.parsed.entries if isinstance(self.parsed, ParsedFeed) else ()


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a run's polls leave behind."""

    states: list[FeedState]
    refusals: list[Rejection]
    """Feeds that failed, and single entries that could not be read."""
    recovered: list[str]
    """URLs of feeds that answered: their old refusals are over."""


async def poll_all(
    context: RunContext, fetcher: Fetcher, due: Sequence[Feed], states: Mapping[str, FeedState]
) -> list[Poll]:
    """Ask every feed in ``due``; one that fails stops only itself."""
    context.progress.stage(STAGE, len(due))

    async def one(feed: Feed) -> Poll:
        polled = await poll_one(fetcher, feed, states.get(feed.slug), context.clock())
        context.progress.advance(STAGE)
        return polled

    async def some(group: Sequence[Feed]) -> list[Poll]:
        return list(await asyncio.gather(*(one(feed) for feed in group)))

    def label(group: Sequence[Feed]) -> str:
        return f"poll {group[0].slug} and {len(group) - 1} more"

    groups = [due[at : at + POLL_GROUP] for at in range(0, len(due), POLL_GROUP)]
    done = await asyncio.gather(
        *(context.step("poll", label(group), partial(some, group)) for group in groups)
    )
    return [polled for group in done for polled in group]


async def poll_one(fetcher: Fetcher, feed: Feed, state: FeedState | None, now: datetime) -> Poll:
    """Ask one feed, with the validators that are remembered for it, and read its answer."""
    etag, last_modified = poll.validators(feed, state)
    answer = await fetcher.feed(feed.url, etag=etag, last_modified=last_modified)
    if not isinstance(answer, Page):
        return Poll(feed, answer)
    parsed = await asyncio.to_thread(
        parse_feed,
        answer.body,
        url=answer.url,
        content_type=answer.content_type,
        feed=feed,
        now=now,
    )
    return Poll(feed, answer, parsed)


def lessons(
    polls: Sequence[Poll], states: Mapping[str, FeedState], fresh: frozenset[str], now: datetime
) -> Lessons:
    """The feeds' new states and the rows for what failed.  Pure.

    Args:
        fresh: canonical URLs that the store had never seen.
    """
    learned = Lessons([], [], [])
    for one in polls:
        state = states.get(one.feed.slug)
        if one.failure is not None:
            learned.states.append(poll.after_failure(one.feed, state, one.failure, now))
            learned.refusals.append(_refusal(one.feed, one.failure, now))
        elif isinstance(one.answer, NotModified):
            learned.states.append(poll.after_not_modified(one.feed, state, one.answer, now))
            learned.recovered.append(one.feed.url)
        elif isinstance(one.answer, Page) and isinstance(one.parsed, ParsedFeed):
            new = sum(entry.canonical_url in fresh for entry in one.parsed.entries)
            learned.states.append(
                poll.after_success(one.feed, state, one.answer, one.parsed, new, now)
            )
            learned.recovered.append(one.feed.url)
            learned.refusals.extend(one.parsed.skipped)
    return learned


def _refusal(feed: Feed, failure: FetchFailure | Rejection, now: datetime) -> Rejection:
    if isinstance(failure, Rejection):
        return failure
    return Rejection(
        url=feed.url,
        feed=feed.slug,
        stage="poll",
        reason=failure.reason,
        detail=failure.detail,
        at=now,
        retry_at=failure.retry_at,
    )
