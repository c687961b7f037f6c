"""Renewing the copy that is out of use: quick, and never under somebody who has it open."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from storage import copying
from storage.errors import StoreFull
from storage.publish import copy_file
from storage.store import Store
from tests.process_support import other_process, tell

leases = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")


@pytest.fixture
def store(tmp_path):
    """A store with two publishes, rows that fill some blocks, and the second one long ago."""
    made = Store(tmp_path / "store", wait=timedelta(seconds=20))
    with made.write() as con:
        con.execute(
            "INSERT INTO core.article_urls (url, article_id) "
            "SELECT uuid()::VARCHAR, 'first' FROM range(100000)"
        )
    made.publish()
    add(made, "a")
    made.publish()
    settle(made)
    return made


def add(store, name):
    with store.write() as con:
        con.execute("INSERT INTO core.article_urls (url, article_id) VALUES ($n, 'n')", {"n": name})


def settle(store):
    """As if the last publish was an hour ago."""
    then = time.time() - 3600
    os.utime(store.published, (then, then), follow_symlinks=False)
    for copy in store.folder.glob("published/*/voltwire.duckdb"):
        os.utime(copy, (then - 1, then - 1))


def names(path):
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute("SELECT url FROM article_urls WHERE article_id = 'n' ORDER BY 1")
        return [name for (name,) in found.fetchall()]


def superseded(store):
    """The copy before the one in place."""
    in_place = int(store.published.readlink().parent.name)
    (other,) = (p for p in store.folder.glob("published/*") if int(p.name) < in_place)
    return other / "voltwire.duckdb"


def same(store):
    return store.published.read_bytes() == store.live.read_bytes()


HOLDER = """
    import json, os, sys, duckdb
    how, path = sys.argv[1:]
    if how == "plain":
        held = open(path, "rb")
    elif how == "mapped":
        import mmap
        with open(path, "rb") as opened:
            held = mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)
    else:
        held = duckdb.connect(path, read_only=how == "reading")
        if how == "writing":
            held.execute("SET wal_autocheckpoint='1GB'")
            held.execute("CREATE TABLE scratch AS SELECT range AS n FROM range(1000)")
    print("ready", flush=True)
    for line in sys.stdin:
        if how in ("plain", "mapped"):
            import hashlib
            held.seek(0)
            print(hashlib.md5(held.read()).hexdigest(), flush=True)
        else:
            print(held.execute("SELECT count(*), md5(string_agg(url, ',' ORDER BY url)) "
                               "FROM article_urls").fetchone(), flush=True)
