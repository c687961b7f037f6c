"""How fast a store fills, publishes and answers, on articles made up for it.

    python benchmarks/store.py [--articles 10000 100000 1000000] [--batch 500] [--json]

Every batch goes the way that a run's batches go: one write window (open, one transaction,
close), in it the articles, their signatures, the look-up of candidates in the real window of
days, matches, stories, entries and the clearing of rejections.  Only what costs no storage is
left out: texts are not fetched, extracted, signed or compared; a copy is matched because it was
made as one.  Articles come in order of publication; ``--shuffled`` hands in the last tenth in
random order of days, as a backfill does.  Ids, addresses and keys are hashes, in no order at all.

Rows are the article rows and the rows that belong to them in other tables (addresses, entries,
signatures, stories and their members, matches, and one for the keys of some 28 articles); keys,
35 an article, are counted beside them.  Needs about 8 KB of disk an article
for the store and its published copies.  On a busy machine read ``window_cpu_ms``, the processor
time of all threads, beside the wall times.  ``--fill`` and ``--multiply`` shorten the way to a
large store; what they write is not in the ``window_`` figures, which are of the last windows:
``--tail`` of them go the real way before each size.

Every 20,000 articles are published on the way, as long backfills are, outside the windows that are
timed: row groups are merged then.  ``publish_multiplied_ms`` is that of a store just multiplied,
which no run leaves; ``publish_whole_ms`` the one at a size, after all its batches; ``publish_ms``
one after another batch, with the clock put on past the minute for which a superseded copy is left
alone.  ``disk_mb_per_second`` is what the disk took in the same minute from ``dd conv=fdatasync``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import copied_keys
from dedupe import cluster
from dedupe.models import Match, Signature
from dedupe.policy import POLICY, RECIPE
from flows.publishing import EVERY_ARTICLES
from ingest.models import Article, Feed, FeedEntry, FeedState
from storage import articles, connected, entries, feeds, matches, rejections, signatures, stories
from storage.models import EntryOutcome, PreparedArticle
from storage.store import Store

SEED = 7
TABLES = (
    "articles", "article_urls", "signatures", "key_segments", "entries", "story_members",
    "stories", "matches",
)  # fmt: skip
END = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = 730
PUBLISHERS = 200
BASE = 10_000  # articles that --multiply multiplies, at least
COPIES = 0.12  # share of articles that are a copy of one of the last thousand
COMPANIES = ("Northvolt", "CATL", "BYD", "Tesla", "LG Energy Solution", "QuantumScape")
COMPANY_SHARE = 0.01  # articles that name any one of them
PARAGRAPHS = 40_000  # enough that one seldom comes twice in what is compressed together
PARAGRAPH = 60  # words
LENGTH = (5, 9)  # paragraphs an article: 2 to 3 KB of text
MEASURED = 40  # windows looked at before each size
BLOCK = 262_144  # bytes of a DuckDB block
REPUBLISHED = 5  # batches published one by one at each size
PROBE = 256  # megabytes written to see what the disk takes
SKETCH = (15, 40)  # containment keys of such a text under the recipe


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--batch", type=int, default=500, help="articles a write window")
    parser.add_argument("--fill", type=int, help="articles a window until 40 are left to a size")
    parser.add_argument(
        "--multiply", action="store_true",
        help="write the first 10,000 by windows, fill up with copies of their rows made in SQL "
        "(other ids, keys, days), and write the windows measured before each size again",
    )  # fmt: skip
    parser.add_argument(
        "--tail", type=int, default=MEASURED, help="windows to write the real way to each size"
    )
    parser.add_argument("--shuffled", action="store_true", help="last tenth in random order")
    parser.add_argument("--folder", type=Path, help="where to build; removed afterwards")
    parser.add_argument("--keep", action="store_true", help="leave the store for a look")
    parser.add_argument("--profile", action="store_true", help="time of each storage call")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    folder = Path(tempfile.mkdtemp(prefix="voltwire-store-", dir=options.folder))
    try:
        reports = run(sorted(options.articles), options, folder)
    finally:
        if options.keep:
            print(f"the store is in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(reports))
    else:
        print(table(reports))
    return 0


@dataclass(slots=True)
class Clock:
    """Seconds spent by name of the step, since the last report."""

    spent: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.spent.setdefault(name, []).append(time.perf_counter() - began)

    def copy(self) -> dict[str, int]:
        """How many times each step was taken."""
        return {name: len(each) for name, each in self.spent.items()}

    def since(self, before: Mapping[str, int]) -> dict[str, float]:
        """Seconds of each step since then."""
        return {name: sum(each[before.get(name, 0) :]) for name, each in self.spent.items()}


def run(sizes: list[int], options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Fill one store and report at each size."""
    store = Store(folder)
    extra = REPUBLISHED * options.batch
    news = Newsroom(sizes[-1] + extra, shuffled=options.shuffled)
    with store.write() as con:
        signatures.check_recipe(con, RECIPE)
        feeds.save_feeds(con, news.feeds())
        feeds.save_states(con, news.states())
    reports: list[dict[str, Any]] = []
    clock = Clock()
    longest: dict[str, float] = {}
    windows: list[float] = []
    cpus: list[float] = []
    on_the_way: list[float] = []
    unpublished, multiplied = 0, 0.0
    number, began_articles = 0, 0
    began_rows, began_keys = _rows(store)
    for size in sizes:
        if options.multiply and size > 2 * number >= 2 * BASE:
            number = multiply(store, number, size - options.tail * options.batch, news.total)
            began_articles = number
            began_rows, began_keys = _rows(store)
            windows, cpus, clock = [], [], Clock()
            # No run writes nine tenths of a store between two publishes.
            multiplied = publish(store).seconds
        while number < size:
            count = min(options.batch, size - number)
            if options.fill and size - number - options.fill >= MEASURED * options.batch:
                count = options.fill
            batch = news.batch(number, count)
            before = clock.copy()
            began, busy = time.perf_counter(), time.process_time()
            write(store, batch, clock)
            cpus.append(time.process_time() - busy)
            windows.append(time.perf_counter() - began)
            if windows[-1] == max(windows):
                longest = clock.since(before)
            number += count
            unpublished += count
            if unpublished >= EVERY_ARTICLES and number < size:
                on_the_way.append(publish(store).seconds)
                unpublished = 0
            if number // 50_000 != (number - count) // 50_000:
                progress(number, count, windows)
        rows, keys = _rows(store)
        whole = publish(store)
        unpublished = 0
        size_on_disk = store.live.stat().st_size
        disk = disk_speed(folder)
        # These batches are taken back into the order of things: the next size begins behind them.
        again = []
        for _ in range(REPUBLISHED):
            write(store, news.batch(number, options.batch), Clock())
            number += options.batch
            again.append(publish(store))
        steady = sorted(again, key=lambda one: one.seconds)[len(again) // 2]
        report = {
            "articles": size,
            "batch": options.batch,
            "rows": rows,
            "keys": keys,
            "articles_per_second": round((size - began_articles) / sum(windows)),
            "rows_per_second": round((rows - began_rows) / sum(windows)),
            "keys_per_second": round((keys - began_keys) / sum(windows)),
            # The last windows before this size: what a batch costs at this size.
            "window_median_ms": _ms(statistics.median(windows[-MEASURED:])),
            "window_cpu_ms": _ms(statistics.median(cpus[-MEASURED:])),
            "window_mean_ms": _ms(statistics.fmean(windows[-MEASURED:])),
            "longest_window_ms": _ms(max(windows)),
            "longest_window_cpu_ms": _ms(max(cpus)),
            "longest_window_split_ms": {name: _ms(each) for name, each in longest.items()},
            "publish_multiplied_ms": _ms(multiplied),
            "publish_whole_ms": _ms(whole.seconds),
            "publish_whole": f"{whole.how}, {whole.megabytes} MB",
            "publish_ms": _ms(steady.seconds),
            "publish_on_the_way_longest_ms": _ms(max(on_the_way, default=0.0)),
            "publish_longest_ms": _ms(max(one.seconds for one in again)),
            "publish_cpu_ms": _ms(steady.cpu),
            "publish": f"{steady.how}, {steady.megabytes} MB",
            "disk_mb_per_second": disk,
            "bytes_per_article": size_on_disk // size,
            "bytes_of": weigh(store, size),
            "queries_ms": {name: _ms(each) for name, each in ask(store).items()},
        }
        if options.profile:
            report["steps_ms"] = {
                name: _ms(statistics.median(each[-MEASURED:])) for name, each in clock.spent.items()
            }
            report["longest_step_ms"] = {name: _ms(max(each)) for name, each in clock.spent.items()}
        reports.append(report)
        if not options.json:
            print(table([report]), file=sys.stderr, flush=True)
        began_articles = number
        began_rows, began_keys = _rows(store)
        windows, cpus, clock, on_the_way = [], [], Clock(), []
    return reports


@dataclass(frozen=True, slots=True)
class Publish:
    """One publish."""

    seconds: float
    cpu: float
    how: str
    megabytes: int


def publish(store: Store) -> Publish:
    """Publish as a run does that comes a while after the one before."""
    if store.published.is_symlink():
        then = time.time() - 600
        os.utime(store.published, (then, then), follow_symlinks=False)
    began, busy = time.perf_counter(), _cpu()
    done = store.publish()
    return Publish(
        time.perf_counter() - began, _cpu() - busy, done.copied.how, done.copied.written >> 20
    )


def _cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def disk_speed(folder: Path) -> int:
    """Megabytes a second that the disk takes from ``dd``, made durable."""
    target = folder / "probe"
    began = time.perf_counter()
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={target}", "bs=1M", f"count={PROBE}", "conv=fdatasync"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - began
    target.unlink()
    return round(PROBE / seconds)


def weigh(store: Store, size: int) -> dict[str, int]:
    """Bytes an article of each table and of its heaviest columns; blocks shared count for each."""
    weights: dict[str, int] = {}
    with store.read() as con:
        for name in TABLES:
            held = (
                "SELECT column_name, block_id AS block FROM "
                f"pragma_storage_info('core.{name}') WHERE block_id >= 0 UNION ALL SELECT "
                "column_name, unnest(additional_block_ids) "
                f"FROM pragma_storage_info('core.{name}')"
            )
            found = con.execute(
                f"SELECT column_name, count(DISTINCT block) FROM ({held}) GROUP BY ROLLUP "
                "(column_name) ORDER BY column_name IS NOT NULL, 2 DESC"
            ).fetchall()
            for column, blocks in found[:4]:
                label = f"{name}.{column}" if column else name
                if blocks * BLOCK // size:
                    weights[label] = blocks * BLOCK // size
    return weights


def multiply(
    store: Store, base: int, upto: int, total: int, *, tables: Sequence[str] = TABLES
) -> int:
    """Fill ``store`` to about ``upto`` articles with copies of its ``base``; returns how many.

    Each copy of the whole comes with its own ids, addresses and keys, and later days.
    """
    shift = round(DAYS * base / total, 4)
    columns = {
        "article_id": "md5(article_id || {n})[:12]",
        "of_article_id": "md5(of_article_id || {n})[:12]",
        "story_id": "md5(story_id || {n})[:12]",
        "representative_id": "md5(representative_id || {n})[:12]",
        "url": "url || {n}", "canonical_url": "canonical_url || {n}",
        "exact": "hash(exact, {n})", "day": "day + ({n} * {shift})::INTEGER",
        **{
            name: name + " + to_seconds({n} * {shift} * 86400)"
            for name in ("published_at", "fetched_at", "first_published_at", "last_published_at",
                         "first_seen_at", "last_checked_at")
        },
        "id_hash": "md5_number_lower(md5(article_id || {n})[:12])",
        "of_id_hash": "md5_number_lower(md5(of_article_id || {n})[:12])",
    }  # fmt: skip
    hashes = {"article_urls": "url", "entries": "canonical_url"}
    times = upto // base
    as_rows = [table for table in tables if table != "key_segments"]
    with store.write() as con:
        keys = copied_keys.base(con) if "key_segments" in tables else {}
    for first in range(1, times, 10):
        with store.write() as con:
            for n in range(first, min(first + 10, times)):
                copied_keys.write(con, keys, n, round(n * shift))
                for table in as_rows:
                    names = [
                        name
                        for (name,) in con.execute(
                            "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'core' "
                            f"AND table_name = '{table}' AND database_name = current_database()"
                        ).fetchall()
                    ]
                    if n == 1:
                        con.execute(
                            f"CREATE OR REPLACE TABLE core.base_{table} AS FROM core.{table}"
                        )
                    made = {name: columns.get(name, name) for name in names}
                    if table in hashes:
                        made["url_hash"] = f"md5_number_lower({hashes[table]} || {{n}})"
                    chosen = ", ".join(
                        f"{value.format(n=n, shift=shift)} AS {name}"
                        for name, value in made.items()
                    )
                    con.execute(
                        f"INSERT INTO core.{table} BY NAME SELECT {chosen} FROM core.base_{table}"
                    )
        print(f"multiplied by {min(first + 10, times)}", file=sys.stderr, flush=True)
    with store.write() as con:
        for table in as_rows:
            con.execute(f"DROP TABLE core.base_{table}")
    return times * base


@dataclass(frozen=True, slots=True)
class Made:
    """An article and the one that it was copied from."""

    prepared: PreparedArticle
    entry: FeedEntry
    copy_of: str | None


class Newsroom:
    """Articles by number: the same number is always the same article."""

    def __init__(self, total: int, *, shuffled: bool) -> None:
        self.total = total
        make = random.Random(SEED)
        vocabulary = _vocabulary(make)
        shares = [1 / (rank + 2.7) for rank in range(1, len(vocabulary) + 1)]  # Zipf, Mandelbrot
        drawn = make.choices(vocabulary, shares, k=PARAGRAPHS * PARAGRAPH)
        self._paragraphs = [
            " ".join(drawn[i : i + PARAGRAPH]) for i in range(0, len(drawn), PARAGRAPH)
        ]
        self._order = list(range(total))
        if shuffled:
            # The oldest tenth comes last, in no order.
            tail = self._order[: total // 10]
            make.shuffle(tail)
            self._order = self._order[total // 10 :] + tail

    def feeds(self) -> list[Feed]:
        """One feed a publisher."""
        return [
            Feed(slug=f"feed-{n}", url=f"https://site{n}.example/feed", publisher=f"Publisher {n}")
            for n in range(PUBLISHERS)
        ]

    def states(self) -> list[FeedState]:
        """Every tenth feed went quiet a month ago."""
        return [
            FeedState(
                slug=f"feed-{n}", state="quiet" if n % 10 == 0 else "ok", last_polled_at=END,
                last_success_at=END, next_poll_at=END + timedelta(minutes=30),
                last_delivered_at=END - timedelta(days=30 if n % 10 == 0 else 0, hours=n % 24),
            )
            for n in range(PUBLISHERS)
        ]  # fmt: skip

    def batch(self, start: int, count: int) -> list[Made]:
        """Articles ``start`` to ``start + count`` in the order of their coming."""
        return [self.article(n) for n in self._order[start : start + count]]

    def article(self, n: int) -> Made:
        """Article number ``n``."""
        make = random.Random(f"{SEED} {n}")
        original, copy_of = n, None
        if n > 2000 and make.random() < COPIES:
            original = n - 1 - make.randrange(1000)
            copy_of = self.id_of(original)
        body = random.Random(f"{SEED} {original} text")
        picked = [body.randrange(PARAGRAPHS) for _ in range(body.randrange(*LENGTH))]
        title = " ".join(self._paragraphs[picked[0]].split(" ", 9)[:9])
        keys = [body.getrandbits(64) for _ in range(RECIPE.bands + body.randrange(*SKETCH))]
        if copy_of:
            picked = picked[: -make.randrange(1, 3)]
            keys = [key if make.random() < 0.7 else make.getrandbits(64) for key in keys]
        paragraphs = [self._paragraphs[i] for i in picked]
        for company in COMPANIES:
            if body.random() < COMPANY_SHARE:
                paragraphs[-1] += f" {company} has said so."
        at = END - timedelta(days=DAYS) * (1 - n / self.total)
        publisher = int(PUBLISHERS * make.random() ** 2)
        url = self.url_of(n, publisher)
        article_id = self.id_of(n)
        article = Article(
            article_id=article_id, url=url, canonical_url=url, feed=f"feed-{publisher}",
            publisher=f"Publisher {publisher}", title=title, author=f"Author {n % 900}",
            language="en", published_at=at, published_from="page", published_raw=at.isoformat(),
            fetched_at=at + timedelta(minutes=20), text="\n".join(paragraphs), text_source="page",
            topics=("battery", "ev")[: 1 + n % 2], aliases=(url,),
        )  # fmt: skip
        words = PARAGRAPH * len(paragraphs)
        signature = Signature(
            article_id=article_id, exact=make.getrandbits(64), shingles=words,
            minhash=make.randbytes(4 * RECIPE.permutations), bands=tuple(keys[: RECIPE.bands]),
            sketch=tuple(sorted(keys[RECIPE.bands :])),
        )  # fmt: skip
        return Made(
            prepared=PreparedArticle(article=article, signature=signature, words=words),
            entry=FeedEntry(
                url=url, canonical_url=url, feed=article.feed, guid=url, title=title,
                revision=article_id,
            ),
            copy_of=copy_of,
        )  # fmt: skip

    @staticmethod
    def id_of(n: int) -> str:
        """Twelve characters, as ``ingest.urls.article_id`` makes them."""
        return hashlib.blake2b(str(n).encode(), digest_size=6).hexdigest()

    @staticmethod
    def url_of(n: int, publisher: int) -> str:
        """An address with a date's folders and a slug, unlike any other."""
        slug = hashlib.blake2b(str(n).encode(), digest_size=12).hexdigest()
        return f"https://www.site{publisher}.example/news/{n % 12 + 1:02}/{slug}-battery-plant"


def _vocabulary(make: random.Random) -> list[str]:
    """40,000 word forms, the frequent ones short."""
    syllables = [
        c + v for c in ("b", "ch", "d", "l", "m", "n", "pr", "r", "s", "t", "v") for v in "aeiou"
    ]
    words: dict[str, None] = {}
    while len(words) < 40_000:
        longest = 2 + len(words) // 10_000
        parts = make.randint(1, longest)
        words[
            "".join(make.choice(syllables) for _ in range(parts))
            + make.choice(("", "s", "n", "ing"))
        ] = None
    return list(words)


def write(store: Store, batch: Sequence[Made], clock: Clock) -> None:
    """One write window with one batch, step by step as a run takes them."""
    with clock.step("window: open, begin"):
        window = store.write()
        con = window.__enter__()
    now = END
    with clock.step("articles.save"):
        result = articles.save(con, [one.prepared for one in batch])
    ids = list(result.new)
    with clock.step("signatures.save"):
        keys = signatures.save(
            con,
            [one.prepared.signature for one in batch],
            {one: result.written[one].document.published_at for one in ids},
            new=ids,
        )
    with clock.step("signatures.neighbours"):
        pairs = signatures.neighbours(
            con, keys, window_days=ceil(POLICY.window_days), max_common=POLICY.key_cap
        ).pairs
    with clock.step("articles.documents of pairs"):
        ends = {i for p in pairs for i in (p.article_id, p.of_article_id)}
        articles.documents(con, sorted(ends - result.written.keys()))
    found = [
        Match(
            article_id=p.article_id, of_article_id=p.of_article_id, relation="near",
            jaccard=0.9, containment=0.95, reason="90 % of the words in common",
        )
        for p in pairs
    ]  # fmt: skip
    with clock.step("matches.save"):
        matches.save(con, found, without=ids)
    with clock.step("connected.component"):
        new = {one: result.written[one].node for one in ids}
        graph = connected.component(con, ids, new=new, matches=found)
    with clock.step("cluster.plan"):
        plan = cluster.plan(cluster.partition(graph.nodes, graph.matches), graph.story_of)
    with clock.step("stories.apply"):
        nodes = {one.article_id: one for one in graph.nodes}
        stories.apply(con, plan, now, new=ids, nodes=nodes)
    with clock.step("entries.save"):
        entries.save(
            con,
            [
                EntryOutcome(
                    entry=one.entry,
                    article_id=one.prepared.article.article_id,
                    at=one.prepared.article.fetched_at,
                )
                for one in batch
            ],
        )
    with clock.step("rejections.clear"):
        rejections.clear(con, [one.entry.url for one in batch])
    with clock.step("window: commit, close"):
        window.__exit__(None, None, None)


def ask(store: Store) -> dict[str, float]:
    """Seconds for each typical question put to the published file; best of three."""
    week = (END - timedelta(days=7)).isoformat()
    quarter = (END - timedelta(days=90)).isoformat()
    with store.read() as con:
        url = con.execute("SELECT url FROM articles LIMIT 1 OFFSET 777").fetchall()[0][0]
        story = con.execute("SELECT story_id FROM stories WHERE articles > 1 LIMIT 1").fetchall()
        story_id = story[0][0] if story else ""
        questions = {
            "week, company": "SELECT published_at, publisher, title FROM articles "
            f"WHERE published_at > '{week}' AND text ILIKE '%northvolt%' ORDER BY published_at",
            "week, company, without copies": "SELECT published_at, title, copies FROM news "
            f"WHERE published_at > '{week}' AND text ILIKE '%northvolt%' ORDER BY published_at",
            "daily by publisher, 90 days": "SELECT published_at::DATE AS day, publisher, count(*) "
            f"FROM articles WHERE published_at > '{quarter}' GROUP BY ALL ORDER BY ALL",
            "one article by address": f"SELECT * FROM articles WHERE url = '{url}'",
            "a story with its copies": "SELECT published_at, publisher, title, is_representative, "
            f"text FROM articles WHERE story_id = '{story_id}' ORDER BY published_at",
            "feeds gone quiet": "SELECT slug, state, last_delivered_at, entries_30d "
            f"FROM feed_health WHERE last_delivered_at < TIMESTAMPTZ '{week}' ORDER BY ALL",
        }
        return {name: fastest(con, question) for name, question in questions.items()}


def fastest(con: duckdb.DuckDBPyConnection, question: str) -> float:
    """Seconds of the quickest of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        con.execute(question).fetchall()
        times.append(time.perf_counter() - began)
    return min(times)


def progress(number: int, count: int, windows: Sequence[float]) -> None:
    """One line on the error stream."""
    last = windows[-10:]
    print(
        f"{number:>9,} articles, {count * len(last) / sum(last):,.0f}/s, "
        f"window {_ms(statistics.median(last))} ms, longest {_ms(max(last))} ms",
        file=sys.stderr,
        flush=True,
    )


def _rows(store: Store) -> tuple[int, int]:
    """Rows that articles brought, over all tables, and keys."""
    with store.write() as con:
        rows = sum(
            con.execute(f"SELECT count(*) FROM core.{table}").fetchall()[0][0] for table in TABLES
        )
        keys = con.execute("SELECT coalesce(sum(size), 0) FROM core.key_segments").fetchall()
        return rows, int(keys[0][0])


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def table(reports: Sequence[dict[str, Any]]) -> str:
    """The reports side by side."""
    names = [name for name in reports[0] if not isinstance(reports[0][name], dict)]
    lines = [_line(name, [report[name] for report in reports]) for name in names]
    for group in (
        "longest_window_split_ms",
        "bytes_of",
        "queries_ms",
        "steps_ms",
        "longest_step_ms",
    ):
        if group in reports[0]:
            lines.append(group)
            lines.extend(
                _line("  " + name, [report[group].get(name) for report in reports])
                for name in reports[0][group]
            )
    return "\n".join(lines)


def _line(name: str, values: Sequence[Any]) -> str:
    told = (
        f"{value:,}" if isinstance(value, int | float) else str(value or "") for value in values
    )
    return f"{name:34}" + "".join(f"{one:>22}" for one in told)


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    sys.exit(main())
