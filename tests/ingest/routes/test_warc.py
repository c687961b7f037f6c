"""The route ``warc``: the pages of any crawl, and nothing that is no page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import UnreadableArchive
from ingest.models import Capture, Rejection
from ingest.routes.warc import captures

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def record(
    url: str, status: str = "200 OK", kind: str = "text/html", body: bytes = b"<p>x"
) -> bytes:
    http = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:"
        "12345678-1234-1234-1234-123456789012>\r\nWARC-Date: 2026-11-02T06:00:00Z\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http;msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def read(folder: Path, *records: bytes) -> list[Capture | Rejection]:
    path = folder / "crawl.warc"
    path.write_bytes(b"".join(records))
    return list(captures(path, lambda: NOW))


def test_pages_come_in_order_with_their_identity(tmp_path: Path) -> None:
    """Each HTML page is a capture under its canonical URL."""
    found = read(
        tmp_path, record("https://a.example/1?utm_source=x"), record("https://a.example/2")
    )
    assert all(isinstance(one, Capture) for one in found)
    assert [one.entry.canonical_url for one in found if isinstance(one, Capture)] == [
        "https://a.example/1", "https://a.example/2",
    ]  # fmt: skip


def test_what_is_no_page_is_passed_over(tmp_path: Path) -> None:
    """robots.txt, feeds, scripts and redirects are neither articles nor losses."""
    assert not read(
        tmp_path,
        record("https://a.example/robots.txt", kind="text/plain"),
        record("https://a.example/feed", kind="application/rss+xml"),
        record("https://a.example/x.js", kind="text/javascript"),
        record("https://a.example/old", status="301 Moved"),
    )


def test_xhtml_is_a_page(tmp_path: Path) -> None:
    """Its type ends in xml and it is a page all the same."""
    assert len(read(tmp_path, record("https://a.example/1", kind="application/xhtml+xml"))) == 1


def test_a_page_that_was_an_error_is_a_rejection(tmp_path: Path) -> None:
    """With the status as its reason."""
    (gone,) = read(tmp_path, record("https://a.example/1", status="404 Not Found"))
    assert isinstance(gone, Rejection)
    assert (gone.stage, gone.reason) == ("fetch", "http_404")


def test_of_an_archive_only_the_sites_asked_for_are_read(tmp_path: Path) -> None:
    """Registered domains are matched whole; what is left out is no rejection, even broken."""
    path = tmp_path / "crawl.warc"
    addresses = [
        "https://news.bbc.co.uk/1", "https://bbc.co.uk:8443/2", "https://notbbc.co.uk/3",
        "https://bbc.co.uk.evil.example/4", "http://BBC.co.uk/5", "https://x.example?u=bbc.co.uk",
        "bbc.co.uk", "https://user@bbc.co.uk/6",
    ]  # fmt: skip
    gone = record("https://x.example/gone", status="404 Not Found")
    path.write_bytes(b"".join([gone, *map(record, addresses), record("https://bbc.co.uk/z")]))
    found = list(captures(path, lambda: NOW, sites={"bbc.co.uk"}))
    read = [one.entry.url for one in found if isinstance(one, Capture)]
    assert len(read) == len(found)
    assert {"https://news.bbc.co.uk/1", "https://bbc.co.uk:8443/2", "https://bbc.co.uk/z"} <= set(
        read
    )
    assert not any("x.example" in url or "evil" in url or "notbbc" in url for url in read)


def test_what_is_no_warc_is_refused(tmp_path: Path) -> None:
    """Nothing is read from it."""
    with pytest.raises(UnreadableArchive):
        read(tmp_path, b"no archive at all\n" * 9)
