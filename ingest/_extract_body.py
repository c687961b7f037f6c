"""A parsed page -> the running text of its article; the only user of trafilatura and htmldate.

trafilatura's lower-level functions are called in the order of its own cascade (Barbaresi 2021,
https://aclanthology.org/2021.acl-demo.15/), but its comparison with further extractors, half of
the cost, is paid only where the first result is doubtful.  Before it, what a page itself marks as
pointing elsewhere is taken out; after it, the headline and lines that address the reader rather
than report.  The worse mistake is losing a sentence of the article: every cut is bounded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files

from htmldate import find_date
from lxml import etree, html
from trafilatura.baseline import baseline
from trafilatura.core import (
    ESCALATION_ACCEPT_RATIO,
    ESCALATION_JUSTEXT_RATIO,
    ESCALATION_MAX_LENGTH,
    ESCALATION_PAGE_SHARE,
)
from trafilatura.external import (
    JUSTEXT_OVERRIDE_RATIO,
    SANITIZED_XPATH,
    _prefer_readability,
    sanitize_tree,
    try_readability,
)
from trafilatura.htmlprocessing import convert_tags, process_node, tree_cleaning
from trafilatura.main_extractor import extract_content, handle_textelem
from trafilatura.settings import (
    DEDUPE_SCAN_CAP,
    INLINE_FORMATTABLE,
    MIN_DUPLICATE_LENGTH,
    TAG_CATALOG,
    Extractor,
)
from trafilatura.xml import xmltotxt

from ingest.asides import drop_copies
from ingest.cited import anchors_of, cited_by
from ingest.density import dense_paragraphs
from ingest.metadata import PageMetadata
from ingest.noise import drop_link_lines, trim_noise
from ingest.pagetext import (
    Attributes,
    attributes_of,
    depth_of,
    is_complex,
    markup_text,
    plain_text,
    visible_chars,
)
from ingest.policy import ExtractPolicy
from ingest.pruning import (
    FRAMES,
    bare_length,
    clean,
    drop_appended,
    drop_banners,
    prose_of,
    prune_frame,
    single_spaced,
    strip_unread,
)
from ingest.streamed import place_streamed
from ingest.wording import count_words, text_in, tidy

# trafilatura logs every page that it gives up; the reason travels in the Rejection instead
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

_OPTIONS = Extractor(output_format="python", comments=False)
_RECALL = Extractor(output_format="python", comments=False, recall=True)
_UNCLEAN = etree.XPath(SANITIZED_XPATH)
_REBUILT = frozenset({"code", "list", "quote", "table"})
"""Blocks that come back as new elements, without the text after them."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """The text of an article and what it cites."""

    text: str
    links: tuple[str, ...] = ()
    page_chars: int = 0
    """Characters of visible text in the whole page."""

    @cached_property
    def words(self) -> int:
        """Words of the text."""
        return count_words(self.text)


def body_of(
    tree: html.HtmlElement,
    url: str,
    meta: PageMetadata,
    policy: ExtractPolicy,
    source: str = "",
    again: Parsed | None = None,
) -> Body:
    """Running text of the article in ``tree``: a paragraph, heading or list entry a line.

    The tree is used up.  ``source`` is the markup, read when the parser lost its text; ``again``
    makes the same tree once more, where it is unchanged since it was parsed.  The text is empty
    when the page shows none.
    """
    place_streamed(tree)
    page_chars = visible_chars(tree)
    if is_complex(tree, policy, source):
        text = plain_text(tree, 2 * policy.text_chars)
        if source and depth_of(tree) >= policy.max_depth:
            # libxml2 stops at a depth of its own and drops what lies below
            text = max(text, markup_text(source), key=len)
        return Body(text=text[: policy.text_chars], page_chars=page_chars)
    strip_unread(tree)
    # an element's Python side is made anew each time unless somebody holds it: a tenth of the cost
    held = list(tree.iter())
    anchors = anchors_of(tree)
    marks = _drop_other(tree, held, url, policy)
    spare = _Spare(tree, marks, again and (lambda: _as_before(again(), url, policy)))
    text = trim_noise(_main_text(tree, marks, spare, policy, page_chars), meta, policy)
    _let_go(held, marks)
    return Body(text=text, links=cited_by(anchors, text, url, policy), page_chars=page_chars)


Parsed = Callable[[], html.HtmlElement | None]


def _let_go(held: list[html.HtmlElement], marks: Attributes) -> None:
    """Free the elements of a page, those inside of others first: lists are emptied from their end.

    What was taken out of the tree is looked through for others still held whenever one of its
    elements goes.  In the order of the page, which is that of ``marks``, that takes the square of
    their number.
    """
    marks.clear()
    held.clear()


def _drop_other(
    tree: html.HtmlElement, held: list[html.HtmlElement], url: str, policy: ExtractPolicy
) -> Attributes:
    """Take out what the page itself marks as no part of its article; the attributes of the rest.

    ``held`` are the elements of ``tree``.
    """
    is_less = drop_link_lines(tree, policy, url)
    marks = attributes_of(tree.iter() if is_less else held)
    drop_copies(tree, marks)
    _bound_spans(tree)
    drop_appended(tree, marks)
    return marks


def _as_before(
    tree: html.HtmlElement | None, url: str, policy: ExtractPolicy
) -> html.HtmlElement | None:
    """A page parsed anew, made ready as the first one was."""
    if tree is not None:
        place_streamed(tree)
        strip_unread(tree)
        held = list(tree.iter())
        _let_go(held, _drop_other(tree, held, url, policy))
    return tree


class _Spare:
    """The page as it was before its body was taken out of it: one page in ten needs it again.

    Where the markup names no frame it most likely will, so it is copied; else it is made again
    when asked for, which takes six times as long as a copy.
    """

    def __init__(self, tree: html.HtmlElement, marks: Attributes, again: Parsed | None) -> None:
        self._again = again
        is_framed = any(frame_of(tree, marks) is not None for frame_of in FRAMES)
        self._page = None if is_framed and again is not None else deepcopy(tree)
        # no running text is longer; nested paragraphs count twice there, too
        self.most_prose = sum(len(text_in(one)) for one in tree.iter("p"))

    @property
    def page(self) -> html.HtmlElement:
        """Not to be changed."""
        if self._page is None and self._again is not None:
            self._page = self._again()
        return self._page


def _main_text(
    tree: html.HtmlElement,
    marks: Attributes,
    spare: _Spare,
    policy: ExtractPolicy,
    page_length: int,
) -> str:
    body, text = _content(_converted(tree), marks, spare)
    if _is_doubtful(text, spare, page_length, policy):
        body, _ = _compared(spare.page, body, text)
    return tidy(xmltotxt(body, False)) or plain_text(spare.page)


def _is_doubtful(text: str, spare: _Spare, page_length: int, policy: ExtractPolicy) -> bool:
    """Whether other methods may find more than ``text``: none is, or it is little of the page."""
    if len(text) < _OPTIONS.min_extracted_size:
        return True
    if len(text) >= max(policy.doubtful_chars, policy.doubtful_share * page_length):
        return False
    enough = policy.doubtful_gain * len(text)
    return spare.most_prose > enough and prose_of(spare.page) > enough


def _converted(tree: html.HtmlElement) -> html.HtmlElement:
    return convert_tags(clean(tree), _OPTIONS)


def _content(
    tree: html.HtmlElement, marks: Attributes, spare: _Spare
) -> tuple[etree._Element, str]:
    """The body that the page's markup points out, and its text; ``tree`` is used up.

    ``spare`` is the page that ``tree`` was made of, looked at where the markup tells too little.
    """
    order = list(tree.iter())
    body, text, tags = _framed(tree, marks)
    if len(body) == 0 or len(text) < _OPTIONS.min_extracted_size:
        again = _converted(deepcopy(spare.page))
        consumed = {
            twin for one, twin in zip(order, again.iter(), strict=True) if one.tag == "done"
        }
        pruned = prune_frame(again, keep_prose=True)
        place = _where_paragraphs_stand(pruned)
        whole = _all_of(deepcopy(place), tags) if place is not None else None
        _recover(pruned, body, tags, consumed)
        text = " ".join(body.itertext()).strip()
        if whole is not None:
            more = " ".join(whole.itertext()).strip()
            if len(more) >= _FRAME_SHARE * len(text):
                body, text = whole, more
    previous = ""
    for element in list(body):
        current = text_in(element)
        if _is_repeated(current, previous):
            body.remove(element)
        else:
            previous = current
    etree.strip_elements(body, "done")
    etree.strip_tags(body, "div")
    for line_break in body.iter("lb"):
        tail = line_break.tail
        if tail and tail.isspace() and next(line_break.iterancestors("code", "pre"), None) is None:
            line_break.tail = None
    return body, text


def _framed(tree: html.HtmlElement, marks: Attributes) -> tuple[etree._Element, str, set[str]]:
    """Body, text and the tags that may be text, of the first frame that holds any.

    The loop of trafilatura's main extractor over its frames, with our lookups.
    """
    tags = {*TAG_CATALOG, "table", "td", "th", "tr"}
    body = etree.Element("body")
    for frame_of in FRAMES:
        frame = frame_of(tree, marks)
        if frame is None:
            continue
        prune_frame(frame, marks, keep_prose=True)
        if len(frame) == 0:
            continue
        if not _has_paragraphs(frame, 3 * _OPTIONS.min_extracted_size):
            tags.add("div")
        parts = list(frame.iterdescendants("*"))
        kinds = {part.tag for part in parts}
        if kinds == {"lb"} or (
            frame.tag == "div" and "div" in tags and kinds <= INLINE_FORMATTABLE | {"lb"}
        ):
            parts = [frame]
        start = len(body)
        lead = _paragraph(frame.text) if parts != [frame] else None
        _fill(body, parts, tags)
        # a heading at the end announces nothing, unless loose text follows it
        while (
            len(body) > 0
            and body[-1].tag in ("head", "ref")
            and len((body[-1].tail or "").strip()) < _LOOSE_TEXT
        ):
            body.remove(body[-1])
        parts_kept = sum(part.tag != "graphic" for part in body)
        # a text may be one paragraph, parted by line breaks alone
        if parts_kept > 1 or (parts_kept == 1 and len(text_in(body)) > _ONE_PARAGRAPH):
            if lead is not None:
                body.insert(start, lead)
            break
    return body, " ".join(body.itertext()).strip(), tags


def _fill(body: etree._Element, parts: list[html.HtmlElement], tags: set[str]) -> None:
    """Append to ``body`` what ``parts``, the elements of a frame, hold of text."""
    # whether a part with parts of its own was moved into the body, where they come up again
    moved = False
    for part in parts:
        if moved and part.getroottree().getroot() is body:
            continue
        tag, tail = part.tag, part.tail
        made = handle_textelem(part, tags, _OPTIONS)
        if made is not None:
            body.append(made)
            if part.getroottree().getroot() is body:
                moved = moved or len(part) > 0
            else:
                part.tag = "done"
        if tag in _REBUILT and (made is None or made.tail is None):
            after = _paragraph(tail)
            if after is not None:
                body.append(after)


_ONE_PARAGRAPH = 1_500
"""Characters of an article that is one paragraph; standfirsts and teasers are shorter."""
_LOOSE_TEXT = 60
"""Characters after a heading, outside of any paragraph, that are text of the article."""
_FRAME_SHARE = 0.75
"""Of the text of a page's paragraphs, that stands in the one place that is taken for its frame."""


