"""Figures in the same place: read, aligned and compared."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.numbers import FIGURE, align, compare, tokens


def _figures(text: str) -> list[str]:
    return [token.value for token in tokens(text) if token.mask == FIGURE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2,300 jobs", "2300 jobs"),
        ("2.300 Stellen", "2,300 jobs"),
        ("4.1 billion euros", "4,1 Milliarden Euro"),
        ("4.1bn", "4.1 billion"),
        ("$600m", "600 million dollars"),
        ("7亿 元", "700 million yuan"),
        ("０７:30", "7:30"),
        ("1'250 francs", "1250 francs"),
    ],
)
def test_one_figure_written_two_ways_is_one_value(one: str, other: str) -> None:
    """Separators, scales, full-width digits and leading zeros do not change a figure."""
    assert _figures(one) == _figures(other)


@pytest.mark.parametrize(
    ("one", "other"), [("6.4", "64"), ("3 million", "3 billion"), ("Q3", "Q4"), ("10", "100")]
)
def test_unlike_figures_have_unlike_values(one: str, other: str) -> None:
    """Decimal points, scales and letters at a figure count."""
    assert _figures(one) != _figures(other)


@pytest.mark.parametrize("text", ["€4.1bn", "4.1 billion euros", "EUR 4.1 billion"])
def test_currency_belongs_to_its_figure(text: str) -> None:
    """Written before or after, as sign, word or code."""
    (figure,) = [token for token in tokens(text) if token.mask == FIGURE]
    assert figure.currency == "eur"


def test_figures_are_compared_where_they_stand() -> None:
    """An equal figure in another place is no agreement."""
    one = tokens("Carbonate closed at 74 yuan while hydroxide was offered at 69 yuan")
    other = tokens("Carbonate closed at 69 yuan while hydroxide was offered at 74 yuan")
    agreement = compare(one, other)
    assert (agreement.agree, agreement.differ) == (0, 2)
    assert agreement.examples == (("74", "69"), ("69", "74"))


def test_inserted_sentence_does_not_shift_the_figures() -> None:
    """Figures after an insertion are still compared with their own."""
    head, tail = (
        "Sales rose 12 percent in spring.",
        "The fleet grew to 480 buses by the end of May.",
    )
    one, other = tokens(f"{head} {tail}"), tokens(f"{head} Margins of 7 percent held. {tail}")
    agreement = compare(one, other)
    assert (agreement.agree, agreement.differ) == (2, 0)


def test_converted_amounts_count_neither_way() -> None:
    """Euros against dollars is no disagreement."""
    one = tokens("The firm will spend 4.1 billion euros on the new site")
    other = tokens("The firm will spend $4.8 billion on the new site")
    agreement = compare(one, other)
    assert (agreement.agree, agreement.differ, agreement.share) == (0, 0, 1.0)


def test_weekdays_and_months_are_counted_apart() -> None:
    """Another weekday in the same place is seen, and is not a figure."""
    agreement = compare(
        tokens("The price was assessed on Friday in Shanghai"),
        tokens("The price was assessed on Monday in Shanghai"),
    )
    assert (agreement.agree, agreement.differ, agreement.days_differ) == (0, 0, 1)


_WORDS = st.lists(
    st.sampled_from(["lithium", "price", "rose", "7", "8", "Friday", "to"]), max_size=40
)


@given(_WORDS, _WORDS)
@settings(max_examples=200, deadline=None)
def test_alignment_runs_forward_over_equal_words(left: list[str], right: list[str]) -> None:
    """Pairs increase in both texts and join the same masked words."""
    one, other = tokens(" ".join(left)), tokens(" ".join(right))
    pairs = list(align(one, other))
    assert all(one[i].mask == other[j].mask for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_agrees_with_itself(text: str) -> None:
    """No text raises, and no figure differs from itself."""
    found = tokens(text)
    assert compare(found, found).differ == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It travels 310 miles on a charge", "It travels 499 kilometres on a charge"),
        (
            "The van weighs 3,420 pounds when it is empty",
            "The van weighs 1,551 kg when it is empty",
        ),
        ("A field of 90 acres was bought for it", "A field of 36 hectares was bought for it"),
    ],
)
def test_converted_units_count_neither_way(one: str, other: str) -> None:
    """Miles against kilometres is no disagreement."""
    agreement = compare(tokens(one), tokens(other))
    assert (agreement.agree, agreement.differ) == (0, 0)


def test_other_amounts_of_one_unit_differ() -> None:
    """310 miles are not 290 miles, and 310 miles are not 499 kilograms."""
    one = tokens("It travels 310 miles on a charge and comes in white")
    assert compare(one, tokens("It travels 290 miles on a charge and comes in white")).differ == 1
    other = tokens("It travels 499 kilograms on a charge and comes in white")
    assert compare(one, other).differ == 1


def test_one_count_that_moved_in_three_places_is_one_change() -> None:
    """Changes are counted by what they change from and to."""
    form = "At least {0} died on Monday. Most of the {0} were workers. Of the {0} two were guests"
    agreement = compare(tokens(form.format(12)), tokens(form.format(15)))
    assert (agreement.differ, agreement.changes) == (3, 1)
