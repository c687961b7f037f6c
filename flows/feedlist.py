"""Which list of feeds is in use, and changing it.

A file named by a setting or an option wins; else the store's own list, which comes into being
with the first change; else the list that voltwire brings along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from flows.settings import Settings
from ingest.catalogue import CatalogueError, bundled_feeds, load_feeds, save_feeds
from ingest.catalogue import add_feed as add_to_file
from ingest.models import Feed
from ingest.slugs import slugify
from ingest.urls import canonical_url


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


def new_feed(url: str, *, slug: str = "", publisher: str = "") -> Feed:
    """A feed at ``url``, named after its host where nothing better is said.

    Raises:
        CatalogueError: for what is no http(s) address.
    """
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    if not host or not url.lower().startswith(("http://", "https://")):
        raise CatalogueError("is no http(s) address", about=url)
    return Feed(slug=slug or slugify(host), url=url, publisher=publisher or host)


def add(settings: Settings, feeds: Sequence[Feed]) -> Path:
    """Append ``feeds`` to the list in use, which becomes the store's own; the file's path.

    A slug that is taken gets a number.

    Raises:
        CatalogueError: when the list cannot be written, or a feed's URL is in it already.
    """
    path = own_list(settings)
    begun = path.exists()
    had = load_feeds(path) if begun else () if settings.feeds else feeds_in_use(settings)
    taken = {feed.slug for feed in had}
    fresh = [_free(feed, taken) for feed in feeds]
    if begun and path.suffix.lower() not in (".opml", ".xml"):
        # Appended, so that what a person wrote by hand stays as it is.
        for feed in fresh:
            add_to_file(path, feed)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_feeds(path, [*had, *fresh])
    return path


def _free(feed: Feed, taken: set[str]) -> Feed:
    slug, number = feed.slug, 1
    while slug in taken:
        number += 1
        slug = f"{feed.slug}-{number}"
    taken.add(slug)
    return replace(feed, slug=slug)


def not_yet_listed(settings: Settings, path: Path) -> tuple[list[Feed], int]:
    """The feeds of the file at ``path`` that the list in use lacks, and how many it has.

    Raises:
        CatalogueError: when either cannot be read.
    """
    had = {canonical_url(feed.url) for feed in feeds_in_use(settings)}
    offered = load_feeds(path)
    fresh = [feed for feed in offered if canonical_url(feed.url) not in had]
    return fresh, len(offered) - len(fresh)