def _where_paragraphs_stand(tree: html.HtmlElement) -> html.HtmlElement | None:
    """The smallest element that holds nearly all running text of ``tree``, if it is a part of it.

    For pages whose markup names no frame: what stands between the paragraphs, headings and lists,
    is of the article as well.
    """
    held: dict[html.HtmlElement, int] = {}
    total = 0
    for paragraph in tree.iter("p"):
        length = len(text_in(paragraph))
        if length < 60:
            continue
        total += length
        for above in paragraph.iterancestors():
            held[above] = held.get(above, 0) + length
    # elements are met from the inside out along each branch, and hold more the further out
    enough = [one for one, length in held.items() if length >= _FRAME_SHARE * total]
    if not enough:
        return None
    smallest = min(enough, key=lambda one: sum(1 for _ in one.iterdescendants()))
    return None if smallest.tag in ("html", "body") else smallest


def _all_of(frame: html.HtmlElement, tags: set[str]) -> etree._Element:
    body = etree.Element("body")
    _fill(body, list(frame.iterdescendants("*")), tags)
    return body


_WILD = etree.XPath(
    "descendant::*[self::code or self::p or self::quote or self::table"
    " or self::div[contains(@class, 'w3-code')]]"
)


def _recover(
    tree: html.HtmlElement,
    body: etree._Element,
    tags: set[str],
    consumed: set[html.HtmlElement],
) -> None:
    """Append to ``body`` the paragraphs of the whole page that it does not hold already.

    trafilatura's recovery of "wild" text with our pruning, which ``tree`` has behind it.
    """
    texts = [_line_of(one) for one in body]
    existing, seen = "\n".join(filter(None, texts)), set(texts)
    whole: set[etree._Element] = set()
    for part in _WILD(tree):
        if part in consumed or any(above in whole for above in part.iterancestors()):
            continue
        made = handle_textelem(part, tags, _OPTIONS)
        if made is None:
            continue
        if made is part:
            whole.add(part)
        text = _line_of(made)
        # a copy with the text after it is a piece of a longer run
        has_tail = bool(made.tail) and not made.tail.isspace()
        run = single_spaced(text + made.tail) if has_tail else ""
        looked = len(existing) <= DEDUPE_SCAN_CAP
        if text and (
            text in seen
            or (looked and len(text) > MIN_DUPLICATE_LENGTH and text in existing)
            or (looked and run and run in existing)
        ):
            continue
        body.append(made)
        if looked:
            existing += f"\n{run or text}"
        seen.add(text)


