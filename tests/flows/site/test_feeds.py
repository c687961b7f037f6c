"""Feeds for readers: what they hold, that they are right, and what a reader sees over time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import feedparser
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from flows.site import atom, feeds, folder, paths
from flows.site.entries import Feed, entry_of
from flows.site.feed_policy import FeedPolicy
from flows.site.jsonfeed import json_feed
from flows.site.model import Options, SiteFile, Subject
from flows.site.syndicated import Copy, Merged, Syndicated
from ingest.opml import read_opml
from storage import articles
from storage.store import Store, connect_memory
from tests.conftest import DemoRuns
from tests.flows.site.newsdesk_support import NOON, UNTIL, article_id, mention, prepared, save, tell

HERE = Path(__file__).parent
CATL, BYD = Subject("company", "CATL"), Subject("company", "BYD")
SITE = Options(site_url="https://news.example/ev/")
ATOM = "{http://www.w3.org/2005/Atom}"
GRAMMAR = etree.RelaxNG(etree.parse(str(HERE / "atom.rng")))
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((HERE / "jsonfeed.schema.json").read_text()),
    format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
)
# What a terminal or a page obeys, and what turns the direction of text.
FORBIDDEN = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202d\u202e\u2066",
}
FORBIDDEN -= {"\n"}


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = connect_memory()
    yield opened
    opened.close()


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty store, in one transaction that is taken back."""
    empty.execute("BEGIN")
    yield empty
    empty.execute("ROLLBACK")


def made(
    con: duckdb.DuckDBPyConnection, options: Options = SITE, **limits: Any
) -> dict[str, bytes]:
    policy = FeedPolicy(**limits)
    found = list(feeds.files(con, UNTIL, options, policy=policy))
    assert len({file.path for file in found}) == len(found)
    return {file.path: file.content for file in found}


def items(files: dict[str, bytes], path: str = "feeds/all.json") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files[path])["items"]
    return found


def check_atom(content: bytes) -> Any:
    """Hold a feed to the grammar, to the RFC's rules that no grammar says, and to feedparser."""
    tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
    assert GRAMMAR.validate(tree), GRAMMAR.error_log.last_error
    ids = [one.text for one in tree.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids)), "each id once in a feed"
    assert all(one and one.startswith("urn:uuid:") for one in ids)
    assert all(entry.find(f"{ATOM}author/{ATOM}name").text for entry in tree.iter(f"{ATOM}entry"))
    for entry in tree.iter(f"{ATOM}entry"):
        links = [link.attrib for link in entry.iter(f"{ATOM}link")]
        assert sum(link["rel"] == "alternate" for link in links) <= 1
        assert all(link["href"].startswith(("http://", "https://")) for link in links)
        assert entry.find(f"{ATOM}content") is not None
    assert not FORBIDDEN & set("".join(tree.itertext()))
    parsed = feedparser.parse(BytesIO(content))
    assert not parsed.bozo, parsed.bozo_exception
    assert parsed.version == "atom10"
    assert len(parsed.entries) == len(list(tree.iter(f"{ATOM}entry")))
    return parsed


def check_json(content: bytes) -> None:
    said = json.loads(content)
    SCHEMA.validate(said)
    ids = [item["id"] for item in said["items"]]
    assert len(ids) == len(set(ids))
    assert not FORBIDDEN & set(json.dumps(said, ensure_ascii=False))


def check(files: dict[str, bytes]) -> None:
    for path, content in files.items():
        if path.endswith(".atom"):
            check_atom(content)
        elif path.endswith(".json"):
            check_json(content)


# --- what they hold ------------------------------------------------------------------------------


def test_the_feeds_of_the_demo_are_right(demo: DemoRuns) -> None:
    """Atom by the grammar of RFC 4287 and feedparser, JSON Feed by its schema, OPML by our reader;
    each story once, in as many entries as there are stories."""
    with Store(demo.store).read() as con:
        until = datetime(2026, 11, 4, tzinfo=UTC)
        files = {file.path: file.content for file in feeds.files(con, until, SITE)}
        stories = con.execute("SELECT count(*) FROM stories").fetchone()
    check(files)
    assert stories is not None
    assert len(items(files)) == stories[0]
    listed = read_opml(files[paths.OPML])
    assert {f"{one.url}" for one in listed} == {
        f"https://news.example/ev/{path}" for path in files if path.endswith(".atom")
    }


