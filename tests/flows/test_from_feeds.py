"""Entries of feeds from listing to their end: nothing twice, nothing lost, every one counted."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import from_feeds, harvest
from flows.workers import Workers
from storage.errors import StoreError

sys.path.insert(0, str(Path(__file__).parent))
from site_support import Site, answered, body, feed, item, page, rss


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_second_run_adds_nothing_and_fetches_no_page(site: Site) -> None:
    """Known entries drop out before anything is asked of their publisher."""
    site.web.feed(item("one"), item("two"))
    site.web.pages("one", "two")
    assert site.run().stored == 2
    site.later(hours=2)
    report = site.run()
    assert (report.stored, report.known, report.fetched) == (0, 2, 0)
    assert site.web.times_asked("one") == 1


def test_what_reads_pages_loads_before_the_first_page_is_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as a feed has news; a feed that says what it said before wakes nobody."""
    asked: list[int] = []
    monkeypatch.setattr(
        Workers, "warm", lambda _: asked.append(sum(map(site.web.times_asked, ("one", "two"))))
    )
    site.web.feed(item("one"), item("two"))
    site.web.pages("one", "two")
    assert site.run().stored == 2
    assert asked == [0]
    site.later(hours=2)
    site.run()
    assert asked == [0]


def test_a_changed_guid_makes_no_second_article(site: Site) -> None:
    """The address is the identity: feeds renew their guids."""
    site.web.feed(item("one", guid="1"), item("two", guid="2"))
    site.web.pages("one", "two")
    site.run()
    site.later(hours=2)
    site.web.feed(item("one", guid="x1"), item("two", guid="x2"))
    assert (site.run().known, site.rows("select count(*) from articles")) == (2, [(2,)])


def test_one_guid_for_all_loses_no_article(site: Site) -> None:
    """A feed that calls everything by one name still brings each of its articles."""
    names = ("one", "two", "three")
    site.web.feed(*(item(name, guid="same") for name in names))
    site.web.pages(*names)
    assert site.run().stored == 3


def test_tracking_parameters_make_no_second_article(site: Site) -> None:
    """A page that is listed twice in one run is one article and one known entry."""
    site.web.feed(item("one"), item("one?utm_source=rss"), item("two"))
    site.web.pages("one", "two")
    report = site.run()
    assert (report.stored, report.known, report.entries) == (2, 1, 3)


def test_a_page_that_is_gone_is_not_asked_again(site: Site) -> None:
    """A 404 is a rejection for good, counted in every run that lists it."""
    site.web.feed(item("gone"), item("one"))
    site.web.pages("one")
    assert site.run().reasons == {"http_404": 1}
    for _ in range(3):
        site.later(days=2)
        assert site.run(force=True).reasons == {"http_404": 1}
    assert site.web.times_asked("gone") == 1
    assert site.rows("select retry_at from rejections where url like '%gone'") == [(None,)]


def test_a_page_that_was_down_is_asked_again_though_the_feed_dropped_it(site: Site) -> None:
    """A 503 is tried again when its time has come, from what the store remembers."""
    site.web.feed(item("late"), item("one"))
    site.web.pages("one")
    site.web.answers["https://a.example/late"] = httpx.Response(503)
    assert site.run().reasons == {"http_503": 1}
    ((retry_at,),) = site.rows("select retry_at from rejections where url like '%late'")
    assert retry_at > site.now
    site.web.feed(item("one"))
    site.web.pages("late")
    before = site.web.times_asked("late")
    site.now = retry_at - timedelta(seconds=1)
    site.run(force=True)
    assert site.web.times_asked("late") == before
    site.now = retry_at + timedelta(seconds=1)
    report = site.run(force=True)
    assert (report.stored, report.entries) == (1, 2)
    assert site.rows("select count(*) from rejections") == [(0,)]
    assert site.rows("select count(*) from articles") == [(2,)]


