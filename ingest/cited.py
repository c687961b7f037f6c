"""What a text cites: the links of its paragraphs, and the URLs written out in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import html

from ingest import urls
from ingest.policy import ExtractPolicy
from ingest.wording import fold_title, text_in

_BLOCK_TAGS = """figure figcaption p li td th blockquote h2 h3 h4 h5 h6 dd dt
pre div section article"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
# No extractor keeps the text of these, and most links of a page are in them.
_CHROME = ("nav", "footer", "form", "aside")
_SMALL_BLOCKS = frozenset({"a", "p", "li", "h2", "h3", "h4", "h5", "h6", "dt", "figcaption"})
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
_QUERY = re.compile(r"[?#]")
_REWRITTEN = re.compile(r"[^A-Za-z0-9/_.~@:$,=+-]|/\.")
"""What of a path its canonical form may write otherwise."""
_HOST = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)
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
    inside = {anchor for chrome in tree.iter(*_CHROME) for anchor in chrome.iter("a")}
    for anchor in tree.iter("a"):
        href = anchor.get("href")
        if anchor in inside or not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
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
            # an entry of a list is most often its link
            alone = block.text is None and len(block) == 1 and block[0] is anchor
            alone = alone and anchor.tail is None
            keys[block] = _key(words if alone else _start(block))
        if keys[block]:
            found.append(Anchor(href, words, _opening(anchor, words), keys[block]))
    return found


def _key(text: str) -> str:
    """The first folded characters of ``text``."""
    half = fold_title(text[: 2 * _KEY])
    # what a cut may have changed, its last word, lies behind them
    return (half if half.rfind(" ") >= _KEY else fold_title(text))[:_KEY]


def _start(block: html.HtmlElement) -> str:
    """The first characters of ``block``, which may hold the whole page."""
    if len(block) == 0:
        return (block.text or "")[: 4 * _KEY]
    if block.tag in _SMALL_BLOCKS:
        return text_in(block)[: 4 * _KEY]
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
    words_of_text = frozenset(folded.split())
    own = urls.canonical_url(base)
    path = _path_of(own)
    site = _Site(base)
    found: dict[str, None] = {}
    standing: dict[str, bool] = {}
    resolved: dict[str, str] = {}
    for href, words, opening, block in anchors:
        if block not in standing:
            # the words between the first and the last must be there whole: far faster asked
            standing[block] = words_of_text.issuperset(block.split()[1:-1]) and block in folded
        if not (standing[block] and _stands(words, folded)):
            lead = fold_title(opening) if opening else ""
            if not (standing[block] and lead and lead[:_KEY] in folded) and (
                len(lead) < _LEAD or lead not in folded
            ):
                continue
        if href not in resolved:
            url = urls.resolve(base, href) or ""
            at_home = bool(url) and site.holds(url)
            leads = url and not _SHARE.match(url) and _leads_to_an_article(url, at_home)
            resolved[href] = (
                url
                if leads and not (at_home and _may_be(url, path) and urls.canonical_url(url) == own)
                else ""
            )
        if not resolved[href]:
            continue
        found[resolved[href]] = None
        if len(found) >= policy.links:
            break
    return tuple(found)


def _path_of(url: str) -> str:
    return _QUERY.split(_HOST.sub("", url), maxsplit=1)[0]


def _may_be(url: str, path: str) -> bool:
    """Whether the canonical form of ``url`` may have ``path``: cheaper than making that form."""
    own = _path_of(url)
    return own == path or _REWRITTEN.search(own) is not None


def _stands(words: str, folded: str) -> bool:
    key = _key(words)
    return bool(key) and key in folded


class _Site:
    """Which URLs are of the same site as ``base``: asked once for each host."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._hosts: dict[str, bool] = {}

    def holds(self, url: str) -> bool:
        """Whether the absolute ``url`` is of the site."""
        match = _HOST.match(url)
        host = match[0] if match else url
        if host not in self._hosts:
            self._hosts[host] = urls.same_site(host, self._base)
        return self._hosts[host]


def _leads_to_an_article(url: str, at_home: bool) -> bool:
    path = _HOST.sub("", url).partition("#")[0]
    if path in ("", "/"):
        return False
    if not at_home:
        return True
    return not _NO_ARTICLE.search(path) and bool(re.search(r"\d|-|\?", path))


def bare_links(text: str, policy: ExtractPolicy) -> tuple[str, ...]:
    """URLs that are written out in ``text``, in reading order, without repeats."""
    if "://" not in text:
        return ()
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
