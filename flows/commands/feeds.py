"""``voltwire feeds``."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows import feedlist
from flows.commands.options import feeds_option, json_option, settings_from, store_option
from flows.oneline import clean, dumps
from flows.settings import store_folder
from ingest.models import Feed
from ingest.policy import CataloguePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from flows.feedcheck import Tried
    from flows.healthscreen import Row

# Wide enough that nothing is cut for a program that reads along.
PIPE_WIDTH = 1000
_YEARS = CataloguePolicy().first_years
EXAMPLES = """\b
Examples:
  voltwire feeds list
  voltwire feeds add https://example.com/feed/ --publisher "Example Weekly" --scope focus
  voltwire feeds import subscriptions.opml
  voltwire feeds export > voltwire.opml
  voltwire feeds publish --output out/ --site-url https://news.example.org/ev/
  voltwire feeds health
  voltwire feeds check https://example.com/feed/
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """List, check, add, import and export feeds; see their health; publish feeds of your own."""


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
        click.echo(dumps([asdict(feed) for feed in feeds], indent=1))
        return 0
    from rich.text import Text

    table = _table("feed", "publisher", "lang", "scope", "min", last="url")
    for feed in feeds:
        table.add_row(
            Text(feed.slug, style="" if feed.enabled else "dim"),
            Text(clean(feed.publisher)),
            Text(clean(feed.language)),
            feed.scope if feed.enabled else f"{feed.scope}, off",
            str(feed.every_minutes),
            Text(clean(feed.url)),
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
@click.option(
    "--first-year",
    type=click.IntRange(_YEARS[0], _YEARS[-1]),
    metavar="YEAR",
    help="Of its publisher's first article: dates before it are not believed.",
)
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
    first_year: int | None,
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
        first_year=first_year or 0,
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
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the feeds: absent, empty, or one that they were written to before.",
)
@click.option("--site-url", default="", help="Where readers reach the folder.  [default: site_url]")
@click.option("--full-text", is_flag=True, help="Whole texts: for private use alone.")
@store_option
@json_option
def publish(output: Path, site_url: str, full_text: bool, store: Path | None, as_json: bool) -> int:
    """Write what is stored as feeds for readers: one entry a story, whoever copied it.

    Atom and JSON Feed of everything, of each company and of each topic, and a list of them (OPML).
    The digest has the same feeds beside its pages.
    """
    from flows.context import utc_now
    from flows.setting_kinds import WEB, WrongValue
    from flows.site.build import feeds_alone
    from flows.site.display import number
    from flows.site.model import Options
    from flows.site.paths import OPML

    settings = settings_from(store)
    try:
        site = WEB.read(site_url) or settings.site_url
    except WrongValue as error:
        raise click.UsageError(f"--site-url has to be {WEB.wanted}") from error
    written = feeds_alone(
        settings.store,
        output,
        until=utc_now(),
        options=Options(full_text=full_text or settings.digest_texts == "full", site_url=site),
    )
    if as_json:
        click.echo(dumps(asdict(written) | {"output": str(output)}, indent=1))
        return 0
    changed = f"{number(written.written)} written" if written.written else "nothing to change"
    click.echo(f"{number(written.files // 2)} feeds in {output}, {changed}")
    click.echo(f"for readers: {output / 'feeds' / 'all.atom'}, and all of them: {output / OPML}")
    if not site:
        click.echo("without --site-url readers cannot take the list: its addresses are relative")
    return 0


@command.command()
@click.option("--all", "every", is_flag=True, help="List the feeds that are well, too.")
@store_option
@json_option
def health(every: bool, store: Path | None, as_json: bool) -> int:
    """Show how each feed fares, the worst first, and what to do about it.

    On a terminal the feeds that are well are counted; --all, or a pipe, lists them.
    """
    from flows import answers
    from flows.context import utc_now
    from storage.store import Store

    with Store(store_folder(store)).read() as con:
        if as_json:
            query = "FROM feed_health ORDER BY rank, slug"
            answers.write(con, query, form="json", output=None)
            return 0
        found = con.execute(HEALTH).fetchall()
    from rich.console import Console

    from flows.healthscreen import Row, screen

    rows = [Row(**dict(zip(Row.__dataclass_fields__, values, strict=True))) for values, *_ in found]
    now = utc_now()
    if sys.stdout.isatty() and not every:
        console = Console()
        for line in screen(rows, width=console.width, height=console.height, now=now):
            console.print(line, no_wrap=True, crop=True)
        return 0
    _print(_health_table(rows, [tuple(more) for _, *more in found], now))
    return 0


