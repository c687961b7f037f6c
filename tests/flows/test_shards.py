"""Shards: what a worker puts on the shelf comes out as it went in, and into the store once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flows import shard_file
from flows.digest import digest
from flows.digested import Digested
from flows.knowledge import remember
from flows.loader import Loader
from flows.loading import grouped, load, load_together
from flows.shard import Ledger, Origin, Outside, Shard
from flows.shelving import Shelving
from ingest.archive import ArchiveWriter
from ingest.models import CoveredDay, FeedEntry, FeedState, Gap, Rejection
from storage.errors import StoreError
from storage.shelf import Shelf
from tests.flows.newsroom_support import NOW, InMemory, newsroom
from tests.flows.same_store import differences, rows

DAY = date(2026, 11, 3)


class Nowhere(InMemory):
    """A store in memory, with a folder for what lies beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder


@cache
def articles() -> Sequence[Digested]:
    """Copies, cuts and forms."""
    return digest(newsroom(3, 2)[:12], {}, all_topics=True, now=NOW)


def refused(name: str, minute: int, *, again: bool = False) -> Digested:
    at = NOW + timedelta(minutes=minute)
    entry = FeedEntry(
        url=f"https://x.example/{name}", canonical_url=f"https://x.example/{name}", feed="x",
        summary="kept for another try", published_at=NOW,
    )  # fmt: skip
    rejection = Rejection(
        url=entry.url, feed="x", stage="fetch", reason="http_503", detail=f"at {minute}", at=at,
        retry_at=at + timedelta(hours=1) if again else None,
    )  # fmt: skip
    return Digested(entry=entry, rejection=rejection)


def ledger(minute: int = 0, state: Any = "open", found: int = 1) -> Ledger:
    at = NOW + timedelta(minutes=minute)
    return Ledger(
        covered=(CoveredDay(feed="x", day=DAY, route="r", found=found, state=state, looked_at=at),),
        outside=(Outside(canonical_url=f"u{minute}", feed="x", day=DAY),),
        rejections=(
            Rejection(url="f", feed="x", stage="poll", reason="r", detail="\ud800\x00", at=at),
        ),
        recovered=("https://x.example/fine",),
        states=(FeedState(slug="x", per_day=2.5, last_polled_at=at),),
        gaps=(Gap(feed="x", from_at=NOW, to_at=NOW, detected_at=NOW),),
        route="r",
    )


def shard(number: int, digested: Sequence[Digested], notes: Ledger | None = None) -> Shard:
    return Shard(
        at=NOW + timedelta(minutes=number),
        digested=tuple(digested),
        ledger=notes or Ledger(),
        origin=Origin(run_id="run", piece="p", attempt="a", number=number),
    )


def parts() -> list[Shard]:
    """A run's shards: articles in batches, one entry refused again and again, a day that fills."""
    every = list(articles())
    cut = [every[at : at + 4] for at in range(0, len(every), 4)]
    return [
        shard(
            n,
            [*part, refused("gone", n, again=True)],
            ledger(n, "complete" if n == len(cut) - 1 else "open", n),
        )
        for n, part in enumerate(cut)
    ]


@cache
def in_turn() -> dict[str, list[Any]]:
    """The rows of a store that got the shards one after another."""
    store = InMemory()
    for one in parts():
        load(store, one)
    return rows(store)


def test_a_shard_comes_out_of_its_file_as_it_went_in(tmp_path: Path) -> None:
    """But for the words of entries that are settled and for what the store keeps none of."""
    whole = shard(3, [*articles(), refused("a", 1), refused("b", 1, again=True)], ledger(2))
    path = tmp_path / "shard.parquet"
    shard_file.write(path, whole)
    read = shard_file.read(path)
    assert replace(read, digested=()) == replace(whole, digested=())
    for one, back in zip(whole.digested, read.digested, strict=True):
        entry, prepared = one.entry, one.prepared
        if one.rejection is None or one.rejection.retry_at is None:
            entry = replace(entry, summary="", content="", text="")
        if prepared is not None:
            bare = replace(prepared.signature, minhash=b"")
            prepared = replace(prepared, signature=bare)
        assert back == replace(one, entry=entry, prepared=prepared)
    light = shard_file.read(path, light=True)
    assert [one.entry for one in light.digested] == [one.entry for one in read.digested]
    assert {one.prepared.article.text for one in light.digested if one.prepared} == {""}


