"""Reads the written newsroom: ``newsroom/*.toml`` -> outlets and their pieces.

Everything told in those files is invented.  A body is plain paragraphs separated by blank
lines; a paragraph may start with ``## `` (heading), ``- `` (list, one point a line), ``> ``
(quotation) or ``| `` (table, one row a line, first row the head).  ``[words](URL)`` is a link.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
NEWSROOM = HERE / "newsroom"
DAY_ONE = datetime(2026, 11, 2, 6, tzinfo=UTC)
DAY_TWO = datetime(2026, 11, 3, 6, tzinfo=UTC)

Form = Literal["own", "whole", "lede", "truncated", "teaser", "framed"]
LINK = re.compile(r"\[([^\[\]]+)\]\((https://[^\s()]+)\)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ„\"“])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publisher of the newsroom with its one feed."""

    slug: str
    publisher: str
    host: str
    language: str
    country: str
    scope: str
    feed_path: str
    feed_format: Literal["rss", "atom", "rdf", "json", "html", "down"]
    layout: str
    tagline: str = ""
    charset: str = "utf-8"
    http_charset: bool = True
    """False: the page names its charset in a meta tag only."""
    full_content: bool = False
    guid: Literal["url", "constant", "changing", "tag"] = "url"
    etag: bool = False
    broken: bool = False
    robots: str = "User-agent: *\nDisallow: /search\n"
    state: str = "ok"
    """The health state that a run should find."""
    boilerplate: tuple[str, ...] = ()
    """Paragraphs that the outlet puts under framed copies."""

    @property
    def feed_url(self) -> str:
        """Absolute URL of the feed."""
        return f"https://{self.host}{self.feed_path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One text as one outlet carries it."""

    outlet: Outlet
    path: str
    title: str
    author: str
    published: datetime
    body: tuple[str, ...]
    story: str
    form: Form = "own"
    teaser: str = ""
    caption: str = ""
    section: str = ""
    updated: datetime | None = None
    edited_body: tuple[str, ...] = ()
    """The body from day two on, where the outlet corrected it."""
    listed_as: tuple[str, ...] = ()
    """Paths under which the feed lists the page; its own path when empty."""
    listed_later: tuple[str, ...] = ()
    """Paths that the feed adds on day two for a page listed on day one."""
    page: Literal["shown", "gone", "absent", "none"] = "shown"
    """``absent``: not in the archive; ``none``: the entry has no link at all."""
    rejected: tuple[str, str] | None = None
    """Stage and reason of the rejection that a run should record."""
    contains: tuple[str, ...] = ()
    """Story keys whose whole text stands inside this page."""
    unlike: tuple[str, ...] = ()
    """Stories that share this piece's template and must stay apart from it."""
    paywalled: bool = False
    doubled: int = 0
    """Paragraphs lost at the start of the first of two copies; 0 for an ordinary page."""

    @property
    def url(self) -> str:
        """Absolute URL of the page."""
        return f"https://{self.outlet.host}{self.path}"

    @property
    def day(self) -> int:
        """1 or 2: the day from which the outlet's feed lists the piece."""
        return 1 if self.published <= DAY_ONE else 2

    def listed(self, day: int) -> tuple[str, ...]:
        """Paths under which the feed of ``day`` lists the piece; none before its own day."""
        if day < self.day:
            return ()
        return (self.listed_as or (self.path,)) + (self.listed_later if day > self.day else ())

    def as_of(self, day: int) -> Piece:
        """The piece as it stands on ``day``: before or after its correction."""
        if day == 1 or not self.edited_body:
            return replace(self, updated=None)
        return replace(self, body=self.edited_body, teaser=first_sentences(self.edited_body[0], 2))


def load(folder: Path = NEWSROOM) -> tuple[list[Outlet], list[Piece]]:
    """Outlets by slug and their pieces, newest first within an outlet.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` when a source file is malformed.
    """
    wires: dict[str, dict[str, Any]] = {}
    outlets: list[Outlet] = []
    written: list[tuple[Outlet, dict[str, Any]]] = []
    for path in sorted(folder.glob("*.toml")):
        source = tomllib.loads(path.read_text(encoding="utf-8"))
        for wire in source.get("wire", []):
            wires[wire["story"]] = wire
        if "outlet" in source:
            outlet = _outlet(source["outlet"])
            outlets.append(outlet)
            written += [(outlet, row) for row in source.get("piece", [])]
    pieces = [_piece(outlet, row, wires) for outlet, row in written]
    pieces.sort(key=lambda piece: (piece.outlet.slug, -piece.published.timestamp(), piece.path))
    return outlets, pieces


def paragraphs(body: str) -> tuple[str, ...]:
    """The paragraphs of a written body, each with its lines joined unless it is a list or table."""
    found = []
    for block in filter(None, re.split(r"\n\s*\n", body.strip())):
        lines = [line.strip() for line in block.splitlines()]
        found.append("\n".join(lines) if lines[0][:2] in ("- ", "| ") else " ".join(lines))
    return tuple(found)


def shown_text(body: tuple[str, ...]) -> str:
    """``body`` as a reader sees it: no marks of headings, lists, tables and links."""
    lines = []
    for block in body:
        for line in block.split("\n"):
            if line.startswith("| "):
                lines.append(" ".join(cell.strip() for cell in line.strip("| ").split("|")))
            else:
                lines.append(re.sub(r"^(?:## |- |> )", "", line))
    return LINK.sub(r"\1", "\n".join(lines))


def cited(body: tuple[str, ...]) -> list[str]:
    """The URLs that ``body`` links to, in reading order."""
    return [match[2] for match in LINK.finditer("\n".join(body))]


def _outlet(row: dict[str, Any]) -> Outlet:
    return Outlet(**{**row, "boilerplate": paragraphs(row.get("boilerplate", ""))})


def _piece(outlet: Outlet, row: dict[str, Any], wires: dict[str, dict[str, Any]]) -> Piece:
    fields = dict(row)
    form: Form = fields.get("form", "own")
    if form != "own":
        wire = wires[fields["story"]]
        fields = {"title": wire["title"], "author": wire["author"], **fields}
        body = _carried(paragraphs(wire["body"]), form, fields.pop("lede", ""), outlet)
    else:
        body = paragraphs(fields["body"])
    edited = fields.pop("edited_body", "")
    for name in ("listed_as", "listed_later", "contains", "unlike"):
        fields[name] = tuple(fields.get(name, ()))
    if "rejected" in fields:
        stage, reason = fields["rejected"]
        fields["rejected"] = (stage, reason)
    fields |= {"body": body, "edited_body": paragraphs(edited) if edited else ()}
    fields.setdefault("teaser", first_sentences(body[0], 2))
    return Piece(outlet=outlet, **fields)


def first_sentences(text: str, count: int) -> str:
    """The first ``count`` sentences of ``text``."""
    return " ".join(_SENTENCE.split(LINK.sub(r"\1", text))[:count])


def _carried(wire: tuple[str, ...], form: Form, lede: str, outlet: Outlet) -> tuple[str, ...]:
    """The wire story ``wire`` the way an outlet carries it."""
    if form == "whole":
        return wire
    if form == "lede":
        return (*paragraphs(lede), *wire[1:])
    if form == "truncated":
        room = sum(len(block) for block in wire) / 3
        kept: list[str] = []
        while wire and sum(map(len, kept)) + len(wire[len(kept)]) / 2 < room:
            kept.append(wire[len(kept)])
        return tuple(kept)
    if form == "teaser":
        return (first_sentences(" ".join(wire[:2]), 3),)
    return (*paragraphs(lede), *wire, *outlet.boilerplate)
