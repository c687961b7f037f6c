"""``voltwire serve``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.commands.options import feeds_option, settings_from, store_option
from flows.settings import Settings, export_settings, log_flow_runs, prepare_prefect

if TYPE_CHECKING:
    from flows.deploying import Times
    from flows.serving import Plan

EXAMPLES = """\b
Examples:
  voltwire serve                                 poll every 15 minutes, until it is stopped
  voltwire serve --cron "0 6,18 * * *"           twice a day
  voltwire serve --store /srv/news --port 4210   a second store on the same machine
  PREFECT_API_URL=http://server:4200/api voltwire serve    with a server that runs already
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--cron",
    metavar="LINE",
    help="When to poll the feeds that are due.  [default: */15 * * * *, or VOLTWIRE_SCHEDULE]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=4200,
    show_default=True,
    help="Where a Prefect server of its own listens, when PREFECT_API_URL names none.",
)
@feeds_option
@store_option
def command(cron: str | None, port: int, feeds_file: Path | None, store: Path | None) -> int:
    """Run the schedule and manual backfills in one process, until SIGTERM or Ctrl-C.

    Uses the Prefect server that PREFECT_API_URL names, or starts one on 127.0.0.1 that keeps its
    books in the store's folder.
    """
    settings = settings_from(store, feeds_file)
    settings = replace(
        settings,
        store=settings.store.absolute(),
        feeds=str(Path(settings.feeds).absolute()) if settings.feeds else "",
        schedule=cron or settings.schedule,
    )
    prepare_prefect()
    log_flow_runs()
    from flows.deploying import check_schedule
    from flows.feedlist import feeds_in_use
    from flows.seeing.served import served
    from flows.serving import serve

    check_schedule(settings)
    feeds = sum(feed.enabled for feed in feeds_in_use(settings))
    export_settings(settings, "store", "feeds", "schedule")
    with served(settings):
        return serve(
            settings,
            port=port,
            say=lambda line: click.echo(line, err=True),
            show=lambda plan: click.echo("\n".join(screen(settings, feeds, plan))),
        )


def screen(settings: Settings, feeds: int, plan: Plan) -> list[str]:
    """What is served and how to use it, one screen."""
    run = "prefect deployment run"
    return [
        f"store      {settings.store}",
        f"feeds      {feeds} enabled, of {settings.feeds or 'the list of `voltwire feeds list`'}",
        *schedule_lines(settings, plan.times),
        f"UI         {plan.ui}",
        *(f"note       {note}" for note in plan.notes),
        "",
        f"ask        voltwire sql --store {settings.store} "
        '"select title, copies from news limit 10"',
        f"poll now   {run} ingest-news/ingest-news --param force=true",
        f"backfill   {run} backfill/backfill --param route=jsonl "
        "--param 'paths=[\"/path/to/rows.jsonl.gz\"]'",
        "           in a shell where PREFECT_API_URL=" + plan.api,
        "stop       Ctrl-C or SIGTERM; schedules go on with the next start",
    ]


def schedule_lines(settings: Settings, times: Times) -> list[str]:
    """The schedule, the last run and the next, a line each."""
    from flows.seeing.lastrun import last_ingest, told

    last = told(last_ingest(settings), times.last_run, times.last_state)
    if times.paused:
        coming = "none: the deployment is paused (resume it in the UI)"
    elif times.next_run is None:
        coming = (
            "NONE: the server schedules nothing; check its versions (`pip check`, "
            "sqlalchemy<2.1) and docs/operations.md"
        )
    else:
        coming = f"{times.next_run:%Y-%m-%d %H:%M:%S} UTC"
    return [
        f"schedule   {settings.schedule} ({settings.timezone})",
        f"last run   {last}",
        f"next run   {coming}",
    ]
