"""``voltwire search``."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path

import click

from flows.commands.options import format_option, output_option, store_option
from flows.settings import store_folder
from storage.store import Store

EXAMPLES = """\b
Examples:
  voltwire search "solid-state CATL"        both words; one hit a story
  voltwire search '"all solid" OR natrium*'
  voltwire search "title:recall -Tesla" --since 2026-10-01
  voltwire search 电池 --publisher "The Ledger" --sort newest
  voltwire search BYD --all-copies --format csv --output byd.csv
  voltwire sql "select title, score from search('solid-state')
                join articles using (article_id) order by rank"
\b
"..."     these words, as they stand    a OR b   either
batter*   words that begin so           -a       without it
title:a   in the headline
Words are found in singular and plural, without their accents, and inside
German compounds: Batterie finds Natriumionenbatterien.
"""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(epilog=EXAMPLES)
@click.argument("words", nargs=-1)
@click.option("--since", type=_DAY, help="First day of publication (UTC).")
@click.option("--until", type=_DAY, help="Last day of publication (UTC).")
@click.option("--publisher", "publishers", multiple=True, help="Only of this publisher.")
@click.option("--topic", default="", help="Only articles about this topic.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=10, show_default=True)
@click.option("--all-copies", is_flag=True, help="Every copy of a story, not one.")
@click.option(
    "--sort",
    type=click.Choice(["best", "newest"]),
    default="best",
    show_default=True,
    help="Best by BM25, or newest first.",
)
@format_option
@click.option("--ids", is_flag=True, help="Print article ids alone, one a line.")
@output_option
@click.option("--update", is_flag=True, help="First bring the index up to date, now and whole.")
@click.option("--rebuild", is_flag=True, help="First make the index anew from the store.")
@store_option
def command(
    words: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    publishers: tuple[str, ...],
    topic: str,
    limit: int,
    all_copies: bool,
    sort: str,
    form: str,
    ids: bool,
    output: Path | None,
    update: bool,
    rebuild: bool,
    store: Path | None,
) -> int:
    """Look for WORDS in the articles of the published store, best first."""
    from flows import searching

    if form == "parquet" and output is None:
        raise click.UsageError("parquet is not for a terminal: name a file with --output")
    if since and until and until < since:
        raise click.UsageError("--until lies before --since")
    opened = Store(store_folder(store), purpose="voltwire search")
    if update or rebuild:
        _make_index(opened, rebuild=rebuild)
        if not words:
            return 0
    if not words:
        raise click.UsageError("name a word to look for")
    asked = searching.Asked(
        text=" ".join(words),
        since=since.date() if since else None,
        until=until.date() if until else None,
        publishers=publishers,
        topic=topic,
        limit=limit,
        all_copies=all_copies,
        newest=sort == "newest",
    )
    shown = form == "table" and not ids
    terminal = output is None and sys.stdout.isatty()
    width = max(40, shutil.get_terminal_size().columns) if terminal else 100
    found = searching.answer(opened, asked, count=shown)
    if ids:
        _write_lines([hit.article_id for hit in found.hits], output)
    elif shown:
        from flows import searchscreen

        _write_lines(searchscreen.lines(found, width=width, bold=terminal), output)
        if not found.hits:
            click.echo("voltwire: nothing found", err=True)
    else:
        from flows import answers

        with opened.read() as con:
            answers.write(con, searching.table(con, found.hits), form=form, output=output)
    for note in found.notes:
        click.echo(f"voltwire: {note}", err=True)
    return 0


def _write_lines(lines: object, output: Path | None) -> None:
    from collections.abc import Iterable

    assert isinstance(lines, Iterable)
    if output is None:
        for line in lines:
            click.echo(line)
        return
    with output.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def _make_index(store: Store, *, rebuild: bool) -> None:
    from flows.screen import TerminalProgress
    from storage.search.follow import follow

    stage = "articles indexed"
    with TerminalProgress() as progress:
        told = 0

        def advance(done: int, total: int) -> None:
            nonlocal told
            progress.stage(stage, total)
            progress.advance(stage, done - told)
            told = done

        done = follow(store, at_most=None, rebuild=rebuild, advance=advance)
    made = "made anew" if done.rebuilt else "up to date"
    click.echo(
        f"search index {made}: {done.articles} articles ({done.added} added or changed, "
        f"{done.removed} removed) in {done.seconds:.1f} s",
        err=True,
    )
