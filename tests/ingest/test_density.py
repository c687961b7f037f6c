"""Dense paragraphs: the same as jusText's, found on the tree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from justext.core import ParagraphMaker, classify_paragraphs, revise_paragraph_classification

from ingest.density import dense_paragraphs
from ingest.pagetext import parse_page

STOPS = frozenset({"the", "a", "of", "is", "and"})
WORDS = st.sampled_from(["the", "of", "and", "battery", "plant", "©", "electric", "is", "cells"])
TEXTS = st.lists(WORDS, max_size=60).map(" ".join)
TAGS = st.sampled_from(["p", "div", "a", "span", "b", "li", "h2", "select", "td", "br"])


def blocks(depth: int) -> st.SearchStrategy[str]:
    if not depth:
        return TEXTS
    inner = st.lists(blocks(depth - 1), max_size=4).map(" ".join)
    return st.builds(lambda tag, held, tail: f"<{tag}>{held}</{tag}>{tail}", TAGS, inner, TEXTS)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks(3), min_size=1, max_size=6).map("".join))
def test_paragraphs_are_those_of_the_original(markup: str) -> None:
    """On any nesting of blocks, links and breaks, with the numbers that trafilatura gives it."""
    tree = parse_page(f"<html><body>{markup}</body></html>")
    assert tree is not None
    paragraphs = ParagraphMaker.make_paragraphs(tree)
    classify_paragraphs(paragraphs, STOPS, 50, 150, 0.1, 0.2, 0.25, True)
    revise_paragraph_classification(paragraphs, 150)
    wanted = [one.text for one in paragraphs if not one.is_boilerplate and one.text]
    assert dense_paragraphs(tree, STOPS.__contains__) == wanted