def _health_table(
    rows: Sequence[Row], more: Sequence[tuple[float | None, timedelta | None]], now: datetime
) -> Table:
    """Every feed with all that is known of it; ``more`` is entries a day and interval of each."""
    from rich.table import Table
    from rich.text import Text

    from flows.healthscreen import PASSING, age, span

    table = Table(box=None, pad_edge=False, expand=sys.stdout.isatty())
    for name in ("feed", "state", "answered", "new entry", "a day", "every", "next"):
        table.add_column(name, no_wrap=True)
    table.add_column("why, and what to do", overflow="fold", ratio=1, min_width=20)
    for row, (per_day, wait) in zip(rows, more, strict=True):
        due = span(row.next_at - now) if row.next_at and row.next_at > now else "due"
        ages = [age(at, now) for at in (row.answered_at, row.delivered_at)]
        cells = (
            *(one if one == "never" else f"{one} ago" for one in ages),
            f"{per_day:.2g}" if per_day else "", span(wait), due if row.next_at else "never",
            " -> ".join(clean(part) for part in (row.detail, row.advice) if part),
        )  # fmt: skip
        style = "red" if row.rank < PASSING else ""
        table.add_row(Text(row.slug), Text(row.state, style=style), *(Text(cell) for cell in cells))
    return table


HEALTH = """
SELECT (slug, state, last_success_at, last_delivered_at, next_poll_at, detail, advice, rank),
    per_day, "interval"
FROM feed_health WHERE enabled ORDER BY rank, last_success_at, slug
"""


@command.command()
@click.argument("url")
@click.option(
    "--replay", multiple=True, type=click.Path(path_type=Path), help="Ask this WARC instead."
)
@click.option(
    "--pages",
    type=click.IntRange(0, 50),
    default=2,
    show_default=True,
    help="Read the pages of so many entries as a run would.",
)
@feeds_option
@json_option
def check(
    url: str, replay: tuple[Path, ...], pages: int, feeds_file: Path | None, as_json: bool
) -> int:
    """Try the feed at URL and show what would be stored of it; nothing is.

    Ends with exit code 1 when it is no feed, or cannot be had.
    """
    import asyncio

    from flows.context import utc_now
    from flows.feedcheck import try_feed
    from flows.run import fetcher_for
    from ingest.urls import canonical_url

    settings = settings_from(None, feeds_file)
    # one that is in the list is tried as it stands there
    known = {canonical_url(feed.url): feed for feed in feedlist.feeds_in_use(settings)}
    feed: Feed = known.get(canonical_url(url)) or feedlist.new_feed(url)

    async def ask() -> Tried:
        async with fetcher_for(settings, replay) as fetcher:
            return await try_feed(fetcher, feed, utc_now(), pages=pages)

    tried = asyncio.run(ask())
    if as_json:
        click.echo(dumps(_said(tried), indent=1, default=str))
    else:
        for line in _lines(tried):
            click.echo(line)
    return 1 if tried.failure else 0


def _said(tried: Tried) -> dict[str, object]:
    return {
        "url": tried.feed.url,
        "reached": tried.reached,
        "state": tried.state.state,
        "failure": {"reason": tried.failure, "detail": tried.state.detail}
        if tried.failure
        else None,
        "title": tried.title,
        "per_day": tried.per_day,
        "next_poll_at": tried.state.next_poll_at,
        "pages_back": tried.pages_back,
        "skipped": list(tried.skipped),
        "entries": [
            asdict(one.entry)
            | {"body": one.body, "words": one.words, "outcome": one.outcome, "topics": one.topics}
            for one in tried.entries
        ],
    }


def _lines(tried: Tried) -> list[str]:
    """What a person wants to know before adding the feed."""
    from flows.healthscreen import span

    state = tried.state
    if tried.failure:
        return [f"{tried.feed.url}: {state.state}: {clean(state.detail)}"]
    due, polled = state.next_poll_at, state.last_polled_at
    wait = due - polled if due and polled else None
    lines = [f"{tried.feed.url}: {len(tried.entries)} entries of {clean(tried.title)!r}"]
    if tried.reached != tried.feed.url:
        lines.append(f"  answers at {tried.reached}")
    if state.detail:
        lines.append(f"  {clean(state.detail)}")
    if tried.per_day:
        lines.append(f"  {tried.per_day:.2g} entries a day; would be asked every {span(wait)}")
    back = tried.pages_back or "no: what it drops unseen is looked for in sitemaps"
    lines.append(f"  older entries can be had: {back}")
    for one in tried.entries:
        at = one.entry.published_at
        when = f"{at:%Y-%m-%d %H:%M}" if at else "no date"
        body = f"{one.body}, {one.words} words" if one.words else one.body
        outcome = f" [{clean(one.outcome)[:60]}]" if one.outcome else ""
        lines.append(f"  {when:<16}  {body:<24}  {clean(one.entry.title)[:80]}{outcome}")
    lines += [f"  not readable: {clean(why)[:150]}" for why in tried.skipped]
    return lines
