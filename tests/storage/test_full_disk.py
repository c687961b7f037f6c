"""A full disk: one line that says what to do, exit code 1, everything stored before is whole."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from ingest.archive import read_pages
from storage.check import faults
from storage.store import Store

NEWSROOM = Path(__file__).parents[2] / "flows" / "demo"
REPLAY = [
    "--feeds", str(NEWSROOM / "feeds.toml"), "--replay", str(NEWSROOM / "newsroom.warc.gz"),
]  # fmt: skip
DAY_ONE = "2026-11-02T06:30"
DAY_TWO = "2026-11-03T06:30"


def ingest(
    store: Path, *options: str, limit: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A run as a person starts it; ``limit`` is the largest file it may write, in bytes."""

    def bound() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "ingest", "--plain", "--store", str(store), *options],
        env=os.environ | {"VOLTWIRE_WORKERS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=bound,
    )


def articles(store: Path) -> list[str]:
    """The article ids that readers see, with a plain client and through ``Store``."""
    query = "SELECT article_id FROM articles ORDER BY ALL"
    with duckdb.connect(str(Store(store).published), read_only=True) as con:
        found = [row[0] for row in con.execute(query).fetchall()]
    with Store(store).read() as con:
        assert [row[0] for row in con.execute(query).fetchall()] == found
        assert faults(con) == []
    return found


@pytest.fixture(scope="module")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store after the newsroom's first day; to be copied."""
    store = tmp_path_factory.mktemp("one-day") / "store"
    done = ingest(store, *REPLAY, "--as-of", DAY_ONE)
    assert done.returncode == 1, done.stderr
    return store


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `mount` to make a small disk with")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, spare: int) -> Path:
    """Fill ``disk`` up to ``spare`` bytes."""
    free = shutil.disk_usage(disk).free
    filler = disk / "filler"
    filler.write_bytes(b"x" * max(0, free - spare))
    return filler


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]
    return lines[0]


@pytest.mark.long
def test_no_room_for_the_copy_leaves_the_old_one_and_says_what_to_do(
    one_day: Path, tmp_path: Path
) -> None:
    """The run is stored, its publish fails: exit 1, old rows to read; with room all come out."""
    before = articles(one_day)
    copy = Store(one_day).live.stat().st_size
    with small_disk(tmp_path / "disk", 12 * copy) as disk:
        store = disk / "store"
        shutil.copytree(one_day, store, symlinks=True)
        # Room for the day's rows and their log, not for another copy of the file.
        filler = fill(disk, copy - 500_000)
        done = ingest(store, *REPLAY, "--as-of", DAY_TWO, "--json")
        assert done.returncode == 1, done.stderr
        told = json.loads(done.stdout)
        assert told["stored"] > 0
        assert told["published"] == ""
        assert "no room" in told["detail"]
        assert "free some disk space" in told["detail"]
        assert articles(store) == before
        assert len(list((store / "published").iterdir())) == 1

        filler.unlink()
        again = ingest(store, *REPLAY, "--as-of", DAY_TWO, "--json")
        assert json.loads(again.stdout)["stored"] == 0
        assert len(articles(store)) == len(before) + told["stored"]


def test_no_room_for_the_rows_ends_in_one_line_and_loses_nothing(
    one_day: Path, tmp_path: Path
) -> None:
    """A batch that the disk does not take: exit 1, one line, and the next run makes up for it."""
    before = articles(one_day)
    copy = Store(one_day).live.stat().st_size
    with small_disk(tmp_path / "disk", 12 * copy) as disk:
        store = disk / "store"
        shutil.copytree(one_day, store, symlinks=True)
        filler = fill(disk, 60_000)
        done = ingest(store, *REPLAY, "--as-of", DAY_TWO)
        assert done.returncode == 1, done.stderr
        one_line(done, "no room", "free some disk space")
        assert articles(store) == before

        filler.unlink()
        again = ingest(store, *REPLAY, "--as-of", DAY_TWO, "--json")
        told = json.loads(again.stdout)
        assert told["published"]
        assert len(articles(store)) > len(before)
        with Store(store).read() as con:
            states = {row[0] for row in con.execute("SELECT state FROM runs").fetchall()}
        assert "running" not in states


