"""Copies and furniture that the markup of a page gives away."""

from __future__ import annotations

import pytest

from ingest.asides import drop_copies
from ingest.pagetext import parse_page

SAID = "we have been wondering all year whether the plant would ever make a single cell of ours"
FILLER = "".join(
    f"<p>Paragraph {n} says that the plant makes cathodes for {n} thousand packs.</p>"
    for n in range(30)
)
OFFER = "Buy a profitable plant today, outsmart the market and check out all of our listings now"


def text_of(body: str) -> str:
    tree = parse_page(f"<html><body><article>{FILLER}{body}</article></body></html>")
    assert tree is not None
    drop_copies(tree)
    return tree.text_content()


@pytest.mark.parametrize(
    "echo",
    [
        f"<blockquote class='article__pullquote'><p>“{SAID}”</p></blockquote>",
        f"<div class='pull-quote-wrap'><q>{SAID}</q></div>",
        f"<blockquote class='stylized pull-right'>{SAID}</blockquote>",
        f"<p class='imageCaption'>{SAID.replace('ever', 'really')}</p>",
    ],
)
def test_a_quote_or_caption_that_echoes_a_paragraph_goes(echo: str) -> None:
    """The sentence stays where it was said, also when the copy was lightly edited."""
    text = text_of(f"{echo}<p>At noon the mayor told the board that {SAID}.</p>")
    assert text.count("wondering all year") == 1
    assert "the mayor told" in text


def test_a_quote_that_stands_nowhere_else_stays() -> None:
    """Without its paragraph a pull quote is the only place where the sentence stands."""
    assert SAID in text_of(f"<blockquote class='pullquote'><p>{SAID}</p></blockquote>")


def test_the_second_copy_of_a_box_goes_and_the_first_stays() -> None:
    """A template that sets one offer twice into an article is read once."""
    box = f"<div class='inline-offer'><p>{OFFER}</p></div>"
    assert text_of(f"{box}<p>More of the article follows.</p>{box}").count(OFFER) == 1


def test_a_box_inside_a_box_of_its_class_is_no_copy() -> None:
    """Wrappers of one class around one text hold it once, and it stays."""
    nested = f"<div class='no-tts'><div class='no-tts'><div class='no-tts'>{SAID}</div></div></div>"
    assert SAID in text_of(nested)


@pytest.mark.parametrize(
    "twice",
    [
        f"<p class='text'>{SAID}</p>",
        f"<ul class='list'><li>{SAID}</li></ul>",
        "<div class='label'>Ten more words</div>",
        f"<div>{SAID}</div>",
    ],
)
def test_what_an_author_may_repeat_stays_twice(twice: str) -> None:
    """Paragraphs, lists, short labels and boxes without a class are not judged here."""
    piece = "Ten more words" if "Ten" in twice else SAID
    assert text_of(f"{twice}<p>Something else is said here.</p>{twice}").count(piece) == 2


@pytest.mark.parametrize(
    "furniture",
    [
        "<div class='promo-bar__text'>Free shipping on orders of 60 and more</div>",
        "<table class='cookielawinfo-row'><tr><td>Free shipping of cookies</td></tr></table>",
        "<span role='tooltip'>Free shipping means that nothing is paid</span>",
    ],
)
def test_banners_cookie_tables_and_tooltips_go(furniture: str) -> None:
    """They are on every page of the site and of none of its articles."""
    assert "Free shipping" not in text_of(furniture)


def test_a_page_that_is_about_its_banner_keeps_it() -> None:
    """A class name does not outweigh that most of the text stands under it."""
    tree = parse_page(f"<html><body><div class='promo-bar'>{FILLER}</div></body></html>")
    assert tree is not None
    drop_copies(tree)
    assert "Paragraph 7" in tree.text_content()
