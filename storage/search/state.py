"""Which index belongs to a published copy, what it says of itself, what may be wrong with it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from storage.errors import StoreError, StoreMissing
from storage.search.carry import CARRIED, INDEX
from storage.search.engine import IndexBroken
from storage.search.policy import RECIPE
from storage.search.reader import open_index
from storage.store import Store

KNOWN = "known.parquet"
"""Key and mark of each article in the index: see ``storage.search.compare``."""
_STATE = "state.json"


class IndexMissing(StoreError):
    """There is no index to search, or none that this version reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an index says of itself."""

    recipe: int
    articles: int
    checksum: int
    """Over the keys and marks of all articles of the copy that it was made for."""
    behind: int
    """Articles that were left for the next time."""


def index_of(store: Store) -> tuple[Path, State]:
    """The folder of the index to search, and its state; it may be that of an earlier copy.

    Raises:
        StoreMissing: when nothing is published.
        IndexMissing: when there is none.
    """
    if not store.published.exists():
        raise StoreMissing(store.published)
    hint = "`voltwire search --rebuild` makes it from the store"
    copy = copy_in_place(store)
    for name in (INDEX, CARRIED):
        state = state_of(copy / name)
        if state is not None and state.recipe == RECIPE:
            return copy / name, state
        if state is not None:
            hint = "it was made by another version; `voltwire search --rebuild` makes it anew"
    raise IndexMissing("there is no search index yet", hint=hint)


def is_current(store: Store) -> bool:
    """Whether the published copy has an index of its own, with all articles in it."""
    state = state_of(copy_in_place(store) / INDEX)
    return state is not None and state.recipe == RECIPE and state.behind == 0


def faults(store: Store) -> list[str]:
    """What is wrong with the index, if there is one, in words; reads its list of articles."""
    try:
        folder, state = index_of(store)
    except IndexMissing:
        return []
    try:
        with open_index(folder) as reader:
            there = reader.articles
        with store.read() as con:
            counted = con.execute(
                "SELECT count(*) FROM read_parquet($known)", {"known": str(folder / KNOWN)}
            ).fetchone()
    except IndexBroken as error:
        return [str(error)]
    except duckdb.Error as error:
        return [f"its list of articles cannot be read: {str(error).splitlines()[0]}"]
    listed = counted[0] if counted else 0
    if there != listed or (listed != state.articles):
        return [f"it holds {there} articles and lists {listed}"]
    return []


def copy_in_place(store: Store) -> Path:
    """The folder of the published copy."""
    return store.published.resolve().parent


def state_of(folder: Path) -> State | None:
    """What the index in ``folder`` says of itself; None where there is none."""
    try:
        return State(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_state(folder: Path, state: State) -> None:
    """Note down what an index is, durably; the file that a link leads to stays as it was."""
    path = folder / _STATE
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(asdict(state)), encoding="utf-8")
    sync(path)


def sync(path: Path) -> None:
    """Make a file durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
