"""Who wrote it: the people that a page's markup or its byline names."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml import html

from ingest.jsonld import names_of
from ingest.metatags import first_of
from ingest.wording import clean, element_text, squeezed

_AUTHOR_META = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "citation_author",
    "article:author_name",
    "cxenseparse:author",
    "rbauthors",
)
_BY = re.compile(
    r"^(?:(?:written|posted|reported|words)\s+)?(?:by|von|par|por|di|door|av|przez|text|"
    r"autor(?:in|ka)?|author|author\(s\)|redaktion)\b\s*:?\s+",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    r"https?:|www\.|@|^\W*$|\d{3}|^(?:admin|administrator|editor|staff|user|author|unknown|none|null"
    r"|n/?a|guest|webmaster|root|-)$",
    re.IGNORECASE,
)
_NAME_SPLIT = re.compile(r"\s*(?:;|\||/|,|&|\b(?:and|und|et|y|og|och)\b|、|，)\s*", re.IGNORECASE)
_REPORTER = re.compile(r"(?<=\w)\s+(?:기자|특파원|記者|记者)\Z")
"""The trade, which stands after the name there."""
# A date with its year, in figures or with the month as a word of any language, or a time of day.
_DATE = (
    r"(?:\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}\b|\d{2,4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
    r"|\b\d{1,2}(?:st|nd|rd|th|er|[.º])?[\s-]+(?:de\s+)?[^\W\d_]{3,12}\.?[\s,-]+(?:de\s+)?\d{4}\b"
    r"|\b[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}\b"
    r"|\b\d{1,2}[:h.]\d{2}(?:[:.]\d{2})?(?:\s*(?:[ap]\.?m\b\.?|uhr\b))?(?:\s*(?-i:[A-Z]{2,4})\b)?)"
)
# Words that stand before a date and belong to it: "updated on Monday, ...", "am ...", "le ...".
_BEFORE_DATE = (
    r"(?:\b(?:on|at|am|um|den|le|à|el|il|alle|op|dnia|published|updated|posted|stand|aktualisiert"
    r"|veröffentlicht|publié|mis à jour|publicado|actualizado|pubblicato|gepubliceerd|publicerad"
    r"|opublikowano|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves"
    r"|viernes|sábado|domingo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica"
    r"|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag)\b[\s:,|–—-]*)*"
)
_DATED = re.compile(_BEFORE_DATE + _DATE, re.IGNORECASE)
_CUT = "\x00"
"""Stands where a date was."""
_SMALL_NUMBER = re.compile(r"(?<![^\W_])\d{1,2}(?:st|nd|rd|th|er|[.º])?(?![^\W_])", re.IGNORECASE)
_NAME_CLASSES = ("author-name", "author__name", "AuthorName", "byline-name", "byline__name")
_NAME_TAGS = ("a", "span", "p", "div", "address", "strong", "li")
_BYLINE_CLASSES = (
    "byline", "Byline", "post-author", "entry-author", "article-author", "article__author",
)  # fmt: skip
_BYLINE_TAGS = ("a", "span", "p", "div")
_SEEN = 20_000
"""Class strings remembered with what they name."""


def page_authors(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    site_name: str,
) -> tuple[tuple[str, ...], str]:
    """The authors of the page: by JSON-LD, else by meta elements, else by the visible byline.

    With them comes the source that named them: ``json_ld``, ``meta``, ``byline`` or "".

    ``article`` is the JSON-LD node of the article among ``nodes``, ``meta`` the meta elements; a
    name that is but ``site_name`` counts only where no person is named.
    """
    author = article.get("author") or article.get("creator")
    named = names_of(author) or _referenced(author, nodes)
    # a site that signs with its own name is believed: what stands elsewhere is an agency's more
    # often than a person's
    for source, texts in (("json_ld", named), ("meta", first_of(meta, _AUTHOR_META))):
        if found := _person_names(texts, site_name):
            return found, source
    for tags, is_byline in ((_NAME_TAGS, _holds_name), (_BYLINE_TAGS, _is_byline)):
        places = filter(is_byline, tree.iter(*tags))
        texts = [
            text for element in islice(places, 12) if 3 < len(text := element_text(element)) < 100
        ]
        if found := _person_names(texts, site_name):
            return found, "byline"
    return (), ""


def _holds_name(element: html.HtmlElement) -> bool:
    css = element.get("class")
    return (
        (css is not None and _names_person(css))
        or element.get("rel") == "author"
        or "author" in element.get("itemprop", "")
        or "author-name" in element.get("data-testid", "")
    )


def _is_byline(element: html.HtmlElement) -> bool:
    css = element.get("class")
    return css is not None and _names_byline(css)


@lru_cache(maxsize=_SEEN)
def _names_person(css: str) -> bool:
    return any(one in css for one in _NAME_CLASSES)


@lru_cache(maxsize=_SEEN)
def _names_byline(css: str) -> bool:
    return css == "author" or any(one in css for one in _BYLINE_CLASSES)


def _referenced(value: Any, nodes: list[dict[str, Any]]) -> list[str]:
    """Names of authors that are given as ``{"@id": ...}`` of another node."""
    wanted = [
        entry.get("@id")
        for entry in (value if isinstance(value, list) else [value])
        if isinstance(entry, dict)
    ]
    return [
        name
        for wish in wanted
        if wish
        for node in nodes
        if node.get("@id") == wish
        for name in names_of(node)[:1]
    ]


def _person_names(texts: list[str], site_name: str) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for text in texts:
        for name in split_names(text):
            names.setdefault(name.casefold(), name)
    site = squeezed(site_name)
    people = [name for name in names.values() if squeezed(name) != site]
    return tuple(people or names.values())[:12]


def split_names(text: str) -> list[str]:
    """The names in a byline such as "By Ann Lee and Bo Ek, Reuters, 31/10/2026".

    Dates, times and numbers are no names.  Only a byline's first part may hold a number of its
    own ("France 24"): in a later one it is a day or a reading time more often than an agency.
    """
    text = _BY.sub("", clean(text))
    if text.startswith(("http:", "https:", "www.")):
        return []
    names = []
    for position, piece in enumerate(_NAME_SPLIT.split(_DATED.sub(_CUT, text))):
        name = _REPORTER.sub("", _BY.sub("", _beside_date(piece)).strip(" .-–—:"))
        if _SMALL_NUMBER.search(name) and (position or not re.search(r"[^\W\d_]", name)):
            continue
        if 2 <= len(name) <= 60 and not _NOT_A_NAME.search(name) and len(name.split()) <= 6:
            names.append(name)
    return names


def _beside_date(piece: str) -> str:
    """What of ``piece`` may be a name where a date was cut out of it.

    Before a date a name is often run together with an agency or a heading, so only a short one
    is believed; after it stands rarely a name that is not announced as one.
    """
    if _CUT not in piece:
        return piece
    before, after = piece.split(_CUT)[0].strip(), piece.split(_CUT)[-1].strip()
    if _BY.match(after):
        return after
    return before if len(before.split()) <= 3 else ""
