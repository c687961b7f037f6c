"""Paragraphs of the site and paragraphs of the story."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.furniture import is_furniture, without_furniture


@pytest.mark.parametrize(
    "paragraph",
    [
        "We use cookies to personalise content and to analyse our traffic.",
        "Sign up for our newsletter and follow us on Facebook.",
        "© 2026 Example Press. All rights reserved.",
        "Abonnieren Sie unseren Newsletter. Hinweise finden Sie in der Datenschutzerklärung.",
        "저작권자 ⓒ 예시신문, 무단전재 및 재배포금지",
        "This page is for informational purposes only and is not investment advice.",
    ],
)
def test_paragraph_of_the_site_is_furniture(paragraph: str) -> None:
    """Consent, subscription, copyright and disclaimers, in several languages."""
    assert is_furniture(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    [
        "The regulator fined the retailer for setting cookies without asking.",
        "The carmaker ended its battery subscription after two years of poor sales.",
        "Its newsletter had warned investors of falling cell prices since autumn.",
        "Norrvolt said it had applied for copyright in the name of its cell format.",
        "",
    ],
)
def test_paragraph_that_mentions_such_things_is_not(paragraph: str) -> None:
    """One stock phrase in reported speech is part of the story."""
    assert not is_furniture(paragraph)


def test_text_of_nothing_but_furniture_is_left_as_it_is() -> None:
    """What would leave nothing is not cut."""
    text = "Sign up for our newsletter and follow us on Facebook.\n"
    assert without_furniture(text) == text


@given(st.lists(st.sampled_from(["Cells got cheaper.", "", "We use cookies. Accept all.", "x"])))
@settings(max_examples=100, deadline=None)
def test_only_whole_lines_are_left_out(lines: list[str]) -> None:
    """What stays are lines of the text, in their order."""
    kept = iter(without_furniture("\n".join(lines)).split("\n"))
    remaining = iter(lines or [""])
    assert all(any(line == other for other in remaining) for line in kept)