@pytest.mark.parametrize("content", [b"", b"PAR1 is how it begins and no more", b"\x00" * 300])
def test_what_is_no_shard_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    """Empty, cut off, or something else."""
    path = tmp_path / "00001-x.parquet"
    path.write_bytes(content)
    with pytest.raises(shard_file.ShardUnreadable, match=r"00001-x\.parquet is no shard"):
        shard_file.read(path)


def test_a_shard_loaded_twice_changes_nothing(tmp_path: Path) -> None:
    """Neither at once nor after others; not one row of any table."""
    store = Nowhere(tmp_path)
    made = parts()[:2]
    for one in made:
        assert not load(store, one).again
    before = rows(store, {"entries": set()})
    with store.write() as con:
        times = con.execute("SELECT * FROM core.entries ORDER BY canonical_url").fetchall()
    for one in made:
        saved = load(store, one)
        assert saved.again
        assert not saved.status_of
    assert differences(rows(store), before) == {}
    with store.write() as con:
        assert con.execute("SELECT * FROM core.entries ORDER BY canonical_url").fetchall() == times
        assert con.execute("SELECT count(*) FROM core.shards").fetchall() == [(len(made),)]


def test_shards_in_any_order_make_the_same_store() -> None:
    """Articles, stories, refusals with their number and the ledger: the latest word counts."""
    made = parts()
    other = InMemory()
    for one in (made[2], made[0], made[1]):
        load(other, one)
    assert differences(rows(other), in_turn()) == {}
    with other.write() as con:
        (gone,) = con.execute(
            "SELECT attempts, detail, first_at, last_at FROM core.rejections "
            "WHERE reason = 'http_503'"
        ).fetchall()
    assert gone == (3, "at 2", NOW, NOW + timedelta(minutes=2))


