"""A parsed page -> the running text of its article; with ``extract.py`` the only trafilatura user.

trafilatura's lower-level functions are called in the order of its own cascade (Barbaresi 2021,
https://aclanthology.org/2021.acl-demo.15/), but its comparison with further extractors, half of
the cost, is paid only where the first result is doubtful.  Before it, what a page itself marks as
pointing elsewhere is taken out; after it, the headline and lines that address the reader rather
than report.  The worse mistake is losing a sentence of the article: every cut is bounded.
"""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

from htmldate import find_date
from lxml import etree, html  # type: ignore[import-untyped]
from trafilatura.core import trafilatura_sequence
from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Extractor
from trafilatura.xml import xmltotxt
from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

from ingest import urls
from ingest.metadata import PageMetadata, fold_title
from ingest.policy import ExtractPolicy

# trafilatura logs every page that it gives up; the reason travels in the Rejection instead
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_HEAVY = re.compile(
    r"<(script|style|svg|noscript)\b(?![^>]{0,200}ld\+json)[^>]*>.*?</\1\s*>|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
_LONG_ATTRIBUTE = re.compile(r"=\s*(\"[^\"<>]{5000,}\"|'[^'<>]{5000,}')")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text of an article and what it cites."""

    text: str
    links: tuple[str, ...] = ()
    page_chars: int = 0
    """Characters of visible text in the whole page."""


def parse_page(
    text: str, parse_chars: int = ExtractPolicy().parse_chars
) -> html.HtmlElement | None:
    """``text`` of a page as a tree, or None when there is nothing to parse; never raises."""
    if len(text) > parse_chars:
        text = _LONG_ATTRIBUTE.sub('=""', _HEAVY.sub(" ", text))
    source = _CONTROL.sub("", text).encode("utf-8", "replace")
    if not source.strip():
        return None
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = html.document_fromstring(source, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError, RecursionError):
        return None
    return tree if isinstance(tree, html.HtmlElement) else None


def body_of(
    tree: html.HtmlElement, url: str, meta: PageMetadata, policy: ExtractPolicy, source: str = ""
) -> Body:
    """Running text of the article in ``tree``: a paragraph, heading or list entry a line.

    The tree is used up.  ``source`` is the markup, read when the parser lost its text.  The text
    is empty when the page shows none.
    """
    page_chars = _visible_chars(tree)
    if is_complex(tree, policy):
        text = plain_text(tree)
        if source and _depth(tree) >= policy.max_depth:
            # libxml2 stops at a depth of its own and drops what lies below
            text = max(text, markup_text(source), key=len)
        return Body(text=text[: policy.text_chars], page_chars=page_chars)
    anchors = _anchors(tree)
    text = trim_noise(_main_text(tree, url, policy, page_chars), meta, policy)
    return Body(text=text, links=_cited(anchors, text, url, policy), page_chars=page_chars)


def is_complex(tree: html.HtmlElement, policy: ExtractPolicy) -> bool:
    """True for a tree on which trafilatura takes seconds or fails: no real article page."""
    # counted in C: walking the tree in Python costs a tenth of the whole extraction
    if tree.xpath("count(//*)") > policy.max_elements:
        return True
    if tree.xpath("count(//a)") > policy.max_links:
        return True
    if tree.xpath("string-length(/)") > policy.max_chars and len(plain_text(tree)) > (
        policy.max_chars
    ):
        return True
    return bool(tree.xpath(f"boolean(//*[count(ancestor::*) > {policy.max_depth}])"))


def _main_text(tree: html.HtmlElement, url: str, policy: ExtractPolicy, page_length: int) -> str:
    _drop_link_lines(tree, policy)
    _bound_spans(tree)
    options = Extractor(output_format="python", comments=False, url=url)
    spare = deepcopy(tree)
    tree = prune_unwanted_nodes(tree, RAW_TREE_PRUNE_XPATH)
    tree = prune_unwanted_nodes(tree, REMOVE_COMMENTS_AND_LISTS_XPATH)
    cleaned = convert_tags(tree_cleaning(tree, options), options, url)
    body, text = extract_content(cleaned, options)
    if len(text) < policy.doubtful_chars or len(text) < policy.doubtful_share * page_length:
        rest = deepcopy(spare)
        body, _, _, _ = trafilatura_sequence(spare, options, url)
        spare = rest
    text = tidy(xmltotxt(body, False))
    return text or plain_text(spare)


def tidy(text: str) -> str:
    """One paragraph a line, spaces single, no empty lines."""
    lines = (_SPACE.sub(" ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def guess_date(tree: html.HtmlElement, url: str, now: datetime) -> str:
    """A day that stands in the page's text or URL, "" when none does; for pages without markup.

    htmldate (Barbaresi 2020, https://doi.org/10.21105/joss.02439) finds it.
    """
    try:
        found = find_date(
            tree,
            original_date=True,
            url=url,
            max_date=(now + timedelta(days=1)).strftime("%Y-%m-%d"),
        )
    except (ValueError, TypeError, RecursionError, etree.LxmlError):
        return ""
    return found or ""


# Size


def _depth(tree: html.HtmlElement) -> int:
    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _bound_spans(tree: html.HtmlElement) -> None:
    """Forget table spans that no layout needs: trafilatura fills each of them with cells."""
    for cell in tree.iter("td", "th"):
        for attribute in ("colspan", "rowspan"):
            if len(cell.get(attribute, "")) > 1:
                del cell.attrib[attribute]


# The plain reader

_UNREAD_TAGS = """script style head template noscript svg nav footer aside form button select iframe
figure header object canvas video audio dialog menu"""
_UNREAD = frozenset(_UNREAD_TAGS.split())
_BREAK_TAGS = """p div section article main h1 h2 h3 h4 h5 h6 li ul ol dl dt dd tr table blockquote
pre br hr body td th figcaption summary details address center"""
_BREAKS = frozenset(_BREAK_TAGS.split())


def plain_text(tree: html.HtmlElement) -> str:
    """All text of ``tree`` outside its chrome, a block a line; linear in any shape of tree."""
    pieces: list[str] = []
    skipping = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        unread = tag in _UNREAD
        if event == "start":
            skipping += unread
            if not skipping:
                if tag in _BREAKS:
                    pieces.append("\n")
                if element.text:
                    pieces.append(_SPACE.sub(" ", element.text))
        else:
            skipping -= unread
            if not skipping:
                if tag in _BREAKS:
                    pieces.append("\n")
                if element.tail:
                    pieces.append(_SPACE.sub(" ", element.tail))
    return tidy("".join(pieces))


_TAGS_UNREAD = re.compile(
    r"<(script|style|head|noscript|svg|nav|footer|aside)\b[^>]*>.*?</\1\s*>|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
_TAG_BREAK = re.compile(r"</?(?:p|div|section|article|h[1-6]|li|tr|br|blockquote)\b[^<>]*>", re.I)
_TAG = re.compile(r"<[^<>]*>")


def markup_text(source: str) -> str:
    """Text of markup that no parser could make a tree of; linear."""
    source = _TAG_BREAK.sub("\n", _TAGS_UNREAD.sub(" ", source))
    return tidy(unescape(_TAG.sub("", source)))


def fragment_text(markup: str) -> str:
    """Text of an HTML fragment out of a feed, a block a line."""
    if "<" not in markup and "&" not in markup:
        return tidy(markup)
    tree = parse_page(f"<html><body><div>{markup}</div></body></html>")
    return plain_text(tree) if tree is not None else ""


def _visible_chars(tree: html.HtmlElement) -> int:
    return sum(
        len(part)
        for element in tree.iter("p", "li", "td", "h2", "h3", "blockquote", "div")
        for part in (element.text, element.tail)
        if part
    )


# Links

_BLOCK_TAGS = "p li td th blockquote h2 h3 h4 h5 h6 dd dt pre div section article"
_BLOCKS = frozenset(_BLOCK_TAGS.split())
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


def _anchors(tree: html.HtmlElement) -> list[tuple[str, str]]:
    """(href, start of the block that holds it), in reading order."""
    keys: dict[html.HtmlElement, str] = {}
    found = []
    for anchor in tree.iter("a"):
        href = anchor.get("href")
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        block = anchor.getparent()
        while block is not None and block.tag not in _BLOCKS:
            block = block.getparent()
        if block is None:
            continue
        if block not in keys:
            keys[block] = fold_title("".join(block.itertext())[: 4 * _KEY])[:_KEY]
        if keys[block]:
            found.append((href, keys[block]))
    return found


def _cited(
    anchors: list[tuple[str, str]], text: str, base: str, policy: ExtractPolicy
) -> tuple[str, ...]:
    folded = fold_title(text)
    own = urls.canonical_url(base)
    found: dict[str, None] = {}
    for href, key in anchors:
        if key not in folded:
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


def cited_links(
    tree: html.HtmlElement, text: str, base: str, policy: ExtractPolicy
) -> tuple[str, ...]:
    """Absolute URLs that ``text`` cites by the links of ``tree``, in reading order."""
    return _cited(_anchors(tree), text, base, policy)


# Noise before trafilatura: paragraphs that only lead elsewhere

_LABEL = re.compile(r"[\W_]*(?:\w[\w’' ]{0,28}[:|–—-])?[\W_]*\Z")


def _drop_link_lines(tree: html.HtmlElement, policy: ExtractPolicy) -> None:
    """Take out paragraphs that are nothing but one link to another page, with or without a label.

    These are "Related: ...", "Read more: ..." and the headlines set between paragraphs.  A link
    whose text is a URL is a reference and stays.
    """
    found = []
    total = 0
    for paragraph in tree.iter("p"):
        text = _SPACE.sub(" ", paragraph.text_content()).strip()
        total += len(text)
        if not text or len(text) > 300:
            continue
        anchors = paragraph.findall(".//a")
        if not 1 <= len(anchors) <= 3:
            continue
        linked = " ".join(_SPACE.sub(" ", a.text_content()).strip() for a in anchors).strip()
        if len(linked) < policy.link_line_chars or re.search(r"https?://|www\.", linked):
            continue
        start = text.find(linked)
        if start < 0 or len(linked) < 0.6 * len(text):
            continue
        if _LABEL.match(text[:start]) and len(text) - start - len(linked) <= 2:
            found.append((paragraph, len(text)))
    if sum(length for _, length in found) > policy.link_line_share * max(1, total):
        return
    for paragraph, _ in found:
        paragraph.drop_tree()


# Noise after it: lines at the edges of the text

_MORE_HEADING = re.compile(
    r"^\W*(?:related(?: (?:articles?|stories|posts?|coverage|reading|topics|content|links|news))?"
    r"|read (?:more|next|also|this next)|also read|more (?:from|on|stories|news|in)\b.{0,40}"
    r"|you (?:may|might) (?:also )?(?:like|be interested in)|recommended(?: (?:for you"
    r"|stories|reading))?"
    r"|further reading|most (?:read|popular)|trending(?: now)?|latest (?:news|stories)|don.t miss"
    r"|what to read next|up next|share this.{0,30}|(?:leave a )?comments?"
    r"|join the (?:conversation|discussion)"
    r"|mehr zum thema|lesen sie auch|auch interessant|das könnte sie (?:auch )?interessieren"
    r"|weitere (?:artikel|themen|nachrichten|meldungen).{0,30}|zum thema|passend zum thema"
    r"|(?:à )?lire aussi|sur le même (?:sujet|thème)|à découvrir|les plus lus"
    r"|(?:te|le) (?:puede|podría) interesar|lea también|lee también|más (?:noticias|información)"
    r"|noticias relacionadas|temas relacionados|leggi anche|potrebbe interessarti"
    r"|lees ook|läs (?:också|även|mer)|les også|czytaj (?:także|też|również|więcej)|zobacz także"
    r"|leia (?:também|mais)|veja também|ilgili haberler|baca juga|читайте также"
    r"|相关(?:阅读|新闻|文章|报道)|延伸阅读|相關新聞|延伸閱讀|関連記事|あわせて読みたい"
    r"|관련 ?기사|많이 본 뉴스)\W*$",
    re.IGNORECASE,
)
_ADDRESSES_READER = re.compile(
    r"\b(?:sign up|subscribe|subscription|register|log in|newsletter|get (?:the|our|access"
    r"|\w+ \w+) "
    r"(?:app|newsletter|latest|updates|delivered)|download the .{0,30}app|click here"
    r"|follow (?:us|him|her|me|\w+) on"
    r"|share (?:this|your)|tell us what|have a tip|got a (?:tip|story)|email the writer"
    r"|send (?:us )?tips"
    r"|contact (?:us|the (?:author|reporter))|can be reached at|reached at"
    r"|all rights reserved|your inbox"
    r"|thanks for (?:reading|signing)|support (?:us|our)|become a (?:member|subscriber)|affiliate"
    r"|like this story|our standards:|terms (?:of|and)|copyright|©"
    r"|abonnieren|newsletter|anmelden|folgen sie|folge uns|hier (?:klicken|entlang)|ihr abo"
    r"|whatsapp.kanal"
    r"|abonnez.vous|inscrivez.vous|suivez.nous|suscr[íi]b\w+|s[íi]guenos|iscriviti|seguici"
    r"|abonneer"
    r"|prenumerera|följ oss|assine|inscreva|siga.nos|zapisz się|subskrybuj"
    r"|关注我们|订阅|版权所有|转载|無断転載|会員登録|무단 ?전재|재배포|구독|기자\s+\S+@)",
    re.IGNORECASE,
)
_BYLINE_LINE = re.compile(
    r"^\W*(?:by|von|par|por|di|door|av|text:?|words:?|autor:?|author:?|written by"
    r"|posted by)\s+\S",
    re.IGNORECASE,
)
_STAMP_LINE = re.compile(
    r"^\W*(?:(?:first )?(?:published|updated|posted|last (?:modified|updated)|stand|aktualisiert|"
    r"veröffentlicht|erstellt|publié|mis à jour|publicado|actualizado|pubblicato"
    r"|gepubliceerd|publicerad"
    r"|uppdaterad|opublikowano|入力|등록|수정|发布时间|更新)\b.{0,70}"
    r"|(?:\w{3,10}\.?,?\s+)?(?:\d{1,2}[./\s-]+(?:\d{1,2}|\w{3,10}\.?)[./\s-]+\d{2,4}"
    r"|\w{3,10}\.? \d{1,2},? \d{4}"
    r"|\d{4}[-./年]\s?\d{1,2}[-./月]\s?\d{1,2}日?).{0,40}"
    r"|\d+ ?(?:min|minutes?|minuten)\b.{0,20}|(?:credit|photo|image|foto|bild|getty"
    r"|reuters/)s?\b.{0,80})$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…:;。！？”\"»)’]\s*$")


def trim_noise(text: str, meta: PageMetadata, policy: ExtractPolicy) -> str:
    """``text`` without the headline at its start and without what surrounds an article.

    Only whole lines near the two edges go, and at most ``policy.edge_share`` of the text.
    """
    lines = _without_headline(text.split("\n"), meta)
    total = sum(map(len, lines))
    kept = _without_tail(_without_head(lines, meta), meta, policy)
    if sum(map(len, kept)) < (1 - policy.edge_share) * total:
        kept = lines
    return "\n".join(kept)


def _without_headline(lines: list[str], meta: PageMetadata) -> list[str]:
    headlines = {fold_title(title) for title in meta.titles} - {""}
    for position, line in enumerate(lines[:3]):
        if fold_title(line) in headlines and len(lines) > position + 1:
            return lines[:position] + lines[position + 1 :]
    return lines


def _without_head(lines: list[str], meta: PageMetadata) -> list[str]:
    """Bylines, dates and picture credits among the first lines."""
    names = [name.casefold() for name in meta.authors]
    first = []
    for line in lines[:5]:
        if len(line) > 120 or (len(line) > 60 and _SENTENCE_END.search(line)):
            first.append(line)
            continue
        folded = line.casefold()
        named = any(name in folded for name in names)
        is_byline = named and (len(line) < 60 or _BYLINE_LINE.match(line))
        if not (is_byline or _STAMP_LINE.match(line)):
            first.append(line)
    return first + lines[5:]


def _without_tail(lines: list[str], meta: PageMetadata, policy: ExtractPolicy) -> list[str]:
    """Lists of other articles, calls to subscribe and biographies go from the end."""
    total = sum(map(len, lines))
    end = len(lines)
    budget = policy.edge_share * total
    # a heading such as "Related" ends the article when what follows is short lines
    run = 0
    for position in range(len(lines) - 1, max(0, len(lines) - 40), -1):
        run += len(lines[position])
        if run > budget:
            break
        if len(lines[position]) < 60 and _MORE_HEADING.match(lines[position]):
            following = lines[position + 1 : end]
            long = sum(len(line) > 250 for line in following)
            if long == 0:
                end = position
    names = [name.casefold() for name in meta.authors if len(name) > 5]
    while end > 1:
        line = lines[end - 1]
        folded = line.casefold()
        bio = len(line) < 600 and any(folded.startswith(name) for name in names)
        if bio or (len(line) < 300 and _ADDRESSES_READER.search(line)):
            end -= 1
        else:
            break
    return lines[:end]