def test_a_run_that_dies_before_its_end_loses_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validators are saved last: the next run asks in full and takes what was left."""
    site.web.answers["https://a.example/feed"] = httpx.Response(
        200, headers={"ETag": '"1"', "Content-Type": "application/rss+xml"},
        text=rss(*(item(f"n{n}") for n in range(6))),
    )  # fmt: skip
    site.web.pages(*(f"n{n}" for n in range(6)))

    class Killed(BaseException):
        pass

    saves = 0
    real = harvest.digest_and_save

    async def dies_at_the_second(*arguments: Any, **options: Any) -> Any:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise Killed
        return await real(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(harvest, "digest_and_save", dies_at_the_second)
        with pytest.raises(Killed):
            site.run()
    site.later(minutes=1)
    report = site.run()
    assert report.feeds == 1
    assert report.entries == 6
    assert report.stored + report.known == 6
    assert site.rows("select count(*) from articles") == [(6,)]
    states = [state for (state,) in site.rows("select state from runs order by started_at")]
    assert states == ["failed", "completed"]


def test_a_page_that_two_feeds_list_belongs_to_the_one_on_its_site(site: Site) -> None:
    """It is one article, and the other sighting counts as known."""
    site.feeds = [feed("list"), feed("a")]
    site.web.feed(item("one"), host="list.example")
    site.web.feed(item("one"), item("two"))
    site.web.pages("one", "two")
    report = site.run()
    assert (report.stored, report.known, report.entries) == (2, 1, 3)
    assert site.rows("select distinct feed from articles") == [("a",)]


def test_what_a_run_has_no_time_for_is_put_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page is begun after so long; the next run takes them, though the feed dropped them."""
    site.web.feed(item("one"), item("two"))
    site.web.pages("one", "two")
    with monkeypatch.context() as patched:
        patched.setattr(harvest, "FETCH_SECONDS", -1.0)
        assert site.run().reasons == {"put_off": 2}
    site.web.feed(item("three"))
    site.web.pages("three")
    site.later(hours=1)
    assert site.run().stored == 3
    assert site.rows("select count(*) from rejections") == [(0,)]


def test_an_edited_entry_gets_a_version(site: Site) -> None:
    """A new update time makes the page asked again; a new text becomes the next version."""
    site.web.feed(item("one", updated="2026-11-02T05:00:00Z"))
    site.web.pages("one")
    site.run()
    site.later(hours=3)
    site.web.feed(item("one", updated="2026-11-02T08:00:00Z"))
    site.web.answers["https://a.example/one"] = page("one", "Correction: 40 cells, and not 14.")
    report = site.run()
    assert (report.edited, report.stored, report.known) == (1, 0, 0)
    assert site.rows("select version from article_versions order by 1") == [(1,), (2,)]
    assert site.rows("select text like '%not 14%' from articles") == [(True,)]


def test_an_update_time_without_an_edit_makes_no_version(site: Site) -> None:
    """Feeds that renew every time stamp cost a fetch, and fill no table."""
    site.web.feed(item("one", updated="2026-11-02T05:00:00Z"))
    site.web.pages("one")
    site.run()
    site.later(hours=3)
    site.web.feed(item("one", updated="2026-11-02T08:00:00Z"))
    report = site.run()
    assert (report.edited, report.known) == (0, 1)
    assert site.rows("select version from article_versions") == [(1,)]


def test_an_edit_that_cannot_be_fetched_leaves_the_article(site: Site) -> None:
    """The stored text stands when the page is gone at the second look."""
    site.web.feed(item("one", updated="2026-11-02T05:00:00Z"))
    site.web.pages("one")
    site.run()
    site.later(hours=3)
    site.web.feed(item("one", updated="2026-11-02T08:00:00Z"))
    del site.web.answers["https://a.example/one"]
    site.run()
    assert site.rows("select outcome from entries") == [("article",)]
    assert site.rows("select version from articles") == [(1,)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(500), "http_500"),
        (httpx.Response(200, headers={"Content-Type": "text/html"}, text="<html>Hi"), "html"),
        (httpx.ConnectError("refused"), "connect"),
        ("<?xml version='1.0'?><nothing/>", ""),
    ],
    ids=["status", "html", "connect", "xml"],
)
def test_a_feed_that_fails_stops_only_itself(
    site: Site, answer: httpx.Response | Exception | str, reason: str
) -> None:
    """The others deliver; it has its row, its state and its word in the report."""
    site.feeds = [feed("a"), feed("b")]
    site.web.feed(item("one"))
    site.web.pages("one")
    site.web.answers["https://b.example/feed"] = answer
    report = site.run()
    assert report.stored == 1
    assert list(report.feeds_failed) == ["b"]
    assert report.feeds_failed["b"].startswith(reason)
    assert report.exit_code == 1
    assert site.rows("select url from rejections") == [("https://b.example/feed",)]
    health = dict(site.rows("select slug, state from feed_health"))
    assert health["a"] == "ok"
    assert health["b"] in ("failing", "html")


