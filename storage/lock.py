"""One writer at a time: an OS lock on a file, which the system drops with its process.

Whoever waits stands in line, which is a second lock: a writer that lets go and wants in again at
once, as a backfill does batch after batch, finds the line taken and comes after the one who waits.
Without it an ingest that looks twenty times a second hardly ever meets the moment in between.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.errors import StoreBusy, StoreError
from storage.policy import LOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock, as they wrote it down."""

    pid: int
    purpose: str
    since: str
    """ISO 8601, UTC."""

    def __str__(self) -> str:
        return f"{self.purpose} (PID {self.pid}, since {self.since})"


@contextmanager
def locked(path: Path, *, wait: timedelta, purpose: str) -> Iterator[int]:
    """Hold the lock file at ``path`` for the length of the block; yields its handle.

    Waits up to ``wait``.  A killed holder needs no cleaning up: its lock goes with it.
    Raises ``StoreBusy`` naming the holder, ``StoreError`` when the file cannot be made.
    """
    deadline = time.monotonic() + wait.total_seconds()
    with _opened(path) as handle:
        with _opened(path.with_name(f"{path.name}.line")) as line:
            _acquire(line, path, deadline)
            try:
                _acquire(handle, path, deadline)
            finally:
                fcntl.flock(line, fcntl.LOCK_UN)
        _write_holder(handle, purpose)
        try:
            yield handle
        finally:
            _clear_holder(handle)
            # Said aloud, not left to closing: a worker forked meanwhile holds the handle too.
            fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot make the lock file {path}: {error.strerror}",
            hint="the store folder has to be writable",
        ) from error
    try:
        yield handle
    finally:
        os.close(handle)


def holder(path: Path) -> Holder | None:
    """Who wrote themselves into the lock file at ``path``, None when nobody or unreadable."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Holder(pid=int(said["pid"]), purpose=str(said["purpose"]), since=str(said["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _acquire(handle: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        except OSError as error:
            raise StoreError(
                f"cannot lock {path}: {error.strerror}",
                hint="keep the store on a local disk; some network disks have no locks",
            ) from error
        if time.monotonic() >= deadline:
            who = holder(path)
            raise StoreBusy(
                f"the store is being written by {who or 'another process'}",
                hint="wait for it to end, then run this again; nothing was changed",
            )
        time.sleep(LOCK.poll.total_seconds())


def _write_holder(handle: int, purpose: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = json.dumps({"pid": os.getpid(), "purpose": purpose, "since": now})
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, said.encode(), 0)
    except OSError:
        # A full disk must not keep a writer out: the note is for people, the lock is the lock.
        return


def _clear_holder(handle: int) -> None:
    try:
        os.ftruncate(handle, 0)
    except OSError:
        return
