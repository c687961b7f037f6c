"""A whole run, from options to its report: what the commands and the Prefect flows both call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from flows import backfill_plan, backfilling, from_feeds, from_routes
from flows.archive_plan import Archives
from flows.backfilling import RunPart, plain_part
from flows.context import Progress, RunContext, Silent, Step, new_run_id, plain_step, utc_now
from flows.feedlist import feeds_in_use
from flows.pipeline import recorded
from flows.report import RunReport
from flows.seeing.noting import Noted
from flows.settings import Settings
from flows.shelving import Shelving
from flows.workers import Workers
from ingest.archive import ArchiveWriter, read_pages
from ingest.daytime import hours
from ingest.errors import VoltwireError
from ingest.guard import Resolver, resolve
from ingest.http import Fetcher
from ingest.models import Capture, Feed, Rejection
from ingest.pacing import Pace, pace_at
from ingest.policy import FetchPolicy
from ingest.replay import ReplayTransport
from ingest.robots_memory import RobotsMemory
from ingest.routes import jsonl, warc
from ingest.routes.window import Slice, Window
from storage.store import Store

FILE_ROUTES = (warc.NAME, jsonl.NAME)
EARLIEST = date(1995, 1, 1)
ROUTES = (*backfill_plan.NETWORK, *FILE_ROUTES)


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """What a person asked of one ingest."""

    chosen: tuple[str, ...] = ()
    """Slugs of the feeds to poll; empty for every enabled one."""
    replay: tuple[Path, ...] = ()
    """WARC files that answer in place of the network."""
    as_of: datetime | None = None
    """With ``replay``: the moment to replay; newer answers are not seen, and the run's clock starts
    there, so that edits of that day are looked at as they were on it."""
    all_topics: bool = False
    force: bool = False
    """Poll feeds that are not due."""


@dataclass(frozen=True, kw_only=True)
class BackfillOptions:
    """What a person asked of one backfill."""

    route: str = backfill_plan.AUTO
    paths: tuple[Path, ...] = ()
    """Of the routes that read files."""
    since: date | None = None
    until: date | None = None
    """The last day of the window, included; today when None."""
    chosen: tuple[str, ...] = ()
    """Slugs of the feeds; empty for every enabled one.  For the routes over the network."""
    again: bool = False
    """Go once more through days that the ledger has as done."""
    size: Slice = "month"
    """What the window is cut into, for the routes over the network."""
    only: tuple[Window, ...] | None = None
    """Of the slices these alone, and no crawl of the whole web; none of them for that crawl alone;
    None for everything."""
    all_topics: bool = False

    def __post_init__(self) -> None:
        """Refuse days in the wrong order, whoever asks; raises ``VoltwireError``."""
        if self.since and self.until and self.since > self.until:
            raise VoltwireError(f"--since {self.since} is after --until {self.until}")


@dataclass(frozen=True, kw_only=True)
class AsPiece:
    """A run that is a piece of another one, on a machine without the store."""

    run_id: str
    """Of the run that it is a piece of."""
    started_at: datetime
    """When that began."""
    feeds: Mapping[str, Feed]
    """Those that the piece is about, by slug."""
    shelving: Shelving
    """Where its batches go."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Who runs it: how steps and slices are, who watches, what the time is, what the web costs."""

    step: Step = plain_step
    run_part: RunPart = plain_part
    progress: Progress = field(default_factory=Silent)
    clock: Callable[[], datetime] = utc_now
    limits: FetchPolicy = field(default_factory=FetchPolicy)
    """Of the fetcher; what ``Settings`` says of connections and pace goes before it."""
    resolver: Resolver = resolve
    piece: AsPiece | None = None
    begun: Callable[[RunReport], None] = lambda _: None
    """Told of the report, which fills up as the run goes; also of one that will fail."""


def check_ingest(settings: Settings, options: IngestOptions) -> None:
    """Refuse what cannot run, before anything is started: lists, slugs and archives are tried.

    Raises:
        VoltwireError: for what a person has to put right.
    """
    feeds_of(settings, options.chosen)
    for path in options.replay:
        if not path.is_dir():
            next(read_pages(path), None)


def check_backfill(settings: Settings, options: BackfillOptions) -> None:
    """The same for a backfill: its route and the first record of each of its files.

    Raises:
        VoltwireError: for what a person has to put right.
    """
    if options.route in backfill_plan.NETWORK:
        feeds_of(settings, options.chosen)
        window_of(options, utc_now())
        pace_of_backfill(settings, utc_now)
    else:
        feeds_of(settings)
        _route(options, utc_now)


