"""A run cut into pieces makes the store that one process makes, also when pieces are lost."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, served
from site_support import START, InProcess, feed

import flows.run
from flows import cli, spread
from flows.digest import digest
from flows.pieces import Piece, run_piece
from flows.run import BackfillOptions, IngestOptions, Surroundings
from flows.settings import Settings
from flows.shard import Origin, Shard
from flows.shelving import Shelving
from ingest.catalogue import save_feeds
from storage.shelf import Shelf
from storage.store import Store
from tests.flows.newsroom_support import NOW, newsroom
from tests.flows.same_store import differences, rows

ASKED = BackfillOptions(route="feed-archive", since=WINDOW.since, until=WINDOW.until)


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is not the reading of pages."""
    monkeypatch.setattr(flows.run, "Workers", InProcess)


def settings(folder: Path, here: str, shards: str) -> Settings:
    listed = folder / "feeds.toml"
    save_feeds(listed, [feed("a", url=f"{here}/feed")])
    return replace(
        Settings(), feeds=str(listed), allow_hosts=("127.0.0.1",), pace_seconds=0.0,
        store=folder / ("one" if not shards else "many"), shards=shards,
    )  # fmt: skip


def test_pieces_make_the_same_store_though_one_is_lost_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that ends after a shard: the slice goes on behind it, and no page comes twice."""
    monkeypatch.setattr(spread, "LOOK_EVERY", 0.05)
    web = Archive(lambda: START)
    tried: list[str] = []
    put = Shelving.put

    def put_and_die(self: Shelving, shard: Any) -> Any:
        put(self, shard)
        if self.written:
            raise KeyError("the worker is gone")

    async def dispatch(piece: Piece) -> None:
        tried.append(piece.name)
        with pytest.MonkeyPatch.context() as patched:
            if len(tried) == 1:
                patched.setattr(Shelving, "put", put_and_die)
            await run_piece(many, piece)

    with served(web) as here:
        one = settings(tmp_path, here, "")
        direct = asyncio.run(spread.backfill(one, ASKED))
        asked = Counter(web.asked)
        web.asked.clear()
        many = settings(tmp_path, here, str(tmp_path / "shelf"))
        report = asyncio.run(spread.backfill(many, ASKED, Surroundings(), dispatch))
    assert tried == ["g000-2026-10-01", "g000-2026-10-01", "g000-2026-09-27"]
    assert differences(rows(Store(many.store)), rows(Store(one.store))) == {}
    assert report.state == direct.state == "completed"
    assert (report.stored, report.known, report.rejected) == (28, 0, 0)
    assert report.entries == 28
    assert report.coverage == direct.coverage
    assert report.published
    pages = [url for url in asked if "report-number" in url]
    assert [web.asked.count(url) for url in pages] == [1] * len(pages)
    assert Shelf(many.shards).folders() == []


def test_what_cannot_be_done_is_told_of_its_feeds_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three tries; the run ends with failures and exit code 1."""
    monkeypatch.setattr(spread, "LOOK_EVERY", 0.05)
    tried: Counter[str] = Counter()

    async def dispatch(piece: Piece) -> None:
        tried[piece.name] += 1
        raise OSError("no network on that machine")

    many = settings(tmp_path, "http://127.0.0.1:9", str(tmp_path / "shelf"))
    report = asyncio.run(spread.backfill(many, ASKED, Surroundings(), dispatch))
    assert set(tried.values()) == {3}
    assert len(tried) == 2
    assert report.state == "completed_with_failures"
    assert "no network on that machine" in report.feeds_failed["a"]
    ingest = asyncio.run(spread.ingest(many, IngestOptions(), Surroundings(), dispatch))
    assert ingest.exit_code == 1


def test_what_a_run_left_behind_is_loaded_by_a_command_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that was killed after its pieces: the rest is loaded, and again changes nothing."""
    shelf = Shelf(str(tmp_path / "shelf"))
    origin = Origin(run_id="run", piece="p", attempt="a", number=0)
    made = digest(newsroom(3, 1)[:3], {}, all_topics=True, now=NOW)
    one = Shelving(shelf, Store(tmp_path / "scratch"), "run/g/p", origin)
    one.put(Shard(at=NOW, digested=tuple(made)))
    words = ["load", shelf.place, "--store", str(tmp_path / "store"), "--json"]
    assert cli.run([*words, "--keep"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["stored"], told["detail"]) == ("load", 3, "1 shard loaded")
    assert cli.run(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stored"], told["detail"]) == (0, "0 shards loaded")
    assert shelf.folders() == []
    assert cli.run(["load", "--store", str(tmp_path / "store")]) == 2
    assert "load from where?" in capsys.readouterr().err


def test_feeds_of_one_site_are_in_one_group_and_groups_are_of_one_size() -> None:
    """Whatever their order; no group is empty."""
    listed = [feed(f"f{n}", url=f"https://{n % 7}.example.org/{n}") for n in range(4)]
    listed += [feed(f"g{n}", url=f"https://g{n // 3}.example/{n}") for n in range(12)]
    for groups in (1, 2, 4, 50):
        parts = spread.by_site(listed, groups)
        slugs = [slug for part in parts for slug in part]
        assert sorted(slugs) == sorted(one.slug for one in listed)
        assert len(parts) == min(groups, 5)
        assert all(parts)
        for part in parts:
            assert list(part) == [one.slug for one in listed if one.slug in part]
        of_site: dict[str, set[int]] = {}
        for number, part in enumerate(parts):
            for one in part.values():
                of_site.setdefault(one.url.split("/")[2].split(".", 1)[-1], set()).add(number)
        assert {len(numbers) for site, numbers in of_site.items() if site == "example.org"} == {1}
    assert spread.by_site([], 4) == []
