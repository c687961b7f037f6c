"""Writes the outlets' feeds: RSS 2.0, Atom, RSS 1.0 (RDF) and JSON Feed, and two that fail."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from flows.demo.markup import block_html, local_time
from flows.demo.sources import Outlet, Piece

Listing = tuple[Piece, str]
"""A piece and the path under which the feed lists it."""

CONTENT_TYPES = {
    "rss": "application/rss+xml; charset=UTF-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json; charset=utf-8",
    "html": "text/html; charset=utf-8",
}


def listings(outlet: Outlet, pieces: list[Piece], day: int) -> list[Listing]:
    """What the feed of ``outlet`` lists on ``day``, newest first."""
    return [
        (piece.as_of(day), path)
        for piece in pieces
        if piece.outlet == outlet
        for path in piece.listed(day)
    ]


def feed_bytes(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> bytes:
    """The body of the feed of ``outlet`` on ``day``."""
    writer = {"rss": _rss, "atom": _atom, "rdf": _rdf, "json": _json, "html": _front}
    text = writer[outlet.feed_format](outlet, listed, day, now)
    if outlet.broken:
        # A bare ampersand, a byte that XML forbids, a tag never closed, and then nothing more.
        text = text.partition("</channel>")[0] + "<webMaster>Desk & rota \x0b <b>nights</webMas"
    return text.encode()


def _guid(piece: Piece, path: str, day: int) -> str:
    number = sum(map(ord, piece.path))
    return {
        "url": f"https://{piece.outlet.host}{path}",
        "constant": piece.outlet.slug,
        "changing": f"https://{piece.outlet.host}/?p={number}" if day == 1 else f"kr-26-{number}",
        "tag": f"tag:{piece.outlet.host},2026:{piece.path}",
    }[piece.outlet.guid]


def _html(piece: Piece) -> str:
    return "\n".join(block_html(block) for block in piece.body)


def _full(piece: Piece) -> bool:
    return piece.outlet.full_content or piece.page == "none"


def _rss(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> str:
    rows = []
    for piece, path in listed:
        link = "" if piece.page == "none" else f"<link>https://{outlet.host}{escape(path)}</link>"
        guid = _guid(piece, path, day)
        permanent = "true" if outlet.guid == "url" else "false"
        full = (
            f"<content:encoded><![CDATA[{_html(piece)}]]></content:encoded>" if _full(piece) else ""
        )
        rows.append(
            f"<item><title>{escape(piece.title)}</title>{link}"
            f'<guid isPermaLink="{permanent}">{escape(guid)}</guid>'
            f"<dc:creator>{escape(piece.author)}</dc:creator>"
            f"<pubDate>{format_datetime(local_time(piece, piece.published))}</pubDate>"
            f"<description>{escape(f'<p>{escape(piece.teaser)}</p>')}</description>{full}</item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>\n'
        f"<title>{escape(outlet.publisher)}</title><link>https://{outlet.host}/</link>"
        f"<description>{escape(outlet.tagline)}</description><language>{outlet.language}</language>"
        f"<lastBuildDate>{format_datetime(now)}</lastBuildDate>\n"
        + "\n".join(rows)
        + "\n</channel></rss>\n"
    )


def _atom(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> str:
    rows = []
    for piece, path in listed:
        url = f"https://{outlet.host}{path}"
        changed = piece.updated or piece.published
        rows.append(
            f'<entry><title type="text">{escape(piece.title)}</title>'
            f'<link rel="alternate" type="text/html" href={quoteattr(url)}/>'
            f"<id>{escape(_guid(piece, path, day))}</id>"
            f"<published>{local_time(piece, piece.published).isoformat()}</published>"
            f"<updated>{local_time(piece, changed).isoformat()}</updated>"
            f"<author><name>{escape(piece.author)}</name></author>"
            f'<summary type="html">{escape(f"<p>{escape(piece.teaser)}</p>")}</summary></entry>'
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}">'
        f"<title>{escape(outlet.publisher)}</title><id>https://{outlet.host}/</id>"
        f'<link rel="self" href="{outlet.feed_url}"/><updated>{now.isoformat()}</updated>\n'
        + "\n".join(rows)
        + "\n</feed>\n"
    )


def _rdf(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> str:
    urls = [f"https://{outlet.host}{path}" for _, path in listed]
    order = "".join(f"<rdf:li rdf:resource={quoteattr(url)}/>" for url in urls)
    rows = [
        f"<item rdf:about={quoteattr(url)}><title>{escape(piece.title)}</title>"
        f"<link>{escape(url)}</link><description>{escape(piece.teaser)}</description>"
        f"<dc:creator>{escape(piece.author)}</dc:creator>"
        f"<dc:date>{local_time(piece, piece.published).isoformat()}</dc:date></item>"
        for (piece, _), url in zip(listed, urls, strict=True)
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<channel rdf:about="{outlet.feed_url}"><title>{escape(outlet.publisher)}</title>'
        f"<link>https://{outlet.host}/</link><description>{escape(outlet.tagline)}</description>"
        f"<dc:language>{outlet.language}</dc:language>"
        f"<dc:date>{now.isoformat()}</dc:date><!-- day {day} -->"
        f"<items><rdf:Seq>{order}</rdf:Seq></items></channel>\n"
        + "\n".join(rows)
        + "\n</rdf:RDF>\n"
    )


def _json(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> str:
    rows: list[dict[str, object]] = []
    for piece, path in listed:
        row: dict[str, object] = {
            "id": _guid(piece, path, day),
            "title": piece.title,
            "summary": piece.teaser,
            "date_published": local_time(piece, piece.published).isoformat(),
            "authors": [{"name": piece.author}],
        }
        if piece.page == "none":
            row["id"] = f"note-{piece.published:%Y%m%d}"
        else:
            row["url"] = f"https://{outlet.host}{path}"
        if _full(piece):
            row["content_html"] = _html(piece)
        rows.append(row)
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": outlet.publisher,
            "home_page_url": f"https://{outlet.host}/",
            "feed_url": outlet.feed_url,
            "language": outlet.language,
            "_built": now.isoformat(),
            "items": rows,
        },
        ensure_ascii=False,
        indent=1,
    )


def _front(outlet: Outlet, listed: list[Listing], day: int, now: datetime) -> str:
    del listed, day, now
    return (
        f'<!DOCTYPE html><html lang="{outlet.language}"><head><meta charset="utf-8">'
        f"<title>{escape(outlet.publisher)}</title></head><body><h1>{escape(outlet.publisher)}</h1>"
        "<p>We have moved to a new platform! Our feeds are being rebuilt, please visit the "
        '<a href="/">front page</a> in the meantime.</p></body></html>\n'
    )
