"""The loader: what lies on the shelf into the store, one shard after another, each once.

There may be as many workers as you like and one loader: the store has one writer.  Who starts a
second one is told of the first.  Stopped at any moment it goes on where it was.
"""

from __future__ import annotations

import logging
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath

from flows import shard_file
from flows.knowledge import KNOWN
from flows.loading import grouped, load_together
from flows.save import Saved
from flows.shard import Shard
from flows.shelving import ARCHIVE
from storage import runs, shards
from storage.lock import locked
from storage.shelf import Shelf
from storage.store import Store

_LOG = logging.getLogger(__name__)
_SHARD = ".parquet"


@dataclass(slots=True)
class Taken:
    """What was loaded."""

    shards: int = 0
    again: int = 0
    """Shards that were in the store already."""
    entries: int = 0
    stored: int = 0
    edited: int = 0
    known: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """reason -> entries rejected for it."""
    duplicates: int = 0
    new_stories: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    """Name of a file -> why it could not be read; it stays where it is."""

    def count(self, saved: Saved) -> None:
        """Add what a shard changed."""
        self.again += saved.again
        self.shards += not saved.again
        self.entries += len(saved.status_of)
        for status in saved.status_of.values():
            if status == "new":
                self.stored += 1
            elif status == "changed":
                self.edited += 1
            elif status == "known":
                self.known += 1
            else:
                self.reasons[status] = self.reasons.get(status, 0) + 1
        self.duplicates += saved.duplicates
        self.new_stories += saved.new_stories


class Loader:
    """Takes shards in from one shelf to one store.

    Args:
        wait: for another loader of the store to end.
        loaded: told of each shard, outside of any window; what it raises stops the loader.
    """

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        *,
        wait: timedelta = timedelta(0),
        loaded: Callable[[Saved], None] | None = None,
    ) -> None:
        self.taken = Taken()
        self._store, self._shelf, self._wait, self._loaded = store, shelf, wait, loaded
        self._done: set[str] = set()
        """Names of files that need not be looked at again."""
        self._name_of: dict[int, str] = {}

    def load(self, run_id: str) -> int:
        """Take in what lies there of a run and is not in the store; the number of shards taken.

        Raises ``StoreBusy`` where another loader is at work, and what ``Store.write`` does.
        """
        with ExitStack() as held:
            self._store.folder.mkdir(parents=True, exist_ok=True)
            path = self._store.folder / "loader.lock"
            held.enter_context(locked(path, wait=self._wait, purpose="voltwire load"))
            scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="voltwire-load-")))
            return self._load(run_id, scratch)

    def load_all(self, *, clear: bool = False, strangers: bool = False) -> int:
        """The same for every run on the shelf.

        Args:
            clear: remove what is left of this store's runs that are over.
            strangers: also the runs of other stores, which stay where they are.
        """
        number = 0
        for run_id in self._shelf.folders():
            ours = self._shelf.read(owner_name(run_id)) in (None, owner(self._store))
            if ours or strangers:
                number += self.load(run_id)
            if ours and clear and not self._is_under_way(run_id):
                self.clear(run_id)
        return number

    def clear(self, run_id: str) -> None:
        """Remove a run from the shelf, unless something of it is not in the store."""
        prefix = f"{run_id}/"
        if any(name.startswith(prefix) for name in self.taken.unreadable):
            return
        with self._store.write() as con:
            loaded = shards.loaded(con, run_id)
        left = [one for one in self._shards(run_id) if _id_of(one) not in loaded]
        if left:
            return
        self._shelf.clear(run_id)
        with self._store.write() as con:
            shards.forget(con, [run_id])

    def _is_under_way(self, run_id: str) -> bool:
        with self._store.write() as con:
            return runs.is_running(con, run_id)

    def _load(self, run_id: str, scratch: Path) -> int:
        waiting = [name for name in self._shards(run_id) if name not in self._done]
        if not waiting:
            return 0
        with self._store.write() as con:
            loaded = shards.loaded(con, run_id)
        self._done |= {name for name in waiting if _id_of(name) in loaded}
        # listed after the shards, each of which was written after the archive that it points to
        self._take_archive(run_id)
        number = 0
        for group in grouped(self._read(waiting, scratch)):
            for shard, saved in zip(group, load_together(self._store, group), strict=True):
                self._done.add(self._name_of.pop(id(shard)))
                self.taken.count(saved)
                number += not saved.again
                if self._loaded is not None:
                    self._loaded(saved)
        return number

    def _read(self, names: Sequence[str], scratch: Path) -> Iterator[Shard]:
        """The shards of those names that are not loaded, each when it is wanted."""
        for name in names:
            if name in self._done or name in self.taken.unreadable:
                continue
            try:
                with self._shelf.at_hand(name, scratch) as path:
                    shard = shard_file.read(path)
            except shard_file.ShardUnreadable as error:
                # It stays for a person to look at; the others do not wait for it.
                _LOG.warning("%s", error)
                self.taken.unreadable[name] = str(error)
                continue
            self._name_of[id(shard)] = name
            yield shard

    def _shards(self, run_id: str) -> list[str]:
        return [
            name
            for name in self._shelf.names(run_id, _SHARD)
            if PurePosixPath(name).parts[2:3] != (KNOWN,)
        ]

    def _take_archive(self, run_id: str) -> None:
        for name, size in self._shelf.names(run_id, ".warc.gz").items():
            parts = PurePosixPath(name).parts
            if len(parts) < 5 or parts[3] != ARCHIVE or name in self._done:
                continue
            target = self._store.archive.joinpath(*parts[4:])
            if not target.exists() or target.stat().st_size != size:
                self._shelf.get(name, target)
            self._done.add(name)


def owner_name(run_id: str) -> str:
    """Where a run says which store it is for: several may use one shelf."""
    return f"{run_id}/store.txt"


def owner(store: Store) -> str:
    """What stands there."""
    return f"{socket.gethostname()}:{store.folder.resolve()}"


def _id_of(name: str) -> str:
    """The id in the name of a shard's file, ``00012-<id>.parquet``."""
    return PurePosixPath(name).stem.rpartition("-")[2]
