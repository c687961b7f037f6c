"""``voltwire dedupe``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flows.commands.options import json_option, settings_from, store_option
from flows.oneline import dumps

EXAMPLES = """\b
Examples:
  voltwire dedupe rebuild --dry-run     what today's rules would change
  voltwire dedupe rebuild
  voltwire dedupe label                 write uncertain pairs to pairs.txt, to judge in an editor
  voltwire dedupe label --read pairs.txt
  voltwire dedupe score judged.jsonl    how today's rules do on what was judged
"""
LABEL_EXAMPLES = """\b
Examples:
  voltwire dedupe label --pairs 30 --output pairs.txt
  voltwire dedupe label --read pairs.txt --into judged.jsonl
"""
SCORE_EXAMPLES = """\b
Examples:
  voltwire dedupe score judged.jsonl
Ends with exit code 1 when a pair is judged otherwise.
"""
REBUILD_EXAMPLES = """\b
Examples:
  voltwire dedupe rebuild --dry-run
  voltwire dedupe rebuild
  voltwire dedupe rebuild --json | jq .examples
  VOLTWIRE_ENGINE=dask VOLTWIRE_ENGINE_ADDRESS=tcp://10.0.0.1:8786 voltwire dedupe rebuild
"""


def _tell(report: Any, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(dumps(report.as_dict(), indent=1))
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
    The setting `engine` has the work done by a cluster.
    """
    from flows import rebuild_report, rebuilding
    from flows.screen import TerminalProgress

    with TerminalProgress(quiet=as_json) as progress:
        report = asyncio.run(
            rebuilding.rebuild(settings_from(store), dry_run=dry_run, progress=progress)
        )
    _tell(report, rebuild_report.lines(report), as_json=as_json)
    return report.exit_code


@command.command(epilog=LABEL_EXAMPLES, short_help="Judge uncertain pairs by hand.")
@click.option("--pairs", type=click.IntRange(1, 400), default=40, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("pairs.txt"), show_default=True
)
@click.option("--read", "judged", type=click.Path(path_type=Path), help="A file filled in.")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path("judged.jsonl"), show_default=True
)
@store_option
@json_option
def label(
    pairs: int, output: Path, judged: Path | None, into: Path, store: Path | None, as_json: bool
) -> int:
    """Write pairs on which the rules are least sure to a text file; read the judgements back.

    The file is left alone if it exists: it may hold judgements.
    """
    from flows import labelling
    from flows.screen import TerminalProgress
    from flows.settings import store_folder
    from storage.store import Store

    opened = Store(store_folder(store))
    if judged is not None:
        said = labelling.read_judgements(judged)
        with opened.read() as con:
            size, unknown = labelling.remember(con, said, into)
        line = f"{len(said)} judgements read, {size} pairs in {into}"
        if unknown:
            line += f"; not in the store, left out: {', '.join(unknown)}"
        result = {"read": len(said), "pairs": size, "unknown": unknown, "into": str(into)}
        click.echo(dumps(result) if as_json else line)
        return 1 if unknown else 0
    if output.exists():
        raise click.UsageError(f"{output} exists: name another --output")
    with opened.read() as con, TerminalProgress(quiet=as_json) as progress:
        found = labelling.uncertain(con, pairs, progress)
    try:
        output.write_text(labelling.write(found), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
    result = {"pairs": len(found), "output": str(output)}
    line = f"{len(found)} uncertain pairs in {output}; then: voltwire dedupe label --read {output}"
    click.echo(dumps(result) if as_json else line)
    return 0


@command.command(epilog=SCORE_EXAMPLES, short_help="Score today's rules on judged pairs.")
@click.argument("judged", type=click.Path(path_type=Path))
@json_option
def score(judged: Path, as_json: bool) -> int:
    """Say how many judged pairs today's rules get right, and name each wrong one."""
    from flows import labelling
    from flows.oneline import clean

    result = labelling.score(labelling.load_set(judged))
    if as_json:
        click.echo(dumps(result, indent=1))
    else:
        for one in result["wrong"]:
            click.echo(
                f"wrong {' '.join(map(clean, one['pair']))}: judged {one['judged']}, today "
                f"{one['today']}: {clean(one['reason'])} ({' | '.join(one['titles'])})"
            )
        click.echo(f"{result['right']} of {result['pairs']} right, {len(result['wrong'])} wrong")
    return 1 if result["wrong"] else 0
