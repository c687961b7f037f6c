"""What a feed drops before it was seen: noticed, fetched after all, or written down."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from site_support import START, InProcess, Site, Web, answered, item, page

HOUR = timedelta(hours=1)
WORDPRESS = "<generator>https://wordpress.org/?v=6.7</generator>"


class Outlet(Web):
    """A site with an entry an hour, whose feed lists the newest five."""

    window = 5

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.head = ""
        self.pages_back = False
        self.sitemap = False
        self.more: dict[str, httpx.Response] = {}
        self.sent: list[dict[str, str]] = []

    def entry(self, number: int) -> str:
        return item(f"report-number-{100 + number}", at=START + number * HOUR)

    @property
    def newest(self) -> int:
        return int((self.clock() - START) / HOUR)

    def listing(self, number: int) -> str:
        entries = [
            self.entry(each) for each in range(number, number - self.window, -1) if each > -20
        ]
        return (
            '<?xml version="1.0"?><rss version="2.0"><channel><title>A</title>'
            f"{self.head}{''.join(entries)}</channel></rss>"
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url, path = str(request.url), request.url.path
        self.asked.append(url)
        if url in self.more:
            found = self.more[url]
            return answered(found.status_code, found.text, **found.headers)
        if path == "/feed":
            self.sent.append({name.lower(): value for name, value in request.headers.items()})
            place = int(request.url.params.get("paged", 1))
            if place > 1 and not self.pages_back:
                return answered(404, "no such page")
            number = self.newest - (place - 1) * self.window
            if number <= -20:
                return answered(404, "no such page")
            return answered(200, self.listing(number), **{"Content-Type": "application/rss+xml"})
        if path == "/sitemap.xml" and self.sitemap:
            rows = "".join(
                f"<url><loc>https://a.example/report-number-{100 + each}</loc>"
                f"<lastmod>{(START + each * HOUR).isoformat()}</lastmod></url>"
                for each in range(-20, self.newest + 1)
            )
            return answered(200, f"<urlset>{rows}</urlset>", **{"Content-Type": "text/xml"})
        if path.startswith("/report-number-"):
            text = page(path[1:])
            return answered(200, text, **{"Content-Type": "text/html; charset=utf-8"})
        return answered(404, "no such page")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.web = Outlet(lambda: site.now)
    site.workers = InProcess
    return site


def outlet(site: Site) -> Any:
    return site.web


GAPS = "select from_at, to_at, repaired_at is not null, route, attempts from gaps order by 1"


def stored(site: Site) -> set[int]:
    urls = site.rows("select url from articles")
    return {int(url.rpartition("-")[2]) - 100 for (url,) in urls}


def test_entries_that_fell_out_of_the_window_are_recorded_as_a_gap(site: Site) -> None:
    """A feed without older pages, on a site without sitemaps: what is lost is known."""
    site.run()
    site.later(hours=20)
    report = site.run()
    assert report.stored == 5
    assert stored(site) == {*range(-4, 1), *range(16, 21)}
    assert site.rows(GAPS) == [(START, START + 16 * HOUR, False, "", 1)]
    assert site.rows("select open_gaps, state from feed_health") == [(1, "ok")]


def test_a_wordpress_feed_is_paged_back_until_it_meets_what_was_known(site: Site) -> None:
    """Nothing is lost, no page is asked beyond the first that is known."""
    outlet(site).head, outlet(site).pages_back = WORDPRESS, True
    site.run()
    site.later(hours=20)
    report = site.run()
    assert report.stored == 20
    assert stored(site) == set(range(-4, 21))
    assert site.rows(GAPS) == [(START, START + 16 * HOUR, True, "wordpress", 1)]
    paged = [url for url in site.web.asked if "paged" in url]
    assert [url.rpartition("=")[2] for url in paged] == ["2", "3", "4", "5"]


def test_a_feed_that_links_its_archive_is_followed(site: Site) -> None:
    """RFC 5005: the archive document holds what the feed dropped."""
    link = (
        "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='prev-archive' "
        "href='https://a.example/archive'/>"
    )
    site.run()
    site.later(hours=12)
    outlet(site).head = link
    archive = outlet(site).listing(7).replace(link, "")
    outlet(site).more["https://a.example/archive"] = httpx.Response(
        200, text=archive + " ", headers={"Content-Type": "application/rss+xml"}
    )
    site.run()
    assert {*range(3, 13)} <= stored(site)
    assert site.rows("select route from gaps") == [("feed-archive",)]


def test_a_sitemap_lists_what_a_feed_cannot(site: Site) -> None:
    """The pages of those days that look like the feed's own are fetched."""
    outlet(site).sitemap = True
    site.run()
    site.later(hours=20)
    report = site.run()
    assert set(range(1, 16)) <= stored(site)
    assert report.stored >= 20
    assert site.rows(GAPS) == [(START, START + 16 * HOUR, True, "sitemap", 1)]


