"""Section, tags, lead image and last change, each with the source that named it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ingest import urls
from ingest.details import Details
from ingest.extract import extract
from ingest.metadata import page_metadata
from ingest.models import Article, Capture, FeedEntry, Page
from ingest.pagetext import parse_page

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://zellbote.example/2026/11/18/werk"
FULL = """<script type="application/ld+json">
{"@type":"NewsArticle","headline":"Works open","articleSection":["Energy","News"],
 "keywords":"cells, Buses,cells","datePublished":"2026-11-18T00:30:00+02:00",
 "dateModified":"2026-11-19T08:00:00Z","image":{"@type":"ImageObject","url":"/lead.jpg"},
 "publisher":{"name":"Zellbote","logo":{"url":"/logo.png"}},"author":{"name":"Ada Quill"}}
</script>"""


def details(head: str, body: str = "<p>x</p>") -> Details:
    tree = parse_page(f"<html><head>{head}</head><body>{body}</body></html>")
    assert tree is not None
    return page_metadata(tree).details


def made(head: str, body: str = "") -> Article:
    text = "".join(
        f"<p>The works took back {n} thousand cells from old buses in the past month, and sold "
        "half of them to a farm that keeps the sun of noon for the milking of the evening.</p>"
        for n in range(4)
    )
    markup = (
        f"<html lang=en><head>{head}</head><body><article><h1>Works open</h1>{body}{text}"
        "</article></body></html>"
    )
    page = Page(
        url=URL, requested_url=URL, status=200, content_type="text/html", body=markup.encode(),
        fetched_at=NOW,
    )  # fmt: skip
    entry = FeedEntry(url=URL, canonical_url=urls.canonical_url(URL))
    result = extract(Capture(entry=entry, page=page), None, now=NOW)
    assert isinstance(result, Article)
    return result


def test_an_article_carries_its_details_and_their_sources() -> None:
    """JSON-LD fills all of them; the day is the one in the publisher's zone."""
    article = made(FULL)
    assert (article.section, article.tags) == ("Energy", ("cells", "Buses"))
    assert article.image == "https://zellbote.example/lead.jpg"
    assert article.modified_at == datetime(2026, 11, 19, 8, tzinfo=UTC)
    assert article.published_at == datetime(2026, 11, 17, 22, 30, tzinfo=UTC)
    assert article.published_on == date(2026, 11, 18)
    assert article.metadata_from == {
        "title": "json_ld", "author": "json_ld", "publisher": "json_ld", "language": "html",
        "canonical_url": "url", "published_at": "json_ld", "modified_at": "json_ld",
        "section": "json_ld", "tags": "json_ld", "image": "json_ld",
    }  # fmt: skip


def test_fields_that_nothing_names_have_no_source() -> None:
    """A bare page names a headline in its h1 and no more."""
    article = made("")
    assert (article.section, article.tags, article.image, article.modified_at) == ("", (), "", None)
    assert article.metadata_from["title"] == "h1"
    assert not {"author", "section", "tags", "image", "modified_at"} & set(article.metadata_from)


def test_open_graph_stands_in_for_json_ld_and_meta_for_that() -> None:
    """The first source that has a value wins whole."""
    graph = (
        '<meta property="article:section" content="Grid"><meta property="article:tag" content="a1">'
        '<meta property="article:tag" content="b2"><meta name="keywords" content="c3,d4">'
        '<meta property="og:image" content="https://z.example/g.jpg">'
    )
    found = details(graph)
    assert (found.section, found.tags, found.images) == (
        "Grid", ("a1", "b2"), ("https://z.example/g.jpg",),
    )  # fmt: skip
    assert set(found.sources.values()) == {"opengraph"}
    plain = details('<meta name="keywords" content="c3,d4">')
    assert (plain.tags, plain.sources) == (("c3", "d4"), {"tags": "meta"})


def test_microdata_links_and_breadcrumbs_are_read_last() -> None:
    """Attributes in the text, tag links, and the place on the site."""
    found = details(
        '<script type="application/ld+json">{"@type":"BreadcrumbList","itemListElement":['
        '{"name":"Home"},{"item":{"name":"Storage"}},{"name":"Works open"}]}</script>'
        "<title>Works open</title>",
        "<h1>Works open</h1><img itemprop=image src=/m.jpg><a rel=tag href=/t>Cells</a>"
        "<time itemprop=dateModified datetime=2026-11-19>then</time>",
    )
    assert (found.section, found.tags, found.images) == ("Storage", ("Cells",), ("/m.jpg",))
    assert found.modified == ("2026-11-19",)
    assert found.sources == {
        "section": "breadcrumb", "tags": "link", "image": "microdata", "modified_at": "microdata",
    }  # fmt: skip


def test_a_change_before_the_publication_is_none() -> None:
    """Templates write the time at which the page was built, or that of the site."""
    assert made(FULL.replace("2026-11-19T08", "2026-11-01T08")).modified_at is None


def test_the_publishers_logo_is_no_lead_image() -> None:
    """Content systems without a picture name the logo."""
    assert details(FULL.replace("/lead.jpg", "/logo.png")).images == ()


def test_a_shape_that_the_vocabulary_does_not_allow_is_passed_over() -> None:
    """Numbers, nests and nulls in JSON-LD end as nothing, not as an error."""
    odd = (
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"H",'
        '"image":[[7],null],"keywords":{"a":1},"articleSection":9,"publisher":[1],"wordCount":"many"}</script>'
    )
    assert details(odd) == Details()
