"""Scores the remover of internal repeats on labelled texts, beside three plain methods.

    python benchmarks/repeats.py CASES.jsonl [--wrong]

``CASES.jsonl`` holds rows ``{id, kind, text, expected, also_right}``.  Prints a table by kind and
one JSON line.  A case is right when its output differs from ``expected``, or from one of
``also_right``, by at most six tokens (white space parted); kinds beginning with ``neg_`` are also
counted as untouched.  Token precision and recall are those of what was removed; ``ms``
is the median CPU time of a document.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from dedupe.repeats import remove_repeats

TOLERANCE = 6


def tokens(text: str) -> list[str]:
    """Words and signs; glue between two copies is no difference."""
    return re.findall(r"\w+|[^\w\s]", text)


def distance(left: str, right: str) -> int:
    """Tokens that stand in one text and not in the other, as multisets, plus an order check."""
    a, b = tokens(left), tokens(right)
    if a == b:
        return 0
    one, two = Counter(a), Counter(b)
    return max(1, sum((one - two).values()) + sum((two - one).values()))


def paragraphs(text: str) -> str:
    """Exact-paragraph removal: a line that stood before goes."""
    seen: set[str] = set()
    kept = []
    for line in text.split("\n"):
        key = " ".join(line.split())
        if key and key in seen:
            continue
        seen.add(key)
        kept.append(line)
    return "\n".join(kept)


def onion(text: str, size: int = 5, share: float = 0.5) -> str:
    """A paragraph goes when half of its 5-grams were seen before (after Pomikalek 2011)."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for line in text.split("\n"):
        words = line.lower().split()
        grams = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
        known = sum(gram in seen for gram in grams)
        if grams and known > share * len(grams):
            continue
        seen.update(grams)
        kept.append(line)
    return "\n".join(kept)


def trafilatura_deduplicate(text: str) -> str:
    """trafilatura's ``deduplicate=True`` on the text set as paragraphs; its cache is cleared."""
    import html

    from trafilatura import extract
    from trafilatura.meta import reset_caches

    reset_caches()
    body = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n") if line.strip())
    page = f"<html><body><article>{body}</article></body></html>"
    return extract(page, deduplicate=True, include_comments=False, favor_recall=True) or ""


METHODS: dict[str, Callable[[str], str]] = {
    "voltwire": lambda text: remove_repeats(text).text,
    "paragraphs": paragraphs,
    "onion": onion,
    "trafilatura": trafilatura_deduplicate,
}


def score(
    cases: list[dict[str, object]], method: Callable[[str], str]
) -> dict[str, dict[str, float]]:
    """Figures by kind, and ``all``, of one method."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for case in cases:
        text, right = str(case["text"]), [str(case["expected"]), *case["also_right"]]  # type: ignore[misc]
        begun = time.process_time()
        output = method(text)
        spent = time.process_time() - begun
        nearest = min(right, key=lambda answer: distance(output, answer))
        off = distance(output, nearest)
        given = Counter(tokens(text))
        cut, due = given - Counter(tokens(output)), given - Counter(tokens(nearest))
        row = {
            "right": float(off <= TOLERANCE),
            "exact": float(off == 0),
            "untouched": float(output == text),
            "hit": float(sum((cut & due).values())),
            "cut": float(sum(cut.values())),
            "due": float(sum(due.values())),
            "ms": spent * 1000,
        }
        for kind in (
            str(case["kind"]),
            "neg" if str(case["kind"]).startswith("neg_") else "pos",
            "all",
        ):
            rows[kind].append(row)
    result = {}
    for kind, several in rows.items():
        total = {name: sum(row[name] for row in several) for name in several[0]}
        result[kind] = {
            "cases": len(several),
            "right": total["right"] / len(several),
            "exact": total["exact"] / len(several),
            "untouched": total["untouched"] / len(several),
            "precision": total["hit"] / total["cut"] if total["cut"] else 1.0,
            "recall": total["hit"] / total["due"] if total["due"] else 1.0,
            "ms": statistics.median(row["ms"] for row in several),
        }
    return result


def main(arguments: list[str]) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--only", action="store_true", help="leave the other methods out")
    parser.add_argument("--wrong", action="store_true", help="list the cases that are not right")
    options = parser.parse_args(arguments)
    with options.cases.open(encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    methods = {"voltwire": METHODS["voltwire"]} if options.only else METHODS
    results = {name: score(cases, method) for name, method in methods.items()}
    head = ("cases", "right", "exact", "untouched", "precision", "recall", "ms")
    for name, kinds in results.items():
        print(f"\n{name:32}" + "".join(f"{column:>10}" for column in head))
        for kind in sorted(kinds, key=lambda kind: (kind in ("pos", "neg", "all"), kind)):
            figures = kinds[kind]
            print(
                f"{kind:32}{figures['cases']:>10.0f}"
                + "".join(f"{figures[column]:>10.3f}" for column in head[1:])
            )
    if options.wrong:
        for case in cases:
            output = METHODS["voltwire"](case["text"])
            off = min(
                distance(output, answer) for answer in [case["expected"], *case["also_right"]]
            )
            if off > TOLERANCE or (case["kind"].startswith("neg_") and output != case["text"]):
                print(case["id"], off)
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
