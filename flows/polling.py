"""Asking the feeds: every answer read, and what it teaches of each feed.

The decisions are ``ingest.poll``'s; this file asks, in groups, and collects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic

from flows.context import RunContext
from flows.reading import FeedReader
from flows.repairing import repair
from flows.seeing.logs import about
from ingest import gaps, poll
from ingest.http import Fetcher
from ingest.impostor import HEAD_BYTES
from ingest.models import (
    Feed,
    FeedEntry,
    FeedState,
    FetchFailure,
    Gap,
    NotModified,
    Page,
    Rejection,
)
from ingest.parse import ParsedFeed

_LOG = logging.getLogger(__name__)
# Feeds polled by one step: a task costs Prefect .3 to .7 s, and a Prefect run has to show
# where it is: four steps for the bundled list.
POLL_GROUP = 20
STAGE = "polling feeds"


@dataclass(frozen=True, slots=True)
class Poll:
    """One feed's answer and what was read from it."""

    feed: Feed
    answer: Page | NotModified | FetchFailure
    parsed: ParsedFeed | Rejection | None = None
    digest: str = ""
    """Of the answer's whole body."""
    contradicted: bool = False
    """A 304 came first, and then this answer to a request without validators."""
    gap: Gap | None = None
    """What the feed may have dropped since its last listing."""
    repairs: Sequence[Gap] = ()
    """This gap and older open ones, as they stand after the try to close them."""
    recovered: Sequence[FeedEntry] = ()
    """Entries that the feed no longer listed, brought by that."""
    seconds: float = 0.0
    """From when it was asked for, its turn among the others included."""

    @property
    def failure(self) -> FetchFailure | Rejection | None:
        """Why the poll brought nothing; None when it worked."""
        if isinstance(self.answer, FetchFailure):
            return self.answer
        return self.parsed if isinstance(self.parsed, Rejection) else None

    @property
    def entries(self) -> Sequence[FeedEntry]:
        """What the feed listed, and what it had dropped before it was seen."""
        if not isinstance(self.parsed, ParsedFeed):
            return ()
        return (*self.parsed.entries, *self.recovered)

    def without_body(self) -> Poll:
        """The poll with no more of the answer's body than tells what an impostor is.

        All polls of a run are kept until its end, and bodies may have 10 MB.
        """
        if not isinstance(self.answer, Page) or len(self.answer.body) <= HEAD_BYTES:
            return self
        return replace(self, answer=replace(self.answer, body=self.answer.body[:HEAD_BYTES]))


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a run's polls leave behind."""

    states: list[FeedState]
    refusals: list[Rejection]
    """Feeds that failed, and single entries that could not be read."""
    recovered: list[str]
    """URLs of feeds that answered: their old refusals are over."""
    gaps: list[Gap]
    """Gaps found or tried to close."""


async def poll_all(
    context: RunContext,
    fetcher: Fetcher,
    reader: FeedReader,
    due: Sequence[Feed],
    states: Mapping[str, FeedState],
    open_gaps: Mapping[str, Sequence[Gap]],
    *,
    heard: Callable[[Poll], None],
    on_news: Callable[[], None] = lambda: None,
) -> list[Poll]:
    """Ask every feed in ``due``; one that fails stops only itself.

    Args:
        heard: called for each feed as soon as it has answered (and what it dropped was looked
            for), while others are still asked.
        on_news: called for each answer that is not word for word the one before it: pages will
            probably have to be read.
    """
    context.progress.stage(STAGE, len(due))

    async def one(feed: Feed) -> Poll:
        state, began = states.get(feed.slug), monotonic()
        polled = await poll_one(fetcher, reader, feed, state, context.clock())
        if polled.entries and (state is None or polled.digest != state.body_digest):
            on_news()
        polled = await _mended(
            fetcher, reader, polled, state, open_gaps.get(feed.slug, ()), context.clock()
        )
        context.progress.advance(STAGE)
        polled = replace(polled.without_body(), seconds=monotonic() - began)
        _log(polled)
        heard(polled)
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


