"""What counts as an edit."""

from __future__ import annotations

import pytest

from storage.edits import is_real_edit, word_changes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One two.", "One  two.\n"),
        ("One “two”.", 'one "two"'),
        ("Text. 5 minutes ago", "Text. 2 hours ago"),
        ("Text. 1,204 views", "Text. 1.3K views"),
        ("Text. 3 min read", "Text. 4 min read"),
        ("Last updated: 14:05 GMT. Text", "Last updated: 15:10 GMT. Text"),
        ("Text. vor 3 Stunden", "Text. vor 4 Stunden"),
        ("电池 5分钟前", "电池 9分钟前"),
    ],
)
def test_what_changes_by_itself_is_not_an_edit(old, new):
    """White space, typography, clocks and counters make no version."""
    assert not is_real_edit("T", old, "T", new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Price is 100 dollars.", "Price is 110 dollars."),
        ("The vote is at 14:05.", "The vote is at 15:05."),
        ("It takes 5 minutes to charge.", "It takes 9 minutes to charge."),
        ("A beats B.", "B beats A."),
        ("电池价格上涨", "电池价格下跌"),
        ("One.", "One. Correction: two."),
    ],
)
def test_a_changed_fact_is_an_edit(old, new):
    """Numbers, times in the text, order and single characters of Chinese count."""
    assert is_real_edit("T", old, "T", new)


def test_a_changed_title_is_an_edit():
    """A headline rewritten over the same body makes a version."""
    assert is_real_edit("Plant opens", "Text.", "Plant closes", "Text.")


def test_words_are_counted_as_often_as_they_stand():
    """Added and removed words are multisets; moving words counts nothing."""
    assert word_changes("a b b c", "b a c c") == (1, 1)
    assert word_changes("one two", "two one") == (0, 0)
