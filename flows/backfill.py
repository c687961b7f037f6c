"""The flow that a person triggers: ``backfill``."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Literal, cast

from prefect import flow

from flows.artifacts import publish_summary
from flows.context import Progress, Silent
from flows.quiet_exit import quiet_exit
from flows.report import RunReport
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.scheduled import settings_in_use, watched
from flows.settings import Settings, load_settings
from flows.tasks import task_step

_NONE: list[str] = []  # A default that Prefect's form shows as an empty list.
Route = Literal["auto", "feed-archive", "wordpress", "sitemap", "warc", "jsonl"]


@flow(name="backfill", timeout_seconds=24 * 3600, persist_result=False, validate_parameters=True)
async def backfill(
    paths: list[str] = _NONE,
    route: Route = "auto",
    since: date | None = None,
    until: date | None = None,
    feeds: list[str] = _NONE,
    again: bool = False,
    all_topics: bool = False,
) -> RunReport:
    """Store what the feeds published on past days, or the articles of an archive or a file.

    Args:
        paths: files for the routes ``warc`` and ``jsonl``, as the machine that runs the flow sees
            them.
        route: where it comes from; ``auto`` tries feed-archive, wordpress and sitemap.
        since: first day of publication (UTC).
        until: last day of publication; today when it is left out.
        feeds: slugs of the feeds; all that are enabled when it is left out.
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
        again=again,
        all_topics=all_topics,
    )
    report = await run_backfill(
        settings, options, Surroundings(step=task_step, progress=watched.get() or Silent())
    )
    await publish_summary(report)
    return report


def run_with_prefect(settings: Settings, options: BackfillOptions, progress: Progress) -> RunReport:
    """Run the flow in this process, seen by the Prefect server in use or by an embedded one."""
    watched.set(progress)
    settings_in_use.set(settings)
    progress.stage("starting Prefect", None)
    return asyncio.run(
        backfill(
            paths=[str(path) for path in options.paths],
            route=cast(Route, options.route),
            since=options.since,
            until=options.until,
            feeds=list(options.chosen),
            again=options.again,
            all_topics=options.all_topics,
        )
    )
