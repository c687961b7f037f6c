"""Scores key figures on labelled real texts: ``python benchmarks/figures.py DATA [--wrong]``.

``DATA`` is the folder of real material; labels are beside this file, by (file, url, place).  Every
text named there is labelled whole, so that what is found and not labelled is wrong, and what is
labelled and not found is missing.  Half ``a`` was labelled before the rules were written, ``b``
after the first version, ``c`` (few, for more languages) after the last.

Right means: same place, quantity, unit and value (both values of a range), within two in a
thousand for what is written in miles.  Prints precision with and without the company, how many
figures were given to another company than the right one, recall, and processor time an article.
``--peer`` asks quantulum3 (MIT) the same, where it is installed, about the English texts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figure_texts import Text, texts

from ingest.figures import figures
from ingest.gazetteer import bundled
from ingest.models import Figure
from ingest.tags import Tagger, company_spans

LABELS = Path(__file__).with_name("figures.labels.jsonl")
CLOSE = 2e-3
_ROUNDS = 5


@dataclass
class Score:
    """Counts over some texts."""

    right: int = 0
    wrong: int = 0
    missing: int = 0
    company_right: int = 0
    other_company: int = 0
    by_quantity: Counter[tuple[str, str]] = field(default_factory=Counter)

    def row(self) -> dict[str, float | int]:
        """What is printed."""
        found, there = self.right + self.wrong, self.right + self.missing
        return {
            "figures": there,
            "precision": round(self.right / max(1, found), 3),
            "precision_all_fields": round(self.company_right / max(1, found), 3),
            "other_company": self.other_company,
            "recall": round(self.right / max(1, there), 3),
        }


def labelled() -> list[dict[str, Any]]:
    """The labelled texts."""
    return [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def agree(found: Figure, label: dict[str, Any]) -> bool:
    """Whether a figure is the labelled one, but for its company."""
    return (
        found.in_title == label.get("in_title", False)
        and found.start < label["end"]
        and label["start"] < found.end
        and (found.quantity, found.unit) == (label["quantity"], label["unit"])
        and _close(found.value, label["value"])
        and _close(found.value_high, label.get("value_high"))
    )


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= CLOSE * max(abs(one), abs(other))


def compare(
    found: Iterable[Figure], labels: list[dict[str, Any]], score: Score, text: Text, out: list[str]
) -> None:
    """Add one text to ``score``; what is wrong or missing is told in ``out``."""
    left = list(labels)
    for one in found:
        label = next((label for label in left if agree(one, label)), None)
        if label is None:
            score.wrong += 1
            score.by_quantity[one.quantity, "wrong"] += 1
            out.append(
                f"wrong   {one.quantity} {one.value:g} {one.unit} {one.written!r} {text.url}"
            )
            continue
        left.remove(label)
        score.right += 1
        score.by_quantity[one.quantity, "right"] += 1
        if one.company == label.get("company"):
            score.company_right += 1
        elif one.company is not None:
            score.other_company += 1
            out.append(
                f"company {one.company} for {label.get('company')} {one.written!r} {text.url}"
            )
    for label in left:
        score.missing += 1
        score.by_quantity[label["quantity"], "missing"] += 1
        whole = text.title if label.get("in_title") else text.text
        out.append(
            f"missing {label['quantity']} {whole[label['start'] : label['end']]!r} {text.url}"
        )


def peer_finds(text: str, labels: list[dict[str, Any]]) -> Iterator[bool]:
    """For each label of a body, whether quantulum3 reads its number and a unit at its place."""
    from quantulum3 import parser

    read = parser.parse(text)
    for label in labels:
        written = text[label["start"] : label["end"]]
        yield any(
            one.span[0] < label["end"]
            and label["start"] < one.span[1]
            and one.unit.name != "dimensionless"
            and any(_close(one.value * 10**power, label["value"]) for power in range(-3, 13))
            for one in read
        ) and bool(written)


def main() -> None:
    """Score, print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--wrong", action="store_true", help="tell what is wrong or missing")
    parser.add_argument("--peer", action="store_true", help="ask quantulum3 as well")
    arguments = parser.parse_args()

    rows = labelled()
    files = sorted({row["file"] for row in rows})
    found_texts = {(text.file, text.url): text for text in texts(arguments.data, files)}
    tagger = Tagger(bundled())
    scores: dict[str, Score] = {name: Score() for name in ("a", "b", "c", "all")}
    told: list[str] = []
    for row in rows:
        text = found_texts[row["file"], row["url"]]
        found = figures(text.title, text.text, company_spans(tagger.tag(text.title, text.text)))
        compare(found, row["figures"], scores[row["half"]], text, [])
        compare(found, row["figures"], scores["all"], text, told)
    if arguments.wrong:
        print("\n".join(told))
    for name, score in scores.items():
        print(name, json.dumps(score.row()))
    kinds = scores["all"].by_quantity
    for quantity in sorted({quantity for quantity, _ in kinds}):
        counts = {kind: kinds[quantity, kind] for kind in ("right", "wrong", "missing")}
        print(f"  {quantity:18} {counts}")

    result: dict[str, Any] = {name: score.row() for name, score in scores.items()}
    result["ms_an_article"] = milliseconds(list(found_texts.values()))
    if arguments.peer:
        result["peer"] = peer(rows, found_texts)
    print(json.dumps(result))


def milliseconds(all_texts: list[Text]) -> dict[str, float]:
    """Processor time an article, the best of some rounds over every text of the files."""
    some = [text for text in all_texts if len(text.text) > 500][:: max(1, len(all_texts) // 400)]
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for text in some:
            figures(text.title, text.text)
        best = min(best, time.process_time() - began)
    return {
        "articles": len(some),
        "characters": round(sum(len(text.text) for text in some) / len(some)),
        "ms": round(best / len(some) * 1000, 3),
    }


def peer(rows: list[dict[str, Any]], found_texts: dict[tuple[str, str], Text]) -> dict[str, Any]:
    """quantulum3 on the bodies of the English texts: how many labels it reads, and its time."""
    english = [row for row in rows if row.get("language", "en") == "en"]
    hits = there = 0
    began, characters = time.process_time(), 0
    for row in english:
        text = found_texts[row["file"], row["url"]].text
        labels = [
            label
            for label in row["figures"]
            if not label.get("in_title") and label["unit"] not in ("date", "km", "min")
        ]
        if not labels:
            continue
        characters += len(text)
        answers = list(peer_finds(text, labels))
        hits, there = hits + sum(answers), there + len(answers)
    seconds = time.process_time() - began
    return {
        "labels": there,
        "read": hits,
        "ms_per_5000_characters": round(seconds / max(1, characters) * 5e6, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
