"""The WARC format, read: records with an HTTP response, one at a time; the importer of fastwarc.

HTTP headers are taken apart here and not by fastwarc: it stops at a header over its limit, does
not know bare line feeds, and leaves no way to tell a record cut off in its headers from a whole
one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from ingest.content_encoding import EncodingFailed, TooLarge, decode_body, undo_chunked
from ingest.errors import BrokenArchive, UnreadableArchive
from ingest.headers import Headers

_HEADER_BYTES = 256 * 1024
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t]+([^\r\n]*))?\s*")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_NO_WARC = "is not a WARC file"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_HINT_NEEDED = "the rest of the file is lost; what came before it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One response record."""

    url: str
    at: datetime
    offset: int
    """Where the record's gzip member, or the record of a plain file, starts."""
    status: int
    phrase: str
    headers: Headers
    body: bytes
    """Decoded; empty where ``refused`` is set."""
    refused: str = ""
    """``too_large`` or ``bad_encoding`` when the body is not handed out."""


def read_records(
    source: Path | BinaryIO,
    *,
    body_limit: int,
    bodies: bool = True,
    wanted: Callable[[str], bool] | None = None,
) -> Iterator[Recorded]:
    """The response records of a WARC, gzipped or plain, in the order of the file.

    ``bodies=False`` leaves bodies undecoded and empty, for an index.  ``wanted`` is asked with a
    record's URL; what it refuses is passed over unread.  Raises
    ``UnreadableArchive`` before the first record when the source is no WARC, and ``BrokenArchive``
    after the last readable one when the rest is damaged or cut off.
    """
    if isinstance(source, Path):
        try:
            opened = source.open("rb")
        except OSError as error:
            raise UnreadableArchive(error.strerror or str(error), about=source) from error
        with opened:
            yield from _records(opened, str(source), body_limit, bodies, wanted, whole=True)
    else:
        name = str(getattr(source, "name", "WARC stream"))
        yield from _records(_Forward(source), name, body_limit, bodies, wanted, whole=False)


def read_record(path: Path, offset: int, *, body_limit: int) -> Recorded:
    """The response record at ``offset``.  Raises ``UnreadableArchive``."""
    try:
        with path.open("rb") as opened:
            opened.seek(offset)
            record = next(iter(_iterate(opened)), None)
            if record is not None:
                block, whole = _read(record, body_limit)
                found = _recorded(record, block, offset, body_limit, bodies=True) if whole else None
                if found is not None:
                    return found
    except _FAULTS as error:
        raise UnreadableArchive(str(error), about=path) from error
    raise UnreadableArchive(f"no whole response at byte {offset}", about=path)


# fastwarc reports every kind of damage as OSError, undecodable headers as ValueError.
_FAULTS = (OSError, ValueError, EOFError)


def _records(
    stream: Any,
    name: str,
    body_limit: int,
    bodies: bool,
    wanted: Callable[[str], bool] | None,
    *,
    whole: bool,
) -> Iterator[Recorded]:
    seen = 0
    last = -1
    try:
        for record in _iterate(stream):
            seen += 1
            last = record.stream_pos
            is_response = record.record_type == WarcRecordType.response and (
                wanted is None or wanted(_url(record))
            )
            block, complete = _read(record, body_limit) if is_response else _skip(record)
            if not complete:
                raise EOFError("it ends inside a record")
            if is_response:
                found = _recorded(record, block, last, body_limit, bodies)
                if found is not None:
                    yield found
    except _FAULTS as error:
        if not seen:
            raise UnreadableArchive(_NO_WARC, about=name) from error
        raise BrokenArchive(
            f"damaged after record {seen}: {error}", about=name, hint=_NO_HINT_NEEDED
        ) from error
    if not seen:
        raise UnreadableArchive("is empty or not a WARC file", about=name)
    if whole and _has_tail(stream, last):
        raise BrokenArchive(f"cut off after record {seen}", about=name, hint=_NO_HINT_NEEDED)


