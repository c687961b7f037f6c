"""The WARC archive: what is written can be read, whatever happened to the file since."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from warcio.archiveiterator import ArchiveIterator

from ingest.archive import (
    ArchiveWriter,
    NotInArchive,
    ReplayTransport,
    load_page,
    read_pages,
    replay_key,
)
from ingest.errors import ArchiveNotWritten, BrokenArchive, UnreadableArchive, VoltwireError
from ingest.http import Fetcher
from ingest.models import ArchivePointer, FetchFailure, Page
from ingest.policy import FetchPolicy

NOW = datetime(2026, 11, 3, 12, 0, 1, 250_000, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


def store(
    writer: ArchiveWriter,
    url: str = "https://a.example/",
    body: bytes = b"cells",
    *,
    at: datetime = NOW,
    status: int = 200,
    **headers: str,
) -> ArchivePointer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return writer.write(
        url=url,
        status=status,
        phrase="OK",
        headers=[("Content-Type", "text/html"), *named.items()],
        body=body,
        fetched_at=at,
    )


def archive_of(folder: Path, *bodies: bytes) -> Path:
    """One WARC file with a page for each body."""
    with ArchiveWriter(folder, lambda: NOW) as writer:
        for number, body in enumerate(bodies):
            store(writer, f"https://a.example/{number}", body)
    return next(folder.rglob("*.warc.gz"))


def record(http: bytes, url: str = "https://a.example/", **more: str) -> bytes:
    """A plain response record as other programs write it."""
    named = {"WARC-Date": "2026-11-03T12:00:00Z"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    extra = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\n{extra}"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def partly(source: Path | io.BytesIO) -> tuple[list[Page], VoltwireError | None]:
    """What can be read, and the complaint at the end."""
    pages: list[Page] = []
    try:
        pages.extend(read_pages(source))
    except (BrokenArchive, UnreadableArchive) as error:
        return pages, error
    return pages, None


# Writing


def test_what_is_written_can_be_loaded_again(tmp_path: Path) -> None:
    """A pointer leads back to the status, headers, body and time that were stored."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer)
        pointer = store(writer, "https://a.example/b?c", b"\x00\xff" * 999, ETag='"7"')
    page = load_page(tmp_path, pointer)
    assert page.body == b"\x00\xff" * 999
    assert (page.url, page.status, page.etag) == ("https://a.example/b?c", 200, '"7"')
    assert (page.fetched_at, page.archived) == (NOW, pointer)


def test_files_lie_in_a_folder_for_the_month(tmp_path: Path) -> None:
    """YYYY/MM/<UTC time>-<random>.warc.gz, and none before there is something to store."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        assert list(tmp_path.iterdir()) == []
        pointer = store(writer)
    assert pointer.file.startswith("2026/11/20261103T120001Z-")
    assert pointer.file.endswith(".warc.gz")


def test_the_stored_headers_fit_the_stored_body(tmp_path: Path) -> None:
    """Content-Encoding and friends step aside under another name; Content-Length is right."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer, Content_Encoding="br", Content_Length="3", Transfer_Encoding="chunked")
    with next(tmp_path.rglob("*.gz")).open("rb") as opened:
        stored = [
            list(one.http_headers.headers) for one in ArchiveIterator(opened) if one.http_headers
        ]
    names = {name.lower(): value for name, value in stored[0]}
    assert names["content-length"] == "5"
    assert names["x-archive-orig-content-encoding"] == "br"
    assert not names.keys() & {"content-encoding", "transfer-encoding"}


def test_another_reader_understands_every_record(tmp_path: Path) -> None:
    """warcio reads the file, digests included, and finds a gzip member a record."""
    path = archive_of(tmp_path, b"one", b"", b"three" * 999)
    with path.open("rb") as opened:
        found = list(_all(opened))
    assert [kind for kind, _ in found] == ["warcinfo", "response", "response", "response"]
    assert path.read_bytes().count(b"\x1f\x8b\x08\x00\x00\x00\x00\x00") == 4


def _all(opened: io.BufferedReader) -> list[tuple[str, bytes]]:
    records = ArchiveIterator(opened, check_digests="raise")
    return [(one.rec_type, one.content_stream().read()) for one in records]