def window_of(options: BackfillOptions, now: datetime) -> Window:
    """The days of a backfill over the network.

    Raises:
        VoltwireError: without a first day, for files, or for days that are still to come.
    """
    if options.paths:
        files = " or ".join(FILE_ROUTES)
        raise VoltwireError(
            f"route {options.route} reads no files", hint=f"name --route {files} for them"
        )
    if options.since is None:
        raise VoltwireError(
            f"route {options.route} needs the first day to look for",
            hint="voltwire backfill --since 2025-03-01 --until 2025-03-31",
        )
    today = now.astimezone(UTC).date()
    if options.since > today:
        raise VoltwireError(f"--since {options.since} is still to come")
    if options.until and options.since > options.until:
        raise VoltwireError(f"--since {options.since} is after --until {options.until}")
    if options.since < EARLIEST:
        raise VoltwireError(
            f"--since {options.since} is before {EARLIEST}, when there were no feeds"
        )
    return Window(options.since, min(options.until or today, today))


async def run_ingest(
    settings: Settings, options: IngestOptions, around: Surroundings | None = None
) -> RunReport:
    """Poll the feeds and store what they list.

    Raises:
        VoltwireError, StoreError: for what a person has to put right (a feed list or archive
            that cannot be read, a slug that is not there, a store that stays locked).
    """
    around = around or Surroundings()
    if options.as_of is not None:
        around = replace(around, clock=_clock_from(options.as_of, around.clock))
    feeds = feeds_of(settings, options.chosen, around)
    context = context_of(settings, "ingest", feeds, options.all_topics, around)
    async with _opened(context, around, replay=options.replay, as_of=options.as_of) as (
        fetcher,
        workers,
    ):
        await from_feeds.ingest(
            context,
            fetcher,
            workers,
            chosen=options.chosen,
            force=options.force or bool(options.replay),
            tell=not options.replay,
        )
    return context.report


