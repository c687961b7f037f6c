"""The archive in place of the network: requests answered from WARC files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import httpx

from ingest.archive import BODY_LIMIT, UNFIT_HEADERS
from ingest.errors import BrokenArchive, UnreadableArchive
from ingest.headers import not_modified
from ingest.warc import read_record, read_records

_NO_PATH = re.compile(r"^(https?://[^/?]+)(?=\?|$)")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")


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
        headers = [pair for pair in record.headers.items() if pair[0] not in UNFIT_HEADERS]
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


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")
