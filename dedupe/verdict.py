"""The rules by which two prepared texts are one story, a piece of one another, or neither.

The first rule that applies speaks, and says why in words and figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dedupe import numbers
from dedupe.cohesion import cohesion
from dedupe.models import Document, Relation
from dedupe.policy import POLICY, RECIPE, MatchPolicy
from dedupe.prepared import Prepared
from dedupe.text import word_spans


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
    """One readable sentence with the figures that decided, for a match and for a refusal."""

    @property
    def containment(self) -> float:
        """Share of the shorter text's shingles found in the longer."""
        return max(self.left_in_right, self.right_in_left)


def weigh(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Comparison:
    """Compare two prepared documents; symmetric but for the direction of the relation."""
    figures = _measure(a, b, policy)
    relation, reason = _decide(a, b, figures, policy)
    return replace(figures, relation=relation, reason=reason)


def _measure(a: Prepared, b: Prepared, policy: MatchPolicy) -> Comparison:
    left, right = a.shingles, b.shingles
    shared = len(left & right)
    union = len(left) + len(right) - shared
    figures = Comparison(
        left_id=a.document.article_id,
        right_id=b.document.article_id,
        jaccard=shared / union if union else 0.0,
        left_in_right=shared / len(left) if left else 0.0,
        right_in_left=shared / len(right) if right else 0.0,
        left_head=_head(a, right, policy.head_words),
        right_head=_head(b, left, policy.head_words),
        shared=shared,
        numbers_agree=0,
        numbers_differ=0,
        numbers_changes=0,
        numbers_examples=(),
        days_apart=_days_apart(a.document, b.document),
        title_overlap=_overlap(a.title_words, b.title_words),
        relation=None,
        reason="",
    )
    if figures.containment < policy.containment:
        return figures
    agreement = numbers.compare(a.tokens, b.tokens)
    return replace(
        figures,
        numbers_agree=agreement.agree,
        numbers_differ=agreement.differ,
        numbers_changes=agreement.changes,
        numbers_examples=agreement.examples,
    )


def _decide(
    a: Prepared, b: Prepared, figures: Comparison, policy: MatchPolicy
) -> tuple[Relation | None, str]:
    """The relation and the reason; the first rule that applies speaks."""
    containment = figures.containment
    inside = f"{containment:.0%} of the shorter text stands in the longer"
    titles = min(len(a.title_words), len(b.title_words))
    same_title = titles >= policy.title_words and figures.title_overlap >= policy.same_title
    other_title = titles >= policy.title_words and figures.title_overlap <= policy.other_title
    if a.words and a.exact == b.exact and (a.words >= policy.exact_words or same_title):
        return "exact", f"the same {a.words} words in the same order"
    if figures.shared < policy.min_shared:
        return None, f"only {figures.shared} runs of {RECIPE.shingle_words} words in both"
    if containment < policy.containment:
        return None, inside
    if _languages_differ(a.document, b.document) and containment < policy.across_languages:
        return None, (
            f"{inside}, in two languages ({a.document.language}, {b.document.language}): "
            f"{policy.across_languages:.0%} needed"
        )
    # From here on the texts have much in common; what can still speak against one story?
    shorter, longer = (a, b) if len(a.ordered) <= len(b.ordered) else (b, a)
    if shorter.words < policy.short_words and containment < policy.short_containment:
        return None, (
            f"{inside}; of a text of {shorter.words} words {policy.short_containment:.0%} is "
            "needed, as forms of words fill it"
        )
    days = figures.days_apart
    if days is not None and days > policy.late_days and containment < policy.late_containment:
        return None, (
            f"{inside}, {days:.0f} days apart: {policy.late_containment:.0%} needed after "
            f"{policy.late_days:.0f} days"
        )
    total = figures.numbers_agree + figures.numbers_differ
    asked = policy.numbers
    if ((a.corrects or b.corrects) and (days is None or days <= policy.correction_days)) or (
        days is not None
        and days <= policy.update_days
        and figures.numbers_changes <= policy.update_changes
        and _names_shared(a, b) >= policy.update_names
    ):
        asked = policy.correction_numbers
    if figures.numbers_differ and figures.numbers_agree < asked * total:
        return None, (
            f"{inside}, but {figures.numbers_differ} of {total} figures in the same place differ "
            f"({_examples(figures)}): one template, two stories"
        )
    if (
        containment < policy.other_names_containment
        and min(len(a.names), len(b.names)) >= policy.names
        and _names_shared(a, b) <= policy.other_names
    ):
        return None, (
            f"{inside}, but {_names_shared(a, b):.0%} of the names: one form, two stories"
        )
    if not same_title and _off_topic(a, b, policy) and _off_topic(b, a, policy):
        return None, f"{inside}, and what both share speaks of neither title: words of the site"
    if other_title and containment < policy.other_title_containment:
        return None, f"{inside}, under titles with {figures.title_overlap:.0%} in common"

    head = max(figures.left_head, figures.right_head)
    if same_title and containment >= policy.same_title_containment:
        return "near", _near_reason(figures, f"{inside} under the same title", head)
    region = _region(longer, shorter.shingles)
    placed = _placed(longer, shorter, region, policy)
    if placed:
        return ("contains" if longer is a else "contained_in"), f"{inside}, {placed}"
    if head < (policy.head if containment >= policy.weak_containment else policy.weak_head):
        return None, f"{inside}, but {head:.0%} of the openings: shared background"
    return "near", _near_reason(figures, inside, head)


def _near_reason(figures: Comparison, inside: str, head: float) -> str:
    parts = [inside, f"{figures.jaccard:.0%} of both together", f"{head:.0%} of an opening"]
    total = figures.numbers_agree + figures.numbers_differ
    if total:
        parts.append(f"{figures.numbers_agree} of {total} figures in the same place agree")
    if figures.days_apart is not None:
        parts.append(f"{figures.days_apart:.1f} days apart")
    return ", ".join(parts)


def _examples(figures: Comparison) -> str:
    return ", ".join(f"{left} / {right}" for left, right in figures.numbers_examples[:3])


def _region(longer: Prepared, shingles: frozenset[int]) -> tuple[int, int]:
    """``[start, end)`` in shingles of ``longer``: the stretch that the other text fills.

    The stretch of the highest sum when a shared shingle counts 1 and a foreign one -1/3
    (Kadane): edits inside a copy do not break it, a foreign paragraph ends it.
    """
    best = running = 0.0
    start = best_start = best_end = 0
    for position, key in enumerate(longer.ordered):
        running += 1.0 if key in shingles else -1 / 3
        if running <= 0:
            running, start = 0.0, position + 1
        elif running > best:
            best, best_start, best_end = running, start, position + 1
    return best_start, best_end


def _placed(
    longer: Prepared, shorter: Prepared, region: tuple[int, int], policy: MatchPolicy
) -> str:
    """How the shorter text lies in the longer as a piece of something else; empty if it does not.

    The words are for the reason.
    """
    start, end = region
    before, after = start, len(longer.ordered) - end
    held = sum(key in longer.shingles for key in shorter.ordered) / len(shorter.ordered)
    if held < policy.piece:
        return ""
    led = policy.between_words if after >= policy.lead_words else policy.lead_words
    if before >= led and end - start < before + after:
        return f"after {before} words that are not in it: a piece of a longer page"
    if end - start < policy.topic_words or max(before, after) < policy.other_topic_words:
        return ""
    spans = word_spans(longer.text)
    first, last = (spans[min(at, len(spans) - 1)][0] for at in (start, end))
    inner, rest = longer.text[first:last], longer.text[last:]
    if before > after:
        rest = longer.text[:first]
    if cohesion(inner, rest) < policy.other_topic:
        return f"beside {max(before, after)} words about something else: two stories on one page"
    return ""


def _languages_differ(a: Document, b: Document) -> bool:
    left, right = a.language[:2].lower(), b.language[:2].lower()
    return bool(left and right and left != right)


def _head(of: Prepared, within: frozenset[int], size: int) -> float:
    head = of.ordered[: max(1, size - RECIPE.shingle_words + 1)]
    return sum(key in within for key in head) / len(head) if head else 0.0


def _days_apart(a: Document, b: Document) -> float | None:
    if a.published_at is None or b.published_at is None:
        return None
    return abs((a.published_at - b.published_at).total_seconds()) / 86400


def _off_topic(of: Prepared, other: Prepared, policy: MatchPolicy) -> bool:
    """Whether a text speaks of its title only where the other text does not follow it."""
    if len(of.subjects) < policy.subjects:
        return False
    size = len(of.stems) - len(of.ordered) + 1
    shared = bytearray(len(of.stems))
    for position, key in enumerate(of.ordered):
        if key in other.shingles:
            shared[position : position + size] = b"\1" * size
    named: tuple[set[str], set[str]] = (set(), set())
    for stem, is_shared in zip(of.stems, shared, strict=False):
        if stem in of.subjects:
            named[is_shared].add(stem)
    return len(named[0]) >= policy.subjects and not named[1]


def _names_shared(a: Prepared, b: Prepared) -> float:
    return _overlap(a.names, b.names)


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    smaller = min(len(left), len(right))
    return len(left & right) / smaller if smaller else 0.0
