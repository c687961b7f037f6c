"""The store folder: open, transact, close, publish; with ``attached`` all that connects to DuckDB.

Writers work on ``live.duckdb`` in short windows under an OS file lock; people read
``voltwire.duckdb``, replaced whole by ``publish``.  Neither ever waits for the other.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from storage import compaction, migrate
from storage.attached import CATALOG, Attached, log_first, set_up
from storage.errors import StoreBusy, StoreError, StoreFault, StoreFull, StoreMissing
from storage.lock import locked
from storage.policy import LOCK, STORAGE
from storage.publish import Published, copy_file, heal, next_number, publish_copy

_HELD = re.compile(r"Conflicting lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)", re.S)
_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|failed to offload|"
    r"max_temp_directory_size",
    re.I,
)
# What DuckDB raises when it finds its own memory or bookkeeping wrong, never for a wrong query.
_FAULTS = (duckdb.InternalException, duckdb.FatalException, duckdb.TransactionException)
Transaction = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]


class Store:
    """A store folder.  Making one touches nothing; the folder comes with the first write."""

    def __init__(
        self, folder: Path, *, wait: timedelta = LOCK.wait, purpose: str = "voltwire"
    ) -> None:
        self.folder = folder
        self._wait = wait
        self._purpose = purpose
        self._windows = 0
        self._attached = Attached()

    @property
    def live(self) -> Path:
        """The writer's database."""
        return self.folder / "live.duckdb"

    @property
    def published(self) -> Path:
        """The database that people query."""
        return self.folder / "voltwire.duckdb"

    @property
    def archive(self) -> Path:
        """The folder of WARC files."""
        return self.folder / "archive"

    @property
    def lock(self) -> Path:
        """The lock file of the writers."""
        return self.folder / "voltwire.lock"

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on the live database: committed at the end, rolled back on any exception.

        Makes or upgrades the database first.  Raises ``StoreBusy`` when another process does not
        let go in time, ``StoreFault`` when DuckDB fails inside itself, ``StoreFull``,
        ``StoreTooNew``, ``StoreError``.
        """
        with self.opened() as transaction, transaction() as con:
            yield con

    @contextmanager
    def opened(self) -> Iterator[Transaction]:
        """The live database for some transactions one after another, each as one of ``write``.

        To open and close it takes more than a small transaction does.  Others wait meanwhile, so
        this is for work that is at hand.  After one that failed the block has to end.
        """
        with self._alone(), self._migrated() as con:
            yield partial(self._transaction, con)

    @contextmanager
    def _transaction(self, con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        self._windows += 1
        try:
            with _explained(self.live):
                log_first(con)
                con.execute("BEGIN")
                yield con
                con.execute("COMMIT")
        except BaseException:
            # Whoever keeps the error to himself, as a line of waiting work does, must not keep a
            # DuckDB that failed inside itself.
            self._attached.sound = False
            with suppress(duckdb.Error):
                con.execute("ROLLBACK")
            raise

    def publish(self) -> Published:
        """Put the live database's content in place for readers.

        If anything fails the old published file stays.  Raises as ``write`` does.
        """
        with self._alone() as lock:
            with self._migrated() as con, _explained(self.live):
                if compaction.is_due(self._windows, next_number(self.published)):
                    compaction.merge_row_groups(con, CATALOG)
                    self._windows = 0
                con.execute(f"CHECKPOINT {CATALOG}")
            log = self.live.with_name(self.live.name + ".wal")
            if log.exists() and log.stat().st_size > 0:
                raise StoreError(
                    f"{self.live.name} did not take in its log", hint="run the command again"
                )
            return publish_copy(self.live, self.published, lock=lock)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published database, read-only and consistent for as long as it is open.

        Raises ``StoreMissing`` when nothing has been published, ``StoreError`` when the file
        cannot be read.
        """
        if not self.published.exists():
            raise StoreMissing(self.published)
        with ExitStack() as opened:
            con = self._open_published(opened)
            opened.callback(con.close)
            set_up(con)
            yield con

    def _open_published(self, opened: ExitStack) -> duckdb.DuckDBPyConnection:
        """Open the published file, or a private copy while somebody has it open for writing."""
        deadline = time.monotonic() + LOCK.reader_wait.total_seconds()
        while True:
            try:
                return duckdb.connect(str(self.published), read_only=True)
            except duckdb.IOException as error:
                if "WAL" in str(error) and heal(self.published):
                    continue
                if not _HELD.search(str(error)):
                    raise _translated(error, self.published) from error
            except duckdb.Error as error:
                raise _translated(error, self.published) from error
            if time.monotonic() >= deadline:
                break
            time.sleep(LOCK.poll.total_seconds())
        scratch = opened.enter_context(tempfile.TemporaryDirectory(prefix="voltwire-read-"))
        private = Path(scratch) / self.published.name
        while True:
            source = self.published.resolve()
            copy_file(source, private)
            # A copy that is renewed loses its name first: what has kept it was whole throughout.
            if source.exists():
                break
            private.unlink()
        try:
            return duckdb.connect(str(private), read_only=True)
        except duckdb.Error as error:
            raise _translated(error, self.published) from error

    @contextmanager
    def _alone(self) -> Iterator[int]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the store folder {self.folder}: {error.strerror}",
                hint="name another folder with --store",
            ) from error
        with locked(self.lock, wait=self._wait, purpose=self._purpose) as handle:
            yield handle

    @contextmanager
    def _migrated(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The live database, made or upgraded first; closed at the end."""
        existed = self.live.exists()
        con = self._open()
        try:
            with _explained(self.live):
                todo = migrate.pending(con)
                if todo and existed and migrate.applied(con):
                    # The copy is taken while the file is closed; nobody else gets in between,
                    # for the lock is ours.
                    con.execute(f"CHECKPOINT {CATALOG}")
                    self._attached.close(con)
                    self._back_up()
                    con = self._open()
                migrate.migrate(con, todo)
            yield con
        except BaseException:
            self._attached.sound = False
            raise
        finally:
            self._attached.close(con)

    def _open(self) -> duckdb.DuckDBPyConnection:
        """Open the live database, waiting while another program has it open."""
        deadline = time.monotonic() + self._wait.total_seconds()
        while True:
            try:
                return self._attached.open(self.live)
            except duckdb.Error as error:
                held = _HELD.search(str(error))
                if held is None:
                    raise _translated(error, self.live) from error
                if time.monotonic() >= deadline:
                    program = Path(held["program"] or "a program").name
                    raise StoreBusy(
                        f"{self.live.name} is open in {program} (PID {held['pid']})",
                        hint=f"close it there; to query, open {self.published.name} instead",
                    ) from error
                time.sleep(LOCK.poll.total_seconds())

    def _back_up(self) -> None:
        number = 1
        while (target := self.folder / f"live.backup-{number}.duckdb").exists():
            number += 1
        try:
            copy_file(self.live, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        old = sorted(
            self.folder.glob("live.backup-*.duckdb"), key=lambda path: path.stat().st_mtime
        )
        for path in old[: -STORAGE.kept_backups]:
            path.unlink(missing_ok=True)


def connect_memory() -> duckdb.DuckDBPyConnection:
    """An empty store in memory, migrated: for documentation and tests."""
    con = duckdb.connect(":memory:")
    set_up(con)
    migrate.migrate(con)
    return con


def connect_scratch(spill: Path, *, memory_mib: int, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, for work on Parquet files, with bounded memory.

    Args:
        spill: a folder for what does not fit in memory.
        memory_mib: how much DuckDB may hold there.
        threads: that it may use; several only for who is alone on the machine.
    """
    con = duckdb.connect(":memory:")
    set_up(con)
    quoted = str(spill).replace("'", "''")
    con.execute(f"SET threads={int(threads)}; SET memory_limit='{int(memory_mib)}MiB'")
    con.execute(f"SET temp_directory='{quoted}'")
    return con


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn DuckDB's word for a full disk or a broken file into ours; pass the rest on."""
    try:
        yield
    except duckdb.Error as error:
        translated = _translated(error, path)
        if type(translated) is StoreError:
            if isinstance(error, _FAULTS):
                raise StoreFault(
                    f"DuckDB failed while writing {path.name}: {_first_line(error)}",
                    hint="run it again; what was stored before is whole",
                ) from error
            if not isinstance(error, duckdb.SerializationException):
                raise
        raise translated from error


def _translated(error: duckdb.Error, path: Path) -> StoreError:
    first = _first_line(error)
    if _FULL.search(str(error)):
        return StoreFull(
            f"no room to write {path.name}: {first}",
            hint="free some disk space and run it again; what was stored before is whole",
        )
    return StoreError(
        f"cannot open {path}: {first}",
        hint="is it a DuckDB file that you may read and write?",
    )


def _first_line(error: duckdb.Error) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
