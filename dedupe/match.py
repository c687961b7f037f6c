"""Are two texts one story?  The exact comparison of a candidate pair, and why.

Signatures only propose.  Here the texts themselves are compared: resemblance and two-way
containment on word shingles (Broder 1997), how much of the head is covered, and whether the
figures that stand in the same place agree.  ``prepared`` makes a document ready, ``verdict``
holds the rules.
"""

from __future__ import annotations

from dedupe.models import CandidatePair, Document, Match, Relation
from dedupe.policy import POLICY, MatchPolicy
from dedupe.prepared import Prepared, prepare, prepare_all
from dedupe.verdict import Comparison, weigh

__all__ = [
    "Comparison",
    "Prepared",
    "compare",
    "compare_prepared",
    "explain",
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
}


def wanted(pair: CandidatePair, policy: MatchPolicy = POLICY) -> bool:
    """Whether a candidate pair shares enough keys to be worth comparing."""
    return pair.shared_bands >= 1 or pair.shared_sketch >= policy.min_shared_sketch


def compare(a: Document, b: Document, policy: MatchPolicy = POLICY) -> Match | None:
    """The relation between two documents, or None when they are not one story."""
    return compare_prepared(prepare(a), prepare(b), policy)


def compare_prepared(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Match | None:
    """``compare`` for documents already prepared."""
    if a.document.article_id > b.document.article_id:
        a, b = b, a
    if a.document.article_id == b.document.article_id:
        return None
    found = weigh(a, b, policy)
    if found.relation is None:
        return None
    return Match(
        article_id=a.document.article_id,
        of_article_id=b.document.article_id,
        relation=found.relation,
        jaccard=found.jaccard,
        containment=found.containment,
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
