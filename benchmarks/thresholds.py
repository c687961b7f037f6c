"""What each rule of matching buys, and how much hangs on each of its numbers.

    python -m benchmarks.thresholds FOLDER [--only rules|numbers|halves]

``FOLDER`` holds the labelled sets of ``benchmarks/neardup.py`` under their names.  Without a
store: pairs are found once, and judged by each policy.  Three tables, and a line of JSON:

- *rules*: F1 on the sets with one rule taken out at a time;
- *numbers*: F1 with one number moved by a tenth and a fifth, the others kept;
- *halves*: all numbers are moved at random by up to a fifth, then chosen one after the other on
  one half of the labels of every set (by the sum of the F1s), and scored on the other half.  The
  difference tells how much the choice owes to the labels that it saw.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks import neardup
from benchmarks.neardup import Pair, Truth
from dedupe.measured import Measured
from dedupe.models import StoryNode
from dedupe.policy import POLICY, MatchPolicy

SETS = ("reuters21578", "bbc", "synth_syndication")
# What takes a rule out: it asks nothing then.
RULES: dict[str, dict[str, float]] = {
    "all rules": {},
    "containment .5": {"containment": 0.3},
    "short texts": {"short_words": 0},
    "days apart": {"late_days": 1e6},
    "figures in place": {"numbers": 0.0, "correction_numbers": 0.0, "issue_numbers": 0.0},
    "corrections": {"correction_days": -1.0},
    "updates": {"update_days": -1.0},
    "next issue": {"issue_changes": 10**6},
    "names": {"names": 10**6},
    "words of the site": {"subjects": 10**6},
    "same title": {"same_title_containment": 2.0},
    "other titles": {"other_title_containment": 0.0},
    "opening": {"head": 0.0, "weak_head": 0.0},
    "opening, less in common": {"weak_head": POLICY.head},
    "another order": {"reordered": 2.0},
    "piece after other words": {"lead_words": 10**6, "between_words": 10**6},
    "two stories on a page": {"other_topic": -1e6},
}
UNMOVED = ("window_days", "key_cap", "min_shared_sketch", "nearly_complete", "exact_words",
           "title_words")  # fmt: skip
STEPS = (0.8, 0.9, 1.1, 1.2)
# A pair that shares less is refused by every policy that is tried.
LEAST = 0.3
ROUNDS = 3


class Labelled:
    """A set with its pairs measured once."""

    def __init__(self, folder: Path, name: str) -> None:
        documents = neardup.read_documents(folder / f"{name}.articles.jsonl.gz")
        clusters = folder / f"{name}.clusters.jsonl"
        if clusters.exists():
            extra = (folder / f"{name}.{kind}.json" for kind in ("contains", "ignore"))
            self.truth = neardup.read_truth(clusters, *extra)
        else:
            self.truth = neardup.read_truth(folder / f"{name}.pairs.jsonl", None, None)
        pairs, _ = neardup.measured(documents)
        may = [pair for pair in pairs if _may_match(pair)]
        # What no labelled article hangs together with changes nothing.
        ids = [document.article_id for document in documents]
        part = neardup.connected(ids, map(_ends, may))
        labelled = [one for pair in {**self.truth.duplicates, **(self.truth.distinct or {})}
                    for one in pair]  # fmt: skip
        wanted = {part[one] for one in (*labelled, *self.truth.cluster_of)}
        self.pairs = [pair for pair in may if part[pair.a.document.article_id] in wanted]
        held = {one.document.article_id for pair in self.pairs for one in (pair.a, pair.b)}
        self.nodes: list[StoryNode] = neardup.nodes([d for d in documents if d.article_id in held])
        self.ids = sorted({*labelled, *self.truth.cluster_of})
        self.halves = tuple(_half(self.truth, number) for number in (0, 1))

    def stories(self, policy: MatchPolicy) -> dict[str, str]:
        """Every article's story by ``policy``."""
        stories, _ = neardup.grouped(self.nodes, self.pairs, policy)
        return {one: stories.get(one, one) for one in self.ids}


def _ends(pair: Measured) -> Pair:
    return pair.a.document.article_id, pair.b.document.article_id


def _may_match(pair: Measured) -> bool:
    return pair.containment >= LEAST or (pair.shared > 0 and pair.words_shared >= 0.6)


