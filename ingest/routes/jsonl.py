"""The route ``jsonl``: rows of ``{url, title?, published?, author?, text | html}``.

For text that somebody has already, from another archive or a data set.  A row with ``text`` is
stored as given; a row with ``html`` is extracted like a fetched page.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ingest.dates import parse_date
from ingest.errors import VoltwireError
from ingest.models import Capture, FeedEntry, Page, Rejection
from ingest.policy import FetchPolicy
from ingest.urls import canonical_url

NAME = "jsonl"
# A row is one article; a line longer than twice the largest page is another kind of file.
_LINE_BYTES = 2 * FetchPolicy().body_bytes


class UnreadableRows(VoltwireError):
    """A file that is not there, not to be opened, or not lines of JSON."""


def captures(path: Path, clock: Callable[[], datetime]) -> Iterator[Capture | Rejection]:
    """Each row of the file at ``path`` (``.jsonl``, or gzipped), in order.

    A row that cannot be used is a rejection that names its line.

    Damage further on ends the file with a rejection.

    Raises:
        UnreadableRows: when the file cannot be opened, or its first line is no JSON.
    """
    number = 0
    try:
        with path.open("rb") as probe:
            opener = gzip.open if probe.read(2) == b"\x1f\x8b" else open
        with opener(path, "rb") as rows:
            while line := rows.readline(_LINE_BYTES):
                number += 1
                if line.strip():
                    yield _row(line, path, number, clock())
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error)
        if number:
            # A damaged end costs what it held; the rows before it stand, and so do other files.
            yield _refusal(f"{path.name}:{number + 1}", "broken_file", said, clock())
            return
        raise UnreadableRows(f"cannot be read: {said}", about=path) from error


def _row(line: bytes, path: Path, number: int, now: datetime) -> Capture | Rejection:
    place = f"{path.name}:{number}"
    try:
        row = json.loads(line)
    except ValueError as error:
        if number == 1:
            raise UnreadableRows(
                "the first line is no JSON",
                about=path,
                hint='a row is {"url": ..., "text" or "html": ...}',
            ) from error
        return _refusal(place, "bad_row", f"no JSON: {error}", now)
    if not isinstance(row, dict):
        return _refusal(place, "bad_row", "not an object", now)
    url = _string(row, "url")
    canonical = canonical_url(url) if url else ""
    if not canonical.startswith(("http://", "https://")):
        return _refusal(url or place, "bad_row", f"{place}: no http(s) url", now)
    text, html = _string(row, "text"), _string(row, "html")
    if not text.strip() and not html.strip():
        return _refusal(url, "bad_row", f"{place}: neither text nor html", now)
    published = _string(row, "published")
    entry = FeedEntry(
        url=url,
        canonical_url=canonical,
        title=_string(row, "title"),
        author=_string(row, "author"),
        published_at=parse_date(published, now=now) if published else None,
        published_raw=published,
        language=_string(row, "language"),
        text=text,
        revision=blake2b(line, digest_size=8).hexdigest(),
    )
    if text.strip():
        return Capture(entry=entry)
    page = Page(
        url=url,
        requested_url=url,
        status=200,
        content_type="text/html; charset=utf-8",
        body=html.encode("utf-8", "replace"),
        fetched_at=now,
    )
    return Capture(entry=entry, page=page)


def _string(row: dict[str, Any], name: str) -> str:
    found = row.get(name)
    if isinstance(found, list):
        return ", ".join(str(part) for part in found)
    return "" if found is None else str(found)


def _refusal(url: str, reason: str, detail: str, now: datetime) -> Rejection:
    return Rejection(url=url, feed="", stage="parse", reason=reason, detail=detail, at=now)
