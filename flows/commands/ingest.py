"""``voltwire ingest``."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from flows import spread
from flows.commands.options import (
    all_topics_option,
    feeds_option,
    json_option,
    plain_option,
    quiet_option,
    settings_from,
    store_option,
)
from flows.report import RunReport
from flows.run import IngestOptions, Surroundings, check_ingest
from flows.screen import TerminalProgress, show
from flows.settings import Settings, prepare_prefect
from flows.site.after_ingest import after_ingest

EXAMPLES = """\b
Examples:
  voltwire ingest                                  poll every feed that is due
  voltwire ingest --feed electrek --force          one feed, now
  voltwire ingest --feeds mine.opml --plain        another list, without Prefect
  voltwire ingest --plain --quiet                  from cron: mail only when something is new
  voltwire ingest --replay week.warc.gz --store S  from an archive instead of the network
"""


# ISO 8601 as far as people type it; whatever the zone is left out, it is UTC that is meant.
MOMENTS = [
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
]


@click.command(epilog=EXAMPLES)
@feeds_option
@click.option("--feed", "chosen", multiple=True, metavar="SLUG", help="Only this feed; repeatable.")
@click.option("--force", is_flag=True, help="Poll feeds that are not due yet, too.")
@click.option(
    "--replay",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="WARC",
    help="Answer every request from this archive; repeatable.",
)
@click.option(
    "--as-of",
    type=click.DateTime(MOMENTS),
    metavar="MOMENT",
    help="With --replay: the moment (UTC) to replay.  [default: the newest answers]",
)
@all_topics_option
@plain_option
@store_option
@quiet_option
@json_option
def command(
    feeds_file: Path | None,
    chosen: tuple[str, ...],
    force: bool,
    replay: tuple[Path, ...],
    as_of: datetime | None,
    all_topics: bool,
    plain: bool,
    store: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Poll the feeds, fetch what is new, and store each article once.

    Ends with exit code 0, or 1 when a feed failed and is worth a look.
    """
    settings = settings_from(store, feeds_file)
    if as_of is not None:
        as_of = utc(as_of)
    options = IngestOptions(
        chosen=chosen, replay=replay, as_of=as_of, all_topics=all_topics, force=force
    )
    check_ingest(settings, options)
    with TerminalProgress(quiet=as_json or quiet) as progress:
        if plain:
            report = asyncio.run(_plainly(settings, options, Surroundings(progress=progress)))
        else:
            prepare_prefect()
            from flows.scheduled import run_with_prefect

            report = run_with_prefect(settings, options, progress)
    show(report, as_json=as_json, quiet=quiet)
    return report.exit_code


async def _plainly(settings: Settings, options: IngestOptions, around: Surroundings) -> RunReport:
    report = await spread.ingest(settings, options, around)
    await after_ingest(settings, report)
    return report


def utc(moment: datetime) -> datetime:
    """``moment`` as typed, taken as UTC."""
    from datetime import UTC

    return moment.replace(tzinfo=UTC)
