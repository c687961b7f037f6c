"""What a page says of itself: headline, authors, times, publisher, language, canonical URL.

Read from JSON-LD (https://schema.org/NewsArticle), meta elements (https://ogp.me/, Dublin Core),
the h1 and the byline, in one pass over a parsed page that it leaves unchanged.  Where sources
differ the one that names only the article wins: site names stick to titles, and JSON-LD often
describes the whole site.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import html  # type: ignore[import-untyped]


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
    """JSON-LD ``articleBody`` as plain text; publishers cut it short at will."""
    is_free: bool | None = None
    """``isAccessibleForFree``; None when not said."""
    kinds: frozenset[str] = frozenset()
    """Lower-case JSON-LD types and ``og:type`` of the page."""


_ARTICLE_KINDS = (
    "newsarticle",
    "reportagenewsarticle",
    "analysisnewsarticle",
    "opinionnewsarticle",
    "backgroundnewsarticle",
    "reviewnewsarticle",
    "askpublicnewsarticle",
    "article",
    "blogposting",
    "liveblogposting",
    "techarticle",
    "scholarlyarticle",
    "socialmediaposting",
    "advertisercontentarticle",
    "satiricalarticle",
    "report",
    "review",
)
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
    "article_date_original",
    "citation_publication_date",
    "citation_online_date",
    "date",
    "originalpublicationdate",
    "last_updated_date",
)
_MODIFIED_META = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
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
_SPACE = re.compile(r"\s+")
_TITLE_SPLIT = re.compile(r"\s+[|–—·•»:-]+\s+|\s*[|｜_]\s*")
_TAG = re.compile(r"<[^<>]{0,500}>")
_NODES = 2000
"""JSON-LD nodes looked at; one page lists thousands of comments."""
_SCRIPT = 2_000_000
"""Characters of one JSON-LD block that are parsed."""


def page_metadata(tree: html.HtmlElement, site_hint: str = "") -> PageMetadata:
    """Collect what ``tree`` says of its article; never raises on odd markup.

    ``site_hint`` is the host name, used to tell a site's name from the end of a title.
    """
    nodes = list(_json_ld(tree))
    article = _article_node(nodes)
    meta = _meta(tree)
    site_name = _site_name(nodes, article, meta)
    titles = _titles(tree, article, meta, site_name, site_hint)
    kinds = {kind for node in nodes for kind in _types(node)}
    kinds.update(value.lower() for value in meta.get("og:type", [])[:1])
    return PageMetadata(
        title=titles[0] if titles else "",
        titles=tuple(dict.fromkeys(titles)),
        authors=_authors(tree, article, nodes, meta, site_name),
        published=tuple(dict.fromkeys(_published(tree, article, nodes, meta))),
        modified=tuple(
            dict.fromkeys(
                [*_strings(article.get("dateModified")), *_first_of(meta, _MODIFIED_META)]
            )
        ),
        site_name=site_name,
        language=_language(tree, article, meta),
        canonical=tuple(dict.fromkeys(_canonical(tree, meta))),
        description=next(iter(_first_of(meta, ("og:description", "description"))), ""),
        article_body=_plain(article.get("articleBody")),
        is_free=_is_free(article, nodes),
        kinds=frozenset(kinds),
    )


# JSON-LD


def _json_ld(tree: html.HtmlElement) -> Iterator[dict[str, Any]]:
    left = _NODES
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        source = script.text or ""
        if not source.strip() or len(source) > _SCRIPT:
            continue
        queue = [_parsed(source)]
        while queue and left > 0:
            node = queue.pop(0)
            if isinstance(node, list):
                queue[:0] = node[:left]
            elif isinstance(node, dict):
                left -= 1
                yield node
                queue.extend(
                    node[key]
                    for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement")
                    if isinstance(node.get(key), dict | list)
                )


def _parsed(source: str) -> Any:
    source = source.strip()
    source = re.sub(r"^(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*.{0,40}?\*/)+", "", source)
    source = re.sub(r"(?:-->|//\s*\]\]>|\]\]>|;)+\s*$", "", source).strip()
    for attempt in (
        source,
        # the two mistakes that templates make: trailing commas and raw escapes
        re.sub(r",\s*([}\]])", r"\1", source),
        re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", source),
    ):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _types(node: dict[str, Any]) -> list[str]:
    return [
        kind.rsplit("/", 1)[-1].lower() for kind in _strings(node.get("@type")) if len(kind) < 80
    ]


def _article_node(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """The node that describes this page's article, or an empty one."""
    best: dict[str, Any] = {}
    best_score = 0
    for node in nodes:
        kinds = _types(node)
        if not any(kind in _ARTICLE_KINDS for kind in kinds):
            continue
        score = 1 + sum(
            bool(node.get(key))
            for key in ("headline", "datePublished", "author", "articleBody", "mainEntityOfPage")
        )
        if score > best_score:
            best, best_score = node, score
    return best


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [trimmed] if (trimmed := _clean(value)) else []
    if isinstance(value, list):
        return [text for entry in value[:50] for text in _strings(entry)]
    if isinstance(value, dict):
        return _strings(value.get("@value"))
    return []


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        name = _strings(value.get("name"))
        if not name and (value.get("givenName") or value.get("familyName")):
            parts = _strings(value.get("givenName")) + _strings(value.get("familyName"))
            name = [" ".join(parts)]
        return name
    if isinstance(value, list):
        return [name for entry in value[:30] for name in _names(entry)]
    return _strings(value)


