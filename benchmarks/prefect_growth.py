"""What a scheduled run leaves in Prefect's database, and what a year of them comes to.

    python -m benchmarks.prefect_growth [--runs 12] [--feeds 80] [--new 6]

``voltwire serve`` runs with a server of its own, and a newsroom on 127.0.0.1 whose feeds list a
few new articles a run; runs are asked for one after the other.  Rows and bytes of each table are
read before and after; the year is arithmetic with how long each kind is kept (``flows.retention``).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flows.retention import EVENTS, RUNS

PER_DAY = 96
EVENT_TABLES = ("events", "event_resources")
# Runs that are made ahead of time and states that the server keeps per deployment do not add up.
WARM_UP = 2


class Newsroom(ThreadingHTTPServer):
    """So many feeds; in each round so many of them list one more article."""

    daemon_threads = True

    def __init__(self, feeds: int, new: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.feeds, self.new, self.round = feeds, new, 0

    def items(self, feed: int) -> Iterator[int]:
        """Numbers of the articles that a feed lists."""
        for number in range(self.round * self.new):
            if number % self.feeds == feed:
                yield number


class _Handler(BaseHTTPRequestHandler):
    server: Newsroom

    def do_GET(self) -> None:
        kind, _, number = self.path.strip("/").partition("/")
        if kind == "feed":
            at = format_datetime(datetime.now(UTC) - timedelta(minutes=5))
            base = f"http://127.0.0.1:{self.server.server_port}"
            items = "".join(
                f"<item><title>Battery plant report {one}</title><link>{base}/news/{one}</link>"
                f"<guid>{base}/news/{one}</guid><pubDate>{at}</pubDate></item>"
                for one in self.server.items(int(number))
            )
            text = (
                "<?xml version='1.0'?><rss version='2.0'><channel><title>F</title>"
                f"<link>{base}/</link><description>f</description>{items}</channel></rss>"
            )
            self._answer("application/rss+xml", text)
        elif kind == "news":
            words = " ".join(f"cell{number}x{place} battery" for place in range(150))
            self._answer("text/html", f"<html><body><article><p>{words}.</p></article></body>")
        else:
            self.send_error(404)

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode()
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def measured(path: Path) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table with its indexes; ``""`` is the whole file."""
    with closing(sqlite3.connect(path)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        owner = dict(con.execute("SELECT name, tbl_name FROM sqlite_master").fetchall())
        sizes: dict[str, int] = {}
        for name, size in con.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
            sizes[owner.get(name, name)] = sizes.get(owner.get(name, name), 0) + size
        tables = [
            name
            for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        ]
        found = {
            name: (
                con.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0],
                sizes.get(name, 0),
            )
            for name in tables
        }
    return found | {"": (0, sum(sizes.values()))}


@contextmanager
def served(folder: Path, news: Newsroom, port: int) -> Iterator[str]:
    """``voltwire serve`` on ``port``, once its screen is there; the address of its API."""
    feeds = folder / "feeds.toml"
    feeds.write_text(
        "\n".join(
            f'[[feed]]\nurl = "http://127.0.0.1:{news.server_port}/feed/{number}"\n'
            f'slug = "feed-{number}"\nscope = "focus"'
            for number in range(news.feeds)
        )
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "VOLTWIRE_"))
    }
    env = kept | {
        "PREFECT_HOME": str(folder / "home"),
        "VOLTWIRE_ALLOW_HOSTS": "127.0.0.1",
        "VOLTWIRE_PACE_SECONDS": "0",
        "VOLTWIRE_WORKERS": "1",
    }
    log = folder / "log"
    command = [sys.executable, "-m", "flows.cli", "serve", "--cron", "0 0 1 1 *"]
    command += ["--port", str(port), "--store", str(folder / "store"), "--feeds", str(feeds)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=env, stdout=sink, stderr=subprocess.STDOUT)
    try:
        while "next run" not in log.read_text():
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(1)
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def ask(url: str, body: object | None = None) -> Any:
    """A call of Prefect's REST interface; a server that is busy is asked again."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    for _ in range(20):
        with suppress(OSError), urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
        time.sleep(5)
    raise SystemExit(f"no answer from {url}")


def one_run(api: str) -> str:
    """Ask for a run that polls every feed; its last state."""
    deployment = ask(f"{api}/deployments/name/ingest-news/ingest-news")["id"]
    made = ask(f"{api}/deployments/{deployment}/create_flow_run", {"parameters": {"force": True}})[
        "id"
    ]
    while True:
        time.sleep(2)
        state: str = ask(f"{api}/flow_runs/{made}")["state_type"]
        if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            # Events are written in batches, seconds later.
            time.sleep(10)
            return state


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--feeds", type=int, default=80)
    parser.add_argument("--new", type=int, default=6, help="new articles a run")
    asked = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder, news = Path(name), Newsroom(asked.feeds, asked.new)
        threading.Thread(target=news.serve_forever, daemon=True).start()
        books = folder / "store" / "prefect" / "prefect.db"
        states = []
        with served(folder, news, port) as api:
            before = measured(books)
            for number in range(WARM_UP + asked.runs):
                if number == WARM_UP:
                    before = measured(books)
                news.round += 1
                states.append(one_run(api))
            after = measured(books)
    print(json.dumps(figures(before, after, asked.runs, states), indent=1))


def figures(
    before: dict[str, tuple[int, int]],
    after: dict[str, tuple[int, int]],
    runs: int,
    states: list[str],
) -> dict[str, Any]:
    """Growth a run and what a year of 15-minute runs comes to, in megabytes."""
    grown = {
        name: {
            "rows": round((rows - before.get(name, (0, 0))[0]) / runs, 1),
            "bytes": round((size - before.get(name, (0, 0))[1]) / runs),
        }
        for name, (rows, size) in after.items()
        if name and (rows, size) != before.get(name)
    }
    events = sum(grown.get(name, {}).get("bytes", 0) for name in EVENT_TABLES)
    every = round((after[""][1] - before[""][1]) / runs)
    rest = every - events
    start = before[""][1]
    return {
        "states": {state: states.count(state) for state in sorted(set(states))},
        "tables": dict(sorted(grown.items(), key=lambda pair: -pair[1]["bytes"])),
        "bytes a run": {"all": every, "events": events, "rest": rest},
        "MB at the start": round(start / 1e6, 1),
        "MB after a year, kept for ever": round((start + every * PER_DAY * 365) / 1e6),
        "MB after a year, as kept": round(
            (start + PER_DAY * (events * EVENTS.days + rest * RUNS.days)) / 1e6
        ),
    }


if __name__ == "__main__":
    main()
