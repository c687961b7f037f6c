"""Answers that a run which was stopped had got and not used to the end, for the run after it.

A backfill that is killed has fetched pages that it did not come to save, and walked listings up to
them.  Both are in its archive files; whoever takes its work up asks there first:

    files of the stopped run -> url -> its answers, oldest first -> each handed out once

An address that was asked twice (a listing that moves is read again) gets the answers in the same
order as the run before did, and after the last one the site is asked.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ingest.archive import BODY_LIMIT, run_of
from ingest.errors import ArchiveError
from ingest.models import ArchivePointer
from ingest.replay import replay_key
from ingest.warc import Recorded, read_record, read_records

# Answers that say "not now" are asked for again.
_PASSING = frozenset({304, 408, 425, 429})


class Earlier:
    """Where the answers of stopped runs lie; safe to ask from several threads."""

    def __init__(self) -> None:
        self._folder = Path()
        self._places: dict[str, deque[tuple[Path, int]]] = {}
        self._lock = threading.Lock()
        self.taken = 0
        """Answers handed out."""

    def __len__(self) -> int:
        """Number of answers left."""
        return sum(map(len, self._places.values()))

    @classmethod
    def of(cls, folder: Path, runs: Mapping[str, datetime], since: datetime) -> Earlier:
        """The answers from ``since`` on that ``runs`` put into the archive ``folder``.

        Files that cannot be read count as not there: what they held is asked for again.

        Args:
            runs: id -> when it started.
        """
        found: list[tuple[datetime, int, str, Path]] = []
        # A file's name begins with the time at which it was made.
        first = f"{min(runs.values()):%Y%m%dT%H%M%SZ}" if runs else ""
        for path in sorted(folder.rglob("*.warc.gz")) if runs else ():
            if path.name < first or run_of(path) not in runs:
                continue
            try:
                found.extend(
                    (one.at, one.offset, replay_key(one.url), path)
                    for one in read_records(path, body_limit=BODY_LIMIT, bodies=False)
                    if one.at >= since and one.status < 500 and one.status not in _PASSING
                )
            except ArchiveError:
                continue  # the end that a kill cut off; what came before it was read
        earlier = cls()
        earlier._folder = folder
        places: defaultdict[str, deque[tuple[Path, int]]] = defaultdict(deque)
        for _, offset, key, path in sorted(found):
            places[key].append((path, offset))
        earlier._places = dict(places)
        return earlier

    def take(self, url: str) -> tuple[Recorded, ArchivePointer] | None:
        """The next answer from ``url`` and where it lies; None when it has to be asked for."""
        with self._lock:
            waiting = self._places.get(replay_key(url))
            if not waiting:
                return None
            path, offset = waiting.popleft()
        try:
            record = read_record(path, offset, body_limit=BODY_LIMIT)
        except ArchiveError:
            return None
        if record.refused:
            return None
        self.taken += 1
        return record, ArchivePointer(file=path.relative_to(self._folder).as_posix(), offset=offset)
