"""``voltwire export``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from flows.commands.options import json_option, store_option
from flows.oneline import dumps
from flows.settings import store_folder
from storage.export import FORMATS, VIEWS

EXAMPLES = """\b
Examples:
  voltwire export --format parquet --output archive/
  voltwire export --format csv --since 2026-10-01 --until 2026-10-31 --output october/
  voltwire export --format jsonl --output rows/ --view news
  duckdb -c "select count(*) from 'archive/articles-*.parquet'"
A jsonl row of articles or news is one that another store takes:
  voltwire backfill --route jsonl --all-topics --store OTHER rows/*.jsonl
"""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(epilog=EXAMPLES)
@click.option("--format", "form", required=True, type=click.Choice(FORMATS))
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files; made when it is not there.",
)
@click.option("--since", type=_DAY, help="First day of publication (UTC).")
@click.option("--until", type=_DAY, help="Last day of publication (UTC).")
@click.option("--view", type=click.Choice(VIEWS), default="articles", show_default=True)
@store_option
@json_option
def command(
    form: str,
    output: Path,
    since: datetime | None,
    until: datetime | None,
    view: str,
    store: Path | None,
    as_json: bool,
) -> int:
    """Write the published store to files, one a month of publication.

    What has no date goes to a file of its own, whatever the window. Calling it again replaces
    each file whole; another window leaves the files of other months alone.
    """
    from flows import exporting
    from flows.screen import TerminalProgress
    from storage.store import Store

    if since and until and until < since:
        raise click.UsageError("--until lies before --since")
    with Store(store_folder(store)).read() as con, TerminalProgress(quiet=as_json) as progress:
        report = exporting.export_months(
            con,
            output,
            view=view,
            form=form,
            since=since.date() if since else None,
            until=until.date() if until else None,
            progress=progress,
        )
    if as_json:
        click.echo(dumps(report.as_dict(), indent=1))
    else:
        click.echo("\n".join(exporting.lines(report)))
    return 0
