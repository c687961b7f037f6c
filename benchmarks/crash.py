"""Runs killed with ``kill -9`` at random moments, then run again: is anything lost, torn or twice?

    python -m benchmarks.crash [--rounds 200] [--seed N] [--json]

Two days of the demo newsroom are served on loopback sockets.  Each round kills one day's run with
all its child processes, looks at what readers would find in that moment, runs the day again to its
end and compares every row of every view (but for times and run ids) with the run that nobody
killed.  Half of the kills fall uniformly over the run's length, half are aimed at a step (a
random poll, fetch, digest, save or the publish), because the short steps are the dangerous ones.
Every fifth round kills the second try, too; every tenth extracts in a pool of processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.loopback import Newsroom
from flows.context import Work, utc_now
from flows.demonstration import DAYS
from flows.run import IngestOptions, Surroundings, run_ingest
from flows.settings import Settings
from ingest.archive import load_page, read_pages
from ingest.errors import ArchiveError, BrokenArchive
from ingest.models import ArchivePointer
from storage.check import archive_places, faults
from storage.store import Store

T = TypeVar("T")
NEWSROOM = Path(__file__).parents[1] / "flows" / "demo"
# Wire copies in three languages, an edit, a page under two addresses, a doubled page, a feed that
# fails, refusals of every kind: what a kill could tear, without what only takes time.
FEEDS = (
    "cellpost", "cobalt-watch", "courant-neuf", "emobil-kurier", "gridbank", "marketlamp",
    "northline", "saltmere-mercury", "stromblick",
)  # fmt: skip
KINDS = ("poll", "fetch", "digest", "save", "publish")
# What a second try makes differ by right: how often something was tried, and by which run.
UNCOMPARED = {"attempts", "interval", "run_id"}
# A rate is so many entries in the time since, which a second try makes longer.
RATES = {"per_day"}
CONTENT_TIMES = {"published_at", "first_published_at", "last_published_at"}
# The second try comes with the next tick of the usual schedule.
LATER = timedelta(minutes=15)
Snapshot = dict[str, Counter[str]]


@dataclass(frozen=True)
class Traced:
    """Runs each step and writes down when it begins and ends."""

    path: str

    async def __call__(self, kind: str, name: str, work: Work[T]) -> T:
        del name
        self._say("+", kind)
        try:
            return await work()
        finally:
            self._say("-", kind)

    def _say(self, sign: str, kind: str) -> None:
        with Path(self.path).open("a") as trace:
            trace.write(f"{sign}{kind} {time.monotonic()}\n")


@dataclass(frozen=True)
class Job:
    """One run to be made in a process of its own."""

    settings: Settings
    moment: datetime
    trace: str


@dataclass
class Trace:
    """What a run's trace file says."""

    under_way: list[str] = field(default_factory=list)
    started: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)


@dataclass
class Tally:
    """What the rounds found."""

    rounds: int = 0
    kills: int = 0
    fell: Counter[str] = field(default_factory=Counter)
    in_window: int = 0
    torn_archives: int = 0
    wrong: list[str] = field(default_factory=list)


def work(job: Job) -> None:
    """The child: a whole run, as head of a process group that can be killed at one blow."""
    os.setsid()
    began = utc_now()
    around = Surroundings(step=Traced(job.trace), clock=lambda: job.moment + (utc_now() - began))
    asyncio.run(run_ingest(job.settings, IngestOptions(), around))


def _kill_all(child: BaseProcess) -> None:
    try:
        os.killpg(child.pid or 0, signal.SIGKILL)
    except ProcessLookupError:
        # So early that it leads no group yet.
        child.kill()


def read_trace(path: str) -> Trace:
    trace = Trace()
    opened: dict[str, list[float]] = {}
    text = Path(path).read_text() if Path(path).exists() else ""
    for line in text.splitlines():
        kind, at = line[1:].split()
        if line[0] == "+":
            trace.started[kind] += 1
            opened.setdefault(kind, []).append(float(at))
        else:
            trace.spent[kind] += float(at) - opened[kind].pop(0)
    trace.under_way = sorted(kind for kind, times in opened.items() if times)
    return trace


