"""Near-duplicate stories against labelled pairs or clusters, with three baselines beside them.

    python benchmarks/neardup.py ARTICLES.jsonl.gz PAIRS.jsonl
    python benchmarks/neardup.py ARTICLES.jsonl.gz CLUSTERS.jsonl --contains F --ignore F

``ARTICLES`` rows are ``{url, title?, text, published?}``.  ``PAIRS`` rows are ``{a, b, label,
weight}`` with label ``dup``, ``distinct`` or ``ambiguous`` (not scored).  ``CLUSTERS`` rows are
``{cluster, members}``; ``--contains`` lists pairs that have to be linked and not welded,
``--ignore`` pairs that are not scored.

The articles go through ``voltwire backfill --route jsonl`` into a scratch store, and stories are
read from it by SQL; an article that the pipeline refuses counts as a story of its own.  With
``--memory`` the same steps run without a store, which is quicker when rules are being tried.

Baselines, in the same run over the same texts; stories are the connected parts of their pairs:

- ``minhash_lsh``: datasketch's MinHash and MinHashLSH as its README shows them, 3-word shingles,
  128 permutations, at the one threshold of seven that scores best on this very set;
- ``text_dedup``: the setting that text-dedup (Chenghao Mou, Apache-2.0) published for the
  NEWS-COPY benchmark: 2-grams of ``\\W``-parted words, 256 permutations, threshold .45, every
  pair that meets in a band counts.  Written here with datasketch, by the steps of version 0.4.0's
  ``minhash.py``: the package itself asks for Spark, TensorFlow models and urllib3 below 2.1;
- ``rensa``: its README's deduplicator: blank-parted words, 128 permutations, threshold .8.

Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations, pairwise
from math import ceil, comb
from pathlib import Path
from typing import Any

from datasketch import MinHash, MinHashLSH

from dedupe import cluster, match, signature
from dedupe.measured import Measured
from dedupe.models import Document, Match, Signature, StoryNode
from dedupe.policy import POLICY, RECIPE, MatchPolicy
from dedupe.text import words
from storage import signatures as stored
from storage.store import Store, connect_memory

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
    parser.add_argument("--memory", action="store_true", help="without a store")
    parser.add_argument("--errors", type=int, default=0, help="print so many wrong pairs")
    options = parser.parse_args(arguments)

    documents = read_documents(options.articles)
    truth = read_truth(options.truth, options.contains, options.ignore)
    report: dict[str, Any] = {"articles": len(documents)}
    if options.memory:
        stories, matches, figures = run(documents)
        inside = inside_of(matches)
    else:
        stories, inside, figures = backfilled(options.articles, documents)
    report["voltwire"] = {**score(stories, truth), **figures, **links(inside, stories, truth)}
    if not options.no_baseline:
        report["minhash_lsh"] = minhash_lsh(documents, truth)
        report["text_dedup"] = text_dedup(documents, truth)
        with suppress(ImportError):
            report["rensa"] = rensa_dedup(documents, truth)
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


def measured(documents: Sequence[Document]) -> tuple[list[Measured], dict[str, float]]:
    """The candidate pairs, as a store in memory finds them, and what finding them took."""
    clock = time.process_time()
    signatures: list[Signature] = []
    for start in range(0, len(documents), 256):
        signatures += signature.sign(documents[start : start + 256])
    signed = time.process_time()
    ids = [document.article_id for document in documents]
    con = connect_memory()
    stored.save(con, signatures, {d.article_id: d.published_at for d in documents}, new=ids)
    found = stored.candidates(
        con, ids, window_days=ceil(POLICY.window_days), max_common=POLICY.key_cap
    )
    pairs = [pair for pair in found if match.wanted(pair)]
    joined = time.process_time()
    needed = {side for pair in pairs for side in (pair.article_id, pair.of_article_id)}
    ready = match.prepare_all([one for one in documents if one.article_id in needed])
    prepared = {one.document.article_id: one for one in ready}
    keys = sum(len(one.bands) + len(one.sketch) for one in signatures)
    return (
        [Measured(prepared[pair.article_id], prepared[pair.of_article_id]) for pair in pairs],
        {
            "candidates_per_document": len(pairs) / len(documents),
            "keys_per_document": keys / len(documents),
            "seconds_sign": signed - clock,
            "seconds_join": joined - signed,
        },
    )


def nodes(documents: Sequence[Document]) -> list[StoryNode]:
    """The articles as grouping sees them."""
    return [
        StoryNode(
            article_id=document.article_id,
            words=len(words(document.text)),
            published_at=document.published_at,
            full_page=True,
            title=document.title,
        )
        for document in documents
    ]


def grouped(
    articles: Sequence[StoryNode], pairs: Iterable[Measured], policy: MatchPolicy = POLICY
) -> tuple[dict[str, str], list[Match]]:
    """Story of every article by ``policy``, and the matches."""
    judged = (match.judge_measured(pair, policy) for pair in pairs)
    matches = [one for one in judged if one is not None]
    groups = cluster.partition(articles, matches)
    return {m: group.representative_id for group in groups for m in group.member_ids}, matches


def run(documents: Sequence[Document]) -> tuple[dict[str, str], list[Match], dict[str, float]]:
    """Story of every article, the matches, and what it took."""
    clock = time.process_time()
    pairs, figures = measured(documents)
    found = time.process_time()
    stories, matches = grouped(nodes(documents), pairs)
    done = time.process_time()
    return stories, matches, {**figures, "seconds_judge": done - found, "seconds": done - clock}


def backfilled(
    articles: Path, documents: Sequence[Document]
) -> tuple[dict[str, str], set[Pair], dict[str, float]]:
    """Story of every article and the pairs of which one holds the other, as the store has them."""
    with tempfile.TemporaryDirectory(prefix="voltwire-neardup-") as folder:
        clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [
                sys.executable, "-c", "from flows.cli import main; main()", "backfill", "--route",
                "jsonl", str(articles.resolve()), "--all-topics", "--plain", "--json",
                "--store", folder,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = time.perf_counter() - clock
        with Store(Path(folder)).read() as con:
            rows = con.execute(
                "SELECT u.url, a.article_id, a.story_id FROM article_urls u "
                "JOIN articles a USING (article_id) UNION "
                "SELECT url, article_id, story_id FROM articles"
            ).fetchall()
            held = con.execute(
                "SELECT article_id, of_article_id FROM duplicates "
                "WHERE relation IN ('contains', 'contained_in')"
            ).fetchall()
    story_of = {url: story for url, _, story in rows}
    urls_of: dict[str, list[str]] = defaultdict(list)
    for url, article_id, _ in rows:
        urls_of[article_id].append(url)
    inside = {ordered(left, right) for a, b in held for left in urls_of[a] for right in urls_of[b]}
    stories = {d.article_id: story_of.get(d.article_id, d.article_id) for d in documents}
    figures = {
        "refused": float(sum(d.article_id not in story_of for d in documents)),
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
    return stories, inside, figures


def inside_of(matches: Iterable[Match]) -> set[Pair]:
    """The pairs of which one holds the other."""
    return {
        ordered(one.article_id, one.of_article_id)
        for one in matches
        if one.relation in ("contains", "contained_in")
    }


def links(inside: set[Pair], stories: dict[str, str], truth: Truth) -> dict[str, float]:
    """How many of the ``contains`` pairs are linked, and how many welded."""
    if not truth.contains:
        return {}
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


def connected(articles: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """Each article's connected part, named by one of its articles."""
    parent = {article_id: article_id for article_id in articles}

    def root(article_id: str) -> str:
        while parent[article_id] != article_id:
            parent[article_id] = parent[parent[article_id]]
            article_id = parent[article_id]
        return article_id

    for a, b in pairs:
        parent[root(a)] = root(b)
    return {article_id: root(article_id) for article_id in parent}


