"""The rules that can keep two texts apart: each with its figure, what it asks, and why.

The verdict and its explanation come from this one list.  A rule is asked of every pair by itself:
that another one refuses the pair too does not change what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dedupe.measured import Measured
from dedupe.policy import RECIPE, MatchPolicy


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on one pair."""

    name: str
    figure: float
    asked: float
    """What the figure has to reach; 0 where the rule asks nothing of this pair."""
    unit: str = "share"
    """``share``, ``words`` or ``runs``; a share is 0..1."""
    note: str = ""
    """Why it asks so much of this pair, or why it asks nothing."""
    outweighed: bool = False
    """Something else makes up for a figure that falls short."""
    form: bool = False
    """It refuses as two stories fill one form: they must not share a story."""
    said: str = ""
    """The sentence for a refusal; empty when there is none."""

    @property
    def holds(self) -> bool:
        """Whether the figure reaches what is asked."""
        return self.figure >= self.asked

    @property
    def refuses(self) -> bool:
        """Whether this rule by itself keeps the two apart."""
        return not self.holds and not self.outweighed


def rules(pair: Measured, policy: MatchPolicy) -> Iterator[Rule]:
    """Every rule in the order in which they speak; what a rule needs is measured on the way."""
    yield _runs(pair, policy)
    yield _inside(pair, policy)
    yield _languages(pair, policy)
    # Before the other rules: that a form was filled twice says more of a pair than that too little
    # of it is the same.
    yield _figures(pair, policy)
    yield _short(pair, policy)
    yield _late(pair, policy)
    yield _names(pair, policy)
    yield _subjects(pair, policy)
    yield _titles(pair, policy)
    yield _opening(pair, policy)


def same_title(pair: Measured, policy: MatchPolicy) -> bool:
    """Whether both titles say something, and the same."""
    return pair.title_words >= policy.title_words and pair.title_overlap >= policy.same_title


def title_carries(pair: Measured, policy: MatchPolicy) -> bool:
    """Whether the same title makes up for a new opening."""
    return same_title(pair, policy) and pair.containment >= policy.same_title_containment


def placed(pair: Measured, policy: MatchPolicy) -> str:
    """How the shorter text lies in the longer as a piece of something else, in words.

    Empty if it does not.
    """
    start, end = pair.region
    before, after = start, len(pair.longer.ordered) - end
    if pair.held < policy.piece:
        return ""
    led = policy.between_words if after >= policy.lead_words else policy.lead_words
    if before >= led and end - start < before + after:
        return f"after {before} words that are not in it: a piece of a longer page"
    if end - start < policy.topic_words or max(before, after) < policy.other_topic_words:
        return ""
    if pair.rest_cohesion < policy.other_topic:
        return f"beside {max(before, after)} words about something else: two stories on one page"
    return ""


def reordered(pair: Measured, policy: MatchPolicy) -> bool:
    """Whether both texts have the same words and figures in another order."""
    fewer, more = sorted((pair.a.words, pair.b.words))
    return (
        fewer >= policy.reordered_words
        and fewer >= policy.reordered * more  # or they cannot have so much in common
        and pair.words_shared_at_most >= policy.reordered
        and pair.words_shared >= policy.reordered
        and pair.figures_shared >= policy.numbers
    )


def inside(pair: Measured) -> str:
    """How much of the shorter text stands in the longer, in words."""
    return f"{pair.containment:.0%} of the shorter text stands in the longer"


_REORDERED = "the same words in another order"


def _runs(pair: Measured, policy: MatchPolicy) -> Rule:
    said = ""
    if pair.shared < policy.min_shared:
        said = f"only {pair.shared} runs of {RECIPE.shingle_words} words in both"
    return Rule("runs of words in both", pair.shared, policy.min_shared, unit="runs", said=said)


def _share(
    pair: Measured, policy: MatchPolicy, name: str, asked: float, note: str, said: Callable[[], str]
) -> Rule:
    """A rule on how much of the shorter text stands in the longer, in runs of words."""
    short = pair.containment < asked
    if short and reordered(pair, policy):
        return Rule(name, pair.containment, asked, note=_REORDERED, outweighed=True)
    return Rule(name, pair.containment, asked, note=note, said=said() if short else "")


def _inside(pair: Measured, policy: MatchPolicy) -> Rule:
    name = "of the shorter text in the longer"
    return _share(pair, policy, name, policy.containment, "", lambda: inside(pair))


def _languages(pair: Measured, policy: MatchPolicy) -> Rule:
    name, (left, right) = "of it, in two languages", pair.languages
    if not left or not right or left == right:
        return Rule(name, pair.containment, 0.0, note="one language")
    asked, said = policy.across_languages, ""
    if pair.containment < asked:
        said = f"{inside(pair)}, in two languages ({left}, {right}): {asked:.0%} needed"
    return Rule(name, pair.containment, asked, note=f"{left} and {right}", said=said)


def _short(pair: Measured, policy: MatchPolicy) -> Rule:
    words = pair.shorter.words
    asked = policy.short_containment if words < policy.short_words else 0.0
    return _share(
        pair, policy, "of it, for a short text", asked, f"the shorter has {words} words",
        lambda: f"{inside(pair)}; of a text of {words} words {asked:.0%} is needed, as forms of "
        "words fill it",
    )  # fmt: skip


