"""What a page says of itself: headline, authors, times, publisher, language, canonical URL.

Read from JSON-LD (https://schema.org/NewsArticle), meta elements (https://ogp.me/, Dublin Core),
the h1 and the byline, in one pass over a parsed page that it leaves unchanged.  Where sources
differ the one that names only the article wins: site names stick to titles, and JSON-LD often
describes the whole site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

from ingest.bylines import page_authors
from ingest.datelines import shown_dates, without_label
from ingest.jsonld import (
    article_node,
    body_text,
    free_to_read,
    json_ld_nodes,
    names_of,
    strings_of,
    types_of,
)
from ingest.metatags import first_of, meta_values
from ingest.pagestate import state_body
from ingest.titles import page_titles
from ingest.wording import clean, element_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMetadata:
    """Strings as the page gives them, trimmed; empty where it gives none."""

    title: str = ""
    titles: tuple[str, ...] = ()
    """Every form of the headline found, best first."""
    authors: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    """Publication times as written, most trusted first."""
    modified: tuple[str, ...] = ()
    site_name: str = ""
    language: str = ""
    canonical: tuple[str, ...] = ()
    """``rel=canonical``, then ``og:url``; may be relative."""
    description: str = ""
    article_body: str = ""
    """JSON-LD ``articleBody`` as plain text, which publishers cut short at will; else the body out
    of the state in the scripts of a page that shows next to nothing."""
    is_free: bool | None = None
    """``isAccessibleForFree``; None when not said."""
    kinds: frozenset[str] = frozenset()
    """Lower-case JSON-LD types and ``og:type`` of the page."""


_PUBLISHED_META = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "date_published",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "dcterms.created",
    "dcterms.date",
    "dc.date.issued",
    "dc.date.created",
    "dc.date",
    "publish-date",
    "publish_date",
    "published_at",
    "publication_date",
    "publicationdate",
    "pubdate",
    "publishdate",
    "rnews:datepublished",
    "article.published",
    "published-date",
    "published",
    "article_date_original",
    "citation_publication_date",
    "citation_online_date",
    "date",
    "originalpublicationdate",
    "last_updated_date",
)
_YEAR = re.compile(r"\d{4}")
_DATED = etree.XPath("//*[contains(@itemprop,'datePublished')]")
_MODIFIED_META = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")


def page_metadata(tree: html.HtmlElement, site_hint: str = "") -> PageMetadata:
    """Collect what ``tree`` says of its article; never raises on odd markup.

    ``site_hint`` is the host name, used to tell a site's name from the end of a title.
    """
    nodes = list(json_ld_nodes(tree))
    article = article_node(nodes)
    meta = meta_values(tree)
    site_name = _site_name(nodes, article, meta)
    titles = page_titles(tree, article, meta, site_name, site_hint)
    kinds = {kind for node in nodes for kind in types_of(node)}
    kinds.update(value.lower() for value in meta.get("og:type", [])[:1])
    return PageMetadata(
        title=titles[0] if titles else "",
        titles=tuple(dict.fromkeys(titles)),
        authors=page_authors(tree, article, nodes, meta, site_name),
        published=tuple(dict.fromkeys(_published(tree, article, nodes, meta, titles))),
        modified=tuple(
            dict.fromkeys(
                [*strings_of(article.get("dateModified")), *first_of(meta, _MODIFIED_META)]
            )
        ),
        site_name=site_name,
        language=_language(tree, article, meta),
        canonical=tuple(dict.fromkeys(_canonical(tree, meta))),
        description=next(iter(first_of(meta, ("og:description", "description"))), ""),
        article_body=body_text(article.get("articleBody")) or state_body(tree, titles),
        is_free=free_to_read(article, nodes),
        kinds=frozenset(kinds),
    )


def _canonical(tree: html.HtmlElement, meta: dict[str, list[str]]) -> Iterator[str]:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            yield link.get("href").strip()
    yield from meta.get("og:url", [])


# ISO 639-2 codes that pages write where BCP 47 wants the short one
_THREE_LETTERS = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it",
    "por": "pt", "nld": "nl", "dut": "nl", "swe": "sv", "pol": "pl", "zho": "zh", "chi": "zh",
    "jpn": "ja", "kor": "ko", "rus": "ru", "tur": "tr", "swa": "sw", "zul": "zu", "xho": "xh",
}  # fmt: skip


def _language(tree: html.HtmlElement, article: dict[str, Any], meta: dict[str, list[str]]) -> str:
    candidates = [
        *names_of(article.get("inLanguage")),
        tree.get("lang") or "",
        tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        *meta.get("og:locale", []),
        *meta.get("content-language", []),
        *meta.get("language", []),
        *meta.get("dc.language", []),
    ]
    for candidate in candidates:
        match = re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", candidate.strip())
        if match:
            tag = match.group(1).lower()
            return _THREE_LETTERS.get(tag, tag)
    return ""


def _site_name(
    nodes: list[dict[str, Any]], article: dict[str, Any], meta: dict[str, list[str]]
) -> str:
    for name in [*meta.get("og:site_name", []), *names_of(article.get("publisher"))]:
        if len(name) < 100 and not name.startswith("http"):
            return name
    for node in nodes:
        if set(types_of(node)) & {"website", "newsmediaorganization"}:
            for name in names_of(node):
                return name
    return next(iter(first_of(meta, ("application-name", "dc.publisher"))), "")


def _published(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    titles: list[str],
) -> Iterator[str]:
    found = [*_marked(tree, article, nodes, meta)]
    # reading times and "three hours ago" stand in the same elements
    found = [raw for raw in map(without_label, found) if _YEAR.search(raw)]
    yield from found or shown_dates(tree, titles)


def _marked(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
) -> Iterator[str]:
    own = strings_of(article.get("datePublished"))
    first = first_of(meta, _PUBLISHED_META[:3])
    # content systems that know but one time fill both fields with that of the last edit
    edited = own and [own[0][:16]] == [raw[:16] for raw in strings_of(article.get("dateModified"))]
    yield from [*first, *own] if edited else [*own, *first]
    for node in nodes:
        if set(types_of(node)) & {"webpage", "itempage", "videoobject"}:
            yield from strings_of(node.get("datePublished"))
    yield from first_of(meta, _PUBLISHED_META[3:])
    yield from strings_of(article.get("dateCreated"))
    for element in tree.iter("time"):
        stamp = element.get("datetime") or element.get("content") or ""
        marked = element.get("pubdate") is not None or "published" in (
            f"{element.get('itemprop', '')} {element.get('class', '')}".lower()
        )
        if stamp and marked:
            yield clean(stamp)
    for element in _DATED(tree)[:3]:
        yield clean(element.get("content") or element.get("datetime") or element_text(element)[:80])
    for element in list(tree.iter("time"))[:3]:
        yield clean(element.get("datetime") or element_text(element)[:80])