async def poll_one(
    fetcher: Fetcher, reader: FeedReader, feed: Feed, state: FeedState | None, now: datetime
) -> Poll:
    """Ask one feed, with the validators that are remembered for it, and read its answer."""
    url = poll.address(feed, state)
    etag, last_modified = poll.validators(feed, state, now)
    answer = await fetcher.feed(url, etag=etag, last_modified=last_modified)
    unchanged = None
    if isinstance(answer, NotModified) and poll.doubts(feed, state, now):
        whole = await fetcher.feed(url)
        if isinstance(whole, Page):
            unchanged, answer = answer, whole
    if not isinstance(answer, Page):
        return Poll(feed, answer)
    parsed = await reader.read(answer, feed, now)
    gap = None
    if isinstance(parsed, ParsedFeed):
        gap = gaps.find_gap(feed, state, parsed.entries, now)
    elif unchanged is not None:
        # the 304 was sound, what an unconditional request brings is not
        return Poll(feed, unchanged)
    digest = poll.digest_of(answer.body)
    return Poll(feed, answer, parsed, digest=digest, contradicted=unchanged is not None, gap=gap)


async def _mended(
    fetcher: Fetcher,
    reader: FeedReader,
    polled: Poll,
    state: FeedState | None,
    open_gaps: Sequence[Gap],
    now: datetime,
) -> Poll:
    """The poll with what its feed dropped, where the feed or its site can still list it."""
    page, parsed = polled.answer, polled.parsed
    todo = [*open_gaps, *([polled.gap] if polled.gap else [])]
    if not todo or not isinstance(page, Page) or not isinstance(parsed, ParsedFeed):
        return polled
    done = await repair(fetcher, reader, polled.feed, state, page, parsed, todo, now)
    return replace(polled, repairs=done.gaps, recovered=done.entries)


def _log(polled: Poll) -> None:
    """A line on how a feed answered; a warning where it brought nothing, or not all."""
    slug, failure = polled.feed.slug, polled.failure
    if failure is not None:
        _LOG.warning(
            "%s in %.1f s: %s", failure.reason, polled.seconds, failure.detail,
            extra=about(stage="poll", feed=slug, url=polled.feed.url, reason=failure.reason,
                        reported=True),
        )  # fmt: skip
        return
    _LOG.debug(
        "%d entries in %.1f s", len(polled.entries), polled.seconds,
        extra=about(stage="poll", feed=slug),
    )  # fmt: skip
    if polled.gap is not None:
        _LOG.warning(
            "may have dropped entries between %s and %s; %d found again",
            f"{polled.gap.from_at:%Y-%m-%d %H:%M}", f"{polled.gap.to_at:%Y-%m-%d %H:%M}",
            len(polled.recovered), extra=about(stage="poll", feed=slug, reported=True),
        )  # fmt: skip


def lessons(
    polls: Sequence[Poll],
    states: Mapping[str, FeedState],
    fresh: Mapping[str, Collection[str]],
    now: datetime,
) -> Lessons:
    """The feeds' new states and the rows for what failed.  Pure.

    Args:
        fresh: slug -> canonical URLs that were new when the feed listed them.
    """
    learned = Lessons([], [], [], [])
    for one in polls:
        state = states.get(one.feed.slug)
        learned.gaps.extend(one.repairs)
        if one.failure is not None:
            page = one.answer if isinstance(one.answer, Page) else None
            learned.states.append(poll.after_failure(one.feed, state, one.failure, now, page))
            learned.refusals.append(_refusal(one.feed, one.failure, now))
        elif isinstance(one.answer, NotModified):
            learned.states.append(poll.after_not_modified(one.feed, state, one.answer, now))
            learned.recovered.append(one.feed.url)
        elif isinstance(one.answer, Page) and isinstance(one.parsed, ParsedFeed):
            learned.states.append(
                poll.after_success(
                    one.feed,
                    state,
                    one.answer,
                    one.parsed,
                    fresh.get(one.feed.slug, ()),
                    now,
                    digest=one.digest,
                    gap=one.gap,
                    contradicted=one.contradicted,
                )
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
