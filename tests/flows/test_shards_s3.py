"""Shards on S3: a bucket serves as shelf as a folder does, and says in one line why it does not.

The server is moto's, on this machine; what asks it is what asks Amazon's.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import settings as moto_settings
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, served
from site_support import START, InProcess

import flows.run
from flows import cli, spread
from flows.digest import digest
from flows.loader import Loader
from flows.loading import load
from flows.run import BackfillOptions
from storage.errors import StoreError
from storage.shelf import Shelf
from storage.store import Store
from tests.flows.newsroom_support import NOW, newsroom
from tests.flows.same_store import differences, rows
from tests.flows.test_shards import Nowhere, ledger, refused, shard, shelved
from tests.flows.test_spread import settings


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where an S3 answers that has one bucket, ``news``."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    asked = urllib.request.Request(f"{url}/news", method="PUT", data=b"")
    with urllib.request.urlopen(asked, timeout=30):
        pass
    try:
        yield url
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def environment(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Endpoint and keys as anybody sets them, and none of this machine's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-keys"))
    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


def test_a_loader_takes_each_shard_of_a_bucket_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever order they are listed, with their archive; a second time changes nothing."""
    articles = digest(newsroom(3, 1)[:3], {}, all_topics=True, now=NOW)
    made = [
        shard(0, [*articles[:2], refused("gone", 0, again=True)], ledger(0)),
        shard(1, [articles[2], refused("gone", 1, again=True)], ledger(1)),
    ]
    in_turn = Nowhere(tmp_path / "turn")
    for one in made:
        load(in_turn, one)
    shelf = Shelf("s3://news/once")
    shelved(shelf, tmp_path, made)
    find = S3FileSystem.find

    def shuffled(self: Any, *words: Any, **more: Any) -> Any:
        found = find(self, *words, **more)
        if not isinstance(found, dict):
            return found
        return dict(random.Random(7).sample(list(found.items()), len(found)))

    monkeypatch.setattr(S3FileSystem, "find", shuffled)
    store = Nowhere(tmp_path / "store")
    assert Loader(store, shelf).load_all() == len(made)
    assert differences(rows(store), rows(in_turn)) == {}
    assert len(list(store.archive.rglob("*.warc.gz"))) == len(made)
    assert Loader(store, shelf).load_all(clear=True) == 0
    assert differences(rows(store), rows(in_turn)) == {}
    assert shelf.folders() == []


@pytest.mark.long
def test_a_spread_backfill_over_a_bucket_makes_the_store_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known, shards, archive and reports all go through it, and nothing stays there."""
    monkeypatch.setattr(flows.run, "Workers", InProcess)
    monkeypatch.setattr(spread, "LOOK_EVERY", 0.05)
    asked = BackfillOptions(route="feed-archive", since=WINDOW.until, until=WINDOW.until)
    with served(Archive(lambda: START)) as here:
        one, many = settings(tmp_path, here, ""), settings(tmp_path, here, "s3://news/spread")
        asyncio.run(spread.backfill(one, asked))
        report = asyncio.run(spread.backfill(many, asked))
    assert (report.state, report.feeds_failed) == ("completed", {})
    assert report.stored > 0
    assert differences(rows(Store(many.store)), rows(Store(one.store))) == {}
    assert Shelf(many.shards).folders() == []


@pytest.mark.parametrize(
    "fault",
    [
        "no such bucket",
        pytest.param("no keys", marks=pytest.mark.long),
        pytest.param("refused", marks=pytest.mark.long),
    ],
)
def test_a_bucket_that_cannot_be_used_is_told_in_one_line(
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By a worker that writes and by the command that loads; no traceback of a library's."""
    place = "s3://elsewhere/shelf" if fault == "no such bucket" else "s3://news/shelf"
    if fault == "no keys":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    if fault == "refused":
        monkeypatch.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
    with pytest.raises(StoreError, match=r"^shards at s3://[^\n]+$"):
        Shelf(place).write("run/x.txt", "x")
    assert cli.run(["load", place, "--store", str(tmp_path / "store")]) == 2
    said = capsys.readouterr().err
    assert "shards at s3://" in said
    assert "Traceback" not in said


def test_a_library_that_is_missing_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One line; no traceback."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    assert cli.run(["load", "s3://news/x", "--store", str(tmp_path / "store")]) == 2
    said = capsys.readouterr().err
    assert "voltwire[s3]" in said
    assert "Traceback" not in said
