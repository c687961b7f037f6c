"""Words found over whole arrays are those that the tokeniser finds one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.characters import mix64, stable_order
from dedupe.hashing import hash_simply
from dedupe.text import fold, is_unspaced, word_spans
from dedupe.tokens import distinct, tokens

_MIXED = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("asAéÉ\u0301ßſﬁ电池กคハハ゛한ᄒ\u0651م 12²½_-'’. \n")),
    ),
    max_size=120,
)

# The first call builds the table of characters.
SETTLED = settings(deadline=None)


@SETTLED
@given(_MIXED)
def test_words_stand_where_the_tokeniser_finds_them(text: str) -> None:
    """Starts and ends agree with ``word_spans`` on any text, lone surrogates included."""
    found = tokens(text)
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == word_spans(text)


@SETTLED
@given(_MIXED)
def test_words_have_one_number_exactly_when_they_fold_alike(text: str) -> None:
    """Typography and case do not part words; anything else does."""
    found = tokens(text)
    folded = [fold(text[start:end]) for start, end in word_spans(text)]
    numbers = found.ids.tolist()
    assert len(set(zip(folded, numbers, strict=True))) == len(set(folded)) == len(set(numbers))


def test_a_word_that_folding_lengthens_is_the_one_that_is_written_long() -> None:
    """Whether folding each such word gives one word, or two, as of a fraction."""
    first, again, *_ = tokens("Straße STRASSE ﬁnds find").ids.tolist()
    assert first == again
    numbers = tokens("½ Straße STRASSE 1 2 もも").ids.tolist()
    assert len(set(numbers)) == 5
    assert numbers[1] == numbers[2]


@SETTLED
@given(st.text(st.sampled_from("aßsS .é\n"), max_size=40))
def test_sharp_s_leaves_a_text_as_simple_as_it_was(text: str) -> None:
    """Words stand where they do with another letter in its place, and hash as with two."""
    found, other, longer = (hash_simply(text.replace("ß", to)) for to in ("ß", "b", "ss"))
    assert found
    assert other
    assert longer
    assert found.starts.tolist() == other.starts.tolist()
    assert found.ends.tolist() == other.ends.tolist()
    assert found.hashes.tolist() == longer.hashes.tolist()


@SETTLED
@given(_MIXED)
def test_characters_of_unspaced_scripts_are_marked(text: str) -> None:
    """A word is marked when it is one character of Han, kana, Thai and the like."""
    found = tokens(text)
    singly = [is_unspaced(text[start:end]) for start, end in word_spans(text)]
    assert found.unspaced.tolist() == singly


@SETTLED
@given(st.lists(st.integers(-5, 5)))
def test_distinct_sorts_and_drops_repeats(values: list[int]) -> None:
    """Each value once, ascending."""
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@SETTLED
@given(st.lists(st.integers(0, 20), max_size=60), st.sampled_from([1, 2_000]))
def test_hashes_are_ordered_with_equal_ones_as_they_stand(values: list[int], times: int) -> None:
    """As by a stable sort, in short texts and in those with more words than 16 bits number."""
    hashes = mix64(np.tile(np.array(values, dtype=np.uint64), times))
    assert np.array_equal(stable_order(hashes), np.argsort(hashes, kind="stable"))