def _line_of(element: etree._Element) -> str:
    return single_spaced("".join(element.itertext()))


def _paragraph(text: str | None) -> etree._Element | None:
    if not text or text.isspace():
        return None
    paragraph = etree.Element("p")
    paragraph.text = text
    return process_node(paragraph, _OPTIONS)


def _is_repeated(text: str, previous: str) -> bool:
    """Whether the same stands in both, and is too much to stand twice by chance."""
    if len(text) <= MIN_DUPLICATE_LENGTH or text.lstrip()[:1] != previous.lstrip()[:1]:
        return False
    line = single_spaced(text)
    return len(line) > MIN_DUPLICATE_LENGTH and line == single_spaced(previous)


def _has_paragraphs(frame: html.HtmlElement, least: int) -> bool:
    """Whether the paragraphs of the whole page hold ``least`` characters."""
    held = 0
    for paragraph in frame.getroottree().iter("p"):
        # what stands in another counts with it
        if next(paragraph.iterancestors("p"), None) is None:
            held += len(text_in(paragraph))
            if held >= least:
                return True
    return False


def _compared(
    spare: html.HtmlElement, body: etree._Element, text: str
) -> tuple[etree._Element, str]:
    """The best of ``body`` and of what other methods make of the page; ``text`` is the body's.

    trafilatura's cascade from its second stage on: readability and justext, the bare paragraphs,
    and a more generous reading of a page that is nearly all left out.
    """
    body, text = _second_opinion(spare, body, text, _OPTIONS)
    if len(text) < _OPTIONS.min_extracted_size:
        bare, bare_text, length = baseline(spare)
        if length > len(text):
            body, text = bare, bare_text
    if 0 < len(text) < ESCALATION_MAX_LENGTH and (
        len(text) < ESCALATION_PAGE_SHARE * bare_length(deepcopy(spare))
    ):
        again = convert_tags(tree_cleaning(deepcopy(spare), _RECALL), _RECALL)
        more, more_text = _second_opinion(spare, *extract_content(again, _RECALL), _RECALL)
        dense, dense_text = _dense(deepcopy(spare))
        if len(dense_text) > max(len(more_text), ESCALATION_JUSTEXT_RATIO * len(text)):
            return dense, dense_text
        if len(more_text) >= _OPTIONS.min_extracted_size and (
            len(more_text) > ESCALATION_ACCEPT_RATIO * len(text)
        ):
            return more, more_text
    return body, text


