"""A writer killed at any moment: whole batches or nothing, and the next one goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from datetime import timedelta

import duckdb

from storage.store import Store

WORK = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from storage.store import Store

    store = Store(Path(sys.argv[1]))
    while True:
        with store.write() as con:
            n = con.execute("SELECT count(*) FROM core.article_urls").fetchone()[0] // 500
            for part in range(5):
                con.execute(
                    "INSERT INTO core.article_urls (url, article_id) "
                    "SELECT $n || ':' || i, $n::VARCHAR "
                    "FROM range($low, $low + 100) r(i)",
                    {"n": n, "low": part * 100},
                )
            con.execute("INSERT INTO core.links SELECT url, 0, url, url FROM core.article_urls "
                        "WHERE article_id = $n::VARCHAR", {"n": n})
        print(n, flush=True)
        store.publish()
        print("published", n, flush=True)
    """
)


def _whole(con):
    """The number of batches, after checking that each is there once and whole."""
    urls = con.execute(
        "SELECT article_id::INTEGER, count(*), count(DISTINCT url) FROM article_urls GROUP BY ALL "
        "ORDER BY ALL"
    ).fetchall()
    assert urls == [(n, 500, 500) for n in range(len(urls))]
    assert con.execute("SELECT count(*) FROM citations").fetchone() == (500 * len(urls),)
    return len(urls)


def test_kills_at_random_moments_leave_whole_batches_in_both_files(tmp_path):
    """Writing and publishing under kill -9: nothing said to be stored is lost or half there."""
    chance = random.Random(7)
    store = Store(tmp_path / "store", wait=timedelta(seconds=20))
    stored = published = 0
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, str(store.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        told = (first + process.stdout.read()).splitlines()
        process.wait()
        process.stdout.close()
        said = [int(line) for line in told if line.isdigit()]
        stored = max([stored, *(n + 1 for n in said)])
        shown = [int(line.split()[1]) for line in told if line.startswith("published ")]
        published = max([published, *(n + 1 for n in shown)])
        if store.published.exists():
            con = duckdb.connect(str(store.published), read_only=True)
            assert _whole(con) >= published
            con.close()
    with store.write() as con:
        assert _whole(con) >= stored > 0
    store.publish()
    with store.read() as con:
        assert _whole(con) >= stored
    # Leftovers of killed publishes are gone: the copy in place and one before it.
    assert len(list((store.folder / "published").iterdir())) <= 2
