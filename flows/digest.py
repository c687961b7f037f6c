"""From captures to what the store takes: extract, gate, cut repeats, sign.  Pure.

Runs in worker processes, so everything here pickles and nothing is kept between calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class _Read:
    """An article read and cleaned, not yet signed."""

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

    Args:
        captures: entries with their pages.
        feeds: by slug; an entry of no known feed passes the topic gate as a general one does.
        all_topics: leave the topic gate open (topics are still named).
        now: the run's clock, against which impossible dates are refused.
    """
    read = [_bounded(capture, feeds, all_topics=all_topics, now=now) for capture in captures]
    signatures = iter(
        sign(
            [
                replace(document_of(one.article), word_hashes=one.report.word_hashes)
                for one in read
                if not isinstance(one, Rejection)
            ]
        )
    )
    return [
        Digested(entry=capture.entry, rejection=one)
        if isinstance(one, Rejection)
        else Digested(entry=capture.entry, prepared=_prepared(one, next(signatures)))
        for capture, one in zip(captures, read, strict=True)
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


def _bounded(
    capture: Capture, feeds: Mapping[str, Feed], *, all_topics: bool, now: datetime
) -> _Read | Rejection:
    entry = capture.entry
    step()
    try:
        with page_limits():
            return _read(capture, feeds, all_topics=all_topics, now=now)
    except PageTakesTooLong:
        reason, detail = "timeout", f"not read in {SOFT_SECONDS:.0f} s of processor time"
    except MemoryError:
        reason, detail = "memory", f"more than {MEMORY_BYTES // 2**20} MiB"
    return Rejection(
        url=entry.url, feed=entry.feed, stage="extract", reason=reason, detail=detail, at=now
    )


def _read(
    capture: Capture, feeds: Mapping[str, Feed], *, all_topics: bool, now: datetime
) -> _Read | Rejection:
    entry, feed = capture.entry, feeds.get(capture.entry.feed)
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
    report = remove_repeats(found.text)
    clean = replace(found, text=report.text, topics=verdict.topics)
    return _Read(clean, report, found.text)


def _prepared(read: _Read, signature: Signature) -> PreparedArticle:
    article, report, cut = read.article, read.report, read.report.repeats
    return PreparedArticle(
        article=article,
        repeats=cut,
        signature=signature,
        original_text=read.original_text if cut else None,
        link_targets={link: canonical_url(link) for link in article.links},
        site=registered_domain(article.canonical_url),
        origin=origin_of(article.text, article.author),
        words=count_words(article.text) if report.words is None else report.words,
    )
