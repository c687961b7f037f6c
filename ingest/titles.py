"""Which of the headlines that a page gives is the article's, without the site's name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from lxml import html

from ingest.jsonld import strings_of, types_of
from ingest.metatags import first_of
from ingest.wording import element_text, fold_title, squeezed

_DAY = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d\d-\d\d")
_TITLE_SPLIT = re.compile(r"\s+[|–—·•»:-]+\s+|\s*[|｜_]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """Every form of the headline, the likeliest first, and where the first was found."""

    forms: tuple[str, ...] = ()
    source: str = ""
    """``json_ld``, ``opengraph``, ``meta``, ``h1`` or ``title``: the first that has it."""


def page_titles(
    tree: html.HtmlElement,
    article: dict[str, Any],
    meta: dict[str, list[str]],
    site_name: str,
    site_hint: str,
) -> Titles:
    """The forms of the headline; none when the page has none.

    ``article`` is the JSON-LD node of the article, ``meta`` the meta elements; ``site_name`` and
    the host name ``site_hint`` are taken off the ends.
    """
    headline = [
        without_site(title, site_name, site_hint)
        for title in strings_of(article.get("headline")) or strings_of(article.get("name"))
    ]
    social = [
        without_site(title, site_name, site_hint)
        for title in first_of(meta, ("og:title", "twitter:title", "title"))
    ]
    h1 = _headings(tree)
    head = [
        without_site(element_text(element), site_name, site_hint)
        for element in list(tree.iter("title"))[:1]
    ]
    heading = _best_heading(h1, headline + social + head)
    news = any("newsarticle" in kind for kind in types_of(article))
    # a newsroom's JSON-LD carries the headline, other sites often fill it with an SEO title
    order = [*headline[:1], *social[:2], heading] if news else [heading, *social[:1], *headline[:1]]
    order += [*head, *h1, *social]
    ranked = [title for title in order if title]
    if not ranked:
        return Titles()
    votes = Counter(fold_title(title) for title in {*headline[:1], *social[:2], heading, *head})
    most = max(votes[fold_title(title)] for title in ranked)
    best = next(title for title in ranked if votes[fold_title(title)] == most)
    places = (("json_ld", headline), ("opengraph", social), ("h1", h1), ("title", head))
    source = next((name for name, titles in places if best in titles), "meta")
    return Titles(forms=tuple(dict.fromkeys([best, *ranked])), source=source)


def _headings(tree: html.HtmlElement) -> list[str]:
    return [
        text
        for element in list(tree.iter("h1"))[:8]
        if 0 < len(text := element_text(element)) < 400
    ]


def _best_heading(headings: list[str], others: list[str]) -> str:
    """The h1 that the page's other titles speak of."""
    keys = [words for words in map(_word_set, others) if words]
    best, best_share = "", 0.0
    for heading in headings:
        words = _word_set(heading)
        if not words:
            continue
        share = max((len(words & key) / len(words | key) for key in keys), default=0.0)
        if share > best_share:
            best, best_share = heading, share
    if best_share >= 0.5:
        return best
    return headings[0] if len(headings) == 1 and not keys else ""


def _word_set(text: str) -> set[str]:
    return set(re.findall(r"\w+", fold_title(text)))


def without_site(title: str, site_name: str, site_hint: str) -> str:
    """``title`` without the site's name at its end or start ("Headline | Site")."""
    site = squeezed(site_name)
    host = squeezed(site_hint.removeprefix("www.").rsplit(".", 1)[0])
    pieces = _TITLE_SPLIT.split(title)
    separators = _TITLE_SPLIT.findall(title)
    start, end = 0, len(pieces)
    while end - start > 1 and _names_site(pieces[end - 1], site, host):
        end -= 1
    while end - start > 1 and _names_site(pieces[start], site, host):
        start += 1
    if start == 0 and end == len(pieces):
        return title
    kept = pieces[start]
    for position in range(start + 1, end):
        kept += separators[position - 1] + pieces[position]
    return kept.strip()


def _names_site(piece: str, site: str, host: str) -> bool:
    word = squeezed(piece)
    if not word or _DAY.fullmatch(piece.strip()):
        return True
    if len(word) < 2 or len(piece) > 60:
        return False
    return (
        word in (site, host)
        or (len(word) > 3 and site.startswith(word))
        or (len(site) > 3 and word.startswith(site))
        or (len(word) > 3 and word in host)
        or (len(host) > 3 and word.startswith(host))
        or (len(host) > 7 and word.endswith(host))
    )