def _iterate(stream: Any) -> Iterator[WarcRecord]:
    # The body is read within the loop, so the iterator never has to skip unread bytes itself.
    return iter(ArchiveIterator(stream, parse_http=False, max_header_len=_HEADER_BYTES))


def _read(record: WarcRecord, body_limit: int) -> tuple[bytes, bool]:
    """The record's block, its start only when over the limit, and whether all of it was there."""
    length = record.content_length
    if length > body_limit + _HEADER_BYTES:
        block = record.reader.read(_HEADER_BYTES)
        there = len(block) + record.reader.consume()
    else:
        block = record.reader.read()
        there = len(block)
    return block, _is_whole(record, there)


def _skip(record: WarcRecord) -> tuple[None, bool]:
    return None, _is_whole(record, record.reader.consume())


def _is_whole(record: WarcRecord, there: int) -> bool:
    # The length is mandatory; a record without one is cut off in its headers.
    return there == record.content_length and record.headers.get("Content-Length") is not None


def _recorded(
    record: WarcRecord, block: bytes | None, offset: int, body_limit: int, bodies: bool
) -> Recorded | None:
    if not block:
        return None
    url = _url(record)
    first = _STATUS_LINE.match(block)
    if not url or first is None:
        return None
    end = _HEAD_END.search(block)
    head_end, body_start = end.span() if end else (len(block), len(block))
    lines = block[first.end() : head_end].splitlines() if head_end > first.end() else []
    headers = Headers.of(_header_pairs(lines))
    refused = ""
    body = b""
    if record.content_length > body_limit + _HEADER_BYTES:
        refused = "too_large"
    elif bodies:
        body = block[body_start:]
        try:
            if "chunked" in headers.get("transfer-encoding", "").lower():
                body = undo_chunked(body)
            body = decode_body(
                body, headers.get("content-encoding", ""), limit=body_limit, lenient=True
            )
        except TooLarge:
            body, refused = b"", "too_large"
        except EncodingFailed:
            body, refused = b"", "bad_encoding"
    return Recorded(
        url=url,
        at=_date(record),
        offset=offset,
        status=int(first[1]),
        phrase=(first[2] or b"").decode("latin-1").strip(),
        headers=headers,
        body=body,
        refused=refused,
    )


def _url(record: WarcRecord) -> str:
    url = record.headers.get("WARC-Target-URI") or ""
    return url.strip().removeprefix("<").removesuffix(">")


def _header_pairs(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or name[:1] in (b" ", b"\t"):
            continue
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        yield name.decode("latin-1"), text


def _date(record: WarcRecord) -> datetime:
    date = record.record_date
    # Without a readable date the record is the oldest that there is: any dated one is newer.
    return _EPOCH if date is None else date.astimezone(UTC)


def _has_tail(stream: BinaryIO, last: int) -> bool:
    """Whether bytes that are no record follow the last one: a member cut off in its first bytes.

    fastwarc ends silently there.  Only for gzip with one member a record.
    """
    stream.seek(last)
    if stream.read(2) != b"\x1f\x8b":
        return False
    stream.seek(last)
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        while not inflater.eof:
            chunk = inflater.unconsumed_tail or stream.read(64 * 1024)
            if not chunk:
                return True
            inflater.decompress(chunk, 1024 * 1024)
    except zlib.error:
        return False  # The last record lies inside a larger member; it was read whole.
    return bool(inflater.unused_data or stream.read(1))


class _Forward:
    """A stream that is only ever read on, as fastwarc wants it: it asks for a seek to where it is.

    Without this an unseekable stream, such as a download, ends in a panic inside the library.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._at += len(chunk)
        return chunk

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if (whence, offset) in ((0, self._at), (1, 0)):
            return self._at
        raise OSError("this stream can only be read forward")

    def close(self) -> None:
        """Closing is the caller's."""
