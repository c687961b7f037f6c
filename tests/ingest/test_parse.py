"""What a feed lists, whatever its format and faults."""

from __future__ import annotations

import json
import pickle
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models import Feed, FeedEntry, Rejection
from ingest.parse import ParsedFeed, parse_feed
from ingest.policy import ParsePolicy
from ingest.urls import canonical_url, is_made_up

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://news.example/feed/"
FEED = Feed(slug="news", url=URL, publisher="News")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FULL_TEXT = "<p>" + "The plant makes cells for electric buses. " * 40 + "</p>"


def parse(body: str | bytes, *, feed: Feed = FEED, **more: object) -> ParsedFeed | Rejection:
    encoded = body.encode() if isinstance(body, str) else body
    return parse_feed(encoded, url=URL, content_type="", feed=feed, now=NOW, **more)


def parsed(body: str | bytes, **more: object) -> ParsedFeed:
    found = parse(body, **more)
    assert isinstance(found, ParsedFeed), found
    return found


def rss(*items: str, head: str = "", attributes: str = "") -> str:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"{attributes}>'
        f"<channel><title>News</title><link>https://news.example/</link>{head}{listed}"
        "</channel></rss>"
    )


def item(number: int, **fields: str) -> str:
    told = {
        "title": f"Story {number}",
        "link": f"https://news.example/{number}",
        "guid": f"https://news.example/?p={number}",
        "description": "A teaser.",
    } | fields
    return "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value)


def test_reads_rss() -> None:
    """Title, link, guid, author, date, teaser and full text of RSS 2.0."""
    found = parsed(
        rss(
            "<title>Cells &amp;amp; packs: &lt;b&gt;cheaper&lt;/b&gt;</title>"
            "<link>http://News.example/a?utm_source=rss&amp;p=1</link><guid>x1</guid>"
            "<dc:creator>Ann Lee</dc:creator><pubDate>Mon, 23 Nov 2026 10:00:00 KST</pubDate>"
            f"<description>Short.</description><content:encoded><![CDATA[{FULL_TEXT}]]></content:encoded>",
            head="<language>en-GB</language><ttl>60</ttl>",
        )
    )
    entry = found.entries[0]
    assert found.title == "News"
    assert found.site_url == "https://news.example/"
    assert (found.language, found.ttl_minutes, found.note) == ("en", 60, "")
    assert entry.url == "http://News.example/a?utm_source=rss&p=1"
    assert entry.canonical_url == "https://news.example/a?p=1"
    assert (entry.title, entry.author, entry.guid) == ("Cells & packs: cheaper", "Ann Lee", "x1")
    assert entry.published_at == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert entry.published_raw == "Mon, 23 Nov 2026 10:00:00 KST"
    assert (entry.summary, entry.content, entry.language) == ("Short.", FULL_TEXT, "en")
    assert (entry.feed, entry.has_page) == ("news", True)


def test_reads_atom() -> None:
    """Links by rel and type, xml:base, published before updated, and the next page."""
    found = parsed(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example/base/" '
        'xml:lang="de"><title>N</title><link rel="next" href="/feed/?page=2"/>'
        "<entry><title type='html'>A &amp;lt; B</title><id>tag:1</id>"
        '<link rel="replies" href="/c"/><link rel="alternate" type="text/html" href="a/1"/>'
        "<published>2026-11-20T10:00:00Z</published><updated>2026-11-21T10:00:00Z</updated>"
        f"<author><name>Bo</name></author><content type='html'>{FULL_TEXT.replace('<', '&lt;')}"
        "</content></entry></feed>"
    )
    entry = found.entries[0]
    assert entry.url == "https://news.example/base/a/1"
    assert found.next_url == "https://news.example/feed/?page=2"
    assert (entry.title, entry.author, entry.language) == ("A < B", "Bo", "de")
    assert entry.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert entry.content == FULL_TEXT
    assert entry.summary == ""


