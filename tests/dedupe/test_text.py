"""One tokeniser for every script: what counts as a word, where it stands, how it is folded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text import count_words, fold, fold_lines, is_unspaced, raw_words, word_spans, words


def test_words_ignore_case_and_typography() -> None:
    """Case, ligatures and full-width letters do not make another word."""
    assert words("The ﬁrst ＢＹＤ Dolphin") == words("the first byd dolphin")


def test_unspaced_scripts_give_one_word_a_character() -> None:
    """Han, kana and Thai have no spaces, so that each character counts."""
    assert words("比亚迪") == ["比", "亚", "迪"]
    assert count_words("トヨタ") == 3
    assert count_words("รถ") == 2


def test_spaced_scripts_keep_their_words_whole() -> None:
    """Korean, Arabic with vowel marks and Hindi are parted at spaces only."""
    assert count_words("배터리 공장") == 2
    assert count_words("مُدَرِّس جديد") == 2
    assert count_words("नई बैटरी") == 2


@pytest.mark.parametrize(
    ("sign", "expected"), [("电", True), ("ก", True), ("a", False), ("", False)]
)
def test_is_unspaced_knows_single_characters(sign: str, expected: bool) -> None:
    """Only one character of a script without spaces is an unspaced word."""
    assert is_unspaced(sign) is expected


@given(st.text())
def test_spans_and_raw_words_agree_on_any_text(text: str) -> None:
    """The fast tokeniser finds exactly the words that lie at the spans."""
    spans = word_spans(text)
    assert [text[start:end] for start, end in spans] == raw_words(text)
    assert count_words(text) == len(spans)


@given(st.text())
def test_folding_twice_changes_nothing_for_words_of_a_text(text: str) -> None:
    """Words come out folded: a second reading finds the same ones."""
    once = words(text)
    assert words(" ".join(once)) == words(fold(" ".join(once)))


@given(st.text(st.sampled_from("aÄßﬁe\u0301…ΣK\n\n"), max_size=40), st.data())
def test_lines_fold_one_by_one_as_the_whole_does(text: str, data: st.DataObject) -> None:
    """Those that hold one of the places; the others stay."""
    places = sorted(data.draw(st.sets(st.integers(0, len(text) - 1)))) if text else []
    asked = {text.count("\n", 0, place) for place in places if text[place] != "\n"}
    lines, folded = text.split("\n"), fold(text).split("\n")
    expected = [folded[n] if n in asked else line for n, line in enumerate(lines)]
    letters = [place for place in places if text[place] != "\n"]
    assert fold_lines(text, letters) == "\n".join(expected)
