"""Capture -> Article or Rejection: one page with its entry becomes one record.

Pure and picklable: no socket, no clock, no state between pages.  Where a rule can be wrong,
losing a real article is the worse mistake: a short text that reads as an article is kept, and
what is refused ends as a ``Rejection`` whose reason a user can group by:

``empty`` nothing to read; ``too_short``; ``not_html``; ``too_complex``; ``paywall_stub`` the page
says that it is not free and shows only its start; ``consent_wall``; ``error_page`` a "not found"
that answered 200; ``login_page``; ``media_stub`` a video or gallery with a caption; ``mojibake`` a
text in the wrong charset; ``listing`` a home page; ``extract_error`` a parser gave up.  With no
page at all the reason is that of the failed fetch (``robots``, ``http_404``, ``not_in_archive``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from ingest import urls
from ingest._extract_body import Body, body_of, guess_date
from ingest.bylines import split_names
from ingest.charset import decode
from ingest.cited import bare_links, cited_links, merged_links
from ingest.dates import parse_date
from ingest.feedtext import feed_text
from ingest.identity import aliases_of, identity
from ingest.language import language_of
from ingest.metadata import PageMetadata, page_metadata
from ingest.models import Article, Capture, Feed, FeedEntry, Page, Rejection
from ingest.noise import trim_noise
from ingest.pagetext import is_complex, parse_page
from ingest.policy import ExtractPolicy
from ingest.provenance import declared_language, page_fields, where_from
from ingest.publication import publication, publication_given
from ingest.refusals import not_html, refusal, wall_notice
from ingest.wording import count_words, fold_title, one_line, tidy, visible

_POLICY = ExtractPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What could be read of a page: either ``text`` or a ``reason`` why it is no article."""

    text: str = ""
    words: int = 0
    reason: str = ""
    detail: str = ""
    meta: PageMetadata = field(default_factory=PageMetadata)
    links: tuple[str, ...] = ()
    guessed_date: str = ""

    @property
    def times(self) -> tuple[str, ...]:
        """Publication times as written, most trusted first."""
        return (*self.meta.published, self.guessed_date)


def extract(
    capture: Capture, feed: Feed | None, *, now: datetime, policy: ExtractPolicy = _POLICY
) -> Article | Rejection:
    """Make the article of ``capture``, or say why there is none; never raises on any page.

    What the machine refuses (no room for a temporary file, no memory) is ``OSError`` and
    ``MemoryError``.

    ``feed`` is the one that listed the entry, None when a backfill knows none.  ``now`` (UTC)
    stamps what has no page and bounds publication times.
    """
    try:
        return _extract(capture, feed, now, policy)
    except MemoryError:
        raise  # the caller knows how much there was
    except Exception as error:  # a parser's bug on one page must cost that page only
        if isinstance(error, OSError) and error.errno is not None:
            # A full disk (py3langid unpacks its model to one) would refuse every page for good.
            raise
        detail = f"{type(error).__name__}: {error}"[:300]
        return _rejection(capture, "extract_error", detail, now)


def _extract(
    capture: Capture, feed: Feed | None, now: datetime, policy: ExtractPolicy
) -> Article | Rejection:
    entry, page = capture.entry, capture.page
    if entry.text:
        return _given(capture, feed, now, policy)
    reading = _read(page, now, policy) if page is not None else _Reading(reason="no_page")
    words = reading.words
    if reading.reason or words < policy.stub_words:
        own = feed_text(entry, policy)
        if own and count_words(own) > max(policy.feed_gain * words, words + policy.min_words):
            return _from_feed(capture, feed, own, reading, now, policy)
    if page is None:
        failure = capture.page_failure
        if failure is None:
            return _rejection(capture, "no_page", "the entry has no page and no full text", now)
        return Rejection(
            url=entry.url,
            feed=entry.feed,
            stage="fetch",
            reason=failure.reason,
            detail=failure.detail,
            at=failure.at,
            retry_at=failure.retry_at,
        )
    if reading.reason:
        return _rejection(capture, reading.reason, reading.detail, now)
    return _from_page(capture, page, feed, reading, now, policy)


def _rejection(capture: Capture, reason: str, detail: str, now: datetime) -> Rejection:
    entry = capture.entry
    return Rejection(
        url=entry.url, feed=entry.feed, stage="extract", reason=reason, detail=detail, at=now
    )


def _given(
    capture: Capture, feed: Feed | None, now: datetime, policy: ExtractPolicy
) -> Article | Rejection:
    entry = capture.entry
    text = visible(entry.text).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\x00", "").strip("\n")
    if not text.strip():
        return _rejection(capture, "empty", "the text handed in holds nothing", now)
    published = publication_given(entry, now)
    return Article(
        article_id=urls.article_id(entry.canonical_url),
        url=entry.url,
        canonical_url=entry.canonical_url,
        feed=entry.feed,
        publisher=feed.publisher if feed else urls.registered_domain(entry.url),
        title=one_line(entry.title),
        author=one_line(entry.author),
        language=language_of(text, entry.language or (feed.language if feed else ""), policy),
        published_at=published.at,
        published_from=published.source,
        published_raw=published.raw,
        published_on=published.on,
        fetched_at=now,
        text=text,
        text_source="given",
        links=bare_links(text, policy),
        aliases=aliases_of(entry, None, entry.canonical_url),
    )