def _plain(value: Any) -> str:
    texts = value if isinstance(value, list) else [value]
    body = "\n".join(text for text in texts if isinstance(text, str))
    if "<" in body or "&lt;" in body:
        body = unescape(body)
        body = re.sub(r"</p>|<br\s*/?>|</h\d>|</li>", "\n", body, flags=re.IGNORECASE)
        body = _TAG.sub("", body)
    return unescape(body).strip()


def _is_free(article: dict[str, Any], nodes: list[dict[str, Any]]) -> bool | None:
    for node in [article, *nodes]:
        value = node.get("isAccessibleForFree")
        if isinstance(value, bool):
            return value
        for text in _strings(value):
            if text.lower() in ("false", "no", "0"):
                return False
            if text.lower() in ("true", "yes", "1"):
                return True
    return None


# meta elements


def _meta(tree: html.HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        if not content or len(content) > 5000:
            continue
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            key = element.get(attribute)
            if key:
                value = _clean(content)
                if value:
                    found.setdefault(key.strip().lower(), []).append(value)
    return found


def _first_of(meta: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    return [value for key in keys for value in meta.get(key, [])]


def _clean(text: str) -> str:
    if "&" in text:
        text = unescape(unescape(text))
    if "<" in text:
        text = _TAG.sub("", text)
    return _SPACE.sub(" ", text.replace("\u200b", "").replace("\xad", "")).strip()


def _text(element: html.HtmlElement) -> str:
    return _clean("".join(element.itertext()))


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
        *_names(article.get("inLanguage")),
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
    for name in [*meta.get("og:site_name", []), *_names(article.get("publisher"))]:
        if len(name) < 100 and not name.startswith("http"):
            return name
    for node in nodes:
        if set(_types(node)) & {"website", "newsmediaorganization"}:
            for name in _names(node):
                return name
    return next(iter(_first_of(meta, ("application-name", "dc.publisher"))), "")


# title


def _titles(
    tree: html.HtmlElement,
    article: dict[str, Any],
    meta: dict[str, list[str]],
    site_name: str,
    site_hint: str,
) -> list[str]:
    headline = _strings(article.get("headline")) or _strings(article.get("name"))
    social = [
        without_site(title, site_name, site_hint)
        for title in _first_of(meta, ("og:title", "twitter:title", "title"))
    ]
    h1 = _headings(tree)
    head = [
        without_site(_text(element), site_name, site_hint)
        for element in list(tree.iter("title"))[:1]
    ]
    heading = _best_heading(h1, headline + social + head)
    news = any("newsarticle" in kind for kind in _types(article))
    # a newsroom's JSON-LD carries the headline, other sites often fill it with an SEO title
    order = [*headline[:1], *social[:2], heading] if news else [heading, *social[:1], *headline[:1]]
    order += [*head, *h1, *social]
    ranked = [title for title in order if title]
    if not ranked:
        return []
    votes = Counter(fold_title(title) for title in {*headline[:1], *social[:2], heading, *head})
    most = max(votes[fold_title(title)] for title in ranked)
    best = next(title for title in ranked if votes[fold_title(title)] == most)
    return [best, *ranked]


def _headings(tree: html.HtmlElement) -> list[str]:
    return [text for element in list(tree.iter("h1"))[:8] if 0 < len(text := _text(element)) < 400]


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


def fold_title(text: str) -> str:
    """``text`` without case, typography and punctuation, to compare headlines."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", text))


def without_site(title: str, site_name: str, site_hint: str) -> str:
    """``title`` without the site's name at its end or start ("Headline | Site")."""
    site = _squeezed(site_name)
    host = _squeezed(site_hint.removeprefix("www.").rsplit(".", 1)[0])
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
    word = _squeezed(piece)
    if not word:
        return True
    if len(word) < 2 or len(piece) > 60:
        return False
    return (
        word in (site, host)
        or (len(word) > 3 and site.startswith(word))
        or (len(site) > 3 and word.startswith(site))
        or (len(word) > 3 and word in host)
        or (len(host) > 3 and word.startswith(host))
    )


def _squeezed(text: str) -> str:
    return "".join(re.findall(r"\w", unicodedata.normalize("NFKC", text).casefold()))


# authors

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


def _authors(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
    site_name: str,
) -> tuple[str, ...]:
    author = article.get("author") or article.get("creator")
    named = _names(author) or _referenced(author, nodes)
    found = _person_names(named, site_name)
    if found:
        return found
    found = _person_names(_first_of(meta, _AUTHOR_META), site_name)
    if found:
        return found
    for xpath in (_BYLINE_XPATH, _BYLINE_FALLBACK):
        texts = [
            text for element in tree.xpath(xpath)[:12] if 3 < len(text := _text(element)) < 100
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
        for name in _names(node)[:1]
    ]


def _person_names(texts: list[str], site_name: str) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for text in texts:
        for name in split_names(text):
            names.setdefault(name.casefold(), name)
    site = _squeezed(site_name)
    people = [name for name in names.values() if _squeezed(name) != site]
    return tuple(people or names.values())[:12]


def split_names(text: str) -> list[str]:
    """The names in a byline such as "By Ann Lee and Bo Ek, Reuters"."""
    text = _BY.sub("", _clean(text))
    if text.startswith(("http:", "https:", "www.")):
        return []
    names = []
    for piece in _NAME_SPLIT.split(text):
        name = _BY.sub("", piece).strip(" .-–—:")
        if 2 <= len(name) <= 60 and not _NOT_A_NAME.search(name) and len(name.split()) <= 6:
            names.append(name)
    return names


# times


def _published(
    tree: html.HtmlElement,
    article: dict[str, Any],
    nodes: list[dict[str, Any]],
    meta: dict[str, list[str]],
) -> Iterator[str]:
    yield from _strings(article.get("datePublished"))
    yield from _first_of(meta, _PUBLISHED_META[:3])
    for node in nodes:
        if set(_types(node)) & {"webpage", "itempage", "videoobject"}:
            yield from _strings(node.get("datePublished"))
    yield from _first_of(meta, _PUBLISHED_META[3:])
    yield from _strings(article.get("dateCreated"))
    for element in tree.iter("time"):
        stamp = element.get("datetime") or element.get("content") or ""
        marked = element.get("pubdate") is not None or "published" in (
            f"{element.get('itemprop', '')} {element.get('class', '')}".lower()
        )
        if stamp and marked:
            yield _clean(stamp)
    for element in tree.xpath("//*[contains(@itemprop,'datePublished')]")[:3]:
        yield _clean(element.get("content") or element.get("datetime") or _text(element)[:80])
    for element in list(tree.iter("time"))[:3]:
        yield _clean(element.get("datetime") or _text(element)[:80])
