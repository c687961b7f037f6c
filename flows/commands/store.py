"""``voltwire store``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import click

from flows.commands.options import json_option, quiet_option, settings_from, store_option
from flows.oneline import dumps
from flows.settings import Settings

EXAMPLES = """\b
Examples:
  voltwire store check
  voltwire store check --repair
  voltwire store reextract --since 2026-10-01
  voltwire store prune --keep-archive-days 365
"""
CHECK_EXAMPLES = """\b
Examples:
  voltwire store check
  voltwire store check --no-archive          rows only: seconds, however large the archive
  voltwire store check --repair              put right what can be put right, then look again
  voltwire store check --quiet               from cron: one line when something is wrong
  voltwire store check --json | jq .faults
Ends with exit code 1 when something is wrong.
"""
REEXTRACT_EXAMPLES = """\b
Examples:
  voltwire store reextract
  voltwire store reextract --since 2026-10-01 --feed electrek
"""
PRUNE_EXAMPLES = """\b
Examples:
  voltwire store prune --keep-archive-days 365         what would go
  voltwire store prune --keep-archive-days 365 --yes   let it go
  voltwire store prune --missing --yes                 forget archive files that are gone
"""


class _Report(Protocol):
    def as_dict(self) -> dict[str, Any]: ...


def _tell(report: _Report, lines: Sequence[str], *, as_json: bool, quiet: bool, well: bool) -> None:
    """Print a report; ``quiet``: nothing when all is ``well``, else one line on standard error."""
    if as_json:
        click.echo(dumps(report.as_dict(), indent=1))
    elif quiet:
        if not well:
            click.echo(f"voltwire: {'; '.join(line.strip() for line in lines)}", err=True)
    else:
        click.echo("\n".join(lines))


def _opened(settings: Settings, purpose: str) -> Any:
    from storage.store import Store

    wait = timedelta(seconds=settings.wait_seconds)
    return Store(settings.store, wait=wait, purpose=f"voltwire store {purpose}")


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Check the store, read its archive again by today's rules, prune the archive."""


@command.command(
    epilog=CHECK_EXAMPLES, short_help="Look for faults, and put right what can be put right."
)
@click.option("--repair", is_flag=True, help="Put right what can be put right, and say what.")
@click.option("--archive/--no-archive", default=True, help="Read the archive too.  [default: yes]")
@store_option
@quiet_option
@json_option
def check(repair: bool, archive: bool, store: Path | None, quiet: bool, as_json: bool) -> int:
    """Look for what should not be: rows that belong to nothing, stories without the copy to
    show, entries unaccounted for, archived pages that do not read back.

    --repair removes rows that belong to nothing, makes signatures and stories anew, cuts off the
    unfinished end of an archive file, and never touches an article's text.
    """
    from flows import checking
    from flows.context import utc_now
    from flows.screen import TerminalProgress

    opened = _opened(settings_from(store), "check")
    with TerminalProgress(quiet=as_json or quiet) as progress:
        report = checking.check_store(
            opened, now=utc_now(), progress=progress, with_archive=archive, mend=repair
        )
    _tell(report, checking.lines(report), as_json=as_json, quiet=quiet, well=not report.faults)
    return 1 if report.faults else 0


@command.command(
    epilog=REEXTRACT_EXAMPLES, short_help="Read stored articles again by today's rules."
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only articles published from this day on (UTC), or without a date.",
)
@click.option("--feed", "chosen", multiple=True, metavar="SLUG", help="Only articles of this feed.")
@store_option
@quiet_option
@json_option
def reextract(
    since: datetime | None, chosen: tuple[str, ...], store: Path | None, quiet: bool, as_json: bool
) -> int:
    """Read stored articles again by today's rules, from the archive, without fetching.

    Texts, repeats and stories are brought to what today's rules make of the archived page. That
    is no edit by the publisher: no version is made of it. An article that the rules would refuse
    today stays as it is, and is counted.
    """
    from flows import reextracting
    from flows.screen import TerminalProgress

    first: date | None = since.date() if since else None
    with TerminalProgress(quiet=as_json or quiet) as progress:
        report = asyncio.run(
            reextracting.reextract(
                settings_from(store), since=first, chosen=chosen, progress=progress
            )
        )
    well = report.exit_code == 0
    _tell(report, reextracting.lines(report), as_json=as_json, quiet=quiet, well=well)
    return int(report.exit_code)


@command.command(epilog=PRUNE_EXAMPLES, short_help="Delete old archive files.")
@click.option(
    "--keep-archive-days",
    "keep_days",
    type=click.IntRange(0),
    metavar="N",
    help="Let archive files go that were begun more than N days ago.",
)
@click.option("--missing", is_flag=True, help="Forget where articles lie in files that are gone.")
@click.option("--yes", is_flag=True, help="Do it; without this it only lists what would go.")
@store_option
@quiet_option
@json_option
def prune(
    keep_days: int | None, missing: bool, yes: bool, store: Path | None, quiet: bool, as_json: bool
) -> int:
    """Delete old archive files; articles keep their texts, but cannot be read again from them."""
    from flows import pruning
    from flows.context import utc_now
    from flows.screen import TerminalProgress

    if keep_days is None and not missing:
        raise click.UsageError("say what to prune: --keep-archive-days N, or --missing")
    with TerminalProgress(quiet=as_json or quiet) as progress:
        report = pruning.prune(
            _opened(settings_from(store), "prune"),
            now=utc_now(),
            keep_days=keep_days,
            missing=missing,
            delete=yes,
            progress=progress,
        )
    _tell(report, pruning.lines(report), as_json=as_json, quiet=quiet, well=True)
    return 0
