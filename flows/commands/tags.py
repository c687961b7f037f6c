"""``voltwire tags``."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path

import click

from flows.commands.options import json_option, settings_from, store_option
from flows.oneline import dumps

EXAMPLES = """\b
Examples:
  voltwire tags find "Lucid and CATL agree on sodium-ion cells"
  voltwire tags list --kind chemistry
  voltwire tags show CATL
  voltwire tags check mine.toml         then: VOLTWIRE_GAZETTEER=mine.toml voltwire tags rebuild
"""
REBUILD_EXAMPLES = """\b
Examples:
  voltwire tags rebuild
  VOLTWIRE_GAZETTEER=mine.toml voltwire tags rebuild
"""
LIST_EXAMPLES = """\b
Examples:
  voltwire tags list --kind company
  voltwire tags list NYSE:
  voltwire tags list 电池 --json
"""
SHOW_EXAMPLES = """\b
Examples:
  voltwire tags show 宁德时代
  voltwire tags show Lucid
"""
FIND_EXAMPLES = """\b
Examples:
  voltwire tags find "Ford and SK On split their factories"
  voltwire tags find - < article.txt
"""
CHECK_EXAMPLES = """\b
Examples:
  voltwire tags check mine.toml
Ends with exit code 2 for a file that cannot be used, and says which line is wrong.
"""
KINDS = ("company", "chemistry", "mineral", "technology", "place", "policy")


@click.group(epilog=EXAMPLES)
def command() -> None:
    """What articles are tagged with: look it up, try it, extend it, tag everything anew."""


@command.command(epilog=REBUILD_EXAMPLES, short_help="Tag all articles by today's names and rules.")
@click.option("--all", "everything", is_flag=True, help="Also those that are up to date.")
@store_option
@json_option
def rebuild(everything: bool, store: Path | None, as_json: bool) -> int:
    """Find mentions and figures of every article that lacks those of today's names and rules.

    For after a change of the gazetteer, an upgrade, or on a store from before there were tags:
    each run does the newest by itself, this does all.  Runs may go on meanwhile.  Interrupted, it
    goes on where it was when called again.
    """
    from flows import tagging
    from flows.screen import TerminalProgress

    with TerminalProgress(quiet=as_json) as progress:
        done = asyncio.run(
            tagging.rebuild(settings_from(store), everything=everything, progress=progress)
        )
    left = f", {done.left} left to the run that changes them" if done.left else ""
    click.echo(dumps(done.as_dict()) if as_json else f"{done.articles} articles tagged{left}")
    return 0


@command.command("list", epilog=LIST_EXAMPLES, short_help="What is looked for.")
@click.argument("having", default="", metavar="[TEXT]")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only these.")
@json_option
def list_names(having: str, kind: str | None, as_json: bool) -> int:
    """List what articles are tagged with; with TEXT, what has that in a name or a ticker."""
    from flows import tagging
    from flows.deriving import own_gazetteer
    from ingest.gazetteer import load_gazetteer

    known = load_gazetteer(own_gazetteer(settings_from(None)))
    found = tagging.entries(known, kind=kind or "", having=having)
    if as_json:
        click.echo(dumps([asdict(one) for one in found], indent=1))
        return 0
    for one in found:
        click.echo(f"{one.kind:10}  {one.symbol:14}  {one.name}")
    return 0


@command.command(epilog=SHOW_EXAMPLES, short_help="Under which names something is found.")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> int:
    """Show under which names NAME is found, and what keeps doubtful ones apart."""
    from flows import tagging
    from flows.deriving import own_gazetteer
    from ingest.gazetteer import load_gazetteer

    known = load_gazetteer(own_gazetteer(settings_from(None)))
    found = tagging.named(known, name)
    if as_json:
        click.echo(dumps([asdict(one) for one in found], indent=1))
    else:
        for one in found:
            click.echo("\n".join(tagging.lines_of(one)))
    if not found:
        near = tagging.nearest(known, name)
        meant = f"; there is {', '.join(near)}" if near else "; a file of yours can add it"
        click.echo(f"nothing is called {name!r}{meant}", err=True)
    return 0 if found else 1


@command.command(epilog=FIND_EXAMPLES, short_help="What a text would be tagged with.")
@click.argument("text")
@click.option("--title", default="", help="Its headline.")
@json_option
def find(text: str, title: str, as_json: bool) -> int:
    """Tag TEXT, or what comes on standard input for -, as an article is tagged."""
    from flows.deriving import own_gazetteer
    from ingest.gazetteer import load_gazetteer
    from ingest.tags import Tagger

    tagger = Tagger(load_gazetteer(own_gazetteer(settings_from(None))))
    found = tagger.tag(title, sys.stdin.read() if text == "-" else text)
    if as_json:
        click.echo(dumps([asdict(one) for one in found], indent=1))
        return 0
    for one in found:
        click.echo(f"{one.kind:10}  {one.ticker:14}  {one.name}  {one.count} x, as {one.form!r}")
    return 0


@command.command(epilog=CHECK_EXAMPLES, short_help="Is a file of names of one's own sound?")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Read FILE as the setting `gazetteer` would, and say what it adds and changes."""
    from flows import tagging

    found = tagging.changes(file)
    if as_json:
        click.echo(dumps(asdict(found), indent=1))
        return 0
    for word, names in (
        ("new", found.new), ("changed", found.changed), ("dropped", found.dropped),
    ):  # fmt: skip
        for name in names:
            click.echo(f"{word:8} {name}")
    click.echo(f"{file}: {len(found.new)} new, {len(found.changed)} changed, "
               f"{len(found.dropped)} dropped")  # fmt: skip
    return 0
