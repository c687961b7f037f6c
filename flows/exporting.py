"""The published store into files by month, each put in place whole.

A file is made beside its place under another name and then takes it over, so that whoever reads
the folder sees the old file or the new one.  A month that has no rows any more loses its file:
a stale one would bring back articles that have moved.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows.context import Progress
from storage import export
from storage.errors import StoreError
from storage.publish import sync_folder

UNDATED = "undated"
_PART = re.compile(
    r"\.[a-z_]+-(\d{4}-\d\d|undated)\.[a-z]+\.(?P<host>[A-Za-z0-9-]*)\.(?P<pid>\d+)\.part"
)
STAGE = "exporting"


class ExportFailed(StoreError):
    """A file or folder that cannot be written, or that would lose rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One file written."""

    file: str
    month: str
    """``2026-11`` or ``undated``."""
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export wrote."""

    view: str
    form: str
    output: str
    files: tuple[Exported, ...]
    removed: tuple[str, ...]
    """Files of months inside the window that have no rows any more."""

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {**asdict(self), "rows": sum(one.rows for one in self.files)}


def export_months(
    con: duckdb.DuckDBPyConnection,
    output: Path,
    *,
    view: str,
    form: str,
    since: date | None,
    until: date | None,
    progress: Progress,
) -> ExportReport:
    """Write ``view`` to ``output``, a file a month of publication and one for what has no date.

    Args:
        con: the published store.
        form: ``parquet``, ``csv`` or ``jsonl``.
        since: first day of publication (UTC); what has no date is exported whatever the window.
        until: last day, included.

    Raises:
        ExportFailed: when the folder cannot be written, or when a month's file from an earlier
            export would lose the days that this window leaves out of that month.
    """
    start, end = _bounds(since, until)
    _check_cut_months(con, output, view, form, since, until)
    with _explained(output):
        output.mkdir(parents=True, exist_ok=True)
        _sweep(output)
        found = export.parts(con, view, since=start, until=end)
        progress.stage(STAGE, sum(part.rows for part in found))
        files: list[Exported] = []
        for part in found:
            name = _name(view, part.month or UNDATED, form)
            with _in_place(output / name) as making:
                export.write_part(con, view, part.month, making, form=form, since=start, until=end)
            files.append(
                Exported(
                    file=name,
                    month=part.month or UNDATED,
                    rows=part.rows,
                    bytes=(output / name).stat().st_size,
                )
            )
            progress.advance(STAGE, part.rows)
        removed = _remove_stale(output, view, form, {one.file for one in files}, since, until)
        sync_folder(output)
    return ExportReport(
        view=view, form=form, output=str(output), files=tuple(files), removed=tuple(removed)
    )


def _name(view: str, month: str, form: str) -> str:
    return f"{view}-{month}.{form}"


def _check_cut_months(
    con: duckdb.DuckDBPyConnection,
    output: Path,
    view: str,
    form: str,
    since: date | None,
    until: date | None,
) -> None:
    """Refuse to replace a month's file by one with fewer days of that month.

    Losing days from an archive unseen is the worse mistake; naming whole months costs little.
    """
    cut = []
    if since is not None and since.day != 1:
        cut.append((since, f"--since {since:%Y-%m}-01"))
    if until is not None and (until + timedelta(days=1)).day != 1:
        cut.append((until, f"--until {_last_of(until)}"))
    start, end = _bounds(since, until)
    for day, whole in cut:
        path = output / _name(view, f"{day:%Y-%m}", form)
        if not path.exists():
            continue
        try:
            lost = export.rows_outside(con, view, path, form=form, since=start, until=end)
        except duckdb.Error as error:
            raise ExportFailed(
                f"{path} is there and is no earlier export", hint="name another --output"
            ) from error
        if lost:
            raise ExportFailed(
                f"{path} holds {lost} rows of days that this window leaves out",
                hint=f"name whole months ({whole}) or another --output",
            )


def _bounds(since: date | None, until: date | None) -> tuple[datetime | None, datetime | None]:
    start = datetime.combine(since, time(), UTC) if since else None
    end = datetime.combine(until + timedelta(days=1), time(), UTC) if until else None
    return start, end


def _last_of(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _remove_stale(
    output: Path,
    view: str,
    form: str,
    written: set[str],
    since: date | None,
    until: date | None,
) -> list[str]:
    pattern = re.compile(rf"{view}-(\d{{4}}-\d\d|{UNDATED})\.{form}")
    removed = []
    for path in sorted(output.iterdir()):
        named = pattern.fullmatch(path.name)
        if named is None or path.name in written:
            continue
        month = named[1]
        inside = month == UNDATED or (
            (since is None or month >= f"{since:%Y-%m}")
            and (until is None or month <= f"{until:%Y-%m}")
        )
        if inside:
            path.unlink()
            removed.append(path.name)
    return removed


def _sweep(output: Path) -> None:
    """Remove what exports that were killed left half written; one that is at work keeps its own.

    A half file of a process on another host is left alone: whether that one lives is not seen.
    """
    for path in output.glob(".*.part"):
        named = _PART.fullmatch(path.name)
        if named is None or named["host"] != _host():
            continue
        try:
            os.kill(int(named["pid"]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (PermissionError, OverflowError):
            continue


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())


@contextmanager
def _in_place(target: Path) -> Iterator[Path]:
    """A path to write to; at the end of the block the file is durable and stands as ``target``."""
    making = target.with_name(f".{target.name}.{_host()}.{os.getpid()}.part")
    try:
        yield making
        handle = os.open(making, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        making.replace(target)
    finally:
        with suppress(OSError):
            making.unlink(missing_ok=True)


@contextmanager
def _explained(output: Path) -> Iterator[None]:
    kept = "files that stood there are whole"
    try:
        yield
    except OSError as error:
        word = error.strerror or str(error)
        raise ExportFailed(f"cannot write to {output}: {word}", hint=kept) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        said = " ".join(str(error).splitlines()[0].split())
        raise ExportFailed(f"cannot write to {output}: {said}", hint=kept) from error


def lines(report: ExportReport) -> Sequence[str]:
    """The report for a terminal."""
    rows = sum(one.rows for one in report.files)
    size = sum(one.bytes for one in report.files)
    if not report.files:
        said = [f"no {report.view} in that window: nothing written to {report.output}"]
    else:
        said = [f"{one.rows:>9,}  {one.file}" for one in report.files]
        said.append(
            f"{rows:>9,}  rows in {len(report.files)} file(s), {_size(size)}, in {report.output}"
        )
    said += [f"removed {name}: no rows of that month any more" for name in report.removed]
    return said


def _size(count: int) -> str:
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
