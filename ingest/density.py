"""Paragraphs of running text, told by length, links and stop words; for pages without marks.

The method of jusText (Pomikálek 2011, https://is.muni.cz/th/45523/fi_d/phdthesis.pdf) with the
numbers that trafilatura gives it, on the tree itself instead of a stream of events.  Held equal to
the original on real pages by ``tests/ingest/test_density.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

_BLOCK_TAGS = """body blockquote caption center col colgroup dd div dl dt fieldset form legend
optgroup option p pre table td textarea tfoot th thead tr ul li h1 h2 h3 h4 h5 h6"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_SPACE = re.compile(r"\s+")
_SHORT = 50
"""Characters below which a paragraph is judged by its neighbours."""
_LONG = 150
"""Characters from which one with enough stop words is good by itself."""
_STOPS_LOW = 0.1
_STOPS_HIGH = 0.2
_LINKED_MOST = 0.25


@dataclass(slots=True)
class _Paragraph:
    in_select: bool
    pieces: list[str] = field(default_factory=list)
    linked: int = 0
    text: str = ""
    kind: str = ""


def dense_paragraphs(tree: etree._Element, is_stop_word: Callable[[str], bool]) -> list[str]:
    """The paragraphs of ``tree`` that read as running text, in order."""
    paragraphs = _paragraphs(tree)
    for one in paragraphs:
        one.text = _spaced("".join(one.pieces).strip())
        one.kind = _kind(one, is_stop_word)
    _settle(paragraphs)
    return [one.text for one in paragraphs if one.kind == "good" and one.text]


def _spaced(text: str) -> str:
    return _SPACE.sub(_space, text)


def _space(match: re.Match[str]) -> str:
    found = match.group()
    return "\n" if "\n" in found or "\r" in found else " "


def _paragraphs(tree: etree._Element) -> list[_Paragraph]:
    found: list[_Paragraph] = []
    selects = 0
    current = _Paragraph(False)
    in_link = after_break = False

    def begin() -> _Paragraph:
        if current.pieces:
            found.append(current)
        return _Paragraph(selects > 0)

    def read(text: str | None) -> None:
        nonlocal after_break
        if not text or text.isspace():
            return
        piece = _spaced(text)
        current.pieces.append(piece)
        if in_link:
            current.linked += len(piece)
        after_break = False

    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        if event == "start":
            selects += "select" in tag
            if tag in _BLOCKS or (tag == "br" and after_break):
                current = begin()
            else:
                after_break = tag == "br"
                if after_break:
                    current.pieces.append(" ")
                elif tag == "a":
                    in_link = True
            read(element.text)
        else:
            selects -= "select" in tag
            if tag in _BLOCKS:
                current = begin()
            if tag == "a":
                in_link = False
            if element is not tree:
                read(element.tail)
    begin()
    return found


def _kind(one: _Paragraph, is_stop_word: Callable[[str], bool]) -> str:
    text = one.text
    length = len(text)
    if length and one.linked / length > _LINKED_MOST:
        return "bad"
    if "\xa9" in text or "&copy" in text or one.in_select:
        return "bad"
    if length < _SHORT:
        return "bad" if one.linked else "short"
    words = text.split()
    stops = sum(map(is_stop_word, map(str.lower, words))) / len(words) if words else 0.0
    if stops >= _STOPS_HIGH:
        return "good" if length > _LONG else "near"
    return "near" if stops >= _STOPS_LOW else "bad"


def _settle(paragraphs: list[_Paragraph]) -> None:
    """Give short and near-good paragraphs the kind of what stands around them."""
    kinds = [one.kind for one in paragraphs]
    before, after = _nearest(kinds), _nearest(kinds[::-1])[::-1]
    near_before = _nearest(kinds, near=True)
    near_after = _nearest(kinds[::-1], near=True)[::-1]
    for at, one in enumerate(paragraphs):
        if kinds[at] != "short":
            continue
        around = {before[at], after[at]}
        if around == {"good"} or (
            around == {"good", "bad"}
            and (
                (before[at] == "bad" and near_before[at] == "near")
                or (after[at] == "bad" and near_after[at] == "near")
            )
        ):
            one.kind = "good"
        else:
            one.kind = "bad"
    kinds = [one.kind for one in paragraphs]
    before, after = _nearest(kinds), _nearest(kinds[::-1])[::-1]
    for at, one in enumerate(paragraphs):
        if kinds[at] == "near":
            one.kind = "bad" if before[at] == after[at] == "bad" else "good"


def _nearest(kinds: list[str], *, near: bool = False) -> list[str]:
    """For each place the last good or bad kind before it, or near-good one if ``near``."""
    found = []
    last = "bad"
    for kind in kinds:
        found.append(last)
        if kind in ("good", "bad") or (near and kind == "near"):
            last = kind
    return found
