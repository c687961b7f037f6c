"""What looking a new article up costs, and what keys take in the file, as a store grows.

    python benchmarks/lookup.py [--articles 10000 100000 1000000] [--batch 500] [--json]

Stores hold signatures only, made up with as many keys as reports of 380 words have.  They are
dense enough that 30,000 lie in the days that a new article's window reaches back; one article in
eight is a copy that shares keys.  The first 10,000 are saved by the code that runs use, the
others are copies of their rows with other ids, keys and days, in order of publication, or with
``--shuffled`` in no order, as after many backfills.

Each batch is one write window, as in a run: the new articles' signatures are saved, then looked
up.  Only the look-up counts (``save`` is printed beside it), on one thread, in processor time as
well as wall time; the median of the batches but for the first, which reads what later ones of the
process know (told apart).  Bytes are what the file holds more than one without
articles does, after a checkpoint.

Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import copied_keys
from dedupe.models import Signature
from dedupe.policy import POLICY, RECIPE
from storage import signatures
from storage.store import Store

SEED = 11
BASE = 10_000
IN_WINDOW = 30_000
PER_DAY = IN_WINDOW // (ceil(POLICY.window_days) + 1)
BEGIN = datetime(2024, 1, 1, 12, tzinfo=UTC)
COPIES = 0.12
SKETCH = (15, 35)  # containment keys of such a report under the recipe: 25 on average


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--batches", type=int, default=11)
    parser.add_argument("--shuffled", action="store_true", help="stored in no order of days")
    parser.add_argument("--folder", type=Path, help="where to build; removed afterwards")
    parser.add_argument("--json", action="store_true", help="the line of JSON alone")
    options = parser.parse_args(arguments)

    reports = []
    for size in options.articles:
        folder = Path(tempfile.mkdtemp(prefix="voltwire-lookup-", dir=options.folder))
        try:
            reports.append(measure(Store(folder), size, options))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{size:,} measured", file=sys.stderr)
    if not options.json:
        show(reports)
    print(json.dumps(reports))
    return 0


def measure(store: Store, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Fill ``store`` and look batches up in it."""
    bare = fill(store, size, shuffled=options.shuffled)
    held = store.live.stat().st_size
    make = random.Random(SEED + size)
    figures: dict[str, list[float]] = {"cpu": [], "wall": [], "save": []}
    pairs = 0
    number = size
    for _ in range(options.batches + 1):
        batch, days = made(make, number, options.batch)
        number += options.batch
        with store.write() as con:
            con.execute("SET threads = 1")
            ids = [one.article_id for one in batch]
            began = time.process_time()
            keys = signatures.save(con, batch, days, new=ids)
            saved, wall = time.process_time(), time.perf_counter()
            found = signatures.neighbours(
                con, keys, window_days=ceil(POLICY.window_days), max_common=POLICY.key_cap
            ).pairs
            figures["wall"].append(time.perf_counter() - wall)
            figures["cpu"].append(time.process_time() - saved)
            figures["save"].append(saved - began)
            pairs += len(found)
    # The first batch of a process reads what the next ones find in memory.
    micros = {
        name: 1e6 * statistics.median(each[1:]) / options.batch for name, each in figures.items()
    }
    with store.write() as con:
        in_window = _one(
            con,
            "SELECT count(*) FROM core.signatures WHERE day >= (SELECT max(day) FROM "
            f"core.signatures) - {ceil(POLICY.window_days)}",
        )
    return {
        "articles": size,
        "in_window": in_window,
        "microseconds_per_article": micros["cpu"],
        "first_batch_microseconds_per_article": 1e6 * figures["cpu"][0] / options.batch,
        "wall_microseconds_per_article": micros["wall"],
        "save_microseconds_per_article": micros["save"],
        "pairs_per_article": pairs / (options.batch * (options.batches + 1)),
        "bytes_per_article": (held - bare) / size,
    }


def fill(store: Store, size: int, *, shuffled: bool) -> int:
    """Store ``size`` signatures; returns the bytes of the file without any."""
    with store.write() as con:
        signatures.check_recipe(con, RECIPE)
    bare = store.live.stat().st_size
    make = random.Random(SEED)
    first = min(size, BASE)
    for number in range(0, first, 2000):
        batch, days = made(make, number, min(2000, first - number))
        with store.write() as con:
            signatures.save(con, batch, days, new=[one.article_id for one in batch])
    if size > first:
        with store.write() as con:
            multiply(con, size // first, shuffled=shuffled)
    return bare


def multiply(con: duckdb.DuckDBPyConnection, times: int, *, shuffled: bool) -> None:
    """Write the stored rows so many times over, each time with other ids and keys, later."""
    later = BASE // PER_DAY
    order = "hash(article_id)" if shuffled else "day, article_id"
    whole = copied_keys.base(con)
    # What the real code wrote goes too, so that all of it lies in the order asked for.
    con.execute("CREATE TEMP TABLE base AS SELECT * FROM core.signatures")
    con.execute("TRUNCATE core.signatures")
    con.execute("TRUNCATE core.key_segments")
    con.execute(
        "INSERT INTO core.signatures BY NAME SELECT md5(article_id || n)[:12] AS article_id, "
        f"hash(exact, n) AS exact, shingles, day + (n * {later})::INTEGER AS day "
        f"FROM temp.base, range({times}) r(n) ORDER BY {order}"
    )
    con.execute("DROP TABLE temp.base")
    for number in range(times):
        copied_keys.write(con, whole, number, number * later)
    if shuffled:
        con.execute(
            "CREATE TEMP TABLE ordered AS SELECT * FROM core.key_segments ORDER BY hash(keys)"
        )
        con.execute("TRUNCATE core.key_segments")
        con.execute("INSERT INTO core.key_segments SELECT * FROM temp.ordered")
        con.execute("DROP TABLE temp.ordered")


def made(
    make: random.Random, number: int, count: int
) -> tuple[list[Signature], dict[str, datetime]]:
    """Signatures from the ``number``-th on, and when their articles were published."""
    batch: list[Signature] = []
    days: dict[str, datetime] = {}
    for n in range(number, number + count):
        keys = [make.getrandbits(64) for _ in range(RECIPE.bands + make.randint(*SKETCH))]
        if batch and make.random() < COPIES:
            source = make.choice(batch)
            theirs = [*source.bands, *source.sketch]
            keys = [
                own if make.random() < 0.3 or i >= len(theirs) else theirs[i]
                for i, own in enumerate(keys)
            ]
        article_id = hashlib.blake2b(f"{n}".encode(), digest_size=6).hexdigest()
        batch.append(
            Signature(
                article_id=article_id,
                exact=make.getrandbits(64),
                shingles=make.randint(100, 900),
                minhash=make.randbytes(4 * RECIPE.permutations),
                bands=tuple(keys[: RECIPE.bands]),
                sketch=tuple(sorted(keys[RECIPE.bands :])),
            )
        )
        days[article_id] = BEGIN + timedelta(days=n // PER_DAY)
    return batch, days


def show(reports: Sequence[dict[str, Any]]) -> None:
    for name in reports[0]:
        print(f"{name:34}" + "".join(f"{report[name]:>14,.1f}" for report in reports))
    least = reports[0]["microseconds_per_article"]
    ratios = "".join(f"{one['microseconds_per_article'] / least:>14.2f}" for one in reports)
    print(f"{'times the first':34}{ratios}")


def _one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    return row[0] if row else None


if __name__ == "__main__":
    sys.exit(main())
