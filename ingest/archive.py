"""The archive of what was fetched: WARC files written, read back, and replayed.

Every response is one gzip member, written with a single call, so that a killed process leaves a
file that is readable up to its last whole record.  Bodies are stored decoded, with headers that
fit them; the headers that no longer do are kept as ``X-Archive-Orig-...``.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import httpx
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from ingest.errors import ArchiveNotWritten, BrokenArchive, UnreadableArchive
from ingest.headers import never_text, not_modified, page_of
from ingest.models import ArchivePointer, FetchFailure, Page
from ingest.warc import Recorded, read_record, read_records

BODY_LIMIT = 10 * 2**20
"""Larger bodies in an archive are refused, as they would be live."""

ROLL_OVER = 2**30
"""A new file past one gigabyte, the size that the WARC standard recommends."""

_COMPRESSION = 6
# Level 9 costs twice the time for one or two per cent.
_UNFIT = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_NO_PATH = re.compile(r"^(https?://[^/?]+)(?=\?|$)")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")


class ArchiveWriter:
    """Appends responses to WARC files under ``folder``; safe to call from several threads.

    No file is made before the first response.  Two writers never share a file.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        *,
        software: str = "voltwire",
        roll_over: int = ROLL_OVER,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._software = software
        self._roll_over = roll_over
        self._lock = threading.Lock()
        self._file: io.FileIO | None = None
        self._path = folder
        self._records = WARCWriter(io.BytesIO(), gzip=False, warc_version="1.1")

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(
        self,
        *,
        url: str,
        status: int,
        phrase: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        fetched_at: datetime,
        protocol: str = "",
        truncated: bool = False,
    ) -> ArchivePointer:
        """Store one response with its decoded ``body`` and say where it lies.

        Raises ``ArchiveNotWritten`` when the disk does not take it; what was stored before stays
        readable.
        """
        record = self._records.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(body),
            length=len(body),
            warc_headers_dict=_record_headers(fetched_at, protocol, truncated),
            http_headers=StatusAndHeaders(
                f"{status} {_one_line(phrase)}".rstrip(), _fitting(headers, body), "HTTP/1.1"
            ),
        )
        with self._lock:
            try:
                return self._append(record)
            except OSError as error:
                raise ArchiveNotWritten(
                    f"cannot store a response: {error.strerror or error}",
                    about=self._path,
                    hint="make room or choose another store folder",
                ) from error

    def close(self) -> None:
        """Close the file in use; writing again opens a new one."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _append(self, record: object) -> ArchivePointer:
        if self._file is not None and self._file.tell() >= self._roll_over:
            self._file.close()
            self._file = None
        if self._file is None:
            self._file = self._open()
        offset = self._add_member(self._file, record)
        return ArchivePointer(file=self._path.relative_to(self._folder).as_posix(), offset=offset)

    def _open(self) -> io.FileIO:
        now = self._clock()
        folder = self._folder / f"{now:%Y}" / f"{now:%m}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.warc.gz"
        self._path = folder / name
        opened = io.FileIO(self._path, "xb")
        info = self._records.create_warcinfo_record(
            name, {"software": self._software, "format": "WARC File Format 1.1"}
        )
        info.rec_headers.replace_header("WARC-Date", _warc_date(now))
        self._add_member(opened, info)
        return opened

    def _add_member(self, opened: io.FileIO, record: object) -> int:
        plain = io.BytesIO()
        self._records.out = plain
        self._records.write_record(record)
        member = memoryview(gzip.compress(plain.getvalue(), _COMPRESSION, mtime=0))
        offset = opened.tell()
        try:
            while member:
                member = member[opened.write(member) :]
        except OSError:
            opened.truncate(offset)
            opened.seek(offset)
            raise
        return offset


def read_pages(
    source: Path | str | BinaryIO,
    *,
    folder: Path | None = None,
    body_limit: int = BODY_LIMIT,
    on_refused: Callable[[FetchFailure], None] | None = None,
) -> Iterator[Page]:
    """The pages of a WARC, gzipped or plain, of any status, one at a time.

    Responses that cannot be a page (over ``body_limit``, undecodable, images and other types that
    hold no text) go to ``on_refused`` instead.  With ``folder`` given, pages of a file inside it
    carry their ``ArchivePointer``.  Raises ``UnreadableArchive`` at once for what is no WARC; a
    damaged or cut-off file yields what is readable and *then* raises ``BrokenArchive``, which a
    caller that can live with a part catches around its loop.
    """
    opened = Path(source) if isinstance(source, str | Path) else source
    name = ""
    if isinstance(opened, Path) and folder is not None and opened.is_relative_to(folder):
        name = opened.relative_to(folder).as_posix()
    for record in read_records(opened, body_limit=body_limit):
        reason = record.refused
        if not reason and never_text(record.headers.get("content-type", "")):
            reason = "unsupported_type"
        if reason:
            if on_refused is not None:
                on_refused(_refusal(record, reason))
            continue
        yield _page(record, ArchivePointer(file=name, offset=record.offset) if name else None)


def load_page(folder: Path, pointer: ArchivePointer, *, body_limit: int = BODY_LIMIT) -> Page:
    """The page stored at ``pointer`` in the archive ``folder``.  Raises ``UnreadableArchive``."""
    path = folder / pointer.file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnreadableArchive("lies outside the archive folder", about=pointer.file)
    record = read_record(path, pointer.offset, body_limit=body_limit)
    if record.refused:
        raise UnreadableArchive(f"body refused: {record.refused}", about=path)
    return _page(record, pointer)


def replay_key(url: str) -> str:
    """``url`` without the differences that name the same resource anywhere.

    Fragment, default port, case of scheme, host and escapes, an empty path, unescaped spaces and
    letters.  Nothing else: a query in another order may be another page.
    """
    try:
        parsed = httpx.URL(url.strip())
        plain = str(parsed.copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError, TypeError):
        return url.strip()
    plain = _NO_PATH.sub(r"\1/", plain)
    return _ESCAPE.sub(lambda escape: escape[0].upper(), plain)


class NotInArchive(httpx.TransportError):
    """The archive holds no answer for the URL."""


class ReplayTransport(httpx.AsyncBaseTransport):
    """Answers requests from WARC files, or folders of them, in place of the network.

    One pass at construction notes where each URL's newest answer lies, not later than ``as_of``;
    bodies are read when asked for.  Recorded 304s are passed over: they answered somebody else's
    validators.  Raises ``UnreadableArchive`` for a path that is no WARC; a damaged tail is left
    out and noted in ``broken``.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        *,
        as_of: datetime | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self.broken: list[BrokenArchive] = []
        self._body_limit = body_limit
        self._places: dict[str, tuple[datetime, Path, int]] = {}
        for path in paths:
            for file in _files(Path(path)):
                self._index(file, as_of)

    def __len__(self) -> int:
        """Number of URLs that can be answered."""
        return len(self._places)

    def __contains__(self, url: str) -> bool:
        return replay_key(url) in self._places

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; raises ``NotInArchive`` where there is none."""
        place = self._places.get(replay_key(str(request.url)))
        if place is None or request.method not in ("GET", "HEAD"):
            raise NotInArchive("no answer in the archive", request=request)
        _, path, offset = place
        # A body over the fetcher's own limit is still handed to it, to be refused there.
        record = await asyncio.to_thread(read_record, path, offset, body_limit=2 * self._body_limit)
        headers = [pair for pair in record.headers.items() if pair[0] not in _UNFIT]
        status, body = record.status, record.body
        if record.refused == "too_large":
            headers.append(("content-length", str(2 * self._body_limit)))
        elif status == 200 and not_modified(
            record.headers,
            if_none_match=request.headers.get("if-none-match", ""),
            if_modified_since=request.headers.get("if-modified-since", ""),
        ):
            status, body = 304, b""
        return httpx.Response(
            status,
            headers=[(name.encode("latin-1"), _bytes(value)) for name, value in headers],
            stream=httpx.ByteStream(body),
            extensions={"recorded_at": record.at, "reason_phrase": _bytes(record.phrase)},
        )

    def _index(self, path: Path, as_of: datetime | None) -> None:
        try:
            last = -1
            for record in read_records(path, body_limit=self._body_limit, bodies=False):
                if record.offset <= last:
                    raise UnreadableArchive(
                        "is one gzip stream, in which no record can be found again",
                        about=path,
                        hint="rewrite it with: warcio recompress OLD NEW",
                    )
                last = record.offset
                if record.status == 304 or (as_of is not None and record.at > as_of):
                    continue
                key = replay_key(record.url)
                known = self._places.get(key)
                if known is None or known[0] <= record.at:
                    self._places[key] = (record.at, path, record.offset)
        except BrokenArchive as error:
            self.broken.append(error)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.name.endswith((".warc", ".warc.gz")))
    if not files:
        raise UnreadableArchive("holds no WARC file", about=path)
    return files


def _page(record: Recorded, pointer: ArchivePointer | None) -> Page:
    return page_of(
        url=record.url,
        requested_url=record.url,
        status=record.status,
        headers=record.headers,
        body=record.body,
        fetched_at=record.at,
        archived=pointer,
    )


def _refusal(record: Recorded, reason: str) -> FetchFailure:
    return FetchFailure(
        url=record.url,
        reason=reason,
        detail=f"archived as {record.headers.get('content-type', 'no type')[:100]}",
        at=record.at,
        status=record.status,
    )


def _fitting(headers: Sequence[tuple[str, str]], body: bytes) -> list[tuple[str, str]]:
    fitting = [
        (f"X-Archive-Orig-{name}" if name.lower() in _UNFIT else name, _one_line(value))
        for name, value in headers
    ]
    return [*fitting, ("Content-Length", str(len(body)))]


def _record_headers(fetched_at: datetime, protocol: str, truncated: bool) -> dict[str, str]:
    named = {"WARC-Date": _warc_date(fetched_at)}
    if protocol:
        named["WARC-Protocol"] = protocol.lower()
    if truncated:
        named["WARC-Truncated"] = "length"
    return named


def _warc_date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")
