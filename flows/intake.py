"""Which listed entries go on, each address once, while other feeds have yet to answer.

Two feeds may list one page, and the one whose entry is taken names the feed, the topic gate and
the words that come with it.  It must not be the one that happened to answer first: a feed on the
page's own site goes before others, then the one that stands first in the list.  So an entry waits
for feeds that have yet to answer and would go before its own: nearly always none, since feeds list
their own site.  It does not wait for longer than ``PATIENCE``, because one slow feed must not hold
up the articles of others; after that the first to list it has it, as it has between two runs.

No I/O and no clock: moments are seconds from any one point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.models import Feed, FeedEntry
from ingest.urls import registered_domain

# Feeds that answer at all have done so by then, also where one domain is asked for eight of them,
# one a second.  The longest that a server can hold its answer back is a minute.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: FeedEntry
    rank: tuple[bool, bool, int]
    """Taken up from an earlier run; not on its feed's own site; place of the feed in the list."""
    since: float


class Intake:
    """What feeds listed, and what of it may be taken."""

    def __init__(self, asked: Sequence[Feed]) -> None:
        self._place = {feed.slug: place for place, feed in enumerate(asked)}
        self._site = {feed.slug: registered_domain(feed.url) for feed in asked}
        self._unanswered = set(self._place.values())
        self._unanswered_of: dict[str, set[int]] = defaultdict(set)
        for slug, place in self._place.items():
            self._unanswered_of[self._site[slug]].add(place)
        self._waiting: dict[str, list[_Waiting]] = {}
        self._taken: set[str] = set()
        self.sightings: list[tuple[str, str]] = []
        """Canonical URL and feed of each sighting of an entry besides the one that was taken."""

    def listed(self, slug: str, entries: Iterable[FeedEntry], at: float) -> None:
        """The feed ``slug`` has answered, with these entries or with none."""
        self._unanswered.discard(self._place[slug])
        self._unanswered_of[self._site[slug]].discard(self._place[slug])
        self._add(entries, at, retried=False)

    def retried(self, entries: Iterable[FeedEntry], at: float) -> None:
        """Entries of earlier runs to be tried again; what a feed lists goes before them."""
        self._add(entries, at, retried=True)

    def take(self, at: float, *, last: bool = False) -> list[FeedEntry]:
        """The entries that need not wait any more, in order; all of them when no feed is left."""
        ready: list[_Waiting] = []
        for url, several in list(self._waiting.items()):
            best = min(several, key=lambda one: one.rank)
            patient = min(one.since for one in several) + PATIENCE > at
            if patient and not last and self._may_be_claimed(best):
                continue
            del self._waiting[url]
            self._taken.add(url)
            ready.append(best)
            self.sightings += [(url, one.entry.feed) for one in several if one is not best]
        return [one.entry for one in sorted(ready, key=lambda one: (one.rank[0], one.rank[2]))]

    def ends_waiting(self) -> float | None:
        """The moment at which the patience of the entry that waits longest is over."""
        since = [one.since for several in self._waiting.values() for one in several]
        return min(since) + PATIENCE if since else None

    def _add(self, entries: Iterable[FeedEntry], at: float, *, retried: bool) -> None:
        for entry in entries:
            url = entry.canonical_url
            if url in self._taken:
                self.sightings.append((url, entry.feed))
                continue
            foreign = self._site.get(entry.feed) != registered_domain(entry.url)
            place = self._place.get(entry.feed, len(self._place))
            self._waiting.setdefault(url, []).append(_Waiting(entry, (retried, foreign, place), at))

    def _may_be_claimed(self, best: _Waiting) -> bool:
        """Could a feed that has not answered yet list the entry, and go before ``best``?"""
        retried, foreign, place = best.rank
        if retried:
            return bool(self._unanswered)
        at_home = self._unanswered_of.get(registered_domain(best.entry.url), set())
        before = min(self._unanswered, default=place) < place
        return (bool(at_home) or before) if foreign else min(at_home, default=place) < place
