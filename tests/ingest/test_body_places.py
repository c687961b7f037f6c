"""Where the article stands on a page whose markup does not say so, or says it wrongly."""

from __future__ import annotations

from functools import partial

import pytest

from ingest._extract_body import body_of
from ingest.metadata import PageMetadata
from ingest.pagetext import parse_page
from ingest.policy import ExtractPolicy
from ingest.streamed import place_streamed

SENTENCE = "The plant in the valley will make battery cells for vans from the spring of next year"


def text_of(body: str) -> str:
    """The text that is read out of a page with ``body``.

    The same whether a page that is needed twice is copied before it is used up or parsed again.
    """
    markup = f"<html><head><title>x</title></head><body>{body}</body></html>"
    parsed = partial(parse_page, markup)
    tree, again = parsed(), parsed()
    assert tree is not None
    assert again is not None
    given = ("https://news.example/a", PageMetadata(), ExtractPolicy())
    text = body_of(tree, *given).text
    assert body_of(again, *given, markup, parsed).text == text
    return text


def paragraphs(start: int, count: int) -> str:
    """So many paragraphs, each told from the others by its number."""
    return "".join(f"<p>{SENTENCE}, says line {n}. {SENTENCE}.</p>" for n in range(start, count))


def test_headings_and_lists_between_paragraphs_are_kept_where_no_frame_is_named():
    """A page whose classes mean nothing is read in the place where its paragraphs stand."""
    inner = (
        f"{paragraphs(0, 4)}<h2>What the cells are made of</h2>"
        "<ul><li>Lithium from the salt flats in the north.</li><li>Iron and phosphate.</li></ul>"
        f"{paragraphs(4, 8)}"
    )
    text = text_of(
        f"<div class=x1><div class=x2>{inner}</div></div><div class=x9><p>About us.</p></div>"
    )
    assert "What the cells are made of" in text
    assert "- Iron and phosphate." in text
    assert text.index("line 3") < text.index("What the cells") < text.index("line 4")
    assert text.count("line 5") == 1


def test_an_article_of_one_paragraph_is_one():
    """Text that is parted by line breaks alone is not passed over for the next frame."""
    lines = "<br><br>".join(f"{SENTENCE}, says line {n}. {SENTENCE}." for n in range(15))
    text = text_of(
        f'<main><article><div class="entry-content">{lines}</div></article></main>'
        f'<div class="content"><p>{SENTENCE}.</p><p>{SENTENCE}.</p></div>'
    )
    assert all(f"line {n}." in text for n in range(15))


@pytest.mark.parametrize("name", ["slide", "widget", "page-footer"])
def test_a_name_of_chrome_does_not_take_most_of_the_text_away(name: str) -> None:
    """A list made of "slides" is the article; a short box of that name beside it is none."""
    parts = "".join(f'<div class="{name}">{paragraphs(n, n + 2)}</div>' for n in range(0, 8, 2))
    text = text_of(
        f'<article class="post">{paragraphs(20, 23)}{parts}'
        f'<div class="{name}"><p>Follow us.</p><ul><li>One</li></ul></div></article>'
    )
    assert all(f"line {n}." in text for n in range(8))
    assert "Follow us" not in text


def test_chrome_goes_where_the_text_stands_beside_it():
    """A widget with a paragraph of its own is no article while the rest of the page is."""
    text = text_of(
        f'<article class="post">{paragraphs(0, 9)}'
        f'<div class="widget"><p>{SENTENCE}, an offer. {SENTENCE}.</p></div></article>'
    )
    assert "an offer" not in text
    assert "line 8" in text


def test_pieces_that_are_sent_late_stand_in_their_places():
    """React's streamed parts are put where its scripts would put them, nested ones too."""
    tree = parse_page(
        '<html><body><main><p>First.</p><template id="B:0"></template><p>Last.</p></main>'
        '<div hidden id="S:0"><p>Second.</p><template id="P:1"></template></div>'
        '<div hidden id="S:1"><p>Third.</p></div><div hidden id="S:7"><p>Nowhere.</p></div>'
        "</body></html>"
    )
    assert tree is not None
    place_streamed(tree)
    words = " ".join(" ".join(tree.itertext()).split())
    assert words == "First. Second. Third. Last. Nowhere."


def test_a_place_inside_its_own_piece_ends():
    """Markup that would put a piece into itself leaves it where it is."""
    tree = parse_page(
        '<html><body><div hidden id="S:0"><template id="B:0"></template><p>In.</p></div>'
        "</body></html>"
    )
    assert tree is not None
    place_streamed(tree)
    assert "In." in "".join(tree.itertext())


def test_a_navigation_that_was_never_closed_does_not_take_the_article_along():
    """What stands around an article goes at once; an element that holds much of the page stays."""
    closed = text_of(
        f"<nav><p>All sections of the paper.</p></nav><article>{paragraphs(0, 6)}</article>"
    )
    assert "All sections" not in closed
    assert "line 5" in closed
    assert "line 5" in text_of(f"<nav><p>Sections</p><div>{paragraphs(0, 9)}</div>")


def test_a_short_text_is_the_article_where_the_page_holds_little_more():
    """A brief beside longer teasers stays what it is; next to a whole report it is doubted."""
    brief = f'<div class="article-body"><p>{SENTENCE}. {SENTENCE}. {SENTENCE}. {SENTENCE}.</p>'
    brief += f"<p>{SENTENCE}, at last.</p></div>"
    elsewhere = "".join(f"<div><p>{SENTENCE}, teaser {n}.</p></div>" for n in range(9))
    assert "teaser" not in text_of(f"{brief}<div>{elsewhere}</div>")
    assert "line 20" in text_of(f'{brief}<div class="zz">{paragraphs(0, 30)}</div>')
