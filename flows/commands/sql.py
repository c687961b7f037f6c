"""``voltwire sql``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from flows.commands.options import format_option, output_option, store_option
from flows.settings import store_folder
from storage.store import Store

EXAMPLES = """\b
Examples:
  voltwire sql "select published_at, title, copies from news order by 1 desc limit 10"
  voltwire sql "select * from rejections" --format csv --output rejections.csv
  voltwire sql "from feed_health" --format json
  voltwire sql "describe articles"
  voltwire sql "select title, score from search('solid-state') join articles using (article_id)"
The views: articles news stories duplicates repeats citations article_versions rejections
feed_health coverage gaps runs entries article_urls mentions figures.
"""


@click.command(epilog=EXAMPLES)
@click.argument("query")
@format_option
@output_option
@store_option
def command(query: str, form: str, output: Path | None, store: Path | None) -> int:
    """Run QUERY against the published store, read-only."""
    from flows import answers

    if form == "parquet" and output is None:
        raise click.UsageError("parquet is not for a terminal: name a file with --output")
    opened = Store(store_folder(store))
    with opened.read() as con, ExitStack() as around:
        if "search" in query.lower():
            from flows.searchsql import searchable

            around.enter_context(searchable(con, opened, query))
        answers.write(con, query, form=form, output=output)
    return 0
