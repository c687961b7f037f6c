"""That a ``voltwire serve`` runs the schedule of a store, noted in the store's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.settings import Settings
from storage.notes import leave
from storage.process import ProcessMark, current, is_alive

NAME = "serving.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who runs a store's schedule, and which: an option may have given another one."""

    schedule: str
    timezone: str
    process: ProcessMark


@contextmanager
def served(settings: Settings) -> Iterator[None]:
    """Note for the length of the block that this process runs the schedule of ``settings``.

    For ``voltwire status`` alone.
    """
    path = settings.store / NAME
    note = Served(schedule=settings.schedule, timezone=settings.timezone, process=current())
    leave(path, asdict(note))
    try:
        yield
    finally:
        # Another one may have taken over meanwhile.
        if _read(path) == note:
            with suppress(OSError):
                path.unlink()


def who_serves(folder: Path) -> Served | None:
    """Who runs the schedule of the store in ``folder``; None when nobody is seen to."""
    note = _read(folder / NAME)
    if note is None or not is_alive(note.process, here=current()):
        return None
    return note


def _read(path: Path) -> Served | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Served(
            schedule=str(said["schedule"]),
            timezone=str(said["timezone"]),
            process=ProcessMark(**said["process"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
