"""The whole text of an article out of its feed."""

from __future__ import annotations

from ingest.feedtext import feed_text
from ingest.models import FeedEntry

PARAGRAPHS = [
    "The plant in the northern valley will begin to make cells for electric lorries next spring, "
    "the company told its investors on Tuesday after a year of delays and two changes of supplier.",
    "Some eight hundred people are to work there in three shifts. The town has built a new school "
    "and widened the road to the harbour, from which the packs will be shipped to Rotterdam.",
    "Analysts had expected a later start. The first customer is a maker of lorries from Gothenburg "
    "that will take half of the output for five years at a price that both sides do not tell.",
]
FULL = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)


def entry(**fields: str) -> FeedEntry:
    url = "https://www.voltnews.example/plant-1"
    return FeedEntry(url=url, canonical_url=url, **fields)  # type: ignore[arg-type]


def test_the_syndication_line_of_wordpress_is_not_a_cut():
    """Full text followed by "The post ... appeared first on" is full text, without that line."""
    text = feed_text(
        entry(content=FULL + "<p>The post <a>Plant</a> appeared first on <a>Volt</a>.</p>")
    )
    assert text.split("\n") == PARAGRAPHS


def test_the_same_few_sentences_in_both_places_are_a_teaser() -> None:
    """Summary and content alike and short: the feed only repeats itself."""
    assert feed_text(entry(content=FULL, summary=FULL)) == ""
    assert feed_text(entry(content=FULL, summary=PARAGRAPHS[0])).split("\n") == PARAGRAPHS


def test_a_summary_is_full_text_only_when_long_and_in_paragraphs() -> None:
    """One long paragraph may be a teaser; several are an article."""
    long = FULL + FULL.replace("plant", "works")
    assert feed_text(entry(summary=long)).count("\n") == 5
    assert feed_text(entry(summary=long.replace("</p><p>", " "))) == ""
