"""Are two prepared texts one story, a piece of one another, or neither?

The first rule that refuses speaks, and says why in words and figures (``rules``).
"""

from __future__ import annotations

from dataclasses import dataclass

from dedupe.measured import Measured
from dedupe.models import Relation
from dedupe.policy import POLICY, MatchPolicy
from dedupe.prepared import Prepared
from dedupe.rules import Rule, inside, placed, rules, same_title, title_carries


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a pair, the left text first."""

    relation: Relation | None
    """None: not one story."""
    reason: str
    """One readable sentence with the figures that decided, for a match and for a refusal."""
    form: bool = False
    """Refused because two stories fill one form: no story may hold both."""


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
    numbers_changes: int
    """Distinct pairs of figures that differ."""
    numbers_examples: tuple[tuple[str, str], ...]
    """The first figures that differ in the same place, left and right."""
    days_apart: float | None
    """None when a date is not known."""
    title_overlap: float
    """0..1, shared words of the titles over those of the shorter."""
    relation: Relation | None
    """None: not one story."""
    reason: str
    form: bool
    """Refused because two stories fill one form: no story may hold both."""
    rules: tuple[Rule, ...]
    """Every rule, in the order in which they speak."""

    @property
    def containment(self) -> float:
        """Share of the shorter text's shingles found in the longer."""
        return max(self.left_in_right, self.right_in_left)


def decide(pair: Measured, policy: MatchPolicy = POLICY) -> Verdict:
    """The verdict alone; symmetric but for the direction of the relation."""
    if same_words(pair, policy):
        return Verdict("exact", f"the same {pair.a.words} words in the same order")
    for rule in rules(pair, policy):
        if rule.refuses:
            return Verdict(None, rule.said, rule.form)
    if title_carries(pair, policy):
        return Verdict("near", _near_reason(pair, f"{inside(pair)} under the same title", policy))
    if pair.containment < policy.containment:
        said = f"{pair.words_shared:.0%} of the words of both in another order"
        return Verdict("near", _near_reason(pair, said, policy))
    piece = placed(pair, policy)
    if piece:
        holds = pair.longer is pair.a
        return Verdict("contains" if holds else "contained_in", f"{inside(pair)}, {piece}")
    return Verdict("near", _near_reason(pair, inside(pair), policy))


def same_words(pair: Measured, policy: MatchPolicy) -> bool:
    """Whether both texts are the same, and long enough to say something."""
    if not pair.a.words or pair.a.exact != pair.b.exact:
        return False
    return pair.a.words >= policy.exact_words or same_title(pair, policy)


def weigh(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Comparison:
    """The verdict on two prepared documents with every figure and every rule."""
    pair = Measured(a, b)
    found = decide(pair, policy)
    left_head, right_head = pair.heads(policy.head_words)
    return Comparison(
        left_id=a.document.article_id,
        right_id=b.document.article_id,
        jaccard=pair.jaccard,
        left_in_right=pair.left_in_right,
        right_in_left=pair.right_in_left,
        left_head=left_head,
        right_head=right_head,
        shared=pair.shared,
        numbers_agree=pair.figures.agree,
        numbers_differ=pair.figures.differ,
        numbers_changes=pair.figures.changes,
        numbers_examples=pair.figures.examples,
        days_apart=pair.days_apart,
        title_overlap=pair.title_overlap,
        relation=found.relation,
        reason=found.reason,
        form=found.form,
        rules=tuple(rules(pair, policy)),
    )


def _near_reason(pair: Measured, opening: str, policy: MatchPolicy) -> str:
    head = max(pair.heads(policy.head_words))
    parts = [opening, f"{pair.jaccard:.0%} of both together", f"{head:.0%} of an opening"]
    agree, differ = pair.figures.agree, pair.figures.differ
    if agree + differ:
        parts.append(f"{agree} of {agree + differ} figures in the same place agree")
    if pair.days_apart is not None:
        parts.append(f"{pair.days_apart:.1f} days apart")
    return ", ".join(parts)
