"""Capture -> Article or Rejection."""

# ruff: noqa: E501 - samples of running text are easier to read whole
from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import urls
from ingest.extract import extract
from ingest.models import Article, Capture, Feed, FeedEntry, FetchFailure, Page, Rejection

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://www.voltnews.example/2026/11/18/plant-opens"
PARAGRAPHS = [
    "The plant in the northern valley will begin to make cells for electric lorries next spring, "
    "the company told its investors on Tuesday after a year of delays and two changes of supplier.",
    "Some eight hundred people are to work there in three shifts. The town has built a new school "
    "and widened the road to the harbour, from which the packs will be shipped to Rotterdam.",
    "Analysts had expected a later start. “We have learnt to promise less,” the head of the works "
    "said, and pointed at the second hall, where the machines still stand in their boxes.",
    "The first customer is a maker of lorries from Gothenburg. It will take half of the output "
    "for five years at a price that both sides keep to themselves.",
]
FEED = Feed(
    slug="volt", url="https://www.voltnews.example/feed", publisher="Volt News", language="en"
)


def entry(url: str = URL, **fields: object) -> FeedEntry:
    known = {"url": url, "canonical_url": urls.canonical_url(url), "feed": "volt"}
    return FeedEntry(**(known | fields))  # type: ignore[arg-type]


def html(
    paragraphs: list[str] = PARAGRAPHS, head: str = "", before: str = "", after: str = ""
) -> str:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f"<html lang='en'><head><title>Plant opens in spring</title>{head}</head><body>"
        f"<nav><a href='/'>Home</a></nav><article><h1>Plant opens in spring</h1>{before}{body}{after}"
        "</article><footer>Imprint</footer></body></html>"
    )


def page(body: str | bytes, url: str = URL, **fields: object) -> Page:
    raw = body.encode() if isinstance(body, str) else body
    known = {
        "url": url,
        "requested_url": url,
        "status": 200,
        "content_type": "text/html; charset=utf-8",
        "body": raw,
        "fetched_at": NOW,
    }
    return Page(**(known | fields))  # type: ignore[arg-type]


def made(body: str | bytes, listed: FeedEntry | None = None, **fields: object) -> Article:
    result = extract(Capture(entry=listed or entry(), page=page(body, **fields)), FEED, now=NOW)
    assert isinstance(result, Article), result
    return result


def refused(body: str | bytes, listed: FeedEntry | None = None, **fields: object) -> Rejection:
    result = extract(Capture(entry=listed or entry(), page=page(body, **fields)), FEED, now=NOW)
    assert isinstance(result, Rejection), result
    return result


def test_a_page_becomes_an_article_with_one_paragraph_a_line():
    """The body is the paragraphs in order, without headline, navigation and footer."""
    article = made(html())
    assert article.text.split("\n") == PARAGRAPHS
    assert (article.text_source, article.title) == ("page", "Plant opens in spring")
    assert (article.publisher, article.language) == ("Volt News", "en")


def test_headings_and_lists_are_kept_as_lines():
    """Structure inside the body stays."""
    after = f"<h2>What comes next</h2><ul><li>{'first step ' * 5}</li><li>{'second step ' * 5}</li></ul><p>{PARAGRAPHS[0]}</p>"
    lines = made(html(after=after)).text.split("\n")
    assert "What comes next" in lines
    assert any("second step" in line and "first step" not in line for line in lines)


def test_paragraphs_that_only_lead_elsewhere_are_dropped():
    """A "Related" line between paragraphs is not the article's, a reference with its URL is."""
    related = (
        '<p>Related: <a href="/2026/11/01/other-news">Other news from the valley plant</a></p>'
    )
    assert "Other news" not in made(html(before=related)).text
    source = '<p>Source: <a href="https://agency.example/a-1">https://agency.example/a-1</a></p>'
    assert "agency.example" in made(html(before=source)).text


