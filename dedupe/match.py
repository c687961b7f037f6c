"""Are two texts one story?  The exact comparison of a candidate pair, and why.

Signatures only propose.  Here the texts themselves are compared: resemblance and two-way
containment on word shingles (Broder 1997), how much of the head is covered, and whether the
figures that stand in the same place agree.  ``prepared`` makes a document ready, ``measured`` has
a pair's figures, ``rules`` what may keep two texts apart, ``verdict`` what follows.
"""

from __future__ import annotations

from dedupe.measured import Measured
from dedupe.models import CandidatePair, Document, Match, Relation
from dedupe.policy import POLICY, MatchPolicy
from dedupe.prepared import Prepared, prepare, prepare_all
from dedupe.verdict import Comparison, decide, weigh

__all__ = [
    "Comparison",
    "Prepared",
    "compare",
    "compare_prepared",
    "explain",
    "judge",
    "judge_measured",
    "prepare",
    "prepare_all",
    "swapped",
    "wanted",
    "weigh",
]

_SWAPPED: dict[Relation, Relation] = {
    "exact": "exact",
    "near": "near",
    "contains": "contained_in",
    "contained_in": "contains",
    "apart": "apart",
}


def wanted(pair: CandidatePair, policy: MatchPolicy = POLICY) -> bool:
    """Whether a candidate pair shares enough keys to be worth comparing."""
    return pair.shared_bands >= 1 or pair.shared_sketch >= policy.min_shared_sketch


def compare(a: Document, b: Document, policy: MatchPolicy = POLICY) -> Match | None:
    """The relation between two documents, or None when they are not one story."""
    return compare_prepared(prepare(a), prepare(b), policy)


def compare_prepared(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Match | None:
    """``compare`` for documents already prepared."""
    found = judge(a, b, policy)
    return found if found is not None and found.relation != "apart" else None


def judge(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Match | None:
    """What stories need to know of a pair: its relation, or ``apart`` for one form filled twice.

    None when the two have nothing to do with each other.
    """
    if a.document.article_id > b.document.article_id:
        a, b = b, a
    if a.document.article_id == b.document.article_id:
        return None
    return judge_measured(Measured(a, b), policy)


def judge_measured(pair: Measured, policy: MatchPolicy = POLICY) -> Match | None:
    """``judge`` for a pair in order of ids whose figures are kept for other policies."""
    found = decide(pair, policy)
    relation = "apart" if found.form else found.relation
    if relation is None:
        return None
    return Match(
        article_id=pair.a.document.article_id,
        of_article_id=pair.b.document.article_id,
        relation=relation,
        jaccard=pair.jaccard,
        containment=pair.containment,
        reason=found.reason,
    )


def explain(a: Document, b: Document, policy: MatchPolicy = POLICY) -> Comparison:
    """Every figure of a pair, with the verdict and why, in the order the documents are given."""
    return weigh(prepare(a), prepare(b), policy)


def swapped(match: Match) -> Match:
    """The same relation read from the other article."""
    return Match(
        article_id=match.of_article_id,
        of_article_id=match.article_id,
        relation=_SWAPPED[match.relation],
        jaccard=match.jaccard,
        containment=match.containment,
        reason=match.reason,
    )
