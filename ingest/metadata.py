"""What a page says of itself: headline, authors, times, publisher, language, canonical URL.

Read from JSON-LD (https://schema.org/NewsArticle), meta elements (https://ogp.me/, Dublin Core),
the h1 and the byline, in one pass over a parsed page that it leaves unchanged.  Where sources
differ the one that names only the article wins: site names stick to titles, and JSON-LD often
describes the whole site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree, html

from ingest.bylines import page_authors
from ingest.datelines import shown_dates, without_label
from ingest.details import Details, page_details
from ingest.jsonld import (
    article_node,
    body_text,
    free_to_read,
    json_ld_nodes,
    names_of,
    strings_of,
    types_of,
    whole_number,
)
from ingest.metatags import first_of, meta_values, source_of_key
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
    details: Details = field(default_factory=Details)
    """Section, tags, image and last change."""
    site_name: str = ""
    language: str = ""
    canonical: tuple[str, ...] = ()
    """``rel=canonical``, then ``og:url``; may be relative."""
    description: str = ""
    article_body: str = ""
    """JSON-LD ``articleBody`` as plain text, which publishers cut short at will; else the body out
    of the state in the scripts of a page that shows next to nothing."""
    word_count: int = 0
    """JSON-LD ``wordCount``; 0 when not said."""
    is_free: bool | None = None
    """``isAccessibleForFree``; None when not said."""
    kinds: frozenset[str] = frozenset()
    """Lower-case JSON-LD types and ``og:type`` of the page."""
    sources: dict[str, str] = field(default_factory=dict)
    """``title``, ``author``, ``publisher``, ``language`` -> the source that named it: ``json_ld``,
    ``opengraph``, ``meta``, ``h1``, ``title``, ``byline``, ``html``."""
    dated_by: dict[str, str] = field(default_factory=dict)
    """A time in ``published`` -> the source that named it."""


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


# up from the attributes: a third of the time of asking every element whether it has one
_PROPERTIES = etree.XPath("descendant-or-self::*/@itemprop/..")


def page_metadata(tree: html.HtmlElement, site_hint: str = "") -> PageMetadata:
    """Collect what ``tree`` says of its article; never raises on odd markup.

    ``site_hint`` is the host name, used to tell a site's name from the end of a title.
    """
    nodes = list(json_ld_nodes(tree))
    article = article_node(nodes)
    meta = meta_values(tree)
    site_name, publisher = _site_name(nodes, article, meta)
    titles = page_titles(tree, article, meta, site_name, site_hint)
    kinds = {kind for node in nodes for kind in types_of(node)}
    kinds.update(value.lower() for value in meta.get("og:type", [])[:1])
    authors, byline = page_authors(tree, article, nodes, meta, site_name)
    language, spoken = _language(tree, article, meta)
    properties = _PROPERTIES(tree)
    dated: dict[str, str] = {}
    for raw, source in _published(tree, article, nodes, meta, list(titles.forms), properties):
        dated.setdefault(raw, source)
    sources = {
        "title": titles.source,
        "author": byline,
        "publisher": publisher,
        "language": spoken,
    }
    return PageMetadata(
        title=titles.forms[0] if titles.forms else "",
        titles=titles.forms,
        authors=authors,
        published=tuple(dated),
        details=page_details(tree, article, nodes, meta, titles.forms, properties),
        site_name=site_name,
        language=language,
        canonical=tuple(dict.fromkeys(_canonical(tree, meta))),
        description=next(iter(first_of(meta, ("og:description", "description"))), ""),
        article_body=body_text(article.get("articleBody")) or state_body(tree, list(titles.forms)),
        word_count=whole_number(article.get("wordCount")),
        is_free=free_to_read(article, nodes),
        kinds=frozenset(kinds),
        sources={name: source for name, source in sources.items() if source},
        dated_by=dated,
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


def _language(
    tree: html.HtmlElement, article: dict[str, Any], meta: dict[str, list[str]]
) -> tuple[str, str]:
    candidates = [
        *((name, "json_ld") for name in names_of(article.get("inLanguage"))),
        (tree.get("lang") or "", "html"),
        (tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "", "html"),
        *((value, "opengraph") for value in meta.get("og:locale", [])),
        *((v, "meta") for v in first_of(meta, ("content-language", "language", "dc.language"))),
    ]
    for candidate, source in candidates:
        match = re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", candidate.strip())
        if match:
            tag = match.group(1).lower()
            return _THREE_LETTERS.get(tag, tag), source
    return "", ""


def _site_name(
    nodes: list[dict[str, Any]], article: dict[str, Any], meta: dict[str, list[str]]
) -> tuple[str, str]:
    for name, source in [
        *((name, "opengraph") for name in meta.get("og:site_name", [])),
        *((name, "json_ld") for name in names_of(article.get("publisher"))),
    ]:
        if len(name) < 100 and not name.startswith("http"):
            return name, source
    for node in nodes:
        if set(types_of(node)) & {"website", "newsmediaorganization"}:
            for name in names_of(node):
                return name, "json_ld"
    named = first_of(meta, ("application-name", "dc.publisher"))
    return (named[0], "meta") if named else ("", "")


def _published(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    titles: list[str],
    properties: list[html.HtmlElement],
) -> Iterator[tuple[str, str]]:
    """Times of publication as written, most trusted first, each with its source."""
    marked = _marked(tree, article, nodes, meta, properties)
    found = [(without_label(raw), source) for raw, source in marked]
    # reading times and "three hours ago" stand in the same elements
    found = [(raw, source) for raw, source in found if _YEAR.search(raw)]
    yield from found or ((raw, "dateline") for raw in shown_dates(tree, titles))


def _marked(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    properties: list[html.HtmlElement],
) -> Iterator[tuple[str, str]]:
    own = [(raw, "json_ld") for raw in strings_of(article.get("datePublished"))]
    first = [(raw, "opengraph") for raw in first_of(meta, _PUBLISHED_META[:3])]
    # content systems that know but one time fill both fields with that of the last edit
    changed = [raw[:16] for raw in strings_of(article.get("dateModified"))]
    edited = own and [own[0][0][:16]] == changed
    yield from [*first, *own] if edited else [*own, *first]
    for node in nodes:
        if set(types_of(node)) & {"webpage", "itempage", "videoobject"}:
            yield from ((raw, "json_ld") for raw in strings_of(node.get("datePublished")))
    for key in _PUBLISHED_META[3:]:
        yield from ((raw, source_of_key(key)) for raw in first_of(meta, (key,)))
    yield from ((raw, "json_ld") for raw in strings_of(article.get("dateCreated")))
    for element in tree.iter("time"):
        stamp = element.get("datetime") or element.get("content") or ""
        marked = element.get("pubdate") is not None or "published" in (
            f"{element.get('itemprop', '')} {element.get('class', '')}".lower()
        )
        if stamp and marked:
            yield clean(stamp), "time"
    dated = (one for one in properties if "datePublished" in one.get("itemprop"))
    for element in islice(dated, 3):
        stamp = element.get("content") or element.get("datetime") or element_text(element)[:80]
        yield clean(stamp), "microdata"
    for element in list(tree.iter("time"))[:3]:
        yield clean(element.get("datetime") or element_text(element)[:80]), "time"
