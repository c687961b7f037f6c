"""``voltwire status``."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from flows.commands.options import json_option, settings_from, store_option
from flows.oneline import dumps

EXAMPLES = """\b
Examples:
  voltwire status
  voltwire status --quiet         from cron: mail only when something is worth a look
  voltwire status --json | jq .concerns
Ends with exit code 1 when something is worth a look, and says what.
"""


@click.command(epilog=EXAMPLES)
@click.option("--quiet", "-q", is_flag=True, help="Only what is worth a look; nothing when well.")
@store_option
@json_option
def command(quiet: bool, store: Path | None, as_json: bool) -> int:
    """Show what runs, what ran, what is stored, and what of it is worth a look.

    Worth a look are: a last ingest that failed, none for three times of the schedule, a run that
    was killed or does not move, what is not published, a full disk, half of the feeds failing.
    """
    from flows.seeing.status import gather
    from flows.seeing.statusscreen import lines

    status = gather(settings_from(store), datetime.now(UTC))
    if as_json:
        click.echo(dumps(status.as_dict(), indent=1))
    elif quiet:
        if status.concerns:
            click.echo(f"voltwire: {'; '.join(status.concerns)}", err=True)
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo("\n".join(lines(status, width)))
    return status.exit_code