def test_a_full_file_is_followed_by_another(tmp_path: Path) -> None:
    """Past the roll-over size the next record starts a new file; all pointers stay good."""
    with ArchiveWriter(tmp_path, lambda: NOW, roll_over=2_000) as writer:
        bodies = [random.Random(seed).randbytes(900) for seed in range(6)]
        pointers = [store(writer, body=body) for body in bodies]
    assert len({pointer.file for pointer in pointers}) > 1
    assert [load_page(tmp_path, pointer).body for pointer in pointers] == bodies


def test_two_writers_never_share_a_file(tmp_path: Path) -> None:
    """Two runs at the same second write side by side."""
    with ArchiveWriter(tmp_path, lambda: NOW) as one, ArchiveWriter(tmp_path, lambda: NOW) as two:
        assert store(one).file != store(two).file


def test_a_full_disk_leaves_a_readable_file(tmp_path: Path) -> None:
    """A record that does not fit is taken back whole; the error names the file."""
    with ArchiveWriter(tmp_path, lambda: NOW) as writer:
        store(writer)
        opened = writer._file
        assert opened is not None
        full = _Full(opened)
        writer._file = full  # type: ignore[assignment]
        with pytest.raises(ArchiveNotWritten) as caught:
            store(writer, body=random.Random(1).randbytes(5_000))
        writer._file = opened
        store(writer, "https://a.example/after")
    pages, complaint = partly(next(tmp_path.rglob("*.gz")))
    assert complaint is None
    assert [page.url for page in pages] == ["https://a.example/", "https://a.example/after"]
    assert ".warc.gz" in str(caught.value)


class _Full:
    """A file on a disk with room for 100 more bytes."""

    def __init__(self, opened: io.FileIO) -> None:
        self._opened = opened
        self._room = 100

    def __getattr__(self, name: str) -> object:
        return getattr(self._opened, name)

    def write(self, chunk: memoryview) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        written = self._opened.write(chunk[: self._room])
        self._room = 0
        return written


def test_a_killed_writer_leaves_its_whole_records_readable(tmp_path: Path) -> None:
    """After SIGKILL in the middle of writing, everything reported as stored is there."""
    script = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from ingest.archive import ArchiveWriter\n"
        "at = datetime(2026, 11, 3, tzinfo=UTC)\n"
        "writer = ArchiveWriter(Path(sys.argv[1]), lambda: at)\n"
        "for number in range(10**9):\n"
        "    writer.write(url=f'https://a.example/{number}', status=200, phrase='OK', headers=[],\n"
        "                 body=b'x' * 1000, fetched_at=at)\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 50:
                os.kill(child.pid, signal.SIGKILL)
                break
    pages, _ = partly(next(tmp_path.rglob("*.gz")))
    assert [page.url for page in pages[:51]] == [f"https://a.example/{n}" for n in range(51)]


# Reading


@pytest.mark.parametrize("plain", [False, True])
def test_a_cut_off_archive_yields_what_is_whole_then_says_so(tmp_path: Path, plain: bool) -> None:
    """Whatever the byte, no half page comes out, and an incomplete end is reported."""
    path = archive_of(tmp_path, b"one" * 50, b"two" * 50, b"three" * 50)
    whole = path.read_bytes()
    if plain:
        whole = gzip.decompress(whole)
    complete, complaint = partly(_written(tmp_path, whole))
    assert (len(complete), complaint) == (3, None)
    silent = 0
    for cut in range(1, len(whole) - 4):
        pages, complaint = partly(_written(tmp_path, whole[:cut]))
        assert pages == complete[: len(pages)]
        silent += complaint is None
    # Only a cut between two records, or in the blank lines after one, goes unnoticed.
    assert silent <= (24 if plain else 3)


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "cut.warc"
    path.write_bytes(content)
    return path


def test_damage_in_the_middle_never_raises_anything_else(tmp_path: Path) -> None:
    """Flipped bytes end in pages and at most one archive error."""
    rnd = random.Random(7)
    whole = archive_of(tmp_path, *(rnd.randbytes(300) for _ in range(8))).read_bytes()
    for plain in (False, True):
        good = gzip.decompress(whole) if plain else whole
        for _ in range(150):
            damaged = bytearray(good)
            for _ in range(rnd.choice([1, 5])):
                damaged[rnd.randrange(len(damaged))] = rnd.randrange(256)
            pages, _complaint = partly(_written(tmp_path, bytes(damaged)))
            assert len(pages) <= 8


