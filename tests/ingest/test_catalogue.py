"""Lists of feeds: TOML and OPML, read, written and turned into each other."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.catalogue import (
    CatalogueError,
    add_feed,
    bundled_feeds,
    load_feeds,
    save_feeds,
    slugify,
    to_opml,
    to_toml,
)
from ingest.models import Feed
from ingest.opml import read_opml

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
_TEXT = st.text(alphabet="abc <>&\"'äß電池\u2028#=[]", min_size=1, max_size=12).map(
    lambda text: " ".join(text.split()) or "x"
)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_bundled_feeds_are_sound() -> None:
    """Every feed has a slug of its own, a publisher, a language; one that is off says why."""
    feeds = bundled_feeds()
    assert len(feeds) == 79
    assert len({feed.slug for feed in feeds}) == 79
    assert all(feed.publisher and feed.language and feed.country for feed in feeds)
    assert all(feed.note for feed in feeds if not feed.enabled)
    order = [(feed.language, feed.publisher.lower()) for feed in feeds]
    assert order == sorted(order)


def test_the_bundled_feeds_are_all_of_the_source_list() -> None:
    """No feed of the list that they were taken from is missing."""
    source = SHARED / "feeds" / "sources.csv"
    if not source.is_file():
        pytest.skip("no source list: ../shared/data is absent")
    with source.open() as file:
        urls = {row["feed_url"] for row in csv.DictReader(file)}
    assert {feed.url for feed in bundled_feeds()} == urls


def test_toml_to_opml_and_back_changes_nothing(tmp_path: Path) -> None:
    """A list taken to another reader's format and back is the same list."""
    feeds = bundled_feeds()
    save_feeds(tmp_path / "a.opml", feeds)
    save_feeds(tmp_path / "b.toml", load_feeds(tmp_path / "a.opml"))
    assert load_feeds(tmp_path / "b.toml") == feeds
    assert to_opml(load_feeds(tmp_path / "b.toml")) == (tmp_path / "a.opml").read_text()


@given(
    _TEXT, _TEXT, st.sampled_from(["focus", "general"]), st.booleans(), st.integers(1, 99999),
    st.just(0) | st.integers(1000, 9999),
)  # fmt: skip
def test_any_feed_survives_opml(publisher, note, scope, enabled, minutes, year) -> None:
    """Quotes, markup and every script in a name come back as they were."""
    feed = Feed(
        slug="a-1", url="https://a.example/f?a=1&b=2", publisher=publisher, language="de",
        country="AT", scope=scope, enabled=enabled, every_minutes=minutes, first_year=year,
        note=note,
    )  # fmt: skip
    assert read_opml(to_opml([feed]).encode()) == (feed,)


def test_reads_the_opml_of_other_readers(tmp_path: Path) -> None:
    """Nested folders, odd attribute case, missing titles, duplicates, notes without a feed."""
    path = written(
        tmp_path,
        "export.xml",
        """<?xml version="1.0" encoding="ISO-8859-1"?>
        <opml version="1.1"><body><outline text="Tech"><outline text="Focus">
          <outline type="rss" text="E-Auto \xdcberblick"
            xmlurl="http://a.example/feed" language="de-AT"/>
          <outline type="rss" text="again" xmlUrl="https://a.example/feed?utm_source=x"/>
        </outline></outline>
        <outline title="Same" xmlUrl="https://b.example/1" category="/news/focus"/>
        <outline title="Same" xmlUrl="https://b.example/2"/>
        <outline xmlUrl="https://www.c.example/rss"/>
        <outline title="전기" xmlUrl="https://d.example/rss"/>
        <outline text="a note"/><outline text="bad" xmlUrl="javascript:alert(1)"/>
        </body></opml>""".encode("latin-1", "xmlcharrefreplace"),
    )
    feeds = load_feeds(path)
    assert [feed.slug for feed in feeds] == [
        "e-auto-uberblick",
        "same",
        "same-2",
        "c-example",
        "d-example",
    ]
    assert [feed.scope for feed in feeds] == ["focus", "focus", "general", "general", "general"]
    assert feeds[0].publisher == "E-Auto Überblick"
    assert feeds[0].language == "de"
    assert feeds[3].publisher == "c.example"


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE opml [<!ENTITY y "ha"><!ENTITY x "&y;&y;&y;&y;">]>',
    ],
)
def test_opml_declares_no_entities(tmp_path: Path, doctype: str) -> None:
    """Neither a local file nor a bomb comes in through an imported list."""
    path = written(
        tmp_path, "x.opml",
        f'{doctype}<opml><body><outline text="&x;" xmlUrl="https://a.example/"/></body></opml>',
    )  # fmt: skip
    with pytest.raises(CatalogueError, match="declares entities"):
        load_feeds(path)


