"""A run cut into pieces for workers, and their shards taken in while they come.

    feeds --by site--> groups --> pieces, those of a group one after another
                                     |
        workers (flows.pieces) <-----+-----> shelf --> loader --> store

The feeds of one site are in one group, and a group is worked on by one worker at a time: no site is
asked by two machines at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from flows import knowledge
from flows.backfill_plan import by_feed, chosen_feeds, routes_of, summary
from flows.context import RunContext
from flows.loader import Loader, owner, owner_name
from flows.pieces import Piece, feeds_name, feeds_text, report_of, run_piece
from flows.pipeline import recorded, write_window
from flows.report import RunReport
from flows.run import (
    FILE_ROUTES,
    BackfillOptions,
    IngestOptions,
    Surroundings,
    context_of,
    feeds_of,
    run_backfill,
    run_ingest,
    window_of,
)
from flows.settings import Settings
from ingest.models import Feed
from ingest.routes import ccnews
from ingest.urls import registered_domain
from storage import coverage, feeds
from storage.encoding import as_json
from storage.errors import StoreError
from storage.shelf import Shelf

_LOG = logging.getLogger(__name__)
STAGE, LOADING = "pieces", "loading shards"
# Seconds between two looks at the shelf.
LOOK_EVERY = 2.0
# A piece that was lost is tried so often in all; what it wrote before counts.
ATTEMPTS = 3
# Pieces done side by side where there is no worker: each has reading processes of its own.
HERE_AT_ONCE = 2

Dispatch = Callable[[Piece], Awaitable[None]]
"""Have a piece done; comes back when it is.  Raises when it was not."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Pieces that are done one after another."""

    group: str
    feeds: Mapping[str, Feed]
    known: Sequence[str]
    """Slugs of the feeds of which its workers know what is stored."""
    pieces: tuple[Piece, ...]


def in_this_process(settings: Settings, around: Surroundings) -> Dispatch:
    """Pieces done here, as a worker would do them."""
    turns = asyncio.Semaphore(HERE_AT_ONCE)

    async def dispatch(piece: Piece) -> None:
        async with turns:
            await run_piece(settings, piece, around)

    return dispatch


async def ingest(
    settings: Settings,
    options: IngestOptions,
    around: Surroundings | None = None,
    dispatch: Dispatch | None = None,
) -> RunReport:
    """Poll the feeds and store what they list: in this process, or with ``shards`` by workers.

    Raises what ``flows.run.run_ingest`` does.
    """
    if not settings.shards:
        return await run_ingest(settings, options, around)
    return await spread_ingest(settings, options, around, dispatch)


async def backfill(
    settings: Settings,
    options: BackfillOptions,
    around: Surroundings | None = None,
    dispatch: Dispatch | None = None,
) -> RunReport:
    """Store what a route yields: in this process, or with ``shards`` by workers.

    Raises what ``flows.run.run_backfill`` does.
    """
    if not settings.shards:
        return await run_backfill(settings, options, around)
    return await spread_backfill(settings, options, around, dispatch)


async def spread_ingest(
    settings: Settings,
    options: IngestOptions,
    around: Surroundings | None = None,
    dispatch: Dispatch | None = None,
) -> RunReport:
    """``flows.run.run_ingest`` with a piece for each group of feeds."""
    around = around or Surroundings()
    listed = feeds_of(settings, options.chosen)
    context = context_of(settings, "ingest", listed, options.all_topics, around)

    def chains() -> list[_Chain]:
        wanted = chosen_feeds(listed, options.chosen)
        parts = by_site(wanted, settings.shard_groups)
        return [
            _chain(context, f"g{number:03}", part, [("feeds", options)], len(parts), "ingest")
            for number, part in enumerate(parts)
        ]

    async with recorded(context):
        await _Spreading(context, around, dispatch).all(chains())
    return context.report


async def spread_backfill(
    settings: Settings,
    options: BackfillOptions,
    around: Surroundings | None = None,
    dispatch: Dispatch | None = None,
) -> RunReport:
    """``flows.run.run_backfill`` with a piece for each slice of a group of feeds, or each file."""
    around = around or Surroundings()
    listed = feeds_of(settings, options.chosen)
    context = context_of(settings, "backfill", listed, options.all_topics, around)
    async with recorded(context):
        spreading = _Spreading(context, around, dispatch)
        if options.route in FILE_ROUTES:
            await spreading.all(_of_files(context, options))
        else:
            await spreading.all(_of_slices(context, options))
            if ccnews.NAME in routes_of(options.route):
                await spreading.all([_crawl(context, options)])
            await spreading.sum_up(options)
    return context.report


