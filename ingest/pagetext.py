"""Markup of any size and shape -> a tree, its size and all its text; linear, never raising."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html import unescape

from lxml import etree, html

from ingest.policy import ExtractPolicy
from ingest.wording import tidy

_SPACE = re.compile(r"\s+")
# lxml.html chooses a class for each element in Python each time that it is touched; articles need
# neither its forms nor its inputs, and one class for all is chosen in C.
_PARSER = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
_PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))

# What XML cannot hold; each is one byte in UTF-8, and bytes are filtered ten times as fast as text.
_CONTROL = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
_NO_CHARACTER = b"\xef\xbf"
"""How U+FFFE and U+FFFF begin, and only few signs beside them."""
_HEAVY = re.compile(
    r"<(script|style|svg|noscript)\b(?![^>]{0,200}ld\+json)[^>]*>.*?</\1\s*>|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
_LONG_ATTRIBUTE = re.compile(r"=\s*(\"[^\"<>]{5000,}\"|'[^'<>]{5000,}')")
# libxml2 compares each attribute with all before it; no tag that means something is as long
_LONG_TAG_CHARS = 100_000
_LONG_TAG_FROM = 400_000
"""Characters of a page below which no tag is long enough to hurt."""
_LONG_TAG = re.compile(rf"<([a-zA-Z][\w-]{{0,40}})\s[^<>]{{{_LONG_TAG_CHARS},}}>")
_ATTRIBUTES = 2_000


def parse_page(
    text: str, parse_chars: int = ExtractPolicy().parse_chars, utf8: bytes | None = None
) -> html.HtmlElement | None:
    """``text`` of a page as a tree, or None when there is nothing to parse; never raises.

    ``utf8`` is ``text`` in UTF-8, where it came in it.
    """
    if len(text) > parse_chars:
        text, utf8 = _LONG_ATTRIBUTE.sub('=""', _HEAVY.sub(" ", text)), None
    if len(text) > _LONG_TAG_FROM and _may_hold_long_tag(text):
        text, utf8 = _LONG_TAG.sub(_without_attributes, text), None
    source = (text.encode("utf-8", "ignore") if utf8 is None else utf8).translate(None, _CONTROL)
    if b"\xef" in source and _NO_CHARACTER in source:
        source = source.replace(_NO_CHARACTER + b"\xbe", b"").replace(_NO_CHARACTER + b"\xbf", b"")
    if not source or source.isspace():
        return None
    try:
        tree = html.document_fromstring(source, parser=_PARSER)
    except (etree.LxmlError, ValueError, AssertionError, RecursionError):
        return None
    return tree if isinstance(tree, html.HtmlElement) else None


def _may_hold_long_tag(text: str) -> bool:
    """Whether so many characters follow a "<" without another: asked in steps of that length."""
    at = text.find("<")
    last = text.rfind("<")
    while at < last:
        further = text.rfind("<", at + 1, at + 1 + _LONG_TAG_CHARS)
        if further < 0:
            return True
        at = further
    return len(text) - last > _LONG_TAG_CHARS


def _without_attributes(tag: re.Match[str]) -> str:
    return f"<{tag[1]}>" if tag[0].count("=") > _ATTRIBUTES else tag[0]


def is_complex(tree: html.HtmlElement, policy: ExtractPolicy, source: str = "") -> bool:
    """True for a tree on which trafilatura takes seconds or fails: no real article page.

    ``source`` is the markup, where known: its text is no longer.
    """
    # in C, which takes half as long as counting the tags of the markup
    elements = _COUNT(tree)
    if elements > policy.max_elements:
        return True
    # no more links than elements, no more text than markup
    if elements > policy.max_links and _LINKS(tree) > policy.max_links:
        return True
    if (
        (not source or len(source) > policy.max_chars)
        and _LENGTH(tree) > policy.max_chars
        and len(plain_text(tree)) > policy.max_chars
    ):
        return True
    return bool(elements > policy.max_depth and _deeper_than(policy.max_depth)(tree))


_COUNT = etree.XPath("count(descendant-or-self::*)")
_LINKS = etree.XPath("count(descendant::a)")
_LENGTH = etree.XPath("string-length(/)")


@cache
def _deeper_than(depth: int) -> etree.XPath:
    """Whether an element has ``depth`` others above it and one below: level by level, linear."""
    return etree.XPath("boolean(" + "/*" * (depth + 2) + ")")


def depth_of(tree: html.HtmlElement) -> int:
    """Levels of the deepest element."""
    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


_UNREAD_TAGS = """script style head template noscript svg nav footer aside form button select iframe
figure header object canvas video audio dialog menu"""
_UNREAD = frozenset(_UNREAD_TAGS.split())
_BREAK_TAGS = """p div section article main h1 h2 h3 h4 h5 h6 li ul ol dl dt dd tr table blockquote
pre br hr body td th figcaption summary details address center"""
_BREAKS = frozenset(_BREAK_TAGS.split())


def plain_text(tree: html.HtmlElement, most: int = 5_000_000) -> str:
    """All text of ``tree`` outside its chrome, a block a line; linear in any shape of tree.

    Reading ends after ``most`` characters: a text of a hundred megabytes is copied several times
    before it is cut, and nobody keeps it.
    """
    pieces: list[str] = []
    skipping = length = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        unread = tag in _UNREAD
        if event == "start":
            skipping += unread
            text = element.text
        else:
            skipping -= unread
            text = element.tail
        if skipping:
            continue
        if tag in _BREAKS:
            pieces.append("\n")
        if text:
            pieces.append(_SPACE.sub(" ", text[:most]))
            length += len(text)
            if length > most:
                break
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


_UNMARKED_TAGS = """script style path g use rect circle defs symbol source option input noscript
iframe br hr"""
_UNMARKED = frozenset(_UNMARKED_TAGS.split())
"""Elements whose attributes nobody asks for."""
Attributes = dict[html.HtmlElement, dict[str, str]]
"""The attributes of those that have any and may matter, by element; it keeps these alive."""


def attributes_of(elements: Iterable[html.HtmlElement]) -> Attributes:
    """All attributes of ``elements``, read once: one of them costs as much as all to look at."""
    found: Attributes = {}
    for one in elements:
        pairs = one.items()
        # half of all have none: asked first, as a tag is a new string each time
        if pairs and one.tag not in _UNMARKED:
            found[one] = dict(pairs)
    return found


def visible_chars(tree: html.HtmlElement) -> int:
    """Characters that stand in the blocks of the page, roughly what a reader sees."""
    total = 0
    for element in tree.iter("p", "li", "td", "h2", "h3", "blockquote", "div"):
        text = element.text
        if text is not None:
            total += len(text)
        tail = element.tail
        if tail is not None:
            total += len(tail)
    return total
