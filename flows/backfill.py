"""The flow that a person triggers: ``backfill``, and a flow run for each slice of its window."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, cast

from prefect import flow, tags
from pydantic import Field

from flows import from_routes, spread
from flows.artifacts import ShownProgress, publish_coverage, publish_summary
from flows.backfilling import STAGE, Part, PartWork
from flows.context import Progress, Silent
from flows.heartbeats import TAG
from flows.quiet_exit import quiet_exit
from flows.report import RunReport
from flows.run import EARLIEST, BackfillOptions, Surroundings
from flows.scheduled import seen_to_live, settings_in_use, watched, workers_for
from flows.settings import Settings, load_settings
from flows.tasks import task_step
from ingest.routes import jsonl, warc
from ingest.routes.window import Slice

Route = Literal[
    "auto", "feed-archive", "wordpress", "sitemap", "wayback", "ccnews", "warc", "jsonl"
]
# Bounds that Prefect's form shows and its server keeps, where JSON Schema has words for them.
Day = Annotated[date, Field(ge=EARLIEST, json_schema_extra={"formatMinimum": f"{EARLIEST}"})]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Files = Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=1_000)]
Slugs = Annotated[list[Slug], Field(max_length=5_000)]
_NONE: list[str] = []  # A default that Prefect's form shows as an empty list.

# What a slice's flow run does.  It cannot be a flow's parameter, which Prefect stores.
_work: ContextVar[PartWork | None] = ContextVar("_work", default=None)


# A week: years of a few hundred feeds at a polite pace.  No retries: a backfill that failed did so
# for a reason that a person has to see, and one started again passes over what is done.
@flow(name="backfill", timeout_seconds=7 * 24 * 3600, persist_result=False)
async def backfill(
    paths: Files = _NONE,
    route: Route = "auto",
    since: Day | None = None,
    until: Day | None = None,
    feeds: Slugs = _NONE,
    slice: Slice = "month",
    again: bool = False,
    all_topics: bool = False,
) -> RunReport:
    """Store what the feeds published on past days, or the articles of an archive or a file.

    Args:
        paths: files for the routes ``warc`` and ``jsonl``, as the machine that runs the flow sees
            them.
        route: where it comes from; ``auto`` tries those before ``warc``.
        since: first day of publication (UTC), not before 1995-01-01; the routes over the network
            need it.
        until: last day of publication (UTC), not before the first; today when it is left out.
        feeds: slugs of the feeds; all that are enabled when it is left out.
        slice: what the window is cut into, each a flow run of its own, newest first.  For the
            routes over the network.
        again: also the days that were gone through before.
        all_topics: keep articles that are not about EVs or batteries.
    """
    quiet_exit()
    settings = settings_in_use.get() or load_settings()
    options = BackfillOptions(
        route=route,
        paths=tuple(Path(path) for path in paths),
        since=since,
        until=until,
        chosen=tuple(feeds),
        size=slice,
        again=again,
        all_topics=all_topics,
    )
    stage = from_routes.STAGE if route in (warc.NAME, jsonl.NAME) else STAGE
    stage = spread.STAGE if settings.shards else stage
    inner = watched.get() or Silent()
    async with ShownProgress("voltwire-backfill-progress", stage, inner) as progress:
        report = await spread.backfill(
            settings,
            options,
            Surroundings(step=task_step, run_part=_flow_run, progress=progress),
            await workers_for(settings),
        )
    await publish_summary(report)
    return report


@flow(name="backfill-slice", flow_run_name="{since} to {until}", persist_result=False)
async def backfill_slice(since: date, until: date, route: str, feeds: list[str]) -> str:
    """One slice of a backfill, as part of the run of it.

    Args:
        since: its first day.
        until: its last day.
        route: as of the backfill.
        feeds: slugs of the feeds that have days left to do there.
    """
    work = _work.get()
    if work is None:
        raise RuntimeError("a slice is run by the flow `backfill`")
    key = "voltwire-backfill-slice-progress"
    async with ShownProgress(key, STAGE, Silent()) as progress:
        covered = await work(progress)
    await publish_coverage(covered, f"{since} to {until}")
    days, done = sum(feed.days for feed in covered), sum(feed.complete for feed in covered)
    return f"{len(feeds)} feeds by {route}: {done} of {days} days complete"


async def _flow_run(part: Part, work: PartWork) -> None:
    _work.set(work)
    # A run below another has none of its tags, and would stay as running when both are killed.
    with tags(TAG):
        await backfill_slice(
            since=part.window.since, until=part.window.until, route=part.route, feeds=[*part.feeds]
        )


def run_with_prefect(settings: Settings, options: BackfillOptions, progress: Progress) -> RunReport:
    """Run the flow in this process, seen by the Prefect server in use or by an embedded one."""
    watched.set(progress)
    settings_in_use.set(settings)
    progress.stage("starting Prefect", None)
    with seen_to_live():
        return asyncio.run(
            backfill(
                paths=[str(path) for path in options.paths],
                route=cast(Route, options.route),
                since=options.since,
                until=options.until,
                feeds=list(options.chosen),
                slice=options.size,
                again=options.again,
                all_topics=options.all_topics,
            )
        )
