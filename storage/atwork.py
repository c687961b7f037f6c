"""Runs at work, each a small file in the store folder: seen by anybody without opening the store.

The row of a run in ``runs`` is with the writer until the run publishes.  A file whose process is
gone tells of a run that was killed, before the next run notices.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from storage.notes import leave
from storage.policy import RUN
from storage.process import ProcessMark, current, is_alive

FOLDER = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A run that has begun."""

    run_id: str
    kind: str
    started_at: datetime
    told_at: datetime
    """When it last said how far it was."""
    stages: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    """Stage -> steps done, and of how many; None when nobody knows."""
    process: ProcessMark = field(default_factory=current)

    def is_alive(self, now: datetime) -> bool:
        """Whether its process runs, as far as can be seen from here."""
        alive = is_alive(self.process, here=current())
        # Of another machine's process nothing can be seen; see ``RunPolicy``.
        return now - self.told_at <= RUN.foreign_run if alive is None else alive


def tell(folder: Path, run: AtWork) -> None:
    """Write down, in the store folder, how far ``run`` is; see ``leave``."""
    said = asdict(run) | {
        "started_at": run.started_at.isoformat(),
        "told_at": run.told_at.isoformat(),
    }
    leave(_path(folder, run.run_id), said)


def ended(folder: Path, run_id: str) -> None:
    """Take away what ``tell`` wrote of a run."""
    with suppress(OSError):
        _path(folder, run_id).unlink(missing_ok=True)


def runs(folder: Path) -> list[AtWork]:
    """The runs in the store folder ``folder`` that have begun and not ended, the oldest first."""
    found = [_read(path) for path in sorted((folder / FOLDER).glob("*.json"))]
    return [one for one in found if one is not None]


def sweep(folder: Path, now: datetime) -> None:
    """Take away what runs left that are dead."""
    for one in runs(folder):
        if not one.is_alive(now):
            ended(folder, one.run_id)
    for path in (folder / FOLDER).glob(".*.json.*"):
        with suppress(OSError):
            if now.timestamp() - path.stat().st_mtime > timedelta(hours=1).total_seconds():
                path.unlink()


def _path(folder: Path, run_id: str) -> Path:
    return folder / FOLDER / f"{run_id}.json"


def _read(path: Path) -> AtWork | None:
    """The run at ``path``; None for a file that is none, or that has gone meanwhile."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return AtWork(
            run_id=str(said["run_id"]),
            kind=str(said["kind"]),
            started_at=datetime.fromisoformat(said["started_at"]),
            told_at=datetime.fromisoformat(said["told_at"]),
            stages={
                str(name): (int(done), None if total is None else int(total))
                for name, (done, total) in said["stages"].items()
            },
            process=ProcessMark(**said["process"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
