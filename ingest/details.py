"""Section, tags, lead image and last change of an article, each with the source that named it.

Sources in order of trust: ``json_ld`` (https://schema.org/NewsArticle), ``opengraph``
(https://ogp.me/), ``meta`` (what content systems and Dublin Core made up), ``microdata``
(``itemprop`` attributes), ``link`` (``rel`` attributes), ``breadcrumb``.  The first that has a
value wins whole: lists of two sources are never mixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import html

from ingest.jsonld import names_of, strings_of, types_of
from ingest.metatags import first_of, source_of_key
from ingest.wording import element_text, fold_title

_SECTION_META = (
    "article:section", "og:article:section", "section", "parsely-section", "cxenseparse:section",
    "dc.subject.section", "sailthru.section", "articlesection", "category",
)  # fmt: skip
_TAG_META = (
    "article:tag", "og:article:tag", "news_keywords", "parsely-tags", "sailthru.tags", "keywords",
    "dc.subject", "dcterms.subject", "citation_keywords",
)  # fmt: skip
_IMAGE_META = (
    "og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src",
    "parsely-image-url", "sailthru.image.full", "thumbnail", "image",
)  # fmt: skip
_MODIFIED_META = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified",
    "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "revised",
)  # fmt: skip
_NAMES_OF_DETAILS = ("articleSection", "keywords", "dateModified")
_SPLIT = re.compile(r"\s*[,;|、，]\s*")
_TAGS = 30
"""Tags kept: pages that name more list every word of the text."""
_LINKS = 500
"""``link`` elements of a page that are looked at."""
_TAG_CHARS = 80
"""A longer tag is a sentence."""
_SECTION_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Strings as the page gives them; empty where it gives none."""

    section: str = ""
    tags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Addresses of the lead image, most trusted first; may be relative."""
    modified: tuple[str, ...] = ()
    """Times of the last change as written, most trusted first."""
    sources: dict[str, str] = field(default_factory=dict)
    """``section``, ``tags``, ``image``, ``modified_at`` -> the source that named it."""


def page_details(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    titles: Iterable[str],
    properties: Sequence[html.HtmlElement],
) -> Details:
    """Read the details of the article of ``tree``.

    ``article`` is its JSON-LD node among ``nodes``, ``meta`` the meta elements, ``titles`` the
    forms of its headline, which a breadcrumb ends with, ``properties`` the elements of the page
    that have an ``itemprop``, in its order.
    """
    marked = _marked(properties)
    keys = {fold_title(title) for title in titles}
    section = _first([
        ("json_ld", _sections(strings_of(article.get("articleSection")), keys)),
        *((source, _sections(values, keys)) for source, values in _of(meta, _SECTION_META)),
        ("microdata", _sections(marked["articleSection"], keys)),
        ("breadcrumb", _sections(_breadcrumb(nodes, keys), keys)),
    ])  # fmt: skip
    tags = _first([
        ("json_ld", _tags(names_of(article.get("keywords")))),
        *((source, _tags(values)) for source, values in _of(meta, _TAG_META)),
        ("microdata", _tags(marked["keywords"])),
    ], lambda: ("link", _tags(_tag_links(tree))))  # fmt: skip
    logos = set(_images(_logo(article)))
    image = _first([
        ("json_ld", [one for one in _images(article.get("image")) if one not in logos]),
        *((source, values) for source, values in _of(meta, _IMAGE_META)),
        ("microdata", marked["image"]),
    ], lambda: ("link", _image_links(tree)))  # fmt: skip
    modified = [
        ("json_ld", strings_of(article.get("dateModified"))),
        *_of(meta, _MODIFIED_META),
        ("microdata", marked["dateModified"]),
    ]
    changed = _first(modified)
    return Details(
        section=next(iter(section[1]), ""),
        tags=tuple(tags[1]),
        images=tuple(image[1]),
        modified=tuple(dict.fromkeys(value for _, values in modified for value in values)),
        sources={
            name: found[0]
            for name, found in (
                ("section", section), ("tags", tags), ("image", image), ("modified_at", changed),
            )
            if found[0]
        },
    )  # fmt: skip


_Found = tuple[str, list[str]]
"""A source and its values."""


def _first(candidates: Iterable[_Found], else_of: Callable[[], _Found] | None = None) -> _Found:
    """The first of ``candidates`` with a value, else that of ``else_of``, which takes longer."""
    for found in candidates:
        if found[1]:
            return found
    last = ("", []) if else_of is None else else_of()
    return last if last[1] else ("", [])


def _of(meta: dict[str, list[str]], keys: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """The values of each of ``keys`` with the name of its source."""
    for key in keys:
        values = first_of(meta, (key,))
        if values:
            yield source_of_key(key), values


def _sections(values: list[str], titles: set[str]) -> list[str]:
    return [
        value
        for value in values
        if 1 < len(value) <= _SECTION_CHARS
        and not value.lower().startswith(("http:", "https:"))
        and any(letter.isalpha() for letter in value)
        and fold_title(value) not in titles
    ]


def _tags(values: list[str]) -> list[str]:
    """Single tags out of ``values``, in order and once each, whatever their case."""
    found: dict[str, str] = {}
    for value in values:
        # a list in one string; a single tag may hold a comma only where others are strings of
        # their own, which no page was seen to do
        for tag in _SPLIT.split(value):
            tag = tag.strip(" #\t\"'")
            if 1 < len(tag) <= _TAG_CHARS and not tag.lower().startswith(("http:", "https:")):
                found.setdefault(tag.casefold(), tag)
    return list(found.values())[:_TAGS]


def _images(value: Any) -> list[str]:
    """Addresses in an ``image`` of JSON-LD: a string, an object or a list of them."""
    if isinstance(value, list):
        return [address for one in value[:10] for address in _images(one)]
    if isinstance(value, dict):
        return strings_of(value.get("url")) or strings_of(value.get("contentUrl"))
    return strings_of(value)


def _logo(article: dict[str, Any]) -> Any:
    publisher = article.get("publisher")
    return publisher.get("logo") if isinstance(publisher, dict) else None


def _breadcrumb(nodes: list[dict[str, Any]], titles: set[str]) -> list[str]:
    """The place of the article on its site: the last step that is neither it nor the home page."""
    for node in nodes:
        if "breadcrumblist" not in types_of(node):
            continue
        steps = node.get("itemListElement")
        names = [
            name for step in (steps if isinstance(steps, list) else []) for name in _step(step)
        ]
        # the first step is the home page
        return [name for name in reversed(names[1:]) if fold_title(name) not in titles][:1]
    return []


def _step(step: Any) -> list[str]:
    if not isinstance(step, dict):
        return []
    return (names_of(step) or names_of(step.get("item")))[:1]


def _marked(properties: Iterable[html.HtmlElement]) -> dict[str, list[str]]:
    """What ``itemprop`` attributes point out, by name."""
    found: dict[str, list[str]] = {
        name: [] for name in ("articleSection", "keywords", "dateModified", "image")
    }
    for element in islice(filter(_is_detail, properties), 40):
        for name in element.get("itemprop", "").split():
            if name == "image":
                value = element.get("content") or element.get("src") or element.get("href") or ""
            elif name in found:
                value = element.get("content") or element.get("datetime") or ""
                value = value.strip() or element_text(element)[:200]
            else:
                continue
            if value.strip():
                found[name].append(value.strip())
    return found


def _is_detail(element: html.HtmlElement) -> bool:
    written = element.get("itemprop", "")
    return element.tag != "meta" and (
        written == "image" or any(name in written for name in _NAMES_OF_DETAILS)
    )


def _tag_links(tree: html.HtmlElement) -> list[str]:
    """What links say that lead to a tag of the article."""
    tagged = (one for one in tree.iter("a") if "tag" in one.get("rel", ""))
    return [
        element_text(one)
        for one in islice(tagged, 2 * _TAGS)
        if "tag" in one.get("rel", "").lower().split()
    ]


def _image_links(tree: html.HtmlElement) -> list[str]:
    """The addresses of the page's image, by its ``link`` elements."""
    return [
        one.get("href", "").strip()
        for one in islice(tree.iter("link"), _LINKS)
        if one.get("rel") == "image_src" and one.get("href")
    ]
