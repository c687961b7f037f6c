"""Are two texts one story?  The exact comparison of a candidate pair, and why.

Signatures only propose.  Here the texts themselves are compared: resemblance and two-way
containment on word shingles (Broder 1997), how much of the head is covered, and whether the
figures that stand in the same place agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from dedupe import numbers
from dedupe.models import CandidatePair, Document, Match, Relation
from dedupe.policy import POLICY, RECIPE, MatchPolicy
from dedupe.shingles import shingle
from dedupe.text import words

_SWAPPED: dict[Relation, Relation] = {
    "exact": "exact",
    "near": "near",
    "contains": "contained_in",
    "contained_in": "contains",
}


@dataclass(frozen=True)
class Prepared:
    """A document with its shingles, made once for all the candidates it meets."""

    document: Document
    words: int
    exact: int
    ordered: tuple[int, ...]
    """Shingle hashes in reading order, without boilerplate."""

    @cached_property
    def shingles(self) -> frozenset[int]:
        """The distinct shingles."""
        return frozenset(self.ordered)

    @cached_property
    def tokens(self) -> list[numbers.Token]:
        """Words and figures in order."""
        return numbers.tokens(self.document.text)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """The words of the title."""
        return frozenset(words(self.document.title))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The figures of a pair and what they led to; read ``left`` <relation> ``right``."""

    left_id: str
    right_id: str
    jaccard: float
    """0..1 on distinct word shingles."""
    left_in_right: float
    """0..1, share of the left text's shingles that stand in the right one."""
    right_in_left: float
    left_head: float
    """0..1, share of the left text's first words that stand anywhere in the right one."""
    right_head: float
    shared: int
    """Distinct shingles in both."""
    numbers_agree: int
    numbers_differ: int
    numbers_examples: tuple[tuple[str, str], ...]
    """The first figures that differ in the same place, left and right."""
    days_apart: float | None
    """None when a date is not known."""
    title_overlap: float
    """0..1, shared words of the titles over those of the shorter."""
    relation: Relation | None
    """None: not one story."""
    reason: str
    """One readable sentence with the figures that decided, for a match and for a refusal."""

    @property
    def containment(self) -> float:
        """Share of the shorter text's shingles found in the longer."""
        return max(self.left_in_right, self.right_in_left)


def prepare(document: Document, boilerplate: AbstractSet[int] = frozenset()) -> Prepared:
    """Tokenise and shingle one document; shingles in ``boilerplate`` do not count."""
    return prepare_all([document], boilerplate)[0]


def prepare_all(
    documents: Sequence[Document], boilerplate: AbstractSet[int] = frozenset()
) -> list[Prepared]:
    """``prepare`` for a batch, which is several times faster a document."""
    shingles = shingle([document.text for document in documents], RECIPE.shingle_words)
    return [
        Prepared(
            document=document,
            words=int(shingles.words[index]),
            exact=int(shingles.exact[index]),
            ordered=tuple(key for key in shingles.of(index).tolist() if key not in boilerplate),
        )
        for index, document in enumerate(documents)
    ]


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


def weigh(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Comparison:
    """Compare two prepared documents; symmetric but for the direction of the relation."""
    left, right = a.shingles, b.shingles
    shared = len(left & right)
    union = len(left) + len(right) - shared
    jaccard = shared / union if union else 0.0
    left_in_right = shared / len(left) if left else 0.0
    right_in_left = shared / len(right) if right else 0.0
    left_head = _head(a, right, policy.head_words)
    right_head = _head(b, left, policy.head_words)
    agreement = numbers.Agreement(0, 0, 0, ())
    containment = max(left_in_right, right_in_left)
    if containment >= policy.containment:
        agreement = numbers.compare(a.tokens, b.tokens)
    days = _days_apart(a.document, b.document)
    title = _overlap(a.title_words, b.title_words)

    relation: Relation | None = None
    if a.words and a.exact == b.exact:
        relation, reason = "exact", f"the same {a.words} words in the same order"
    elif shared < policy.min_shared:
        reason = f"only {shared} runs of {RECIPE.shingle_words} words in both"
    elif containment < policy.containment:
        reason = f"{_percent(containment)} of the shorter text stands in the longer"
    elif max(left_head, right_head) < policy.head:
        reason = (
            f"{_percent(containment)} of the shorter text stands in the longer, but neither "
            f"opening does ({_percent(max(left_head, right_head))}): shared background"
        )
    elif agreement.share < policy.numbers:
        reason = (
            f"{_percent(containment)} of the words are the same, but {agreement.differ} of "
            f"{agreement.agree + agreement.differ} figures in the same place differ: one template"
        )
    else:
        relation = "near"
        reason = (
            f"{_percent(containment)} of the shorter text stands in the longer, opening "
            f"{_percent(max(left_head, right_head))}"
        )
    return Comparison(
        left_id=a.document.article_id,
        right_id=b.document.article_id,
        jaccard=jaccard,
        left_in_right=left_in_right,
        right_in_left=right_in_left,
        left_head=left_head,
        right_head=right_head,
        shared=shared,
        numbers_agree=agreement.agree,
        numbers_differ=agreement.differ,
        numbers_examples=agreement.examples,
        days_apart=days,
        title_overlap=title,
        relation=relation,
        reason=reason,
    )


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


def _head(of: Prepared, within: frozenset[int], size: int) -> float:
    head = of.ordered[: max(1, size - RECIPE.shingle_words + 1)]
    return sum(key in within for key in head) / len(head) if head else 0.0


def _days_apart(a: Document, b: Document) -> float | None:
    if a.published_at is None or b.published_at is None:
        return None
    return abs((a.published_at - b.published_at).total_seconds()) / 86400


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    smaller = min(len(left), len(right))
    return len(left & right) / smaller if smaller else 0.0


def _percent(share: float) -> str:
    return f"{share:.0%}"