def _second_opinion(
    spare: html.HtmlElement, body: etree._Element, text: str, options: Extractor
) -> tuple[etree._Element, str]:
    """``body`` or what readability or justext make of the page, by trafilatura's own measures."""
    if options.focus == "recall" and len(text) > 10 * options.min_extracted_size:
        return body, text
    other = try_readability(deepcopy(spare))
    other_text = single_spaced(etree.tostring(other, method="text", encoding="unicode"))
    readable = _prefer_readability(body, other, other_text, len(text), len(other_text), options)
    if readable:
        body, text = other, other_text
    unclean = bool(_UNCLEAN(body))
    if unclean or len(text) < options.min_extracted_size:
        cleaned = (
            tree_cleaning(deepcopy(spare), options)
            if options.focus == "recall"
            else clean(deepcopy(spare))
        )
        dense, dense_text = _dense(cleaned)
        enough = len(text) / JUSTEXT_OVERRIDE_RATIO if unclean else len(text) + 1
        if dense_text and len(dense_text) >= enough:
            return dense, dense_text
    return sanitize_tree(body, options) if readable else (body, text)


def _dense(tree: html.HtmlElement) -> tuple[etree._Element, str]:
    """The paragraphs that read as running text in any language; ``tree`` is used up."""
    body = etree.Element("body")
    for text in dense_paragraphs(drop_banners(tree), _stop_words().__contains__):
        etree.SubElement(body, "p").text = text
    return body, single_spaced(" ".join(body.itertext()))


