"""Backfills killed with SIGKILL and begun again: a program that ``test_backfill_kills`` runs.

Each run is a fork of this one, which never opens a store itself.  Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import httpx
from backfill_support import Archive, BackfillSite, Mapped, Past, Shifting

SITES = {"feed-archive": Archive, "wordpress": Shifting, "sitemap": Mapped}


def run(folder: Path, route: str, log: Path, *, die_at: int = 0) -> None:
    """One backfill in a child process, which kills itself at its request ``die_at``."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    web: Past = SITES[route]()
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
            if asked == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return ask(self, request)

    web.__class__ = Counted
    try:
        BackfillSite(folder, web).backfill(route)
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


def main(folder: Path, rounds: int, seed: int) -> None:
    """Kill at ``rounds`` moments drawn at random, each in a store of its own."""
    make = random.Random(seed)
    told: dict[str, object] = {"wrong": [], "rounds": 0, "asked": 0, "asked_unbroken": 0}
    wrong, asked, unbroken_asked = [], 0, 0
    whole: dict[str, tuple[list[list[str]], int]] = {}
    for number in range(rounds):
        route = list(SITES)[(number + seed) % len(SITES)]
        if route not in whole:
            log = folder / f"{route}.log"
            run(folder / route, route, log)
            rows = look(folder / route, folder / "found")
            whole[route] = rows, len(log.read_text().splitlines())
        rows, requests = whole[route]
        log = folder / f"{number}.log"
        moment = make.randint(1, requests)
        run(folder / str(number), route, log, die_at=moment)
        run(folder / str(number), route, log)
        found = look(folder / str(number), folder / "found")
        asked += len(log.read_text().splitlines())
        unbroken_asked += requests
        if found != rows:
            differ = [row for row in found if row not in rows] + [
                row for row in rows if row not in found
            ]
            wrong.append([route, moment, differ[:3]])
    told |= {"wrong": wrong, "rounds": rounds, "asked": asked, "asked_unbroken": unbroken_asked}
    told["articles"] = {route: len(rows) for route, (rows, _) in whole.items()}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
