"""What ``dedupe rebuild`` of a whole store costs, by engine: seconds, memory, and overhead a chunk.

    python -m benchmarks.rebuild [--articles 10000 100000] [--engine processes dask ray] [--json]

The store is made up (``benchmarks.store``: 2 to 3 KB of text an article, one in eight a copy of
one of the last thousand, two years) and holds texts only; each engine makes everything else anew
in a copy of it.  ``same`` says whether the stories and duplicates of all engines are the same, row
for row.

Processor seconds are those of this process and its children, of Dask's and Ray's own processes
too; memory is the highest resident size of any of them, looked at four times a second.  Overhead a
chunk is the time of the clock for an empty chunk when a hundred of them are handed in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.store import Newsroom
from flows import rebuilding
from flows.engines.choose import engine_of
from flows.engines.protocol import EngineMissing, run
from flows.settings import Settings
from storage import articles, feeds
from storage.store import Store

ENGINES = ("processes", "dask", "ray")
BATCH = 2_000
EMPTY = 100
ROWS = {
    "duplicates": "FROM duplicates ORDER BY ALL",
    "stories": "SELECT * FROM stories ORDER BY ALL",
    "members": "SELECT article_id, story_id, is_representative FROM articles ORDER BY ALL",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dask", default="", help="scheduler of a cluster; else one is started")
    parser.add_argument("--folder", type=Path, help="where to build; removed afterwards")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="voltwire-rebuild-", dir=options.folder))
    reports = []
    try:
        for size in options.articles:
            texts = fill(folder / f"texts-{size}", size)
            print(f"{size} articles filled in", file=sys.stderr, flush=True)
            reports += [
                measure(
                    texts,
                    size,
                    Settings(
                        engine=engine,
                        engine_address=options.dask if engine == "dask" else "",
                        workers=options.workers,
                    ),
                    folder,
                )
                for engine in options.engine
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ran = [one for one in reports if "note" not in one]
    for report in ran:
        first = next(one for one in ran if one["articles"] == report["articles"])
        report["same"] = report["rows"] == first["rows"]
    print(json.dumps(reports) if options.json else table(reports))
    return 0 if all(one["same"] for one in ran) else 1


def fill(folder: Path, size: int) -> Path:
    """A store of ``size`` articles, their texts only."""
    store, news = Store(folder), Newsroom(size, shuffled=False)
    with store.write() as con:
        feeds.save_feeds(con, news.feeds())
    for first in range(0, size, BATCH):
        with store.write() as con:
            batch = news.batch(first, min(BATCH, size - first))
            articles.save(con, [one.prepared for one in batch])
    return folder


def measure(texts: Path, size: int, settings: Settings, folder: Path) -> dict[str, Any]:
    """Rebuild a copy of ``texts`` on the engine of ``settings``."""
    copy = folder / "copy"
    shutil.copytree(texts, copy, symlinks=True)
    settings, engine = settings.with_store(copy), settings.engine
    try:
        overhead = asyncio.run(empty_chunks(settings))
    except EngineMissing as missing:
        shutil.rmtree(copy)
        return {"articles": size, "engine": engine, "note": str(missing)}
    stages = Stages()
    began = time.perf_counter()
    with watched() as seen:
        report = asyncio.run(rebuilding.rebuild(settings, progress=stages))
    seconds = time.perf_counter() - began
    stages.stage("end", None)
    rows = {name: digest_of(Store(copy), query) for name, query in ROWS.items()}
    shutil.rmtree(copy)
    made = {
        "articles": size,
        "engine": engine,
        "stories": report.stories_after,
        "links": report.duplicates_added,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(seen.cpu, 1),
        "highest_mib_here": seen.here >> 20,
        "highest_mib_worker": seen.child >> 20,
        "overhead_ms_a_chunk": round(overhead * 1000, 1),
        "stages_s": {name: round(spent, 1) for name, spent in stages.spent.items()},
        "rows": rows,
    }
    print(json.dumps(made), file=sys.stderr, flush=True)
    return made


@dataclass(frozen=True)
class Nothing:
    """An empty chunk."""

    number: int
    label: str = "nothing"


def nothing(chunk: Nothing) -> int:
    """No work."""
    return chunk.number


async def empty_chunks(settings: Settings) -> float:
    """Seconds an empty chunk, once the engine is warm."""
    async with engine_of(settings, articles=10_000) as engine:
        await run(engine, nothing, map(Nothing, range(2 * max(1, engine.places))), lambda *_: None)
        began = time.perf_counter()
        await run(engine, nothing, map(Nothing, range(EMPTY)), lambda *_: None)
        return (time.perf_counter() - began) / EMPTY


class Stages:
    """The time of the clock between the beginnings of stages."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._now, self._since = "texts out", time.perf_counter()

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins; the one before is over."""
        del total
        at = time.perf_counter()
        self.spent[self._now] = self.spent.get(self._now, 0.0) + at - self._since
        self._now, self._since = name, at

    def advance(self, name: str, steps: int = 1) -> None:
        """Not looked at."""


def digest_of(store: Store, query: str) -> str:
    """All rows of ``query``, in order, as one short word."""
    code = sha256()
    with store.read() as con:
        for row in con.execute(query).fetchall():
            code.update(repr(row).encode())
    return code.hexdigest()[:12]


@dataclass
class Seen:
    """What the processes of a rebuild took."""

    cpu: float = 0.0
    here: int = 0
    child: int = 0


@contextmanager
def watched() -> Iterator[Seen]:
    """Look at this process and all that descend from it until the block is over."""
    seen, over = Seen(), threading.Event()
    spent: dict[int, float] = {}
    before = dict(_processes())
    start = {pid: cpu for pid, (cpu, _) in before.items()}

    def look() -> None:
        while True:
            for pid, (cpu, resident) in _processes():
                spent[pid] = cpu - start.get(pid, 0.0)
                if pid == os.getpid():
                    seen.here = max(seen.here, resident)
                else:
                    seen.child = max(seen.child, resident)
            if over.wait(0.25):
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.cpu = sum(spent.values())


def _processes() -> Iterable[tuple[int, tuple[float, int]]]:
    """This process and its descendants: processor seconds and resident bytes of each."""
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    parents: dict[int, int] = {}
    figures: dict[int, tuple[float, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        figures[pid] = ((int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * page)
    for pid in figures:
        above = pid
        while above and above != os.getpid():
            above = parents.get(above, 0)
        if above:
            yield pid, figures[pid]


def table(reports: Sequence[dict[str, Any]]) -> str:
    """The reports for a terminal."""
    lines = [
        f"{'articles':>9} {'engine':10} {'stories':>8} {'links':>7} {'s':>7} {'cpu s':>7} "
        f"{'MiB here':>8} {'worker':>6} {'ms/chunk':>8} same  stages"
    ]
    for one in reports:
        if "note" in one:
            lines.append(f"{one['articles']:>9} {one['engine']:10} {one['note']}")
            continue
        stages = ", ".join(f"{name} {spent}" for name, spent in one["stages_s"].items())
        lines.append(
            f"{one['articles']:>9} {one['engine']:10} {one['stories']:>8} {one['links']:>7} "
            f"{one['seconds']:>7} {one['cpu_seconds']:>7} {one['highest_mib_here']:>8} "
            f"{one['highest_mib_worker']:>6} {one['overhead_ms_a_chunk']:>8} "
            f"{'yes' if one['same'] else 'NO':5} {stages}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
