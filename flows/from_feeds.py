"""The route from feeds: what is due is polled, and every entry is taken to its end.

Entries go on as soon as their feed has answered (``intake``, ``harvest``), while other feeds are
still asked.  A feed's validators and state are saved last, when every entry that it listed is
safe: a run that is killed earlier asks the feed again in full, and loses nothing.  Changes of
feeds' states are told before they are saved: twice is the lesser mistake.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from time import monotonic
from typing import Any

from duckdb import DuckDBPyConnection

from flows.context import RunContext
from flows.decide import is_fresh, portion, step_for
from flows.feed_changes import as_told, changes, message
from flows.harvest import Harvest
from flows.intake import Intake
from flows.pipeline import note, write_window
from flows.polling import Poll, lessons, poll_all
from flows.reading import FeedReader
from flows.shard import Ledger
from flows.workers import Workers
from ingest import poll
from ingest.http import Fetcher
from ingest.models import Feed, FeedEntry, FeedState, Gap
from ingest.notify import post_json
from ingest.parse import ParsedFeed
from ingest.policy import RepairPolicy
from storage import entries, feeds, gaps
from storage.models import EntryRecord

# Rejected entries whose retry is due are taken up in portions: after a long outage the first
# run must not be one that never ends.
RETRIES_A_RUN = 500
# Of each feed: one entry a second can be fetched of a site, and a feed that lists thousands, by
# its nature or by malice, must not make the run so long that the next ones are dropped.
TAKEN_OF_A_FEED = 300
RETRIES_OF_A_FEED = 200
# Entries are looked up together that come within so many seconds, or within this share of the
# time since the first feed was asked: each look-up is a window of the store.
TOGETHER_SECONDS, TOGETHER_SHARE = 1.0, 0.125


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
    harvest = Harvest(context, fetcher, workers)
    stream = _Stream(context, harvest, due, states, retries, live=fetcher.live)
    async with FeedReader() as reader:
        # What reads pages loads while feeds are still polled, but not when nothing is new.
        if retries:
            workers.warm()
        polls = await stream.run(
            poll_all(
                context, fetcher, reader, due, states, open_gaps,
                heard=stream.heard, on_news=workers.warm,
            )
        )  # fmt: skip
    if report.nothing_reached:
        # Our own network is down: the feeds' states and times stay as they were.
        report.detail = "no feed could be reached"
        return
    await _settle(context, polls, states, stream.fresh, tell=tell)


class _Stream:
    """The entries of a run, from the answers of its feeds to what is stored of them.

    A replay (not ``live``) waits for the last feed: there is nobody to wait for, and it makes the
    same batches each time.  Nor is anything put off in it.
    """

    def __init__(
        self,
        context: RunContext,
        harvest: Harvest,
        due: Sequence[Feed],
        states: Mapping[str, FeedState],
        retries: Sequence[FeedEntry],
        *,
        live: bool,
    ) -> None:
        self.fresh: dict[str, set[str]] = defaultdict(set)
        """Of each feed the canonical URLs that were new when it listed them."""
        self._context = context
        self._harvest = harvest
        self._intake = Intake(due)
        self._states = states
        self._retries = list(retries)
        self._live = live
        self._records: dict[str, EntryRecord | None] = {}
        self._of_feed: Counter[str] = Counter()
        self._began = monotonic()
        self._news = asyncio.Event()
        self._polled = asyncio.Event()

    def heard(self, one: Poll) -> None:
        """A feed has answered: what it listed may go on."""
        report = self._context.report
        if one.failure is not None:
            report.feeds_failed[one.feed.slug] = f"{one.failure.reason}: {one.failure.detail}"
        report.took(one.feed.slug, one.seconds)
        report.entries += len(one.entries)
        self._intake.listed(one.feed.slug, one.entries, monotonic())
        if one.failure is None:
            self._try_again()
        self._news.set()

    async def run(self, polling: Coroutine[Any, Any, list[Poll]]) -> list[Poll]:
        """Take entries on while ``polling`` goes on; comes back when all of them are stored."""
        asking = asyncio.ensure_future(self._ask(polling))
        taking = asyncio.ensure_future(self._take())
        try:
            polls, _ = await asyncio.gather(asking, taking)
            await self._harvest.end()
        except BaseException:
            asking.cancel()
            taking.cancel()
            await asyncio.gather(asking, taking, return_exceptions=True)
            await self._harvest.stop()
            raise
        self._count_sightings()
        return polls

    async def _ask(self, polling: Coroutine[Any, Any, list[Poll]]) -> list[Poll]:
        polls = await polling
        if not self._context.report.nothing_reached:
            self._try_again()
        self._polled.set()
        self._news.set()
        return polls

    def _try_again(self) -> None:
        """Take up the entries of earlier runs, now that the network is known to work."""
        retries, self._retries = self._retries, []
        self._context.report.entries += len(retries)
        self._intake.retried(retries, monotonic())

    async def _take(self) -> None:
        """Hand on what need not wait, until all feeds have answered."""
        if not self._live:
            await self._polled.wait()
        while True:
            last = self._polled.is_set()
            taken = self._intake.take(monotonic(), last=last)
            if taken:
                await self._begin(taken)
            if last:
                return
            until = self._intake.ends_waiting()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if until is None else until - monotonic()):
                    await self._news.wait()
            self._news.clear()
            share = TOGETHER_SHARE * (monotonic() - self._began)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(TOGETHER_SECONDS, share)):
                    await self._polled.wait()

    async def _begin(self, taken: Sequence[FeedEntry]) -> None:
        """Look entries up, and have those fetched that the store does not know."""
        context, ends, now = self._context, self._harvest.ends, self._context.clock()
        records = await write_window(
            context, lambda con: entries.lookup(con, [one.canonical_url for one in taken])
        )
        wanted: list[FeedEntry] = []
        for entry in taken:
            url = entry.canonical_url
            record = self._records[url] = records.get(url)
            self._note_fresh(entry.feed, url)
            step = step_for(entry, record, now)
            if step in ("fetch", "refetch"):
                wanted.append(entry)
            elif step == "known":
                ends[url] = "known"
                context.report.known += 1
            else:
                ends[url] = record.reason if record else ""
                context.report.reject(ends[url])
        if self._live:
            wanted, waiting = portion(wanted, TAKEN_OF_A_FEED, self._of_feed)
            if waiting:
                why = f"this run took {TAKEN_OF_A_FEED} other entries of the feed"
                await self._harvest.put_off(waiting, why)
        if wanted:
            self._harvest.begin(wanted)

    def _note_fresh(self, slug: str, url: str) -> None:
        if is_fresh(self._records.get(url), self._states.get(slug)):
            self.fresh[slug].add(url)

    def _count_sightings(self) -> None:
        """An entry that was listed more than once counts as known, or as rejected, each time."""
        for url, slug in self._intake.sightings:
            self._note_fresh(slug, url)
            end = self._harvest.ends[url]
            if end in ("new", "changed", "known"):
                self._context.report.known += 1
            else:
                self._context.report.reject(end)


async def _settle(
    context: RunContext,
    polls: Sequence[Poll],
    states: Mapping[str, FeedState],
    fresh: Mapping[str, set[str]],
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
    await note(
        context,
        Ledger(
            states=tuple(taught),
            gaps=tuple(learned.gaps),
            recovered=tuple(learned.recovered),
            rejections=tuple(learned.refusals),
        ),
    )


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
