"""What a run shows in a terminal: progress while it works, one readable screen at its end."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from flows.oneline import clean, dumps
from flows.report import RunReport
from flows.settings import Settings

# More failures than this are counted, not listed: a screen has some 24 lines.
FAILURES_SHOWN = 8


class TerminalProgress:
    """Progress bars on standard error; nothing where that is no terminal (cron, a pipe)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True)
        self._shown = self._console.is_terminal and not quiet
        self._bars = Bars(
            TextColumn("{task.description:<20}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._shown,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def stage(self, name: str, total: int | None) -> None:
        """Begin a bar of its own for a stage; for one that is under way, say how much it is now."""
        if name in self._tasks:
            self._bars.update(self._tasks[name], total=total)
        else:
            self._tasks[name] = self._bars.add_task(name, total=total)

    def advance(self, name: str, steps: int = 1) -> None:
        """Move the bar of the stage on."""
        self._bars.advance(self._tasks[name], steps)


def show(report: RunReport, *, as_json: bool, quiet: bool = False) -> None:
    """Print a run's outcome to standard output: a screen on a terminal, a line in a pipe.

    Args:
        quiet: print one line on standard error where there is news, and else nothing.
    """
    if as_json:
        click.echo(dumps(report.as_dict(), indent=1))
        return
    if quiet:
        if news := clean(report.news()):
            click.echo(f"voltwire: {news}", err=True)
        return
    if report.nothing_reached:
        click.echo(
            f"voltwire: no network: none of the {report.feeds} feeds could be reached; "
            "`voltwire demo` runs the whole job offline",
            err=True,
        )
        return
    if not sys.stdout.isatty():
        click.echo(report.line())
        _failures_plain(report)
        return
    Console().print(screen(report))


def screen(report: RunReport) -> Table:
    """The run as a table: what came in, what became of it, what failed, what to do next."""
    table = Table(box=None, show_header=False, pad_edge=False, title_justify="left")
    table.title = f"{report.kind} {report.state_words} in {report.seconds:.1f} s"
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, figure in report.rows():
        table.add_row(label, Text(figure))
    failures = report.failures()
    for slug, why in failures[:FAILURES_SHOWN]:
        table.add_row(
            Text("failed", style="red"), Text(f"{slug}: {clean(why)}", overflow="ellipsis")
        )
    if len(failures) > FAILURES_SHOWN:
        table.add_row("", f"and {len(failures) - FAILURES_SHOWN} more: voltwire feeds health")
    if report.detail:
        table.add_row("note", Text(clean(report.detail)))
    if report.published:
        table.add_row("store", Text(report.published))
        if report.stored or report.known or report.edited:
            table.add_row("ask it", _question(report.store))
    return table


def _question(store: str) -> str:
    """A query to go on with, that finds the store from where the person is."""
    where = "" if store == str(Settings.store) else f"--store {store} "
    return f'voltwire sql {where}"select title, copies from news limit 10"'


def _failures_plain(report: RunReport) -> None:
    for slug, why in report.failures()[:FAILURES_SHOWN]:
        click.echo(f"failed: {slug}: {clean(why)}", err=True)
    if report.detail:
        click.echo(f"note: {clean(report.detail)}", err=True)