def _clock_from(moment: datetime, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """A clock that starts at ``moment``: a replay of that day judges ages as that day did."""
    began = clock()
    return lambda: moment + (clock() - began)


def fetcher_for(
    settings: Settings,
    replay: Sequence[Path] = (),
    *,
    as_of: datetime | None = None,
    around: Surroundings | None = None,
    archive: ArchiveWriter | None = None,
    pace: Pace | None = None,
) -> Fetcher:
    """The client for the network, or for the archives in ``replay``.

    ``pace`` goes before that of ``settings``.

    Raises:
        ingest.errors.UnreadableArchive: when one of ``replay`` is no WARC.
    """
    around = around or Surroundings()
    limits = replace(
        around.limits, concurrent=settings.connections, pace_seconds=settings.pace_seconds
    )
    memory = None
    if archive is not None:  # without one nothing is to be left behind in the store's folder
        memory = RobotsMemory(settings.store / "robots", around.clock)
        memory.forget()
    return Fetcher(
        limits,
        user_agent=settings.user_agent,
        clock=around.clock,
        resolver=around.resolver,
        archive=archive,
        transport=ReplayTransport(replay, as_of=as_of) if replay else None,
        allow_hosts=frozenset(settings.allow_hosts),
        pace=pace,
        robots_memory=memory,
    )


def pace_of_backfill(settings: Settings, clock: Callable[[], datetime]) -> Pace:
    """The pace of a backfill, which is slower outside of the hours that are set for it.

    Raises:
        VoltwireError: for hours or a time zone that cannot be read.
    """
    if not settings.backfill_hours:
        return lambda: settings.pace_seconds
    try:
        full, zone = hours(settings.backfill_hours), ZoneInfo(settings.timezone)
    except (ValueError, KeyError, OSError) as error:
        raise VoltwireError(f"settings: backfill_hours or timezone: {error}") from error
    slower = FetchPolicy().slower_by_day
    return lambda: pace_at(clock().astimezone(zone), settings.pace_seconds, full, slower)


async def run_backfill(
    settings: Settings, options: BackfillOptions, around: Surroundings | None = None
) -> RunReport:
    """Store what a route yields.

    Raises:
        VoltwireError, StoreError: for what a person has to put right.
    """
    around = around or Surroundings()
    if options.route in backfill_plan.NETWORK:
        return await _backfill_network(settings, options, around)
    source = _route(options, around.clock)
    feeds = feeds_of(settings, around=around)
    context = context_of(settings, "backfill", feeds, options.all_topics, around)
    async with recorded(context), _workers(context) as workers:
        await from_routes.backfill(
            context,
            workers,
            source,
            since=_midnight(options.since),
            until=_midnight(options.until + timedelta(days=1)) if options.until else None,
        )
    return context.report


async def _backfill_network(
    settings: Settings, options: BackfillOptions, around: Surroundings
) -> RunReport:
    window = window_of(options, around.clock())
    feeds = feeds_of(settings, options.chosen, around)
    context = context_of(settings, "backfill", feeds, options.all_topics, around)
    pace = pace_of_backfill(settings, around.clock)
    async with _opened(context, around, pace=pace) as (fetcher, workers):
        await backfilling.backfill(
            context,
            fetcher,
            workers,
            window=window,
            route=options.route,
            chosen=options.chosen,
            again=options.again,
            size=options.size,
            only=options.only,
            run_part=around.run_part,
        )
    return context.report


def plan_backfill(settings: Settings, options: BackfillOptions) -> list[backfill_plan.Plan]:
    """Whom a backfill over the network would ask, how often and for how long; asks nobody.

    Raises:
        VoltwireError: for what a person has to put right.
    """
    return backfill_plan.plan(
        Store(settings.store),
        feeds_of(settings, options.chosen),
        window=window_of(options, utc_now()),
        route=options.route,
        chosen=options.chosen,
        again=options.again,
        pace=settings.pace_seconds,
        archives=Archives(settings.wayback_url, settings.wayback_pace_seconds, settings.ccnews_url),
    )


def context_of(
    settings: Settings,
    kind: str,
    feeds: dict[str, Feed],
    all_topics: bool,
    around: Surroundings,
) -> RunContext:
    """What the steps of a new run share, or those of a piece of one."""
    now, piece = around.clock(), around.piece
    run_id = piece.run_id if piece else new_run_id(now)
    report = RunReport(
        run_id=run_id,
        kind=kind,
        store=str(settings.store),
        started_at=piece.started_at if piece else now,
    )
    if piece is None:  # what a piece finds is in the report of its run
        around.begun(report)
    return RunContext(
        settings=settings,
        store=Store(
            settings.store,
            wait=timedelta(seconds=settings.wait_seconds),
            purpose=f"voltwire {kind} {run_id}",
        ),
        feeds=feeds,
        report=report,
        all_topics=all_topics,
        clock=around.clock,
        step=around.step,
        progress=Noted(inner=around.progress, folder=settings.store, run_id=run_id, kind=kind),
        shelf=piece.shelving if piece else None,
    )


@asynccontextmanager
async def _opened(
    context: RunContext,
    around: Surroundings,
    *,
    replay: Sequence[Path] = (),
    as_of: datetime | None = None,
    pace: Pace | None = None,
) -> AsyncIterator[tuple[Fetcher, Workers]]:
    """A recorded run with what it asks and reads by: the network, or the archives in ``replay``."""
    archive = None
    if not replay:
        archive = ArchiveWriter(context.store.archive, around.clock, run=context.report.run_id)
        if around.piece is not None:
            around.piece.shelving.archive = archive
    try:
        fetcher = fetcher_for(
            context.settings, replay, as_of=as_of, around=around, archive=archive, pace=pace
        )
        async with recorded(context), fetcher, _workers(context) as workers:
            yield fetcher, workers
    finally:
        if archive is not None:
            archive.close()


def _workers(context: RunContext) -> Workers:
    return Workers(context.settings.workers, context.feeds, all_topics=context.all_topics)


def feeds_of(
    settings: Settings, chosen: Sequence[str] = (), around: Surroundings | None = None
) -> dict[str, Feed]:
    """The feeds in use by slug; refuses ``chosen`` slugs that are not among them."""
    if around is not None and around.piece is not None:
        return dict(around.piece.feeds)
    feeds = {feed.slug: feed for feed in feeds_in_use(settings)}
    for slug in chosen:
        if slug not in feeds:
            raise VoltwireError(
                f"there is no feed {slug!r}", hint="`voltwire feeds list` shows them"
            )
    return feeds


def _route(
    options: BackfillOptions, clock: Callable[[], datetime]
) -> Iterator[Capture | Rejection]:
    if options.route not in FILE_ROUTES:
        raise VoltwireError(
            f"route {options.route!r} is not one of {', '.join(ROUTES)}",
            hint="see `voltwire backfill --help`",
        )
    if not options.paths:
        raise VoltwireError(
            f"route {options.route} reads files, and none is named",
            hint=f"voltwire backfill --route {options.route} FILE...",
        )
    read = jsonl.captures if options.route == jsonl.NAME else warc.captures
    for path in options.paths:
        if not path.is_file():
            raise VoltwireError("there is no such file", about=path)
        # The first record of each: a file of the wrong kind is refused before anything is done.
        next(read(path, clock), None)
    return chain.from_iterable(read(path, clock) for path in options.paths)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
