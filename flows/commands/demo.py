"""``voltwire demo``."""

from __future__ import annotations

from pathlib import Path

import click

from flows.commands.options import json_option
from flows.oneline import dumps

EXAMPLES = """\b
Examples:
  voltwire demo
  voltwire demo --store /tmp/newsroom
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("voltwire-demo"),
    show_default=True,
    help="Folder for the demo's store; made anew each time.",
)
@json_option
def command(store: Path, as_json: bool) -> int:
    """Run the whole job on a bundled, invented newsroom: two days of feeds, without a network.

    Polls 14 and more feeds twice, extracts, cuts repeats, finds copies, keeps an edit as a
    version, and ends with what it found and three queries to try.
    """
    from flows import demonstration
    from flows.screen import TerminalProgress, show

    demonstration.make_room(store)
    reports = []
    for day in demonstration.DAYS:
        if not as_json:
            click.echo(f"{day:%A %d %B %Y, %H:%M} UTC in the newsroom")
        with TerminalProgress(quiet=as_json) as progress:
            reports.append(demonstration.run_day(store, day, progress))
        if not as_json:
            show(reports[-1], as_json=False)
            click.echo()
    findings = demonstration.findings(store)
    if as_json:
        said = {"runs": [report.as_dict() for report in reports], "findings": findings}
        click.echo(dumps(said, indent=1))
    else:
        click.echo("\n".join(demonstration.lines(store, findings)))
    return 0