async def run_load(
    settings: Settings,
    place: str = "",
    around: Surroundings | None = None,
    *,
    keep: bool = False,
) -> RunReport:
    """Take in what lies on a shelf, of whatever run.

    Args:
        place: of the shelf; that of the settings when empty.
        keep: leave the files of runs that are over.

    Raises:
        VoltwireError, StoreError: for what a person has to put right.
    """
    around = around or Surroundings()
    shelf = Shelf(place or settings.shards)
    context = context_of(settings, "load", feeds_of(settings), False, around)
    wait = timedelta(seconds=settings.wait_seconds)
    loader = Loader(
        context.store, shelf, wait=wait, loaded=lambda _: around.progress.advance(LOADING)
    )
    async with recorded(context):
        context.progress.stage(LOADING, None)
        await asyncio.to_thread(loader.load_all, clear=not keep, strangers=bool(place))
        report, taken = context.report, loader.taken
        report.entries = taken.entries
        report.stored, report.edited, report.known = taken.stored, taken.edited, taken.known
        report.duplicates, report.new_stories = taken.duplicates, taken.new_stories
        for reason, times in taken.reasons.items():
            report.reject(reason, times)
        report.feeds_failed |= taken.unreadable
        shards = "1 shard" if taken.shards == 1 else f"{taken.shards} shards"
        report.detail = f"{shards} loaded"
    return context.report


def by_site(listed: Sequence[Feed], groups: int) -> list[dict[str, Feed]]:
    """``listed`` parted into so many groups or fewer, of about one size; a site is in one of them.

    In each group the feeds stand in the order of the list.  Pure.
    """
    sites: defaultdict[str, list[Feed]] = defaultdict(list)
    for feed in listed:
        sites[registered_domain(feed.url)].append(feed)
    parts: list[set[str]] = [set() for _ in range(min(groups, len(sites)))]
    for site in sorted(sites, key=lambda name: (-len(sites[name]), name)):
        smallest = min(parts, key=len)
        smallest.update(feed.slug for feed in sites[site])
    return [{feed.slug: feed for feed in listed if feed.slug in part} for part in parts]


