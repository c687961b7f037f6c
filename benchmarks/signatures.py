"""How fast and how true signatures are, beside datasketch and rensa in the same run.

    python benchmarks/signatures.py ARTICLES.jsonl.gz [--count 1024] [--rounds 9]

One core, the same documents and the same shingles (3 words) for all, end to end from text:
finding the words is in every figure.  Each way takes its turn in every round and its best round
counts, in processor time, so that a busy machine disturbs them alike.  rensa (0.5) is given its
fastest way for full sets, one call for all documents; ``blanks`` is rensa with the simplest
tokeniser there is, ``text.lower().split()``, whose words keep their punctuation.

The error of estimates is that of the mean square over pairs of known resemblance, by fifths,
against the theory of ``k`` independent permutations, ``sqrt(J (1 - J) / k)`` (Broder 1997).

Prints a table and a line of JSON.
"""

from __future__ import annotations

import os

os.environ.setdefault("RAYON_NUM_THREADS", "1")  # before rensa is imported: one core

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from datasketch import MinHash

from dedupe import signature
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.shingles import shingle
from dedupe.text import words

BATCH = 64
DATASKETCH = "datasketch update_batch, 128"
RENSA = "rensa RMinHash, 128"
FIFTHS = 5
PAIRS = 600  # a fifth: the error of the error is 3 %


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("--count", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)

    documents = read(options.articles)[: options.count]
    texts = [document.text for document in documents]
    signature.sign(documents[:8])  # tables are built once a process
    micros = race(ways(documents), options.rounds, len(documents))
    report: dict[str, Any] = {
        "documents": len(documents),
        "words_per_document": sum(len(words(text)) for text in texts) / len(texts),
        "microseconds_per_document": micros,
        "times_datasketch": {name: micros[DATASKETCH] / each for name, each in micros.items()},
        "times_rensa": {
            name: micros[RENSA] / each for name, each in micros.items() if RENSA in micros
        },
        "error": errors(texts),
    }
    show(report)
    print(json.dumps(report))
    return 0


def read(path: Path) -> list[Document]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Document(article_id=row["url"], text=row["text"]) for row in rows]


def ways(documents: list[Document]) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    texts = [document.text for document in documents]
    found: dict[str, Callable[[], object]] = {
        DATASKETCH: lambda: with_datasketch(texts),
        "fingerprints": lambda: fingerprints(texts),
        "MinHash 128": lambda: minhashes(texts),
        "both, keys, furniture (sign)": lambda: signed(documents),
    }
    try:
        from rensa import RMinHash
    except ImportError:
        print("rensa is not installed: left out", file=sys.stderr)
    else:
        found[RENSA] = lambda: with_rensa(texts, words, RMinHash)
        found["rensa, words parted at blanks"] = lambda: with_rensa(
            texts, lambda text: text.lower().split(), RMinHash
        )
    return found


def race(found: dict[str, Callable[[], object]], rounds: int, documents: int) -> dict[str, float]:
    """Microseconds of one core a document: the best of so many rounds, taken in turns."""
    best = dict.fromkeys(found, float("inf"))
    for number in range(rounds):
        for name, way in found.items():
            if name == DATASKETCH and number % 3:
                continue  # it takes as long as all the others together
            clock = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - clock)
    return {name: 1e6 * seconds / documents for name, seconds in best.items()}


def runs_of(tokens: list[str]) -> list[str]:
    """Runs of three words; the shorter text is one."""
    parts = [tokens[i:] for i in range(RECIPE.shingle_words)]
    return [" ".join(run) for run in zip(*parts, strict=False)] or [" ".join(tokens)]


def with_datasketch(texts: list[str]) -> None:
    blank = MinHash(num_perm=RECIPE.permutations, seed=RECIPE.seed)
    for text in texts:
        blank.copy().update_batch([run.encode() for run in runs_of(words(text))])


def with_rensa(texts: list[str], tokens: Callable[[str], list[str]], kind: Any) -> None:
    kind.digest_matrix_from_token_sets(
        [runs_of(tokens(text)) for text in texts], num_perm=RECIPE.permutations, seed=RECIPE.seed
    )


def fingerprints(texts: list[str]) -> None:
    for start in range(0, len(texts), BATCH):
        signature.sketches(shingle(texts[start : start + BATCH], RECIPE.shingle_words))


def minhashes(texts: list[str]) -> None:
    for start in range(0, len(texts), BATCH):
        shingles = shingle(texts[start : start + BATCH], RECIPE.shingle_words)
        signature.minhashes(shingles.hashes, shingles.offsets)


def signed(documents: list[Document]) -> None:
    for start in range(0, len(documents), BATCH):
        signature.sign(documents[start : start + BATCH])


def errors(texts: list[str]) -> dict[str, Any]:
    """Root mean square error of estimates by fifths of resemblance, overall, and theory's.

    A pair is two sets of real shingles that have so many in common as a drawn resemblance asks.
    """
    picker = random.Random(1)
    pool = np.unique(shingle(texts, RECIPE.shingle_words).hashes)
    made = np.random.default_rng(1)
    squares: list[list[float]] = [[] for _ in range(FIFTHS)]
    variances: list[list[float]] = [[] for _ in range(FIFTHS)]
    for number in range(FIFTHS * PAIRS):
        size = picker.randrange(100, 600)
        fifth = number % FIFTHS
        common = round(size * (fifth + picker.random()) / FIFTHS)
        drawn = made.choice(pool, size, replace=False)
        cut = common + (size - common) // 2
        left, right = drawn[:cut], np.concatenate([drawn[:common], drawn[cut:]])
        offsets = np.array([0, len(left), len(left) + len(right)])
        one, other = signature.minhashes(np.concatenate([left, right]), offsets)
        truth = common / size
        squares[fifth].append((float(np.mean(one == other)) - truth) ** 2)
        variances[fifth].append(truth * (1 - truth) / RECIPE.permutations)

    def figures(found: list[float], expected: list[float]) -> dict[str, float]:
        measured, theory = sqrt(sum(found) / len(found)), sqrt(sum(expected) / len(expected))
        return {"measured": measured, "theory": theory, "ratio": measured / theory}

    return {
        "fifths": [figures(*each) for each in zip(squares, variances, strict=True)],
        "all": figures(list(chain(*squares)), list(chain(*variances))),
    }


def show(report: dict[str, Any]) -> None:
    print(f"{report['documents']} documents of {report['words_per_document']:.0f} words")
    print(f"{'':32}{'us/document':>12}{'x datasketch':>14}{'x rensa':>10}")
    for name, each in report["microseconds_per_document"].items():
        beside = report["times_rensa"].get(name)
        print(
            f"{name:32}{each:>12.1f}{report['times_datasketch'][name]:>14.1f}"
            + (f"{beside:>10.1f}" if beside else "")
        )
    print("error of estimates, measured / theory")
    for number, fifth in enumerate([*report["error"]["fifths"], report["error"]["all"]]):
        name = (
            f"  {number / FIFTHS:.1f}-{(number + 1) / FIFTHS:.1f}" if number < FIFTHS else "  all"
        )
        print(f"{name:32}{fifth['measured']:>12.4f}{fifth['theory']:>14.4f}{fifth['ratio']:>10.3f}")


if __name__ == "__main__":
    sys.exit(main())
