"""Near-duplicate stories against labelled pairs or clusters, with plain MinHash+LSH beside them.

    python benchmarks/neardup.py ARTICLES.jsonl.gz PAIRS.jsonl
    python benchmarks/neardup.py ARTICLES.jsonl.gz CLUSTERS.jsonl --contains F --ignore F

``ARTICLES`` rows are ``{url, title?, text, published?}``.  ``PAIRS`` rows are ``{a, b, label,
weight}`` with label ``dup``, ``distinct`` or ``ambiguous`` (not scored).  ``CLUSTERS`` rows are
``{cluster, members}``; ``--contains`` lists pairs that have to be linked and not welded,
``--ignore`` pairs that are not scored.

Runs sign -> candidates -> compare -> partition in memory, by the rules that the store's join has,
and prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

from dedupe import cluster, match, signature
from dedupe.models import CandidatePair, Document, Match, Signature, StoryNode
from dedupe.policy import POLICY, RECIPE, MatchPolicy
from dedupe.text import words

Pair = tuple[str, str]


@dataclass
class Truth:
    """Labelled pairs, each with its weight; for clusters also every member's cluster."""

    duplicates: dict[Pair, float] = field(default_factory=dict)
    distinct: dict[Pair, float] | None = field(default_factory=dict)
    """None: every pair that is not a duplicate is distinct."""
    ignored: set[Pair] = field(default_factory=set)
    contains: set[Pair] = field(default_factory=set)
    cluster_of: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--contains", type=Path)
    parser.add_argument("--ignore", type=Path)
    parser.add_argument("--no-baseline", action="store_true")
    parser.add_argument("--errors", type=int, default=0, help="print so many wrong pairs")
    options = parser.parse_args(arguments)

    documents = read_documents(options.articles)
    truth = read_truth(options.truth, options.contains, options.ignore)
    report: dict[str, Any] = {"articles": len(documents)}
    stories, matches, figures = run(documents)
    report["voltwire"] = {**score(stories, truth), **figures, **links(matches, stories, truth)}
    if not options.no_baseline:
        report["minhash_lsh"] = baseline(documents, truth)
    show(report)
    if options.errors:
        show_errors(stories, truth, {d.article_id: d for d in documents}, options.errors)
    print(json.dumps(report))
    return 0