class _Spreading:
    """One run's pieces and its loader."""

    def __init__(
        self, context: RunContext, around: Surroundings, dispatch: Dispatch | None
    ) -> None:
        self._context = context
        self._shelf = Shelf(context.settings.shards)
        self._wait = timedelta(seconds=context.settings.wait_seconds)
        self._dispatch = dispatch or in_this_process(context.settings, around)
        self._loader = Loader(context.store, self._shelf, wait=self._wait)
        self._places = asyncio.Semaphore(context.settings.shard_groups)
        self._sums: defaultdict[str, int] = defaultdict(int)
        self._begun = False

    async def all(self, chains: Sequence[_Chain]) -> None:
        """Have all pieces done and loaded; the report is filled in."""
        context, run_id = self._context, self._context.report.run_id
        if not self._begun:
            # What a run that was stopped left there belongs to what workers have to know.
            await asyncio.to_thread(self._load_others)
            self._begun = True
        await write_window(context, lambda con: feeds.save_feeds(con, list(context.feeds.values())))
        await asyncio.to_thread(self._shelf.write, owner_name(run_id), owner(context.store))
        known = {chain.group: chain.known for chain in chains if chain.known}
        await asyncio.to_thread(knowledge.snapshot, context.store, self._shelf, run_id, known)
        for chain in chains:
            name, text = feeds_name(run_id, chain.group), feeds_text(chain.feeds)
            await asyncio.to_thread(self._shelf.write, name, text)
        total = sum(len(chain.pieces) for chain in chains)
        context.report.feeds = max(context.report.feeds, len({s for c in chains for s in c.known}))
        context.progress.stage(STAGE, total)
        loading = asyncio.create_task(self._keep_loading())
        try:
            ends = await asyncio.gather(
                *(self._one_by_one(chain) for chain in chains), return_exceptions=True
            )
        finally:
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
        await self._load()
        for end in ends:
            if end is not None:
                raise end
        self._report()
        await asyncio.to_thread(self._loader.clear, run_id)

    async def _one_by_one(self, chain: _Chain) -> None:
        for piece in chain.pieces:
            async with self._places:
                await self._done(chain, piece)
            self._context.progress.advance(STAGE)

    async def _done(self, chain: _Chain, piece: Piece) -> None:
        """``piece`` done, tried again where it was lost; what cannot be done is told of its feeds.

        The other pieces go on: what one leaves undone the next run takes up.
        """
        for attempt in range(ATTEMPTS):
            trying = piece if attempt == 0 else piece.again()
            why = ""
            try:
                await self._dispatch(trying)
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                _LOG.warning("piece %s was not done: %s", piece.name, why)
            figures = await asyncio.to_thread(report_of, self._shelf, piece)
            if figures is not None:
                self._add(figures)
                return
        failed = self._context.report.feeds_failed
        for slug in chain.known or [piece.name]:
            failed.setdefault(slug, f"{piece.name}: {why or 'ended without a report'}")

    def _add(self, figures: Mapping[str, Any]) -> None:
        report = self._context.report
        names = (
            "entries", "fetched", "stored", "edited", "known", "rejected", "outside", "undated",
            "repeats", "feeds_waiting",
        )  # fmt: skip
        for name in names:
            self._sums[name] += figures[name]
        for reason, times in figures["reasons"].items():
            report.reasons[reason] = report.reasons.get(reason, 0) + times
        report.feeds_failed.update(figures["feeds_failed"])
        report.feed_changes += figures["feed_changes"]

    def _report(self) -> None:
        """The sums; what was new is known to the loader, not to those who fetched it."""
        report, sums, taken = self._context.report, self._sums, self._loader.taken
        report.fetched, report.feeds_waiting = sums["fetched"], sums["feeds_waiting"]
        report.outside, report.undated = sums["outside"], sums["undated"]
        report.repeats, report.rejected = sums["repeats"], sums["rejected"]
        report.stored, report.edited = taken.stored, taken.edited
        # What an attempt stored that was lost may have been met again, as known, or not.
        unforeseen = taken.stored + taken.edited - sums["stored"] - sums["edited"]
        report.known = max(sums["known"] - unforeseen, 0)
        report.entries = report.stored + report.edited + report.known + report.rejected
        report.duplicates, report.new_stories = taken.duplicates, taken.new_stories
        if taken.unreadable:
            report.detail = f"{len(taken.unreadable)} shards cannot be read"

    async def sum_up(self, options: BackfillOptions) -> None:
        """The closing table, from the store."""
        context = self._context
        window = window_of(options, context.clock())
        wanted = chosen_feeds(context.feeds, options.chosen)
        slugs = [feed.slug for feed in wanted]
        rows = await write_window(
            context, lambda con: coverage.load(con, slugs, window.since, window.until)
        )
        context.report.coverage = [asdict(summary(feed, window, rows)) for feed in wanted]

    # --- loading -----------------------------------------------------------------------------

    def _load_others(self) -> None:
        Loader(self._context.store, self._shelf, wait=self._wait).load_all(clear=True)

    async def _keep_loading(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await asyncio.shield(asyncio.ensure_future(self._load()))
            except StoreError as error:
                # What lies there is safe; at the end it is loaded, or the run fails with this.
                _LOG.warning("%s", error)

    async def _load(self) -> None:
        context = self._context
        async with context.window:
            before = self._loader.taken.stored + self._loader.taken.edited
            await asyncio.to_thread(self._loader.load, context.report.run_id)
            now = self._loader.taken.stored + self._loader.taken.edited
            await context.on_the_way.publish_if_due(
                context.store, now - before, search=context.settings.keeps_index
            )


# --- what there is to do -----------------------------------------------------------------------


def _chain(
    context: RunContext,
    group: str,
    of: Mapping[str, Feed],
    asked: Sequence[tuple[str, IngestOptions | BackfillOptions]],
    at_once: int,
    kind: Any,
    *,
    known: bool = True,
) -> _Chain:
    report = context.report
    pieces = tuple(
        Piece(
            run_id=report.run_id,
            started_at=report.started_at,
            group=group,
            name=f"{group}-{name}",
            kind=kind,
            options=as_json(options),
            at_once=min(at_once, context.settings.shard_groups),
        )
        for name, options in asked
    )
    return _Chain(group, of, tuple(of) if known else (), pieces)


def _of_slices(context: RunContext, options: BackfillOptions) -> list[_Chain]:
    """A chain for each group of feeds, a piece for each slice, newest first."""
    if not by_feed(options.route):
        return []
    window = window_of(options, context.clock())
    whole = replace(options, since=window.since, until=window.until)
    parts = by_site(chosen_feeds(context.feeds, options.chosen), context.settings.shard_groups)
    asked = [(f"{cut.since}", replace(whole, only=(cut,))) for cut in window.slices(options.size)]
    return [
        _chain(context, f"g{number:03}", part, asked, len(parts), "backfill")
        for number, part in enumerate(parts)
    ]


def _crawl(context: RunContext, options: BackfillOptions) -> _Chain:
    """What reads once for all feeds, after all that was done feed by feed."""
    window = window_of(options, context.clock())
    asked = replace(options, since=window.since, until=window.until, only=())
    of = {feed.slug: feed for feed in chosen_feeds(context.feeds, options.chosen)}
    return _chain(context, "crawl", of, [(ccnews.NAME, asked)], 1, "backfill")


def _of_files(context: RunContext, options: BackfillOptions) -> list[_Chain]:
    """A piece for each file: each is a group of its own, which knows nothing of the store.

    A file may hold pages of anybody; to know what is stored of all of them would cost more than to
    read a page again.
    """
    return [
        _chain(
            context,
            f"f{number:05}",
            context.feeds,
            [("file", replace(options, paths=(path.absolute(),)))],
            len(options.paths),
            "backfill",
            known=False,
        )
        for number, path in enumerate(options.paths)
    ]
