"""Explanations as lines for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.explained import wrapped

WORDS = st.lists(st.text("abcdefg.,", min_size=1, max_size=12), max_size=40).map(" ".join)


@given(st.lists(WORDS, max_size=5), st.integers(20, 140))
def test_prose_fits_the_terminal_and_keeps_its_words(said: list[str], width: int) -> None:
    """No line is wider than the terminal, and no word is lost, split or moved."""
    lines = wrapped(said, width)
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines).split() == " ".join(said).split()


def test_an_address_is_never_broken() -> None:
    """A URL that is wider than the terminal stays one that can be clicked."""
    url = "https://marketlamp.example/" + "sodium-cell-" * 9 + "surge"
    assert wrapped([f"  {url}"], 60) == [f"  {url}"]
    assert wrapped(["  text from: page", "", "end"], 60) == ["  text from: page", "", "end"]
