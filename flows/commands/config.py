"""``voltwire config``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from flows.commands.options import feeds_option, json_option, store_option
from flows.oneline import dumps

EXAMPLES = """\b
Examples:
  voltwire config show
  voltwire config show --json | jq '.[] | select(.source != "default")'
  voltwire config init
"""
SHOW_EXAMPLES = """\b
Examples:
  voltwire config show
  voltwire config show --changed
  VOLTWIRE_WORKERS=2 voltwire config show --store /srv/news
"""
INIT_EXAMPLES = """\b
Examples:
  voltwire config init
  voltwire config init --output /etc/voltwire.toml      then: VOLTWIRE_CONFIG=/etc/voltwire.toml
  voltwire config init --output -                       to the screen
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Show the settings in use and where each came from; write a file of them to begin with."""


@command.command(epilog=SHOW_EXAMPLES, short_help="Every setting, its value, and its source.")
@click.option("--changed", is_flag=True, help="Only what is not a default.")
@feeds_option
@store_option
@json_option
def show(changed: bool, feeds_file: Path | None, store: Path | None, as_json: bool) -> int:
    """Show every setting, its value, and where it came from: default, file, variable or option.

    Secrets in URLs are not printed.  Ends with exit code 2 for settings that cannot be used, and
    says which was probably meant.
    """
    from flows import configuration
    from flows.settings import load

    loaded = load().with_option("store", "--store", store)
    loaded = loaded.with_option("feeds", "--feeds", str(feeds_file) if feeds_file else None)
    kept = [
        one for one in configuration.as_dicts(loaded) if not changed or one["source"] != "default"
    ]
    if as_json:
        click.echo(dumps(kept, indent=1))
        return 0
    names = {one["name"] for one in kept}
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in configuration.lines(loaded, width, only=names):
        click.echo(line)
    return 0


@command.command(epilog=INIT_EXAMPLES, short_help="Write a voltwire.toml with all of them.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("voltwire.toml"),
    show_default=True,
    help="The file; - for standard output.",
)
def init(output: Path) -> int:
    """Write a voltwire.toml with every setting explained, each left at its default.

    A file that is there already is left alone.
    """
    from flows import configuration

    text = configuration.example_file()
    if str(output) == "-":
        click.echo(text, nl=False)
        return 0
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise click.UsageError(
            f"{output} is there already and was left alone; name another --output"
        ) from error
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {output}; `voltwire config show` tells what is in use")
    return 0
