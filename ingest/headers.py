"""What response headers mean for the pipeline: one record from a response; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ingest.models import ArchivePointer, Page

_YEAR = 365 * 24 * 3600
_LONGEST_VALIDATOR = 1024
_NEVER_TEXT = re.compile(
    r"\s*(?:image/|video/|audio/|font/|model/|application/(?:pdf|zip|x-zip-compressed|"
    r"x-rar-compressed|vnd\.rar|x-7z-compressed|x-tar|epub\+zip|msword|vnd\.ms-|vnd\.openxml|"
    r"vnd\.oasis|x-shockwave|java-archive|vnd\.android|x-msdownload|wasm|ogg|mp4))",
    re.IGNORECASE,
)
# application/octet-stream and
# application/gzip are not here: feeds and sitemaps are served so.


class Headers(dict[str, str]):
    """Header values by lower-case name; a repeated name keeps all values, joined by commas."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Headers from ``(name, value)`` pairs in the order of the wire."""
        headers = cls()
        for name, value in pairs:
            key = name.strip().lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value.strip()
        return headers


def never_text(content_type: str) -> bool:
    """Whether a Content-Type says that no article or feed can be inside.

    Wrongly refusing loses an article, wrongly reading costs a megabyte: only sure cases.
    """
    return _NEVER_TEXT.match(content_type) is not None


def max_age(headers: Mapping[str, str]) -> int | None:
    """Seconds that the answer stays fresh, 0..one year; None when the server does not say.

    Cache-Control goes before Expires (RFC 9111, 5.3); no-store and no-cache count as 0.
    """
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:store|cache)\b", control):
        return 0
    found = re.search(r"(?<![-\w])max-age\s*=\s*\"?(\d{1,12})", control)
    if found:
        return min(int(found[1]), _YEAR)
    if "expires" not in headers:
        return None
    expires = http_date(headers["expires"])
    sent = http_date(headers.get("date", ""))
    if expires is None:
        return 0  # "Expires: 0" and other invalid dates mean already expired (RFC 9111, 5.3).
    if sent is None:
        return None
    return int(min(max((expires - sent).total_seconds(), 0), _YEAR))


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, in seconds or as a date; None when unreadable."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d*)?", value):
        return float(value)
    when = http_date(value)
    return None if when is None else max((when - now).total_seconds(), 0.0)


def http_date(value: str) -> datetime | None:
    """An HTTP date as UTC; None when it is none."""
    try:
        when = parsedate_to_datetime(value.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def not_modified(headers: Mapping[str, str], *, if_none_match: str, if_modified_since: str) -> bool:
    """Whether a recorded answer still holds for these validators (RFC 9110, 13.1).

    The comparison is the weak one; If-Modified-Since counts only without If-None-Match.
    """
    if if_none_match:
        own = _bare_tag(headers.get("etag", ""))
        asked = {_bare_tag(tag) for tag in if_none_match.split(",")}
        return bool(own) and own in asked
    modified = http_date(headers.get("last-modified", ""))
    since = http_date(if_modified_since)
    return modified is not None and since is not None and modified <= since


def page_of(
    *,
    url: str,
    requested_url: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    fetched_at: datetime,
    permanent_url: str = "",
    archived: ArchivePointer | None = None,
) -> Page:
    """The ``Page`` of a response; validators too long to be sent back are left out."""
    return Page(
        url=url,
        requested_url=requested_url,
        status=status,
        content_type=headers.get("content-type", ""),
        body=body,
        fetched_at=fetched_at,
        etag=_validator(headers.get("etag", "")),
        last_modified=_validator(headers.get("last-modified", "")),
        permanent_url=permanent_url,
        max_age=max_age(headers),
        archived=archived,
    )


def sendable(value: str) -> bool:
    """Whether ``value`` may stand in a request header."""
    return 0 < len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable()


def _validator(value: str) -> str:
    return value if sendable(value) else ""


def _bare_tag(tag: str) -> str:
    tag = tag.strip()
    return tag[2:] if tag[:2] in ("W/", "w/") else tag
