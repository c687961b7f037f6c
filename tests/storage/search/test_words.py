"""Text into words: folded alike whatever way it is written, and found inside longer runs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.words import asked_words, fold, pairs, parts, runs, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Besançon ÉLECTRICITÉ", "besancon electricite"),
        ("Zürich Straße", "zurich strasse"),
        ("Škoda Łódź Ærø Ås", "skoda lodz aero as"),
        ("ＢＹＤ ５Ｃ", "byd 5c"),
        ("ﾊﾞｯﾃﾘｰ", "バッテリー"),
        ("Αθήνα", "αθηνα"),
        ("зелёный", "зеленый"),
        ("Natrium\u00adionen", "natriumionen"),
        ("e\u0301clat", "eclat"),
    ],
)
def test_ways_of_writing_a_word_are_one(one: str, other: str) -> None:
    """Case, accents, width and soft hyphens do not keep a word from being found."""
    assert words(one) == words(other) == words(fold(one))


@pytest.mark.parametrize("marked", ["がぎ", "パ", "й", "한"])
def test_marks_that_make_another_letter_stay(marked: str) -> None:
    """Voiced kana are not unvoiced ones, nor is й an и."""
    assert fold(marked) == unicodedata.normalize("NFC", marked)


def test_scripts_without_spaces_are_cut_into_pairs() -> None:
    """Neighbours overlap, and the last character stands by itself once more."""
    assert words("5C固态电池!") == ["5c", "固态", "态电", "电池", "池"]
    assert asked_words("固态电池") == ("固态", "态电", "电池")


@given(
    st.text(alphabet="电池固态トヨタ배터리 ab1-。", max_size=30),
    st.text(alphabet="电池固态トヨタ배터리 ab1-。", max_size=30),
    st.text(alphabet="电池固态トヨタ배터리", min_size=2, max_size=6),
)
def test_a_run_is_found_inside_any_text(before: str, after: str, run: str) -> None:
    """The words asked for stand side by side in whatever text holds the run."""
    held = words(before + run + after)
    asked = list(asked_words(run))
    assert any(held[i : i + len(asked)] == asked for i in range(len(held)))


@given(st.text(alphabet=st.sampled_from("aB1_<é’—“µ²½°固态ーกัあ가ё🙂İßΩᏣﬁÅ\u0338\u0307\u200d -")))
def test_words_come_the_quick_way_as_they_come_letter_by_letter(text: str) -> None:
    """Folding what is no ASCII run by run changes nothing, whatever stands beside a mark."""
    slowly: list[str] = []
    for run, unspaced in runs(text):
        slowly += [*pairs(run), run[-1]] if unspaced else [run]
    assert words(text) == slowly


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    """No text is refused, no word is long or empty or holds a space."""
    for word in words(text):
        assert 0 < len(word) <= 64
        assert " " not in word


def test_parts_of_compounds_are_those_of_languages_that_have_them() -> None:
    """A long German word gives its ends; an English one, a number or a short word gives none."""
    found = set(parts(["natriumionenbatterien", "zelle", "200000000000"], "de"))
    assert {"natriumionenbatterien", "ionenbatterien", "batterien"} <= found
    assert not any(one.startswith(("atrium", "zelle", "0")) for one in found)
    assert list(parts(["transcontinental"], "en")) == []
