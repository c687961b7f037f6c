"""Requests answered from WARC files in place of the network."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from ingest.archive import ArchiveWriter, read_pages
from ingest.errors import UnreadableArchive
from ingest.http import Fetcher
from ingest.models import FetchFailure, Page
from ingest.policy import FetchPolicy
from ingest.replay import NotInArchive, ReplayTransport, replay_key
from tests.ingest.warc_support import NOW, archive_of, store

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


def answer(replay: ReplayTransport, url: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=replay) as client:
            return await client.get(url, headers=named)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/p?q=1",
        "HTTPS://A.Example:443/p?q=1#top",
        " https://a.example/p?q=1 ",
    ],
)
def test_trivial_differences_of_a_url_do_not_matter(tmp_path: Path, url: str) -> None:
    """Fragment, default port, host case and blanks around it."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer, "https://a.example/p?q=1")
    assert url in ReplayTransport(list(tmp_path.rglob("*.gz")))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://a.example/", True),
        ("https://a.example?q", "https://a.example/?q", True),
        ("https://a.example/ä b", "https://a.example/%C3%A4%20b", True),
        ("https://a.example/%c3%a4", "https://a.example/%C3%A4", True),
        ("http://a.example:80/", "http://a.example/", True),
        ("http://a.example/", "https://a.example/", False),
        ("https://a.example/p", "https://a.example/p/", False),
        ("https://a.example/p", "https://a.example/P", False),
        ("https://a.example/?a=1&b=2", "https://a.example/?b=2&a=1", False),
        ("not a url", "not a url", True),
    ],
)
def test_only_the_same_resource_has_the_same_key(one: str, other: str, same: bool) -> None:
    """Spelling may differ, path, query and scheme may not."""
    assert (replay_key(one) == replay_key(other)) is same


def test_the_newest_answer_counts_or_that_of_a_day(tmp_path: Path) -> None:
    """``as_of`` takes the newest record not later than it; before the first there is none."""
    days = [NOW + timedelta(days=number) for number in range(3)]
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        for day in (1, 0, 2):
            store(writer, body=b"day %d" % day, at=days[day])
    paths = list(tmp_path.rglob("*.gz"))
    assert answer(ReplayTransport(paths), "https://a.example/").content == b"day 2"
    for day in range(3):
        late = days[day] + timedelta(hours=5)
        then = answer(ReplayTransport(paths, as_of=late), "https://a.example/")
        assert then.content == b"day %d" % day
        assert then.extensions["recorded_at"] == days[day]
    with pytest.raises(NotInArchive):
        answer(ReplayTransport(paths, as_of=NOW - timedelta(1)), "https://a.example/")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"If_None_Match": 'W/"7"'}, 304),
        ({"If_None_Match": '"6", "7"'}, 304),
        ({"If_None_Match": '"6"'}, 200),
        ({"If_None_Match": '"6"', "If_Modified_Since": "Mon, 02 Nov 2026 10:00:00 GMT"}, 200),
        ({"If_Modified_Since": "Mon, 02 Nov 2026 10:00:00 GMT"}, 304),
        ({"If_Modified_Since": "Mon, 02 Nov 2026 09:59:59 GMT"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({}, 200),
    ],
)
def test_validators_are_honoured(tmp_path: Path, asked: dict[str, str], status: int) -> None:
    """A matching ETag, or else no newer Last-Modified, is a 304 without a body."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer, ETag='"7"', Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT")
    found = answer(ReplayTransport(list(tmp_path.rglob("*.gz"))), "https://a.example/", **asked)
    assert (found.status_code, found.content) == (status, b"cells" if status == 200 else b"")


def test_a_recorded_304_does_not_hide_the_body_before_it(tmp_path: Path) -> None:
    """304s of another run answered other validators."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer)
        store(writer, body=b"", status=304, at=NOW + timedelta(days=1))
    found = answer(ReplayTransport(list(tmp_path.rglob("*.gz"))), "https://a.example/")
    assert (found.status_code, found.content) == (200, b"cells")


def test_several_archives_answer_as_one_and_a_broken_tail_is_noted(tmp_path: Path) -> None:
    """What is readable of each file answers; what is damaged is told."""
    one = archive_of(tmp_path / "one", b"one")
    two = archive_of(tmp_path / "two", b"other", b"two" * 100)
    two.write_bytes(two.read_bytes()[:-20])
    replay = ReplayTransport([one, two])
    assert answer(replay, "https://a.example/0").content == b"other"
    assert "https://a.example/1" not in replay
    assert len(replay.broken) == 1


def test_a_folder_of_archives_is_replayed(tmp_path: Path) -> None:
    """The store's own archive folder can be named; one without an archive is refused."""
    archive_of(tmp_path / "one", b"one")
    assert "https://a.example/0" in ReplayTransport([tmp_path])
    (tmp_path / "none").mkdir()
    with pytest.raises(UnreadableArchive):
        ReplayTransport([str(tmp_path / "none")])


def test_one_gzip_stream_over_all_records_cannot_be_replayed(tmp_path: Path) -> None:
    """There is no way to find a record in it again; the error says what to do."""
    whole = gzip.decompress(archive_of(tmp_path, b"one", b"two").read_bytes())
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(gzip.compress(whole))
    assert len(list(read_pages(path))) == 2
    with pytest.raises(UnreadableArchive, match="warcio recompress"):
        ReplayTransport([path])


def test_an_empty_archive_never_falls_back_to_the_network(tmp_path: Path) -> None:
    """A replay without a single answer says not_in_archive to everything."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer, body=b"", status=304)

    async def scenario() -> FetchFailure | Page:
        replay = ReplayTransport(list(tmp_path.rglob("*.gz")))
        async with Fetcher(
            FetchPolicy(), user_agent="voltwire", clock=lambda: NOW, transport=replay
        ) as web:
            return await web.page("https://a.example/")

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, FetchFailure)
    assert outcome.reason == "not_in_archive"


def test_a_real_week_replays_whole() -> None:
    """All 239 URLs of the measured week answer, with the faults that were put in."""
    path = SHARED / "web" / "week.warc.gz"
    if not path.exists():
        pytest.skip("../shared/data/web/week.warc.gz is not here")

    async def scenario() -> list[Page | FetchFailure]:
        replay = ReplayTransport([path])
        async with Fetcher(
            FetchPolicy(), user_agent="voltwire/0.1", clock=lambda: NOW, transport=replay
        ) as web:
            return [await web.page(page.url) for page in read_pages(path)]

    outcomes = asyncio.run(scenario())
    reasons = [one.reason for one in outcomes if isinstance(one, FetchFailure)]
    assert len(outcomes) == 239
    assert sorted(reasons) == ["http_404", "http_503", "robots"]
    moved = [one for one in outcomes if isinstance(one, Page) and one.permanent_url]
    assert [one.requested_url for one in moved] == ["https://fr.euronews.com/feed.xml"]