def test_reads_rdf() -> None:
    """RSS 1.0 keeps its items beside the channel; a bare time in Japan is Japanese."""
    found = parsed(
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel rdf:about="x">'
        "<title>N</title></channel><item rdf:about='https://news.example/1'><title>電池</title>"
        "<dc:date>2026-11-20T10:00:00</dc:date></item></rdf:RDF>",
        feed=Feed(slug="n", url=URL, publisher="N", country="JP"),
    )
    assert found.entries[0].canonical_url == "https://news.example/1"
    assert found.entries[0].published_at == datetime(2026, 11, 20, 1, tzinfo=UTC)


def test_reads_json_feed() -> None:
    """JSON Feed 1.0 and 1.1, numbers as ids and plain text included; other JSON is refused."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "N",
        "home_page_url": "https://news.example/",
        "next_url": "?page=2",
        "items": [
            {"id": 1, "url": "/1", "title": "T", "content_text": "a < b\n\nc",
             "date_published": "2026-11-20T10:00:00Z", "authors": [{"name": "A"}, {"name": "B"}]},
            {"id": "https://news.example/2", "content_html": "<p>x</p>"},
            {"id": None, "title": ["wrong"]},
            "wrong",
        ],
    }  # fmt: skip
    found = parsed(json.dumps(feed))
    assert [entry.url for entry in found.entries] == [
        "https://news.example/1",
        "https://news.example/2",
    ]
    assert found.entries[0].content == "<p>a &lt; b</p>\n<p>c</p>"
    assert found.entries[0].author == "A, B"
    assert found.next_url == "https://news.example/feed/?page=2"
    assert [skipped.reason for skipped in found.skipped] == ["empty_entry", "empty_entry"]
    for other in ("{}", '{"items": [1]}', "[1]", "{", '{"items":' + "[" * 100_000):
        assert parse(other).reason == "not_a_feed"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not_a_feed"),
        ("  \n", "not_a_feed"),
        ("Service unavailable", "not_a_feed"),
        ("<!-- hello -->", "not_a_feed"),
        ("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "not_a_feed"),
        ("<!DOCTYPE html><html><body>Please wait</body></html>", "html"),
        ("\ufeff <!-- x --> <HTML><head/></HTML>", "html"),
        ("\x00\x01\x02", "not_a_feed"),
    ],
)
def test_what_is_no_feed_says_so(body: str, reason: str) -> None:
    """Web pages, empty answers and other XML are refused with the word for it."""
    found = parse(body)
    assert isinstance(found, Rejection)
    assert (found.stage, found.reason, found.url, found.feed) == ("parse", reason, URL, "news")
    assert found.detail


def test_a_feed_without_entries_is_a_feed() -> None:
    """Nothing new is no fault."""
    assert parsed(rss()).listed == 0


def test_what_stands_before_a_break_is_kept() -> None:
    """A feed cut off in transit gives its whole entries, and the cut one as a rejection."""
    text = rss(item(1), item(2), item(3))
    found = parsed(text[: text.index("Story 3") + 3])
    assert [entry.title for entry in found.entries] == ["Story 1", "Story 2"]
    assert [skipped.reason for skipped in found.skipped] == ["cut_off"]
    assert "broken XML" in found.note


def test_markup_left_open_costs_no_entry() -> None:
    """Tags that were never closed inside one entry leave its neighbours alone."""
    found = parsed(rss(item(1), item(2, description="<p>open <b>markup"), item(3)))
    assert [entry.url[-1] for entry in found.entries] == ["1", "2", "3"]
    assert "broken XML" in found.note


def test_a_link_cut_in_half_is_never_followed() -> None:
    """Half a URL may be the URL of something else."""
    text = rss(item(1), item(2))
    found = parsed(text[: text.index("news.example/2") + 10])
    assert [entry.url for entry in found.entries] == ["https://news.example/1"]


def test_mends_what_is_cheap_to_mend() -> None:
    """Control characters, HTML entities, bare ampersands, and warnings before the feed."""
    text = rss(item(1, title="R&D in M&uuml;nchen\x0b", link="https://news.example/1?a=1&b=2"))
    found = parsed(f"<br />\n<b>Warning</b>: x in y.php\n{text}\n<!-- served by cache")
    assert found.entries[0].title == "R&D in München"
    assert found.entries[0].url == "https://news.example/1?a=1&b=2"
    assert found.listed == 1
    assert "before the feed" in found.note


def test_believes_the_bytes_before_the_label() -> None:
    """A feed labelled wrongly keeps its letters."""
    text = rss(item(1, title="Größere Fabrik für Batterien in Österreich"))
    wrong = text.replace('version="1.0"', 'version="1.0" encoding="iso-8859-1"', 1)
    assert "Größere" in parsed(wrong.encode()).entries[0].title
    assert "Größere" in parsed(wrong.encode("iso-8859-1")).entries[0].title


def test_entities_neither_grow_nor_read_files() -> None:
    """Declared entities are dropped: no bomb unfolds and no local file is read."""
    bomb = (
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    )
    found = parsed(rss(item(1, title="x &b; &f; y")).replace("?>", f"?>{bomb}", 1))
    assert "root:" not in found.entries[0].title
    assert "haha" not in found.entries[0].title


def test_a_changed_guid_under_one_url_is_one_article() -> None:
    """The URL decides: neither in one feed nor from poll to poll does a new guid count."""
    found = parsed(rss(item(1), item(1, guid="other")))
    assert (len(found.entries), found.repeated) == (1, 1)
    later = parsed(rss(item(1, guid="third")))
    assert later.entries[0].canonical_url == found.entries[0].canonical_url


def test_one_guid_for_all_loses_nothing() -> None:
    """Entries that share a guid are told apart by their links."""
    found = parsed(rss(*(item(n, guid="same") for n in range(5))))
    assert len({entry.canonical_url for entry in found.entries}) == 5
    assert found.repeated == 0
    assert all(entry.has_page for entry in found.entries)


@pytest.mark.parametrize("guid", ["", "same", None])
@pytest.mark.parametrize("link", ["https://news.example/", "https://news.example/news.html"])
def test_one_link_for_all_loses_nothing(guid: str | None, link: str) -> None:
    """A feed that points every entry at one page keeps its entries, without pages."""
    items = [item(n, link=link, guid=f"g{n}" if guid is None else guid) for n in range(4)]
    found = parsed(rss(*items))
    assert len({entry.canonical_url for entry in found.entries}) == 4
    assert not any(entry.has_page for entry in found.entries)
    assert all(is_made_up(entry.url) for entry in found.entries)
    again = parsed(rss(*reversed(items)))
    assert {e.canonical_url for e in again.entries} == {e.canonical_url for e in found.entries}


def test_exact_repeats_are_counted() -> None:
    """An entry listed twice is one entry, and the count tells."""
    found = parsed(rss(item(1), item(2), item(1)))
    assert (len(found.entries), found.repeated, found.listed) == (2, 1, 3)


def test_an_entry_without_a_link_keeps_its_text() -> None:
    """Its URL is made up from the guid, so that an edit does not make it another article."""
    found = parsed(rss(item(1, link="", guid="n-1")))
    entry = found.entries[0]
    assert not entry.has_page
    assert is_made_up(entry.canonical_url)
    assert canonical_url(entry.canonical_url) == entry.canonical_url == entry.url
    edited = parsed(rss(item(1, link="", guid="n-1", title="New", description="Other")))
    assert edited.entries[0].canonical_url == entry.canonical_url


def test_a_permalink_guid_stands_in_for_a_link() -> None:
    """Without a link a guid that is a web address is used; any other word is none."""
    found = parsed(rss(item(1, link=""), item(2, link="", guid="12345")))
    assert found.entries[0].url == "https://news.example/?p=1"
    assert not found.entries[1].has_page
    no_link = '<title>T</title><guid isPermaLink="false">https://news.example/3</guid>'
    assert not parsed(rss(no_link + "<description>x</description>")).entries[0].has_page


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("", "empty_entry"),
        ("<title>Only a title</title>", "no_link"),
        ("<title>T</title><link>javascript:alert(1)</link>", "bad_link"),
        ("<title>T</title><link>https://u:p@news.example/</link>", "bad_link"),
        ("<title>T</title><link>https://news.example/</link>", "no_page"),
    ],
)
def test_a_broken_entry_is_a_rejection(entry: str, reason: str) -> None:
    """An entry that can be no article says why, and its neighbours are read."""
    found = parsed(rss(item(1), entry, item(2)))
    assert [skipped.reason for skipped in found.skipped] == [reason]
    assert (found.skipped[0].stage, found.skipped[0].feed) == ("parse", "news")
    assert is_made_up(found.skipped[0].url)
    assert len(found.entries) == 2


def test_prefers_the_original_link() -> None:
    """A FeedBurner link is a redirect that may die; Google News links are kept as they are."""
    google = "https://news.google.com/rss/articles/CBMiAbc?oc=5"
    told = item(1) + "<feedburner:origLink>https://news.example/real</feedburner:origLink>"
    found = parsed(rss(told, item(2, link=google)))
    assert [entry.url for entry in found.entries] == ["https://news.example/real", google]


def test_revision_follows_title_and_update_only() -> None:
    """An edit is a new title or update time; a body with a counter in it is none."""
    updated = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>{}</title><id>1</id>' \
        '<link href="/1"/><updated>{}</updated><summary>{}</summary></entry></feed>'  # fmt: skip

    def revision(*told: str) -> str:
        return parsed(updated.format(*told)).entries[0].revision

    base = revision("T", "2026-11-20T10:00:00Z", "12 comments")
    assert revision("T", "2026-11-20T10:00:00Z", "13 comments") == base
    assert revision("U", "2026-11-20T10:00:00Z", "12 comments") != base
    assert revision("T", "2026-11-20T11:00:00Z", "12 comments") != base


def test_falls_back_to_the_update_time() -> None:
    """A published date that cannot be read gives way to the update; both lost keep the raw one."""
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><link href="/1"/>' \
        "<published>soon</published><updated>{}</updated></entry></feed>"  # fmt: skip
    good = parsed(atom.format("2026-11-20T10:00:00Z")).entries[0]
    assert (good.published_at, good.published_raw) == (
        datetime(2026, 11, 20, 10, tzinfo=UTC),
        "2026-11-20T10:00:00Z",
    )
    bad = parsed(atom.format("later")).entries[0]
    assert (bad.published_at, bad.published_raw) == (None, "soon")


def test_a_second_teaser_is_not_the_full_text() -> None:
    """A short content beside a longer description is no body; a long description stays."""
    teaser = "<content:encoded>Short.</content:encoded>"
    entry = parsed(rss(item(1, description="A longer teaser it is.") + teaser)).entries[0]
    assert (entry.summary, entry.content) == ("A longer teaser it is.", "")
    long = parsed(rss(item(1, description=f"<![CDATA[{FULL_TEXT}]]>"))).entries[0]
    assert (long.summary, long.content) == (FULL_TEXT, "")


def test_the_declared_language_wins_over_the_feed() -> None:
    """A person wrote the one; content systems fill in "en-US" for the other."""
    head = "<language>en-US</language>"
    german = Feed(slug="n", url=URL, publisher="N", language="de")
    assert parsed(rss(item(1), head=head), feed=german).entries[0].language == "de"
    assert parsed(rss(item(1), head=head)).entries[0].language == "en"


@pytest.mark.parametrize(
    "body",
    [
        "<rss><channel>" + "<a>" * 400_000,
        "<rss><channel><item>" + "<!--" * 80_000,
        "<rss><channel>" + "<a></a>" * 300_000 + "</channel></rss>",
        "<rss><channel><item><title>" + "&amp" * 200_000,
        "<rss><channel>" + "<![CDATA[" * 100_000,
        "<!--" * 200_000,
        "<?x " * 200_000,
        "<!DOCTYPE [" * 100_000,
        "<rss " + "a='1' " * 100_000,
        "<rss><channel>" + "<a b='" * 90_000,
        "<rss><channel>" + "</a" * 90_000,
        "<rss " + " ".join(f"a{n}='1'" for n in range(90_000)) + "/>",
        "<rss " + " ".join(f"xmlns:a{n}='1'" for n in range(50_000)) + "/>",
        "<rss><channel><item><link>" + "../" * 300_000 + "</link></item></channel></rss>",
    ],
    ids=lambda body: body[:8] + body[-8:],
)
def test_bombs_end(body: str) -> None:
    """Small bodies made to cost minutes end as a value, in seconds."""
    found = parse(body)
    assert isinstance(found, ParsedFeed | Rejection)


def test_the_newest_entries_of_too_many_are_read() -> None:
    """As many as the policy says, in the order listed; one rejection counts the others."""
    few = ParsePolicy(max_entries=3)
    found = parsed(rss(*map(item, range(8))), policy=few)
    assert [entry.title for entry in found.entries] == [f"Story {n}" for n in range(3)]
    assert [refusal.reason for refusal in found.skipped] == ["too_many"]
    assert found.skipped[0].detail.startswith("5 entries")
    listed = [{"id": str(n), "url": f"https://news.example/{n}", "title": "T"} for n in range(8)]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": listed})
    found = parsed(body, policy=few)
    assert len(found.entries) == 3
    assert found.skipped[0].detail.startswith("5 entries")


def test_an_element_has_some_attributes_and_not_thousands() -> None:
    """feedparser's time grows with the square of their number; namespaces count, too."""
    for attributes in ("a{}='1'", "xmlns:a{}='1'"):
        many = " ".join(attributes.format(n) for n in range(2_000))
        found = parse(f"<rss {many}><channel></channel></rss>")
        assert isinstance(found, Rejection)
        assert found.reason == "too_complex"


