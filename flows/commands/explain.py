"""``voltwire explain``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flows.commands.options import json_option, store_option
from flows.settings import store_folder

EXAMPLES = """\b
Examples:
  voltwire explain https://example.com/news/battery-plant
  voltwire explain k3v5q2m7x0ab                              by article id
  voltwire explain URL --with OTHER_URL                      why two are, or are not, one story
"""


@click.command(epilog=EXAMPLES)
@click.argument("article", metavar="URL|ARTICLE_ID")
@click.option("--with", "other", metavar="URL|ARTICLE_ID", help="Compare with this article.")
@store_option
@json_option
def command(article: str, other: str | None, store: Path | None, as_json: bool) -> int:
    """Tell why an article is a duplicate, what was cut out of it, and where it came from."""
    from flows import explaining
    from storage.store import Store

    with Store(store_folder(store)).read() as con:
        told = explaining.explain(con, article, other)
    if as_json:
        click.echo(json.dumps(told.as_dict(), ensure_ascii=False, indent=1, default=str))
    else:
        click.echo("\n".join(told.lines()))
    return 0
