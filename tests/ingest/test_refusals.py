"""Pages that are no articles, by what their text and links show."""

from __future__ import annotations

from ingest._extract_body import Body
from ingest.metadata import PageMetadata
from ingest.refusals import refusal, wall_notice

HOME = "https://volt.example/"
SENTENCE = "The plant makes cathodes for forty thousand packs a year, the company said on Monday."
LINKS = tuple(f"https://volt.example/news/plant-{n}" for n in range(10))


def reason(url: str, lines: int, links: tuple[str, ...] = (), asked: str = "") -> str:
    body = Body(text="\n".join([SENTENCE] * lines), links=links, page_chars=10_000)
    return refusal(url, body, PageMetadata(), asked=asked)[0]


def test_a_home_page_of_teasers_is_a_listing() -> None:
    """Each line leads to another page of the site: these are the articles, not it."""
    assert reason(HOME, 12, LINKS) == "listing"


def test_a_site_of_one_page_is_read() -> None:
    """Prose at the root of a site is an article like any other; references do not change that."""
    assert reason(HOME, 12) == ""
    assert reason(HOME, 12, tuple(f"https://else.example/{n}" for n in range(10))) == ""


def test_a_home_page_that_answers_for_an_article_is_a_listing() -> None:
    """Sites send readers of deleted articles to their home page; its text is not that article's."""
    assert reason(HOME, 12, asked="https://volt.example/news/plant-opens") == "listing"
    assert reason(HOME, 12, asked="https://volt.example/") == ""


def test_a_page_that_shows_the_end_of_its_article_is_not_cut_by_a_wall() -> None:
    """Its markup may hold more words than are read of it: what is cut has lost its end."""
    line = "Line {} says that the plant makes cathodes for forty thousand packs a year."
    lines = [line.format(n) for n in range(60)]
    meta = PageMetadata(is_free=False, article_body="\n".join(lines))
    assert wall_notice("\n".join(lines[:20]), meta) == "paywall"
    assert wall_notice("\n".join(lines[:10] + lines[-10:]), meta) == ""
    more = PageMetadata(is_free=False, article_body="\n".join(lines[:20]), word_count=900)
    assert wall_notice("\n".join(lines[:20]), more) == "paywall"
