"""Two days of the demo newsroom, from the feeds to the views, against its truth file."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.archive import read_pages
from ingest.catalogue import load_feeds
from ingest.parse import ParsedFeed, parse_feed
from ingest.urls import canonical_url
from storage.store import Store

NEWSROOM = Path(__file__).parents[1] / "flows" / "demo"
TRUTH: dict[str, Any] = json.loads((NEWSROOM / "expected.json").read_text(encoding="utf-8"))
REFUSED = {row["url"] for row in TRUTH["rejected"]}
PAGES = [page for page in TRUTH["pages"] if page["url"] not in REFUSED]


@pytest.fixture(scope="module")
def con(demo: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    with Store(demo.store).read() as opened:
        yield opened


@pytest.fixture(scope="module")
def id_of(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Canonical URL, or any other that leads there -> article_id."""
    return dict(con.execute("SELECT url, article_id FROM article_urls").fetchall())


@pytest.fixture(scope="module")
def stored(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """article_id -> row of ``articles``."""
    answer = con.execute("SELECT * FROM articles")
    names = [column[0] for column in answer.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row["article_id"]: row for row in rows}


def article(id_of: dict[str, str], stored: dict[str, Any], url: str) -> dict[str, Any]:
    found: dict[str, Any] = stored[id_of[canonical_url(url)]]
    return found


def test_every_expected_page_is_an_article(id_of: dict[str, str]) -> None:
    """No page that can be read is lost."""
    assert [page["url"] for page in PAGES if canonical_url(page["url"]) not in id_of] == []


def test_there_is_no_article_beyond_the_expected(
    stored: dict[str, Any], id_of: dict[str, str]
) -> None:
    """One article a page, and one for each text that the feed alone carries."""
    assert len(stored) == TRUTH["totals"]["articles"]
    pages = {id_of[canonical_url(page["url"])] for page in PAGES}
    assert len(pages) == len(PAGES)
    rest = [row for article_id, row in stored.items() if article_id not in pages]
    expected = [text["title"] for text in TRUTH["feed_texts"]]
    assert sorted(row["title"] for row in rest) == sorted(expected)


@pytest.mark.parametrize("field", ["publisher", "title", "language", "feed", "author"])
def test_an_article_says_of_itself_what_its_page_does(
    field: str, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """Publisher, title, language, feed and author are those of the page, on every layout."""
    wrong = {
        page["url"]: (article(id_of, stored, page["url"])[field], page[field])
        for page in PAGES
        if article(id_of, stored, page["url"])[field] != page[field]
    }
    assert wrong == {}


def test_publication_times_are_those_of_the_pages(
    id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """To the second and in UTC, whatever zone and notation the page used."""
    wrong = {}
    for page in PAGES:
        at = article(id_of, stored, page["url"])["published_at"]
        if at is None or at.isoformat() != page["published"]:
            wrong[page["url"]] = (at, page["published"])
    assert wrong == {}


def test_page_texts_come_from_pages(id_of: dict[str, str], stored: dict[str, Any]) -> None:
    """``text_source`` says page for every article whose page was read."""
    sources = {article(id_of, stored, page["url"])["text_source"] for page in PAGES}
    assert sources == {"page"}


def test_texts_that_only_the_feed_has_come_from_the_feed(stored: dict[str, Any]) -> None:
    """A full text in the feed is an article, with or without a link, and says so."""
    for text in TRUTH["feed_texts"]:
        (row,) = [row for row in stored.values() if row["title"] == text["title"]]
        assert row["text_source"] == "feed"
        assert (row["publisher"], row["language"]) == (text["publisher"], text["language"])
        assert row["author"] == text["author"]
        assert row["published_at"].isoformat() == text["published"]
        assert row["words"] > 60


def test_every_article_is_of_this_business(stored: dict[str, Any]) -> None:
    """The gate let nothing through without a topic that it can name, focus feeds aside."""
    untold = [row["url"] for row in stored.values() if not row["topics"]]
    assert not [url for url in untold if "saltmeremercury" in url]


def test_what_is_no_article_has_its_stage_and_reason(con: duckdb.DuckDBPyConnection) -> None:
    """Page by page as the truth file says, besides the two feeds that brought nothing."""
    expected = {(row["url"], row["feed"], row["stage"], row["reason"]) for row in TRUTH["rejected"]}
    for feed in TRUTH["feeds"]:
        if feed["state"] == "failing":
            expected.add((feed["url"], feed["slug"], "poll", "http_503"))
        elif feed["state"] == "html":
            expected.add((feed["url"], feed["slug"], "parse", "html"))
    rows = con.execute("SELECT url, feed, stage, reason FROM rejections").fetchall()
    assert set(rows) == expected
    assert len(rows) == len(expected)


def test_the_doubled_page_says_each_paragraph_once_and_in_order(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """The body stood twice; the text keeps one whole copy and ``repeats`` shows what went."""
    (truth,) = TRUTH["doubled"]
    row = article(id_of, stored, truth["url"])
    text = " ".join(row["text"].split())
    blocks = [" ".join(block.split()) for block in truth["paragraphs"]]
    assert [text.count(block) for block in blocks] == [1] * len(blocks)
    places = [text.index(block) for block in blocks]
    assert places == sorted(places)
    # nothing beside the paragraphs is left over but separators
    for block in blocks:
        text = text.replace(block, "")
    assert not text.strip()
    cuts = con.execute(
        "SELECT words, similarity, removed_text FROM repeats WHERE article_id = $1",
        [row["article_id"]],
    ).fetchall()
    removed = " ".join(" ".join(cut[2] for cut in cuts).split())
    assert all(block in removed for block in blocks[truth["lost"] :])
    assert all(cut[0] > 0 and cut[1] > 0.9 for cut in cuts)


def test_no_other_page_lost_text_to_the_cutter(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str]
) -> None:
    """Only the page that was built doubled has repeats."""
    cut = {row[0] for row in con.execute("SELECT DISTINCT article_id FROM repeats").fetchall()}
    assert cut == {id_of[canonical_url(truth["url"])] for truth in TRUTH["doubled"]}


def test_stories_are_the_true_partition(id_of: dict[str, str], stored: dict[str, Any]) -> None:
    """Copies of a wire text are one story in every form; every other article is its own."""
    truth: dict[str, str] = {}
    for story, urls in TRUTH["stories"].items():
        truth.update({id_of[canonical_url(url)]: story for url in urls})
    found: dict[str, set[str]] = defaultdict(set)
    for article_id, row in stored.items():
        found[row["story_id"]].add(article_id)
    expected: dict[str, set[str]] = defaultdict(set)
    for article_id in stored:
        expected[truth.get(article_id, article_id)].add(article_id)
    titles = {article_id: row["url"] for article_id, row in stored.items()}
    assert sorted(sorted(titles[one] for one in group) for group in found.values()) == sorted(
        sorted(titles[one] for one in group) for group in expected.values()
    )


def test_each_story_shows_one_of_its_own(con: duckdb.DuckDBPyConnection) -> None:
    """``news`` has one row a story, with the counts of its members."""
    wrong = con.execute(
        "SELECT n.story_id FROM news n JOIN articles a USING (article_id) "
        "WHERE a.story_id <> n.story_id OR NOT a.is_representative "
        "OR n.copies <> (SELECT count(*) FROM articles b WHERE b.story_id = n.story_id)"
    ).fetchall()
    assert wrong == []
    (stories, rows), *_ = con.execute(
        "SELECT count(DISTINCT story_id), (SELECT count(*) FROM news) FROM articles"
    ).fetchall()
    assert stories == rows


def test_a_whole_copy_is_shown_rather_than_a_cut_one(
    id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """The representative is no teaser and no truncated copy."""
    forms = {page["url"]: page["form"] for page in PAGES}
    for urls in TRUTH["stories"].values():
        (shown,) = [url for url in urls if article(id_of, stored, url)["is_representative"]]
        assert forms[shown] not in ("teaser", "truncated")


def test_each_copy_is_linked_to_the_one_that_is_shown(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """``duplicates`` names for every copy its representative, and why."""
    rows = con.execute(
        "SELECT article_id, of_article_id, relation, reason FROM duplicates"
    ).fetchall()
    linked = {(one, other): (relation, reason) for one, other, relation, reason in rows}
    for urls in TRUTH["stories"].values():
        members = [article(id_of, stored, url) for url in urls]
        (shown,) = [row["article_id"] for row in members if row["is_representative"]]
        for row in members:
            if row["article_id"] != shown:
                assert linked[row["article_id"], shown][1]


def test_contained_texts_are_linked_and_not_welded(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """A longer piece that quotes a text whole is linked to it and stays a story of its own."""
    rows = con.execute("SELECT article_id, of_article_id, relation FROM duplicates").fetchall()
    relations = {(one, other): relation for one, other, relation in rows}
    for truth in TRUTH["contains"]:
        longer = article(id_of, stored, truth["url"])
        shorter = article(id_of, stored, truth["of_url"])
        assert longer["story_id"] != shorter["story_id"]
        pair = (longer["article_id"], shorter["article_id"])
        found = {relations.get(pair), relations.get((pair[1], pair[0]))} - {None}
        assert found <= {"contains", "contained_in"}
        assert found, truth


def test_look_alikes_stay_apart(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """Two price reports, two earnings and two lab notes share a shape and are not linked."""
    rows = con.execute("SELECT article_id, of_article_id FROM duplicates").fetchall()
    linked = {frozenset(row) for row in rows}
    for one, other in TRUTH["distinct"]:
        left, right = article(id_of, stored, one), article(id_of, stored, other)
        assert left["story_id"] != right["story_id"]
        assert frozenset((left["article_id"], right["article_id"])) not in linked


def test_the_edited_article_keeps_both_versions(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str], stored: dict[str, Any]
) -> None:
    """What readers saw on the first day is still there; the articles view shows the second."""
    (truth,) = TRUTH["edited"]
    row = article(id_of, stored, truth["url"])
    versions = con.execute(
        "SELECT version, text, words_added, words_removed FROM article_versions "
        "WHERE article_id = $1 ORDER BY version",
        [row["article_id"]],
    ).fetchall()
    assert [version[0] for version in versions] == [1, 2]
    assert row["version"] == 2
    for (_, text, _, _), blocks in zip(versions, (truth["before"], truth["after"]), strict=True):
        assert [block for block in blocks if block not in text] == []
    assert row["text"] == versions[1][1]
    # the old figure stands in the correction note, so no word went for good
    assert versions[1][2:] == (28, 0)
    edited = con.execute("SELECT count(*) FROM articles WHERE version > 1").fetchone()
    assert edited == (len(TRUTH["edited"]),)


def test_a_page_under_two_addresses_is_one_article(id_of: dict[str, str]) -> None:
    """Tracking parameters and a mobile path lead to the article that is there."""
    for truth in TRUTH["same_page"]:
        ids = {id_of[canonical_url(url)] for url in [truth["url"], *truth["listed"]]}
        assert len(ids) == 1


def test_citations_lead_to_the_articles_that_are_cited(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str]
) -> None:
    """A link in a text is kept, with the article behind it where the store has that."""
    rows = con.execute("SELECT article_id, canonical_url, cited_article_id FROM citations")
    found = {(one, url): cited for one, url, cited in rows.fetchall()}
    for truth in TRUTH["citations"]:
        target = canonical_url(truth["cited"])
        key = (id_of[canonical_url(truth["url"])], target)
        assert key in found, truth
        assert found[key] == id_of.get(target)


def test_feed_health_is_what_the_newsroom_was_built_with(con: duckdb.DuckDBPyConnection) -> None:
    """Two feeds fail, each in its way; the broken one delivers and says that it is broken."""
    rows = con.execute(
        "SELECT slug, state, detail, publisher, last_polled_at, last_success_at FROM feed_health"
    ).fetchall()
    assert {row[0]: row[1] for row in rows} == {
        feed["slug"]: feed["state"] for feed in TRUTH["feeds"]
    }
    told = {row[0]: row for row in rows}
    for feed in TRUTH["feeds"]:
        _, state, detail, publisher, polled, success = told[feed["slug"]]
        assert publisher == feed["publisher"]
        assert polled is not None
        assert (success is None) == (state in ("failing", "html"))
        assert bool(detail) == (state != "ok" or feed["broken"])


def test_the_runs_failed_feeds_and_nothing_else(demo: Any) -> None:
    """Each run reports the two feeds that fail and ends with exit code 1."""
    broken = {feed["slug"] for feed in TRUTH["feeds"] if feed["state"] != "ok"}
    for report in (demo.first, demo.second, demo.again):
        assert set(report.feeds_failed) == broken
        assert report.state == "completed_with_failures"
        assert report.exit_code == 1
        assert report.feeds == TRUTH["totals"]["feeds"]


def test_every_entry_of_every_run_is_accounted_for(demo: Any) -> None:
    """Stored, edited, known and rejected add up to the entries; reasons to the rejections."""
    for report in (demo.first, demo.second, demo.again):
        assert report.stored + report.edited + report.known + report.rejected == report.entries
        assert sum(report.reasons.values()) == report.rejected
    for report, day in ((demo.first, "1"), (demo.second, "2")):
        assert report.entries == sum(feed["entries"][day] for feed in TRUTH["feeds"])
    assert demo.first.stored == TRUTH["totals"]["articles_day_1"]
    assert demo.first.stored + demo.second.stored == TRUTH["totals"]["articles"]
    assert (demo.first.edited, demo.second.edited) == (0, len(TRUTH["edited"]))


def test_the_runs_are_on_record(con: duckdb.DuckDBPyConnection, demo: Any) -> None:
    """``runs`` tells the same figures as the reports."""
    rows = con.execute(
        "SELECT run_id, kind, state, feeds, entries, stored, duplicates, rejected FROM runs "
        "ORDER BY started_at, run_id"
    ).fetchall()
    reports = {report.run_id: report for report in (demo.first, demo.second, demo.again)}
    assert {row[0] for row in rows} == set(reports)
    for row in rows:
        report = reports[row[0]]
        assert row[1:] == (
            "ingest", report.state, report.feeds, report.entries, report.stored,
            report.duplicates, report.rejected,
        )  # fmt: skip


def test_the_second_day_once_more_changes_nothing(
    con: duckdb.DuckDBPyConnection, demo: Any
) -> None:
    """A repeated run stores and edits nothing, fetches no page and leaves every text alone."""
    assert (demo.again.stored, demo.again.edited, demo.again.fetched) == (0, 0, 0)
    latest = con.execute("SELECT max(fetched_at) FROM articles").fetchone()
    seen = con.execute("SELECT max(seen_at) FROM article_versions").fetchone()
    assert latest is not None
    assert seen is not None
    assert latest[0] <= demo.second.ended_at
    assert seen[0] <= demo.second.ended_at


def test_every_listed_entry_is_an_article_or_a_rejection(
    con: duckdb.DuckDBPyConnection, id_of: dict[str, str]
) -> None:
    """Each address that a feed ever listed leads to an article, or to the reason why not."""
    feeds = {feed.url: feed for feed in load_feeds(NEWSROOM / "feeds.toml")}
    refused = {
        canonical_url(url) for (url,) in con.execute("SELECT url FROM rejections").fetchall()
    }
    listed = Counter[str]()
    for page in read_pages(NEWSROOM / "newsroom.warc.gz"):
        feed = feeds.get(page.url)
        if feed is None or page.status != 200:
            continue
        parsed = parse_feed(
            page.body, url=page.url, content_type=page.content_type, feed=feed, now=page.fetched_at
        )
        if isinstance(parsed, ParsedFeed):
            listed.update(entry.canonical_url for entry in parsed.entries)
    assert len(listed) >= TRUTH["totals"]["articles"]
    assert [url for url in listed if url not in id_of and url not in refused] == []
    assert set(id_of) & refused == set()
    known = {row[0] for row in con.execute("SELECT canonical_url FROM entries").fetchall()}
    assert set(listed) - known == set()


def test_a_replay_writes_no_archive(demo: Any) -> None:
    """What a replay reads is archived already."""
    assert not list((demo.store / "archive").rglob("*"))


def test_no_two_articles_of_one_text_stand_unlinked(stored: dict[str, Any]) -> None:
    """Equal texts are always in one story."""
    by_text: dict[str, set[str]] = defaultdict(set)
    for row in stored.values():
        by_text[" ".join(row["text"].split())].add(row["story_id"])
    assert [stories for stories in by_text.values() if len(stories) > 1] == []
