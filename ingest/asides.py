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

from lxml import html

from ingest.pagetext import Attributes, attributes_of
from ingest.wording import text_in

_WORD = re.compile(r"\w+")
_BOXES = frozenset({"div", "span", "aside", "section", "a", "figure"})
_QUOTED = re.compile(r"pull-?_?quote|caption", re.IGNORECASE)
_PULLED = re.compile(r"\bpull-?(?:right|left|out)\b|align(?:right|left)", re.IGNORECASE)
_FURNITURE = re.compile(
    "promo-bar|announcement-bar|cookielawinfo|cookie-(?:consent|notice|banner|description)|gdpr-"
    "|tooltip-content|tooltip__content"
)
_OWN_TEXT = 60
"""Characters that a division holds between its elements where it is a paragraph in itself."""
_LEAST_WORDS = 12
"""A shorter box is a label or a button, which may well stand twice; as for repeats in a text."""
_LEAST_CHARS = 2 * _LEAST_WORDS - 1
"""So many words have as many, of a letter and what parts it from the next."""
_MOST_CHARS = 1500
"""A longer box holds parts of the article beside what repeats."""
_ECHO_SHARE = 0.7
"""Of the four-word runs of a quote that must stand in one paragraph: quotes are shortened."""
_FURNITURE_SHARE = 0.3
"""Furniture that holds more of a page's words is what the page is about."""


def drop_copies(tree: html.HtmlElement, marks: Attributes | None = None) -> None:
    """Take banners, second copies of a box, and quotes and captions that echo a paragraph out.

    ``marks`` are the attributes of ``tree``, where they were read already since the last change.
    """
    marks = attributes_of(tree.iter()) if marks is None else marks
    kinds, tooltips = _classed(marks)
    if _drop_furniture(tree, kinds, tooltips):
        kinds = _still_in(tree, kinds)
    if _drop_second_boxes(kinds, marks):
        kinds = _still_in(tree, kinds)
    _drop_echoes(tree, kinds)


_Classed = dict[str, list[html.HtmlElement]]


def _classed(marks: Attributes) -> tuple[_Classed, list[html.HtmlElement]]:
    """The elements by their class, in reading order, and the tooltips."""
    found: defaultdict[str, list[html.HtmlElement]] = defaultdict(list)
    tooltips = []
    for one, names in marks.items():
        css = names.get("class")
        if css is not None:
            found[css].append(one)
        if names.get("role") == "tooltip":
            tooltips.append(one)
    return found, tooltips


def _still_in(tree: html.HtmlElement, kinds: _Classed) -> _Classed:
    """``kinds`` without what was taken out of ``tree`` since."""
    left = set(tree.iter())
    return {css: [one for one in alike if one in left] for css, alike in kinds.items()}


def _drop_furniture(
    tree: html.HtmlElement, kinds: _Classed, tooltips: list[html.HtmlElement]
) -> bool:
    found = [element for css, alike in kinds.items() if _is_furniture(css) for element in alike]
    found += tooltips
    if not found:
        return False
    whole = tree.xpath("string-length(normalize-space(/))")
    for element in found:
        own = element.xpath("string-length(normalize-space(.))")
        if own <= _FURNITURE_SHARE * whole and element.getparent() is not None:
            element.drop_tree()
    return True


@lru_cache(maxsize=20_000)
def _is_furniture(css: str) -> bool:
    return _FURNITURE.search(css) is not None