@pytest.fixture(params=["folder", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Shared storage: a folder, and objects as an S3 has them."""
    place = str(tmp_path / "shelf") if request.param == "folder" else f"memory://{uuid4().hex}"
    return Shelf(place)


def shelved(shelf: Shelf, folder: Path, made: Sequence[Shard], attempt: str = "a") -> Shelving:
    """What a worker does with batches: pages archived, shards written."""
    scratch = Nowhere(folder / attempt)
    archive = ArchiveWriter(scratch.archive, lambda: NOW)
    origin = Origin(run_id="run", piece="p", attempt=attempt, number=0)
    shelving = Shelving(shelf, scratch, "run/g/p", origin, archive)
    for number, one in enumerate(made):
        archive.write(
            url=f"https://x.example/{number}", status=200, phrase="OK", headers=[],
            body=b"page", fetched_at=NOW,
        )  # fmt: skip
        shelving.put(replace(one, origin=None))
    shelving.close(NOW)
    archive.close()
    return shelving


def test_the_loader_takes_each_shard_once_with_its_archive(tmp_path: Path, shelf: Shelf) -> None:
    """Whatever is run again, and by whom; what is damaged stays and holds up nothing."""
    made = parts()
    assert shelved(shelf, tmp_path, made).written == len(made)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"nothing")
    shelf.put(damaged, "run/g/p/00099-0.parquet")
    store = Nowhere(tmp_path / "store")
    loader = Loader(store, shelf)
    assert loader.load_all(clear=True) == len(made)
    assert list(loader.taken.unreadable) == ["run/g/p/00099-0.parquet"]
    assert loader.taken.stored == sum(one.prepared is not None for one in articles())
    assert loader.load_all() == Loader(store, shelf).load_all() == 0
    assert differences(rows(store), in_turn()) == {}
    assert len(list(store.archive.rglob("*.warc.gz"))) == len(made)
    assert shelf.folders() == ["run"]


def test_the_shelf_is_emptied_when_all_of_a_run_is_in_the_store(
    tmp_path: Path, shelf: Shelf
) -> None:
    """And the store forgets the names of what cannot come again."""
    shelved(shelf, tmp_path, parts()[:2])
    store = Nowhere(tmp_path / "store")
    Loader(store, shelf).load_all(clear=True)
    assert shelf.names("run") == {}
    with store.write() as con:
        assert con.execute("SELECT * FROM core.shards").fetchall() == []
        assert con.execute("SELECT count(*) > 0 FROM core.articles").fetchall() == [(True,)]


def test_runs_of_another_store_are_left_to_it(tmp_path: Path, shelf: Shelf) -> None:
    """Two stores may share a shelf; whoever names the place has its shards all the same."""
    shelved(shelf, tmp_path, parts()[:1])
    shelf.write("run/store.txt", "elsewhere:/srv/store")
    loader = Loader(Nowhere(tmp_path / "store"), shelf)
    assert loader.load_all(clear=True) == 0
    assert loader.load_all(clear=True, strangers=True) == 1
    assert shelf.folders() == ["run"]


def test_shards_that_share_a_transaction_make_the_same_store(tmp_path: Path) -> None:
    """Those that speak of one address do not share one."""
    made = parts()
    together, ones = Nowhere(tmp_path / "together"), Nowhere(tmp_path / "ones")
    # all of them tell of one entry that is refused
    assert [len(group) for group in grouped(made)] == [1] * len(made)
    alone = [replace(one, digested=one.digested[:-1]) for one in made]
    assert [len(group) for group in grouped(alone)] == [len(made)]
    for one in alone:
        load(ones, one)
    saved = load_together(together, [*alone, alone[0]])
    assert [one.again for one in saved] == [False] * len(made) + [True]
    assert differences(rows(together), rows(ones)) == {}
    tally = "SELECT sum(entries), sum(stored), sum(edited) FROM core.shards"
    with together.write() as con, ones.write() as other:
        assert con.execute(tally).fetchall() == other.execute(tally).fetchall()


def test_two_attempts_at_a_piece_do_not_write_over_each_other(tmp_path: Path) -> None:
    """One that was given up for dead and was not costs nothing but its work."""
    shelf, made = Shelf(str(tmp_path / "shelf")), parts()
    shelved(shelf, tmp_path, made[:1], "first")
    shelved(shelf, tmp_path, made, "second")
    store = Nowhere(tmp_path / "store")
    loader = Loader(store, shelf)
    assert loader.load_all() == len(made) + 1
    told = differences(rows(store), in_turn())
    # the refusal that both met is counted for both
    assert told.keys() <= {"rejections"}


def test_notes_alone_wait_for_the_next_batch_and_are_not_lost(tmp_path: Path) -> None:
    """A file of one row for each feed and route would be most of the files."""
    shelf = Shelf(str(tmp_path / "shelf"))
    every = articles()
    notes = [shard(n, [], ledger(n)) for n in range(5)]
    made = [notes[0], notes[1], shard(2, every[:3]), notes[2], notes[3], notes[4]]
    assert shelved(shelf, tmp_path, made).written == 2
    store = Nowhere(tmp_path / "store")
    Loader(store, shelf).load_all()
    with store.write() as con:
        assert con.execute("SELECT found, looked_at FROM core.coverage").fetchall() == [
            (1, NOW + timedelta(minutes=4))
        ]
        assert con.execute("SELECT count(*) FROM core.pages_outside").fetchall() == [(5,)]


def test_a_worker_knows_what_it_and_those_before_it_wrote(tmp_path: Path) -> None:
    """An article that comes again is known, whatever its text; a new one is new."""
    store = Nowhere(tmp_path)
    every = [one for one in articles() if one.prepared is not None]
    first = remember(store, shard(0, every[:5]))
    assert set(first.status_of.values()) == {"new"}
    second = remember(store, shard(1, every[3:8]))
    assert sorted(second.status_of.values()) == ["known"] * 2 + ["new"] * 3


def test_a_place_that_no_library_knows_is_told_with_what_to_install() -> None:
    """Not with a traceback of the library's."""
    with pytest.raises(StoreError, match="cannot reach shards at nosuch://x"):
        Shelf("nosuch://x")