def test_a_limit_on_file_sizes_ends_in_one_line(one_day: Path, tmp_path: Path) -> None:
    """Under RLIMIT_FSIZE: exit 1, told what to do, no page refused for it, nothing torn."""
    before = articles(one_day)
    store = tmp_path / "store"
    shutil.copytree(one_day, store, symlinks=True)
    # Not even the temporary file into which the language model is unpacked finds room.
    done = ingest(store, *REPLAY, "--as-of", DAY_TWO, limit=100_000)
    assert done.returncode == 1, done.stderr
    one_line(done, "File too large", "free some disk space")
    assert articles(store) == before
    again = ingest(store, *REPLAY, "--as-of", DAY_TWO, "--json")
    assert json.loads(again.stdout)["published"], again.stdout
    assert len(articles(store)) > len(before)


WORDS = [
    "cell",
    "plant",
    "battery",
    "line",
    "storage",
    "charger",
    "grid",
    "van",
    "lithium",
    "nickel",
    "output",
    "market",
]


class Site(ThreadingHTTPServer):
    """A feed of pages too large for a small disk, on a loopback address."""

    def __init__(self, pages: int) -> None:
        chance = random.Random(5)
        now = format_datetime(datetime.now(UTC))
        self.bodies = {"/robots.txt": b""}
        super().__init__(("127.0.0.1", 0), _Handler)
        self.home = f"http://127.0.0.1:{self.server_address[1]}"
        entries = []
        for number in range(pages):
            text = " ".join(chance.choice(WORDS) for _ in range(200))
            noise = "".join(chance.choices("abcdefghijklmnop", k=150_000))
            self.bodies[f"/{number}"] = (
                f"<html><head><title>Battery report {number}</title></head><body><article>"
                f"<p>{text}.</p></article><!-- {noise} --></body></html>"
            ).encode()
            entries.append(
                f"<item><title>Battery report {number}</title><link>{self.home}/{number}</link>"
                f"<guid>{number}</guid><pubDate>{now}</pubDate></item>"
            )
        feed = f"<rss version='2.0'><channel><title>S</title>{''.join(entries)}</channel></rss>"
        self.bodies["/feed"] = feed.encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        body = self.server.bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/xml" if self.path == "/feed" else "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(30) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.mark.long
def test_no_room_for_the_archive_ends_in_one_line_and_keeps_what_was_saved(
    site: Site, tmp_path: Path
) -> None:
    """Pages that cannot be archived stop the run: exit 1, one line; the next one takes them up."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(
        f'[[feed]]\nslug = "site"\nurl = "{site.home}/feed"\npublisher = "Site"\n'
        'scope = "focus"\nlanguage = "en"\n'
    )
    live = {
        "VOLTWIRE_ALLOW_HOSTS": "127.0.0.1", "VOLTWIRE_PACE_SECONDS": "0", "VOLTWIRE_BATCH": "5",
    }  # fmt: skip
    with small_disk(tmp_path / "disk", 40_000_000) as disk:
        archive = tmp_path / "store" / "archive"
        archive.parent.mkdir()
        archive.symlink_to(disk)
        filler = fill(disk, 1_000_000)
        done = ingest(archive.parent, "--feeds", str(feeds), **live)
        assert done.returncode == 1, (done.stdout, done.stderr)
        one_line(done, "cannot store a response", "No space left on device", "make room")
        saved = articles(archive.parent)
        (file,) = disk.rglob("*.warc.gz")
        assert len(list(read_pages(file))) >= 2

        filler.unlink()
        again = ingest(archive.parent, "--feeds", str(feeds), "--json", **live)
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["published"]
        assert len(articles(archive.parent)) == 30
        assert set(saved) <= set(articles(archive.parent))
