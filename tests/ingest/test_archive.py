"""The WARC archive: what is written can be read, whatever happened to the file since."""

from __future__ import annotations

import gzip
import io
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from ingest.archive import (
    ArchiveWriter,
    load_page,
    read_pages,
)
from ingest.errors import ArchiveNotWritten, BrokenArchive, UnreadableArchive, VoltwireError
from ingest.models import ArchivePointer, FetchFailure, Page
from tests.ingest.warc_support import NOW, archive_of, store

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


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