def test_size_is_bounded() -> None:
    """A body over the bound is refused unread."""
    found = parse(rss(item(1)), policy=ParsePolicy(max_bytes=100))
    assert isinstance(found, Rejection)
    assert found.reason == "too_large"


def test_results_travel_between_processes() -> None:
    """Parsing may run in a worker: what it gives can be pickled."""
    found = parse(rss(item(1), ""))
    assert pickle.loads(pickle.dumps(found)) == found


_FIELD = st.sampled_from(["", "a", "b", "https://news.example/", "https://news.example/x", "/y"])


@given(st.lists(st.tuples(_FIELD, _FIELD, _FIELD, _FIELD), max_size=8))
@settings(deadline=None)
def test_every_entry_is_accounted_for(told: list[tuple[str, str, str, str]]) -> None:
    """Entries, rejections and repeats add up, no identity stands twice, no pair is lost."""
    names = ("title", "link", "guid", "description")
    found = parsed(rss(*(item(0, **dict(zip(names, one, strict=True))) for one in told)))
    assert found.listed == len(told)
    identities = [entry.canonical_url for entry in found.entries]
    assert len(identities) == len(set(identities))
    assert all(canonical_url(entry.canonical_url) == entry.canonical_url for entry in found.entries)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 600))
@settings(deadline=None)
def test_damage_never_raises(noise: bytes, start: int, length: int) -> None:
    """Whatever stands in a feed, the outcome is a value."""
    whole = rss(item(1), item(2)).encode()
    assert isinstance(parse(noise), ParsedFeed | Rejection)
    found = parse(whole[:start] + noise + whole[start + length :])
    assert isinstance(found, ParsedFeed | Rejection)
    if isinstance(found, ParsedFeed):
        assert all(isinstance(entry, FeedEntry) for entry in found.entries)


def test_reads_every_real_feed() -> None:
    """Each real feed at hand gives as many entries as feedparser finds, or a reason."""
    folder = SHARED / "feeds" / "real"
    if not folder.is_dir():
        pytest.skip(f"no real feeds at {folder.name}: ../shared/data is absent")
    for path in sorted(folder.iterdir()):
        body = path.read_bytes()
        found = parse(body)
        listed = len(re.findall(rb"<(?:item|entry)[\s>]", body))
        if isinstance(found, Rejection):
            assert found.reason == "html", path.name
        else:
            assert found.listed == listed, path.name
