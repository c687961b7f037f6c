"""Going back over the network: each route finds every article of the window and none outside."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, BackfillSite, Mapped, Past, Shifting

from flows.backfilling import Part, PartWork, plain_part
from ingest.models import FeedState
from ingest.routes.window import Window
from storage import feeds

WHOLE = dict.fromkeys(WINDOW.days, (4, 4, "complete"))
WHOLE_OF_ONE = dict.fromkeys(WINDOW.days, (1, 1, "complete"))


@pytest.fixture
def site(tmp_path: Path) -> Any:
    return lambda web: BackfillSite(tmp_path, web)


def test_an_archive_is_followed_to_the_window_and_no_further(site: Any) -> None:
    """RFC 5005: the pages before the window are passed through, those after it never asked."""
    web = Archive()
    web.looped = True
    here = site(web)
    report = here.backfill("feed-archive")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("feed-archive") == WHOLE
    assert report.stored == report.fetched == 28
    # down to the first that is wholly older than the window
    newer = sum(web.at(number) >= WINDOW.start for number in web.numbers[web.window :])
    assert len(web.of("/old/")) == -(-newer // 10) + 1
    before = len(web.asked)
    assert here.backfill("feed-archive").fetched == 0
    assert len(web.asked) == before


def test_pages_that_move_while_they_are_read_lose_nothing(site: Any) -> None:
    """A WordPress that publishes and takes down during the walk; its API does not answer."""
    web = Shifting()
    web.gone_every = 4
    here = site(web)
    here.backfill("wordpress")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wordpress") == WHOLE


@pytest.mark.parametrize("hours", [-10, 9])
def test_the_rest_api_is_asked_for_the_days_alone(site: Any, hours: int) -> None:
    """At a site of any zone; one request lists a slice."""
    web = Shifting()
    web.rest, web.zone = True, web.step * hours / 6
    here = site(web)
    here.backfill("wordpress")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wordpress") == WHOLE
    assert len(web.of("wp-json")) == len(WINDOW.slices("month"))
    assert len(web.of("paged")) == 0


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_sitemap_index_is_read_for_the_months_of_the_window_alone(
    site: Any, gzipped: bool
) -> None:
    """480,000 addresses whose lastmod lies: two files are read, and the pages' dates decide."""
    web = Mapped()
    web.gzipped = gzipped
    here = site(web)
    report = here.backfill("sitemap")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("sitemap") == WHOLE_OF_ONE
    assert len(web.of("/posts-")) == 2
    assert not web.of("/shop/")
    september_and_october = 30 + 31
    assert report.fetched <= september_and_october
    before = len(web.asked)
    here.backfill("sitemap")
    assert len(web.asked) == before


def test_pages_outside_a_window_are_not_fetched_for_the_next(site: Any) -> None:
    """What a sitemap made us fetch for one week says where it belongs when another is asked."""
    web = Mapped()
    web.monthly, web.filler = False, 10
    here = site(web)
    here.backfill("sitemap")
    assert here.stored() == web.planted(WINDOW)
    week = timedelta(days=7)
    before = Window(WINDOW.since - week, WINDOW.until - week)
    report = here.backfill("sitemap", before)
    assert here.stored() == web.planted(WINDOW) | web.planted(before)
    assert report.fetched == len(web.planted(before))


def test_auto_goes_on_until_the_window_is_covered(site: Any) -> None:
    """A feed without older pages, on no WordPress: the sitemap has what the others have not."""
    web = Mapped()
    web.filler = 10
    here = site(web)
    report = here.backfill()
    assert here.stored() == web.planted(WINDOW)
    assert {state for _, _, state in here.days("feed-archive").values()} == {"missing"}
    assert {state for _, _, state in here.days("wordpress").values()} == {"missing"}
    assert here.days("sitemap") == WHOLE_OF_ONE
    (line,) = report.coverage
    assert (line["complete"], line["stored"], line["routes"]) == (7, 7, "sitemap")
    before = len(web.asked)
    here.backfill()
    assert len(web.asked) == before


def test_auto_stops_at_the_first_route_that_covers_the_window(site: Any) -> None:
    """An archive that lists everything leaves nothing to ask of the others."""
    here = site(Archive())
    here.backfill()
    assert here.days("feed-archive") == WHOLE
    assert here.days("wordpress") == here.days("sitemap") == {}