def test_a_story_is_one_entry_with_its_other_outlets(con: duckdb.DuckDBPyConnection) -> None:
    """Each outlet once and with a link, in order of time; the one shown is not among them."""
    save(con, "alpha", at=NOON)
    save(con, "beta", at=NOON + timedelta(hours=1))
    save(con, "gamma", at=NOON + timedelta(hours=2))
    save(con, "delta", at=NOON + timedelta(hours=3), publisher="the BETA")
    tell(con, "alpha beta gamma delta")
    files = made(con)
    (item,) = items(files)
    assert item["authors"] == [{"name": "The alpha"}]
    assert item["url"] == "https://alpha.example/news"
    assert [one["name"] for one in item["_voltwire"]["also"]] == ["The beta", "The gamma"]
    assert 'Also in 2 outlets: <a href="https://beta.example/news"' in item["content_html"]
    assert item["date_published"] == "2026-11-20T12:00:00Z"
    (entry,) = check_atom(files["feeds/all.atom"]).entries
    assert [one.href for one in entry.links if one.rel == "related"] == [
        "https://beta.example/news", "https://gamma.example/news",
    ]  # fmt: skip


def test_many_outlets_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    """A release on hundreds of sites does not fill the screen."""
    names = [f"n{number}" for number in range(6)]
    save(con, *names)
    tell(con, " ".join(names))
    (item,) = items(made(con, outlets=3))
    assert item["content_html"].endswith(" and 2 more</p>")
    assert item["_voltwire"]["outlets"] == 6