def _half(truth: Truth, number: int) -> Truth:
    """The labels of one half: pairs by chance, clusters with all that was made from one text."""

    def mine(name: str) -> bool:
        return sha256(name.encode()).digest()[0] % 2 == number

    if truth.distinct is not None:
        kept = {pair: w for pair, w in truth.duplicates.items() if mine(" ".join(pair))}
        apart = {pair: w for pair, w in truth.distinct.items() if mine(" ".join(pair))}
        return replace(truth, duplicates=kept, distinct=apart)

    def source(article_id: str) -> str:
        return article_id.rsplit("/", 1)[-1].split("-")[0].strip("b")

    members = {one: name for one, name in truth.cluster_of.items() if mine(source(one))}
    kept = {pair: w for pair, w in truth.duplicates.items() if pair[0] in members}
    return replace(truth, duplicates=kept, cluster_of=members)


def f1(stories: dict[str, str], truth: Truth) -> float:
    """F1 on the labels of ``truth``."""
    if truth.distinct is None:
        stories = {one: stories[one] for one in truth.cluster_of}
    return neardup.score(stories, truth)["f1"]


def whole(sets: Sequence[Labelled], policy: MatchPolicy) -> list[float]:
    """F1 on each set."""
    return [f1(one.stories(policy), one.truth) for one in sets]


def moved(policy: MatchPolicy, changes: dict[str, float]) -> MatchPolicy:
    """``policy`` with other numbers, whole ones kept whole."""
    return replace(policy, **changes)  # type: ignore[arg-type]


def _times(name: str, factor: float, policy: MatchPolicy = POLICY) -> dict[str, float]:
    value = getattr(policy, name)
    return {name: round(value * factor) if isinstance(value, int) else value * factor}


def names_of_numbers() -> list[str]:
    """The numbers of the policy that the verdict looks at."""
    return [field.name for field in fields(POLICY) if field.name not in UNMOVED]


def halves(sets: Sequence[Labelled], seed: int) -> list[dict[str, Any]]:
    """Numbers chosen on one half of the labels and scored on the other, both ways."""
    found = []
    names = names_of_numbers()
    for chosen_on in (0, 1):
        make = random.Random(seed * 2 + chosen_on)
        policy = POLICY
        for name in names:
            policy = moved(policy, _times(name, make.uniform(0.8, 1.2)))
        start = _by_half(sets, policy)
        best = start
        make.shuffle(names)
        for name in names:
            for step in STEPS:
                tried = moved(policy, _times(name, step))
                scored = _by_half(sets, tried)
                if sum(scored[chosen_on]) > sum(best[chosen_on]) + 1e-9:
                    best, policy = scored, tried
        found.append({
            "before": start[chosen_on], "chosen_on": best[chosen_on],
            "other_half": best[1 - chosen_on],
        })  # fmt: skip
    return found


def _by_half(sets: Sequence[Labelled], policy: MatchPolicy) -> tuple[list[float], list[float]]:
    stories = [one.stories(policy) for one in sets]
    scored = [
        [f1(told, one.halves[half]) for told, one in zip(stories, sets, strict=True)]
        for half in (0, 1)
    ]
    return scored[0], scored[1]


def show(title: str, heads: Sequence[str], rows: Sequence[tuple[str, list[float]]]) -> None:
    """A table of figures."""
    print(f"\n{title:34}" + "".join(f"{head:>20}" for head in heads))
    for name, row in rows:
        print(f"{name:34}" + "".join(f"{value:>20.3f}" for value in row), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=("rules", "numbers", "halves"))
    options = parser.parse_args(arguments)
    sets = [Labelled(options.folder, name) for name in SETS]
    report: dict[str, Any] = {}
    if options.only in (None, "rules"):
        report["rules"] = {
            name: whole(sets, moved(POLICY, change)) for name, change in RULES.items()
        }
        show("without", SETS, list(report["rules"].items()))
    if options.only in (None, "numbers"):
        report["numbers"] = {
            f"{name} x {step}": whole(sets, moved(POLICY, _times(name, step)))
            for name in names_of_numbers()
            for step in STEPS
        }
        show("number moved", SETS, list(report["numbers"].items()))
    if options.only in (None, "halves"):
        report["halves"] = [one for seed in range(ROUNDS) for one in halves(sets, seed)]
        for kind in ("before", "chosen_on", "other_half"):
            show(kind, SETS, [(str(n), one[kind]) for n, one in enumerate(report["halves"])])
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
