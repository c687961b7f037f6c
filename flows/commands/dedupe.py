"""``voltwire dedupe``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flows.commands.options import json_option, settings_from, store_option

EXAMPLES = """\b
Examples:
  voltwire dedupe rebuild --dry-run     what today's rules would change
  voltwire dedupe rebuild
"""
REBUILD_EXAMPLES = """\b
Examples:
  voltwire dedupe rebuild --dry-run
  voltwire dedupe rebuild
  voltwire dedupe rebuild --json | jq .examples
"""


def _tell(report: Any, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(lines))


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Make stories anew, and judge uncertain pairs by hand."""


@command.command(
    epilog=REBUILD_EXAMPLES, short_help="Make signatures, duplicates and stories anew."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@store_option
@json_option
def rebuild(dry_run: bool, store: Path | None, as_json: bool) -> int:
    """Make repeats, signatures, duplicates and stories anew from the stored texts.

    For after an upgrade that brought other rules or another recipe.  Runs may go on meanwhile,
    and questions are answered from what was there until it is done.  Interrupted, it goes on
    where it was when called again.  Stories whose articles stay together keep their ids.
    """
    from flows import rebuilding
    from flows.screen import TerminalProgress

    with TerminalProgress(quiet=as_json) as progress:
        report = asyncio.run(
            rebuilding.rebuild(settings_from(store), dry_run=dry_run, progress=progress)
        )
    _tell(report, rebuilding.lines(report), as_json=as_json)
    return report.exit_code
