"""Whether entries were lost between two listings of a feed, and how far a repair has come.  Pure.

A feed is a window on its newest entries.  When nothing of the last listing stands in this one,
the window may have rolled over and what lay between is lost.  The worse mistake is to miss that:
a gap recorded for nothing costs a few requests, one overlooked is never looked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from ingest.models import Feed, FeedEntry, FeedState, Gap
from ingest.policy import PollPolicy

_POLICY = PollPolicy()
_NEVER = datetime.min.replace(tzinfo=UTC)

Progress = Literal["on", "closed", "spent"]


def mark(entry: FeedEntry) -> str:
    """Ten characters that stand for an entry in ``FeedState.listed``."""
    name = entry.canonical_url.encode("utf-8", "replace")
    return hashlib.blake2b(name, digest_size=5).hexdigest()


def newest_first(entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    """The entries that are remembered of a listing; as listed where one has no date."""
    listed = list(entries)
    if all(entry.published_at for entry in listed):
        listed.sort(key=lambda entry: entry.published_at or _NEVER, reverse=True)
    return listed[: _POLICY.remembered]


def remember(entries: Iterable[FeedEntry]) -> str:
    """What is kept of a listing for the next poll."""
    return " ".join(mark(entry) for entry in newest_first(entries))


def unseen(state: FeedState | None, entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    """The entries that the last listing of this feed did not have, newest first.

    Asked of the feed's own memory: an article known through another feed is news of this one.
    """
    known = set(state.listed.split()) if state else set()
    return [entry for entry in newest_first(entries) if mark(entry) not in known]


def find_gap(
    feed: Feed, state: FeedState | None, entries: Sequence[FeedEntry], now: datetime
) -> Gap | None:
    """The gap between the last listing and this one; None where the two meet.

    Of the last listing only the newer half counts as known: an entry pinned to the top for
    months would otherwise hide every loss.  Listings without a common entry meet all the same
    when they overlap in time: then the site changed its addresses.
    """
    if state is None or not state.listed or not entries:
        return None
    known = state.listed.split()
    dated = [entry.published_at for entry in entries if entry.published_at]
    if len(dated) == len(entries) and state.newest_at is not None:
        known = known[: (len(known) + 1) // 2]
    if not set(known).isdisjoint(mark(entry) for entry in entries):
        return None
    since = state.body_at or state.last_success_at or now
    if state.newest_at is None or not dated:
        return Gap(feed=feed.slug, from_at=min(since, now), to_at=now, detected_at=now)
    older = [at for at in dated if at <= state.newest_at]
    if len(older) >= min(2, len(entries)):
        return None
    oldest = min(at for at in dated if at not in older) if len(older) < len(dated) else now
    # a date in the future says nothing about the past
    begin = min(state.newest_at, since)
    return Gap(feed=feed.slug, from_at=begin, to_at=max(begin, min(oldest, now)), detected_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One repair under way: older and older entries until something known is met."""

    gap: Gap
    known: frozenset[str]
    """Marks of the listing before the gap."""
    met: frozenset[str]
    """Marks of the entries seen so far on this walk."""
    asked: int = 0
    progress: Progress = "on"
    detail: str = ""


def set_out(gap: Gap, state: FeedState, entries: Iterable[FeedEntry]) -> Walk:
    """A walk that begins where the listing ``entries`` ends."""
    return Walk(
        gap=gap,
        known=frozenset(state.listed.split()),
        met=frozenset(mark(entry) for entry in entries),
    )


def step(walk: Walk, entries: Sequence[FeedEntry], most: int) -> tuple[Walk, list[FeedEntry]]:
    """The walk after one more page of older entries, and those of them not met before.

    It is closed by a known entry or by one from before the gap, and spent when a page brings
    nothing new or ``most`` pages were asked.
    """
    new = [entry for entry in entries if mark(entry) not in walk.met]
    dated = [entry.published_at for entry in entries if entry.published_at]
    walk = replace(walk, asked=walk.asked + 1, met=walk.met | {mark(entry) for entry in new})
    if any(mark(entry) in walk.known for entry in entries):
        return replace(walk, progress="closed", detail="met an entry known before"), new
    if dated and min(dated) < walk.gap.from_at:
        return replace(walk, progress="closed", detail="reached the time before it"), new
    if not new:
        return replace(walk, progress="spent", detail="an older page brought nothing new"), new
    if walk.asked >= most:
        return replace(walk, progress="spent", detail=f"stopped after {walk.asked} pages"), new
    return walk, new


def at_the_end(walk: Walk) -> Walk:
    """The walk where the site has no older page: all that it still lists was seen."""
    return replace(
        walk, asked=walk.asked + 1, progress="closed", detail="read to the site's oldest page"
    )


def settled(walk: Walk, route: str, now: datetime) -> Gap:
    """The gap after a walk: repaired when it was closed, else with what it came to."""
    return replace(
        walk.gap,
        route=route,
        repaired_at=now if walk.progress == "closed" else None,
        attempts=walk.gap.attempts + 1,
        detail=f"{walk.detail} ({walk.asked} requests)",
    )
