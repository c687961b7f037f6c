"""Batches onto the shelf: what a worker does in place of writing to the store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flows import knowledge, shard_file
from flows.save import Saved
from flows.shard import Ledger, Origin, Shard
from ingest.archive import ArchiveWriter
from storage.shelf import Shelf
from storage.store import Store

ARCHIVE = "archive"
# What is noted beside batches waits for the next one: a feed's end alone would make a file of one
# row for each feed and route.  A worker that is killed has so many days looked at once more.
WAITING_NOTES = 2_000


class Shelving:
    """Writes a piece's shards, in order, each after the archive files that it points to.

    Args:
        shelf: where they go.
        scratch: the worker's own store, which is told of each.
        folder: of the piece on the shelf.
        origin: of the piece's first shard.
        archive: what the pages are written with; None where nothing is.
    """

    def __init__(
        self,
        shelf: Shelf,
        scratch: Store,
        folder: str,
        origin: Origin,
        archive: ArchiveWriter | None = None,
    ) -> None:
        self.archive = archive
        self.written = 0
        """Shards."""
        self._shelf, self._scratch, self._folder = shelf, scratch, folder
        self._origin = origin
        self._waiting: list[Ledger] = []
        self._unsent: list[Path] = []

    def put(self, shard: Shard) -> Saved:
        """Keep ``shard`` safe; what will become of it, as far as that is known here.

        A shard without entries may wait for the next one with some, or for ``close``.
        """
        if not shard.digested:
            self._waiting.append(shard.ledger)
            if sum(len(one.covered) for one in self._waiting) >= WAITING_NOTES:
                self._write(Shard(at=shard.at))
            return knowledge.remember(self._scratch, shard)
        self._write(shard)
        return knowledge.remember(self._scratch, shard)

    def close(self, at: datetime) -> None:
        """Write what waits, and what is left of the archive."""
        if self._waiting:
            self._write(Shard(at=at))
        else:
            self._send_archive()

    def _write(self, shard: Shard) -> None:
        # Before the shard: one that is there points to nothing that is not.
        self._send_archive()
        origin = replace(self._origin, number=self.written)
        whole = replace(shard.after(self._waiting), origin=origin)
        name = f"{self._folder}/{origin.number:05}-{origin.shard_id}.parquet"
        with tempfile.TemporaryDirectory(prefix="voltwire-shard-") as folder:
            path = Path(folder) / "shard.parquet"
            shard_file.write(path, whole)
            self._shelf.put(path, name)
        self.written += 1
        self._waiting.clear()

    def _send_archive(self) -> None:
        if self.archive is None:
            return
        self._unsent += self.archive.finished()
        while self._unsent:
            inside = self._unsent[0].relative_to(self._scratch.archive).as_posix()
            self._shelf.put(self._unsent[0], f"{self._folder}/{ARCHIVE}/{inside}")
            del self._unsent[0]
