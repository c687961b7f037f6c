"""``voltwire explain``."""

from __future__ import annotations

from pathlib import Path

import click

from flows.commands.options import json_option, store_option
from flows.oneline import dumps
from flows.settings import store_folder

EXAMPLES = """\b
Examples:
  voltwire explain https://example.com/news/battery-plant
  voltwire explain k3v5q2m7x0ab                              by article id
  voltwire explain URL OTHER_URL                             why two are, or are not, one story
  voltwire explain URL OTHER_URL --json | jq .comparison.refused_by
Words that only one of two texts has are coloured, or set in [-...-] and {+...+} in a pipe.
"""


@click.command(epilog=EXAMPLES)
@click.argument("article", metavar="URL|ARTICLE_ID")
@click.argument("second", metavar="[URL|ARTICLE_ID]", required=False)
@click.option("--with", "other", metavar="URL|ARTICLE_ID", help="The second, as an option.")
@store_option
@json_option
def command(
    article: str, second: str | None, other: str | None, store: Path | None, as_json: bool
) -> int:
    """Tell why an article is a duplicate, what was cut out of it, and where it came from.

    With a second article: each rule with its figure and what it asks, and which refused.
    """
    from rich.console import Console

    from flows import explained, explaining
    from storage.store import Store

    if second and other:
        raise click.UsageError("name the second article once")
    with Store(store_folder(store)).read() as con:
        told = explaining.explain(con, article, second or other)
    if as_json:
        click.echo(dumps(told.as_dict(), indent=1, default=str))
    else:
        screen = Console()
        colour = screen.is_terminal and screen.color_system is not None
        lines = explained.lines(told, width=screen.width, colour=colour)
        click.echo("\n".join(lines), color=colour)
    return 0
