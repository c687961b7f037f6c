"""What a text cites."""

from __future__ import annotations

import pytest

from ingest.cited import bare_links, cited_links, merged_links
from ingest.pagetext import parse_page
from ingest.policy import ExtractPolicy

POLICY = ExtractPolicy()
BASE = "https://www.voltnews.example/2026/11/18/plant-opens"
TEXT = "The plant will open in spring, the agency wrote on Tuesday.\nIts cells go to Gothenburg."


def cited(body: str, text: str = TEXT) -> tuple[str, ...]:
    tree = parse_page(f"<html><body>{body}</body></html>")
    assert tree is not None
    return cited_links(tree, text, BASE, POLICY)


ARTICLE = (
    "<article>The plant will open in spring, "
    "<a href='https://agency.example/wire-7'>the agency</a> wrote on Tuesday. {aside}"
    "<br>Its cells go to Gothenburg.</article>"
)


@pytest.mark.parametrize(
    "aside",
    [
        "<aside>Lesen Sie auch: <a href='/2026/11/01/other-1'>Other news</a></aside>",
        "<aside>Topics: <a href='/2026/11/01/other-1'>cells</a></aside>",
        "<div class='box'><a href='/2026/11/01/other-1'>Other news</a></div>",
        "<span>Read also <a href='/2026/11/01/other-1'>Other news from the valley</a></span>",
        "<a href='/2026/11/01/other-1'><img src='/cell.jpg'></a>",
    ],
)
def test_only_links_that_stand_in_the_kept_text_are_citations(aside: str) -> None:
    """An aside inside the article shares its block, but what it links is not in the text."""
    assert cited(ARTICLE.format(aside=aside)) == ("https://agency.example/wire-7",)


def test_a_link_with_words_for_screen_readers_is_still_a_citation() -> None:
    """The words before it and its first word stand in the text; the hidden rest does not."""
    link = "<a href='https://a.example/1'>the<i>, new tab</i></a>"
    assert cited(f"<p>The plant will open in spring, {link}</p>") == ("https://a.example/1",)


def test_buttons_to_share_and_section_pages_are_no_citations() -> None:
    """They lead nowhere that the text speaks of."""
    links = "".join(
        f"<p>The plant will open in spring, <a href='{href}'>the agency</a> wrote.</p>"
        for href in ("https://twitter.com/intent/tweet?x=1", "/tag/cells-1", "#top", BASE, "/")
    )
    assert cited(links) == ()


def test_urls_written_out_are_found_and_joined_without_repeats() -> None:
    """Closing punctuation is not of the URL; what both name stands once."""
    found = bare_links("See https://a.example/1, (https://b.example/2).", POLICY)
    assert found == ("https://a.example/1", "https://b.example/2")
    assert merged_links(found, found[:1], POLICY) == found
