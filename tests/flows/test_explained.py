"""Explanations as lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.digest import digest
from flows.explained import lines, wrapped
from flows.explaining import explain
from flows.save import save_batch
from ingest.models import Capture, FeedEntry
from tests.flows.newsroom_support import NOW, InMemory

WORDS = st.lists(st.text("abcdefg.,", min_size=1, max_size=12), max_size=40).map(" ".join)


@given(st.lists(WORDS, max_size=5), st.integers(20, 140))
def test_prose_fits_the_terminal_and_keeps_its_words(said: list[str], width: int) -> None:
    """No line is wider than the terminal, and no word is lost, split or moved."""
    broken = wrapped(said, width)
    assert all(len(line) <= width for line in broken)
    assert " ".join(broken).split() == " ".join(said).split()


def test_an_address_is_never_broken() -> None:
    """A URL that is wider than the terminal stays one that can be clicked."""
    url = "https://marketlamp.example/" + "sodium-cell-" * 9 + "surge"
    assert wrapped([f"  {url}"], 60) == [f"  {url}"]
    assert wrapped(["  text from: page", "", "end"], 60) == ["  text from: page", "", "end"]


REPORT = (
    "Norrvolt will double the output of its cathode line in Skelleftea by the spring, the maker "
    "of battery cells said, and pays for it with a loan of 310 million euros from four banks. "
    "Maja Lindqvist, who runs the works, put the number of new posts at 420. The council had asked "
    "for a study of the river, which carries too little water in dry summers to cool the kilns."
)
FORM = (
    "Stocks of nickel in the sheds of the exchange in Porto stood at {} tonnes after deliveries of "
    "{}, the exchange said in its daily notice. Cobalt was put at {}, copper at {}, and cancelled "
    "warrants made up {} of the total, against {} the day before. Premiums were paid of {} dollars."
)
URLS = [f"https://paper{number}.example/report" for number in range(4)]


@pytest.fixture(scope="module")
def told() -> Iterator[Callable[[str], str]]:
    """What is said of one of four articles: a report, a rewrite that cites it, a form twice."""
    texts = [
        REPORT,
        f"{REPORT} The shares rose on the news.",
        FORM.format(812, 340, 77, 951, 46, 120, 215),
        FORM.format(798, 512, 64, 903, 39, 233, 190),
    ]
    captures = [
        Capture(
            entry=FeedEntry(
                url=url, canonical_url=url, title=title, text=text, published_at=NOW
            )
        )
        for url, text, title in zip(
            URLS, texts, ["Norrvolt doubles", "Norrvolt doubles", "Stocks", "Stocks"], strict=True
        )
    ]  # fmt: skip
    store = InMemory()
    save_batch(store, digest(captures, {}, all_topics=True, now=NOW), NOW)
    links = [URLS[0], "https://elsewhere.example/unknown"]
    for position, link in enumerate(links):
        store.con.execute(
            "INSERT INTO core.links SELECT article_id, $1, $2, $2 FROM core.articles "
            "WHERE url = $3",
            [position, link, URLS[1]],
        )
    yield lambda url: "\n".join(lines(explain(store.con, url), width=200))
    store.con.close()


def test_a_rewrite_names_what_it_cites_and_counts_links_to_strangers(
    told: Callable[[str], str],
) -> None:
    """Its source by title, as our own article; a page that is not stored by its address."""
    said = told(URLS[1])
    assert "It rewrites, and cites, paper0.example: Norrvolt doubles [" in said
    assert "It links to 1 page that is not stored:\n  https://elsewhere.example/unknown" in said


def test_a_source_names_the_rewrite_that_cites_it(told: Callable[[str], str]) -> None:
    """The same link, told from the other end."""
    assert "It is rewritten, and cited, by paper1.example: Norrvolt doubles [" in told(URLS[0])


def test_an_article_on_a_form_names_the_one_that_it_is_not(told: Callable[[str], str]) -> None:
    """Another day's notice is told apart with its figures, and counts as no relative."""
    said = told(URLS[2])
    assert "no other article tells it" in said
    assert "Much like it, and another story:\n  is not paper3.example: Stocks [" in said
    assert "figures in the same place differ" in said