@pytest.mark.parametrize(
    "content",
    [b"", b"<!doctype html><p>no archive", gzip.compress(b"<p>no archive"), b"\x1f\x8b\x08junk"],
    ids=["empty", "page", "packed page", "junk"],
)
def test_what_is_no_warc_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    """The error names the file and fits on a line."""
    path = _written(tmp_path, content)
    pages, complaint = partly(path)
    assert pages == []
    assert isinstance(complaint, UnreadableArchive)
    assert str(complaint).startswith(str(path))
    assert "\n" not in str(complaint)


def test_a_missing_file_or_a_folder_is_unreadable(tmp_path: Path) -> None:
    """Neither ends in a bare OSError."""
    for path in (tmp_path / "none.warc.gz", tmp_path):
        with pytest.raises(UnreadableArchive):
            list(read_pages(path))


def test_an_unseekable_stream_is_read(tmp_path: Path) -> None:
    """A download can be read as it comes."""

    class Download(io.RawIOBase):
        def __init__(self, content: bytes) -> None:
            self._rest = io.BytesIO(content)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self._rest.read(min(size, 1000))

    whole = archive_of(tmp_path, b"one", b"two" * 5_000).read_bytes()
    pages = list(read_pages(Download(whole)))  # type: ignore[arg-type]
    assert [len(page.body) for page in pages] == [3, 15_000]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Encoding: gzip\r\n", gzip.compress(b"cells")),
        (b"Content-Encoding: gzip\r\n", b"cells"),
        (b"Content-Encoding: br\r\n", b"cells"),
        (b"Transfer-Encoding: chunked\r\n", b"3\r\ncel\r\n2;x\r\nls\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"cells"),
        (b"X-A: caf\xe9\r\nX-B: caf\xc3\xa9\r\nnonsense\r\n", b"cells"),
        (b"Content-Length: 999\r\n", b"cells"),
        (b"X-Long: " + b"x" * 100_000 + b"\r\n", b"cells"),
    ],
    ids=["gzip", "gzip undone", "br undone", "chunks", "chunks undone", "latin", "length", "long"],
)
def test_archives_of_other_programs_are_read(headers: bytes, body: bytes) -> None:
    """As on the wire, or decoded under the headers of the wire."""
    content = record(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body)
    (page,) = read_pages(io.BytesIO(content))
    assert page.body == b"cells"


def test_records_that_are_no_http_response_are_passed_over() -> None:
    """Requests, bare text, empty blocks and DNS records yield nothing and stop nothing."""
    content = b"".join(
        [
            record(b"GET / HTTP/1.1\r\n\r\n").replace(b"response", b"request"),
            record(b"127.0.0.1", url="dns:a.example"),
            record(b""),
            record(b"HTTP/1.1 200 OK\n\nbare line feeds", url="<https://a.example/b>"),
        ]
    )
    (page,) = read_pages(io.BytesIO(content))
    assert (page.url, page.body) == ("https://a.example/b", b"bare line feeds")


def test_what_cannot_be_a_page_is_told_and_passed_over() -> None:
    """Images, oversized and undecodable bodies go to on_refused with their reason."""
    bomb = gzip.compress(bytes(200_000))
    content = b"".join(
        [
            record(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nx"),
            record(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(500_000)),
            record(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb),
            record(b"HTTP/1.1 200 OK\r\n\r\nfine"),
        ]
    )
    refused: list[FetchFailure] = []
    pages = list(read_pages(io.BytesIO(content), body_limit=100_000, on_refused=refused.append))
    assert [page.body for page in pages] == [b"fine"]
    assert [one.reason for one in refused] == ["unsupported_type", "too_large", "too_large"]


def test_a_pointer_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A stored pointer cannot name a file elsewhere, nor a place inside a record."""
    path = archive_of(tmp_path / "in", b"one")
    path.rename(tmp_path / "out.warc.gz")
    with pytest.raises(UnreadableArchive):
        load_page(tmp_path / "in", ArchivePointer(file="../out.warc.gz", offset=0))
    for offset in (3, 10**6):
        with pytest.raises(UnreadableArchive):
            load_page(tmp_path, ArchivePointer(file="out.warc.gz", offset=offset))


def test_pages_of_the_own_archive_carry_their_pointer(tmp_path: Path) -> None:
    """Read with the folder given, a page can be loaded again by its pointer."""
    path = archive_of(tmp_path, b"one", b"two")
    for page in read_pages(path, folder=tmp_path):
        assert page.archived is not None
        assert load_page(tmp_path, page.archived) == page


# Replay


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
    path = _written(tmp_path, gzip.compress(whole))
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
