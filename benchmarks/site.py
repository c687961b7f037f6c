"""What a digest and the feeds cost over a large store of made-up articles.

    python -m benchmarks.site [--articles 1000000] [--days 7] [--json]

The store is made as ``benchmarks.store`` makes it: the first articles go the way that a run's
batches go, the rest are copies of their rows with other ids and later days, over two years in all.
Each article is about two of 250 companies and some of 60 topics and names a few more, drawn so that
the first of them are in a tenth of the news, as real ones are.

Then, each in a process of its own, as a user calls it: the digest of the last days, the same once
more when nothing has changed, and the feeds alone.  Seconds and processor seconds are of the whole
command, memory is its largest resident size (all as the system counts them of a child that ended).
Needs about 4 KB of disk an article.  ``--store`` takes one that ``--keep`` left.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import store as made_up
from dedupe.policy import RECIPE
from storage import feeds, signatures
from storage.store import Store

BATCH = 500
COMPANIES, TOPICS = 250, 60
NAMED = 6  # mentions an article, the first two of them what it is about
LIMIT_SECONDS, LIMIT_MIB = 30, 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """One command."""

    seconds: float
    cpu_seconds: float
    peak_mib: int
    said: dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--base", type=int, default=10_000, help="articles written the real way")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to build; removed afterwards")
    parser.add_argument("--store", type=Path, help="ask this one, and make none")
    parser.add_argument("--keep", action="store_true", help="leave the store and the digest")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    folder = Path(tempfile.mkdtemp(prefix="voltwire-site-", dir=options.folder))
    store = options.store or folder / "store"
    try:
        if options.store is None:
            fill(Store(store), options.articles, min(options.base, options.articles))
        report = measure(store, folder, options.days)
    finally:
        if options.keep:
            print(f"all of it is in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report) if options.json else table(report))
    return 0 if report["holds"] else 1


def fill(store: Store, articles: int, base: int) -> None:
    """Make the store and publish it."""
    with store.write() as con:
        signatures.check_recipe(con, RECIPE)
    news = made_up.Newsroom(articles, shuffled=False)
    with store.write() as con:
        feeds.save_feeds(con, news.feeds())
        feeds.save_states(con, news.states())
    clock = made_up.Clock()
    for number in range(0, base, BATCH):
        made_up.write(store, news.batch(number, min(BATCH, base - number)), clock)
    with store.write() as con:
        con.execute(
            f"""INSERT INTO core.mentions BY NAME
            SELECT article_id, CASE WHEN n % 3 < 2 THEN 'company' ELSE 'technology' END AS kind,
                CASE WHEN n % 3 < 2 THEN 'Company ' || floor({COMPANIES} * pow(draw, 3))::INT
                    ELSE 'Topic ' || floor({TOPICS} * pow(draw, 3))::INT END AS name,
                CASE WHEN n % 3 < 2 THEN 'NYSE:X' ELSE '' END AS ticker, 3 AS count,
                n = 0 AS in_title, n = 0 AS in_lede, n < 3 AS is_main, 10 * n AS start_char,
                'Company' AS form, id_hash
            FROM (
                SELECT article_id, id_hash, n, (hash(article_id, n) % 100000) / 100000 AS draw
                FROM core.articles CROSS JOIN range({NAMED}) r(n)
            )"""
        )
    if articles >= 2 * base:
        tables = (*made_up.TABLES, "mentions")
        made_up.multiply(store, base, articles, articles, tables=tables)
    store.publish()


def measure(store: Path, folder: Path, days: int) -> dict[str, Any]:
    """Run the commands; whether the first keeps its limits is ``holds``."""
    output, until = folder / "digest", made_up.END.date() - timedelta(days=1)
    digest = [
        "digest", "--store", str(store), "--output", str(output), "--days", str(days),
        "--until", str(until), "--json",
    ]  # fmt: skip
    alone = ["feeds", "publish", "--store", str(store), "--output", str(folder / "f"), "--json"]
    costs = {"digest": run(digest), "unchanged": run(digest), "feeds alone": run(alone)}
    with Store(store).read() as con:
        found = con.execute("SELECT count(*), (SELECT count(*) FROM mentions) FROM articles")
        articles, mentions = found.fetchone() or (0, 0)
    first = costs["digest"]
    written = [path for path in output.rglob("*") if path.is_file()]
    return {
        "articles": articles,
        "mentions": mentions,
        "days": days,
        "stories": first.said["stories"],
        "files": first.said["files"],
        "megabytes": round(first.said["bytes"] / 1e6, 1),
        "feeds": sum(path.suffix == ".atom" for path in written),
        "feeds_megabytes": round(
            sum(path.stat().st_size for path in written if "feeds" in path.parts) / 1e6, 1
        ),
        "first_page_kb": round((output / "index.html").stat().st_size / 1e3),
        "written_when_unchanged": costs["unchanged"].said["written"],
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "load": round(os.getloadavg()[0], 1),
        "holds": first.seconds <= LIMIT_SECONDS and first.peak_mib <= LIMIT_MIB,
    }


def run(arguments: Sequence[str]) -> Cost:
    """``voltwire`` with these arguments, in a process of its own."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-P", "-m", "flows.cli", *arguments]
        process = subprocess.Popen(command, stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"voltwire {arguments[0]} ended with {process.returncode}")
        said.seek(0)
        told = json.loads(said.read())
    return Cost(
        seconds=round(seconds, 1),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 1),
        peak_mib=round(usage.ru_maxrss / 1024),
        said=told,
    )


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{name:24} {value:>14,}" if isinstance(value, int | float) else f"{name:24} {value!s:>14}"
        for name, value in report.items()
        if name != "costs"
    ]
    lines += ["", f"{'':24} {'seconds':>14} {'cpu seconds':>14} {'peak MiB':>14}"]
    lines += [
        f"{name:24} {cost['seconds']:>14} {cost['cpu_seconds']:>14} {cost['peak_mib']:>14,}"
        for name, cost in report["costs"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
