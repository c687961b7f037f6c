"""Builds the demo newsroom: ``python -m flows.demo.build``.

Writes ``newsroom.warc.gz``, ``expected.json`` and ``feeds.toml`` beside this file from the
texts under ``newsroom/``.  Every date and record id is fixed, so two builds are alike.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from flows.demo import layouts, layouts_world
from flows.demo.expected import expectations, feeds_toml
from flows.demo.feed_files import CONTENT_TYPES, feed_bytes, listings
from flows.demo.markup import Sheet
from flows.demo.sources import DAY_ONE, DAY_TWO, HERE, Outlet, Piece, load

DAYS = {1: DAY_ONE, 2: DAY_TWO}
LAYOUTS: dict[str, Callable[[Sheet], str]] = {
    "wordpress": layouts.wordpress,
    "cms_blocks": layouts.cms_blocks,
    "microdata": layouts.microdata,
    "static_site": layouts.static_site,
    "wire": layouts.wire,
    "tables": layouts.tables,
    "price_sheet": layouts.price_sheet,
    "page_dump": layouts.page_dump,
    "press_release": layouts.press_release,
    "cards": layouts.cards,
    "verlag": layouts_world.verlag,
    "fields": layouts_world.fields,
    "kurier": layouts_world.kurier,
    "spip": layouts_world.spip,
    "portal": layouts_world.portal,
    "rich_media": layouts_world.rich_media,
    "denchi": layouts_world.denchi,
}
# Record ids are made from URL and date under this name, so that no build differs from another.
RECORD_IDS = uuid.UUID("6d1f3f0e-8a53-5a0b-9a53-0c6f6e2f1b7a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response as the archive records it."""

    url: str
    at: datetime
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answers(outlets: list[Outlet], pieces: list[Piece]) -> Iterator[Answer]:
    """Every response of the newsroom, day one before day two."""
    for outlet in outlets:
        yield _robots(outlet)
    for day, now in DAYS.items():
        for outlet in outlets:
            if day == 1 or _feed_changed(outlet, pieces):
                yield _feed(outlet, pieces, day, now)
        for piece in pieces:
            yield from _pages(piece, pieces, day, now)


def page_html(piece: Piece, pieces: list[Piece]) -> str:
    """The page of ``piece``, with links to its neighbours in the same outlet."""
    near = [other for other in pieces if other.outlet == piece.outlet and other.path != piece.path]
    # Neighbours of the first day only: a page does not change because a later one appears.
    near = [other for other in near if other.day <= piece.day and other.page == "shown"]
    start = len(piece.path) % max(1, len(near))
    related = tuple((other.title, other.url) for other in near[start:] + near[:start])
    return LAYOUTS[piece.outlet.layout](Sheet(piece=piece, related=related))


def archive_bytes(found: Iterator[Answer]) -> bytes:
    """``found`` as a WARC, one gzip member a record."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True)
    for answer in found:
        name = f"{answer.url} {answer.at.isoformat()}"
        stamp = answer.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        record = writer.create_warc_record(
            answer.url,
            "response",
            payload=BytesIO(answer.body),
            length=len(answer.body),
            http_headers=StatusAndHeaders(answer.status, list(answer.headers), "HTTP/1.1"),
            warc_headers_dict={
                "WARC-Date": stamp,
                "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(RECORD_IDS, name)}>",
            },
        )
        writer.write_record(record)
    return out.getvalue()


def build(folder: Path = HERE) -> dict[str, bytes]:
    """The bytes of each built file by name; writes nothing."""
    outlets, pieces = load(folder / "newsroom")
    expected = json.dumps(expectations(outlets, pieces), ensure_ascii=False, indent=1) + "\n"
    return {
        "newsroom.warc.gz": archive_bytes(answers(outlets, pieces)),
        "expected.json": expected.encode(),
        "feeds.toml": feeds_toml(outlets).encode(),
    }


def _feed_changed(outlet: Outlet, pieces: list[Piece]) -> bool:
    own = [piece for piece in pieces if piece.outlet == outlet]
    return outlet.guid == "changing" or any(
        piece.day == 2 or piece.listed_later or piece.edited_body for piece in own
    )


def _answer(url: str, at: datetime, status: str, content_type: str, body: bytes) -> Answer:
    headers = (("Content-Type", content_type), ("Content-Length", str(len(body))))
    return Answer(url=url, at=at, status=status, headers=headers, body=body)


def _robots(outlet: Outlet) -> Answer:
    url = f"https://{outlet.host}/robots.txt"
    if not outlet.robots:
        return _answer(url, DAY_ONE, "404 Not Found", "text/html", b"<h1>Not found</h1>\n")
    return _answer(url, DAY_ONE, "200 OK", "text/plain; charset=utf-8", outlet.robots.encode())


def _feed(outlet: Outlet, pieces: list[Piece], day: int, now: datetime) -> Answer:
    if outlet.feed_format == "down":
        body = b"upstream connect error or disconnect before headers\n"
        found = _answer(outlet.feed_url, now, "503 Service Unavailable", "text/plain", body)
        return _with_headers(found, ("Retry-After", "3600"))
    body = feed_bytes(outlet, listings(outlet, pieces, day), day, now)
    found = _answer(outlet.feed_url, now, "200 OK", CONTENT_TYPES[outlet.feed_format], body)
    if outlet.etag:
        digest = hashlib.sha256(body).hexdigest()[:20]
        return _with_headers(found, ("ETag", f'"{digest}"'), ("Cache-Control", "max-age=600"))
    return found


def _with_headers(answer: Answer, *more: tuple[str, str]) -> Answer:
    return Answer(
        url=answer.url,
        at=answer.at,
        status=answer.status,
        headers=(*answer.headers, *more),
        body=answer.body,
    )


def _pages(piece: Piece, pieces: list[Piece], day: int, now: datetime) -> Iterator[Answer]:
    paths = set(piece.listed(day)) | ({piece.path} if day >= piece.day else set())
    if day > piece.day and not piece.edited_body:
        paths -= {piece.path, *piece.listed(piece.day)}
    for path in sorted(paths):
        url = f"https://{piece.outlet.host}{path}"
        if piece.page == "gone":
            gone = b"<html><body><h1>404</h1><p>This road ends here.</p></body></html>\n"
            yield _answer(url, now, "404 Not Found", "text/html; charset=utf-8", gone)
        elif piece.page == "shown":
            charset = piece.outlet.charset
            body = page_html(piece.as_of(day), pieces).encode(charset)
            named = f"text/html; charset={charset}" if piece.outlet.http_charset else "text/html"
            yield _answer(url, now, "200 OK", named, body)


def main() -> None:
    """Write the built files beside this module and say what they hold."""
    for name, body in build().items():
        (HERE / name).write_bytes(body)
        sys.stdout.write(f"{name}: {len(body):,} bytes\n")


if __name__ == "__main__":
    main()
