"""The text of a feed, made as well-formed as it can be before a parser sees it.

feedparser reads well-formed XML quickly and anything else with a slow reader that loses more.
What is cheap to mend is mended here; where it breaks for good is told apart, so that what stands
before the break is kept and what comes after it is known to be missing.  Entity declarations are
taken out whole: no feed needs them, and they are how a small file becomes a large one.
"""

from __future__ import annotations

import html.entities
import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree

from ingest.policy import ParsePolicy

_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|RDF|channel)(?=[\s/>])", re.IGNORECASE)
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>\s*)", re.S)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.S | re.I)
_TAG = re.compile(r"<([A-Za-z_][\w:.-]*)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|(\w{1,40});)?")
_KNOWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_OPEN = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_CLOSE = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """XML ready for feedparser, without declaration and doctype, or why there is none."""

    xml: str = ""
    note: str = ""
    refused: str = ""
    """``html``, ``not_a_feed`` or ``too_complex``; empty when ``xml`` may be parsed."""
    detail: str = ""
    left_out: int = 0
    """Entries taken out because they are too many."""
    cut: bool = False
    """The text breaks off inside its last entry."""


def prepare(text: str, policy: ParsePolicy) -> Prepared:
    """Find the feed in ``text`` and mend it.  Time grows with the length only."""
    text = _NOT_XML.sub("", text)
    start = _after_prolog(text)
    first = _TAG.match(text, start)
    name = first[1].lower() if first else ""
    doctype = _DOCTYPE.search(text[: policy.head_chars])
    if name in ("html", "head", "body") or (
        doctype and doctype[0][9:].lower().lstrip().startswith("html")
    ):
        return Prepared(refused="html", detail="a web page stands where the feed should be")
    notes = []
    root = _ROOT.match(text, start)
    if root is None:
        root = _ROOT.search(text, 0, policy.head_chars)
        if root is None:
            what = f"the root element is <{first[1][:60]}>" if first else "there is no element"
            return Prepared(refused="not_a_feed", detail=what)
        notes.append("text before the feed left out")
    text = text[root.start() :]
    # A second document glued on after the root's end, or advertising, would make all of it broken.
    text = _without_tail(text)
    text, left_out = _newest(text, policy.max_entries)
    checked = _check(text)
    if not checked.well:
        text = _mend(text)
        checked = _check(text)
        if checked.well:
            notes.append("entities mended")
    if refusal := _too_much(checked, policy):
        return refusal
    cut = False
    if not checked.well:
        error = checked.error
        notes.append(f"broken XML ({error}); what stands before the break was kept")
        text = _before_open_comment(text)
        cut = _last(_OPEN, text) > _last(_CLOSE, text)
        # libxml2 takes some hundred bytes for each element
        recovered = _recover(text) if text.count("<") <= 2 * policy.max_elements else ""
        checked = _check(recovered)
        if checked.well and not _too_much(checked, policy):
            text = recovered
        elif len(text) > policy.max_broken_bytes or text.count("<") > policy.max_broken_tags:
            return Prepared(refused="too_complex", detail=f"broken XML and too large: {error}")
    return Prepared(xml=text, note="; ".join(notes), left_out=left_out, cut=cut)


def _after_prolog(text: str) -> int:
    position = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    for _ in range(50):
        match = _PROLOG.match(text, position)
        if match is None:
            break
        position = match.end()
    return position


def _without_tail(text: str) -> str:
    root = _TAG.match(text)
    if root is None:
        return text
    end = text.rfind(f"</{root[1]}")
    close = text.find(">", end) if end >= 0 else -1
    return text[: close + 1] if close >= 0 else text


def _newest(text: str, most: int) -> tuple[str, int]:
    """``text`` without the entries after the first ``most``, and how many these were."""
    if text.count("</") <= most:
        return text, 0
    ends = [match.end() for match in _CLOSE.finditer(text)]
    if len(ends) <= most:
        return text, 0
    return text[: ends[most - 1]] + text[ends[-1] :], len(ends) - most


@dataclass(slots=True)
class _Checked:
    """What expat says of a text."""

    well: bool = False
    error: str = ""
    elements: int = 0
    attributes: int = 0
    """Of the element that has the most."""


def _check(text: str) -> _Checked:
    """Whether ``text`` is well-formed, the first error, and how much was read."""
    checked = _Checked()
    declared = 0

    def declare(_prefix: str | None, _uri: str) -> None:
        nonlocal declared
        declared += 1

    def count(_name: str, attributes: list[str]) -> None:
        nonlocal declared
        checked.elements += 1
        checked.attributes = max(checked.attributes, declared + len(attributes) // 2)
        declared = 0

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.ordered_attributes = True
    parser.StartNamespaceDeclHandler = declare
    parser.StartElementHandler = count
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
        checked.well = True
    except expat.ExpatError as error:
        checked.error = str(error)[:200]
    return checked


def _too_much(checked: _Checked, policy: ParsePolicy) -> Prepared | None:
    """The refusal of a text with more elements, or attributes of one, than are read."""
    if checked.elements > policy.max_elements:
        return Prepared(refused="too_complex", detail=f"over {policy.max_elements} elements")
    if checked.attributes > policy.max_attributes:
        detail = f"an element with over {policy.max_attributes} attributes"
        return Prepared(refused="too_complex", detail=detail)
    return None


def _mend(text: str) -> str:
    """HTML entities as characters and lone ampersands escaped, outside CDATA sections."""
    mended: list[str] = []
    place = 0
    # by hand: a pattern would look for the end of every section that has none
    while (start := text.find("<![CDATA[", place)) >= 0:
        end = text.find("]]>", start)
        if end < 0:
            break
        mended += (_mend_part(text[place:start]), text[start : end + 3])
        place = end + 3
    return "".join([*mended, _mend_part(text[place:])])


def _mend_part(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if decimal or hexadecimal:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            legal = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xDFFF < code < 0xFFFE
            return match[0] if legal or 0xFFFF < code <= 0x10FFFF else ""
        if name in _KNOWN:
            return match[0]
        code_point = html.entities.name2codepoint.get(name or "")
        return chr(code_point) if code_point else f"&amp;{match[0][1:]}"

    return _ENTITY.sub(one, text)


def _recover(text: str) -> str:
    """What libxml2 makes of broken XML; "" when it loses entries that feedparser might find."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, load_dtd=False, no_network=True, encoding="utf-8"
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ""
    if root is None:
        return ""
    # a tag left open swallows the entries that follow it
    if any(_is_entry(element) and _inside_entry(element) for element in root.iter()):
        return ""
    recovered: str = etree.tostring(root, encoding="unicode")
    return recovered if len(_OPEN.findall(recovered)) >= len(_OPEN.findall(text)) else ""


def _is_entry(element: Any) -> bool:
    tag = element.tag  # no text for comments and processing instructions
    return isinstance(tag, str) and tag.rpartition("}")[2].rpartition(":")[2] in ("item", "entry")


def _inside_entry(element: Any) -> bool:
    return any(_is_entry(outer) for outer in element.iterancestors())


def _before_open_comment(text: str) -> str:
    """Cut at a comment that never ends: the slow reader looks for its end again and again."""
    if text.rfind("<!--") <= text.rfind("-->"):
        return text
    return text[: text.find("<!--", text.rfind("-->") + 1)]


def _last(pattern: re.Pattern[str], text: str) -> int:
    place = -1
    for match in pattern.finditer(text):
        place = match.start()
    return place