def test_links_inside_the_text_are_cited_and_others_are_not():
    """External and article-like internal links of the body, and bare URLs, in reading order."""
    cited = (
        '<p>As <a href="https://agency.example/wire/77">the agency</a> reported and as was written '
        'in <a href="/2026/01/02/first-stone">January</a>, the works cost more. '
        "See [1] https://report.example/full.pdf. <a href='/tag/cells'>cells</a></p>"
    )
    links = made(html(before=cited)).links
    assert links == (
        "https://agency.example/wire/77",
        "https://www.voltnews.example/2026/01/02/first-stone",
        "https://report.example/full.pdf",
    )


def test_given_text_is_kept_to_the_letter():
    """Only newlines are normalised and NULs removed."""
    text = "First  line\r\n\r\n  second\x00 line \rthird"
    result = extract(Capture(entry=entry(text=text)), None, now=NOW)
    assert isinstance(result, Article)
    assert result.text == "First  line\n\n  second line \nthird"
    assert result.text_source == "given"


def test_an_empty_given_text_is_rejected():
    """Nothing but spaces is no article."""
    result = extract(Capture(entry=entry(text=" \n ")), None, now=NOW)
    assert isinstance(result, Rejection)
    assert result.reason == "empty"


FULL = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
FAILURE = FetchFailure(url=URL, reason="http_404", detail="gone", at=NOW, retry_at=NOW)


def test_the_feeds_own_full_text_stands_in_for_a_page_that_failed():
    """With the whole text in the feed a lost page costs nothing."""
    listed = entry(content=FULL, summary=PARAGRAPHS[0][:80], title="Plant opens")
    result = extract(Capture(entry=listed, page_failure=FAILURE), FEED, now=NOW)
    assert isinstance(result, Article)
    assert result.text_source == "feed"
    assert result.text.split("\n") == PARAGRAPHS


@pytest.mark.parametrize(
    "teaser",
    [
        PARAGRAPHS[0],
        " ".join(PARAGRAPHS) + " […]",
        " ".join(PARAGRAPHS) + " [&#8230;]",
        FULL + "<p><a href='/x'>Continue reading</a></p>",
        FULL + "<p>" + PARAGRAPHS[0] + " ...</p><p>The post <a>Plant</a> appeared first on <a>Volt</a>.</p>",
        FULL + "<p>Read more at Volt News</p>",
        FULL + "<p>Weiterlesen</p>",
        "阅读全文",
    ],
)  # fmt: skip
def test_a_teaser_is_not_passed_off_as_an_article(teaser: str):
    """Short or cut feed text ends as the fetch failure that it cannot make good."""
    listed = entry(content=teaser, summary=teaser)
    result = extract(Capture(entry=listed, page_failure=FAILURE), FEED, now=NOW)
    assert isinstance(result, Rejection)
    assert (result.stage, result.reason, result.retry_at) == ("fetch", "http_404", NOW)


def test_the_feed_replaces_a_page_that_shows_only_a_stub():
    """A page of one sentence yields to the feed's whole text."""
    article = made(html([PARAGRAPHS[0]]), entry(content=FULL, title="Plant opens"))
    assert article.text_source == "feed"


def test_a_short_but_real_report_is_kept():
    """Forty words are an article."""
    short = (
        " ".join(PARAGRAPHS[0].split()[:30]) + " It gave no reasons, and added that work goes on."
    )
    assert made(html([short])).text == short


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        ("<html><body><script>var a = 1</script></body></html>", "empty"),
        ("<html><body><p>Loading now, please wait.</p></body></html>", "too_short"),
        (b"%PDF-1.7 ...", "not_html"),
        ('{"a": 1}', "not_html"),
        ("<?xml version='1.0'?><rss><channel/></rss>", "not_html"),
        (
            "<html><head><title>Page not found</title></head><body><h1>404</h1><p>The page that you "
            "asked for has moved or never was. Try the search above or go to the front page, where "
            "all the news of the day can be found.</p></body></html>",
            "error_page",
        ),
        (
            "<html><head><title>Volt</title></head><body><p>We and our partners use cookies. By "
            "clicking accept you give consent to the use of your data as laid down in our privacy "
            "policy. You can change your consent at any time in the settings of this site.</p></body></html>",
            "consent_wall",
        ),
    ],
)  # fmt: skip
def test_what_is_no_article_is_refused_with_its_reason(body: str | bytes, reason: str):
    """Each kind of other page has a word that users can group by."""
    assert refused(body).reason == reason


