"""What SQL users are promised: views, their columns, comments and example queries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dedupe.models import Repeat
from ingest.models import Feed, FeedState, Gap
from storage import articles, describe, entries, feeds, gaps, matches, rejections, runs, stories
from storage.models import EntryOutcome, RunCounts

PROMISED = {
    "articles": "article_id url canonical_url feed publisher title author language published_at "
    "published_from fetched_at text words text_source topics version story_id is_representative "
    "published_on published_raw modified_at section tags image notice metadata_from",
    "news": "story_id article_id title url publisher published_at text copies publishers",
    "stories": "story_id representative_id title first_published_at last_published_at articles "
    "publishers origin first_publisher",
    "duplicates": "article_id of_article_id relation jaccard containment reason",
    "repeats": "article_id start_char end_char of_start_char of_end_char words similarity "
    "removed_text",
    "citations": "article_id url canonical_url cited_article_id",
    "article_versions": "article_id version seen_at title text words_added words_removed",
    "rejections": "url feed stage reason detail first_at last_at attempts retry_at",
    "feed_health": "slug url publisher state last_polled_at last_success_at last_delivered_at "
    "entries_30d interval next_poll_at detail",
    "coverage": "feed day route found stored state",
    "gaps": "feed from_at to_at detected_at repaired_at route",
    "runs": "run_id kind started_at ended_at state feeds entries fetched stored duplicates "
    "rejected detail",
    "entries": "url canonical_url feed guid outcome article_id first_seen_at last_checked_at",
    "article_urls": "url article_id",
    "mentions": "article_id kind name ticker count in_title in_lede is_main start_char form",
    "figures": "article_id quantity value unit text company value_high start_char",
}


@pytest.mark.parametrize("view", PROMISED)
def test_a_view_has_the_promised_columns_in_order(con, view):
    """Columns are as promised; others only at the end."""
    promised = PROMISED[view].split()
    assert [name for name, _, _ in describe.columns(con)[view]][: len(promised)] == promised


def test_nothing_but_the_described_views_is_offered(con):
    """Every view is in the promise, with a comment on it and on each of its columns."""
    described = describe.columns(con)
    assert set(described) == set(PROMISED)
    assert [(v, c) for v, cs in described.items() for c, _, comment in cs if not comment] == []
    uncommented = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    assert con.execute(uncommented).fetchall() == []


def test_times_are_timestamps_with_time_zone(con):
    """Every column of a moment is TIMESTAMPTZ."""
    for view, described in describe.columns(con).items():
        for name, kind, _ in described:
            if name.endswith("_at"):
                assert kind == "TIMESTAMPTZ", (view, name)


@pytest.mark.parametrize("view", PROMISED)
def test_the_example_query_of_a_view_runs(con, view):
    """What the documentation shows can be pasted."""
    con.execute(describe.examples()[view]).fetchall()


def test_the_written_description_is_up_to_date(con):
    """docs/schema.md is what the comments say; renew it with python -m storage.describe."""
    written = Path(__file__).parents[2] / "docs" / "schema.md"
    assert written.read_text(encoding="utf-8") == describe.schema_markdown(con)


def _rows(con, view, columns="*"):
    return con.execute(f"SELECT {columns} FROM {view} ORDER BY ALL").fetchall()


def _id(name):
    return name.ljust(12, "0")


@pytest.fixture
def newsroom(con, build):
    """a, b, c are one story (c through b only), d stands whole in e, f is alone."""
    articles.save(
        con,
        [
            build.prepared(
                name, publisher=f"P{number // 2}", published_at=build.noon + timedelta(hours=number)
            )
            for number, name in enumerate("abcdef")
        ],
    )
    matches.save(
        con,
        [
            build.match("a", "b", "exact", 1.0), build.match("b", "c", "near", 0.8),
            build.match("d", "e", "contained_in", 0.3),
        ],
    )  # fmt: skip
    stories.apply(con, build.plan("a b c", "d", "e"), build.noon)
    return con


def test_news_has_one_row_a_story(newsroom):
    """Copies are counted, not shown; an article without any story is its own."""
    assert _rows(newsroom, "news", "article_id, copies, publishers") == [
        (_id("a"), 3, 2), (_id("d"), 1, 1), (_id("e"), 1, 1), (_id("f"), 1, 1),
    ]  # fmt: skip


def test_stories_span_their_articles(newsroom, build):
    """First and last publication, and the counts, come from the members."""
    first = _rows(newsroom, "stories", "story_id, first_published_at, last_published_at, articles")
    assert first[0] == (_id("a"), build.noon, build.noon + timedelta(hours=2), 3)
    assert len(first) == 4


def test_every_copy_is_linked_to_its_representative(newsroom):
    """Direct links carry figures, indirect ones the bridge; containment reads right."""
    found = _rows(newsroom, "duplicates", "article_id, of_article_id, relation, jaccard, reason")
    assert found == [
        (_id("b"), _id("a"), "exact", 1.0, "a b"),
        (_id("c"), _id("a"), "near", None, f"same story through {_id('b')}: b c"),
        (_id("d"), _id("e"), "contained_in", 0.3, "d e"),
    ]
    copies = _rows(newsroom, "articles WHERE NOT is_representative", "article_id")
    assert copies == [(_id("b"),), (_id("c"),)]


def test_a_containment_inside_a_story_stands_once(con, build):
    """A copy that is contained in its representative has one row."""
    articles.save(con, [build.prepared("a"), build.prepared("b")])
    matches.save(con, [build.match("a", "b", "contains")])
    stories.apply(con, build.plan("a b"), build.noon)
    assert _rows(con, "duplicates", "article_id, of_article_id, relation") == [
        (_id("b"), _id("a"), "contained_in")
    ]


def test_feed_health_shows_feeds_never_asked(con, build):
    """A configured feed is there from the start, with its cadence."""
    feeds.save_feeds(con, [Feed(slug="a", url="https://a/", publisher="A", every_minutes=45)])
    columns = 'slug, url, state, entries_30d, "interval", detail'
    assert _rows(con, "feed_health", columns) == [
        ("a", "https://a/", "new", 0, timedelta(minutes=45), "")
    ]
    state = FeedState(
        slug="a", state="failing", detail="503", url="https://a/2", last_polled_at=build.noon,
        next_poll_at=build.noon + timedelta(hours=2),
    )  # fmt: skip
    feeds.save_states(con, [state])
    assert _rows(con, "feed_health", columns) == [
        ("a", "https://a/2", "failing", 0, timedelta(hours=2), "503")
    ]


def test_feed_health_ranks_by_urgency_and_says_what_to_do(con):
    """Every state has its advice save those where nothing is to be done; the worst lead."""
    names = ["gone", "html", "blocked", "failing", "lying_304", "moved", "quiet", "ok"]
    all_feeds = [Feed(slug=name, url=f"https://{name}/", publisher="") for name in names]
    feeds.save_feeds(con, all_feeds)
    states = [FeedState(slug=name, state=name, moved_to="https://new/") for name in names]
    feeds.save_states(con, states)
    found = con.execute("SELECT slug, advice FROM feed_health ORDER BY rank").fetchall()
    assert [slug for slug, _ in found] == names
    assert [slug for slug, advice in found if not advice] == ["ok"]
    assert "https://new/" in dict(found)["moved"]


def test_feed_health_names_the_address_to_try(con):
    """A page that names its feed, a name for sale and a login are each told what they need."""
    details = {
        "html": "html: a web page; it names the feed https://a/new.xml",
        "blocked": "html: a parked domain: a.example",
    }
    feeds.save_feeds(
        con, [Feed(slug=name, url=f"https://{name}/", publisher="") for name in details]
    )
    feeds.save_states(
        con, [FeedState(slug=name, state=name, detail=details[name]) for name in details]
    )
    told = dict(con.execute("SELECT slug, advice FROM feed_health").fetchall())
    assert told["html"].startswith("put https://a/new.xml into the list")
    assert "for sale" in told["blocked"]


def test_feed_health_counts_open_gaps(con, build):
    """A feed that is well but has lost entries is not at the end of the list."""
    feeds.save_feeds(con, [Feed(slug=name, url=f"https://{name}/", publisher="") for name in "ab"])
    feeds.save_states(con, [FeedState(slug=name, state="ok", per_day=3.0) for name in "ab"])
    hole = Gap(feed="b", from_at=build.noon, to_at=build.noon, detected_at=build.noon)
    gaps.save(con, [hole, replace(hole, to_at=build.noon + timedelta(1), repaired_at=build.noon)])
    query = "SELECT slug, open_gaps, per_day, advice <> '' FROM feed_health ORDER BY rank"
    assert con.execute(query).fetchall() == [("b", 1, 3.0, True), ("a", 0, 3.0, False)]


def test_every_entry_is_an_article_or_a_rejection(con, build):
    """The books of a small run balance."""
    articles.save(con, [build.prepared("a")])
    refused = build.rejection("b")
    entries.save(
        con,
        [
            EntryOutcome(entry=build.entry("a"), article_id=_id("a"), at=build.noon),
            EntryOutcome(entry=build.entry("b"), rejection=refused, at=build.noon),
        ],
    )
    rejections.save(con, [refused])
    runs.start(con, run_id="r", kind="ingest", at=build.noon)
    runs.finish(con, "r", at=build.noon, state="completed", counts=RunCounts(entries=2, stored=1))
    open_ones = (
        "SELECT e.canonical_url FROM entries e LEFT JOIN articles a USING (article_id) "
        "LEFT JOIN rejections r ON r.url = e.canonical_url "
        "WHERE a.article_id IS NULL AND r.url IS NULL"
    )
    assert con.execute(open_ones).fetchall() == []
    assert _rows(con, "runs", "run_id, state, entries, stored") == [("r", "completed", 2, 1)]


def test_repeats_tell_what_was_cut(con, build):
    """Offsets and the text itself are there."""
    cut = Repeat(start=5, end=9, of_start=0, of_end=4, words=1, similarity=0.9, removed_text="cell")
    articles.save(con, [build.prepared("a", repeats=(cut,))])
    assert _rows(con, "repeats") == [(_id("a"), 5, 9, 0, 4, 1, 0.9, "cell")]
