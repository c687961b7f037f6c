"""Backfills killed with SIGKILL and begun again: a program that ``test_backfill_kills`` runs.

Each run is a fork of this one, which never opens a store itself.  Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import httpx
from archives_support import Crawled, Kept
from backfill_support import Archive, BackfillSite, Mapped, Past, Shifting

from ingest.routes.window import Slice, Window

SITES = {
    "feed-archive": Archive, "wordpress": Shifting, "sitemap": Mapped, "wayback": Kept,
    "ccnews": Crawled,
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A backfill: of a week for a quick look, of a month in slices otherwise."""

    route: str
    window: Window
    size: Slice


def run(folder: Path, job: Job, log: Path, *, at_request: int = 0, after: float = 0.0) -> bool:
    """One backfill in a child process; whether it was killed, at a request or after seconds."""
    child = os.fork()
    if child:
        late = time.monotonic() + after
        while after and time.monotonic() < late:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.WIFSIGNALED(status)
            time.sleep(0.01)
        if after:
            os.kill(child, signal.SIGKILL)
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    web: Past = SITES[job.route]()
    web.filler = 10  # type: ignore[attr-defined]
    web.asked = log.read_text().splitlines() if log.exists() else []  # the site lives on
    ask = type(web).__call__
    asked = 0

    class Counted(type(web)):  # type: ignore[misc]
        def __call__(self, request: httpx.Request) -> httpx.Response:
            nonlocal asked
            asked += 1
            with log.open("a") as file:
                file.write(f"{request.url}\n")
            if asked == at_request:
                os.kill(os.getpid(), signal.SIGKILL)
            return ask(self, request)

    web.__class__ = Counted
    try:
        BackfillSite(folder, web).backfill(job.route, job.window, size=job.size)
    finally:
        os._exit(0)


def look(folder: Path, found: Path) -> list[list[str]]:
    """What stands in the published store, in a child process."""
    child = os.fork()
    if not child:
        site = BackfillSite(folder, Past())
        rows = site.rows("select url, published_at, text, feed from articles order by url")
        rows += site.rows("select feed, day, route, found, stored, state from coverage order by 2")
        rows += site.rows("select canonical_url, outcome from entries order by 1")
        found.write_text(json.dumps([[str(cell) for cell in row] for row in rows]))
        os._exit(0)
    os.waitpid(child, 0)
    rows: list[list[str]] = json.loads(found.read_text())
    return rows


def main(folder: Path, rounds: int, seed: int, since: str, size: Slice) -> None:
    """Kill at ``rounds`` moments drawn at random, each in a store of its own."""
    make = random.Random(seed)
    wrong, asked, unbroken = [], Counter[str](), Counter[str]()
    whole: dict[str, tuple[list[list[str]], int, float]] = {}
    window = Window(date.fromisoformat(since), date(2026, 10, 3))
    number = tries = 0
    while number < rounds:
        job = Job(list(SITES)[(number + seed) % len(SITES)], window, size)
        if job.route not in whole:
            log, began = folder / f"{job.route}.log", time.monotonic()
            run(folder / job.route, job, log)
            took = time.monotonic() - began
            rows = look(folder / job.route, folder / "found")
            whole[job.route] = rows, len(log.read_text().splitlines()), took
        rows, requests, took = whole[job.route]
        tries += 1
        log, place = folder / f"{tries}.log", folder / f"{tries}"
        moment: dict[str, float] = (
            {"at_request": make.randint(1, requests)}
            if number % 2 == 0
            else {"after": make.uniform(0.05, took)}
        )
        if not run(place, job, log, **moment):  # type: ignore[arg-type]
            continue  # it was done before the moment came
        number += 1
        run(place, job, log)
        found = look(place, folder / "found")
        asked[job.route] += len(log.read_text().splitlines())
        unbroken[job.route] += requests
        if found != rows:
            differ = [row for row in found if row not in rows] + [
                row for row in rows if row not in found
            ]
            wrong.append([job.route, moment, differ[:3]])
    told = {
        "wrong": wrong, "rounds": rounds, "asked": asked, "unbroken": unbroken,
        "rows": {route: len(rows) for route, (rows, _, _) in whole.items()},
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])  # type: ignore[arg-type]