def _from_feed(
    capture: Capture,
    feed: Feed | None,
    text: str,
    reading: _Reading,
    now: datetime,
    policy: ExtractPolicy,
) -> Article:
    entry, page = capture.entry, capture.page
    markup = entry.content or entry.summary
    tree = parse_page(f"<html><body>{markup}</body></html>")
    base = page.url if page else entry.url
    links = cited_links(tree, text, base, policy) if tree is not None else ()
    published = publication(
        entry, reading.times, entry.url, now, first_year=feed.first_year if feed else 0
    )
    return Article(
        article_id=urls.article_id(entry.canonical_url),
        url=entry.url,
        canonical_url=entry.canonical_url,
        feed=entry.feed,
        publisher=_publisher(feed, entry.url, reading.meta.site_name),
        title=one_line(entry.title) or reading.meta.title,
        author=_authors(entry, reading.meta),
        language=language_of(text, entry.language or (feed.language if feed else ""), policy),
        published_at=published.at,
        published_from=published.source,
        published_raw=published.raw,
        published_on=published.on,
        fetched_at=page.fetched_at if page else now,
        text=text,
        text_source="feed",
        links=merged_links(links, bare_links(text, policy), policy),
        # a page that was no article (an error page, a wall) must not lend its URL
        aliases=aliases_of(entry, None, entry.canonical_url),
        archived=page.archived if page else None,
    )


def _from_page(
    capture: Capture,
    page: Page,
    feed: Feed | None,
    reading: _Reading,
    now: datetime,
    policy: ExtractPolicy,
) -> Article:
    entry, meta = capture.entry, reading.meta
    canonical = identity(page.url, meta.canonical)
    published = publication(
        entry, reading.times, canonical, now, first_year=feed.first_year if feed else 0
    )
    details = page_fields(page.url, meta, published, now)
    article = Article(
        article_id=urls.article_id(canonical),
        url=page.url,
        canonical_url=canonical,
        feed=entry.feed,
        publisher=_publisher(feed, page.url, meta.site_name),
        title=_title(entry, meta),
        author=_authors(entry, meta),
        language=language_of(reading.text, declared_language(entry, meta, feed), policy),
        published_at=published.at,
        published_from=published.source,
        published_raw=published.raw,
        published_on=published.on,
        fetched_at=page.fetched_at,
        text=reading.text,
        text_source="page",
        links=merged_links(reading.links, bare_links(reading.text, policy), policy),
        aliases=aliases_of(entry, page, canonical),
        archived=page.archived,
        notice=wall_notice(reading.text, meta, policy),
        section=details.section,
        tags=details.tags,
        image=details.image,
        modified_at=details.modified_at,
    )
    return replace(article, metadata_from=where_from(article, meta, entry, feed))


def _read(page: Page, now: datetime, policy: ExtractPolicy) -> _Reading:
    if reason := not_html(page):
        return _Reading(reason="not_html", detail=reason)
    if len(page.body) > policy.page_bytes:
        return _Reading(reason="too_complex", detail=f"{len(page.body)} bytes")
    decoded = decode(page.body, page.content_type)
    text = decoded.text
    parsed = partial(parse_page, text, utf8=page.body if decoded.is_whole_utf8 else None)
    tree = parsed()
    if tree is None:
        return _Reading(reason="empty", detail="no element in the page")
    meta = page_metadata(tree, urlsplit(page.url).hostname or "")
    guessed = ""
    dated = any(parse_date(raw, now=now) for raw in meta.published)
    if not dated and not is_complex(tree, policy, text):
        guessed = guess_date(tree, page.url, now)
    # a guess leaves its traces in the tree, so that it could not be made again
    again = parsed if dated else None
    body = _completed(body_of(tree, page.url, meta, policy, text, again), meta, policy)
    reading = _Reading(
        text=body.text, words=body.words, meta=meta, links=body.links, guessed_date=guessed
    )
    reason, detail = refusal(page.url, body, meta, policy, asked=page.requested_url)
    if reason:
        return replace(reading, reason=reason, detail=detail)
    return reading


def _completed(body: Body, meta: PageMetadata, policy: ExtractPolicy) -> Body:
    """``body``, or the article's text out of JSON-LD where the page itself shows next to nothing.

    Sites that build their pages in the browser send the text in this form alone.  It is not used
    where the page says that it is not free: what is behind a wall stays there.
    """
    words = body.words
    if words >= policy.stub_words or meta.is_free is False:
        return body
    text = trim_noise(tidy(meta.article_body[: policy.text_chars]), meta, policy)
    if count_words(text) < max(policy.stub_words, policy.feed_gain * words):
        return body
    return replace(body, text=text, links=())


def _title(entry: FeedEntry, meta: PageMetadata) -> str:
    """The page's headline; the feed settles which of the page's own forms is meant."""
    listed = one_line(entry.title)
    if not meta.title:
        return listed
    wanted = fold_title(listed)
    if wanted:
        for title in meta.titles:
            if fold_title(title) == wanted:
                return title
    return meta.title


def _authors(entry: FeedEntry, meta: PageMetadata) -> str:
    if meta.authors:
        return ", ".join(meta.authors)
    return ", ".join(split_names(entry.author))


def _publisher(feed: Feed | None, url: str, site_name: str) -> str:
    if feed and feed.publisher and urls.same_site(feed.url, url):
        return feed.publisher
    return site_name or urls.registered_domain(url)
