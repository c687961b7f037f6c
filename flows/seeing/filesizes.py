"""How much of the disk a store takes, and how much is left."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes on the disk."""

    live: int
    published: int
    archive: int
    archive_files: int
    free: int | None
    """On the disk of the store; None where nobody knows."""


def sizes_of(store: Store) -> Sizes:
    """The sizes of the files of ``store``; what is not there has none."""
    files, archived = 0, 0
    for folder, _, names in os.walk(store.archive):
        for name in names:
            files += 1
            archived += _bytes(Path(folder, name))
    try:
        free = shutil.disk_usage(store.folder).free
    except OSError:
        free = None
    return Sizes(
        live=_bytes(store.live) + _bytes(store.live.with_name(store.live.name + ".wal")),
        published=_bytes(store.published),
        archive=archived,
        archive_files=files,
        free=free,
    )


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def size(count: float) -> str:
    """Bytes in the largest fitting unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