@cache
def _stop_words() -> frozenset[str]:
    folder = files("justext") / "stoplists"
    lists = [
        language.read_text(encoding="utf-8")
        for language in folder.iterdir()
        if language.name.endswith(".txt")
    ]
    return frozenset("\n".join(lists).lower().splitlines())


def guess_date(tree: html.HtmlElement, url: str, now: datetime) -> str:
    """A day that stands in the page's text or URL, "" when none does; for pages without markup.

    htmldate (Barbaresi 2020, https://doi.org/10.21105/joss.02439) finds it.  Its extensive search
    stays off: on pages without markup it takes eight times as long to make the first of January
    out of a copyright line, and a false day is worse than none.
    """
    try:
        found = find_date(
            tree,
            original_date=True,
            extensive_search=False,
            url=url,
            max_date=(now + timedelta(days=1)).strftime("%Y-%m-%d"),
        )
    except (ValueError, TypeError, RecursionError, etree.LxmlError):
        return ""
    return found or ""


def _bound_spans(tree: html.HtmlElement) -> None:
    """Forget table spans that no layout needs: trafilatura fills each of them with cells."""
    for cell in tree.iter("td", "th"):
        for attribute in ("colspan", "rowspan"):
            if len(cell.get(attribute, "")) > 1:
                del cell.attrib[attribute]
