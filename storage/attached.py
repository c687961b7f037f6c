"""A database file in a DuckDB that stays: a write window takes 19 ms of processor time, not 46.

Most of the 46 went into making a DuckDB, with its functions and its threads; a run opens the store
hundreds of times.  Between two openings nothing of the file is left in the process, neither
the lock on it nor its blocks, so other programs come in between as before.
"""

from __future__ import annotations

import weakref
from contextlib import suppress
from pathlib import Path

import duckdb

from storage import compaction
from storage.policy import STORAGE

CATALOG = "voltwire"
"""The file's name in SQL while it is open."""

_GIVE_BACK = "RESET memory_limit"
"""DuckDB hands memory that it has freed back to the system where it ends or where its limit is set,
and by no other word: a batch of 500 articles leaves 44 MiB without it."""


class Attached:
    """One file at a time, for whoever holds the store's lock.  Made without touching anything."""

    def __init__(self) -> None:
        self._kept: list[duckdb.DuckDBPyConnection] = []
        self.sound = True
        """To be unset by whoever meets an error: then DuckDB ends with this opening."""
        # At the latest when the interpreter ends: DuckDB reports as leaks what is there after it.
        weakref.finalize(self, self._kept.clear)

    def __reduce__(self) -> tuple[type[Attached], tuple[()]]:
        """Another process makes a DuckDB of its own."""
        return type(self), ()

    def open(self, path: Path) -> duckdb.DuckDBPyConnection:
        """A connection of its own, with temporary tables of its own.  Raises ``duckdb.Error``."""
        if not self._kept:
            self._kept.append(duckdb.connect(":memory:"))
        con = None
        self.sound = True
        try:
            con = self._kept[0].cursor()
            set_up(con)
            log_first(con)
            con.execute(compaction.NEVER)
            quoted = str(path).replace("'", "''")
            con.execute(
                f"ATTACH '{quoted}' AS {CATALOG} (STORAGE_VERSION '{STORAGE.format_version}')"
            )
            con.execute(f"USE {CATALOG}")
        except BaseException:
            self.sound = False
            self.close(con)
            raise
        return con

    def close(self, con: duckdb.DuckDBPyConnection | None) -> None:
        """End what ``open`` gave.  Unless all went well, DuckDB is ended with it and made anew.

        Closing takes the log into the file; when that fails (no room) the log stays beside it and
        is read at the next opening, so nothing committed is lost.
        """
        with suppress(duckdb.Error):
            if con is not None:
                con.close()
            if self.sound and self._kept:
                self._kept[0].execute(f"DETACH {CATALOG}")
                self._kept[0].execute(_GIVE_BACK)
                return
        # A DuckDB that failed may hold the file, or be of no use any more.
        while self._kept:
            with suppress(duckdb.Error):
                self._kept.pop().close()


def log_first(con: duckdb.DuckDBPyConnection) -> None:
    """Let what is committed go to the log first: the file takes it in when it is closed."""
    con.execute(f"SET wal_autocheckpoint='{STORAGE.wal_autocheckpoint}'")


def write_through(con: duckdb.DuckDBPyConnection) -> None:
    """Let the transaction at hand go to the file when it is committed, and not to the log first.

    As safe: the file's header is the last that is written.  For a large one, which is otherwise
    written twice: 500 articles take 6 MB of log.
    """
    con.execute("SET wal_autocheckpoint='0B'")


def set_up(con: duckdb.DuckDBPyConnection) -> None:
    """What every connection of the project is told."""
    con.execute("SET TimeZone='UTC'")
    # DuckDB draws it on stdout, in the midst of JSON, where it takes a process for a person's.
    con.execute("SET enable_progress_bar=false")
    # A table name that is not there must be an error, not a Python variable of that name.
    con.execute("SET python_enable_replacements=false")
