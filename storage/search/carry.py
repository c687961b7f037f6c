"""An index from one published copy to the next: by hard links, since its files never change."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

INDEX = "search"
"""Folder of the index beside the database it was made of."""
CARRIED = "search.carried"
"""Folder of the index of an earlier copy, until there is one of this copy's own."""


def has_index(copy: Path) -> bool:
    """Whether there is an index, be it an earlier one, in the folder of a published copy."""
    return any((copy / name).is_dir() for name in (INDEX, CARRIED))


def carry(before: Path, after: Path) -> bool:
    """Give the copy in ``after`` the index that the copy in ``before`` has; False if it has none.

    Raises OSError; ``after`` may then hold it in part, under a name that nobody reads.
    """
    source = next((before / name for name in (INDEX, CARRIED) if (before / name).is_dir()), None)
    if source is None:
        return False
    half = after / f"{CARRIED}.half"
    link_folder(source, half)
    half.rename(after / CARRIED)
    return True


def link_folder(source: Path, target: Path) -> None:
    """Make ``target``, a folder of the same files: links where there are links, else copies."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.name.endswith(".lock") or not path.is_file():
            continue
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copy2(path, target / path.name)