def _drop_second_boxes(kinds: _Classed, marks: Attributes) -> bool:
    """A box that says word for word what an earlier one did, of one class and in a box of one
    class, comes from a template.  The same text in another place may be the only visible one."""
    # texts are compared where the classes agree: most boxes of a page are of their own kind
    around: defaultdict[tuple[str, str, str], list[html.HtmlElement]] = defaultdict(list)
    for css, alike in kinds.items():
        if len(alike) < 2:
            continue
        for element in alike:
            if element.tag in _BOXES and (len(element) or len(element.text or "") >= _LEAST_CHARS):
                parent = element.getparent()
                outer = marks.get(parent, {}).get("class", "") if parent is not None else ""
                around[element.tag, css, outer].append(element)
    gone: list[html.HtmlElement] = []
    for alike in around.values():
        if len(alike) < 2:
            continue
        seen: dict[str, html.HtmlElement] = {}
        for element in alike:
            text = _short_text(element)
            if len(text) < _LEAST_CHARS:
                continue
            first = seen.setdefault("".join(text.split()), element)
            if first is element or len(_WORD.findall(text)) < _LEAST_WORDS:
                continue
            # a box that holds nothing but another of its class is no copy of it
            if first not in element.iterancestors():
                gone.append(element)
    for element in gone:
        if element.getparent() is not None:
            element.drop_tree()
    return bool(gone)


def _short_text(element: html.HtmlElement) -> str:
    """The text of ``element``, or "" when it is too long to be a box."""
    text = text_in(element)
    return text if len(text) <= _MOST_CHARS else ""


@lru_cache(maxsize=20_000)
def _may_echo(css: str) -> tuple[bool, bool]:
    """Whether a class names a quote or caption, and whether it sets a quote aside."""
    named = "pull" in css or "Pull" in css or "aption" in css
    return named and _QUOTED.search(css) is not None, named and _PULLED.search(css) is not None


def _drop_echoes(tree: html.HtmlElement, kinds: _Classed) -> None:
    """Pull quotes and captions go where a paragraph holds what they say."""
    echoes = []
    for css, alike in kinds.items():
        quoted, pulled = _may_echo(css)
        if not (quoted or pulled):
            continue
        echoes += [
            element
            for element in alike
            if (quoted or element.tag in ("blockquote", "q", "aside"))
            and next(element.iter("h1"), None) is None
        ]
    if not echoes:
        return
    held_runs = [(echo, set(_runs(_short_text(echo).casefold()))) for echo in echoes]
    held_runs = [(echo, runs) for echo, runs in held_runs if len(runs) >= _LEAST_WORDS - 3]
    if not held_runs:
        return
    inside = {below for echo in echoes for below in echo.iter()}
    wanted = set().union(*(runs for _, runs in held_runs))
    signs = {word for _, runs in held_runs for word in _signs(runs)}
    paragraphs = []
    least = _ECHO_SHARE * (_LEAST_WORDS - 3)
    for paragraph in tree.iter("p", "li", "div"):
        if paragraph in inside or (paragraph.tag == "div" and not _has_text(paragraph)):
            continue
        text = text_in(paragraph)
        # so many runs are three words more, of a letter and what parts it from the next; folding
        # makes three characters of one at most
        if 3 * len(text) <= 2 * least:
            continue
        text = text.casefold()
        if len(text) > 2 * least and any(word in text for word in signs):
            held = wanted.intersection(_runs(text))
            if len(held) >= least:
                paragraphs.append(held)
    for echo, runs in held_runs:
        if echo.getparent() is not None and any(
            len(runs & held) >= _ECHO_SHARE * len(runs) for held in paragraphs
        ):
            echo.drop_tree()


def _has_text(element: html.HtmlElement) -> bool:
    if _is_long(element.text):
        return True
    return any(_is_long(below.tail) for below in element)


def _is_long(text: str | None) -> bool:
    return text is not None and len(text) > _OWN_TEXT and len(" ".join(text.split())) > _OWN_TEXT


def _signs(runs: set[tuple[str, ...]]) -> list[str]:
    """Words of which a text holds one at least when it holds ``_ECHO_SHARE`` of ``runs``.

    The runs that hold one of them are more than may be missing; long words are rare elsewhere.
    """
    left = len(runs) - (1 - _ECHO_SHARE) * len(runs)
    chosen: list[str] = []
    rest = runs
    for word in sorted({word for run in runs for word in run}, key=len, reverse=True):
        if len(rest) < left:
            break
        fewer = {run for run in rest if word not in run}
        if len(fewer) < len(rest):
            chosen.append(word)
            rest = fewer
    return chosen


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text)
    return zip(words, words[1:], words[2:], words[3:], strict=False)
