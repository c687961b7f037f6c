"""Which list of feeds is in use, and what adding to it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows import feedlist
from flows.settings import Settings
from ingest.catalogue import CatalogueError, bundled_feeds, load_feeds
from ingest.errors import VoltwireError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), store=tmp_path / "S")


def test_the_bundled_list_is_used_until_there_is_another(settings: Settings) -> None:
    """The first change copies it into the store, which has its own list from then on."""
    assert feedlist.feeds_in_use(settings) == bundled_feeds()
    path = feedlist.add(settings, [feedlist.new_feed("https://news.example/feed")])
    assert path == settings.store / "feeds.toml"
    assert len(feedlist.feeds_in_use(settings)) == len(bundled_feeds()) + 1


def test_a_slug_that_is_taken_gets_a_number(settings: Settings) -> None:
    """Two feeds of one host keep apart."""
    for part in ("a", "b", "c"):
        feedlist.add(settings, [feedlist.new_feed(f"https://news.example/{part}")])
    slugs = {feed.slug for feed in feedlist.feeds_in_use(settings)}
    assert {"news-example", "news-example-2", "news-example-3"} <= slugs


def test_a_named_list_wins_and_starts_empty(settings: Settings, tmp_path: Path) -> None:
    """A new file holds what was added and nothing bundled."""
    named = replace(settings, feeds=str(tmp_path / "mine.toml"))
    feedlist.add(named, [feedlist.new_feed("https://news.example/feed")])
    assert [feed.slug for feed in feedlist.feeds_in_use(named)] == ["news-example"]
    assert not settings.store.exists()


def test_an_opml_list_can_be_added_to(settings: Settings, tmp_path: Path) -> None:
    """The file stays OPML and keeps what it held."""
    named = replace(settings, feeds=str(tmp_path / "mine.opml"))
    for part in ("a", "b"):
        feedlist.add(named, [feedlist.new_feed(f"https://{part}.example/feed")])
    assert "<opml" in (tmp_path / "mine.opml").read_text()
    assert len(load_feeds(tmp_path / "mine.opml")) == 2


def test_a_named_list_that_is_missing_is_an_error(settings: Settings) -> None:
    """It is never replaced by the bundled one in silence."""
    with pytest.raises(VoltwireError, match=r"gone\.toml"):
        feedlist.feeds_in_use(replace(settings, feeds="gone.toml"))


@pytest.mark.parametrize("url", ["ftp://a.example/f", "a.example/feed", "", "https://"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    """Only http and https with a host."""
    with pytest.raises(CatalogueError):
        feedlist.new_feed(url)
