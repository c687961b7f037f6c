"""Pieces of HTML shared by the layouts: body blocks, metadata heads, written dates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape

from flows.demo.sources import LINK, Piece

MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
FRENCH_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
OFFSETS = {"GB": 0, "US": -5, "AU": 11, "DE": 1, "AT": 1, "FR": 1, "CN": 8, "JP": 9}
"""Hours ahead of UTC at the start of November."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A piece laid ready for a template, with the neighbours that the site links to."""

    piece: Piece
    related: tuple[tuple[str, str], ...]
    """(title, url) of other pieces of the outlet."""

    @property
    def title(self) -> str:
        """The headline, escaped."""
        return escape(self.piece.title)

    @property
    def author(self) -> str:
        """The byline, escaped."""
        return escape(self.piece.author)

    @property
    def publisher(self) -> str:
        """The outlet's name, escaped."""
        return escape(self.piece.outlet.publisher)

    @property
    def blocks(self) -> list[str]:
        """The body, one HTML element a paragraph."""
        return [block_html(block) for block in self.piece.body]

    @property
    def body(self) -> str:
        """The body as one string of HTML."""
        return "\n".join(self.blocks)

    @property
    def local(self) -> datetime:
        """Publication in the outlet's own time."""
        return local_time(self.piece, self.piece.published)

    def links(self, count: int = 4) -> str:
        """``<li>`` links to neighbours."""
        return "\n".join(
            f'<li><a href="{escape(url)}">{escape(title)}</a></li>'
            for title, url in self.related[:count]
        )


def local_time(piece: Piece, moment: datetime) -> datetime:
    """``moment`` in the time zone of the piece's outlet."""
    return moment.astimezone(timezone(timedelta(hours=OFFSETS[piece.outlet.country])))


def block_html(block: str) -> str:
    """One written paragraph as HTML."""
    kind, rest = block[:2], block[2:]
    if kind == "##":
        return f"<h2>{escape(rest.strip())}</h2>"
    if kind == "> ":
        return f"<blockquote><p>{_inline(rest)}</p></blockquote>"
    if kind == "- ":
        points = (_inline(line[2:]) for line in block.split("\n"))
        return "<ul>" + "".join(f"<li>{point}</li>" for point in points) + "</ul>"
    if kind == "| ":
        rows = [
            [cell.strip() for cell in line.strip("| ").split("|")] for line in block.split("\n")
        ]
        head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
        rest_rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows[1:]
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rest_rows}</tbody></table>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    """``text`` escaped, its links as anchors."""
    return LINK.sub(r'<a href="\2">\1</a>', escape(text, quote=False))


def json_ld(sheet: Sheet, kind: str = "NewsArticle", *, graph: bool = False) -> str:
    """A schema.org script for the piece."""
    piece = sheet.piece
    record: dict[str, object] = {
        "@type": kind,
        "@id": f"{piece.url}#article",
        "headline": piece.title,
        "datePublished": sheet.local.isoformat(),
        "dateModified": local_time(piece, piece.updated or piece.published).isoformat(),
        "author": [{"@type": "Person", "name": piece.author}],
        "publisher": {"@type": "Organization", "name": piece.outlet.publisher},
        "mainEntityOfPage": piece.url,
        "inLanguage": piece.outlet.language,
    }
    if piece.paywalled:
        record["isAccessibleForFree"] = False
        record["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".paywall",
        }
    whole: dict[str, object] = {"@context": "https://schema.org"}
    if graph:
        site = {"@type": "WebSite", "name": piece.outlet.publisher, "url": home(piece)}
        whole["@graph"] = [record, site]
    else:
        whole |= record
    written = json.dumps(whole, ensure_ascii=False)
    return f'<script type="application/ld+json">{written}</script>'


def open_graph(sheet: Sheet, *, times: bool = True) -> str:
    """OpenGraph tags for the piece."""
    piece = sheet.piece
    tags = [
        ("og:type", "article"),
        ("og:title", piece.title),
        ("og:description", piece.teaser),
        ("og:url", piece.url),
        ("og:site_name", piece.outlet.publisher),
    ]
    if times:
        tags.append(("article:published_time", sheet.local.isoformat()))
        if piece.updated:
            tags.append(("article:modified_time", local_time(piece, piece.updated).isoformat()))
    return "\n".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in tags)


def canonical(sheet: Sheet) -> str:
    """The ``rel=canonical`` link of the piece."""
    return f'<link rel="canonical" href="{escape(sheet.piece.url)}">'


def home(piece: Piece) -> str:
    """The outlet's front page."""
    return f"https://{piece.outlet.host}/"


def figure(sheet: Sheet, source: str) -> str:
    """A picture with its caption, when the piece has one."""
    caption = sheet.piece.caption
    if not caption:
        return ""
    return (
        f'<figure class="media"><img src="/img/{abs(hash_name(caption)) % 9973}.jpg" '
        f'alt="" width="1200" height="675"><figcaption>{escape(caption)} '
        f"<small>{escape(source)}</small></figcaption></figure>"
    )


def hash_name(text: str) -> int:
    """A small number that is the same in every run, unlike ``hash``."""
    return sum(position * ord(char) for position, char in enumerate(text, 1))
