"""Phrases by their first word: the same matches as one expression of all of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.phrases import UNSPACED, Phrases

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
    [
        " ",
        "-",
        "\n",
        "s",
        "'s",
        "’",
        ".",
        "市",
        "k",
        "K",
        "ſ",
        "İ",
        "ı",
        "_",
        "x battery",
        "solid-",
        "*",
    ]
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


def test_a_lone_surrogate_hides_nothing() -> None:
    """A text that has no UTF-8 form is searched like any other."""
    (found,) = Phrases([PHRASES]).find("the \ud800 battery")
    assert [match.group() for match in found] == ["battery"]


def test_a_phrase_has_to_begin_with_a_letter() -> None:
    """It could not be looked up by its first word, and would be lost without a word."""
    with pytest.raises(ValueError, match="does not begin"):
        Phrases([["*car"]])
