"""What surrounds an article without being of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import PageMetadata
from ingest.noise import drop_link_lines, trim_noise
from ingest.pagetext import parse_page, plain_text
from ingest.policy import ExtractPolicy

POLICY = ExtractPolicy()
BODY = [
    "The plant in the northern valley will begin to make cells for electric lorries next spring, "
    "the company told its investors on Tuesday after a year of delays and two changes of supplier.",
    "Some eight hundred people are to work there in three shifts. The town has built a new school "
    "and widened the road to the harbour, from which the packs will be shipped to Rotterdam.",
    "Analysts had expected a later start. The first customer is a maker of lorries from Gothenburg "
    "that will take half of the output for five years at a price that both sides do not tell.",
]
META = PageMetadata(title="Plant opens", titles=("Plant opens",), authors=("Ann Lee",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["Plant opens"], []),
        (["By Ann Lee", "3 November 2026"], []),
        (["Foto: Bo Ek"], []),
        ([], ["Related articles", "Another plant closes", "A third one is late"]),
        ([], ["Lesen Sie auch", "Ein anderes Werk schließt"]),
        ([], ["Ann Lee writes about cells and lorries from the north."]),
        ([], ["Subscribe to our newsletter", "© Volt News"]),
    ],
)
def test_lines_around_the_article_go(before: list[str], after: list[str]) -> None:
    """Headline, byline, date, credit, lists of other articles and calls to subscribe."""
    text = "\n".join([*before, *BODY, *after])
    assert trim_noise(text, META, POLICY).split("\n") == BODY


def test_the_same_lines_inside_the_article_stay() -> None:
    """Only the edges are looked at: a sentence about a newsletter may be news."""
    middle = "Readers can subscribe to the newsletter of the plant, the mayor said."
    text = "\n".join([*BODY, middle, *BODY])
    assert trim_noise(text, META, POLICY) == text


@given(
    st.lists(
        st.sampled_from(
            [*BODY, "Related", "By Ann Lee", "Plant opens", "Subscribe now", "Stand: 1"]
        )
    )
)
def test_no_more_than_the_bounded_share_is_cut(lines: list[str]) -> None:
    """Whatever stands there, what is left is lines of the text in its order."""
    left = trim_noise("\n".join(lines), META, POLICY).split("\n")
    rest = iter(lines)
    assert all(line in rest for line in left if line)
    headline = sum(len(line) for line in lines if line == "Plant opens")
    whole = sum(map(len, lines)) - headline
    assert sum(map(len, left)) >= (1 - POLICY.edge_share) * whole - 1


def test_a_page_made_of_links_loses_none_of_them() -> None:
    """A list that somebody wrote is an article; one line between paragraphs leads away."""
    link = '<p><a href="/2026/1">Another plant in the east closes early</a></p>'
    paragraphs = "".join(f"<p>{line}</p>" for line in BODY)
    for body, kept in ((link * 5, True), (paragraphs + link, False)):
        tree = parse_page(f"<html><body>{body}</body></html>")
        assert tree is not None
        drop_link_lines(tree, POLICY)
        assert ("Another plant" in plain_text(tree)) is kept


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ('<p>Read more: <a href="/news/other-plant">Another plant opens at last</a></p>', False),
        ('<p><a href="https://www.volt.example/b">Another plant opens at last</a></p>', False),
        ('<p>Maker: <a href="https://cells.example/x">Official cathode catalogue</a></p>', True),
        ('<p>Website: <a href="/go?1">cathodes-of-the-valley.example</a></p>', True),
        ('<ul><li><p><a href="/books/1">The natural way to make cells</a></p></li></ul>', True),
    ],
)  # fmt: skip
def test_only_lines_that_lead_to_other_pages_of_the_site_go(line: str, stays: bool) -> None:
    """A link to another site, an address or an entry of a list is part of what was written."""
    tree = parse_page(f"<html><body>{'<p>Some words of the article.</p>' * 30}{line}</body></html>")
    assert tree is not None
    drop_link_lines(tree, POLICY, "https://www.volt.example/news/plant")
    assert (tree.xpath("//a") != []) is stays
