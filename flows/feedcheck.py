"""One feed tried: what it is, when it would be asked, and what would be stored of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.polling import poll_one
from flows.reading import FeedReader
from ingest import poll, rhythm
from ingest.extract import extract
from ingest.feedtext import feed_text
from ingest.http import Fetcher
from ingest.models import (
    Article,
    Capture,
    Feed,
    FeedEntry,
    FeedState,
    Page,
)
from ingest.parse import ParsedFeed
from ingest.routes import feed_archive, wordpress
from ingest.topics import gate
from ingest.wording import count_words


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedEntry:
    """One entry and how its text would come."""

    entry: FeedEntry
    body: str
    """``full text`` (in the feed), ``page`` (a teaser only), ``title only``."""
    words: int = 0
    """Of the feed's full text, or of the page where it was tried."""
    outcome: str = ""
    """Of a page that was tried: ``stored`` or why not; empty for the others."""
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of trying a feed."""

    feed: Feed
    state: FeedState
    """As it would be remembered."""
    failure: str = ""
    reached: str = ""
    title: str = ""
    entries: Sequence[TriedEntry] = ()
    skipped: Sequence[str] = ()
    """Why entries could not be read."""
    per_day: float | None = None
    pages_back: str = ""
    """The route by which older entries can be had; empty for none."""


async def try_feed(fetcher: Fetcher, feed: Feed, now: datetime, *, pages: int) -> Tried:
    """Ask ``feed`` once, and for the first ``pages`` entries their pages; nothing is stored."""
    async with FeedReader() as reader:
        polled = await poll_one(fetcher, reader, feed, None, now)
    answer, parsed = polled.answer, polled.parsed
    page = answer if isinstance(answer, Page) else None
    if polled.failure is not None or page is None or not isinstance(parsed, ParsedFeed):
        failure = polled.failure
        # no validators were sent, so nothing can be unchanged
        assert failure is not None
        state = poll.after_failure(feed, None, failure, now, page)
        return Tried(
            feed=feed, state=state, failure=failure.reason, reached=page.url if page else ""
        )
    fresh = frozenset(entry.canonical_url for entry in parsed.entries)
    state = poll.after_success(feed, None, page, parsed, fresh, now)
    learned = rhythm.loads(state.rhythm)
    tried = await asyncio.gather(
        *(_tried(fetcher, entry, feed, now) for entry in parsed.entries[:pages])
    )
    return Tried(
        feed=feed,
        state=state,
        reached=page.url,
        title=parsed.title,
        entries=[*tried, *(listed(entry) for entry in parsed.entries[len(tried) :])],
        skipped=[f"{refusal.reason}: {refusal.detail}" for refusal in parsed.skipped],
        per_day=learned.per_day if learned.known else None,
        pages_back=feed_archive.NAME
        if parsed.next_url
        else wordpress.NAME
        if wordpress.is_wordpress(page.body)
        else "",
    )


def listed(entry: FeedEntry) -> TriedEntry:
    """An entry judged by what the feed says alone."""
    text = feed_text(entry)
    if text:
        return TriedEntry(
            entry=entry,
            body="full text",
            words=count_words(text),
            topics=gate(entry.title, text).topics,
        )
    teaser = entry.summary or entry.content
    return TriedEntry(entry=entry, body="teaser" if teaser else "title only")


async def _tried(fetcher: Fetcher, entry: FeedEntry, feed: Feed, now: datetime) -> TriedEntry:
    """An entry with its page fetched and read as a run would."""
    told = listed(entry)
    answer = await fetcher.page(entry.url) if entry.has_page else None
    if isinstance(answer, Page):
        capture = Capture(entry=entry, page=answer)
    else:
        capture = Capture(entry=entry, page_failure=answer)
    result = await asyncio.to_thread(extract, capture, feed=feed, now=now)
    if not isinstance(result, Article):
        why = f"{result.reason}: {result.detail}" if result.detail else result.reason
        return TriedEntry(entry=entry, body=told.body, words=told.words, outcome=why)
    judged = gate(result.title, result.text)
    off = feed.scope != "focus" and not judged.on_topic
    return TriedEntry(
        entry=entry,
        body=f"from the {result.text_source}",
        words=count_words(result.text),
        outcome="off topic" if off else "stored",
        topics=judged.topics,
    )
