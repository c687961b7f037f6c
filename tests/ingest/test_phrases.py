"""Phrases by their first word: the same matches as one expression of all of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.phrases import UNSPACED, Phrases, words_at_cut, words_of

LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
PHRASES = [
    "battery", "battery cell*", "batter*", "cell", "ev", "e-car", "driver's car", "solid state",
    "state of charge", "charge*", "large battery", "EV", "ＥＶ", "電池", "固態電池", "電", "ev電池",
    "배터리 소재", "großspeicher*", "ion",
]  # fmt: skip


def one_expression(phrases: list[str], flags: re.RegexFlag) -> re.Pattern[str]:
    spaced, unspaced = [], []
    for phrase in sorted(set(phrases), key=lambda one: (-len(one), one)):
        form = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-‐‑–]+")
        form = form.replace("'", "['’]")
        (unspaced if UNSPACED.search(phrase) else spaced).append(form)
    parts = [rf"(?<!{LETTER})(?:{'|'.join(spaced)})(?!{LETTER})"] if spaced else []
    return re.compile("|".join([*parts, *unspaced]), flags)


pieces = st.sampled_from(PHRASES) | st.sampled_from(
    [" ", "-", "\n", "s", "'s", "’", ".", "市", "k", "K", "ſ", "_", "x battery", "solid-", "*"]
)
texts = st.lists(
    pieces.flatmap(lambda one: st.sampled_from([one, one.rstrip("*"), one.upper()])), max_size=14
).map("".join)


@pytest.mark.parametrize("any_case", [False, True])
@given(text=texts, left=st.sets(st.sampled_from(PHRASES), min_size=1))
def test_the_matches_are_those_of_one_expression(text: str, left: set[str], any_case: bool) -> None:
    """For every group by itself, in every script, overlapping phrases included."""
    groups = [sorted(left), PHRASES]
    flags = re.IGNORECASE if any_case else re.NOFLAG
    for group, found in zip(groups, Phrases(groups, any_case=any_case).find(text), strict=True):
        wanted = [match.span() for match in one_expression(group, flags).finditer(text)]
        assert [match.span() for match in found] == wanted


@given(text=texts, cut=st.integers(0, 60))
def test_the_words_of_a_whole_text_serve_its_parts(text: str, cut: int) -> None:
    """Taken apart once, with the two words that a cut may have made of one."""
    searched = Phrases([PHRASES])
    before, after = text[:cut], text[cut:]
    words = words_of(text) | words_at_cut(before, after)
    for part in (before, after):
        (alone,), (given_words,) = searched.find(part), searched.find(part, words)
        assert [match.span() for match in given_words] == [match.span() for match in alone]


@pytest.mark.parametrize("length", [99, 100, 101, 300])
def test_a_cut_through_a_very_long_word_leaves_both_pieces(length: int) -> None:
    """However long they are."""
    before, after = "b" * length, "a" * length
    assert words_at_cut(f"x {before}", f"{after} x") >= {before, after}


def test_a_phrase_has_to_begin_with_a_letter() -> None:
    """It could not be looked up by its first word, and would be lost without a word."""
    with pytest.raises(ValueError, match="does not begin"):
        Phrases([["*car"]])
