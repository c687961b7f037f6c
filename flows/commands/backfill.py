"""``voltwire backfill``."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from flows.commands.options import (
    all_topics_option,
    feeds_option,
    json_option,
    plain_option,
    settings_from,
    store_option,
)
from flows.run import ROUTES, BackfillOptions, Surroundings, check_backfill, run_backfill
from flows.screen import TerminalProgress, show
from flows.settings import prepare_prefect

EXAMPLES = """\b
Examples:
  voltwire backfill --route warc crawl-2025.warc.gz
  voltwire backfill --route jsonl rows.jsonl.gz --since 2025-03-01 --until 2025-03-31
A jsonl row is {"url": ..., "title"?, "published"?, "author"?, "text" or "html": ...}.
"""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(epilog=EXAMPLES)
@click.option("--route", required=True, type=click.Choice(ROUTES), help="Where it comes from.")
@click.option("--since", type=_DAY, help="First day of publication to keep.")
@click.option("--until", type=_DAY, help="Last day of publication to keep.")
@feeds_option
@all_topics_option
@plain_option
@store_option
@json_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(
    route: str,
    since: datetime | None,
    until: datetime | None,
    feeds_file: Path | None,
    all_topics: bool,
    plain: bool,
    store: Path | None,
    as_json: bool,
    paths: tuple[Path, ...],
) -> int:
    """Store the articles of an archive or a file, each once, like those of the feeds.

    The window is on the day of publication (UTC); articles without a date are kept and counted.
    """
    settings = settings_from(store, feeds_file)
    options = BackfillOptions(
        route=route,
        paths=paths,
        since=since.date() if since else None,
        until=until.date() if until else None,
        all_topics=all_topics,
    )
    check_backfill(settings, options)
    with TerminalProgress(quiet=as_json) as progress:
        if plain:
            report = asyncio.run(run_backfill(settings, options, Surroundings(progress=progress)))
        else:
            prepare_prefect()
            from flows.backfill import run_with_prefect

            report = run_with_prefect(settings, options, progress)
    show(report, as_json=as_json)
    return report.exit_code
