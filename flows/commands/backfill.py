"""``voltwire backfill``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import get_args

import click

from flows import spread
from flows.backfill_plan import AUTO, Plan
from flows.commands.options import (
    all_topics_option,
    feeds_option,
    json_option,
    plain_option,
    quiet_option,
    settings_from,
    store_option,
)
from flows.run import (
    FILE_ROUTES,
    ROUTES,
    BackfillOptions,
    Surroundings,
    check_backfill,
    plan_backfill,
)
from flows.screen import TerminalProgress, show
from flows.settings import prepare_prefect
from ingest.errors import VoltwireError
from ingest.routes.window import Slice

EXAMPLES = """\b
Examples:
  voltwire backfill --since 2025-03-01 --until 2025-03-31 --dry-run
  voltwire backfill --since 2025-03-01 --until 2025-03-31 --feed electrek
  voltwire backfill --route sitemap --since 2025-03-01
  voltwire backfill --route warc crawl-2025.warc.gz
  voltwire backfill --route jsonl rows.jsonl.gz --since 2025-03-01 --until 2025-03-31
Stopped, it goes on where it was when started again.  What it did of each day:
  voltwire sql "select * from coverage where state <> 'complete'"
A jsonl row is {"url": ..., "title"?, "published"?, "author"?, "text" or "html": ...}.
"""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(epilog=EXAMPLES)
@click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help="First day of publication (UTC).")
@click.option(
    "--until", type=_DAY, metavar="YYYY-MM-DD", help="Last day of publication.  [default: today]"
)
@click.option(
    "--route",
    type=click.Choice(ROUTES),
    help="Where it comes from.  [default: auto, which tries the next five in turn]",
)
@feeds_option
@click.option("--feed", "chosen", multiple=True, metavar="SLUG", help="Only this feed; repeatable.")
@click.option(
    "--slice",
    "size",
    type=click.Choice(get_args(Slice)),
    default="month",
    show_default=True,
    help="What the window is cut into; with Prefect each is a flow run.",
)
@click.option("--again", is_flag=True, help="Also the days that were gone through before.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked of whom; ask nobody.")
@all_topics_option
@plain_option
@store_option
@quiet_option
@json_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(
    since: datetime | None,
    until: datetime | None,
    route: str | None,
    feeds_file: Path | None,
    chosen: tuple[str, ...],
    size: Slice,
    again: bool,
    dry_run: bool,
    all_topics: bool,
    plain: bool,
    store: Path | None,
    quiet: bool,
    as_json: bool,
    paths: tuple[Path, ...],
) -> int:
    """Store what the feeds published on past days, or the articles of an archive or a file.

    The window is on the day of publication (UTC); articles without a date are kept and counted.
    """
    if route is None and paths:
        raise VoltwireError(
            "which kind of files are these?", hint=f"name --route {' or '.join(FILE_ROUTES)}"
        )
    settings = settings_from(store, feeds_file)
    options = BackfillOptions(
        route=route or AUTO,
        paths=paths,
        since=since.date() if since else None,
        until=until.date() if until else None,
        chosen=chosen,
        size=size,
        again=again,
        all_topics=all_topics,
    )
    if options.route in FILE_ROUTES and (chosen or again or dry_run):
        raise VoltwireError(f"--feed, --again and --dry-run are not for route {options.route}")
    check_backfill(settings, options)
    if dry_run:
        _show_plan(plan_backfill(settings, options), as_json=as_json)
        return 0
    with TerminalProgress(quiet=as_json or quiet) as progress:
        if plain:
            around = Surroundings(progress=progress)
            report = asyncio.run(spread.backfill(settings, options, around))
        else:
            prepare_prefect()
            from flows.backfill import run_with_prefect

            report = run_with_prefect(settings, options, progress)
    show(report, as_json=as_json, quiet=quiet)
    if report.coverage and not (as_json or quiet):
        _show_coverage(report.coverage)
    return report.exit_code


def _show_plan(plans: Sequence[Plan], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(one) for one in plans], indent=1))
        return
    asked = [one for one in plans if one.days]
    head = ("domain", "feeds", "days", "requests", "at most", "takes", "at most")
    _table(
        head,
        [
            (
                one.domain, str(len(one.feeds)), str(one.days), str(one.likely), str(one.most),
                _span(one.likely_seconds), _span(one.most_seconds),
            )
            for one in asked
        ],
    )  # fmt: skip
    for one in asked:
        if one.gigabytes:
            click.echo(f"{one.domain}: {one.most} files at most, {one.gigabytes:g} GB")
    longest = max((one.likely_seconds for one in asked), default=0.0)
    most = max((one.most_seconds for one in asked), default=0.0)
    click.echo(
        f"{sum(one.likely for one in asked)} requests to {len(asked)} domains, at most "
        f"{sum(one.most for one in asked)}; domains side by side take {_span(longest)}, at most "
        f"{_span(most)}; nothing was asked"
    )


def _show_coverage(feeds: Sequence[Mapping[str, object]]) -> None:
    head = (
        "feed", "days", "complete", "partial", "thin", "missing", "unfinished", "found", "stored",
        "undated", "routes",
    )  # fmt: skip
    _table(head, [tuple(str(feed[name]) for name in head) for feed in feeds])


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    for line in (head, *lines):
        cells = [
            cell.ljust(width) if at == 0 or at == len(head) - 1 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
    sys.stdout.flush()


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
