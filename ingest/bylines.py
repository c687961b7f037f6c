"""Who wrote it: the people that a page's markup or its byline names."""

from __future__ import annotations

import re
from typing import Any

from lxml import html  # type: ignore[import-untyped]

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
_NAME_SPLIT = re.compile(r"\s*(?:;|\||/|,|&|\band\b|\bund\b|\bet\b|\by\b|、|，)\s*", re.IGNORECASE)
_BYLINE_XPATH = (
    "//*[self::a or self::span or self::p or self::div or self::address or self::strong"
    " or self::li][@rel='author' or contains(@itemprop,'author') or contains(@class,'author-name')"
    " or contains(@class,'author__name') or contains(@class,'AuthorName')"
    " or contains(@class,'byline-name') or contains(@class,'byline__name')"
    " or contains(@data-testid,'author-name')]"
)
_BYLINE_FALLBACK = (
    "//*[self::a or self::span or self::p or self::div]"
    "[contains(@class,'byline') or contains(@class,'Byline') or @class='author'"
    " or contains(@class,'post-author') or contains(@class,'entry-author')"
    " or contains(@class,'article-author') or contains(@class,'article__author')]"
)


def page_authors(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    site_name: str,
) -> tuple[str, ...]:
    """The authors of the page: by JSON-LD, else by meta elements, else by the visible byline.

    ``article`` is the JSON-LD node of the article among ``nodes``, ``meta`` the meta elements; a
    name that is but ``site_name`` counts only where no person is named.
    """
    author = article.get("author") or article.get("creator")
    named = names_of(author) or _referenced(author, nodes)
    found = _person_names(named, site_name)
    if found:
        return found
    found = _person_names(first_of(meta, _AUTHOR_META), site_name)
    if found:
        return found
    for xpath in (_BYLINE_XPATH, _BYLINE_FALLBACK):
        texts = [
            text
            for element in tree.xpath(xpath)[:12]
            if 3 < len(text := element_text(element)) < 100
        ]
        found = _person_names(texts, site_name)
        if found:
            return found
    return ()


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
    """The names in a byline such as "By Ann Lee and Bo Ek, Reuters"."""
    text = _BY.sub("", clean(text))
    if text.startswith(("http:", "https:", "www.")):
        return []
    names = []
    for piece in _NAME_SPLIT.split(text):
        name = _BY.sub("", piece).strip(" .-–—:")
        if 2 <= len(name) <= 60 and not _NOT_A_NAME.search(name) and len(name.split()) <= 6:
            names.append(name)
    return names
