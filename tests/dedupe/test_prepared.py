"""Documents made ready: the same whatever is known of their words beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.furniture import without_furniture
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.prepared import Prepared, prepare, prepare_all, within
from dedupe.repeats import remove_repeats
from dedupe.shingles import shingle
from dedupe.signature import sign

FURNITURE = (
    "Subscribe to our newsletter to get the daily briefing in your inbox. All rights reserved."
)
LINES = st.one_of(
    st.text(max_size=60),
    st.sampled_from((
        FURNITURE, "Cell prices fell by 4.5 % in “March”…", "Ein großer Erfolg für die Straße",
        "電池の価格が下がった", "Half of it (½) at 20 °C, and ﬁve more™",
    )),
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=5).map("\n".join)


def said(one: Prepared) -> tuple[object, ...]:
    """All that the rules may ask of a document's words."""
    return (
        one.text, one.words, one.exact, one.ordered.tolist(), one.shingles.tolist(),
        one.word_hashes.tolist(), [column.tolist() for column in one.bag], one.bins.tolist(),
    )  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXTS, max_size=4))
def test_shingles_are_those_of_the_text_less_its_furniture(texts: list[str]) -> None:
    """In whatever script, and beside others in a batch."""
    ready = prepare_all([Document(article_id=str(n), text=text) for n, text in enumerate(texts)])
    expected = shingle([without_furniture(text) for text in texts], RECIPE.shingle_words)
    for index, one in enumerate(ready):
        assert one.text == without_furniture(texts[index])
        assert (one.words, one.exact) == (expected.words[index], expected.exact[index])
        assert np.array_equal(one.ordered, expected.of(index))
        assert np.array_equal(one.shingles, np.unique(expected.of(index)))
        assert len(one.word_hashes) == one.words == one.bins.sum() == one.bag[1].sum()


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXTS, max_size=4), st.integers(0, 2**64 - 1))
def test_what_is_known_of_a_text_changes_nothing(texts: list[str], other: int) -> None:
    """Its word hashes, what was signed of it, even what was signed of another text."""
    reports = [remove_repeats(text) for text in texts]
    plain = [Document(article_id=str(n), text=one.text) for n, one in enumerate(reports)]
    expected = [said(one) for one in prepare_all(plain)]
    signed = [
        replace(one, exact=signature.exact)
        for one, signature in zip(plain, sign(plain), strict=True)
    ]
    hashed = [
        replace(one, word_hashes=report.word_hashes)
        for one, report in zip(signed, reports, strict=True)
    ]
    for known in (signed, hashed, [replace(one, exact=other) for one in hashed]):
        assert [said(one) for one in prepare_all(known)] == expected


def test_furniture_of_a_signed_text_does_not_count() -> None:
    """The words of such a text are others than those that were signed."""
    plain = Document(article_id="a", text=f"Cell prices fell by 4.5 % in March.\n{FURNITURE}")
    signed = replace(plain, exact=sign([plain])[0].exact)
    assert said(prepare(signed)) == said(prepare(plain))
    assert prepare(signed).text == "Cell prices fell by 4.5 % in March."


@given(st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)))
def test_within_tells_what_stands_there(keys: list[int], among: list[int]) -> None:
    """For repeated keys as for others, and of none."""
    known = np.unique(np.array(among, dtype=np.uint64))
    found = within(np.array(keys, dtype=np.uint64), known)
    assert found.tolist() == [key in among for key in keys]
