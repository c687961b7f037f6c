"""The console command: finds the subcommand, loads only that, and ends every error in one line."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Any

import click

# A command's module is imported when it is called: `voltwire sql` must not pay for Prefect, nor
# for the extractor.
COMMANDS = {
    "ingest": "Poll the feeds and store what is new.",
    "backfill": "Store what the feeds published on past days, or an archive or a file.",
    "load": "Take what workers left in shared storage into the store.",
    "sql": "Ask the store a question.",
    "search": "Look for words in the articles, best first.",
    "digest": "Write the news of some days as a site to read and to follow.",
    "status": "What runs, what ran, what is stored, what wants a look.",
    "feeds": "List, add, import and export feeds; see their health.",
    "export": "Write the store to Parquet, CSV or JSON lines, a file a month.",
    "explain": "Why an article is a duplicate, what was cut, where it came from.",
    "tags": "What articles are tagged with: look it up, try it, extend it.",
    "dedupe": "Make stories anew by today's rules; judge uncertain pairs by hand.",
    "store": "Check, re-extract and prune the store.",
    "serve": "Run the schedule and manual backfills in one process.",
    "deploy": "Set up a Prefect server that runs already, for workers.",
    "config": "Show the settings and where each came from; write a file of them.",
    "demo": "The whole job on a bundled newsroom, without a network.",
}
EXIT_TROUBLE = 1
EXIT_USAGE = 2


class LazyGroup(click.Group):
    """A group whose commands live in ``flows.commands``, one module each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported; None when there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"flows.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; for one that there is not, the nearest is named."""
        from flows.setting_kinds import nearest

        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = nearest(name, COMMANDS)
            meant = f"; did you mean {close}?" if close else ""
            ctx.fail(f"there is no command {name!r}{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that leaves early (`... | head`) has seen enough."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Here, because click would end it as a failure; and Python flushes once more on its
            # way out, which must not meet the broken pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without a network: voltwire demo",
)
@click.version_option(package_name="voltwire")
def cli() -> None:
    """EV and battery news: one clean record an article, one story an event, SQL over all of it."""


def main() -> None:
    """Run the command; a plain line and an exit code for whatever stops it."""
    # Where the locale has no Chinese (a cron of old), a headline must not end in a traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.argv[1:2] == ["backfill"] and not {"-h", "--help", "--dry-run"} & set(sys.argv):
        # What reads pages takes two seconds to load, and so does the command, on two cores.
        from flows.processes import load_early

        load_early()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line ``arguments``; its exit code (0 done, 1 with failures, 2 wrong use)."""
    try:
        code = cli.main(arguments, prog_name="voltwire", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except click.ClickException as error:
        from flows.oneline import clean

        message = clean(error.format_message())
        context = getattr(error, "ctx", None)
        where = f"; see `{context.command_path} --help`" if context else ""
        click.echo(f"voltwire: {message.rstrip('.')}{where}", err=True)
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("voltwire: stopped; nothing that was saved is lost", err=True)
        return 130
    except Exception as error:
        line = _plain_line(error)
        if line is None:
            raise
        click.echo(f"voltwire: {line}", err=True)
        return EXIT_TROUBLE if _is_trouble(error) else EXIT_USAGE
    return code if isinstance(code, int) else 0


def _is_trouble(error: Exception) -> bool:
    """A right command that the machine could not bring to its end: no room, a store in use."""
    from flows.errors import MachineTrouble
    from ingest.errors import ArchiveNotWritten
    from storage.errors import StoreBusy, StoreFull

    return isinstance(error, StoreBusy | StoreFull | ArchiveNotWritten | MachineTrouble)


def _plain_line(error: Exception) -> str | None:
    """One line for an error that a person can put right; None for a fault of the program."""
    from flows.settings import SettingsError
    from ingest.errors import VoltwireError
    from storage.errors import StoreError

    if isinstance(error, StoreError):
        line = f"{error}; {error.hint}" if error.hint else str(error)
    elif isinstance(error, VoltwireError | SettingsError):
        line = str(error)
    else:
        return None
    from flows.oneline import clean

    return clean(line)


if __name__ == "__main__":
    main()