def _late(pair: Measured, policy: MatchPolicy) -> Rule:
    days = pair.days_apart
    asked = policy.late_containment if days is not None and days > policy.late_days else 0.0
    said = ""
    if pair.containment < asked:
        said = (
            f"{inside(pair)}, {days:.0f} days apart: {asked:.0%} needed after "
            f"{policy.late_days:.0f} days"
        )
    note = "no date" if days is None else f"{days:.1f} days"
    return Rule("of it, some days apart", pair.containment, asked, note=note, said=said)


def _figures(pair: Measured, policy: MatchPolicy) -> Rule:
    """The veto of figures: one template, filled twice."""
    found = pair.figures
    total = found.agree + found.differ
    asked, why = policy.numbers, ""
    if found.differ:
        if _corrects(pair, policy):
            asked, why = policy.correction_numbers, ", a correction"
        elif _updates(pair, policy):
            asked, why = policy.correction_numbers, ", brought up to date"
        elif found.days_differ and found.changes >= policy.issue_changes:
            asked, why = policy.issue_numbers, ", and a day differs too"
    share = found.agree / total if total else 1.0
    said, name = "", "of the figures in the same place agree"
    if share < asked and pair.containment < policy.containment and reordered(pair, policy):
        # Texts that do not run in parallel have hardly a place in common.
        return Rule(name, share, asked, note=_REORDERED, outweighed=True)
    if share < asked:
        examples = ", ".join(f"{left} / {right}" for left, right in found.examples[:3])
        said = (
            f"{inside(pair)}, but {found.differ} of {total} figures in the same place differ "
            f"({examples}): one template, two stories"
        )
    note = f"{found.agree} of {total}{why}"
    return Rule(name, share, asked, note=note, form=share < asked, said=said)


def _corrects(pair: Measured, policy: MatchPolicy) -> bool:
    days = pair.days_apart
    return (days is None or days <= policy.correction_days) and (pair.a.corrects or pair.b.corrects)


def _updates(pair: Measured, policy: MatchPolicy) -> bool:
    days = pair.days_apart
    return (
        days is not None
        and pair.dated
        and days <= policy.update_days
        and pair.figures.changes <= policy.update_changes
        and pair.names_shared >= policy.update_names
    )


def _names(pair: Measured, policy: MatchPolicy) -> Rule:
    """Other names: one form without figures that could say so.

    A few names are easily lost in an edit, so that this keeps a pair apart and no more.
    """
    name = "of the names in both"
    if pair.names < policy.names:
        return Rule(name, pair.names_shared, 0.0, note=f"only {pair.names} names")
    asked = policy.other_names if pair.containment < policy.other_names_containment else 0.0
    said = ""
    if pair.names_shared < asked:
        said = f"{inside(pair)}, but {pair.names_shared:.0%} of the names: one form, two stories"
    note = "" if asked else "nearly all of one text in the other"
    return Rule(name, pair.names_shared, asked, note=note, said=said)


def _subjects(pair: Measured, policy: MatchPolicy) -> Rule:
    """Words of the site: what both share speaks of neither title."""
    name = "title words named in what both share"
    if min(len(pair.a.subjects), len(pair.b.subjects)) < policy.subjects:
        return Rule(name, 0.0, 0.0, unit="words", note="too few title words")
    named = pair.subjects_named
    most = max(shared for _, shared in named)
    elsewhere = min(apart for apart, _ in named)
    tells = elsewhere >= policy.subjects and not same_title(pair, policy)
    said = ""
    if tells and not most:
        said = f"{inside(pair)}, and what both share speaks of neither title: words of the site"
    note = "" if tells else "the same title" if same_title(pair, policy) else (
        "the rest does not speak of the titles either"
    )  # fmt: skip
    return Rule(name, most, float(tells), unit="words", note=note, said=said)


def _titles(pair: Measured, policy: MatchPolicy) -> Rule:
    name = "of it, under other titles"
    if pair.title_words < policy.title_words:
        return Rule(name, pair.containment, 0.0, note="no title that says something")
    other = pair.title_overlap <= policy.other_title
    return _share(
        pair, policy, name, policy.other_title_containment if other else 0.0,
        f"{pair.title_overlap:.0%} of the title words shared",
        lambda: f"{inside(pair)}, under titles with {pair.title_overlap:.0%} in common",
    )  # fmt: skip


def _opening(pair: Measured, policy: MatchPolicy) -> Rule:
    head = max(pair.heads(policy.head_words))
    weak = pair.containment < policy.weak_containment
    asked = policy.weak_head if weak else policy.head
    note, outweighed, said = "for so little in common" if weak else "", "", ""
    if head < asked:
        if title_carries(pair, policy):
            outweighed = "the same title makes up for it"
        elif reordered(pair, policy):
            outweighed = _REORDERED
        elif pair.shared and placed(pair, policy):
            outweighed = "a piece of a longer page"
        else:
            said = f"{inside(pair)}, but {head:.0%} of the openings: shared background"
    return Rule(
        "of an opening in the other",
        head,
        asked,
        note=outweighed or note,
        outweighed=bool(outweighed),
        said=said,
    )
