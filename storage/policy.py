"""The numbers of storage, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPolicy:
    """How long a writer waits for another one."""

    # Write windows last a second or two; two minutes cover a backfill's final publish of a
    # large store.  Giving up too early costs a run, too late only some patience.
    wait: timedelta = timedelta(minutes=2)
    # Short against a write window, long enough not to load the machine while waiting.
    poll: timedelta = timedelta(milliseconds=50)
    # A published file that somebody opened for writing is not waited for this long: readers
    # are served from a private copy instead.
    reader_wait: timedelta = timedelta(milliseconds=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePolicy:
    """How DuckDB keeps the file."""

    # The oldest layout that DuckDB 1.5 clients read; the writer is 2.0.
    format_version: str = "v1.5.0"
    # Checkpoints in the middle of a run cost more than the rows (1k rows/s against 24k measured
    # with one checkpoint at the end), so the log may grow to this before one is forced.
    wal_autocheckpoint: str = "1GB"
    # Most of what a batch asks for was written lately: itself, and articles of the same two weeks
    # (19,000 of a million over two years).  So many rows are looked at before the whole table.
    recent_rows: int = 50_000
    # Articles from which a batch goes to the file when it is committed, without a log.  Smaller
    # ones often share a window, and then one checkpoint at its end serves them all.
    written_through: int = 100
    # Keys a segment: 4,000 bytes.  DuckDB keeps strings of up to 4,096 in line, and reads longer
    # ones 2,048 at a time, whichever are asked for: 100 ms and 110 MB for a window of 4 MB.
    segment_keys: int = 1000
    # Segments read at once where many are: 20 MB.
    segments_at_once: int = 4096
    # Bytes of keys kept in memory from one write window to the next: 400,000 articles.  Two weeks
    # of 30,000 take 5 MB; the rest is for backfills, whose batches reach into many years.
    held_keys: int = 64 << 20
    # Ranges of days that one look-up of candidates reads: a batch of a few feeds has today and a
    # few old articles; planning a statement with more costs as much as it saves.
    day_ranges: int = 8
    # A copy that does not end in this time hangs on a dead network disk.  Seconds.
    copy_timeout: float = 600.0
    # Superseded copies kept: one, so that a reader who resolved the name just before the
    # replacement still finds its file.
    kept_copies: int = 1
    # A superseded copy is renewed in place only this long after it was superseded: a reader that
    # has resolved the name opens the file within milliseconds.  Seconds.
    out_of_use_after: float = 60.0
    # A publish merges row groups after so many write windows of its run, and each so-many-th
    # publish does whatever its run wrote: a scheduled run has three windows or so.  A merge takes
    # 0.2 s with nothing to do, and each window that waits for one takes 2 MB of the file.
    merge_after_windows: int = 8
    merge_every: int = 4
    # Backups made before an upgrade; the last few are enough to step back.
    kept_backups: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """When a run counts as dead."""

    # Whether a process on another host (or in a container that is gone) lives cannot be seen
    # from here; no run takes longer than this without having been noticed.
    foreign_run: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryBound:
    """How far a story is followed through its links."""

    # Steps of the walk over matches: chains of edits and excerpts in labelled sets end after 6.
    steps: int = 25
    # A cluster beyond this is boilerplate that slipped through, and following it further would
    # make every batch pay for it; nothing is lost, only left unmerged.
    nodes: int = 20_000


LOCK = LockPolicy()
STORAGE = StoragePolicy()
RUN = RunPolicy()
STORY = StoryBound()
