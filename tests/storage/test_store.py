"""The store folder: writing, reading, publishing, with real second processes."""

from __future__ import annotations

import json
import resource
import signal
from contextlib import contextmanager
from datetime import timedelta

import duckdb
import pytest

from storage.errors import StoreBusy, StoreError, StoreFull, StoreMissing
from storage.store import Store
from tests.process_support import other_process, tell

pytestmark = pytest.mark.usefixtures("stores_are_made")

NO_WAIT = timedelta(0)
SOME_WAIT = timedelta(seconds=20)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "deep" / "store", wait=SOME_WAIT)


def add(store, name):
    with store.write() as con:
        con.execute("INSERT INTO core.article_urls (url, article_id) VALUES ($n, $n)", {"n": name})


def names(store):
    with store.read() as con:
        return sorted(row[0] for row in con.execute("SELECT url FROM article_urls").fetchall())


WRITER = """
    import sys
    from pathlib import Path
    from storage.store import Store
    with Store(Path(sys.argv[1]), purpose="the other run").write() as con:
        con.execute("INSERT INTO core.article_urls (url, article_id) VALUES ('other', 'other')")
        print("ready")
        sys.stdin.readline()
    print("done")
"""
BY_HAND = """
    import sys, duckdb
    con = duckdb.connect(sys.argv[1])
    print("ready")
    sys.stdin.readline()
    con.execute("CREATE TABLE IF NOT EXISTS scratch AS SELECT 1 AS n")
    print("written")
    sys.stdin.readline()
    con.close()
    print("closed")
    sys.stdin.readline()
"""


def test_nothing_published_is_told_with_what_to_do(store):
    """Reading an absent store raises StoreMissing with a hint and makes nothing."""
    with pytest.raises(StoreMissing) as raised, store.read():
        pass
    assert "voltwire demo" in raised.value.hint
    assert not store.folder.exists()


def test_written_rows_show_after_publishing(store):
    """Readers see the last published state, not what was written since."""
    add(store, "a")
    assert store.publish().path == store.published
    add(store, "b")
    assert names(store) == ["a"]
    store.publish()
    assert names(store) == ["a", "b"]


def test_an_exception_takes_its_window_back(store):
    """Nothing of a write window that raised is stored."""
    with pytest.raises(RuntimeError), store.write() as con:  # noqa: PT012
        con.execute("INSERT INTO core.article_urls (url, article_id) VALUES ('a', 'a')")
        raise RuntimeError
    store.publish()
    assert names(store) == []


def test_sessions_speak_utc_and_readers_cannot_write(store):
    """Times come out in UTC wherever the machine stands; the published file is read-only."""
    with store.write() as con:
        assert con.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    store.publish()
    with store.read() as con:
        assert con.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
        with pytest.raises(duckdb.Error):
            con.execute("CREATE TABLE t AS SELECT 1")


def test_the_file_keeps_a_layout_that_older_clients_read(store):
    """DuckDB 1.5 clients open what 2.0 wrote."""
    store.publish()
    with store.read() as con:
        tags = con.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'voltwire'"
        ).fetchone()
    assert "v1.5" in str(tags)


def test_a_second_writer_waits_then_names_the_first(store):
    """The message of StoreBusy says who holds the store; after release the write goes through."""
    with other_process(WRITER, store.folder) as process:
        impatient = Store(store.folder, wait=NO_WAIT)
        with pytest.raises(StoreBusy) as raised, impatient.write():
            pass
        assert "the other run" in str(raised.value)
        assert f"PID {process.pid}" in str(raised.value)
        assert "\n" not in str(raised.value)
        assert tell(process) == "done"
        add(store, "mine")
    store.publish()
    assert names(store) == ["mine", "other"]


def test_a_killed_writer_loses_only_its_open_window(store):
    """kill -9 in a window: what was committed before stays, the lock is free at once."""
    add(store, "before")
    with other_process(WRITER, store.folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        add(Store(store.folder, wait=NO_WAIT), "after")
    store.publish()
    assert names(store) == ["after", "before"]


def test_the_live_file_open_by_hand_is_waited_for_and_named(store):
    """A shell on live.duckdb makes a run wait, then say which process, then go on when closed."""
    add(store, "a")
    with other_process(BY_HAND, store.live) as process:
        with pytest.raises(StoreBusy) as raised, Store(store.folder, wait=NO_WAIT).write():
            pass
        assert f"PID {process.pid}" in str(raised.value)
        assert "voltwire.duckdb" in raised.value.hint
        tell(process, answer=False)
        tell(process, answer=False)
        add(store, "b")
    store.publish()
    assert names(store) == ["a", "b"]


READER = """
    import json, select, sys, duckdb
    seen, errors, told = [], [], False
    print("ready")
    while not told:
        told = bool(select.select([sys.stdin], [], [], 0)[0])
        try:
            con = duckdb.connect(sys.argv[1], read_only=True)
            for _ in range(3):
                seen.append(con.execute("SELECT count(*) FROM article_urls").fetchone()[0])
            if len(set(seen[-3:])) != 1:
                errors.append(f"a view that moved: {seen[-3:]}")
            con.close()
        except Exception as error:
            errors.append(str(error))
    print(json.dumps({"seen": sorted(set(seen)), "errors": errors}))
"""


def test_readers_in_another_process_never_see_an_error_under_publishing(store):
    """Twenty publishes under a looping reader: no error, no moving view, the last rows seen."""
    store.publish()
    with other_process(READER, store.published) as process:
        for number in range(20):
            add(store, str(number))
            store.publish()
        told = json.loads(tell(process))
    assert told["errors"] == []
    assert told["seen"][-1] == 20


def test_scratch_tables_in_the_published_file_hurt_nobody(store):
    """Open for writing, written uncommitted and committed across publishes: readers read on."""
    add(store, "a")
    store.publish()
    with other_process(BY_HAND, store.published) as process:
        # The very file is held for writing by them: our reader takes a copy of its own.
        assert names(store) == ["a"]
        add(store, "b")
        store.publish()
        assert names(store) == ["a", "b"]
        assert tell(process) == "written"
        assert names(store) == ["a", "b"]
        store.publish()
        duckdb.connect(str(store.published), read_only=True).close()
        assert tell(process) == "closed"
        store.publish()
        assert names(store) == ["a", "b"]


def test_a_log_left_by_a_killed_shell_does_not_reach_the_next_copy(store):
    """A scratch table whose shell was killed leaves its log with the copy it belongs to."""
    store.publish()
    with other_process(BY_HAND, store.published) as process:
        assert tell(process) == "written"
    add(store, "a")
    store.publish()
    con = duckdb.connect(str(store.published), read_only=True)
    assert con.execute("SELECT count(*) FROM article_urls").fetchone() == (1,)
    assert con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name='scratch'"
    ).fetchone() == (0,)
    con.close()


