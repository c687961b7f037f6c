"""``voltwire deploy``."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.commands.options import feeds_option, json_option, store_option
from flows.settings import Settings, load, place_of_shards, prepare_prefect

if TYPE_CHECKING:
    from flows.deploying import Deployed

EXAMPLES = """\b
Examples:
  voltwire deploy                                every 15 minutes, for workers on this machine
  voltwire deploy --cron "0 6,18 * * *"          twice a day
  voltwire deploy --pool news --worker-settings  for workers elsewhere, with settings of their own
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--cron",
    metavar="LINE",
    help="When to poll the feeds that are due.  [default: */15 * * * *, or VOLTWIRE_SCHEDULE]",
)
@click.option(
    "--pool",
    metavar="NAME",
    default="voltwire",
    show_default=True,
    help="The work pool, of type process; made when there is none.",
)
@click.option(
    "--worker-settings",
    is_flag=True,
    help="Leave store and feeds to each worker's own environment instead of handing on these.",
)
@feeds_option
@store_option
@json_option
def command(
    cron: str | None,
    pool: str,
    worker_settings: bool,
    feeds_file: Path | None,
    store: Path | None,
    as_json: bool,
) -> int:
    """Set up a running Prefect server for workers: pool, schedule, limits, crash detection.

    The server is the one that PREFECT_API_URL names.  May be run again at any time, and has to be
    after a change of the schedule or the store.  Ends with exit code 1 when something of the
    server is worth a look, such as one that schedules nothing.
    """
    loaded = load()
    settings = loaded.settings.with_store(store)
    if feeds_file is not None:
        settings = replace(settings, feeds=str(feeds_file))
    settings = replace(settings, schedule=cron or settings.schedule)
    prepare_prefect()
    from flows.deploying import check_schedule, deploy
    from flows.feedlist import feeds_in_use

    check_schedule(settings)
    variables: dict[str, str] = {}
    if not worker_settings:
        feeds_in_use(settings)
        variables = handed_on(settings, loaded.file)
    done = asyncio.run(deploy(settings, pool, variables))
    if as_json:
        click.echo(json.dumps(asdict(done), default=str))
    else:
        click.echo("\n".join(screen(settings, variables, done)))
    missing = done.times.next_run is None and not done.times.paused
    return 1 if missing or done.notes or done.pool_paused else 0


def handed_on(settings: Settings, file: Path | None) -> dict[str, str]:
    """The environment of the runs: a worker starts each in an empty folder of its own.

    Args:
        settings: those in use here.
        file: the file that was read for them, if any.
    """
    variables = {"VOLTWIRE_STORE": str(settings.store.absolute())}
    if file is not None:
        variables["VOLTWIRE_CONFIG"] = str(file.absolute())
    if settings.feeds:
        variables["VOLTWIRE_FEEDS"] = str(Path(settings.feeds).absolute())
    if settings.shards:
        variables["VOLTWIRE_SHARDS"] = place_of_shards(settings)
    return variables


def screen(settings: Settings, variables: dict[str, str], done: Deployed) -> list[str]:
    """What stands on the server now, and how to have it run."""
    from flows.commands.serve import schedule_lines

    pool = f"{done.pool} (process{', PAUSED: resume it in the UI' if done.pool_paused else ''})"
    own = "voltwire.toml and VOLTWIRE_ variables of each worker"
    return [
        f"server     {done.api}",
        f"pool       {pool}{', made now' if done.pool_made else ''}",
        f"deployed   {', '.join(done.deployments)}",
        *schedule_lines(settings, done.times),
        *(f"watch      {one.name[len('voltwire: ') :]}: {one.done}" for one in done.automations),
        f"store      {variables.get('VOLTWIRE_STORE', own)}",
        f"UI         {done.ui}",
        *(f"note       {note}" for note in done.notes),
        "",
        f"worker     {worker_line(done.pool)}",
        "           in a shell where PREFECT_API_URL=" + done.api,
    ]


def worker_line(pool: str) -> str:
    """How to start a worker here."""
    command = f"prefect worker start --pool {pool}"
    # Prefect's runners share a folder of this name, which belongs to the user who came first, and
    # no setting of Prefect's puts it elsewhere.
    shared = Path(tempfile.gettempdir()) / "runner_storage"
    taken = shared.exists() and not os.access(shared, os.W_OK | os.X_OK)
    return f"TMPDIR=$(mktemp -d) {command}" if taken else command
