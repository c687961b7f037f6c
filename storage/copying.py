"""Copy a closed database file and make it durable; run as a program of its own.

    python copying.py SOURCE TARGET [OLD]

It must not run inside a process that has either file open in DuckDB: closing any handle of a
file drops that process's POSIX locks on it, DuckDB's too.

Of three ways the first that can be gone is taken:

- *cloned*: the file system shares the blocks (Btrfs, XFS).  Instant.
- *renewed*: OLD, an earlier copy that is out of use, becomes TARGET, and only what differs is
  written.  An ingest changes few blocks of a large store, and the disk is what publishing waits
  for.  OLD's readers must not see it change, so it is left alone unless the system grants a write
  lease on it, which it does only while *nobody* has the file open: DuckDB or `cp`, whoever's
  process, in whatever container (fcntl(2), "Leases").  Any doubt ends in the third way.
- *copied*: whole.

Prints one line of JSON, ``{"how", "written"}`` or ``{"errno", "message"}``.  Nothing of ours is
imported, so that it starts in milliseconds.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path

STEP = 8 << 20
"""Bytes read at a time: enough to keep the disk busy, nothing beside a machine's memory."""
PIECE = 64 << 10
"""Bytes compared and written at a time; DuckDB writes blocks of 256 KiB, often in part."""
_FICLONE = 0x40049409


def place(source: str, target: str, old: str | None = None) -> tuple[str, int]:
    """Make ``target`` a durable copy of ``source``: how it was made and the bytes written.

    Raises OSError; ``target`` may then be there in part.  ``old`` is then either untouched or gone.
    """
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _clone(reading, target):
            return "cloned", 0
        if old is not None:
            written = _renew(reading, target, old)
            if written is not None:
                return "renewed", written
        return "copied", _copy(reading, target)
    finally:
        os.close(reading)


def _clone(reading: int, target: str) -> bool:
    if sys.platform != "linux":
        return False
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
        os.fsync(writing)
    except OSError:
        Path(target).unlink()
        return False
    finally:
        os.close(writing)
    return True


def _renew(reading: int, target: str, old: str) -> int | None:
    """Turn ``old`` into ``target``; bytes written, None when it was not to be had."""
    try:
        writing = os.open(old, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not _take_over(writing, old, target):
            return None
        try:
            return _rewrite(reading, writing)
        except OSError:
            # Half of the one and half of the other: good for nothing.
            Path(target).unlink()
            return None
    finally:
        os.close(writing)


def _take_over(writing: int, old: str, target: str) -> bool:
    """Give ``old`` the name ``target``, which nobody knows yet, if it is open nowhere else."""
    found = os.fstat(writing)
    # A second name is somebody's snapshot of it.
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or sys.platform != "linux":
        return False
    # Whoever opens the file now waits, and we are told by this signal; unheeded, it would kill.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(writing, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError:
        return False
    try:
        # What DuckDB itself asks for.  Held to the end, against whoever comes by another way.
        fcntl.lockf(writing, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(old).rename(target)
        if fcntl.fcntl(writing, fcntl.F_GETLEASE) == fcntl.F_WRLCK:
            return True
        # Somebody was at the door before the name was gone.
        Path(target).rename(old)
    except OSError:
        return False
    finally:
        fcntl.fcntl(writing, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _rewrite(reading: int, writing: int) -> int:
    size = os.fstat(reading).st_size
    os.ftruncate(writing, min(size, os.fstat(writing).st_size))
    written = 0
    for start in range(0, size, STEP):
        fresh = _read(reading, start, min(STEP, size - start))
        stale = os.pread(writing, len(fresh), start)
        if fresh == stale:
            continue
        for at in range(0, len(fresh), PIECE):
            piece = fresh[at : at + PIECE]
            if piece != stale[at : at + PIECE]:
                _write(writing, piece, start + at)
                written += len(piece)
        _write_back(writing, start, len(fresh))
    os.fsync(writing)
    return written


def _copy(reading: int, target: str) -> int:
    size = os.fstat(reading).st_size
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        for start in range(0, size, STEP):
            piece = _read(reading, start, min(STEP, size - start))
            _write(writing, piece, start)
            _write_back(writing, start, len(piece))
        os.fsync(writing)
    finally:
        os.close(writing)
    return size


def _read(handle: int, start: int, count: int) -> bytes:
    piece = os.pread(handle, count, start)
    while len(piece) < count:
        more = os.pread(handle, count - len(piece), start + len(piece))
        if not more:
            raise OSError(5, "the file ended early")
        piece += more
    return piece


def _write(handle: int, piece: bytes, start: int) -> None:
    view = memoryview(piece)
    while view:
        done = os.pwrite(handle, view, start)
        view, start = view[done:], start + done


def _write_back(handle: int, start: int, count: int) -> None:
    """Let the disk begin: on Linux this starts writing what is dirty, and waits for nothing."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle, start, count, os.POSIX_FADV_DONTNEED)


def main(arguments: list[str]) -> int:
    """Copy as told; exit code 1 with the error when it cannot be done."""
    source, target, *old = arguments
    try:
        how, written = place(source, target, old[0] if old else None)
    except OSError as error:
        print(json.dumps({"errno": error.errno, "message": error.strerror or str(error)}))
        return 1
    print(json.dumps({"how": how, "written": written}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