"""


@leases
def test_a_publish_writes_only_what_changed(store):
    """The copy out of use takes the place, byte for byte the live file, for a part of its bytes."""
    add(store, "b")
    done = store.publish()
    assert done.copied.how in ("renewed", "cloned")
    assert done.copied.written < store.live.stat().st_size / 2
    assert same(store)
    assert names(store.published) == ["a", "b"]
    assert len(list((store.folder / "published").iterdir())) == 2


def test_a_copy_just_superseded_is_left_alone(store):
    """A reader may have resolved the name a moment ago: within the minute the copy is whole."""
    add(store, "b")
    store.publish()
    old = superseded(store)
    found = old.stat().st_ino
    add(store, "c")
    assert store.publish().copied.how in ("copied", "cloned")
    assert old.stat().st_ino != found if old.exists() else True
    assert names(store.published) == ["a", "b", "c"]


def test_a_clock_that_was_set_back_is_not_trusted(store):
    """When the link seems to come from the future, the copy is whole."""
    later = time.time() + 86400
    os.utime(store.published, (later, later), follow_symlinks=False)
    add(store, "b")
    assert store.publish().copied.how in ("copied", "cloned")
    assert same(store)


@leases
@pytest.mark.parametrize("how", ["reading", "writing", "plain", "mapped"])
def test_whoever_has_the_superseded_copy_open_sees_it_unchanged(store, how):
    """A DuckDB reader, a shell that writes, a program copying the file: none is written under."""
    with other_process(HOLDER, how, superseded(store)) as process:
        before = tell(process)
        for number in range(3):
            settle(store)
            add(store, f"more {number}")
            done = store.publish()
            assert done.copied.how in (
                ("copied", "cloned") if number == 0 else ("renewed", "cloned")
            )
            assert same(store)
            assert tell(process) == before
    assert names(store.published) == ["a", "more 0", "more 1", "more 2"]


def test_a_second_name_of_a_copy_is_a_snapshot(store, tmp_path):
    """A hard link that somebody made of a superseded copy keeps what it showed."""
    kept = tmp_path / "snapshot.duckdb"
    os.link(superseded(store), kept)
    before = kept.read_bytes()
    add(store, "b")
    store.publish()
    assert kept.read_bytes() == before
    assert names(kept) == []


@leases
def test_what_a_shell_left_in_the_superseded_copy_is_gone_after_it_is_renewed(store):
    """Scratch tables and logs in it do not come back: the renewed copy is the live file."""
    with duckdb.connect(str(superseded(store))) as con:
        con.execute("CREATE TABLE scratch AS SELECT uuid() AS u FROM range(200000)")
    superseded(store).with_name("voltwire.duckdb.wal").write_bytes(b"a log of the old copy")
    add(store, "b")
    settle(store)
    store.publish()
    assert same(store)
    assert not list(store.folder.glob("published/*/*.wal"))


@leases
def test_a_half_renewed_copy_of_a_killed_publish_is_swept(store):
    """Killed in the middle of renewing: readers have the old file, the next publish is whole."""
    number = int(store.published.readlink().parent.name)
    half = store.folder / "published" / str(number + 1) / "voltwire.duckdb"
    half.parent.mkdir()
    superseded(store).rename(half)
    with half.open("r+b") as handle:
        handle.write(b"\0" * 100_000)
    assert names(store.published) == ["a"]
    add(store, "b")
    store.publish()
    assert not half.exists()
    assert same(store)
    assert names(store.published) == ["a", "b"]


@leases
def test_a_copier_killed_while_it_renews_leaves_the_old_file(store, monkeypatch, tmp_path):
    """kill -9 of the copying process itself: an error in one line, the published file whole."""
    murdered = tmp_path / "copying.py"
    murdered.write_text(
        Path(copying.__file__).read_text().replace(
            "_write(writing, piece, start + at)", "_write(writing, piece, start + at); "
            "os.kill(os.getpid(), signal.SIGKILL)",
        )
    )  # fmt: skip
    add(store, "b")
    with monkeypatch.context() as patched:
        patched.setattr(copying, "__file__", str(murdered))
        with pytest.raises(Exception, match="cannot copy"):
            store.publish()
    assert names(store.published) == ["a"]
    assert len(list(store.folder.glob("published/*/voltwire.duckdb"))) == 1
    store.publish()
    assert names(store.published) == ["a", "b"]


@leases
def test_a_limit_on_file_sizes_while_renewing_leaves_the_old_file(store):
    """Under RLIMIT_FSIZE: StoreFull with what to do, the published file whole, then all comes."""
    with store.write() as con:
        con.execute(
            "INSERT INTO core.article_urls (url, article_id) "
            "SELECT uuid()::VARCHAR, 'more' FROM range(100000)"
        )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (store.live.stat().st_size - 300_000, before[1]))
    try:
        with pytest.raises(StoreFull) as raised:
            store.publish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.hint
    assert names(store.published) == ["a"]
    store.publish()
    assert same(store)


def test_the_writers_lock_is_held_while_an_orphaned_copier_works(store, tmp_path):
    """When its run is killed, the copying process keeps other writers out until it ends."""
    slow = tmp_path / "slow.py"
    slow.write_text("import sys, time; print('ready', flush=True); sys.stdin.read()")
    script = f"""
        import sys
        from pathlib import Path
        from storage import copying, publish
        from storage.store import Store
        real = publish.subprocess.run
        def run(command, **options):
            return real([sys.executable, {str(slow)!r}], pass_fds=options["pass_fds"])
        publish.subprocess.run = run
        Store(Path(sys.argv[1])).publish()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(store.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    with (
        pytest.raises(Exception, match="being written"),
        Store(store.folder, wait=timedelta(0)).write(),
    ):
        pass
    process.stdin.close()
    process.stdout.close()
    add(store, "b")


def test_a_note_tells_who_wrote_into_the_published_file_where_tables_belong(store):
    """Said once, at the publish that leaves their table behind, and not for mere reading."""
    assert store.publish().note == ""
    duckdb.connect(str(store.published)).close()
    assert store.publish().note == ""
    with duckdb.connect(str(store.published)) as con:
        con.execute("CREATE TABLE scratch AS SELECT 1 AS n")
    assert "ATTACH" in store.publish().note
    assert store.publish().note == ""


@leases
@pytest.mark.parametrize("seed", range(4))
def test_a_renewed_copy_is_its_source_whatever_differed(tmp_path, seed):
    """Longer, shorter, changed anywhere: byte for byte the source."""
    chance = random.Random(seed)
    source, old, target = (tmp_path / name for name in ("source", "old", "target"))
    content = bytearray(chance.randbytes(chance.randrange(1, 20 << 20)))
    old.write_bytes(content + chance.randbytes(chance.choice([0, 0, 70_000])))
    for _ in range(chance.randrange(5)):
        content[chance.randrange(len(content))] ^= 1
    content += chance.randbytes(chance.choice([0, 5, 300_000]))
    source.write_bytes(content[: chance.choice([len(content), len(content) // 2])])
    done = copy_file(source, target, old=old)
    assert target.read_bytes() == source.read_bytes()
    assert done.how in ("renewed", "cloned")
    assert done.written < 1_000_000
    assert not old.exists() or done.how == "cloned"
