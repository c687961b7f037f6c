"""How fast and how true signatures are, beside datasketch (and rensa where it is installed).

    python benchmarks/signatures.py ARTICLES.jsonl.gz [--count 1000]

One core, the same documents for all, end to end from text.  Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from datasketch import MinHash

from dedupe import signature
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.shingles import shingle
from dedupe.text import words

BATCH = 64


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs counts")
    options = parser.parse_args(arguments)

    documents = read(options.articles)[: options.count]
    texts = [document.text for document in documents]
    signature.sign(documents[:8])  # tables are built once a process

    ways: dict[str, Callable[[], None]] = {
        "datasketch update_batch, 128": lambda: with_datasketch(texts),
        "shingle hashes and sketch": lambda: fingerprints(texts),
        "MinHash 128": lambda: minhashes(texts),
        "whole signature (sign)": lambda: signed(documents),
    }
    try:
        from rensa import RMinHash
    except ImportError:
        print("rensa is not installed: left out", file=sys.stderr)
    else:
        ways["rensa RMinHash, 128"] = lambda: with_rensa(texts, RMinHash)
    micros = {
        name: 1e6 * fastest(way, options.repeat) / len(documents) for name, way in ways.items()
    }
    report: dict[str, Any] = {
        "documents": len(documents),
        "words_per_document": sum(len(words(text)) for text in texts) / len(texts),
        "microseconds_per_document": micros,
        "times_datasketch": {
            name: micros["datasketch update_batch, 128"] / each for name, each in micros.items()
        },
        "error": error(texts),
    }
    print(f"{len(documents)} documents of {report['words_per_document']:.0f} words")
    for name, each in micros.items():
        print(f"{name:32}{each:>10.1f} us  {report['times_datasketch'][name]:>6.1f} x")
    print("estimation error: {measured:.4f}, theory {theory:.4f}".format(**report["error"]))
    print(json.dumps(report))
    return 0


def read(path: Path) -> list[Document]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Document(article_id=row["url"], text=row["text"]) for row in rows]


def fastest(way: Callable[[], None], repeat: int) -> float:
    best = float("inf")
    for _ in range(repeat):
        clock = time.perf_counter()
        way()
        best = min(best, time.perf_counter() - clock)
    return best


def runs_of(text: str) -> list[bytes]:
    tokens = words(text)
    size = RECIPE.shingle_words
    return [" ".join(tokens[i : i + size]).encode() for i in range(max(1, len(tokens) - size + 1))]


def with_datasketch(texts: list[str]) -> None:
    blank = MinHash(num_perm=RECIPE.permutations, seed=RECIPE.seed)
    for text in texts:
        blank.copy().update_batch(runs_of(text))


def with_rensa(texts: list[str], kind: Any) -> None:
    for text in texts:
        one = kind(num_perm=RECIPE.permutations, seed=RECIPE.seed)
        one.update([run.decode() for run in runs_of(text)])
        one.digest()


def fingerprints(texts: list[str]) -> None:
    for start in range(0, len(texts), BATCH):
        signature.sketches(shingle(texts[start : start + BATCH], RECIPE.shingle_words))


def minhashes(texts: list[str]) -> None:
    for start in range(0, len(texts), BATCH):
        shingles = shingle(texts[start : start + BATCH], RECIPE.shingle_words)
        for index in range(len(shingles.words)):
            signature.minhash(shingles.of(index))


def signed(documents: list[Document]) -> None:
    for start in range(0, len(documents), BATCH):
        signature.sign(documents[start : start + BATCH])


def error(texts: list[str], pairs: int = 400) -> dict[str, float]:
    """Root mean square error of estimates over pairs that share a known part, and theory's."""
    picker = random.Random(1)
    squares = variances = 0.0
    for _ in range(pairs):
        common, left, right = (words(picker.choice(texts)) for _ in range(3))
        cut = picker.randrange(len(common) + 1)
        both = [" ".join(common[:cut] + own[: max(1, len(common) - cut)]) for own in (left, right)]
        one, other = (set(shingle([text], RECIPE.shingle_words).of(0).tolist()) for text in both)
        truth = len(one & other) / len(one | other)
        a, b = signature.sign([Document(article_id=text[:9], text=text) for text in both])
        squares += (signature.estimate(a, b) - truth) ** 2
        variances += truth * (1 - truth) / RECIPE.permutations
    return {"measured": sqrt(squares / pairs), "theory": sqrt(variances / pairs)}


if __name__ == "__main__":
    sys.exit(main())
