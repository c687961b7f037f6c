"""Two texts beside each other: nothing lost, nothing out of order, changes marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedupe import match
from dedupe.models import Document
from dedupe.passages import side_by_side

TEXTS = st.text(alphabet="ab cd.\n电池。ü!", max_size=120)


def said(rows, side):
    return "".join(piece.text for row in rows for piece in getattr(row, side))


def letters(text):
    return "".join(char for char in text if char.isalnum())


@given(TEXTS, TEXTS)
def test_each_side_reads_as_its_text(left, right):
    """Every word of both texts stands in its column once and in order."""
    rows = side_by_side(left, right)
    assert letters(said(rows, "left")) == letters(left)
    assert letters(said(rows, "right")) == letters(right)


@given(TEXTS)
def test_a_text_beside_itself_is_the_same_throughout(text):
    """No row of it is marked."""
    assert all(row.same for row in side_by_side(text, text))


def test_the_changed_word_is_marked_and_no_other():
    """One figure changed in a sentence: that figure."""
    rows = side_by_side("The price of lithium rose to 9.20 on Monday.",
                        "The price of lithium rose to 9.80 on Monday.")  # fmt: skip
    assert [piece.text.strip() for piece in rows[0].left if not piece.same] == ["20"]
    assert [piece.text.strip() for piece in rows[0].right if not piece.same] == ["80"]


def test_a_refused_pair_names_the_rules_that_refuse():
    """Two reports of one template are refused by their figures, with what is asked."""
    form = "Lithium carbonate closed at {} yuan a tonne on the exchange, {} up, as {} tonnes were "
    form += "sold to makers of cells who are filling their stores before the winter of {}. " * 2
    one, other = (
        Document(article_id=i, text=form.format(*figures), title="Daily lithium price report")
        for i, figures in (("a", (1, 22, 333, 44, 55)), ("b", (6, 77, 888, 99, 101)))
    )
    found = match.explain(one, other)
    assert found.relation is None
    assert found.form
    assert next(rule.said for rule in found.rules if rule.refuses) == found.reason
    assert not any(rule.refuses for rule in match.explain(one, one).rules)
