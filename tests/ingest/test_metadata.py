"""What a page says of itself: headline, authors, times, publisher."""

from __future__ import annotations

from ingest.metadata import PageMetadata, page_metadata
from ingest.pagetext import parse_page


def read(head: str, body: str = "<p>x</p>", hint: str = "www.voltnews.example") -> PageMetadata:
    tree = parse_page(f"<html lang='en-GB'><head>{head}</head><body>{body}</body></html>")
    assert tree is not None
    return page_metadata(tree, hint)


NEWS = """<script type="application/ld+json">
{"@context":"https://schema.org","@graph":[
 {"@type":"WebSite","name":"Volt News"},
 {"@type":"NewsArticle","headline":"Cells from the valley","datePublished":"2026-03-02T08:00:00Z",
  "dateModified":"2026-03-03T08:00:00Z","author":[{"@type":"Person","name":"Ann Lee"},
  {"@type":"Person","name":"Bo Ek"}],"publisher":{"@type":"Organization","name":"Volt News"},
  "isAccessibleForFree":"False","inLanguage":"en"}]}</script>"""


def test_json_ld_of_the_article_is_read_out_of_a_graph():
    """Headline, people, times and the paywall flag come from the article's own node."""
    meta = read(NEWS)
    assert meta.title == "Cells from the valley"
    assert meta.authors == ("Ann Lee", "Bo Ek")
    assert meta.published[0] == "2026-03-02T08:00:00Z"
    assert meta.details.modified == ("2026-03-03T08:00:00Z",)
    assert meta.site_name == "Volt News"
    assert meta.is_free is False
    assert meta.language == "en"


def test_broken_json_ld_does_not_hide_the_meta_elements():
    """A syntax error in one block leaves the others."""
    meta = read(
        '<script type="application/ld+json">{"@type": "NewsArticle", </script>'
        '<meta property="og:title" content="Cells &amp; packs | Volt News">'
        '<meta property="og:site_name" content="Volt News">'
        '<meta property="article:published_time" content="2026-03-02">'
    )
    assert meta.title == "Cells & packs"
    assert meta.published == ("2026-03-02",)


def test_json_ld_with_trailing_commas_is_repaired():
    """Templates leave commas behind; the block is still read."""
    meta = read(
        '<script type="application/ld+json">{"@type":"Article","headline":"A b c",}</script>'
    )
    assert meta.title == "A b c"


def test_the_h1_that_the_other_titles_speak_of_wins():
    """A page with the site's name in one h1 and the headline in another gives the headline."""
    meta = read(
        "<title>Plant opens in spring - Volt News</title>",
        "<h1>Volt News</h1><h1>Plant opens in spring</h1>",
    )
    assert meta.title == "Plant opens in spring"


def test_a_byline_element_is_the_last_resort():
    """Without markup for machines the visible byline is read."""
    meta = read("", '<p class="byline">By Ann Lee</p><h1>T</h1>')
    assert meta.authors == ("Ann Lee",)


def test_a_page_without_anything_gives_empty_fields():
    """Absence is empty, never an error."""
    tree = parse_page("<html><body></body></html>")
    assert tree is not None
    meta = page_metadata(tree)
    assert (meta.title, meta.authors, meta.published, meta.is_free) == ("", (), (), None)


def test_deeply_nested_json_ld_ends():
    """100,000 brackets are no recursion error."""
    assert read(f'<script type="application/ld+json">{"[" * 100_000}</script>').title == ""
