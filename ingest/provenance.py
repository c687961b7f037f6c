"""Which source named each field of an article: the last step of reading a page.

Besides the sources that ``metadata`` and ``details`` name: ``entry`` what the feed said of it,
``feed`` the list of feeds, ``url`` the address, ``text`` the text itself, ``dateline`` a date
beside the headline or in a script, ``link`` a declared canonical address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ingest import urls
from ingest.dates import parse_date
from ingest.metadata import PageMetadata
from ingest.models import Article, Feed, FeedEntry
from ingest.publication import Publication, is_possible
from ingest.wording import fold_title


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFields:
    """Details of a page as an article carries them: absolute addresses, times in UTC."""

    section: str = ""
    tags: tuple[str, ...] = ()
    image: str = ""
    modified_at: datetime | None = None


def page_fields(url: str, meta: PageMetadata, published: Publication, now: datetime) -> PageFields:
    """The details in ``meta`` of the page at ``url`` that can be right.

    A change before the publication, or after ``now`` by more than a day, is none.
    """
    details = meta.details
    images = (urls.resolve(url, href) for href in details.images)
    times = (parse_date(raw, now=now) for raw in details.modified)
    changes = (
        at
        for at in times
        if is_possible(at, now) and at and (not published.at or at >= published.at)
    )
    return PageFields(
        section=details.section,
        tags=details.tags,
        image=next(filter(None, images), ""),
        modified_at=next(changes, None),
    )


def declared_language(entry: FeedEntry, meta: PageMetadata, feed: Feed | None) -> str:
    """What the page, else the feed's entry, else the list of feeds says of the language."""
    return meta.language or entry.language or (feed.language if feed else "")


def where_from(
    article: Article, meta: PageMetadata, entry: FeedEntry, feed: Feed | None
) -> dict[str, str]:
    """Field of ``article``, which was read from a page -> its source; fields without a value are
    left out."""
    details = meta.details.sources
    found = {
        "title": _title_from(article, meta),
        "author": (meta.sources.get("author", "") or "entry") if article.author else "",
        "publisher": _publisher_from(article, meta, feed),
        "language": _language_from(article, meta, entry),
        "canonical_url": (
            "url" if article.canonical_url == urls.canonical_url(article.url) else "link"
        ),
        "published_at": _published_from(article, meta),
        "modified_at": details.get("modified_at", "") if article.modified_at else "",
        "section": details.get("section", ""),
        "tags": details.get("tags", ""),
        "image": details.get("image", "") if article.image else "",
    }
    return {name: source for name, source in found.items() if source}


def _title_from(article: Article, meta: PageMetadata) -> str:
    if not article.title:
        return ""
    if not meta.title:
        return "entry"
    if article.title == meta.title or fold_title(article.title) == fold_title(meta.title):
        return meta.sources.get("title", "")
    return "entry"  # it settled which of the page's forms is meant


def _publisher_from(article: Article, meta: PageMetadata, feed: Feed | None) -> str:
    if feed is not None and feed.publisher and article.publisher == feed.publisher:
        return "feed"
    if article.publisher == meta.site_name:
        return meta.sources.get("publisher", "")
    return "url" if article.publisher else ""


def _language_from(article: Article, meta: PageMetadata, entry: FeedEntry) -> str:
    if not article.language:
        return ""
    if meta.language:
        return meta.sources.get("language", "") if article.language == meta.language else "text"
    if entry.language:
        return "entry" if article.language == entry.language else "text"
    return "text"


def _published_from(article: Article, meta: PageMetadata) -> str:
    if article.published_from == "page":
        return meta.dated_by.get(article.published_raw, "text")
    return {"feed": "entry", "url": "url"}.get(article.published_from, "")
