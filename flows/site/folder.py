"""The folder that a site is written to: file by file, whole, and never somebody else's.

A reader, or a web server, sees each file as it was or as it is.  A file whose content is the same
is left alone with its time of change, so that "not modified" goes on being the answer.  Which files
are ours stands in a list in the folder; only those are ever removed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath

from flows.site.model import SiteFile
from storage.errors import StoreError

MARK = ".voltwire-digest.json"
_UNFINISHED = ".part-"
# Files held in memory at a time, of 100 KB at most.
_TOGETHER = 100


class FolderRefused(StoreError):
    """A folder that no digest may be written to."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was done to the folder."""

    files: int
    written: int
    removed: int
    bytes: int


def check(folder: Path) -> None:
    """See that ``folder`` may hold a digest: absent, empty, or one that a digest was written to.

    Raises:
        FolderRefused: for anything else.
    """
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise FolderRefused(f"{folder} is not a folder", hint="name another with --output")
        # What a build that was killed at its very first file left is ours too.
        there = [one for one in folder.iterdir() if not _is_unfinished(one.name)]
    except OSError as error:
        raise _failed(folder, error) from error
    if there and _listed(folder) is None:
        raise FolderRefused(
            f"{folder} is not empty, and no digest was written there",
            hint="name another folder with --output",
        )


def holds(folder: Path) -> frozenset[str]:
    """Paths of the files that an earlier build put there; none where there was none."""
    return frozenset(_listed(folder) or {})


def write(folder: Path, files: Iterable[SiteFile]) -> Written:
    """Make ``folder`` hold exactly ``files``, besides what others put there.

    Raises:
        FolderRefused: when it is no folder for a digest, or cannot be written.
    """
    check(folder)
    before = _listed(folder) or {}
    now: dict[str, str] = {}
    size = written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        waiting = iter(files)
        while some := list(islice(waiting, _TOGETHER)):
            new = {file.path: "" for file in some if file.path not in before}
            # Before they are written: whatever a kill leaves there has to be known as ours.
            if new:
                before |= new
                _put(folder / MARK, _list_of(before | now))
            for file in some:
                target = _target(folder, file.path)
                now[file.path] = blake2b(file.content, digest_size=16).hexdigest()
                size += len(file.content)
                if not _holds(target, file.content):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _put(target, file.content)
                    written += 1
        stale = [path for path in before if path not in now]
        for path in stale:
            _remove(folder, path)
        if not _holds(folder / MARK, _list_of(now)):
            _put(folder / MARK, _list_of(now))
    except OSError as error:
        raise _failed(folder, error) from error
    return Written(files=len(now), written=written, removed=len(stale), bytes=size)


def _target(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts or "\\" in path:
        raise FolderRefused(f"{path!r} would not stand in the site's folder")
    target = folder.joinpath(*parts.parts)
    # A link that somebody set inside the folder could lead anywhere.
    for parent in target.relative_to(folder).parents:
        if parent.parts and (folder / parent).is_symlink():
            raise FolderRefused(f"{folder / parent} is a link, and is not written through")
    return target


def _holds(target: Path, content: bytes) -> bool:
    try:
        if target.is_symlink() or target.stat().st_size != len(content):
            return False
        return target.read_bytes() == content
    except OSError:
        return False


def _put(target: Path, content: bytes) -> None:
    unfinished = target.with_name(f"{_UNFINISHED}{secrets.token_hex(6)}")
    try:
        with unfinished.open("xb") as stream:
            stream.write(content)
        unfinished.replace(target)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _remove(folder: Path, path: str) -> None:
    target = _target(folder, path)
    with suppress(FileNotFoundError):
        target.unlink()
    for parent in target.relative_to(folder).parents:
        if parent.parts:
            with suppress(OSError):
                (folder / parent).rmdir()


def _listed(folder: Path) -> dict[str, str] | None:
    """The files that a digest put there, path -> digest of the content; None when none was."""
    try:
        said = json.loads((folder / MARK).read_text(encoding="utf-8"))
        files = said["files"]
        return {str(path): str(mark) for path, mark in files.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Its name says whose folder it is; without the list nothing is removed.
        return {}


def _list_of(files: dict[str, str]) -> bytes:
    about = "files of a `voltwire digest`, which replaces and removes these and no others"
    return json.dumps({"about": about, "files": files}, indent=0, sort_keys=True).encode() + b"\n"


def _is_unfinished(name: str) -> bool:
    return name.startswith(_UNFINISHED)


def _failed(folder: Path, error: OSError) -> FolderRefused:
    return FolderRefused(f"cannot write the digest to {folder}: {error.strerror or error}")