class Bench:
    """The newsroom, a work folder, and the unbroken runs that all others are held against."""

    def __init__(self, newsroom: Newsroom, folder: Path, chance: random.Random) -> None:
        self.newsroom, self.folder, self.chance = newsroom, folder, chance
        self.tally = Tally()
        self.cut_short = 0
        # Forked from one process that has everything imported: a start costs milliseconds.
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["benchmarks.warm"])
        self.settings = Settings(
            feeds=str(newsroom.feeds(NEWSROOM / "feeds.toml", folder / "feeds.toml", FEEDS)),
            allow_hosts=newsroom.hosts,
            pace_seconds=0,
            wait_seconds=60,
            batch=4,
            workers=2,
        )
        self.wanted: list[Snapshot] = []
        self.seconds: list[float] = []
        self.traces: list[Trace] = []

    def prepare(self) -> None:
        """The runs that nobody kills, a store kept after each day."""
        store = self.folder / "unbroken"
        for number, day in enumerate(DAYS):
            job = self._job(store, day)
            began = time.monotonic()
            self._finish(self._start(job))
            self.seconds.append(time.monotonic() - began)
            self.traces.append(read_trace(job.trace))
            self.wanted.append(snapshot(store))
            problems = whole(store)
            if problems:
                raise SystemExit(f"the unbroken run is not whole: {problems}")
            shutil.copytree(store, self.folder / f"after-{number}", symlinks=True)

    def round(self, number: int) -> str:
        """One run killed (or two), and run again; says where the kill fell."""
        day = number % 2
        store = self.folder / "store"
        shutil.rmtree(store, ignore_errors=True)
        if day:
            shutil.copytree(self.folder / "after-0", store, symlinks=True)
        pooled = number % 10 == 9
        fell = []
        self.cut_short = 0
        moment = DAYS[day]
        for _ in range(2 if number % 5 == 4 else 1):
            fell.append(self._kill(store, moment, day, pooled))
            moment += LATER
        self._finish(self._start(self._job(store, moment)))
        problems = [*whole(store), *differences(self.wanted[day], snapshot(store))]
        problems += run_problems(store, self.cut_short)
        where = f"day {day + 1}: {', then '.join(fell)}{' (pool)' if pooled else ''}"
        self.tally.rounds += 1
        self.tally.wrong += [f"round {number + 1}, {where}: {problem}" for problem in problems]
        return where + (f"  WRONG: {'; '.join(problems)}" if problems else "")

    def _kill(self, store: Path, moment: datetime, day: int, pooled: bool) -> str:
        while True:
            job = self._job(store, moment, pooled=pooled)
            child = self._start(job)
            self._await_moment(child, job, day)
            late = not child.is_alive()
            if not late:
                _kill_all(child)
            child.join()
            if not late and child.exitcode == -signal.SIGKILL:
                break
            # It had ended before: start over.
            self.cut_short = 0
            shutil.rmtree(store, ignore_errors=True)
            if day:
                shutil.copytree(self.folder / "after-0", store, symlinks=True)
        trace = read_trace(job.trace)
        kinds = trace.under_way or [self._between(trace)]
        lock = store / "voltwire.lock"
        window = lock.exists() and lock.stat().st_size > 0
        # In the middle of a step its row is there, and not closed before the publish.
        self.cut_short += bool(trace.under_way) and not trace.started["publish"]
        self.tally.kills += 1
        self.tally.fell.update(kinds)
        self.tally.in_window += window
        self.tally.wrong += [f"readers after a kill in {kinds}: {p}" for p in self._seen(store)]
        return "+".join(kinds) + (" with the store open" if window else "")

    def _await_moment(self, child: BaseProcess, job: Job, day: int) -> None:
        unbroken = self.traces[day]
        aimed = self.chance.random() < 0.5
        if not aimed:
            began = time.monotonic()
            child.join(self.chance.uniform(0.0, self.seconds[day]))
            if not child.is_alive():
                # The unbroken run was made at a busier hour: later moments fall after the end.
                self.seconds[day] = min(self.seconds[day], time.monotonic() - began)
            return
        kind = self.chance.choice([kind for kind in KINDS if unbroken.started[kind]])
        nth = self.chance.randint(1, unbroken.started[kind])
        usual = unbroken.spent[kind] / unbroken.started[kind]
        while child.is_alive() and read_trace(job.trace).started[kind] < nth:
            time.sleep(0.002)
        time.sleep(self.chance.uniform(0.0, 1.1 * usual))

    def _between(self, trace: Trace) -> str:
        if not trace.started:
            return "start"
        return "end" if trace.started["publish"] else "between steps"

    def _seen(self, store: Path) -> list[str]:
        """What a reader meets right after the kill: nothing yet, or one whole day."""
        if not Store(store).published.exists():
            return []
        found = snapshot(store)
        near = [differences(wanted, found) for wanted in self.wanted]
        with Store(store).read() as con:
            torn = [f"{fault.kind} {fault.subject}" for fault in faults(con)]
        return torn + (min(near, key=len) if all(near) else [])

    def _job(self, store: Path, moment: datetime, *, pooled: bool = False) -> Job:
        self.newsroom.as_of = moment
        trace = self.folder / "trace"
        trace.unlink(missing_ok=True)
        settings = replace(self.settings, store=store, batch=16 if pooled else 4)
        return Job(settings, moment, str(trace))

    def _start(self, job: Job) -> BaseProcess:
        child = self.processes.Process(target=work, args=(job,))
        child.start()
        return child

    def _finish(self, child: BaseProcess) -> None:
        child.join(300)
        if child.exitcode != 0:
            child.kill()
            raise SystemExit(f"a run that nobody killed ended with {child.exitcode}")


