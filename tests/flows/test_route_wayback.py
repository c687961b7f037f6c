"""The route ``wayback``: what is planted is found, the archive is spared, and a 429 is obeyed."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from archives_support import Kept
from backfill_support import BackfillSite

from flows.checking import check_store
from flows.context import Silent
from flows.settings import Settings
from ingest.http import Fetcher
from ingest.policy import WaybackPolicy
from ingest.routes.window import Window

WINDOW = Window(date(2026, 9, 26), date(2026, 9, 28))
WHOLE = dict.fromkeys(WINDOW.days, (4, 4, "complete"))


@pytest.fixture
def site(tmp_path: Path) -> Any:
    return lambda web: BackfillSite(tmp_path, web)


def test_copies_of_a_feed_bring_a_dead_sites_articles(site: Any) -> None:
    """All of the window and none outside it, from few copies, each page once; then nobody."""
    web = Kept()
    here = site(web)
    report = here.backfill("wayback", WINDOW)
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wayback") == WHOLE
    assert report.stored == report.fetched == 12
    copies = web.archive.of_copies
    # A copy lists thirty hours and there is one every twenty.
    feeds = [url for url in copies if url.endswith("/feed")]
    assert len(feeds) <= 3 * 24 / 20 + 2
    assert len(web.archive.of_index) == 1
    # a copy is asked for at the moment of publication, and the archive leads on to its nearest
    assert len(copies) - len(feeds) == 2 * 12
    assert not here.rows("select url from articles where url like '%archive.org%'")
    # the archived copies count as what they are copies of
    checked = check_store(here.store, now=here.now, progress=Silent())
    assert (checked.archive_pages, checked.faults) == (12, ())
    before = len(web.archive.asked), len(web.asked)
    here.backfill("wayback", WINDOW)
    assert (len(web.archive.asked), len(web.asked)) == before


def test_pages_that_are_still_there_are_not_asked_of_the_archive(site: Any) -> None:
    """Only the feed's copies are, when the site itself answers."""
    web = Kept()
    web.gone = False
    here = site(web)
    here.backfill("wayback", WINDOW)
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wayback") == WHOLE
    assert all(url.endswith("/feed") for url in web.archive.of_copies)


def test_what_robots_txt_refuses_is_not_read_from_a_copy(site: Any) -> None:
    """A copy would go round the publisher's word."""
    web = Kept()
    web.gone = False
    web.robots = "User-agent: *\nDisallow: /report"
    here = site(web)
    report = here.backfill("wayback", WINDOW)
    assert not here.stored()
    assert report.reasons == {"robots": 12}
    assert all(url.endswith("/feed") for url in web.archive.of_copies)


@pytest.mark.parametrize("rows", [pytest.param(5_000, marks=pytest.mark.long), 7])
def test_pages_are_found_where_no_copy_of_the_feed_is(
    site: Any, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """The feed was never copied: the index of the site's pages is read, answer by answer."""
    monkeypatch.setattr("ingest.routes.wayback._POLICY", WaybackPolicy(rows=rows))
    web = Kept()
    web.lost = set(range(1, 32))
    here = site(web)
    report = here.backfill("wayback", WINDOW)
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wayback") == dict.fromkeys(WINDOW.days, (4, 4, "partial"))
    # Each page once; those copied within the month after the window had to be looked at as well.
    copies = web.archive.of_copies
    assert len(copies) == len(set(copies)) == report.fetched
    assert not [url for url in copies if "/tag/" in url or "about" in url]
    assert (len(web.archive.of_index) > 5) == (rows == 7)


@pytest.mark.long
def test_a_hole_between_copies_is_filled_from_single_pages(site: Any) -> None:
    """The days beside it are complete, those in it hold what pages were found."""
    web = Kept()
    web.lost = {26, 27}
    here = site(web)
    window = Window(date(2026, 9, 25), date(2026, 9, 29))
    here.backfill("wayback", window)
    assert here.stored() == web.planted(window)
    states = [here.days("wayback")[day][2] for day in window.days]
    assert states[-1] == "complete"
    assert "partial" in states
    assert {found for found, _, _ in here.days("wayback").values()} == {4}


@pytest.mark.parametrize("most", [pytest.param(1, marks=pytest.mark.long), 8])
def test_a_429_ends_the_route_until_another_day(site: Any, most: int) -> None:
    """Not one request follows it, in this run or the next; a day later the rest is done."""
    web = Kept()
    web.archive.most = most
    here = site(web)
    report = here.backfill("wayback", WINDOW)
    assert len(web.archive.asked) == most + 1
    assert "http_429" in report.feeds_failed["a"]
    assert "failed" in {state for _, _, state in here.days("wayback").values()}
    assert here.rows("select reason from rejections where url like '%archive.org/'") == [
        ("http_429",)
    ]
    here.later(hours=3)
    report = here.backfill("wayback", WINDOW)
    assert len(web.archive.asked) == most + 1
    assert "wants rest until" in report.feeds_failed["a"]
    web.archive.most = 0
    here.later(hours=23)
    report = here.backfill("wayback", WINDOW)
    assert not report.feeds_failed
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wayback") == WHOLE


def test_a_closed_door_counts_as_a_429(site: Any) -> None:
    """Who was blocked for asking too often is refused at the connection."""
    web = Kept()
    web.archive.closed = True
    here = site(web)
    here.backfill("wayback", WINDOW)
    tries = len(web.archive.asked)
    here.later(hours=3)
    here.backfill("wayback", WINDOW)
    assert len(web.archive.asked) == tries <= 3


def test_the_archive_is_asked_at_its_own_pace(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """24 requests a minute unless the settings name another; and never two at once."""
    asked: list[tuple[str, float]] = []
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def slow_down(_: Fetcher, url: str, seconds: float) -> None:
        asked.append((url, seconds))

    monkeypatch.setattr(Fetcher, "slow_down", slow_down)
    monkeypatch.setattr("flows.route_wayback._sleep", sleep)
    web = Kept()
    here = site(web)
    pace = Settings().wayback_pace_seconds
    here.settings = replace(here.settings, wayback_pace_seconds=pace)
    here.backfill("wayback", WINDOW)
    assert asked == [("https://web.archive.org/", 2.5)]
    redirects = 12
    assert len(waits) == len(web.archive.asked) - redirects
    assert all(1.0 < one <= 2.5 for one in waits)


def test_auto_asks_the_archive_for_what_no_other_route_has(site: Any) -> None:
    """A site that still lists its last articles only."""
    web = Kept()
    web.gone = False
    here = site(web)
    (line,) = here.backfill("auto", WINDOW).coverage
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wayback") == WHOLE
    assert (line["complete"], line["routes"]) == (3, "wayback")