def test_a_feed_that_recovers_loses_its_row(site: Site) -> None:
    """An old refusal of a feed is over with its next good answer."""
    site.web.answers["https://a.example/feed"] = httpx.Response(500)
    site.run()
    site.later(days=1)
    site.web.feed(item("one"))
    site.web.pages("one")
    site.run()
    assert site.rows("select count(*) from rejections") == [(0,)]
    assert site.rows("select state from feed_health") == [("ok",)]


def test_without_a_network_feeds_keep_their_states(site: Site) -> None:
    """Three feeds that all cannot be reached say something of us, and nothing of them."""
    site.feeds = [feed(slug) for slug in "abc"]
    for slug in "abc":
        site.web.feed(host=f"{slug}.example")
    site.run()
    before = site.rows("from feed_health order by slug")
    site.later(days=1)
    for slug in "abc":
        site.web.answers[f"https://{slug}.example/feed"] = httpx.ConnectError("unreachable")
    report = site.run()
    assert report.nothing_reached
    assert report.exit_code == 1
    assert site.rows("from feed_health order by slug") == before
    assert site.rows("select count(*) from rejections") == [(0,)]


def test_a_feed_is_asked_with_what_it_was_known_by(site: Site) -> None:
    """The stored ETag is sent, and a 304 lists nothing and harms nothing."""
    sent: list[str | None] = []
    web = site.web

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/feed":
            return web(request)
        sent.append(request.headers.get("If-None-Match"))
        if sent[-1]:
            return answered(304, "")
        return answered(
            200, rss(item("one")), **{"ETag": '"v1"', "Content-Type": "application/rss+xml"}
        )

    web.pages("one")
    site.web = answer  # type: ignore[assignment]
    site.run()
    site.later(hours=2)
    report = site.run()
    assert sent == [None, '"v1"']
    assert (report.entries, report.exit_code) == (0, 0)


def test_a_feed_is_not_asked_before_it_is_due(site: Site) -> None:
    """Overlapping schedules do not poll twice; forcing does."""
    site.web.feed(item("one"))
    site.web.pages("one")
    site.run()
    site.later(minutes=1)
    report = site.run()
    assert (report.feeds, report.feeds_waiting) == (0, 1)
    assert site.run(force=True).feeds == 1


def test_more_entries_than_a_batch_are_all_stored(site: Site) -> None:
    """Batches of four bring eleven articles, each once."""
    names = [f"n{n}" for n in range(11)]
    site.web.feed(*(item(name) for name in names))
    site.web.pages(*names)
    assert site.run().stored == 11


def test_a_general_feeds_off_topic_page_is_a_rejection(site: Site) -> None:
    """The gate refuses with its reason, and the entry is not fetched again."""
    site.feeds = [feed("a", scope="general")]
    site.web.feed(item("one"), item("fair"))
    site.web.pages("one")
    site.web.answers["https://a.example/fair"] = (
        page("one")
        .replace(
            body("one"),
            " ".join(f"Booth {n} at the village fair sold {n} cakes." for n in range(20)),
        )
        .replace("Report one", "The village fair")
    )
    assert site.run().reasons == {"off_topic": 1}
    site.later(hours=2)
    assert site.run().reasons == {"off_topic": 1}
    assert site.web.times_asked("fair") == 1


def test_a_store_that_fails_ends_the_run_at_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Feeds that are still asked are not waited for: nothing of them could be stored."""
    site.feeds = [feed("a"), feed("b")]
    site.web.feed(item("one"))
    web, asked_on = site.web, asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "b.example":
            await asked_on.wait()
        return web(request)

    def fails(*_: Any) -> Any:
        raise StoreError("the disk is gone")

    site.web = answer  # type: ignore[assignment]
    monkeypatch.setattr(from_feeds.entries, "lookup", fails)
    with pytest.raises(StoreError, match="the disk is gone"):
        site.run()
