"""Stored articles read again from the archive: what today's rules make of each.  No store here.

Runs in the process of the command, or on another machine that sees the archive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from flows.digested import Digested
from flows.workers import Workers
from ingest.archive import load_page
from ingest.errors import ArchiveError
from ingest.models import Article, Capture, FeedEntry, Rejection
from ingest.routes.wayback import as_original
from storage.models import PreparedArticle
from storage.reread import Reread

Change = Literal["text", "details", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An article read again."""

    prepared: PreparedArticle
    """What takes its place, under its id."""
    version: int
    fetched_at: datetime
    """With ``version``, which state of it was read."""
    change: Change
    from_archive: bool
    """Its page was read; else only repeats and copies were looked for."""
    unreadable: bool
    """It has a page in the archive that does not read back."""
    refused: str = ""
    """Why today's rules would not take its page; its text is as it was then."""


async def read_again(
    archive: Path, read: Sequence[Reread], workers: Workers, now: datetime
) -> list[Again]:
    """Digest the archived pages of ``read``, and the texts of those that have none; in order."""
    captures, unreadable = await asyncio.to_thread(_captures, archive, read)
    done = await workers.digest(list(captures.values()), now)
    by_id = dict(zip(captures, done, strict=True))
    refused: dict[str, str] = {}
    prepared: dict[str, PreparedArticle] = {}
    by_text: list[Reread] = []
    for one in read:
        article_id = one.article.article_id
        digested = by_id.get(article_id)
        if digested is None or digested.prepared is None:
            by_text.append(one)
            if digested is not None:
                refused[article_id] = _reason(digested)
        else:
            prepared[article_id] = _kept(one, digested.prepared)
    for again in await workers.texts(by_text):
        prepared[again.article.article_id] = again
    return [
        Again(
            prepared=prepared[article_id],
            version=one.version,
            fetched_at=one.article.fetched_at,
            change=_change(one, prepared[article_id]),
            from_archive=article_id in captures,
            unreadable=article_id in unreadable,
            refused=refused.get(article_id, ""),
        )
        for one in read
        for article_id in [one.article.article_id]
    ]


def _captures(archive: Path, read: Sequence[Reread]) -> tuple[dict[str, Capture], set[str]]:
    """Article id -> entry and page, for texts that came from a page; and whose pages are gone.

    A text that stood in the feed is not in the page's own record: it is kept as it is.
    """
    captures: dict[str, Capture] = {}
    unreadable: set[str] = set()
    for one in read:
        article = one.article
        if article.archived is None or article.text_source != "page":
            continue
        try:
            page = as_original(load_page(archive, article.archived))
        except (ArchiveError, OSError):
            unreadable.add(article.article_id)
            continue
        from_feed = article.published_from in ("feed", "given")
        entry = FeedEntry(
            url=one.entry_url,
            canonical_url=one.entry_canonical_url,
            feed=article.feed,
            guid=one.guid,
            # What the feed said is not stored by itself; what was made of it stands in for it.
            title=article.title,
            author=article.author,
            published_at=article.published_at if from_feed else None,
            published_raw=article.published_raw if from_feed else "",
            revision=one.revision,
        )
        captures[article.article_id] = Capture(entry=entry, page=page)
    return captures, unreadable


def _reason(digested: Digested) -> str:
    assert isinstance(digested.rejection, Rejection)
    return digested.rejection.reason


def _kept(stored: Reread, again: PreparedArticle) -> PreparedArticle:
    """``again`` under the stored identity, with what must not move."""
    was, article = stored.article, again.article
    published = (article.published_at, article.published_from, article.published_raw)
    published_on = article.published_on
    if stored.version > 1 or article.published_at is None:
        # An edited page may name the day of its edit; and losing a date is the worse mistake.
        published = (was.published_at, was.published_from, was.published_raw)
        published_on = was.published_on
    return replace(
        again,
        article=replace(
            article,
            article_id=was.article_id,
            canonical_url=was.canonical_url,
            published_at=published[0],
            published_from=published[1],
            published_raw=published[2],
            published_on=published_on,
            metadata_from=_sources(was, article),
        ),
        signature=replace(again.signature, article_id=was.article_id),
    )


def _sources(was: Article, now: Article) -> dict[str, str]:
    """Sources of ``now``; as stored for what did not change, since the feed's entry, which named
    some of it, is not read again."""
    return {
        field: was.metadata_from.get(field, source)
        if getattr(was, field) == getattr(now, field)
        else source
        for field, source in now.metadata_from.items()
    }


_DETAILS = (
    "author", "language", "publisher", "published_at", "published_from", "published_on", "topics",
    "modified_at", "section", "tags", "image", "notice",
)  # fmt: skip


def _change(stored: Reread, again: PreparedArticle) -> Change:
    was, now = stored.article, again.article
    if (was.title, was.text) != (now.title, now.text):
        return "text"
    return "details" if any(getattr(was, n) != getattr(now, n) for n in _DETAILS) else "none"
