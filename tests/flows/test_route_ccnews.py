"""The route ``ccnews``: planted articles among others' pages, missing files, and going on."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from archives_support import Crawled
from backfill_support import BackfillSite, name_of
from site_support import feed

from ingest.policy import CcNewsPolicy
from ingest.routes.window import Window

# Over the end of a month, so that two listings are needed.
WINDOW = Window(date(2026, 9, 29), date(2026, 10, 1))
FOUND = dict.fromkeys(WINDOW.days, (4, 4, "partial"))
# A file a day, from a day before to three days after, and the one before these.
FILES = 1 + 3 + 3 + 1


@pytest.fixture
def site(tmp_path: Path) -> Any:
    return lambda web: BackfillSite(tmp_path, web)


@pytest.mark.parametrize("gone", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_articles_of_the_window_are_found_and_no_others(site: Any, gone: bool) -> None:
    """Whether or not the site is still there; each file is asked for once, and few of them."""
    web = Crawled()
    web.gone = gone
    here = site(web)
    report = here.backfill("ccnews", WINDOW)
    assert here.stored() == web.planted(WINDOW)
    assert here.days("ccnews") == FOUND
    assert not report.feeds_failed
    names = web.crawl.names()
    assert len(names) == len(set(names)) <= FILES
    assert len(web.crawl.asked) - len(names) == 2
    assert all(not asked for _, asked in web.crawl.asked)
    # the site is asked for its feed and for nothing else
    assert [url for url in web.asked if not url.endswith("/feed")] == []
    # a text can be extracted anew without the gigabytes that it came from
    query = "select count(*) from core.articles where archive_file is not null"
    assert here.rows(query) == [(12,)]


def test_missing_files_are_told_with_their_reason_and_stop_nothing(site: Any) -> None:
    """What stood in them is missing, the rest is found; they are not asked for again."""
    web = Crawled()
    web.keep()
    numbers = sorted(int(name.rpartition("-")[2]) for name in web.planted(WINDOW))
    web.crawl.missing = {web.holding(numbers[2]), web.holding(numbers[7])}
    lost = {name_of(one) for one in numbers if web.holding(one) in web.crawl.missing}
    here = site(web)
    report = here.backfill("ccnews", WINDOW)
    assert here.stored() == web.planted(WINDOW) - lost
    assert lost
    assert not report.feeds_failed
    told = here.rows("select url, reason from rejections where url like '%CC-NEWS%'")
    assert {url.rpartition("/")[2] for url, _ in told} == web.crawl.missing
    assert {reason for _, reason in told} == {"http_404"}
    before = len(web.crawl.asked)
    here.backfill("ccnews", WINDOW)
    assert len(web.crawl.asked) == before


def test_months_without_a_listing_are_told_and_missing(site: Any) -> None:
    """From before the archive, or lost: the days are gone through and hold nothing."""
    web = Crawled()
    here = site(web)
    window = Window(date(2026, 3, 3), date(2026, 3, 4))
    here.backfill("ccnews", window)
    assert here.days("ccnews") == dict.fromkeys(window.days, (0, 0, "missing"))
    assert len(here.rows("select url from rejections where url like '%2026/03/warc.paths.gz'")) == 1


def test_a_file_that_breaks_off_is_gone_on_with_at_its_byte(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends there leaves failed days; the next asks for the rest of the file."""
    monkeypatch.setattr("flows.route_ccnews._POLICY", CcNewsPolicy(batch=3))
    web = Crawled()
    web.keep()
    numbers = sorted(int(name.rpartition("-")[2]) for name in web.planted(WINDOW))
    name = web.holding(numbers[6])
    whole = next(body for path, body in web.crawl.files.items() if path.endswith(name))
    web.crawl.cut = {name: len(whole) - 5}
    here = site(web)
    report = here.backfill("ccnews", WINDOW)
    assert name in report.feeds_failed["a"]
    states = {state for _, _, state in here.days("ccnews").values()}
    assert "failed" in states
    assert "complete" not in states
    assert here.stored() < web.planted(WINDOW)
    read = set(web.crawl.names()) - {name}
    web.crawl.cut, web.crawl.asked = {}, []
    assert not here.backfill("ccnews", WINDOW).feeds_failed
    assert here.stored() == web.planted(WINDOW)
    assert here.days("ccnews") == FOUND
    assert not read & set(web.crawl.names())
    assert [asked.startswith("bytes=") for one, asked in web.crawl.asked if one == name] == [True]


@pytest.mark.long
def test_a_server_that_is_busy_is_left_and_the_rest_taken_up_another_time(site: Any) -> None:
    """Tried politely, then no further file is asked for."""
    web = Crawled()
    web.keep()
    numbers = sorted(int(name.rpartition("-")[2]) for name in web.planted(WINDOW))
    name = web.holding(numbers[6])
    web.crawl.busy = {name}
    here = site(web)
    report = here.backfill("ccnews", WINDOW)
    assert "http_503" in report.feeds_failed["a"]
    assert web.crawl.names()[-1] == name
    assert web.crawl.names().count(name) == 8
    web.crawl.busy, web.crawl.asked = set(), []
    here.backfill("ccnews", WINDOW)
    assert web.crawl.names()[0] == name
    assert here.stored() == web.planted(WINDOW)
    assert here.days("ccnews") == FOUND


def test_days_whose_files_are_still_written_stay_open(site: Any) -> None:
    """And the next run reads only those that have come since."""
    web = Crawled()
    here = site(web)
    here.now = datetime(2026, 10, 2, 1, tzinfo=UTC)
    here.backfill("ccnews", WINDOW)
    assert {state for _, _, state in here.days("ccnews").values()} == {"open"}
    first = set(web.crawl.names())
    web.crawl.asked = []
    here.now += timedelta(days=5)
    here.backfill("ccnews", WINDOW)
    assert not first & set(web.crawl.names())
    assert here.days("ccnews") == FOUND


def test_two_feeds_of_one_house_keep_their_own_pages(site: Any) -> None:
    """One pass over the files serves all feeds; a page belongs to one of them."""
    web = Crawled()
    here = site(web)
    here.feeds = [feed("a"), feed("b", url="https://b.example/feed"), feed("c")]
    report = here.backfill("ccnews", WINDOW)
    assert report.feeds == 3
    assert here.stored() == web.planted(WINDOW)
    assert len(web.crawl.names()) <= FILES
    rows = here.rows("select feed, sum(found) from coverage where route = 'ccnews' group by feed")
    assert dict(rows) == {"a": 12, "b": 0, "c": 0}


@pytest.mark.long
def test_auto_reads_a_few_files_for_what_nothing_else_has(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gigabyte each: the days left stay open, and the next run goes on with other files."""
    monkeypatch.setattr("flows.route_ccnews._POLICY", CcNewsPolicy(files_unasked=4))
    web = Crawled()
    here = site(web)
    here.backfill("auto", WINDOW)
    first = web.crawl.names()
    assert len(first) == 4
    assert {state for _, _, state in here.days("ccnews").values()} == {"open"}
    here.backfill("auto", WINDOW)
    assert here.stored() == web.planted(WINDOW)
    names = web.crawl.names()
    assert len(names) == len(set(names)) <= FILES
