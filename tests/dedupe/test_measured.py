"""The figures of a pair, held against counting them one by one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.measured import Measured
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.prepared import Prepared, prepare

TEXTS = st.lists(st.sampled_from(("battery", "cell", "price", "rose", "in", "the", "4"))).map(
    " ".join
)


def ready(article_id: str, text: str) -> Prepared:
    return prepare(Document(article_id=article_id, text=text))


@settings(deadline=None, max_examples=200)
@given(TEXTS, TEXTS)
def test_shares_of_runs_are_those_of_sets(left: str, right: str) -> None:
    """What both share, and how much of each text and of its opening stands in the other."""
    a, b = ready("a", left), ready("b", right)
    pair = Measured(a, b)
    ours, theirs = set(a.ordered.tolist()), set(b.ordered.tolist())
    assert pair.shared == len(ours & theirs)
    assert pair.jaccard == (len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0)
    assert pair.left_in_right == (len(ours & theirs) / len(ours) if ours else 0.0)
    assert pair.right_in_left == (len(ours & theirs) / len(theirs) if theirs else 0.0)
    head = a.ordered.tolist()[: 10 - RECIPE.shingle_words + 1]
    assert pair.heads(10)[0] == (sum(one in theirs for one in head) / len(head) if head else 0.0)
    shorter, longer = (ours, theirs) if pair.shorter is a else (theirs, ours)
    ordered = pair.shorter.ordered.tolist()
    assert pair.held == (sum(one in longer for one in ordered) / len(ordered) if ordered else 0.0)
    start, end = pair.region
    assert 0 <= start <= end <= len(pair.longer.ordered)
    assert (end > start) == bool(shorter & longer)


@settings(deadline=None, max_examples=200)
@given(TEXTS, TEXTS)
def test_words_in_common_are_counted_as_often_as_they_stand(left: str, right: str) -> None:
    """And the figure that is told sooner is never below."""
    pair = Measured(ready("a", left), ready("b", right))
    ours, theirs = Counter(left.split()), Counter(right.split())
    union = (ours | theirs).total()
    assert pair.words_shared == ((ours & theirs).total() / union if union else 1.0)
    assert pair.words_shared_at_most >= pair.words_shared


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=200), st.text(max_size=200))
def test_the_bound_on_words_in_common_holds_in_any_script(left: str, right: str) -> None:
    """A pair is refused by it before its words are looked at one by one."""
    pair = Measured(ready("a", left), ready("b", right))
    assert 1.0 >= pair.words_shared_at_most >= pair.words_shared
