"""Parts of a page that its markup shows to be copies or furniture, taken out before extraction.

What the text alone cannot tell apart, the page's structure can: a pull quote from a refrain, a
template's box from a sentence that its author repeats.  A copy goes only while its original
stays; the worse mistake is losing what an author wrote twice, so plain paragraphs are not judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree, html

from ingest.wording import squeezed

_WORD = re.compile(r"\w+")
_BOXES = etree.XPath(
    "//*[self::div or self::span or self::aside or self::section or self::a or self::figure]"
    "[@class]"
)
# ``contains`` on the raw attribute: compiled once, run in C
_ECHOES = etree.XPath(
    "//*[contains(@class, 'pull') or contains(@class, 'Pull') or contains(@class, 'aption')]"
    "[not(descendant-or-self::h1)]"
)
_QUOTED = re.compile(r"pull-?_?quote|caption", re.IGNORECASE)
_PULLED = re.compile(r"\bpull-?(?:right|left|out)\b|align(?:right|left)", re.IGNORECASE)
_FURNITURE = re.compile(
    "promo-bar|announcement-bar|cookielawinfo|cookie-(?:consent|notice|banner|description)|gdpr-"
    "|tooltip-content|tooltip__content"
)
_MARKED = etree.XPath("//*[@class or @role]")
_PARAGRAPHS = etree.XPath("//p | //li | //div[text()[string-length(normalize-space()) > 60]]")
_LEAST_WORDS = 12
"""A shorter box is a label or a button, which may well stand twice; as for repeats in a text."""
_MOST_CHARS = 1500
"""A longer box holds parts of the article beside what repeats."""
_ECHO_SHARE = 0.7
"""Of the four-word runs of a quote that must stand in one paragraph: quotes are shortened."""
_FURNITURE_SHARE = 0.3
"""Furniture that holds more of a page's words is what the page is about."""


def drop_copies(tree: html.HtmlElement) -> None:
    """Take banners, second copies of a box, and quotes and captions that echo a paragraph out."""
    _drop_furniture(tree)
    _drop_second_boxes(tree)
    _drop_echoes(tree)


def _drop_furniture(tree: html.HtmlElement) -> None:
    found = [
        element
        for element in _MARKED(tree)
        if _is_furniture(element.get("class", "")) or element.get("role") == "tooltip"
    ]
    if not found:
        return
    whole = tree.xpath("string-length(normalize-space(/))")
    for element in found:
        own = element.xpath("string-length(normalize-space(.))")
        if own <= _FURNITURE_SHARE * whole and element.getparent() is not None:
            element.drop_tree()


@lru_cache(maxsize=20_000)
def _is_furniture(css: str) -> bool:
    return _FURNITURE.search(css) is not None


def _drop_second_boxes(tree: html.HtmlElement) -> None:
    """A box that says word for word what an earlier one did, of one class and in a box of one
    class, comes from a template.  The same text in another place may be the only visible one."""
    alike: defaultdict[tuple[str, str, str], list[html.HtmlElement]] = defaultdict(list)
    for element in _BOXES(tree):
        around = element.getparent()
        around_class = around.get("class", "") if around is not None else ""
        alike[element.tag, element.get("class"), around_class].append(element)
    gone: list[html.HtmlElement] = []
    # texts are compared where the classes agree: most boxes of a page are of their own kind
    for boxes in alike.values():
        if len(boxes) < 2:
            continue
        seen: dict[str, html.HtmlElement] = {}
        for element in boxes:
            text = _short_text(element)
            if len(text) < 2 * _LEAST_WORDS - 1 or len(_WORD.findall(text)) < _LEAST_WORDS:
                continue
            first = seen.setdefault(squeezed(text), element)
            # a box that holds nothing but another of its class is no copy of it
            if first is not element and first not in element.iterancestors():
                gone.append(element)
    for element in gone:
        if element.getparent() is not None:
            element.drop_tree()


def _short_text(element: html.HtmlElement) -> str:
    """The text of ``element``, or "" when it is too long to be a box."""
    text = str(_TEXT(element))
    return text if len(text) <= _MOST_CHARS else ""


_TEXT = etree.XPath("string()")


def _drop_echoes(tree: html.HtmlElement) -> None:
    """Pull quotes and captions go where a paragraph holds what they say."""
    echoes = [
        element
        for element in _ECHOES(tree)
        if _QUOTED.search(element.get("class"))
        or (element.tag in ("blockquote", "q", "aside") and _PULLED.search(element.get("class")))
    ]
    if not echoes:
        return
    quoted = []
    for echo in echoes:
        runs = set(_runs(_short_text(echo)))
        if len(runs) >= _LEAST_WORDS - 3:
            quoted.append((echo, runs))
    if not quoted:
        return
    inside = {below for echo in echoes for below in echo.iter()}
    wanted = set().union(*(runs for _, runs in quoted))
    paragraphs = []
    for paragraph in _PARAGRAPHS(tree):
        if paragraph not in inside:
            held = wanted.intersection(_runs("".join(paragraph.itertext())))
            if len(held) >= _ECHO_SHARE * (_LEAST_WORDS - 3):
                paragraphs.append(held)
    for echo, runs in quoted:
        if echo.getparent() is not None and any(
            len(runs & held) >= _ECHO_SHARE * len(runs) for held in paragraphs
        ):
            echo.drop_tree()


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return zip(words, words[1:], words[2:], words[3:], strict=False)