def test_auto_does_not_believe_a_route_that_lists_far_too_little(site: Any) -> None:
    """Of a feed known for forty entries a day four are found: the days are thin, and it goes on."""
    here = site(Archive())
    with here.store.write() as con:
        feeds.save_states(con, [FeedState(slug="a", per_day=40.0)])
    here.backfill()
    assert here.days("feed-archive") == dict.fromkeys(WINDOW.days, (4, 4, "thin"))
    assert set(here.days("wordpress")) == set(WINDOW.days)


def test_articles_without_a_date_are_stored_and_counted_apart(site: Any) -> None:
    """A listing and pages without dates: nothing is lost, no day is called complete for them."""
    web = Past()
    web.undated = True
    web.answers = {}
    dated = web.item
    web.item = lambda number: re.sub("<pubDate>.*</pubDate>", "", dated(number))  # type: ignore[method-assign]
    here = site(web)
    report = here.backfill("feed-archive")
    assert report.undated == 5
    assert here.rows("select distinct published_from from articles") == [("unknown",)]
    days = here.days("feed-archive")
    assert days.pop(None) == (5, 5, "undated")
    assert {state for _, _, state in days.values()} == {"missing"}


def test_what_failed_is_asked_again_and_the_rest_is_not(site: Any) -> None:
    """A broken page in the middle: the days before it are done, the next run goes on there."""
    web = Archive()
    web.down = {"https://a.example/old/14"}
    here = site(web)
    report = here.backfill("feed-archive")
    assert "http_503" in report.feeds_failed["a"]
    states = {state for _, _, state in here.days("feed-archive").values()}
    assert states == {"complete", "failed"}
    web.down.clear()
    web.asked.clear()
    here.backfill("feed-archive")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("feed-archive") == WHOLE
    assert len(web.of("/old/")) <= 3


def test_slices_come_newest_first_and_ask_for_no_page_twice(site: Any) -> None:
    """A week day by day brings what the whole brings, with the requests of the whole."""
    web = Archive()
    here = site(web)
    parts: list[Part] = []

    async def kept(part: Part, work: PartWork) -> None:
        parts.append(part)
        await plain_part(part, work)

    report = here.backfill("feed-archive", size="day", run_part=kept)
    assert [part.window.since for part in parts] == list(reversed(WINDOW.days))
    assert {part.feeds for part in parts} == {("a",)}
    assert here.stored() == web.planted(WINDOW)
    assert here.days("feed-archive") == WHOLE
    assert report.stored == report.fetched == 28
    assert max(Counter(web.asked).values()) == 1
    parts.clear()
    here.backfill("feed-archive", run_part=kept)
    assert parts == []


def test_what_a_sitemap_says_no_date_of_is_fetched_for_one_slice_only(site: Any) -> None:
    """Its pages lie on days of other slices, which count them without asking."""
    web = Mapped()
    web.monthly, web.filler = False, 10
    here = site(web)
    report = here.backfill("sitemap", size="day")
    assert here.stored() == web.planted(WINDOW)
    assert report.entries == report.stored == 7
    assert report.outside == report.fetched - 7
    assert here.days("sitemap") == WHOLE_OF_ONE
    assert max(Counter(web.of("/posts-") + web.of("/report-")).values()) == 1


def test_a_stretch_is_judged_thin_beside_the_slices_that_came_before(site: Any) -> None:
    """One empty day says nothing; the third of three, each a slice, is one too many."""
    web = Archive()
    web.gone = set(range(104, 120))  # type: ignore[attr-defined]
    numbers = type(web).numbers.fget  # type: ignore[attr-defined]
    web.__class__ = type(
        "Holed",
        (Archive,),
        {"numbers": property(lambda self: [n for n in numbers(self) if n not in self.gone])},
    )
    here = site(web)
    with here.store.write() as con:
        feeds.save_states(con, [FeedState(slug="a", per_day=8.0)])
    here.backfill(
        "feed-archive", Window(WINDOW.since, WINDOW.since + timedelta(days=3)), size="day"
    )
    states = [state for _, (_, _, state) in sorted(here.days("feed-archive").items())]
    assert states == ["thin", "thin", "complete", "complete"]


def test_a_backfill_leaves_what_the_polls_remember(site: Any) -> None:
    """Times, validators and health of the feed stay as the schedule left them."""
    here = site(Archive())
    here.run()
    query = "select * from core.feed_states"
    with here.store.write() as con:
        before = con.execute(query).fetchall()
    here.backfill(window=Window(WINDOW.since, WINDOW.since))
    with here.store.write() as con:
        assert con.execute(query).fetchall() == before
