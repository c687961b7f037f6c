"""From the writer's file to the one people read: copy, make durable, put in place.

``voltwire.duckdb`` is a symbolic link to ``published/<n>/voltwire.duckdb``.  DuckDB resolves
links before it names its write-ahead log, so a person who opens the published file for writing
leaves their log beside the copy they opened, never beside the next one.  With a plain file, one
scratch table made every later open fail ("WAL does not match database file").

Copying happens in a child process: a process that opens and closes a file it also has open in
DuckDB drops DuckDB's POSIX lock on it, and a second writer gets in.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from storage.errors import StoreError, StoreFull
from storage.policy import STORAGE

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HINT_FULL = "free some disk space and run it again; the published file is the old one, whole"


def publish_copy(live: Path, published: Path) -> Path:
    """Put a copy of the closed database ``live`` in place as ``published``; returns ``published``.

    Whatever goes wrong, ``published`` stays what it was.  Raises ``StoreFull``, ``StoreError``.
    """
    copies = published.parent / "published"
    before = _copy_in_place(published)
    number = 1 + max((int(p.name) for p in _numbered(copies)), default=0)
    target = copies / str(number) / published.name
    try:
        # Leftovers of a killed publish, and copies that only late readers still hold.
        _sweep(copies, keep=before, spare=STORAGE.kept_copies)
        target.parent.mkdir(parents=True)
        try:
            copy_file(live, target)
        except StoreFull:
            _sweep(copies, keep=before, spare=0, but=target.parent)
            target.unlink(missing_ok=True)
            copy_file(live, target)
        sync_folder(target.parent)
        sync_folder(copies)
        # A log lying beside the name itself was left by a client that does not resolve links,
        # and belongs to the copy being replaced.
        heal(published)
        link = published.with_name(published.name + ".next")
        link.unlink(missing_ok=True)
        link.symlink_to(target.relative_to(published.parent))
        link.replace(published)
        sync_folder(published.parent)
    except BaseException as error:
        if _copy_in_place(published) != target.parent:
            shutil.rmtree(target.parent, ignore_errors=True)
        if isinstance(error, OSError):
            raise _explained(error, published) from error
        raise
    _sweep(copies, keep=target.parent, spare=STORAGE.kept_copies)
    return published


def heal(published: Path) -> bool:
    """Remove a write-ahead log left beside the name ``published``; True when there was one."""
    stray = published.with_name(published.name + ".wal")
    if not (stray.is_symlink() or stray.is_file()):
        return False
    try:
        stray.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def copy_file(source: Path, target: Path) -> None:
    """Copy ``source`` to ``target`` in a child process and make it durable.

    Raises ``StoreFull`` when there is no room, ``StoreError`` otherwise; ``target`` may then be
    there in part.
    """
    program = shutil.which("cp")
    if program is None:
        raise StoreError("the program `cp` is not to be found", hint="install coreutils")
    try:
        done = subprocess.run(
            [program, "--", str(source), str(target)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=STORAGE.copy_timeout,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
    except subprocess.TimeoutExpired as error:
        raise StoreError(
            f"copying {source.name} took over {STORAGE.copy_timeout:.0f} s",
            hint="is the disk there? the published file is the old one, whole",
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        word = said[-1].rpartition(": ")[2] if said else f"cp ended with {done.returncode}"
        if done.returncode == -signal.SIGXFSZ or word in {os.strerror(n) for n in _FULL}:
            if done.returncode == -signal.SIGXFSZ:
                word = os.strerror(errno.EFBIG)
            raise StoreFull(f"no room for a copy of {source.name}: {word}", hint=_HINT_FULL)
        raise StoreError(f"cannot copy {source.name}: {word}")
    if target.stat().st_size != source.stat().st_size:
        raise StoreError(f"the copy of {source.name} came out short")
    handle = os.open(target, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        raise _explained(error, target) from error
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems have no fsync for folders; that is their normal state.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def _copy_in_place(published: Path) -> Path | None:
    if not published.is_symlink():
        return None
    return (published.parent / published.readlink()).parent


def _numbered(copies: Path) -> list[Path]:
    if not copies.is_dir():
        return []
    return sorted((p for p in copies.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))


def _sweep(copies: Path, *, keep: Path | None, spare: int, but: Path | None = None) -> None:
    """Remove all copies but ``keep``, ``but`` and the newest ``spare`` ones before ``keep``."""
    others = [p for p in _numbered(copies) if p not in (keep, but)]
    if keep is not None and spare:
        older = [p for p in others if int(p.name) < int(keep.name)]
        others = [p for p in others if p not in older[-spare:]]
    for folder in others:
        with suppress(OSError):
            shutil.rmtree(folder)


def _explained(error: OSError, path: Path) -> StoreError:
    word = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreFull(f"no room to publish {path.name}: {word}", hint=_HINT_FULL)
    return StoreError(
        f"cannot publish {path.name}: {word}", hint="the published file is the old one, whole"
    )
