"""From the writer's file to the one people read: copy, make durable, put in place.

``voltwire.duckdb`` is a symbolic link to ``published/<n>/voltwire.duckdb``.  DuckDB resolves
links before it names its write-ahead log, so a person who opens the published file for writing
leaves their log beside the copy they opened, never beside the next one.  With a plain file, one
scratch table made every later open fail ("WAL does not match database file").

Copying happens in a child process (``storage.copying``): a process that opens and closes a file
it also has open in DuckDB drops DuckDB's POSIX lock on it, and a second writer gets in.  The copy
before the one in place, out of use for a while, is renewed where it lies if nobody has it open.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import copying
from storage.errors import StoreError, StoreFull
from storage.policy import STORAGE
from storage.search.carry import carry

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HINT_FULL = "free some disk space and run it again; the published file is the old one, whole"
_HINT_SCRATCH = (
    "somebody wrote to the published file, and the new one is without it; keep tables of your own "
    "in a file of your own: `duckdb mine.duckdb`, then ATTACH '{path}' AS voltwire (READ_ONLY)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How a durable copy was made."""

    how: str
    """``cloned`` (blocks shared), ``renewed`` (an old copy, what differed) or ``copied``."""
    written: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publish did."""

    path: Path
    copied: Copied
    note: str
    """What people should know, in one line; empty when there is nothing."""


def publish_copy(live: Path, published: Path, *, lock: int | None = None) -> Published:
    """Put a copy of the closed database ``live`` in place as ``published``.

    Whatever goes wrong, ``published`` stays what it was.  ``lock``: handle of the writers' lock,
    which the copying process holds too, so that no other writer starts beside it when this
    process is killed.  Raises ``StoreFull``, ``StoreError``.
    """
    copies = published.parent / "published"
    before = _copy_in_place(published)
    target = copies / str(next_number(published)) / published.name
    try:
        note = _HINT_SCRATCH.format(path=published) if _was_written_to(published) else ""
        # Leftovers of a killed publish, and copies that only late readers still hold.
        _sweep(copies, keep=before, spare=STORAGE.kept_copies)
        old = _out_of_use(published, before)
        target.parent.mkdir(parents=True)
        try:
            copied = copy_file(live, target, old=old, lock=lock)
        except StoreFull:
            _sweep(copies, keep=before, spare=0, but=target.parent)
            target.unlink(missing_ok=True)
            copied = copy_file(live, target, lock=lock)
        if before is not None:
            # Without it there is a database as good as ever, and an index to be made anew.
            with suppress(OSError):
                carry(before, target.parent)
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
    return Published(path=published, copied=copied, note=note)


def next_number(published: Path) -> int:
    """The number of the next copy: they are counted from 1 on."""
    copies = _numbered(published.parent / "published")
    return 1 + max((int(copy.name) for copy in copies), default=0)


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


def copy_file(
    source: Path, target: Path, *, old: Path | None = None, lock: int | None = None
) -> Copied:
    """Copy ``source`` to ``target`` in a child process and make it durable.

    ``old`` may be used up for it: an earlier copy that is no longer wanted.  Raises ``StoreFull``
    when there is no room, ``StoreError`` otherwise; ``target`` may then be there in part.
    """
    try:
        done = subprocess.run(
            [
                sys.executable, "-I", "-S", copying.__file__, str(source), str(target),
                *([str(old)] if old else []),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=STORAGE.copy_timeout,
            pass_fds=() if lock is None else (lock,),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise StoreError(
            f"copying {source.name} took over {STORAGE.copy_timeout:.0f} s",
            hint="is the disk there? the published file is the old one, whole",
        ) from error
    except OSError as error:
        raise StoreError(f"cannot start a process to copy {source.name}: {error}") from error
    told = _told(done.stdout)
    if done.returncode != 0:
        if told.get("errno") in _FULL:
            word = told["message"]
            raise StoreFull(f"no room for a copy of {source.name}: {word}", hint=_HINT_FULL)
        said = done.stderr.decode(errors="replace").strip().splitlines()
        word = told.get("message") or (said[-1] if said else f"it ended with {done.returncode}")
        raise StoreError(f"cannot copy {source.name}: {word}")
    if target.stat().st_size != source.stat().st_size:
        raise StoreError(f"the copy of {source.name} came out short")
    return Copied(how=told["how"], written=told["written"])


def _told(line: bytes) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return told


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


def _out_of_use(published: Path, in_place: Path | None) -> Path | None:
    """The copy before the one in place, once readers have had time to find the one in place.

    A reader resolves the name, then opens what it found: in between nobody can see it.
    """
    if in_place is None:
        return None
    since = published.lstat().st_mtime
    # A clock that was set back says nothing.
    if not STORAGE.out_of_use_after <= time.time() - since:
        return None
    older = [p for p in _numbered(in_place.parent) if int(p.name) < int(in_place.name)]
    return older[-1] / published.name if older else None


def _was_written_to(published: Path) -> bool:
    """Whether somebody wrote to the copy in place: it is older than its link otherwise."""
    in_place = _copy_in_place(published)
    if in_place is None:
        return False
    copy = in_place / published.name
    log = copy.with_name(copy.name + ".wal")
    try:
        if log.exists() and log.stat().st_size > 0:
            return True
        return copy.stat().st_mtime_ns > published.lstat().st_mtime_ns
    except OSError:
        return False


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