def minhash_lsh(documents: Sequence[Document], truth: Truth) -> dict[str, float]:
    """datasketch MinHash + LSH as its README shows it, at the threshold that scores best here."""
    clock = time.process_time()
    hashes: dict[str, MinHash] = {}
    for document in documents:
        tokens = words(document.text)
        runs = {" ".join(tokens[i : i + 3]).encode() for i in range(max(1, len(tokens) - 2))}
        hashes[document.article_id] = MinHash(num_perm=RECIPE.permutations)
        hashes[document.article_id].update_batch(sorted(runs))
    signing = time.process_time() - clock
    best: dict[str, float] = {"f1": -1.0}
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        clock = time.process_time()
        pairs = [
            (a, b)
            for a, b in met(hashes, threshold, RECIPE.permutations)
            if hashes[a].jaccard(hashes[b]) >= threshold
        ]
        result = score(connected(hashes, pairs), truth)
        if result["f1"] > best["f1"]:
            seconds = signing + time.process_time() - clock
            best = {**result, "threshold": threshold, "cpu_seconds": seconds}
    return best


def met(hashes: dict[str, MinHash], threshold: float, permutations: int) -> Iterator[Pair]:
    """Pairs that meet in a band of an index with datasketch's bands for ``threshold``."""
    index = MinHashLSH(threshold=threshold, num_perm=permutations)
    for article_id, one in hashes.items():
        for other in index.query(one):
            yield article_id, other
        index.insert(article_id, one)


def text_dedup(documents: Sequence[Document], truth: Truth) -> dict[str, float]:
    """text-dedup's published setting for news."""
    clock = time.process_time()
    hashes: dict[str, MinHash] = {}
    for document in documents:
        tokens = re.split(r"\W", document.text.lower())
        if len(tokens) < 5:
            continue  # its shortest document
        hashes[document.article_id] = MinHash(num_perm=256)
        hashes[document.article_id].update_batch(
            sorted({f"{a} {b}".encode() for a, b in pairwise(tokens)})
        )
    pairs = list(met(hashes, 0.45, 256))
    seconds = time.process_time() - clock
    stories = connected((document.article_id for document in documents), pairs)
    return {**score(stories, truth), "threshold": 0.45, "cpu_seconds": seconds}


def rensa_dedup(documents: Sequence[Document], truth: Truth) -> dict[str, float]:
    """rensa's deduplicator as its README shows it."""
    from rensa import RMinHash, RMinHashDeduplicator

    clock = time.process_time()
    dedup = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
    pairs: list[Pair] = []
    for document in documents:
        one = RMinHash(num_perm=128, seed=42)
        one.update(document.text.split())
        pairs += [(document.article_id, other) for other in dedup.get_duplicates(one)]
        dedup.add(document.article_id, one)
    seconds = time.process_time() - clock
    stories = connected((document.article_id for document in documents), pairs)
    return {**score(stories, truth), "threshold": 0.8, "cpu_seconds": seconds}


def show(report: dict[str, Any]) -> None:
    sides = [side for side in report if isinstance(report[side], dict)]
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
