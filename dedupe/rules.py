"""Which rule speaks against one story: every rule with its figure and what it asks.

The verdict names the first rule that refuses.  Here each rule is asked alone, with all others
loosened, so that a pair that three rules refuse is not thought to hang on one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dedupe.models import Document
from dedupe.policy import POLICY, MatchPolicy
from dedupe.prepared import Prepared, prepare
from dedupe.verdict import Comparison, weigh


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on one pair."""

    name: str
    figure: float
    asked: float
    unit: str
    """``share``, ``words`` or ``runs``; a share is 0..1."""
    refuses: bool
    """Whether this rule alone would keep the two apart."""
    note: str = ""
    """Why it asks so much of this pair, or why it asks nothing."""

    @property
    def holds(self) -> bool:
        """Whether the figure reaches what is asked."""
        return self.figure >= self.asked


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair with its verdict and every rule."""

    comparison: Comparison
    """With figures measured even where an earlier rule refused."""
    rules: tuple[Rule, ...]


# What each rule asks for, and what loosens it.  Order: that of the verdict.
_LOOSE: dict[str, dict[str, float]] = {
    "runs of words in both": {"min_shared": 0},
    "of the shorter text in the longer": {"containment": 0},
    "of it, in two languages": {"across_languages": 0},
    "of it, for a short text": {"short_containment": 0},
    "of it, some days apart": {"late_containment": 0},
    "of the figures in the same place agree": {"numbers": 0, "correction_numbers": 0},
    "of it, under other titles": {"other_title_containment": 0},
    "of an opening in the other": {"head": 0, "weak_head": 0},
}


def weigh_rules(left: Document, right: Document, policy: MatchPolicy = POLICY) -> Weighed:
    """Every rule's figure, what it asks, and whether it refuses the pair."""
    a, b = prepare(left), prepare(right)
    found = weigh(a, b, policy)
    # Figures are measured only where the texts have enough in common; here they are shown always.
    measured = weigh(a, b, _changed(policy, _LOOSE["of the shorter text in the longer"]))
    rules = []
    for name, (figure, asked, unit, note) in _asked(a, b, measured, policy).items():
        others = {k: v for n, loose in _LOOSE.items() if n != name for k, v in loose.items()}
        refuses = found.relation is None and weigh(a, b, _changed(policy, others)).relation is None
        rules.append(Rule(name, figure, asked, unit, refuses, note))
    comparison = replace(measured, relation=found.relation, reason=found.reason)
    return Weighed(comparison, tuple(rules))


def _changed(policy: MatchPolicy, changes: dict[str, float]) -> MatchPolicy:
    return replace(policy, **changes)  # type: ignore[arg-type]


def _asked(
    a: Prepared, b: Prepared, found: Comparison, policy: MatchPolicy
) -> dict[str, tuple[float, float, str, str]]:
    """Rule -> figure, what is asked of this pair, unit, note."""
    inside = found.containment
    languages = (a.document.language[:2].lower(), b.document.language[:2].lower())
    two_languages = all(languages) and languages[0] != languages[1]
    short = min(a.words, b.words)
    days = found.days_apart
    total = found.numbers_agree + found.numbers_differ
    corrects = (a.corrects or b.corrects) and (days is None or days <= policy.correction_days)
    titled = min(len(a.title_words), len(b.title_words)) >= policy.title_words
    other = titled and found.title_overlap <= policy.other_title
    weak = inside < policy.weak_containment
    late = days is not None and days > policy.late_days
    apart = "no date" if days is None else f"{days:.1f} days"
    values: list[tuple[float, float, str, str]] = [
        (found.shared, policy.min_shared, "runs", ""),
        (inside, policy.containment, "share", ""),
        (inside, policy.across_languages if two_languages else 0.0, "share",
         " and ".join(languages) if two_languages else "one language"),
        (inside, policy.short_containment if short < policy.short_words else 0.0, "share",
         f"the shorter has {short} words"),
        (inside, policy.late_containment if late else 0.0, "share", apart),
        (found.numbers_agree / total if total else 1.0,
         policy.correction_numbers if corrects else policy.numbers, "share",
         f"{found.numbers_agree} of {total}" + (", a correction" if corrects else "")),
        (inside, policy.other_title_containment if other else 0.0, "share",
         f"{found.title_overlap:.0%} of the title words shared" if titled else "no titles"),
        (max(found.left_head, found.right_head), policy.weak_head if weak else policy.head,
         "share", "for so little in common" if weak else ""),
    ]  # fmt: skip
    return dict(zip(_LOOSE, values, strict=True))