def test_deep_opml_ends(tmp_path: Path) -> None:
    """Nesting is no recursion."""
    deep = "<outline text='f'>" * 20_000 + '<outline xmlUrl="https://a.example/"/>'
    path = written(tmp_path, "x.opml", f"<opml><body>{deep}{'</outline>' * 20_000}</body></opml>")
    assert len(load_feeds(path)) == 1


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", "[[feed]\n", "not TOML"),
        ("a.toml", "\n[[feed]]\nurl = 'a.example'\n", "line 2"),
        ("a.toml", "[[feed]]\nurl = 3\n", "a text in quotes"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\nlang='de'\n", "unknown field 'lang'"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\nscope='all'\n", "'focus' or 'general'"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\nevery_minutes=0\n", "1 or more"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\nfirst_year=14\n", "in full"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\nslug='A b'\n", "'a-b'"),
        ("a.toml", "[[feed]]\nurl='https://a.example/'\n" * 2, "line 3"),
        ("a.toml", "[feed]\nurl='https://a.example/'\n", "[[feed]]"),
        ("a.toml", "[[feeds]]\nurl='https://a.example/'\n", "line 1"),
        ("a.toml", b"\xff\xfe", "UTF-8"),
        ("a.opml", "", "no element found"),
        ("a.opml", "<opml><body>", "line 1"),
        ("a.opml", "<html/>", "<html>"),
        ("a.opml", "<opml/>", "no outline"),
    ],
)
def test_a_bad_list_says_where_and_what_to_do(
    tmp_path: Path, name: str, text: str | bytes, told: str
) -> None:
    """One line naming the file, the place and the remedy."""
    with pytest.raises(CatalogueError) as caught:
        load_feeds(written(tmp_path, name, text))
    said = str(caught.value)
    assert name in said
    assert told in said
    assert "\n" not in said


def test_a_missing_list_is_one_clear_error(tmp_path: Path) -> None:
    """A path that is not there, or a folder, is said in words."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(CatalogueError, match=r"\.toml or \.opml"):
            load_feeds(path)


def test_adding_keeps_comments(tmp_path: Path) -> None:
    """What a person wrote into the file stays to the byte."""
    before = "# mine\n\n[[feed]] # first\nurl  =  'https://a.example/feed'  # odd spacing\n"
    path = written(tmp_path, "feeds.toml", before)
    add_feed(path, Feed(slug="b", url="https://b.example/feed", publisher='B "x"', note="n"))
    assert path.read_text().startswith(before)
    assert [feed.slug for feed in load_feeds(path)] == ["a-example", "b"]
    assert load_feeds(path)[1].publisher == 'B "x"'
    assert list(tmp_path.iterdir()) == [path]


def test_adding_makes_the_file(tmp_path: Path) -> None:
    """The first feed needs no file."""
    path = tmp_path / "feeds.toml"
    feed = Feed(slug="b", url="https://b.example/feed", publisher="B")
    add_feed(path, feed)
    assert load_feeds(path) == (feed,)


def test_adding_twice_is_refused(tmp_path: Path) -> None:
    """The same feed under another spelling of its URL, or a taken slug, leaves the file alone."""
    path = tmp_path / "feeds.toml"
    save_feeds(path, [Feed(slug="b", url="https://b.example/feed", publisher="B")])
    before = path.read_text()
    for slug, url in (("c", "http://B.example/feed?utm_source=x"), ("b", "https://c.example/")):
        with pytest.raises(CatalogueError):
            add_feed(path, Feed(slug=slug, url=url, publisher="C"))
    assert path.read_text() == before


def test_a_feed_needs_its_url_only(tmp_path: Path) -> None:
    """Slug and publisher come from the address; the rest are defaults."""
    path = written(tmp_path, "f.toml", "[[feed]]\nurl = 'https://www.news.example/feed'\n")
    feed = load_feeds(path)[0]
    assert (feed.slug, feed.publisher) == ("news-example", "news.example")
    assert (feed.scope, feed.enabled, feed.every_minutes) == ("general", True, 30)


def test_toml_text_reads_back() -> None:
    """Defaults that say nothing are left out of the file."""
    assert "enabled" not in to_toml([Feed(slug="a", url="https://a.example/", publisher="A")])


@given(st.text(max_size=80))
def test_slugs_are_plain(text: str) -> None:
    """A slug is letters, digits and single hyphens, and its own slug."""
    slug = slugify(text)
    assert slugify(slug) == slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert "--" not in slug
    assert not slug.startswith("-")