def test_a_paywall_stub_is_refused_with_what_could_be_read():
    """The page says that it is not free and shows a sentence: that sentence is in the detail."""
    stub = " ".join(PARAGRAPHS[0].split()[:25])
    flag = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
    rejection = refused(html([stub], head=flag))
    assert rejection.reason == "paywall_stub"
    assert stub[:60] in rejection.detail
    assert made(html(head=flag)).text_source == "page"


def test_the_canonical_url_of_the_page_is_the_identity():
    """Two addresses of one page give one article, and both are remembered."""
    head = '<link rel="canonical" href="/2026/11/18/plant-opens">'
    tracked = "https://www.voltnews.example/amp/2026/11/18/plant-opens?page=amp"
    article = made(html(head=head), entry(tracked), url=tracked)
    assert article.canonical_url == URL
    assert article.article_id == urls.article_id(URL)
    assert set(article.aliases) == {URL, urls.canonical_url(tracked)}


def stamped(value: str) -> str:
    return html(head=f'<meta property="article:published_time" content="{value}">')


def test_the_publication_time_says_where_it_came_from():
    """Page before feed before URL, with the original string."""
    feed_time = NOW - timedelta(days=1)
    listed = entry(published_at=feed_time, published_raw="feed words")
    article = made(stamped("2026-11-18T09:30:00+01:00"), listed)
    assert (article.published_from, article.published_raw) == ("page", "2026-11-18T09:30:00+01:00")
    assert article.published_at == datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    article = made(stamped("3026-01-01T00:00:00Z"), listed)
    assert (article.published_from, article.published_at) == ("feed", feed_time)


def test_a_day_on_the_page_is_made_precise_by_the_feed():
    """The same day with an hour is better than midnight."""
    moment = datetime(2026, 11, 18, 15, 4, tzinfo=UTC)
    article = made(stamped("2026-11-18"), entry(published_at=moment))
    assert (article.published_at, article.published_from) == (moment, "feed")


def test_impossible_times_are_refused():
    """Two days ahead and before 1990 are unknown."""
    for moment in (NOW + timedelta(days=2), datetime(1970, 1, 1, tzinfo=UTC)):
        listed = entry("https://www.voltnews.example/plant", text="words", published_at=moment)
        result = extract(Capture(entry=listed), None, now=NOW)
        assert isinstance(result, Article)
        assert (result.published_at, result.published_from) == (None, "unknown")


@pytest.mark.parametrize(("year", "expected"), [(0, 2009), (2020, 2026)])
def test_a_feed_may_say_when_its_publisher_began(year: int, expected: int) -> None:
    """A date from before is a template's, whether the text comes from the page or from the feed."""
    feed = replace(FEED, first_year=year)
    whole = stamped("2009-06-01T09:30:00Z")
    for found in (whole, whole.replace("".join(f"<p>{text}</p>" for text in PARAGRAPHS), "Soon.")):
        listed = entry(
            published_at=datetime(2026, 11, 18, tzinfo=UTC), content=html(), published_raw="feed"
        )
        article = extract(Capture(entry=listed, page=page(found)), feed, now=NOW)
        assert isinstance(article, Article)
        assert article.published_at is not None
        assert article.published_at.year == expected


def test_the_publisher_of_a_page_on_another_site_is_not_the_feeds():
    """An aggregator's name does not stand over other people's articles."""
    feed = replace(FEED, url="https://aggregator.example/feed", publisher="Aggregator")
    result = extract(Capture(entry=entry(), page=page(html())), feed, now=NOW)
    assert isinstance(result, Article)
    assert result.publisher == "voltnews.example"


def test_nested_divs_yield_their_text():
    """5,000 levels, on which trafilatura returns nothing."""
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    article = made(f"<html><body>{'<div>' * 5000}{body}{'</div>' * 5000}</body></html>")
    assert all(text in article.text for text in PARAGRAPHS)


