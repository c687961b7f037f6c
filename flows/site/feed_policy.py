"""The numbers of the feeds for readers, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPolicy:
    """How much a feed for readers holds."""

    days: int = 30
    """Stories first published so long ago or less, wherever the store has them from: what a
    backfill brings of older years is no news to those who subscribe."""
    entries: int = 200
    """Of the feed of everything.  A day of 80 real feeds brings 100 to 150 stories, so that whoever
    asks once a day misses none; at 2 KB an entry it is half of the 1 MB at which readers stop."""
    entries_each: int = 50
    """Of the feed of one company or topic: the busiest have 20 stories a day."""
    entries_least: int = 10
    """A feed with fewer in those days has older stories up to so many: that of a small company is
    not empty, and never goes away under those who subscribed."""
    lead_from_chars: int = 1_600
    """Of a text, in which its lead is looked for: bylines and repeated headlines come before it."""
    text_chars: int = 40_000
    """Of a text shown whole (``digest_texts``): longer than articles, shorter than reports."""
    title_chars: int = 300
    """Headlines end before 200; what is longer is a page's mistake."""
    outlets: int = 12
    """Named with a link; the others are counted.  A release on 200 sites would fill a screen."""


FEEDS = FeedPolicy()
