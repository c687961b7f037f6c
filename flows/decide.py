"""What to do with an entry that a feed lists.  Pure: the entry, what the store knows, the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ingest.models import FeedEntry, FeedState
from storage.models import EntryRecord

# An edit is looked for only while publishers still edit: corrections come within days, and
# some feeds renew every "updated" time at each poll.  Refetching for nothing is the lesser
# mistake, so the bounds are wide: a week, and never twice in an hour.
EDIT_WINDOW = timedelta(days=7)
EDIT_PAUSE = timedelta(hours=1)

Step = Literal["fetch", "refetch", "known", "rejected"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry, and how many further times feeds listed it in the same run."""

    entry: FeedEntry
    times: int = 1


def merge(entries: Iterable[FeedEntry]) -> list[Listed]:
    """Each canonical URL once, in order of first sight, with its number of sightings."""
    first: dict[str, FeedEntry] = {}
    times: dict[str, int] = {}
    for entry in entries:
        first.setdefault(entry.canonical_url, entry)
        times[entry.canonical_url] = times.get(entry.canonical_url, 0) + 1
    return [Listed(entry, times[url]) for url, entry in first.items()]


def step_for(entry: FeedEntry, record: EntryRecord | None, now: datetime) -> Step:
    """Fetch a new entry, refetch an edited one, leave the others."""
    if record is None:
        return "fetch"
    if record.article_id is None:
        due = record.retry_at is not None and record.retry_at <= now
        return "fetch" if due else "rejected"
    return "refetch" if _edited(entry, record, now) else "known"


def is_fresh(record: EntryRecord | None, state: FeedState | None) -> bool:
    """Was the entry unknown when its feed was last polled to the end?

    One that a run stored before it was killed counts for the next run: else the feed would seem
    to have delivered nothing, and be called quiet in time.
    """
    if record is None:
        return True
    if record.first_seen_at is None:
        return False
    polled = state.last_polled_at if state else None
    return polled is None or record.first_seen_at > polled


def _edited(entry: FeedEntry, record: EntryRecord, now: datetime) -> bool:
    if not entry.revision or not record.revision or entry.revision == record.revision:
        return False
    fresh = entry.published_at is None or now - entry.published_at <= EDIT_WINDOW
    rested = record.checked_at is None or now - record.checked_at >= EDIT_PAUSE
    return fresh and rested


def portion(
    wanted: Iterable[FeedEntry], most: int, taken: Counter[str]
) -> tuple[list[FeedEntry], list[FeedEntry]]:
    """``wanted`` parted into what this run takes, ``most`` of each feed, and what waits.

    ``taken`` holds how many of each feed the run has taken before, and is brought up to date.
    """
    now: list[FeedEntry] = []
    waiting: list[FeedEntry] = []
    for entry in wanted:
        room = taken[entry.feed] < most
        taken[entry.feed] += room
        (now if room else waiting).append(entry)
    return now, waiting
