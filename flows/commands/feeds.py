"""``voltwire feeds``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows import feedlist
from flows.commands.options import feeds_option, json_option, settings_from, store_option
from flows.oneline import clean
from flows.settings import store_folder
from ingest.models import Feed

if TYPE_CHECKING:
    from rich.table import Table

# Wide enough that nothing is cut for a program that reads along.
PIPE_WIDTH = 1000
EXAMPLES = """\b
Examples:
  voltwire feeds list
  voltwire feeds add https://example.com/feed/ --publisher "Example Weekly" --scope focus
  voltwire feeds import subscriptions.opml
  voltwire feeds export > voltwire.opml
  voltwire feeds health
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """List, check, add, import and export feeds; see their health."""


def _table(*names: str, last: str) -> Table:
    """Columns as wide as what they hold; the last takes the rest of the line and is cut there."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, expand=sys.stdout.isatty())
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column(last, no_wrap=True, overflow="ellipsis", ratio=1)
    return table


def _print(table: Table) -> None:
    """Print a table as wide as the terminal, or whole where something else reads it."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


@command.command("list")
@feeds_option
@store_option
@json_option
def list_feeds(feeds_file: Path | None, store: Path | None, as_json: bool) -> int:
    """Show the feeds in use."""
    feeds = feedlist.feeds_in_use(settings_from(store, feeds_file))
    if as_json:
        click.echo(json.dumps([asdict(feed) for feed in feeds], ensure_ascii=False, indent=1))
        return 0
    from rich.text import Text

    table = _table("feed", "publisher", "lang", "scope", "min", last="url")
    for feed in feeds:
        table.add_row(
            Text(feed.slug, style="" if feed.enabled else "dim"),
            Text(clean(feed.publisher)),
            feed.language,
            feed.scope if feed.enabled else f"{feed.scope}, off",
            str(feed.every_minutes),
            Text(feed.url),
        )
    _print(table)
    off = sum(not feed.enabled for feed in feeds)
    click.echo(f"{len(feeds)} feeds, {off} of them off")
    return 0


@command.command()
@click.argument("url")
@click.option("--slug", help="Short name.  [default: made from the address]")
@click.option("--publisher", help="Who publishes it.  [default: its host]")
@click.option("--language", default="", help='Such as "en" or "zh".')
@click.option("--country", default="", help='Such as "US" or "CN".')
@click.option(
    "--scope",
    type=click.Choice(["focus", "general"]),
    default="general",
    show_default=True,
    help="focus: all of it is on topic; general: articles pass the topic gate.",
)
@click.option("--every", "every_minutes", type=click.IntRange(5, 1440), default=30, metavar="MIN")
@feeds_option
@store_option
def add(
    url: str,
    slug: str | None,
    publisher: str | None,
    language: str,
    country: str,
    scope: str,
    every_minutes: int,
    feeds_file: Path | None,
    store: Path | None,
) -> int:
    """Add the feed at URL to the list in use."""
    feed = feedlist.new_feed(url, slug=slug or "", publisher=publisher or "")
    feed = replace(
        feed,
        language=language,
        country=country,
        scope="focus" if scope == "focus" else "general",
        every_minutes=every_minutes,
    )
    path = feedlist.add(settings_from(store, feeds_file), [feed])
    click.echo(f"added {feed.slug} to {path}; `voltwire feeds check {feed.url}` tries it")
    return 0


@command.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@feeds_option
@store_option
def import_feeds(path: Path, feeds_file: Path | None, store: Path | None) -> int:
    """Add the feeds of an OPML (or TOML) file to the list in use."""
    settings = settings_from(store, feeds_file)
    fresh, had = feedlist.not_yet_listed(settings, path)
    if fresh:
        where = feedlist.add(settings, fresh)
        click.echo(f"{len(fresh)} feeds added to {where}, {had} were there already")
    else:
        click.echo(f"nothing to add: all {had} feeds of {path} are in the list")
    return 0


@command.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@feeds_option
@store_option
def export(output: Path | None, feeds_file: Path | None, store: Path | None) -> int:
    """Write the list in use as OPML, for any feed reader."""
    from ingest.catalogue import to_opml

    text = to_opml(feedlist.feeds_in_use(settings_from(store, feeds_file)))
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}", err=True)
    return 0


@command.command()
@store_option
@json_option
def health(store: Path | None, as_json: bool) -> int:
    """Show how each feed fares, the worst first."""
    from flows import answers
    from storage.store import Store

    with Store(store_folder(store)).read() as con:
        if as_json:
            answers.write(con, "FROM feed_health ORDER BY slug", form="json", output=None)
            return 0
        rows = con.execute(HEALTH).fetchall()
    from rich.text import Text

    table = _table("feed", "state", "last answer", "last new", "30 days", "next poll", last="why")
    for slug, state, success, delivered, entries, due, detail in rows:
        style = "" if state in ("ok", "new", "quiet") else "red"
        cells = (success or "never", delivered or "never", str(entries), due or "", clean(detail))
        table.add_row(Text(slug), Text(state, style=style), *(Text(cell) for cell in cells))
    _print(table)
    return 0


HEALTH = """
SELECT slug, state, strftime(last_success_at, '%m-%d %H:%M'),
    strftime(last_delivered_at, '%m-%d %H:%M'), entries_30d,
    strftime(next_poll_at, '%m-%d %H:%M'), detail
FROM feed_health WHERE enabled
ORDER BY CASE state WHEN 'ok' THEN 3 WHEN 'new' THEN 2 WHEN 'quiet' THEN 1 ELSE 0 END, slug
"""


@command.command()
@click.argument("url")
@click.option(
    "--replay", multiple=True, type=click.Path(path_type=Path), help="Ask this WARC instead."
)
@json_option
def check(url: str, replay: tuple[Path, ...], as_json: bool) -> int:
    """Try the feed at URL and show what it lists, without storing anything."""
    import asyncio

    from flows.context import utc_now
    from flows.polling import Poll, poll_one
    from flows.run import fetcher_for

    feed: Feed = feedlist.new_feed(url)
    settings = settings_from(None)

    async def ask() -> Poll:
        async with fetcher_for(settings, replay) as fetcher:
            return await poll_one(fetcher, feed, None, utc_now())

    polled = asyncio.run(ask())
    failure = polled.failure
    if as_json:
        said = {
            "url": url,
            "failure": {"reason": failure.reason, "detail": failure.detail} if failure else None,
            "entries": [asdict(entry) for entry in polled.entries],
        }
        click.echo(json.dumps(said, ensure_ascii=False, indent=1, default=str))
    elif failure is not None:
        click.echo(f"{url}: {failure.reason}: {failure.detail}")
    else:
        click.echo(f"{url}: {len(polled.entries)} entries")
        for entry in polled.entries:
            when = (
                f"{entry.published_at:%Y-%m-%d %H:%M}"
                if entry.published_at
                else "no date" + 9 * " "
            )
            body = "full text" if entry.content else "teaser" if entry.summary else "title only"
            click.echo(f"  {when:<16}  {body:<10}  {clean(entry.title)[:90]}")
    return 1 if failure else 0