def snapshot(store: Path) -> Snapshot:
    """Every row of every published view, without what differs from run to run."""
    found: Snapshot = {}
    with Store(store).read() as con:
        # A story is named after whichever of its copies was stored first, and batches are stored
        # in the order in which servers answer: it is compared by its members.
        named = dict(
            con.execute("SELECT story_id, min(article_id) FROM articles GROUP BY ALL").fetchall()
        )
        columns: dict[str, list[str]] = {}
        for view, column, kind in con.execute(
            "SELECT c.table_name, c.column_name, c.data_type FROM duckdb_columns() c "
            "JOIN duckdb_views() v ON v.view_oid = c.table_oid AND v.database_oid = c.database_oid "
            "WHERE NOT v.internal AND c.schema_name = 'main' ORDER BY ALL"
        ).fetchall():
            clocked = kind.startswith("TIMESTAMP") and column not in CONTENT_TIMES
            clocked |= column in RATES
            if view != "runs" and column not in UNCOMPARED:
                # Of what depends on the run's time, whether there is one.
                asked = f'"{column}" IS NULL AS "no_{column}"' if clocked else f'"{column}"'
                columns.setdefault(view, []).append(asked)
        for view, asked_of in columns.items():
            answer = con.execute(f'SELECT {", ".join(asked_of)} FROM "{view}"')
            names = [column[0] for column in answer.description or []]
            found[view] = Counter(
                repr(_named(dict(zip(names, row, strict=True)), named)) for row in answer.fetchall()
            )
    return found


def _named(row: dict[str, Any], stories: dict[str, str]) -> dict[str, Any]:
    return row | {"story_id": stories[row["story_id"]]} if "story_id" in row else row


def differences(wanted: Snapshot, found: Snapshot) -> list[str]:
    """Rows lost and rows too many, view by view."""
    said = []
    for view in sorted({*wanted, *found}):
        lost = wanted.get(view, Counter()) - found.get(view, Counter())
        more = found.get(view, Counter()) - wanted.get(view, Counter())
        if lost or more:
            shown = next(iter(lost or more))[:300]
            said.append(f"{view}: {lost.total()} lost, {more.total()} too many, such as {shown}")
    return said


def whole(store: Path) -> list[str]:
    """Faults of a store that a run brought to its end: rows, archive, leftovers."""
    with Store(store).read() as con:
        said = [f"{fault.kind} {fault.subject}" for fault in faults(con)]
        places = archive_places(con)
    archive = Store(store).archive
    for article_id, file, offset in places:
        try:
            load_page(archive, ArchivePointer(file=file, offset=offset))
        except (ArchiveError, OSError) as error:
            said.append(f"article {article_id} does not read back: {error}")
    for file in archive.rglob("*.warc.gz"):
        try:
            for _ in read_pages(file):
                pass
        except BrokenArchive:
            # The record under way when the run was killed; what came before it was read.
            pass
        except ArchiveError as error:
            said.append(f"{file.name}: {error}")
    copies = len(list((store / "published").iterdir()))
    if copies > 2:
        said.append(f"{copies} published copies are left")
    said += [f"{path.name} is left" for path in store.glob("*.next")]
    return said


def run_problems(store: Path, cut_short: int) -> list[str]:
    """Runs that do not show what happened to them; at least so many were killed in their middle."""
    with Store(store).read() as con:
        states = Counter(row[0] for row in con.execute("SELECT state FROM runs").fetchall())
    said = [f"{states[state]} runs are {state}" for state in ("running", "failed") if states[state]]
    if states["crashed"] < cut_short:
        said.append(f"{states['crashed']} runs are crashed, {cut_short} were cut short")
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one line of JSON alone")
    options = parser.parse_args(arguments)

    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="voltwire-crash-") as scratch,
        Newsroom(NEWSROOM / "newsroom.warc.gz") as newsroom,
    ):
        bench = Bench(newsroom, Path(scratch), random.Random(options.seed))
        bench.prepare()
        for number in range(options.rounds):
            where = bench.round(number)
            if not options.json:
                print(f"{number + 1:4d}  {where}", flush=True)
    tally = bench.tally
    record: dict[str, Any] = {
        "rounds": tally.rounds,
        "seed": options.seed,
        "kills": tally.kills,
        "kills_during": dict(tally.fell.most_common()),
        "kills_with_store_open": tally.in_window,
        "rows": [{view: rows.total() for view, rows in day.items()} for day in bench.wanted],
        "wrong": tally.wrong,
        "seconds": round(time.monotonic() - began, 1),
    }
    if options.json:
        print(json.dumps(record))
    else:
        print(f"\n{tally.kills} kills in {tally.rounds} rounds, {record['seconds']} s")
        for kind, count in tally.fell.most_common():
            print(f"  {count:4d}  during {kind}")
        print(f"  {tally.in_window:4d}  with the store open for writing")
        print(f"{len(tally.wrong)} things wrong")
        for line in tally.wrong:
            print(f"  {line}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
