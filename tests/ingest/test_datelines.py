"""Datelines beside the headline and publication dates in scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.datelines import shown_dates, without_label
from ingest.metadata import page_metadata
from ingest.pagetext import parse_page

TITLE = "Cathode plant opens in the valley"
PARAGRAPH = "<p>The plant makes cathodes for forty thousand packs a year, the company said.</p>"


def published(body: str, head: str = "") -> tuple[str, ...]:
    tree = parse_page(f"<html><head>{head}</head><body>{body}{PARAGRAPH * 9}</body></html>")
    assert tree is not None
    return page_metadata(tree).published


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("<h1>{t}</h1><p class=meta>October 24, 2025</p>", "October 24, 2025"),
        ("<h1>{t}</h1><div><span>Ann Lee</span><span>24 Oct 2025, 09:30</span></div>",
         "24 Oct 2025, 09:30"),
        ("<h1>{t}</h1><p>Published on 24 October 2025</p>", "24 October 2025"),
        ("<h1>{t}</h1><p>Veröffentlicht am 24.10.2025</p>", "24.10.2025"),
        ("<h1>{t}</h1><p>2025年10月24日</p>", "2025年10月24日"),
        ("<div><span>April 17, 2025</span></div><h1>{t}</h1>", "April 17, 2025"),
    ],
)  # fmt: skip
def test_a_dateline_beside_the_headline_is_read(around: str, expected: str) -> None:
    """Where no markup gives a time, the date that stands alone next to the h1 does."""
    assert published(around.format(t=TITLE))[:1] == (expected,)


@pytest.mark.parametrize(
    "around",
    [
        "<h1>{t}</h1><p>Updated October 24, 2025</p>",
        "<h1>{t}</h1><p>Zuletzt aktualisiert am 24.10.2025</p>",
        "<h1>{t}</h1><p>On October 24, 2025 the board of the company met in Dresden.</p>",
        "<h1>{t}</h1>" + PARAGRAPH * 20 + "<p>October 24, 2025</p>",
        "<h1>{t}</h1>",
    ],
)
def test_other_dates_of_the_page_are_left(around: str) -> None:
    """The day of an update, one inside a sentence, one far from the headline: none is believed."""
    assert published(around.format(t=TITLE)) == ()


def test_markup_goes_before_what_is_shown() -> None:
    """A page that says when it was published is not guessed at."""
    head = '<meta property="article:published_time" content="2025-10-23T22:00:00Z">'
    assert published(f"<h1>{TITLE}</h1><p>October 24, 2025</p>", head) == ("2025-10-23T22:00:00Z",)


def test_a_reading_time_is_no_publication_time() -> None:
    """``time`` elements that hold a duration or "3 hours ago" do not hide the dateline."""
    body = f"<h1>{TITLE}</h1><time datetime='PT7M'>7 min</time><p>October 24, 2025</p>"
    assert published(body) == ("October 24, 2025",)


def test_a_script_that_names_a_publication_date_is_read() -> None:
    """Analytics and page states give the date of pages that show none; edits do not count."""
    script = '<script>var page = {modified: "20260101", firstPublicationDate: "20251024"};</script>'
    assert published(f"<h1>{TITLE}</h1>", script) == ("20251024",)


def test_a_field_that_repeats_the_last_edit_comes_after_the_others() -> None:
    """Where JSON-LD gives one time as published and as modified, another source is asked first."""
    head = """<script type="application/ld+json">{"@type":"NewsArticle","headline":"A b c",
      "datePublished":"2025-07-05T14:20:08Z","dateModified":"2025-07-05T14:20:08-04:00"}</script>
      <meta property="article:published_time" content="2024-03-01">"""
    assert published("", head) == ("2024-03-01", "2025-07-05T14:20:08Z")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_around_a_headline_is_survived(before: str, after: str) -> None:
    """No text makes the reader fail, and what it yields is short."""
    tree = parse_page("<html><body><p id=a></p><h1>x</h1><p id=b></p></body></html>")
    assert tree is not None
    paragraphs = tree.findall(".//p")
    for paragraph, text in zip(paragraphs, (before, after), strict=True):
        paragraph.text = "".join(c for c in text if c.isprintable())
    assert all(len(raw) <= 50 for raw in shown_dates(tree, ["x"]))


@pytest.mark.parametrize("label", ["Published ", "Published on ", "Posted: ", "Publié le ", "El "])
def test_the_words_that_announce_a_date_go(label: str) -> None:
    """What is left is the date as written."""
    assert without_label(f"{label}24 October 2025") == "24 October 2025"
