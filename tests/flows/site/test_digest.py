"""What stands in a digest: which stories, on which day, with what beside them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import html

from flows.site import pages, paths, queries
from flows.site.folder import FolderRefused
from flows.site.model import Digest, Options, SiteFile, Story, Subject, Window
from flows.site.policy import PAGE
from tests.flows.site.newsdesk_support import NOON, article_id, mention, save, tell

WEEK = Window.ending(date(2026, 11, 20), 7)
BODY = (
    "The plant at Brennick opened on Monday after a year of delays. It makes cells for vans and "
    "for buses. The mayor spoke of a new age and cut a ribbon of copper foil."
)


def gathered(con: duckdb.DuckDBPyConnection, window: Window = WEEK, **options: Any) -> Digest:
    return queries.gather(con, window, Options(charts=False, **options))


def site(digest: Digest) -> dict[str, str]:
    return {file.path: file.content.decode("utf-8-sig") for file in pages.files(digest)}


def only(digest: Digest) -> Story:
    (story,) = digest.stories
    return story


def test_a_window_is_of_whole_days_in_its_zone() -> None:
    """The day after the last begins where the window ends, the clock put back included."""
    window = Window.ending(date(2026, 10, 25), 2, "Europe/Berlin")
    assert window.since == datetime(2026, 10, 23, 22, tzinfo=UTC)
    assert window.until == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert window.days == (date(2026, 10, 25), date(2026, 10, 24))
    assert window.before == Window.ending(date(2026, 10, 23), 2, "Europe/Berlin")
    assert Window.ending(date(2026, 1, 1), 0).length == 1


def test_stories_of_other_days_are_left_out(con: duckdb.DuckDBPyConnection) -> None:
    """By the zone's days, not by hours back from now."""
    save(con, "in", at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    save(con, "after", at=datetime(2026, 11, 21, 0, 30, tzinfo=UTC))
    save(con, "before", at=datetime(2026, 11, 13, 23, 30, tzinfo=UTC))
    assert [story.shown.title for story in gathered(con).stories] == ["About in"]
    berlin = Window.ending(date(2026, 11, 21), 1, "Europe/Berlin")
    titles = {story.shown.title for story in gathered(con, berlin).stories}
    assert titles == {"About in", "About after"}


def test_a_day_without_an_hour_is_the_day_that_was_written(con: duckdb.DuckDBPyConnection) -> None:
    """Kept as midnight UTC, it would be the evening before in New York."""
    save(con, "one", at=datetime(2026, 11, 20, tzinfo=UTC), published_raw="2026-11-20",
         published_on=date(2026, 11, 20))  # fmt: skip
    story = only(gathered(con, Window.ending(date(2026, 11, 20), 1, "America/New_York")))
    assert story.day == date(2026, 11, 20)
    assert not story.shown.has_hour
    assert gathered(con, Window.ending(date(2026, 11, 19), 1, "America/New_York")).stories == ()


def test_a_text_without_a_date_is_news_of_the_day_it_was_found(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """And the page says so; what a backfill found without a date may be of any year."""
    save(con, "old", published_at=None, fetched_at=NOON, feed="")
    save(con, "one", published_at=None, fetched_at=NOON)
    digest = gathered(con)
    assert not only(digest).shown.is_dated
    assert "found 20 Nov 2026, 12:00 UTC" in site(digest)[paths.INDEX]


def test_a_story_shows_its_representative_its_first_teller_and_what_copies_changed(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """The copy shown need not be the first; copies stand in order of time."""
    save(con, "shown", text=BODY, at=NOON)
    save(con, "wire", text=BODY.replace(" and cut a ribbon of copper foil", ""),
         at=NOON - timedelta(hours=3))  # fmt: skip
    save(con, "late", text=BODY + " Vans will be dearer by two percent.", at=NOON + timedelta(1))
    save(con, "same", text=BODY, at=NOON + timedelta(hours=1), title="About shown")
    tell(con, "shown wire late same")
    story = only(gathered(con))
    assert story.shown.publisher == "The shown"
    assert story.first.publisher == "The wire"
    assert [copy.publisher for copy in story.copies] == ["The wire", "The same", "The late"]
    wire, same, late = (copy.change for copy in story.copies)
    assert wire
    assert same
    assert late
    assert (wire.words_added, wire.words_removed) == (0, 7)
    assert wire.removed == ("and cut a ribbon of copper foil.",)
    assert (same.words_added, same.words_removed) == (0, 0)
    assert (late.words_added, late.added) == (7, ("Vans will be dearer by two percent.",))
    assert (story.outlets, story.articles) == (4, 4)
    page = html.fromstring(site(gathered(con))[paths.INDEX])
    assert page.xpath("string(//summary)") == "Also in 3 outlets"
    assert len(page.xpath("//details//li")) == 3
    assert "word for word" in page.xpath("string(//details)")


def test_a_story_that_began_before_the_window_is_in_it_when_it_grows(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """On the day of its first article in the window; who was first is told all the same."""
    save(con, "old", at=NOON - timedelta(days=12))
    save(con, "new", at=NOON - timedelta(days=2))
    tell(con, "old new")
    story = only(gathered(con))
    assert story.day == date(2026, 11, 18)
    assert story.first.at == NOON - timedelta(days=12)
    assert gathered(con).articles == 1


def test_what_most_outlets_carry_stands_first_unless_asked_otherwise(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Within a day; days are always newest first."""
    save(con, "yesterday", at=NOON - timedelta(days=1))
    save(con, "big", "copy", at=NOON - timedelta(hours=2))
    save(con, "late", at=NOON)
    tell(con, "big copy")
    biggest = [story.shown.title for story in gathered(con).stories]
    newest = [story.shown.title for story in gathered(con, newest_first=True).stories]
    assert biggest == ["About big", "About late", "About yesterday"]
    assert newest == ["About late", "About big", "About yesterday"]


def test_companies_and_topics_have_pages_of_their_own(con: duckdb.DuckDBPyConnection) -> None:
    """Of the stories about them; what is only named in passing makes none."""
    save(con, "a", topics=("batteries", "electric-vehicles"))
    save(con, "b", at=NOON - timedelta(days=1))
    save(con, "past", at=NOON - timedelta(days=9))
    mention(con, "a", ["BYD", "CATL"])
    mention(con, "b", ["BYD"])
    mention(con, "b", ["Tesla"], main=False)
    mention(con, "past", ["BYD", "Northvolt"])
    digest = gathered(con)
    made = site(digest)
    assert {path for path in made if path.startswith("company/")} == {
        "company/byd.html",
        "company/catl.html",
    }
    assert "topic/electric-vehicles.html" in made
    assert "About a" in made["company/byd.html"]
    assert "About b" in made["company/byd.html"]
    moved = {one.subject.name: (one.now, one.before) for one in digest.trends.moved}
    assert moved == {"BYD": (2, 1), "CATL": (1, 0), "Northvolt": (0, 1)}
    assert digest.trends.by_topic["batteries"][date(2026, 11, 20)] == 1
    assert digest.trends.by_topic["batteries"][date(2026, 11, 19)] == 0


def test_key_figures_stand_on_the_card_and_on_the_page_of_their_company(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """As the article writes them, each once, in the order of the text, with their sentence."""
    save(con, "a")
    mention(con, "a", ["CATL"])
    con.executemany(
        "INSERT INTO core.figures (article_id, quantity, written, company, text, start_char) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            [article_id("a"), "money", "9 million <b>euros", None, "It cost 9 million.", 30],
            [article_id("a"), "energy", "20 GWh", "CATL", "CATL plans 20 GWh.", 5],
            [article_id("a"), "energy", "20 GWh", "CATL", "Again 20 GWh.", 50],
        ],
    )
    made = site(gathered(con))
    card = html.fromstring(made[paths.INDEX]).xpath("//ul[@class='nums']/li")
    assert [one.text_content() for one in card] == ["20 GWh CATL", "9 million <b>euros"]
    page = html.fromstring(made["company/catl.html"])
    assert [one.text_content() for one in page.xpath("//tbody/tr/th")] == ["20 GWh"]
    assert "CATL plans 20 GWh. The a, Fri 20 Nov" in page.xpath("string(//tbody/tr/td)")


def test_a_text_that_its_publisher_edited_says_so(con: duckdb.DuckDBPyConnection) -> None:
    """The text shown is the newest."""
    save(con, "a")
    con.execute("UPDATE core.articles SET version = 2")
    assert '<span class="note">edited</span>' in site(gathered(con))[paths.INDEX]


def test_a_store_published_before_there_were_tags_has_a_digest(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Without companies, with everything else."""
    save(con, "a")
    con.execute("DROP VIEW mentions")
    con.execute("DROP VIEW figures")
    made = site(gathered(con))
    assert "About a" in made[paths.INDEX]
    assert "No story of these days is about a company" in made[paths.COMPANIES]


def test_who_publishes_first_is_told_by_the_minutes_before_the_second(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Of stories that several publishers told, with an hour; a tie has no first."""
    for number, ahead in enumerate((30, 10, 0)):
        names = [f"wire{number}", f"paper{number}"]
        save(con, names[0], publisher="Wire", at=NOON - timedelta(minutes=ahead))
        save(con, names[1], publisher="Paper", at=NOON)
        tell(con, " ".join(names))
    save(con, "alone", publisher="Paper")
    outlets = {one.name: one for one in gathered(con).trends.outlets}
    wire, paper = outlets["Wire"], outlets["Paper"]
    assert (wire.articles, wire.shared, wire.firsts, wire.lead_minutes) == (3, 3, 2, 20)
    assert (paper.articles, paper.shared, paper.firsts, paper.lead_minutes) == (4, 3, 0, None)
    assert paper.copies + wire.copies == 3


def test_hostile_text_is_text_on_every_page(con: duckdb.DuckDBPyConnection) -> None:
    """Markup in any field is escaped, an address that acts is not linked, marks are taken out."""
    evil = "<script>alert(1)</script>\u202e\x1b]8;;x\x07'\"><img src=x onerror=alert(1)>"
    save(con, "a", title=evil, publisher=evil, text=f"{evil}. {BODY}", language='en" x="',
         topics=(evil,), url="javascript:alert(1)")  # fmt: skip
    save(con, "b", title=evil, publisher=f"{evil} b", text=BODY, url="data:text/html,x")
    tell(con, "a b")
    mention(con, "a", [evil])
    made = site(gathered(con, full_text=True))
    for path, text in made.items():
        assert "\u202e" not in text, path
        assert "\x1b" not in text, path
        if not path.endswith(".html"):
            continue
        page = html.fromstring(text)
        assert not page.xpath("//script[not(@src)] | //img | //*[@*[starts-with(name(), 'on')]]")
        assert not page.xpath("//*[@style] | //style"), path
        for link in page.xpath("//@href"):
            assert re.match(r"(?:https?://|(?:\.\./)*[a-z0-9/.#-]+$|data:,$|#)", link), (path, link)
        assert list(page.xpath("//script/@src")) == [paths.root_of(path) + paths.SCRIPT]
    assert "alert(1)" in made[paths.INDEX]
    assert "javascript:alert(1)" in html.fromstring(made[paths.INDEX]).text_content()
    assert "<script" not in made[paths.SEARCH]


def test_a_headline_without_end_does_not_fill_the_page(con: duckdb.DuckDBPyConnection) -> None:
    """Whatever is long is cut: names, an address that is shown; one so long is no link."""
    save(con, "a", title="T" * 100_000, publisher="P" * 100_000,
         url="https://a.example/" + "u" * 9_000, topics=("t" * 50_000,))  # fmt: skip
    made = site(gathered(con))
    assert len(made[paths.INDEX]) < 12_000
    assert len(made[paths.SEARCH]) < 3_000
    assert not html.fromstring(made[paths.INDEX]).xpath("//article//h3/a")


def test_links_to_others_tell_them_nothing_and_reach_nothing(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """No opener, no referrer, no weight for search engines; and no address of any third party."""
    save(con, "a")
    page = html.fromstring(site(gathered(con))[paths.INDEX])
    outside = [one for one in page.xpath("//a") if "://" in one.get("href")]
    assert outside
    assert {one.get("rel") for one in outside} == {"noopener noreferrer nofollow"}
    assert not [one for one in page.xpath("//link/@href | //script/@src") if "//" in one]
    policy = page.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_whole_texts_are_shown_only_where_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    """Otherwise a headline, a lead and a link, in the search index too."""
    ending = "The last sentence of a long report."
    save(con, "a", text=f"{BODY} {BODY} {ending}")
    assert all(ending not in text for text in site(gathered(con)).values())
    whole = site(gathered(con, full_text=True))
    assert ending in whole[paths.story_page(article_id("a"))]
    assert "private use" in whole[paths.INDEX]


def test_every_story_is_found_by_the_search_at_the_place_it_names(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """The index names pages that there are, with an anchor that stands on them."""
    for number in range(6):
        save(con, f"n{number}", at=NOON - timedelta(days=number), title=f"Größe </script> {number}")
    made = site(gathered(con))
    said = made[paths.SEARCH]
    rows = json.loads(said.removeprefix("voltwireSearch(").removesuffix(");\n"))
    assert len(rows) == 6
    for row in rows:
        path, _, anchor = row[4].partition("#")
        assert html.fromstring(made[path]).xpath(f"//article[@id='{anchor}']//h3")
        assert row[0].startswith("Größe </script>")


def test_every_link_inside_the_site_leads_to_a_page(con: duckdb.DuckDBPyConnection) -> None:
    """Feeds apart, which are made beside."""
    save(con, "a", "b", topics=("batteries",))
    save(con, "c", at=NOON - timedelta(days=3))
    tell(con, "a b")
    mention(con, "a", ["BYD"])
    made = site(gathered(con, full_text=True))
    for path, text in made.items():
        if not path.endswith(".html"):
            continue
        for link in html.fromstring(text).xpath("//@href | //@src"):
            if "://" in link or link == "data:," or "feeds/" in link:
                continue
            place, _, anchor = link.partition("#")
            target = (Path("/") / Path(path).parent / place).as_posix() if place else f"/{path}"
            target = str(Path(target).resolve()).lstrip("/") if ".." in target else target[1:]
            assert target in made, (path, link)
            if anchor:
                assert html.fromstring(made[target]).xpath(f"//*[@id='{anchor}']"), (path, link)


def test_a_digest_of_nothing_says_so(con: duckdb.DuckDBPyConnection) -> None:
    """All pages are there, and none looks broken."""
    made = site(gathered(con))
    assert "Nothing was published in these days" in made[paths.INDEX]
    assert "too little in these days to draw" in made[paths.TRENDS]
    assert "knows no feeds" in made[paths.HEALTH]
    assert not [path for path in made if path.startswith("days/")]
    assert json.loads(made[paths.SEARCH].removeprefix("voltwireSearch(").removesuffix(");\n")) == []


def test_a_busy_week_keeps_the_first_page_small(con: duckdb.DuckDBPyConnection) -> None:
    """Days are cut into parts; each story stands on one of them."""
    long = BODY + " " + "More was said of it all. " * 30
    names = [f"s{number}" for number in range(250)]
    for day in range(2):
        save(con, *names[day::2], at=NOON - timedelta(days=day), text=long, topics=("batteries",))
    made = site(gathered(con))
    weight = sum(len(made[path].encode()) for path in (paths.INDEX, paths.STYLE, paths.SCRIPT))
    assert weight < 200_000
    on_days = [
        anchor
        for path, text in made.items()
        if path.startswith("days/")
        for anchor in html.fromstring(text).xpath("//article/@id")
    ]
    assert len(on_days) == len(set(on_days)) == 250
    assert len(html.fromstring(made[paths.INDEX]).xpath("//article")) <= PAGE.cards
    assert "All 125 stories of Friday 20 November 2026" in made[paths.INDEX]
    assert 'aria-current="page"><span class="hide">Part </span>2<' in made["days/2026-11-20-2.html"]


def test_a_year_is_shown_by_its_days_with_stories_and_by_months(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Days of which there is nothing have no page, and none leads to them."""
    for days in (0, 40, 41, 200):
        save(con, f"d{days}", at=NOON - timedelta(days=days))
    made = site(gathered(con, Window.ending(date(2026, 11, 20), 365)))
    assert len([path for path in made if path.startswith("days/")]) == 4
    page = html.fromstring(made["days/2026-10-11.html"])
    assert page.xpath("//nav[@class='turn']//@href") == [
        "../days/2026-11-20.html",
        "../days/2026-10-10.html",
    ]
    table = made[paths.table("stories")].splitlines()
    assert len(table) == 14
    assert table[-2:] == ["2026-10,2", "2026-11,1"]


def test_the_same_store_makes_the_same_site(con: duckdb.DuckDBPyConnection) -> None:
    """Byte for byte: a web server answers "not modified" until something is."""
    save(con, "a", "b")
    tell(con, "a b")
    first = list(pages.files(gathered(con)))
    assert first == list(pages.files(gathered(con)))
    assert all(isinstance(one, SiteFile) for one in first)


def test_feeds_that_want_a_look_are_told_apart(con: duckdb.DuckDBPyConnection) -> None:
    """What is wrong stands above, with what to do; what is switched off below."""
    con.execute(
        "INSERT INTO core.feeds (slug, url, publisher, enabled, every_minutes) VALUES "
        "('good', 'https://a.example/', 'Good', true, 60), "
        "('gone', 'https://b.example/', 'Gone <b>', true, 60), "
        "('off', 'https://c.example/', 'Off', false, 60)"
    )
    con.execute(
        "INSERT INTO core.feed_states (slug, state, detail, failures) VALUES "
        "('gone', 'gone', 'HTTP 410', 1), ('good', 'ok', '', 0)"
    )
    page = html.fromstring(site(gathered(con))[paths.HEALTH])
    heads = [one.text_content() for one in page.xpath("//section/h2")]
    assert heads == ["Worth a look", "Well", "Switched off"]
    assert "Gone <b>" in page.xpath("string(//section[h2='Worth a look'])")
    assert "2 feeds, 1 wants a look." in page.text_content()


def test_subjects_are_one_whatever_is_known_of_them() -> None:
    """A ticker that is known in one place only makes no second company."""
    assert Subject("company", "BYD", "SZSE:002594") == Subject("company", "BYD")


def test_a_refused_folder_is_told_before_the_store_is_read(tmp_path: Path) -> None:
    """A slip in --output costs nothing."""
    from flows.site.build import build

    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FolderRefused):
        build(tmp_path / "no store", tmp_path, window=WEEK)