def read_rows(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_documents(path: Path) -> list[Document]:
    documents = []
    for row in read_rows(path):
        published = row.get("published")
        when = datetime.fromisoformat(published) if published else None
        documents.append(
            Document(
                article_id=row["url"],
                text=row["text"],
                title=row.get("title") or "",
                published_at=when if when is None or when.tzinfo else when.replace(tzinfo=UTC),
            )
        )
    return documents


def read_truth(path: Path, contains: Path | None, ignore: Path | None) -> Truth:
    truth = Truth()
    for row in read_rows(path):
        if "members" in row:
            truth.distinct = None
            for member in row["members"]:
                truth.cluster_of[member] = row["cluster"]
            for pair in combinations(sorted(row["members"]), 2):
                truth.duplicates[pair] = 1.0
        elif row["label"] in ("dup", "distinct"):
            pair = ordered(row["a"], row["b"])
            side = truth.duplicates if row["label"] == "dup" else truth.distinct
            assert side is not None
            side[pair] = float(row.get("weight", 1.0))
    truth.contains = read_pairs(contains)
    truth.ignored = read_pairs(ignore)
    return truth


def read_pairs(path: Path | None) -> set[Pair]:
    if path is None:
        return set()
    return {ordered(a, b) for a, b in json.loads(path.read_text(encoding="utf-8"))}


def ordered(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def candidates(
    documents: Sequence[Document], signatures: Sequence[Signature], policy: MatchPolicy = POLICY
) -> Iterator[CandidatePair]:
    """Pairs that share keys, by the rules of the store's join."""
    when = {document.article_id: document.published_at for document in documents}
    shared: dict[Pair, list[int]] = defaultdict(lambda: [0, 0])
    for kind in (0, 1):
        holders: dict[int, list[str]] = defaultdict(list)
        for signed in signatures:
            for key in (signed.bands, signed.sketch)[kind]:
                holders[key].append(signed.article_id)
        for held in holders.values():
            for pair in pairs_in_window(held, when, policy):
                shared[pair][kind] += 1
    for (a, b), (bands, keys) in shared.items():
        yield CandidatePair(article_id=a, of_article_id=b, shared_bands=bands, shared_sketch=keys)


def pairs_in_window(
    held: list[str], when: dict[str, datetime | None], policy: MatchPolicy
) -> Iterator[Pair]:
    """Pairs of one key's holders published close enough, unless too many hold it."""
    for article_id in held:
        date = when[article_id]
        near = [
            other
            for other in held
            if other != article_id and within(date, when[other], policy.window_days)
        ]
        if len(near) >= policy.key_cap:
            continue
        yield from ((article_id, other) for other in near if article_id < other)


def within(a: datetime | None, b: datetime | None, days: float) -> bool:
    return a is None or b is None or abs((a - b).total_seconds()) <= days * 86400


def run(
    documents: Sequence[Document], policy: MatchPolicy = POLICY
) -> tuple[dict[str, str], list[Match], dict[str, float]]:
    """Story of every article, the matches, and what it took."""
    clock = time.perf_counter()
    signatures: list[Signature] = []
    for start in range(0, len(documents), 256):
        signatures += signature.sign(documents[start : start + 256])
    signed = time.perf_counter()
    pairs = [pair for pair in candidates(documents, signatures, policy) if match.wanted(pair)]
    joined = time.perf_counter()
    needed = {side for pair in pairs for side in (pair.article_id, pair.of_article_id)}
    wanted_documents = [document for document in documents if document.article_id in needed]
    prepared = {p.document.article_id: p for p in match.prepare_all(wanted_documents)}
    found = [
        match.compare_prepared(prepared[pair.article_id], prepared[pair.of_article_id], policy)
        for pair in pairs
    ]
    matches = [one for one in found if one is not None]
    compared = time.perf_counter()
    groups = cluster.partition(
        [
            StoryNode(
                article_id=document.article_id,
                words=len(words(document.text)),
                published_at=document.published_at,
                full_page=True,
            )
            for document in documents
        ],
        matches,
    )
    done = time.perf_counter()
    stories = {m: group.representative_id for group in groups for m in group.member_ids}
    keys = sum(len(one.bands) + len(one.sketch) for one in signatures)
    return (
        stories,
        matches,
        {
            "candidates_per_document": len(pairs) / len(documents),
            "key_bytes_per_document": 8 * keys / len(documents),
            "seconds_sign": signed - clock,
            "seconds_join": joined - signed,
            "seconds_compare": compared - joined,
            "seconds_cluster": done - compared,
            "seconds": done - clock,
        },
    )


def links(matches: Iterable[Match], stories: dict[str, str], truth: Truth) -> dict[str, float]:
    """How many of the ``contains`` pairs are linked, and how many welded."""
    if not truth.contains:
        return {}
    inside = {
        ordered(one.article_id, one.of_article_id)
        for one in matches
        if one.relation in ("contains", "contained_in")
    }
    return {
        "contains_linked": len(truth.contains & inside) / len(truth.contains),
        "contains_welded": sum(stories[a] == stories[b] for a, b in truth.contains)
        / len(truth.contains),
    }


def wrong_pairs(stories: dict[str, str], truth: Truth) -> tuple[dict[Pair, float], ...]:
    """Duplicates found, duplicates missed, pairs joined wrongly; each with weights."""
    found = {p: w for p, w in truth.duplicates.items() if stories[p[0]] == stories[p[1]]}
    missed = {p: w for p, w in truth.duplicates.items() if p not in found}
    if truth.distinct is not None:
        false = {p: w for p, w in truth.distinct.items() if stories[p[0]] == stories[p[1]]}
    else:
        members: dict[str, list[str]] = defaultdict(list)
        for article_id, story in stories.items():
            members[story].append(article_id)
        false = {
            ordered(*pair): 1.0
            for group in members.values()
            for pair in combinations(group, 2)
            if ordered(*pair) not in truth.duplicates
        }
    ignored = truth.ignored | truth.contains
    # A contains pair joined into one story is an error; one that is linked is not scored.
    return (
        {p: w for p, w in found.items() if p not in ignored},
        {p: w for p, w in missed.items() if p not in ignored},
        {p: w for p, w in false.items() if p not in truth.ignored},
    )


def score(stories: dict[str, str], truth: Truth) -> dict[str, float]:
    """Weighted pair precision, recall and F1; the adjusted Rand index for clusters."""
    found, missed, false = wrong_pairs(stories, truth)
    hit, lost, extra = sum(found.values()), sum(missed.values()), sum(false.values())
    precision = hit / (hit + extra) if hit + extra else 1.0
    recall = hit / (hit + lost) if hit + lost else 1.0
    result = {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "missed": float(len(missed)),
        "false": float(len(false)),
    }
    if truth.cluster_of:
        ids = sorted(truth.cluster_of)
        result["ari"] = adjusted_rand([truth.cluster_of[i] for i in ids], [stories[i] for i in ids])
    return result


def adjusted_rand(left: Sequence[str], right: Sequence[str]) -> float:
    """Hubert and Arabie 1985."""
    both = sum(comb(n, 2) for n in Counter(zip(left, right, strict=True)).values())
    a = sum(comb(n, 2) for n in Counter(left).values())
    b = sum(comb(n, 2) for n in Counter(right).values())
    expected = a * b / comb(len(left), 2)
    highest = (a + b) / 2
    return (both - expected) / (highest - expected) if highest != expected else 1.0


def baseline(documents: Sequence[Document], truth: Truth) -> dict[str, float]:
    """datasketch MinHash + LSH as its README shows it, at the threshold that scores best here."""
    from datasketch import MinHash, MinHashLSH

    clock = time.perf_counter()
    hashes: dict[str, MinHash] = {}
    for document in documents:
        tokens = words(document.text)
        runs = {" ".join(tokens[i : i + 3]).encode() for i in range(max(1, len(tokens) - 2))}
        hashes[document.article_id] = MinHash(num_perm=RECIPE.permutations)
        hashes[document.article_id].update_batch(sorted(runs))
    signing = time.perf_counter() - clock
    best: dict[str, float] = {"f1": -1.0}
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        clock = time.perf_counter()
        index = MinHashLSH(threshold=threshold, num_perm=RECIPE.permutations)
        parent: dict[str, str] = {}

        def root(article_id: str, parent: dict[str, str] = parent) -> str:
            while parent.setdefault(article_id, article_id) != article_id:
                article_id = parent[article_id]
            return article_id

        for article_id, one in hashes.items():
            for other in index.query(one):
                if one.jaccard(hashes[other]) >= threshold:
                    parent[root(article_id)] = root(other)
            index.insert(article_id, one)
        stories = {article_id: root(article_id) for article_id in hashes}
        result = score(stories, truth)
        if result["f1"] > best["f1"]:
            seconds = signing + time.perf_counter() - clock
            best = {**result, "threshold": threshold, "seconds": seconds}
    return best


def show(report: dict[str, Any]) -> None:
    sides = [side for side in ("voltwire", "minhash_lsh") if side in report]
    names = list(dict.fromkeys(name for side in sides for name in report[side]))
    print(f"{report['articles']} articles")
    print(f"{'':28}" + "".join(f"{side:>14}" for side in sides))
    for name in names:
        cells = (
            f"{report[side][name]:>14.4g}" if name in report[side] else f"{'':>14}"
            for side in sides
        )
        print(f"{name:28}" + "".join(cells))


def show_errors(
    stories: dict[str, str], truth: Truth, documents: dict[str, Document], count: int
) -> None:
    _, missed, false = wrong_pairs(stories, truth)
    for kind, pairs in (("missed", missed), ("false", false)):
        for (a, b), weight in sorted(pairs.items(), key=lambda one: -one[1])[:count]:
            why = match.explain(documents[a], documents[b])
            print(f"{kind} {weight:.1f} {a} {b}: {why.relation or 'none'}: {why.reason}")


if __name__ == "__main__":
    sys.exit(main())
