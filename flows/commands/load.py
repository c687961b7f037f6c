"""``voltwire load``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from flows.commands.options import json_option, quiet_option, settings_from, store_option
from flows.run import Surroundings
from flows.screen import TerminalProgress, show
from flows.spread import run_load
from ingest.errors import VoltwireError

EXAMPLES = """\b
Examples:
  voltwire load                                    what lies where the setting `shards` says
  voltwire load /mnt/shared/voltwire               a folder that workers wrote to
  voltwire load s3://bucket/voltwire --keep
What was loaded is not loaded again, so it can be stopped and started at any time.
"""


@click.command(epilog=EXAMPLES)
@click.argument("place", default="", metavar="[FOLDER|URL]")
@click.option("--keep", is_flag=True, help="Leave the shards of runs that are over where they are.")
@store_option
@quiet_option
@json_option
def command(place: str, keep: bool, store: Path | None, quiet: bool, as_json: bool) -> int:
    """Take what workers left in shared storage into the store.

    Runs that are cut into pieces load their own; this is for what a run left that was stopped.
    """
    settings = settings_from(store)
    if not (place or settings.shards):
        raise VoltwireError("load from where?", hint="name a folder, or set `shards`")
    with TerminalProgress(quiet=as_json or quiet) as progress:
        around = Surroundings(progress=progress)
        report = asyncio.run(run_load(settings, place, around, keep=keep))
    show(report, as_json=as_json, quiet=quiet)
    return report.exit_code
