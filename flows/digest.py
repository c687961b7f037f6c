"""From captures to what the store takes: extract, gate, cut repeats, sign.  Pure.

Runs in worker processes, so everything here pickles and nothing is kept between calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import process_time
from typing import TypeVar

from dedupe.models import Document, RepeatReport, Signature
from dedupe.origin import origin_of
from dedupe.repeats import remove_repeats
from dedupe.signature import sign
from dedupe.text import count_words
from flows.digested import Digested
from flows.limits import MEMORY_BYTES, SOFT_SECONDS, PageTakesTooLong, page_limits
from flows.processes import step
from flows.remade import Kept, remake
from ingest.extract import extract
from ingest.models import Article, Capture, Feed, Rejection
from ingest.topics import gate
from ingest.urls import canonical_url, registered_domain
from storage.models import PreparedArticle
from storage.reread import Reread

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of a page, and what that cost."""

    found: Article | Rejection
    seconds: float
    """Of processor time."""


@dataclass(frozen=True, slots=True)
class _Cleaned:
    """An article without its repeats, not yet signed."""

    article: Article
    report: RepeatReport
    original_text: str


def digest(
    captures: Sequence[Capture],
    feeds: Mapping[str, Feed],
    *,
    all_topics: bool,
    now: datetime,
) -> list[Digested]:
    """Turn captures into articles or rejections, in the same order.

    One kind of work after the other over all of them, not page by page: extraction takes so much
    code and so many tables that all else would find the processor's caches empty each time.

    Args:
        captures: entries with their pages.
        feeds: by slug; an entry of no known feed passes the topic gate as a general one does.
        all_topics: leave the topic gate open (topics are still named).
        now: the run's clock, against which impossible dates are refused.
    """
    read = [
        _read(capture, feeds.get(capture.entry.feed), all_topics=all_topics, now=now)
        for capture in captures
    ]
    ends = [_cleaned(capture, one, now) for capture, one in zip(captures, read, strict=True)]
    step()  # who dies from here on dies of all
    signatures = iter(
        sign(
            [
                replace(document_of(one.article), word_hashes=one.report.word_hashes)
                for one in ends
                if not isinstance(one, Rejection)
            ]
        )
    )
    return [
        Digested(entry=capture.entry, rejection=one)
        if isinstance(one, Rejection)
        else Digested(entry=capture.entry, prepared=_prepared(one, next(signatures)))
        for capture, one in zip(captures, ends, strict=True)
    ]


def digest_texts(stored: Sequence[Reread]) -> list[PreparedArticle]:
    """Repeats, topics and signatures made anew from stored texts, in the same order.

    Starts from the text before anything was cut, as ``digest`` does.
    """
    made = remake(
        [
            Kept(
                article_id=one.article.article_id,
                title=one.article.title,
                author=one.article.author,
                text=one.original_text,
            )
            for one in stored
        ]
    )
    return [
        PreparedArticle(
            article=replace(one.article, text=again.text, topics=again.topics),
            repeats=again.repeats,
            signature=again.signature,
            original_text=again.original_text,
            origin=again.origin,
            words=again.words,
        )
        for one, again in zip(stored, made, strict=True)
    ]


def document_of(article: Article) -> Document:
    """What matching looks at in ``article``."""
    return Document(
        article_id=article.article_id,
        text=article.text,
        title=article.title,
        publisher=article.publisher,
        language=article.language,
        published_at=article.published_at or article.fetched_at,
        dated=article.published_at is not None,
    )


def _read(capture: Capture, feed: Feed | None, *, all_topics: bool, now: datetime) -> _Read:
    began = process_time()
    found = _bounded(capture, now, lambda: _on_topic(capture, feed, all_topics=all_topics, now=now))
    return _Read(found, process_time() - began)


def _cleaned(capture: Capture, read: _Read, now: datetime) -> _Cleaned | Rejection:
    article = read.found
    if isinstance(article, Rejection):
        step()
        return article
    return _bounded(capture, now, lambda: _clean(article), spent=read.seconds)


def _bounded(
    capture: Capture, now: datetime, work: Callable[[], T], *, spent: float = 0.0
) -> T | Rejection:
    """``work()`` in what is left of the page's time, of which it has ``spent`` so many seconds."""
    entry = capture.entry
    step()
    try:
        with page_limits(spent):
            return work()
    except PageTakesTooLong:
        reason, detail = "timeout", f"not read in {SOFT_SECONDS:.0f} s of processor time"
    except MemoryError:
        reason, detail = "memory", f"more than {MEMORY_BYTES // 2**20} MiB"
    return Rejection(
        url=entry.url, feed=entry.feed, stage="extract", reason=reason, detail=detail, at=now
    )


def _on_topic(
    capture: Capture, feed: Feed | None, *, all_topics: bool, now: datetime
) -> Article | Rejection:
    entry = capture.entry
    found = extract(capture, feed, now=now)
    if isinstance(found, Rejection):
        return found
    verdict = gate(found.title, found.text)
    gated = not all_topics and (feed is None or feed.scope == "general")
    if gated and not verdict.on_topic:
        return Rejection(
            url=entry.url,
            feed=entry.feed,
            stage="gate",
            reason="off_topic",
            detail=found.title,
            at=now,
        )
    return replace(found, topics=verdict.topics)


def _clean(article: Article) -> _Cleaned:
    report = remove_repeats(article.text)
    return _Cleaned(replace(article, text=report.text), report, article.text)


def _prepared(cleaned: _Cleaned, signature: Signature) -> PreparedArticle:
    article, report, cut = cleaned.article, cleaned.report, cleaned.report.repeats
    return PreparedArticle(
        article=article,
        repeats=cut,
        signature=signature,
        original_text=cleaned.original_text if cut else None,
        link_targets={link: canonical_url(link) for link in article.links},
        site=registered_domain(article.canonical_url),
        origin=origin_of(article.text, article.author),
        words=count_words(article.text) if report.words is None else report.words,
    )
