"""The flow that a person triggers: ``backfill``."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Literal

from prefect import flow

from flows.artifacts import publish_summary
from flows.context import Progress, Silent
from flows.quiet_exit import quiet_exit
from flows.report import RunReport
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.scheduled import settings_in_use, watched
from flows.settings import Settings, load_settings
from flows.tasks import task_step


@flow(name="backfill", timeout_seconds=24 * 3600, persist_result=False, validate_parameters=True)
async def backfill(
    paths: list[str],
    route: Literal["warc", "jsonl"] = "warc",
    since: date | None = None,
    until: date | None = None,
    all_topics: bool = False,
) -> RunReport:
    """Store the articles of an archive or a file, each once.

    Args:
        paths: the files, as the machine that runs the flow sees them.
        route: what kind of files they are.
        since: first day of publication to keep.
        until: last day of publication to keep.
        all_topics: keep articles that are not about EVs or batteries.
    """
    quiet_exit()
    report = await run_backfill(
        settings_in_use.get() or load_settings(),
        BackfillOptions(
            route=route,
            paths=tuple(Path(path) for path in paths),
            since=since,
            until=until,
            all_topics=all_topics,
        ),
        Surroundings(step=task_step, progress=watched.get() or Silent()),
    )
    await publish_summary(report)
    return report


def run_with_prefect(settings: Settings, options: BackfillOptions, progress: Progress) -> RunReport:
    """Run the flow in this process, seen by the Prefect server in use or by an embedded one."""
    watched.set(progress)
    settings_in_use.set(settings)
    progress.stage("starting Prefect", None)
    route: Literal["warc", "jsonl"] = "jsonl" if options.route == "jsonl" else "warc"
    return asyncio.run(
        backfill(
            paths=[str(path) for path in options.paths],
            route=route,
            since=options.since,
            until=options.until,
            all_topics=options.all_topics,
        )
    )
