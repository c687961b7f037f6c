"""Strings of a page made fit to store, to compare and to count."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.wording import clean, count_words, fold_title, one_line, squeezed, tidy, visible


def test_words_are_counted_in_every_script():
    """Two characters stand for a word where none are spaced."""
    assert count_words("two words") == 2
    assert count_words("电池工厂") == 2


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Cells &amp;amp; packs", "Cells & packs"),
        ("<b>Cells</b>\n  and packs", "Cells and packs"),
        ("cell\u200bs and pa\xadcks", "cells and packs"),
        ("under 5 < 6 mm", "under 5 < 6 mm"),
    ],
)
def test_a_string_of_markup_becomes_one_plain_line(written: str, read: str) -> None:
    """Entities are resolved even where they were escaped twice; unseen characters go."""
    assert clean(written) == read


def test_headlines_are_compared_without_typography() -> None:
    """Case, quotes, dashes and full-width letters make no other headline."""
    assert fold_title("“Cells” – a REPORT") == fold_title('"cells" - a report')
    assert fold_title("ＢＹＤ ｃｅｌｌｓ") == "byd cells"
    assert squeezed("Volt-News 24") == "voltnews24"


@given(st.text(max_size=200))
def test_a_tidied_text_has_no_empty_lines_and_stays_as_it_is(text: str) -> None:
    """Doing it twice is doing it once, and one line stays one line."""
    once = tidy(text)
    assert tidy(once) == once
    assert all(line.strip() == line and line for line in once.splitlines())
    assert "\n" not in one_line(text)


@pytest.mark.parametrize("read", [clean, one_line, tidy, visible])
def test_marks_that_nobody_sees_do_not_part_words(read: Callable[[str], str]) -> None:
    """A search for the word finds it; what joins letters stays."""
    assert read("Batterie\xadfabrik\u200b, \ufeffKa\u2060thode") == "Batteriefabrik, Kathode"
    assert read("نمی\u200cخواهم 👩\u200d🔬") == "نمی\u200cخواهم 👩\u200d🔬"
