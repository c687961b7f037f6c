"""How fast a search answers, and what its index costs, over articles made up in SQL.

    python benchmarks/search.py [--articles 1000000] [--questions 300] [--folder DIR] [--json]

The store holds what search reads: articles and stories.  Texts are five to eight of 40,000
paragraphs of 60 words each, drawn as words come in news (Zipf, Mandelbrot); a tenth is German with
compounds, and the hundredth each Chinese; an eighth are copies in stories of up to eight.

*warm* is a whole question in a process that has asked before: index and store opened, the question
read, hits resolved to stories, texts fetched and passages marked.  *cold* is the command
``voltwire search`` from its start to its end.  Questions are words of all frequencies, two and
three of them, phrases, prefixes, alternatives, exclusions, headlines, compounds, pairs of
characters; some within days, a publisher, a topic.

Rebuilding is done by the command in a process of its own, whose peak memory is told.  An update is
500 new articles, published and followed.  On a busy machine read the processor times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.store import END, PARAGRAPHS, PUBLISHERS, Newsroom
from flows.searching import Asked, answer
from storage.batches import staged
from storage.search.follow import follow
from storage.search.state import index_of
from storage.store import Store

SEED = 11
BATCH = 500
PIECE = 50_000
CELLS = ("lithium", "natrium", "festkörper", "hochvolt", "fahrzeug", "zweit", "flotten", "netz")
MIDDLES = ("ionen", "eisenphosphat", "speicher", "antriebs", "lade", "puffer", "schwefel", "luft")
HEADS = ("batterien", "batterie", "zellen", "fabrik", "hersteller", "speicher", "anlagen", "preise")
HAN = "固态钠离子锂电池工厂量产宁德时代比亚迪充换站续航里程材料回收价格下跌出口欧洲美国标准发布"
COLD = 12


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where to build; removed afterwards")
    parser.add_argument("--keep", action="store_true", help="leave the store for a look")
    parser.add_argument("--store", type=Path, help="one that was kept, instead of a new one")
    parser.add_argument("--indexed", action="store_true", help="its index is there: ask only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    folder = options.store or Path(tempfile.mkdtemp(prefix="voltwire-search-", dir=options.folder))
    try:
        report = run(Store(folder), options)
    finally:
        if options.keep or options.store:
            print(f"the store is in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report) if options.json else table(report))
    return 0


def run(store: Store, options: argparse.Namespace) -> dict[str, Any]:
    """Make the store, the index, and ask."""
    make = random.Random(SEED)
    report: dict[str, Any] = {"articles": options.articles}
    texts = Texts(make)
    if options.store is None:
        report["fill"] = clocked(lambda: fill(store, texts, options.articles))
    if not options.indexed:
        report["rebuild"] = rebuild(store)
    report["index_mb"] = round(size_of(index_of(store)[0]) / 1e6)
    report["store_mb"] = round(store.published.stat().st_size / 1e6)
    report["update"] = [update(store, texts, options.articles + n * BATCH) for n in range(3)]
    report["unchanged"] = unchanged(store)
    questions = texts.questions(options.questions)
    for asked in questions[:20]:
        answer(store, asked, count=True)
    report["warm"] = warm(store, questions)
    report["cold_ms"] = cold(store, questions)
    return report


class Texts:
    """Paragraphs, and questions about them."""

    def __init__(self, make: random.Random) -> None:
        self._make = make
        news = Newsroom(1, shuffled=False)
        self.english: list[str] = news._paragraphs
        words = [word for text in self.english[:2000] for word in text.split()]
        self._frequent = [word for word, _ in Counter(words).most_common(400)]
        self._all = sorted(set(words))
        self.german = [
            " ".join(
                self._compound() if make.random() < 0.15 else make.choice(words) for _ in range(60)
            )
            for _ in range(PARAGRAPHS // 10)
        ]
        self.chinese = [
            "，".join("".join(make.choices(HAN, k=make.randint(5, 12))) for _ in range(12))
            for _ in range(PARAGRAPHS // 40)
        ]

    def _compound(self) -> str:
        make = self._make
        middle = make.choice(MIDDLES) if make.random() < 0.6 else ""
        return (make.choice(CELLS) + middle + make.choice(HEADS)).title()

    def questions(self, number: int) -> list[Asked]:
        """Questions of all kinds, in turn."""
        make = self._make
        kinds: list[Callable[[], str]] = [
            lambda: make.choice(self._frequent[:50]),
            lambda: make.choice(self._frequent),
            lambda: make.choice(self._all),
            lambda: " ".join(make.sample(self._frequent[:100], 2)),
            lambda: f"{make.choice(self._frequent)} {make.choice(self._all)}",
            lambda: " ".join(make.sample(self._frequent, 3)),
            lambda: f'"{self._phrase(2)}"',
            lambda: f'"{self._phrase(4)}"',
            lambda: self._phrase(2).replace(" ", "-") + " " + make.choice(self._frequent),
            lambda: make.choice(self._all)[:4] + "*",
            lambda: " OR ".join(make.sample(self._all, 3)),
            lambda: f"{make.choice(self._frequent)} -{make.choice(self._frequent)}",
            lambda: f"title:{make.choice(self._frequent)}",
            lambda: make.choice(HEADS),
            lambda: make.choice(CELLS) + make.choice(HEADS),
            lambda: make.choice(self.chinese)[:2],
            lambda: make.choice(self.chinese)[:4],
        ]
        made = []
        for n in range(number):
            limits: dict[str, Any] = {}
            if n % 5 == 1:
                until = END.date() - timedelta(days=make.randrange(600))
                limits = {"since": until - timedelta(days=30), "until": until}
            elif n % 5 == 2:
                limits = {"publishers": (f"Publisher {make.randrange(20)}",)}
            elif n % 10 == 3:
                limits = {"topic": make.choice(("battery", "ev"))}
            made.append(Asked(text=kinds[n % len(kinds)](), **limits))
        return made

    def _phrase(self, words: int) -> str:
        text = self._make.choice(self.english).split()
        at = self._make.randrange(len(text) - words)
        return " ".join(text[at : at + words])


def fill(store: Store, texts: Texts, number: int) -> None:
    """Write ``number`` articles and their stories, and publish."""
    for first in range(0, number, PIECE):
        add(store, texts, first, min(PIECE, number - first))
        print(f"{min(first + PIECE, number)} articles", file=sys.stderr, flush=True)
    store.publish()


def add(store: Store, texts: Texts, first: int, count: int) -> None:
    """Articles number ``first`` and following; each eighth belongs to the story before it."""
    with (
        store.write() as con,
        staged(con, "english", {"t": "VARCHAR"}, {"t": texts.english}),
        staged(con, "german", {"t": "VARCHAR"}, {"t": texts.german}),
        staged(con, "chinese", {"t": "VARCHAR"}, {"t": texts.chinese}),
    ):
        for name in ("english", "german", "chinese"):
            con.execute(f"CREATE TEMP TABLE {name}_list AS SELECT list(t) AS all_of FROM {name}")
        con.execute(
            f"""CREATE TEMP TABLE made AS
            SELECT n, CASE WHEN n % 100 = 0 THEN 'zh' WHEN n % 10 = 1 THEN 'de' ELSE 'en' END
                AS language,
                hash(n, 'story') % 8 = 0 AND n % 100 <> 0 AND n > 0 AS is_copy,
                list_transform(range(5 + (hash(n, 'length') % 4)::INTEGER),
                    lambda i: hash(n, i)) AS picks
            FROM range({first}, {first + count}) t(n)"""
        )
        body = (
            "array_to_string(list_transform(m.picks, "
            "lambda p: l.all_of[1 + (p % len(l.all_of))::INTEGER]), chr(10))"
        )
        con.execute(
            "CREATE TEMP TABLE texts AS "
            + " UNION ALL ".join(
                f"SELECT m.n, {body} AS text FROM made m, {name}_list l WHERE m.language = '{tag}'"
                for name, tag in (("english", "en"), ("german", "de"), ("chinese", "zh"))
            )
        )
        con.execute(
            f"""INSERT INTO core.articles BY NAME
            SELECT md5('a' || m.n)[:12] AS article_id, md5_number_lower(md5('a' || m.n)[:12])
                AS id_hash,
                'https://site' || (hash(n, 'p') % {PUBLISHERS}) || '.example/' || m.n AS url,
                url AS canonical_url, 'Publisher ' || (hash(n, 'p') % {PUBLISHERS}) AS publisher,
                array_to_string(string_split(t.text, ' ')[1:9], ' ') AS title, m.language,
                TIMESTAMPTZ '{END.isoformat()}' - to_seconds((hash(n, 'at') % 63072000)::BIGINT)
                    AS published_at,
                'page' AS published_from, published_at AS fetched_at, t.text, 400 AS words,
                'page' AS text_source,
                CASE WHEN n % 50 = 0 THEN ['battery', 'recycling'] WHEN n % 2 = 0 THEN ['battery']
                    ELSE ['ev'] END AS topics,
                1 AS version, hash(n, 'exact') AS exact, '' AS author, '' AS feed, 'x' AS site,
                md5('a' || (m.n - CASE WHEN m.is_copy THEN 1 + hash(n, 'of') % 7 ELSE 0 END))[:12]
                    AS story_id,
                NOT m.is_copy AS is_representative
            FROM made m JOIN texts t USING (n) ORDER BY m.n"""
        )
        con.execute(
            "INSERT INTO core.stories BY NAME SELECT story_id, any_value(story_id) AS "
            "representative_id, count(*) AS articles, count(DISTINCT publisher) AS publishers "
            f"FROM core.articles WHERE rowid >= {first} GROUP BY story_id"
        )
        for name in ("english_list", "german_list", "chinese_list", "made", "texts"):
            con.execute(f"DROP TABLE temp.{name}")


def rebuild(store: Store) -> dict[str, float]:
    """The command, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, "-m", "flows.cli", "search", "--rebuild"]
    subprocess.run([*command, "--store", str(store.folder)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        # Of the largest child so far: nothing before it was larger than a copy.
        "peak_mb": round(after.ru_maxrss / 1024),
    }


def update(store: Store, texts: Texts, first: int) -> dict[str, float]:
    """Batch by batch: what following costs beside the publish."""
    add(store, texts, first, BATCH)
    then = time.time() - 600
    os.utime(store.published, (then, then), follow_symlinks=False)
    published = clocked(store.publish)
    followed = clocked(lambda: follow(store))
    return {"publish_s": published["seconds"], "follow_s": followed["seconds"],
            "follow_cpu": followed["cpu"]}  # fmt: skip


def unchanged(store: Store) -> dict[str, float]:
    """A publish with nothing new."""
    store.publish()
    return clocked(lambda: follow(store))


def warm(store: Store, questions: Sequence[Asked]) -> dict[str, Any]:
    """Each question once; milliseconds."""
    walls, cpus, empty = [], [], 0
    slowest: list[tuple[float, str]] = []
    for asked in questions:
        took = clocked(lambda asked=asked: found.append(answer(store, asked, count=True)))
        walls.append(took["seconds"] * 1000)
        cpus.append(took["cpu"] * 1000)
        slowest.append((round(took["seconds"] * 1000), described(asked)))
        empty += not found.pop().hits
    return {
        "questions": len(questions), "without_hits": empty, "ms": spread(walls),
        "cpu_ms": spread(cpus), "slowest": sorted(slowest, reverse=True)[:6],
    }  # fmt: skip


found: list[Any] = []


def described(asked: Asked) -> str:
    """The question with its limits."""
    limits = [str(one) for one in (asked.since, *asked.publishers, asked.topic) if one]
    return " ".join([asked.text, *limits])


def cold(store: Store, questions: Sequence[Asked]) -> dict[str, float]:
    """Some of the questions as commands of their own; milliseconds."""
    walls = []
    for asked in questions[: COLD * 7 : 7]:
        command = [sys.executable, "-m", "flows.cli", "search", "--store", str(store.folder)]
        began = time.perf_counter()
        subprocess.run(
            [*command, *_options(asked), "--", asked.text], check=True, capture_output=True
        )
        walls.append((time.perf_counter() - began) * 1000)
    return spread(walls)


def _options(asked: Asked) -> list[str]:
    def day(name: str, value: date | None) -> list[str]:
        return [name, value.isoformat()] if value else []

    return [
        *day("--since", asked.since), *day("--until", asked.until),
        *(part for name in asked.publishers for part in ("--publisher", name)),
        *(["--topic", asked.topic] if asked.topic else []),
    ]  # fmt: skip


def clocked(work: Callable[[], object]) -> dict[str, float]:
    """Seconds by the clock and of the processor."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": round(time.perf_counter() - began, 4),
        "cpu": round(time.process_time() - busy, 4),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and largest."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
    }


def size_of(folder: Path) -> int:
    """Bytes of the files in it."""
    return sum(path.stat().st_size for path in folder.iterdir())


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    return "\n".join(f"{name:<12}{json.dumps(value)}" for name, value in report.items())


if __name__ == "__main__":
    sys.exit(main())
