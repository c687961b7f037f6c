"""What a text cites: the links of its paragraphs, and the URLs written out in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree, html

from ingest import urls
from ingest.policy import ExtractPolicy
from ingest.wording import fold_title

_BLOCK_TAGS = """figure figcaption p li td th blockquote h2 h3 h4 h5 h6 dd dt
pre div section article"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
# No extractor keeps the text of these, and most links of a page are in them.
_OUTSIDE_CHROME = etree.XPath(
    "//a[@href][not(ancestor::nav or ancestor::footer or ancestor::form or ancestor::aside)]"
)
_SHARE = re.compile(
    r"^https?://(?:[\w-]+\.)*(?:facebook\.com/(?:sharer|dialog|share)|(?:twitter|x)\.com/(?:intent|share)"
    r"|linkedin\.com/(?:share|cws)|t\.me/share|wa\.me/|api\.whatsapp\.com|pinterest\.\w+/pin/create"
    r"|reddit\.com/submit|getpocket\.com|addtoany\.com|(?:play|apps)\.(?:google|apple)\.com)",
    re.IGNORECASE,
)
_NO_ARTICLE = re.compile(
    r"/(?:tags?|author|authors|autor|category|kategorie|topics?|thema|search|suche|login|signin"
    r"|subscribe|newsletter|abo|account|page|impressum|privacy|datenschutz|contact|about)(?:/|$)",
    re.IGNORECASE,
)
_KEY = 60
"""Folded characters of a paragraph that identify it inside the text."""
_LEAD = 20
"""Folded characters up to a link's first word that say alone that it stands in the text."""
_BARE_URL = re.compile(r"https?://[^\s<>\"'“”‘’«»()\[\]{}|，。；、）】》]+", re.IGNORECASE)


def cited_links(
    tree: html.HtmlElement, text: str, base: str, policy: ExtractPolicy
) -> tuple[str, ...]:
    """Absolute URLs that ``text`` cites by the links of ``tree``, in reading order."""
    return cited_by(anchors_of(tree), text, base, policy)


class Anchor(NamedTuple):
    """A link of a page, with what tells whether it stands in the text taken from that page."""

    href: str
    words: str
    """The linked text."""
    opening: str
    """The first linked word with the words before it: links may hold more that no one sees."""
    block: str
    """The folded start of the block that holds it."""


def anchors_of(tree: html.HtmlElement) -> list[Anchor]:
    """The links of ``tree`` in reading order; those of images alone are left out."""
    keys: dict[html.HtmlElement, str] = {}
    found = []
    for anchor in _OUTSIDE_CHROME(tree):
        href = anchor.get("href")
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        words = _start(anchor)
        if not words.strip():
            continue
        block = anchor.getparent()
        while block is not None and block.tag not in _BLOCKS:
            block = block.getparent()
        if block is None:
            continue
        if block not in keys:
            keys[block] = fold_title(_start(block))[:_KEY]
        if keys[block]:
            found.append(Anchor(href, words, _opening(anchor, words), keys[block]))
    return found


def _start(block: html.HtmlElement) -> str:
    """The first characters of ``block``, which may hold the whole page."""
    pieces: list[str] = []
    length = 0
    for piece in block.itertext():
        pieces.append(piece)
        length += len(piece)
        if length >= 4 * _KEY:
            break
    return "".join(pieces)[: 4 * _KEY]


def _opening(anchor: html.HtmlElement, words: str) -> str:
    before = anchor.getprevious()
    lead = (anchor.getparent().text if before is None else before.tail) or ""
    return f"{lead[-_KEY // 2 :]}{words.split(None, 1)[0]}" if lead.strip() else ""


def cited_by(anchors: list[Anchor], text: str, base: str, policy: ExtractPolicy) -> tuple[str, ...]:
    """Absolute URLs of those ``anchors`` that stand in ``text``, block and linked words.

    The block alone is not enough: an aside inside the article shares its start with it.
    """
    folded = fold_title(text)
    own = urls.canonical_url(base)
    found: dict[str, None] = {}
    for href, words, opening, block in anchors:
        lead = fold_title(opening)
        stands = block in folded and any(
            key and key[:_KEY] in folded for key in (fold_title(words), lead)
        )
        if not stands and (len(lead) < _LEAD or lead not in folded):
            continue
        url = urls.resolve(base, href)
        if url is None or _SHARE.match(url) or not _leads_to_an_article(url, base):
            continue
        if urls.canonical_url(url) == own:
            continue
        found[url] = None
        if len(found) >= policy.links:
            break
    return tuple(found)


def _leads_to_an_article(url: str, base: str) -> bool:
    path = re.sub(r"^https?://[^/?#]*", "", url).partition("#")[0]
    if path in ("", "/"):
        return False
    if not urls.same_site(url, base):
        return True
    return not _NO_ARTICLE.search(path) and bool(re.search(r"\d|-|\?", path))


def bare_links(text: str, policy: ExtractPolicy) -> tuple[str, ...]:
    """URLs that are written out in ``text``, in reading order, without repeats."""
    found: dict[str, None] = {}
    for match in _BARE_URL.finditer(text):
        url = urls.resolve(match.group().rstrip(".,;:!?"), "")
        url = url or urls.resolve("", match.group().rstrip(".,;:!?"))
        if url:
            found[url] = None
        if len(found) >= policy.links:
            break
    return tuple(found)


def merged_links(
    first: tuple[str, ...], second: tuple[str, ...], policy: ExtractPolicy
) -> tuple[str, ...]:
    """``first``, then what ``second`` adds, up to the number of links kept."""
    return tuple(dict.fromkeys((*first, *second)))[: policy.links]
