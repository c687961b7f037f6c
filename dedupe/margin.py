"""How near a verdict is to another one, and on which number it hangs.

Each number of the policy is moved alone, up and down, by growing steps; the smallest step at
which the verdict becomes another one is the pair's margin.  That asks the rules as they are,
whatever they are: uncertainty sampling (Lewis and Gale 1994) without a model of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from dedupe.measured import Measured
from dedupe.models import Relation
from dedupe.policy import POLICY, MatchPolicy
from dedupe.prepared import Prepared
from dedupe.verdict import decide

STEPS = (0.03, 0.08, 0.15)
"""Shares of a number by which it is moved.  Beyond the last a verdict counts as sure."""
# Numbers of the search for candidates and of the copy shown: the verdict does not look at them.
_OTHERS = ("window_days", "key_cap", "min_shared_sketch", "nearly_complete")


@dataclass(frozen=True, slots=True)
class Margin:
    """An uncertain pair."""

    step: float
    """The smallest of ``STEPS`` that gives another verdict."""
    hangs_on: str
    """The policy's number that was moved."""
    relation: Relation | None
    """Today's verdict."""
    otherwise: Relation | None
    """The verdict after the step."""
    reason: str
    """Why the verdict is what it is today."""


def margin(a: Prepared, b: Prepared, policy: MatchPolicy = POLICY) -> Margin | None:
    """The pair's margin; None when the verdict stands whatever number is moved."""
    pair = Measured(a, b)
    found = decide(pair, policy)
    if found.relation == "exact":
        return None
    for step in STEPS:
        for name in _numbers(policy):
            value = getattr(policy, name)
            for factor in (1 + step, 1 - step):
                moved = _changed(policy, name, value * factor)
                other = decide(pair, moved)
                if other.relation != found.relation:
                    return Margin(step, name, found.relation, other.relation, found.reason)
    return None


def _numbers(policy: MatchPolicy) -> Sequence[str]:
    return [field.name for field in fields(policy) if field.name not in _OTHERS]


def _changed(policy: MatchPolicy, name: str, value: float) -> MatchPolicy:
    whole = isinstance(getattr(policy, name), int)
    changed: dict[str, float] = {name: round(value) if whole else value}
    return replace(policy, **changed)  # type: ignore[arg-type]
