"""A parsed page -> the running text of its article; the only user of trafilatura and htmldate.

trafilatura's lower-level functions are called in the order of its own cascade (Barbaresi 2021,
https://aclanthology.org/2021.acl-demo.15/), but its comparison with further extractors, half of
the cost, is paid only where the first result is doubtful.  Before it, what a page itself marks as
pointing elsewhere is taken out; after it, the headline and lines that address the reader rather
than report.  The worse mistake is losing a sentence of the article: every cut is bounded.
"""

from __future__ import annotations

import logging
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from htmldate import find_date
from lxml import etree, html
from trafilatura.core import trafilatura_sequence
from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Extractor
from trafilatura.xml import xmltotxt
from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

from ingest.cited import anchors_of, cited_by
from ingest.metadata import PageMetadata
from ingest.noise import drop_link_lines, trim_noise
from ingest.pagetext import depth_of, is_complex, markup_text, plain_text, visible_chars
from ingest.policy import ExtractPolicy
from ingest.wording import tidy

# trafilatura logs every page that it gives up; the reason travels in the Rejection instead
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text of an article and what it cites."""

    text: str
    links: tuple[str, ...] = ()
    page_chars: int = 0
    """Characters of visible text in the whole page."""


def body_of(
    tree: html.HtmlElement, url: str, meta: PageMetadata, policy: ExtractPolicy, source: str = ""
) -> Body:
    """Running text of the article in ``tree``: a paragraph, heading or list entry a line.

    The tree is used up.  ``source`` is the markup, read when the parser lost its text.  The text
    is empty when the page shows none.
    """
    page_chars = visible_chars(tree)
    if is_complex(tree, policy):
        text = plain_text(tree)
        if source and depth_of(tree) >= policy.max_depth:
            # libxml2 stops at a depth of its own and drops what lies below
            text = max(text, markup_text(source), key=len)
        return Body(text=text[: policy.text_chars], page_chars=page_chars)
    anchors = anchors_of(tree)
    text = trim_noise(_main_text(tree, url, policy, page_chars), meta, policy)
    return Body(text=text, links=cited_by(anchors, text, url, policy), page_chars=page_chars)


def _main_text(tree: html.HtmlElement, url: str, policy: ExtractPolicy, page_length: int) -> str:
    # trafilatura would take the text out of JSON-LD as one long line, from behind a wall too;
    # and copying scripts with the tree is a good part of what its cascade costs
    etree.strip_elements(tree, "script", "style", with_tail=False)
    drop_link_lines(tree, policy)
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
