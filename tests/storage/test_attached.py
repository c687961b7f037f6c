"""A database file in a DuckDB that stays: nothing of one opening is left for the next."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from storage.attached import Attached, write_through
from storage.store import Store


def elsewhere(path: Path) -> str:
    """What another process says that opens the file and counts."""
    asked = f"import duckdb; print(duckdb.connect({str(path)!r}).sql('FROM t').fetchall())"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_between_two_openings_the_file_is_anybodys(tmp_path: Path) -> None:
    """Another process opens it, finds what was written, and its writing is found afterwards."""
    attached, path = Attached(), tmp_path / "live.duckdb"
    con = attached.open(path)
    con.execute("CREATE TABLE t AS SELECT 1 AS n")
    attached.close(con)
    assert elsewhere(path) == "[(1,)]"
    other = duckdb.connect(str(path))
    other.execute("INSERT INTO t VALUES (2)")
    other.close()
    con = attached.open(path)
    assert con.execute("SELECT n FROM t ORDER BY n").fetchall() == [(1,), (2,)]
    attached.close(con)


def test_temporary_tables_settings_and_transactions_end_with_an_opening(tmp_path: Path) -> None:
    """The next one begins as the first did, also with another file."""
    attached = Attached()
    con = attached.open(tmp_path / "a.duckdb")
    con.execute("CREATE TEMP TABLE kept (n INT)")
    con.execute("SET search_path = 'memory'; BEGIN; CREATE TABLE voltwire.lost (n INT)")
    attached.close(con)
    for name in ("a.duckdb", "b.duckdb"):
        con = attached.open(tmp_path / name)
        assert con.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []
        con.execute("CREATE TABLE here (n INT)")
        assert con.execute("SELECT database_name FROM duckdb_tables()").fetchall() == [
            ("voltwire",)
        ]
        con.execute("DROP TABLE here")
        attached.close(con)


def test_a_duckdb_that_failed_is_not_used_again(tmp_path: Path) -> None:
    """After an error, and where somebody closed all of it, the next opening has a new one."""
    attached, path = Attached(), tmp_path / "live.duckdb"
    con = attached.open(path)
    con.execute("CREATE TABLE t AS SELECT 1 AS n")
    before = attached._kept[0]
    attached.sound = False
    attached.close(con)
    con = attached.open(path)
    assert attached._kept[0] is not before
    attached._kept[0].close()
    attached.close(con)
    con = attached.open(path)
    assert con.execute("FROM t").fetchall() == [(1,)]
    attached.close(con)


def test_an_error_in_a_transaction_ends_duckdb_though_nobody_hears_of_it(tmp_path: Path) -> None:
    """What failed inside itself would fail again; the next opening has a new one."""
    store = Store(tmp_path / "store")
    with store.opened() as transaction:
        with transaction() as con:
            con.execute("CREATE TABLE t AS SELECT 1 AS n")
        before = store._attached._kept[0]
        with pytest.raises(duckdb.Error), transaction() as con:
            con.execute("no SQL")
    assert store._attached._kept == []
    with store.write() as con:
        assert con.execute("FROM t").fetchall() == [(1,)]
    assert store._attached._kept[0] is not before


def test_a_file_that_is_no_database_is_told_and_then_forgotten(tmp_path: Path) -> None:
    """An opening that fails leaves nothing attached that would stand in the way of the next."""
    attached, path = Attached(), tmp_path / "live.duckdb"
    path.write_text("no database" * 1000)
    with pytest.raises(duckdb.Error):
        attached.open(path)
    path.unlink()
    con = attached.open(path)
    con.execute("CREATE TABLE t AS SELECT 1 AS n")
    attached.close(con)


def test_a_store_travels_without_its_duckdb(tmp_path: Path) -> None:
    """Handed to another process, it opens the file with a DuckDB of its own."""
    store = Store(tmp_path / "store")
    with store.write() as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS n")
    other = pickle.loads(pickle.dumps(store))
    with other.write() as con:
        assert con.execute("FROM t").fetchall() == [(1,)]


def test_a_large_transaction_leaves_no_log_and_the_next_one_does(tmp_path: Path) -> None:
    """Written through, its rows are in the file once it is committed; that is said once."""
    store = Store(tmp_path / "store")
    log = store.live.with_name(store.live.name + ".wal")
    with store.opened() as transaction:
        with transaction() as con:
            con.execute(
                "CREATE TABLE t AS SELECT range AS n, repeat('x', 99) AS s FROM range(9999)"
            )
            write_through(con)
        assert not log.exists()
        with transaction() as con:
            con.execute("INSERT INTO t SELECT range, repeat('y', 99) FROM range(9999)")
        assert log.stat().st_size > 0
    assert not log.exists()
    with store.write() as con:
        assert con.execute("SELECT count(*) FROM t").fetchall() == [(2 * 9999,)]


def test_a_large_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Also where it was to be written through."""
    store = Store(tmp_path / "store")
    with store.write() as con:
        con.execute("CREATE TABLE t AS SELECT range FROM range(9999)")
        write_through(con)
    with suppress(duckdb.Error), store.write() as con:
        con.execute("INSERT INTO t FROM range(9999)")
        write_through(con)
        con.execute("no SQL")
    with store.write() as con:
        assert con.execute("SELECT count(*) FROM t").fetchall() == [(9999,)]