def test_only_the_lead_is_handed_on_unless_the_texts_are_wanted(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Others' texts belong to them."""
    text = "First sentence of it here. " * 40 + "\n" + "The end of it."
    save(con, "alpha", text=text)
    tell(con, "alpha")
    (item,) = items(made(con))
    assert len(item["content_html"]) < 500
    assert "The end" not in item["content_html"]
    (item,) = items(made(con, Options(full_text=True)))
    assert item["content_html"].endswith("<p>The end of it.</p>")


def test_old_stories_are_no_news_however_late_they_come(con: duckdb.DuckDBPyConnection) -> None:
    """A backfill does not flood readers; what a feed listed without a date is there."""
    save(con, "old", at=NOON - timedelta(days=31))
    save(con, "recent", at=NOON - timedelta(days=29))
    save(con, "undated", published_at=None, published_from="unknown")
    save(con, "found", published_at=None, published_from="unknown", feed="")
    tell(con, "old", "recent", "undated", "found")
    found = items(made(con, entries_least=2))
    assert {item["title"] for item in found} == {"About recent", "About undated"}
    found = items(made(con, entries_least=9))
    assert [item["title"] for item in found][-1] == "About old", "where hardly anything is new"


def test_what_changed_last_stands_first_and_the_number_is_bounded(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """An old story that grew today comes before one of this morning."""
    for hours, name in enumerate(("one", "two", "three", "four")):
        save(con, name, at=NOON - timedelta(hours=hours))
        tell(con, name, now=NOON - timedelta(hours=hours))
    titles = [item["title"] for item in items(made(con, entries=3, entries_least=3))]
    assert titles == ["About one", "About two", "About three"]
    save(con, "copy", at=NOON)
    tell(con, "four copy", now=NOON + timedelta(hours=1))
    titles = [item["title"] for item in items(made(con, entries=3, entries_least=3))]
    assert titles == ["About four", "About one", "About two"]


def test_each_company_and_topic_has_feeds(con: duckdb.DuckDBPyConnection) -> None:
    """Of the stories that are about it; one that is only named counts for nothing."""
    save(con, "alpha", topics=("batteries",))
    save(con, "beta")
    tell(con, "alpha", "beta")
    mention(con, "alpha", ["CATL", "宁德"])
    mention(con, "alpha", ["LFP"], kind="chemistry")
    mention(con, "beta", ["CATL"], main=False)
    mention(con, "beta", ["Nevada"], kind="place")
    files = made(con)
    check(files)
    assert [item["title"] for item in items(files, "feeds/company/catl.json")] == ["About alpha"]
    assert {path.rpartition("/")[0] for path in files} == {
        "feeds", "feeds/company", "feeds/topic",
    }  # fmt: skip
    assert items(files)[0]["tags"] or items(files)[1]["tags"]
    assert paths.feed(Subject("company", "宁德"), "atom") in files
    assert [feed.publisher for feed in read_opml(files[paths.OPML])] == [
        "voltwire", "CATL · voltwire", "宁德 · voltwire", "LFP · voltwire", "Batteries · voltwire",
    ]  # fmt: skip


def test_the_feed_of_a_quiet_company_does_not_go_away(con: duckdb.DuckDBPyConnection) -> None:
    """It holds its last stories, however old, so that nobody's reader meets a missing page."""
    ages = {"new": 0, "d40": 40, "d41": 41, "d42": 42, "d50": 50}
    for name, days in ages.items():
        save(con, name, at=NOON - timedelta(days=days))
        mention(con, name, ["Small"])
    tell(con, *ages)
    titles = [
        item["title"] for item in items(made(con, entries_least=3), "feeds/company/small.json")
    ]
    assert titles == ["About new", "About d40", "About d41"]


def test_a_store_from_before_mentions_has_feeds_of_its_topics(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """The copy that readers have may be older than the program."""
    save(con, "alpha", topics=("batteries",))
    tell(con, "alpha")
    con.execute(
        "DROP VIEW mentions; DROP TABLE core.mentions; UPDATE core.stories SET changed_at = NULL"
    )
    files = made(con)
    check(files)
    (item,) = items(files, "feeds/topic/batteries.json")
    assert item["date_modified"] == "2026-11-20T12:00:00Z"


def test_a_store_without_stories_has_a_feed_of_nothing(con: duckdb.DuckDBPyConnection) -> None:
    """Somebody may subscribe before the first run."""
    files = made(con)
    check(files)
    assert set(files) == {"feeds/all.atom", "feeds/all.json", "feeds/feeds.opml"}
    assert items(files) == []


# --- over time -----------------------------------------------------------------------------------


def only(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    files = made(con)
    check(files)
    (item,) = items(files)
    return item


def test_a_story_that_grows_keeps_its_id_and_is_updated(con: duckdb.DuckDBPyConnection) -> None:
    """Also when another article is shown for it, and when the digest moves to another address."""
    save(con, "alpha")
    tell(con, "alpha", now=NOON)
    first = only(con)
    save(con, "beta", at=NOON - timedelta(hours=1))
    later = NOON + timedelta(hours=2)
    tell(con, "beta alpha", now=later, story_ids={"beta": article_id("alpha")})
    grown = only(con)
    assert grown["id"] == first["id"]
    assert grown["title"] == "About beta"
    assert (first["date_modified"], grown["date_modified"]) == (
        "2026-11-20T12:00:00Z", "2026-11-20T14:00:00Z",
    )  # fmt: skip
    assert grown["date_published"] == "2026-11-20T11:00:00Z", "when the first of them came out"
    moved = items(made(con, Options(site_url="https://other.example")))[0]
    assert moved == grown


def test_an_edit_of_the_text_updates_and_new_tags_do_not(con: duckdb.DuckDBPyConnection) -> None:
    """Readers mark what is updated as unread: only what a reader would call a change does that."""
    save(con, "alpha")
    tell(con, "alpha", now=NOON)
    before = only(con)
    mention(con, "alpha", ["CATL"])
    tell(con, "alpha", now=NOON + timedelta(hours=1))
    tagged = only(con)
    assert tagged["date_modified"] == before["date_modified"]
    assert tagged["tags"] == ["CATL"]
    edited = NOON + timedelta(hours=3)
    text = "A plant for alpha closes today, and 400 people with it. Nobody says why."
    articles.save(con, [prepared("alpha", text=text, fetched_at=edited)])
    after = only(con)
    assert after["id"] == before["id"]
    assert after["date_modified"] == "2026-11-20T15:00:00Z"
    assert "closes" in after["summary"]


def test_a_story_that_became_part_of_another_is_named_as_gone(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Its entry is not told again; a reader that knows RFC 6721 takes it away, the others see the
    story that goes on as changed."""
    save(con, "alpha", "beta")
    tell(con, "alpha", "beta", now=NOON)
    ids = {item["title"]: item["id"] for item in items(made(con))}
    later = NOON + timedelta(hours=2)
    tell(con, "alpha beta", now=later, forwards={"beta": "alpha"})
    files = made(con)
    check(files)
    (item,) = items(files)
    assert item["id"] == ids["About alpha"]
    assert item["_voltwire"]["merged"] == [ids["About beta"]]
    tree = etree.fromstring(files["feeds/all.atom"])
    (gone,) = tree.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert dict(gone.attrib) == {"ref": ids["About beta"], "when": "2026-11-20T14:00:00Z"}


def test_what_nothing_happened_to_is_the_same_file(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Byte for byte, with its time of change, so that a web server answers "not modified"; a story
    of one company leaves the feed of another alone."""
    save(con, "alpha", "beta")
    tell(con, "alpha", "beta")
    mention(con, "alpha", ["CATL"])
    mention(con, "beta", ["BYD"])

    def write() -> dict[str, int]:
        written = [SiteFile(path, content) for path, content in made(con).items()]
        folder.write(tmp_path / "site", written)
        return {one.path: (tmp_path / "site" / one.path).stat().st_mtime_ns for one in written}

    first = write()
    assert write() == first
    save(con, "gamma")
    tell(con, "gamma", now=NOON + timedelta(hours=1))
    mention(con, "gamma", ["BYD"])
    after = write()
    assert {path for path in after if after[path] != first[path]} == {
        "feeds/all.atom", "feeds/all.json", "feeds/company/byd.atom", "feeds/company/byd.json",
    }  # fmt: skip


def test_without_the_sites_address_feeds_are_right_all_the_same(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """They lead to pages relative to themselves, and make no address up."""
    save(con, "alpha")
    tell(con, "alpha")
    mention(con, "alpha", ["CATL"])
    files = {one.path: one.content for one in feeds.files(con, UNTIL, Options(), pages={CATL})}
    check(files)
    tree = etree.fromstring(files["feeds/company/catl.atom"])
    assert [dict(link.attrib)["href"] for link in tree.findall(f"{ATOM}link")] == [
        "../../company/catl.html"
    ]
    assert "feed_url" not in json.loads(files["feeds/company/catl.json"])


def test_a_feed_leads_to_a_page_that_is_there(con: duckdb.DuckDBPyConnection) -> None:
    """To the first one where its subject has none, to none where there are no pages; and a page
    that leads to a feed finds one, though there be nothing in it."""
    save(con, "alpha")
    tell(con, "alpha")
    mention(con, "alpha", ["CATL"])
    files = {one.path: one.content for one in feeds.files(con, UNTIL, SITE, pages={BYD})}
    check(files)
    assert b'"https://news.example/ev/index.html"' in files["feeds/company/catl.atom"]
    assert b'"https://news.example/ev/company/byd.html"' in files["feeds/company/byd.atom"]
    assert items(files, "feeds/company/byd.json") == []
    alone = {one.path: one.content for one in feeds.files(con, UNTIL, SITE, pages=None)}
    check(alone)
    assert b".html" not in b"".join(alone.values())


# --- hostile text --------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>", "]]><script>alert(1)</script>", '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b]0;title\x07", "\x9b31m", "\u202egpj.exe", "a\u2066b", "\x00\x08\ufffe\uffff",
    "&lt;script&gt;", "&amp;lt;b&gt;", "<!--", "\ud800", "</title></entry>", "%s{0}{{x}}",
)  # fmt: skip
ADDRESSES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>",
    "vbscript:x", "//evil.example/x", "http://user:pass@evil.example/", "https://a.example/\u202ex",
    'https://a.example/"onmouseover="alert(1)', "https://a.example/ä ö", "https://exämple.example/",
    "file:///etc/passwd", "https://a.example/\x1b[2J", "", "https://", "http://[::1",
)  # fmt: skip
WORDS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
LINKS = st.one_of(st.sampled_from(ADDRESSES), st.text(max_size=30), WORDS)


@given(
    title=WORDS, url=LINKS, publisher=WORDS, text=WORDS, language=WORDS, other=WORDS, link=LINKS,
    subject=WORDS, full=st.booleans(),
)  # fmt: skip
def test_whatever_the_web_wrote_the_feeds_are_right_and_inert(
    title: str, url: str, publisher: str, text: str, language: str, other: str, link: str,
    subject: str, full: bool,
) -> None:  # fmt: skip
    """No element, attribute, address or control of theirs gets through, in either form."""
    story = Syndicated(
        story_id=title, title=title, url=url, publisher=publisher, language=language, text=text,
        published_at=None, updated_at=NOON, subjects=(Subject("company", subject),),
        copies=(Copy(publisher=other, title=title, url=link, published_at=NOON),),
        merged=(Merged(story_id=other, at=NOON),),
    )  # fmt: skip
    entry = entry_of(story, full_text=full)
    feed = Feed(subject=Subject("company", subject), title=entry.title, entries=[entry])
    check_atom(atom.atom(feed, SITE))
    check_json(json_feed(feed, SITE))
    shown = etree.fromstring(f"<div>{entry.html}</div>", etree.HTMLParser())
    allowed = {"html", "body", "div", "p", "a", "bdi"}
    for element in shown.iter():
        assert element.tag in allowed
        assert set(element.attrib) <= {"href", "rel"}
        assert element.get("href", "https://").startswith(("http://", "https://"))


def test_an_article_titled_as_a_script_is_a_title(con: duckdb.DuckDBPyConnection) -> None:
    """Read by a feed reader it says what it says, and leads nowhere."""
    save(con, "alpha", title="<script>alert(1)</script>", url="javascript:alert(1)",
         text="<script>alert(2)</script> is the whole of it.")  # fmt: skip
    tell(con, "alpha")
    files = made(con)
    (entry,) = check_atom(files["feeds/all.atom"]).entries
    assert entry.link == entry.id, "feedparser's word for none"
    assert b"<script" not in files["feeds/all.atom"]
    (item,) = items(files)
    assert item["title"] == "<script>alert(1)</script>"
    assert "url" not in item
    assert item["content_html"].startswith("<p>&lt;script&gt;alert(2)")
    assert b"javascript:" not in b"".join(files.values())
