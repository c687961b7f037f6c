"""Which list of feeds is in use, and changing it.

A file named by a setting or an option wins; else the store's own list, which comes into being
with the first change; else the list that voltwire brings along.
"""

from __future__ import annotations

from pathlib import Path

from flows.settings import Settings
from ingest.catalogue import bundled_feeds, load_feeds
from ingest.models import Feed


def own_list(settings: Settings) -> Path:
    """Where changes to the list go."""
    return Path(settings.feeds) if settings.feeds else settings.store / "feeds.toml"


def feeds_in_use(settings: Settings) -> tuple[Feed, ...]:
    """The feeds that a run polls.

    Raises:
        ingest.errors.VoltwireError: when the named list cannot be read.
    """
    own = own_list(settings)
    if settings.feeds or own.exists():
        return load_feeds(own)
    return bundled_feeds()
