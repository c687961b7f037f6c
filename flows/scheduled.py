"""The flow that a schedule runs: ``ingest-news``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path

from prefect import flow, tags
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows import spread
from flows.artifacts import publish_digest, publish_summary
from flows.context import Progress, Silent
from flows.embedded_server import have_a_server
from flows.events import emit_changes
from flows.heartbeats import HEARTBEAT_SECONDS, TAG
from flows.quiet_exit import quiet_exit
from flows.report import RunReport
from flows.run import IngestOptions, Surroundings
from flows.settings import Settings, load_settings
from flows.site.after_ingest import after_ingest
from flows.tasks import task_step

# Progress is for a person at a terminal who started the flow in this process; it cannot be a
# flow's parameter, which Prefect stores.
watched: ContextVar[Progress | None] = ContextVar("watched", default=None)
settings_in_use: ContextVar[Settings | None] = ContextVar("settings_in_use", default=None)


# Seconds.  A run after a long pause takes minutes, the first of all half an hour.  One that hangs
# holds the only slot; one that is ended keeps what it saved, and the next goes on from there.
# No retries: the next run is the retry, and knows better what is due by then.
INGEST_TIMEOUT = 2 * 3600


@flow(
    name="ingest-news",
    timeout_seconds=INGEST_TIMEOUT,
    persist_result=False,
    validate_parameters=True,
)
async def ingest_news(
    feeds: list[str] | None = None,
    all_topics: bool = False,
    force: bool = False,
    replay: list[str] | None = None,
    as_of: datetime | None = None,
) -> RunReport:
    """Poll the feeds that are due and store what they list.

    Args:
        feeds: slugs of the feeds to poll; none for every enabled one.
        all_topics: keep articles that are not about EVs or batteries.
        force: poll feeds that are not due, too.
        replay: WARC files that answer in place of the network.
        as_of: with ``replay``, the moment to replay.
    """
    quiet_exit()
    settings = settings_in_use.get() or load_settings()
    begun: list[RunReport] = []
    try:
        report = await spread.ingest(
            settings,
            IngestOptions(
                chosen=tuple(feeds or ()),
                replay=tuple(Path(path) for path in replay or ()),
                as_of=as_of,
                all_topics=all_topics,
                force=force,
            ),
            Surroundings(step=task_step, progress=watched.get() or Silent(), begun=begun.append),
            await workers_for(settings),
        )
    finally:
        # Also of a run that failed after its polls: what the store has as told is not found again.
        emit_changes(change for one in begun for change in one.feed_changes)
    await after_ingest(settings, report, task_step)
    await publish_summary(report)
    await publish_digest(report, settings.site_url)
    return report


async def workers_for(settings: Settings) -> spread.Dispatch | None:
    """Who does pieces of a run; None for this process."""
    if not settings.shards:
        return None
    # Imported here: it has these settings from this module.
    from flows.piecework import by_workers

    return await by_workers(settings)


def run_with_prefect(settings: Settings, options: IngestOptions, progress: Progress) -> RunReport:
    """Run the flow in this process, seen by the Prefect server in use or by an embedded one."""
    watched.set(progress)
    settings_in_use.set(settings)
    progress.stage("starting Prefect", None)
    with seen_to_live():
        return asyncio.run(
            ingest_news(
                feeds=list(options.chosen) or None,
                all_topics=options.all_topics,
                force=options.force,
                replay=[str(path) for path in options.replay] or None,
                as_of=options.as_of,
            )
        )


@contextmanager
def seen_to_live() -> Iterator[None]:
    """Have a server for the runs started inside, and have them found out when their process is
    killed, as those of a deployment are."""
    have_a_server()
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: HEARTBEAT_SECONDS}), tags(TAG):
        yield
