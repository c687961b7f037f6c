"""The archive of what was fetched: WARC files written, and read back as pages.

Every response is one gzip member, written with a single call, so that a killed process leaves a
file that is readable up to its last whole record.  Bodies are stored decoded, with headers that
fit them; the headers that no longer do are kept as ``X-Archive-Orig-...``.
"""

from __future__ import annotations

import gzip
import io
import re
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from ingest.errors import ArchiveNotWritten, UnreadableArchive
from ingest.headers import never_text, page_of
from ingest.models import ArchivePointer, FetchFailure, Page
from ingest.warc import Recorded, read_record, read_records

BODY_LIMIT = 10 * 2**20
"""Larger bodies in an archive are refused, as they would be live."""

ROLL_OVER = 2**30
"""A new file past one gigabyte, the size that the WARC standard recommends."""

UNFIT_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Lower-case names of headers that speak of the body as it was on the wire, not as stored."""

_RUN = "isPartOf"
# The warcinfo field of the standard for "the collection that the file belongs to".
_COMPRESSION = 6
# Level 9 costs twice the time for one or two per cent.


class ArchiveWriter:
    """Appends responses to WARC files under ``folder``; safe to call from several threads.

    No file is made before the first response.  Two writers never share a file.  Each file names the
    ``run`` that wrote it.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        *,
        software: str = "voltwire",
        run: str = "",
        roll_over: int = ROLL_OVER,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._software = software
        self._run = run
        self._roll_over = roll_over
        self._lock = threading.Lock()
        self._file: io.FileIO | None = None
        self._path = folder
        self._finished: list[Path] = []
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
            self._end_file()

    def finished(self) -> list[Path]:
        """Close the file in use; the files that were finished since this was asked last."""
        with self._lock:
            self._end_file()
            finished, self._finished = self._finished, []
        return finished

    def _end_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._finished.append(self._path)

    def _append(self, record: object) -> ArchivePointer:
        if self._file is not None and self._file.tell() >= self._roll_over:
            self._end_file()
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
        said = {"software": self._software, "format": "WARC File Format 1.1"}
        if self._run:
            said[_RUN] = self._run
        info = self._records.create_warcinfo_record(name, said)
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


def run_of(path: Path) -> str:
    """The run that wrote the archive file at ``path``, as it says itself; "" where it does not."""
    try:
        with path.open("rb") as opened:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(opened.read(4096), 4096)
    except (OSError, zlib.error):
        return ""
    found = re.search(rb"^" + _RUN.encode() + rb": *(\S+)", head, re.M)
    return found[1].decode("ascii", "replace") if found else ""


def read_pages(
    source: Path | str | BinaryIO,
    *,
    folder: Path | None = None,
    body_limit: int = BODY_LIMIT,
    on_refused: Callable[[FetchFailure], None] | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> Iterator[Page]:
    """The pages of a WARC, gzipped or plain, of any status, one at a time.

    Responses that cannot be a page (over ``body_limit``, undecodable, images and other types that
    hold no text) go to ``on_refused`` instead.  With ``folder`` given, pages of a file inside it
    carry their ``ArchivePointer``.  Records whose URL ``wanted`` refuses are passed over unread,
    at the speed of decompression.  Raises ``UnreadableArchive`` at once for what is no WARC; a
    damaged or cut-off file yields what is readable and *then* raises ``BrokenArchive``, which a
    caller that can live with a part catches around its loop.
    """
    opened = Path(source) if isinstance(source, str | Path) else source
    name = ""
    if isinstance(opened, Path) and folder is not None and opened.is_relative_to(folder):
        name = opened.relative_to(folder).as_posix()
    for record in read_records(opened, body_limit=body_limit, wanted=wanted):
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
        (f"X-Archive-Orig-{name}" if name.lower() in UNFIT_HEADERS else name, _one_line(value))
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