@pytest.mark.parametrize(
    "hostile",
    [
        "<a href='/x-1'>link text</a> " * 30_000,
        "<table>" + "<tr><td colspan=999999 rowspan=999999>x</td></tr>" * 500 + "</table>",
        f"<p class='{'x' * 3_000_000}'>y</p>",
        "<script>" + "var a=1;" * 500_000 + "</script>",
        "&lt;" * 100_000,
        "<!--" * 100_000,
        "<p>\x00 \ufffe \udcff".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ],
)
def test_hostile_markup_costs_neither_the_text_nor_the_run(hostile: str):
    """Each ends in an article that still holds the paragraphs, or in a rejection."""
    result = extract(Capture(entry=entry(), page=page(html(after=hostile))), FEED, now=NOW)
    assert isinstance(result, Article | Rejection)
    if isinstance(result, Article):
        assert PARAGRAPHS[0] in result.text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_value(body: bytes):
    """No byte string raises, alone or inside a page."""
    for raw in (body, b"<html><body><p>" + body + b"</p></body></html>"):
        result = extract(Capture(entry=entry(), page=page(raw)), FEED, now=NOW)
        assert isinstance(result, Article | Rejection)
        if isinstance(result, Rejection):
            assert result.reason != "extract_error", result.detail


def test_articles_and_the_function_travel_between_processes():
    """Work goes to a pool and comes back."""
    assert pickle.loads(pickle.dumps(extract)) is extract
    article = made(html())
    assert pickle.loads(pickle.dumps(article)) == article


def test_the_real_pages_of_a_week_come_out_as_articles():
    """Of every fourth page of the recorded web none is lost."""
    path = SHARED / "web" / "week.warc.gz"
    if not path.exists():
        pytest.skip("the shared recorded web is not here")
    from warcio.archiveiterator import ArchiveIterator

    pages = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type != "response" or record.http_headers.get_statuscode() != "200":
                continue
            kind = record.http_headers.get_header("content-type") or ""
            url = record.rec_headers["WARC-Target-URI"]
            if "html" in kind and "html.example" not in url:
                pages.append((url, kind, record.content_stream().read()))
    lost = []
    sample = pages[::8]
    for url, kind, raw in sample:
        capture = Capture(entry=entry(url), page=page(raw, url=url, content_type=kind))
        result = extract(capture, None, now=NOW)
        if not isinstance(result, Article) or result.text_source != "page":
            lost.append((url, result))
    assert len(sample) >= 15
    assert not lost


def in_json_ld(paragraphs: list[str], **fields: object) -> str:
    node = {
        "@type": "NewsArticle",
        "headline": "Plant opens",
        "articleBody": "\n\n".join(paragraphs),
    }
    source = json.dumps(node | fields)
    return f'<script type="application/ld+json">{source}</script>'


@pytest.mark.parametrize("shown", ["", "<p>Please turn on JavaScript to read this page.</p>"])
def test_a_text_that_stands_in_json_ld_alone_is_read(shown: str):
    """A page that the browser builds shows nothing without it."""
    body = f"<html><head>{in_json_ld(PARAGRAPHS)}</head><body><div id='app'></div>{shown}</body></html>"
    article = made(body)
    assert article.text.split("\n") == PARAGRAPHS
    assert (article.text_source, article.title) == ("page", "Plant opens")


def test_the_text_of_the_page_goes_before_that_of_json_ld():
    """Where the page shows its article, a summary or another form of it is not asked for."""
    head = in_json_ld([text.upper() for text in PARAGRAPHS])
    assert made(html(head=head)).text.split("\n") == PARAGRAPHS


def test_what_is_behind_a_wall_is_not_taken_out_of_json_ld():
    """A page that says it is not free stays the stub that it shows."""
    head = in_json_ld(PARAGRAPHS, isAccessibleForFree=False)
    assert refused(html([" ".join(PARAGRAPHS[0].split()[:25])], head=head)).reason == "paywall_stub"


def test_a_short_article_body_does_not_replace_the_page():
    """Publishers cut it at will: one sentence in JSON-LD is no article."""
    page_without_text = f"<html><head>{in_json_ld(PARAGRAPHS[:1])}</head><body></body></html>"
    assert refused(page_without_text).reason == "empty"