def test_a_stray_log_beside_the_published_name_is_healed(store, tmp_path):
    """A foreign log beside the name, left is gone after a publish or read."""
    other = duckdb.connect(str(tmp_path / "other.duckdb"))
    other.execute("SET wal_autocheckpoint='1GB'")
    other.execute("CREATE TABLE t AS SELECT 1")
    stray = store.published.with_name("voltwire.duckdb.wal")
    add(store, "a")
    stray.write_bytes((tmp_path / "other.duckdb.wal").read_bytes())
    store.publish()
    assert not stray.exists()
    assert names(store) == ["a"]
    other.close()


def test_a_plain_published_file_is_replaced_by_the_link(store):
    """A store whose published file is a file, as a copied folder has, publishes on."""
    add(store, "a")
    store.publish()
    plain = store.published.read_bytes()
    store.published.unlink()
    store.published.write_bytes(plain)
    assert names(store) == ["a"]
    add(store, "b")
    store.publish()
    assert names(store) == ["a", "b"]


def test_superseded_copies_do_not_pile_up(store):
    """One superseded copy is kept for late readers, no more, nor leftovers of killed publishes."""
    for number in range(4):
        add(store, str(number))
        store.publish()
    (store.folder / "published" / "99").mkdir()
    (store.folder / "published" / "99" / "voltwire.duckdb").write_bytes(b"half")
    store.publish()
    assert len(list((store.folder / "published").iterdir())) == 2
    assert names(store) == ["0", "1", "2", "3"]


@contextmanager
def file_limit(size):
    """No file of this process and its children may grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_publish_without_room_leaves_the_old_file(store):
    """Under a file size limit publishing fails in one line, and the published file stays whole."""
    add(store, "a")
    store.publish()
    add(store, "b")
    with file_limit(50_000), pytest.raises(StoreFull) as raised:
        store.publish()
    assert "\n" not in str(raised.value)
    assert raised.value.hint
    assert names(store) == ["a"]
    assert len(list((store.folder / "published").iterdir())) == 1
    store.publish()
    assert names(store) == ["a", "b"]


def test_a_write_without_room_keeps_what_was_stored(store):
    """A window that cannot be written fails as StoreFull, and the store opens again."""
    add(store, "a")
    size = store.live.stat().st_size
    with file_limit(size), pytest.raises(StoreFull), store.write() as con:
        con.execute(
            "INSERT INTO core.article_urls (url, article_id) "
            "SELECT uuid(), uuid() FROM range(300000)"
        )
    add(store, "b")
    store.publish()
    assert names(store) == ["a", "b"]


def test_a_failing_copy_leaves_the_old_file(store, monkeypatch):
    """When no process can be started to copy with, publishing says so and changes nothing."""
    add(store, "a")
    store.publish()
    add(store, "b")
    monkeypatch.setattr("storage.publish.sys.executable", "/nowhere/python")
    with pytest.raises(StoreError, match="cannot start"):
        store.publish()
    assert names(store) == ["a"]


def test_a_broken_file_is_told_in_one_line(store):
    """A live or published file that is no database is named, with a hint."""
    store.folder.mkdir(parents=True)
    store.live.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError) as raised, store.write():
        pass
    assert "live.duckdb" in str(raised.value)
    assert "\n" not in str(raised.value)
    store.published.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError), store.read():
        pass


def test_a_folder_that_cannot_be_is_told(tmp_path):
    """A file where the folder should be is one line, not a trace."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError), Store(tmp_path / "file" / "store").write():
        pass


def test_wrong_sql_stays_what_duckdb_says(store):
    """Errors of a query are the caller's to explain."""
    store.publish()
    with pytest.raises(duckdb.ParserException), store.read() as con:
        con.execute("SELEC 1")
    with pytest.raises(duckdb.CatalogException), store.write() as con:
        con.execute("SELECT * FROM nowhere")


def test_publishing_does_not_drop_the_lock_of_a_writer_at_work(store):
    """While another process writes, a publish waits for it instead of copying under it."""
    with other_process(WRITER, store.folder) as process:
        with pytest.raises(StoreBusy):
            Store(store.folder, wait=NO_WAIT).publish()
        with pytest.raises(duckdb.IOException):
            duckdb.connect(str(store.live))
        assert tell(process) == "done"