def test_a_gap_that_could_not_be_repaired_is_tried_again(site: Site) -> None:
    """The page before was down at the first try; the next poll with a body gets it."""
    outlet(site).head = WORDPRESS
    site.run()
    site.later(hours=20)
    site.run()
    assert site.rows("select repaired_at is null, attempts from gaps") == [(False, 1)]
    outlet(site).head, outlet(site).pages_back = WORDPRESS, True
    site.later(hours=40)
    broken = httpx.Response(503, headers={"Retry-After": "9000"})
    outlet(site).more["https://a.example/feed?paged=2"] = broken
    site.run()
    latest = "select repaired_at is null, attempts from gaps order by detected_at desc limit 1"
    assert site.rows(latest) == [(True, 1)]
    del outlet(site).more["https://a.example/feed?paged=2"]
    site.later(hours=1)
    site.run(force=True)
    assert site.rows(latest) == [(False, 2)]
    assert set(range(21, 62)) <= stored(site)


def test_gaps_are_not_looked_for_where_listings_meet(site: Site) -> None:
    """An ordinary day asks for nothing but the feed."""
    outlet(site).head, outlet(site).pages_back = WORDPRESS, True
    for _ in range(4):
        site.run(force=True)
        site.later(hours=3)
    assert site.rows("select count(*) from gaps") == [(0,)]
    assert not [url for url in site.web.asked if "paged" in url or "sitemap" in url]


def test_a_lying_304_is_found_out_and_loses_nothing(site: Site) -> None:
    """The feed that answers 304 for ever is asked in full when entries are overdue."""
    honest = Outlet.__call__

    class Liar(Outlet):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.headers.get("if-none-match"):
                self.asked.append("304")
                return answered(304, "")
            answer = honest(self, request)
            answer.headers["ETag"] = '"always"'
            return answer

    liar = Liar(lambda: site.now)
    liar.head, liar.pages_back = WORDPRESS, True
    site.web = liar
    states = []
    for hours in (6, 8, 1, 1):
        site.run()
        states += site.rows("select state from feed_health")
        site.later(hours=hours)
    assert states[0] == ("ok",)
    assert states[-1] == ("lying_304",)
    assert set(range(-4, 16)) <= stored(site)
    before = liar.asked.count("304")
    site.run(force=True)
    assert liar.asked.count("304") == before


def test_a_moved_feed_is_asked_at_its_new_address_after_three_sightings(site: Site) -> None:
    """The redirect is no longer gone through; health says what to change."""
    web = outlet(site)
    there = "https://a.example/new-feed"
    moved = httpx.Response(301, headers={"Location": there})
    web.more["https://a.example/feed"] = moved
    web.more[there] = httpx.Response(
        200, text=web.listing(0), headers={"Content-Type": "application/rss+xml"}
    )
    for _ in range(4):
        site.run(force=True)
        site.later(hours=2)
    assert web.asked.count("https://a.example/feed") == 3
    assert web.asked.count(there) == 4
    ((state, url, advice),) = site.rows("select state, url, advice from feed_health")
    assert (state, url) == ("moved", there)
    assert there in advice


def test_a_gone_feed_is_left_alone(site: Site) -> None:
    """410 ends the polling; a person who names the feed asks it again."""
    web = outlet(site)
    web.more["https://a.example/feed"] = httpx.Response(410)
    site.run()
    site.later(days=400)
    report = site.run()
    assert (report.feeds, report.feeds_waiting) == (0, 1)
    web.more.clear()
    assert site.run(force=True).feeds == 1
    assert site.rows("select state from feed_health") == [("ok",)]


def test_changes_of_state_are_reported_once(site: Site) -> None:
    """In the run that sees them, and not in the next; a webhook that fails is tried again."""
    web = outlet(site)
    site.run()
    web.more["https://a.example/feed"] = httpx.Response(403)
    site.settings = replace(site.settings, webhook="http://127.0.0.1:8080/none")
    site.later(days=1)
    refused = site.run()
    assert refused.feed_changes[0]["line"].startswith("a: ok -> blocked")
    assert "webhook" in refused.detail
    site.settings = replace(site.settings, webhook="")
    site.later(days=2)
    assert len(site.run().feed_changes) == 1
    site.later(days=2)
    assert site.run().feed_changes == []
    web.more.clear()
    site.later(days=2)
    assert [change["state"] for change in site.run().feed_changes] == ["ok"]
