"""The route from feeds: what is due is polled, and every entry is taken to its end.

A feed's validators and state are saved last, when every entry that it listed is safe: a run
that is killed earlier asks the feed again in full, and loses nothing.  Changes of feeds' states
are told before they are saved: twice is the lesser mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from duckdb import DuckDBPyConnection

from flows.context import RunContext
from flows.decide import batches, is_fresh, merge, portion, step_for
from flows.digested import Digested
from flows.feed_changes import as_told, changes, message
from flows.pipeline import digest_and_save, save_digested, write_window
from flows.polling import Poll, lessons, poll_all
from flows.reading import FeedReader
from flows.workers import Workers
from ingest import poll
from ingest.http import Fetcher
from ingest.models import Capture, FeedEntry, FeedState, Gap, Page, Rejection
from ingest.notify import post_json
from ingest.parse import ParsedFeed
from ingest.policy import RepairPolicy
from storage import entries, feeds, gaps, rejections

# Rejected entries whose retry is due are taken up in portions: after a long outage the first
# run must not be one that never ends.
RETRIES_A_RUN = 500
# Of each feed: one entry a second can be fetched of a site, and a feed that lists thousands, by
# its nature or by malice, must not make the run so long that the next ones are dropped.
TAKEN_OF_A_FEED = 300
RETRIES_OF_A_FEED = 200
# Groups of entries under way at once: their pages are in memory until they are saved (100 pages
# of 0.3 MB each, so about 240 MB in all), and a slow domain occupies one of them.
GROUPS_AT_ONCE = 8
FETCHING = "fetching pages"
READING = "reading and storing"


async def ingest(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    *,
    chosen: Sequence[str] = (),
    force: bool = False,
    tell: bool = True,
) -> None:
    """Poll what is due, and take every entry to its article or its rejection.

    Args:
        context: the run; its report is filled in.
        fetcher: the open client (or a replay of an archive).
        workers: the open pool.
        chosen: slugs to poll; empty for all that are enabled.
        force: poll feeds that are not due, too, and those that are gone.
        tell: post changes of feeds' states to the webhook, where one is set.
    """
    report, now = context.report, context.clock()
    states, retries, open_gaps = await write_window(
        context, lambda con: _remembered(context, con, now)
    )
    candidates = [
        feed for feed in context.feeds.values() if (feed.slug in chosen if chosen else feed.enabled)
    ]
    due = [
        feed
        for feed in candidates
        if force or chosen or poll.is_due(feed, states.get(feed.slug), now)
    ]
    report.feeds, report.feeds_waiting = len(due), len(candidates) - len(due)
    async with FeedReader() as reader:
        # What reads pages loads while feeds are still polled, but not when nothing is new.
        if retries:
            workers.warm()
        polls = await poll_all(
            context, fetcher, reader, due, states, open_gaps, on_news=workers.warm
        )
    for one in polls:
        if one.failure is not None:
            report.feeds_failed[one.feed.slug] = f"{one.failure.reason}: {one.failure.detail}"
    if report.nothing_reached:
        # Our own network is down: the feeds' states and times stay as they were.
        report.detail = "no feed could be reached"
        return
    listed = [entry for one in polls for entry in one.entries]
    fresh = await _take_in(context, fetcher, workers, [*listed, *retries], states)
    await _settle(context, polls, states, fresh, tell=tell)


async def _take_in(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    listed: Sequence[FeedEntry],
    states: Mapping[str, FeedState],
) -> frozenset[str]:
    """Bring every listed entry to its end; the canonical URLs that were new to their feeds."""
    report, now = context.report, context.clock()
    report.entries += len(listed)
    once = merge(listed)
    records = await write_window(
        context, lambda con: entries.lookup(con, [one.entry.canonical_url for one in once])
    )
    wanted: list[FeedEntry] = []
    times = {one.entry.canonical_url: one.times for one in once}
    fresh: set[str] = set()
    for one in once:
        record = records.get(one.entry.canonical_url)
        step = step_for(one.entry, record, now)
        if is_fresh(record, states.get(one.entry.feed)):
            fresh.add(one.entry.canonical_url)
        if step in ("fetch", "refetch"):
            wanted.append(one.entry)
        elif step == "known":
            report.known += one.times
        else:
            report.reject(record.reason if record else "", one.times)
    if fetcher.live:
        wanted, waiting = portion(wanted, TAKEN_OF_A_FEED)
        if waiting:
            await _put_off(context, waiting, times)
    context.progress.stage(FETCHING, len(wanted))
    context.progress.stage(READING, len(wanted))
    turns = asyncio.Semaphore(GROUPS_AT_ONCE)

    async def in_turn(group: Sequence[FeedEntry]) -> None:
        async with turns:
            await _batch(context, fetcher, workers, group, times)

    ends = await asyncio.gather(
        *(in_turn(group) for group in batches(wanted, context.settings.batch)),
        return_exceptions=True,
    )
    # A batch that cannot be saved does not take the others with it; the run fails after them.
    for end in ends:
        if end is not None:
            raise end
    return frozenset(fresh)


async def _put_off(
    context: RunContext, waiting: Sequence[FeedEntry], times: dict[str, int]
) -> None:
    """Leave entries to the next runs, which take them up even if their feed drops them."""
    now = context.clock()
    why = f"this run took {TAKEN_OF_A_FEED} other entries of the feed"
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
    await save_digested(context, digested, times, now)


async def _batch(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    group: Sequence[FeedEntry],
    times: dict[str, int],
) -> None:
    """Fetch, digest and save one group of entries."""

    async def capture(entry: FeedEntry) -> Capture:
        if not entry.has_page or entry.text:
            context.progress.advance(FETCHING)
            return Capture(entry=entry)
        answer = await fetcher.page(entry.url)
        context.progress.advance(FETCHING)
        if isinstance(answer, Page):
            context.report.fetched += 1
            return Capture(entry=entry, page=answer)
        return Capture(entry=entry, page_failure=answer)

    async def captures() -> list[Capture]:
        return await asyncio.gather(*(capture(entry) for entry in group))

    label = f"{len(group)} entries"
    got = await context.step("fetch", f"fetch {label}", captures)
    await digest_and_save(context, workers, got, times, label=label)
    context.progress.advance(READING, len(group))


async def _settle(
    context: RunContext,
    polls: Sequence[Poll],
    states: Mapping[str, FeedState],
    fresh: frozenset[str],
    *,
    tell: bool,
) -> None:
    """Save what the polls taught of each feed, and a row for each that failed."""
    report = context.report
    learned = lessons(polls, states, fresh, context.clock())
    for one in polls:
        if isinstance(one.parsed, ParsedFeed):
            report.entries += len(one.parsed.skipped) + one.parsed.repeated
            report.known += one.parsed.repeated
            for refusal in one.parsed.skipped:
                report.reject(refusal.reason)

    taught = await _told(context, learned.states, tell=tell)

    def save(con: DuckDBPyConnection) -> None:
        feeds.save_states(con, taught)
        gaps.save(con, learned.gaps)
        rejections.clear(con, learned.recovered)
        rejections.save(con, learned.refusals)

    await write_window(context, save)


async def _told(
    context: RunContext, states: Sequence[FeedState], *, tell: bool
) -> Sequence[FeedState]:
    """Tell what changed in the feeds' states; the states with a note of what was told.

    A message that was not taken is sent again with the next run's.
    """
    changed = changes(context.feeds, states)
    settings, report = context.settings, context.report
    report.feed_changes = [asdict(change) | {"line": change.line} for change in changed]
    if changed and tell and settings.webhook:
        failed = await post_json(
            settings.webhook,
            message(changed, report.run_id),
            user_agent=settings.user_agent,
            allow_hosts=frozenset(settings.allow_hosts),
        )
        if failed:
            report.detail = f"the webhook did not take the changes of feeds: {failed}"
            return states
    return as_told(states, changed)


def _remembered(
    context: RunContext, con: DuckDBPyConnection, now: datetime
) -> tuple[dict[str, FeedState], list[FeedEntry], dict[str, list[Gap]]]:
    feeds.save_feeds(con, list(context.feeds.values()))
    return (
        feeds.load_states(con),
        entries.due_retries(con, now, limit=RETRIES_A_RUN, of_a_feed=RETRIES_OF_A_FEED),
        gaps.open_gaps(con, RepairPolicy().attempts),
    )
