"""Measure ``voltwire backfill --route warc``: ``python -m benchmarks.backfill CORPUS.warc.gz...``.

Makes a WARC of ``--pages`` pages out of the corpora (see ``varied``) and prints, as a table on
standard error and as JSON on standard output:

``route`` pages a second from the WARC to the store, by the clock and by processor time of all
    processes, against a loop of trafilatura (2.3.1's defaults, with metadata, without comments) in
    one process over the same pages, and against news-please's extraction, run by the interpreter
    that ``--news-please`` names (it does not install beside everybody's versions), else
    newspaper4k.  They take turns, ``--rounds`` times, since other work on the machine slows all;
    what counts is the median.
``shares`` where the route's processor time goes: reading the archive, extraction with the topic
    gate, dedupe (repeats, signatures, candidates, matches, stories), storing, tags and figures,
    the search index.  Taken in one process over the same pages, in the workers' chunks, with the
    collector as they have it and with what they are forked with loaded; transport between
    processes, their start and the making of the store are not in it.
``filter`` megabytes of compressed archive a second where one host in a hundred is wanted, from a
    file and streamed from a server.

``--memory PAGES`` does one thing only: so many pages through one run, with the resident memory of
the run and all its processes after the first thousand and at the end.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import varied

SMALL_PAGE = 60_000
"""Bytes; the run for memory takes pages below it, so that it ends within the hour."""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


# -- processes --------------------------------------------------------------------------------


class Watch:
    """Looks at a process and all that come from it, from a thread, until it ends."""

    def __init__(self, pid: int, every: float = 0.1) -> None:
        self._pid, self._every = pid, every
        self._ticks: dict[int, int] = {}
        self.resident = 0
        self.peak = 0
        self.by_process: dict[int, int] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def cpu(self) -> float:
        """Processor seconds of all of them, as last seen."""
        return sum(self._ticks.values()) / CLOCK_TICKS

    def _run(self) -> None:
        while True:
            self.look()
            if self._done.wait(self._every):
                return

    def look(self) -> None:
        parents: dict[int, int] = {}
        found: dict[int, tuple[int, int]] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            pid = int(entry.name)
            parents[pid] = int(fields[1])
            found[pid] = (int(fields[11]) + int(fields[12]), int(fields[21]))
        page = os.sysconf("SC_PAGE_SIZE")
        ours = {self._pid}
        grew = True
        while grew:
            more = {pid for pid, parent in parents.items() if parent in ours} - ours
            ours |= more
            grew = bool(more)
        self.by_process = {pid: found[pid][1] * page for pid in ours if pid in found}
        self.resident = sum(self.by_process.values())
        self.peak = max(self.peak, self.resident)
        for pid in self.by_process:
            self._ticks[pid] = found[pid][0]


def backfill_command(archive: Path, store: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "flows.cli", "backfill", "--route", "warc", str(archive)),
        *("--all-topics", "--plain", "--json", "--store", str(store)),
    ]


def by_voltwire(archive: Path) -> tuple[float, float, dict[str, Any]]:
    """Seconds by the clock, processor seconds, the run's report."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        start = time.perf_counter()
        run = subprocess.Popen(
            backfill_command(archive, Path(folder) / "store"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with Watch(run.pid) as watch:
            said, _ = run.communicate()
        seconds = time.perf_counter() - start
    if run.returncode not in (0, 1):
        sys.exit(f"the backfill ended with {run.returncode}")
    return seconds, watch.cpu, json.loads(said)


# A loop over the archive with no other code than the extractor's own: begun anew each time, as a
# script would be, in whatever interpreter has it.  Prints seconds by the clock and of processor.
_LOOPS = {
    "trafilatura": """
import trafilatura
def read(body, url):
    return trafilatura.bare_extraction(body, url=url, include_comments=False, with_metadata=True)
""",
    "newspaper4k": """
import newspaper
from trafilatura.utils import decode_file
def read(body, url):
    article = newspaper.Article(url, fetch_images=False)
    article.download(input_html=decode_file(body))
    article.parse()
""",
    "news-please": """
from newsplease import NewsPlease
def read(body, url):
    return NewsPlease.from_html(body, url=url, fetch_images=False)
""",
}
_LOOP = """
import logging, sys, time
logging.disable(logging.CRITICAL)
from warcio.archiveiterator import ArchiveIterator
%s
pages = failed = 0
started, cpu = time.perf_counter(), time.process_time()
with open(sys.argv[1], "rb") as stream:
    for record in ArchiveIterator(stream):
        if record.rec_type != "response":
            continue
        pages += 1
        body = record.content_stream().read()
        try:
            read(body, record.rec_headers.get_header("WARC-Target-URI"))
        except Exception:
            failed += 1
print(pages, failed, time.perf_counter() - started, time.process_time() - cpu)
"""


def by_loop(name: str, archive: Path, python: str) -> tuple[float, float]:
    """Seconds by the clock and of processor, without the interpreter's start."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", _LOOP % _LOOPS[name], str(archive)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name}: {done.stderr.strip()[-400:]}")
    _, _, wall, cpu = done.stdout.split()
    return float(wall), float(cpu)


def has(python: str, module: str) -> bool:
    found = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
    return found.returncode == 0


def route(archive: Path, pages: int, rounds: int, news_please: str) -> dict[str, Any]:
    """The route and the loops in turns; medians.  ``news_please`` is its interpreter, or "none"."""
    loops = [("trafilatura", sys.executable)]
    if news_please == "none":
        print("trafilatura alone", file=sys.stderr)
    elif news_please and has(news_please, "newsplease"):
        loops.append(("news-please", news_please))
    elif has(sys.executable, "newspaper"):
        print("news-please is not there: newspaper4k in its place", file=sys.stderr)
        loops.append(("newspaper4k", sys.executable))
    wall: dict[str, list[float]] = {"voltwire": [], **{name: [] for name, _ in loops}}
    cpu: dict[str, list[float]] = {name: [] for name in wall}
    report: dict[str, Any] = {}
    for turn in range(rounds):
        seconds, used, report = by_voltwire(archive)
        wall["voltwire"].append(seconds)
        cpu["voltwire"].append(used)
        for name, python in loops:
            if turn and name != "trafilatura":
                continue  # slow, and only there for an order of magnitude
            seconds, used = by_loop(name, archive, python)
            wall[name].append(seconds)
            cpu[name].append(used)
        print({name: [round(one, 1) for one in found] for name, found in wall.items()},
              file=sys.stderr, flush=True)  # fmt: skip
    middle = {name: statistics.median(found) for name, found in wall.items()}
    used_by = {name: statistics.median(found) for name, found in cpu.items()}
    return {
        "pages": pages,
        "stored": report["stored"],
        "rejected": report["rejected"],
        "duplicates": report["duplicates"],
        "seconds": {name: [round(one, 2) for one in found] for name, found in wall.items()},
        "cpu_seconds": {name: [round(one, 2) for one in found] for name, found in cpu.items()},
        "pages_per_second": {name: round(pages / one, 1) for name, one in middle.items()},
        "times_as_fast_as": {
            name: round(one / middle["voltwire"], 2) for name, one in middle.items()
        },
        "times_less_cpu_than": {
            name: round(one / used_by["voltwire"], 2) for name, one in used_by.items()
        },
        # Two cores against one, if nobody else were on them: what other work on the machine takes
        # from the clock is not in it.
        "times_as_fast_on_two_cores": round(2 * used_by["trafilatura"] / used_by["voltwire"], 2),
        "cores_kept_busy": round(used_by["voltwire"] / middle["voltwire"], 2),
    }


# -- shares -----------------------------------------------------------------------------------


class Stages:
    """Processor seconds by stage; a stage inside another is taken from it."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._open: list[str] = []
        self._at = 0.0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        now = time.process_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._at
        self._at = now

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            with self(name):
                return work(*given, **named)

        return timed


def shares(archive: Path, batch: int = 500) -> dict[str, Any]:
    """The route's stages in this process, one after the other."""
    import gc
    from itertools import islice

    import flows.digest as digest
    import flows.save as save
    from flows import deriving, searching
    from flows.warmup import read_all
    from flows.workers import CHUNK
    from ingest.models import Capture
    from ingest.routes.warc import captures
    from storage import derived
    from storage.store import Store

    stage = Stages()
    patched = [
        (digest, "extract", "extraction"),
        (digest, "gate", "topic gate"),
        (digest, "remove_repeats", "dedupe"),
        (digest, "sign", "dedupe"),
        (digest, "origin_of", "dedupe"),
        (save, "relate", "dedupe"),
    ]
    originals = [(module, name, getattr(module, name)) for module, name, _ in patched]
    now = datetime.now(UTC)
    pages = 0

    read_all()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for module, name, stage_name in patched:
            setattr(module, name, stage.around(stage_name, getattr(module, name)))
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            store = Store(Path(folder) / "store", wait=timedelta(seconds=5), purpose="benchmark")
            with store.write():
                pass  # made now: a start as that of the processes, which is not in it either
            source = captures(archive, lambda: now)
            while True:
                with stage("reading"):
                    taken = [one for one in islice(source, batch) if isinstance(one, Capture)]
                if not taken:
                    break
                pages += len(taken)
                with stage("beside extraction"):
                    done = []
                    for at in range(0, len(taken), CHUNK):
                        some = taken[at : at + CHUNK]
                        done += digest.digest(some, {}, all_topics=True, now=now)
                # What a worker's collector finds after a chunk takes it .1 ms a page; here it
                # would look through all that the batch holds.
                gc.enable()
                with stage("store"):
                    save.save_batch(store, done, now, keep_known_entries=False)
                gc.disable()
            with stage("tags and figures"), store.write() as con:
                recipe = deriving.recipe_of(None)
                found = derived.pending(con, recipe, pages)
                derived.save(con, recipe, deriving.derive_from(found, None))
            with stage("store"):
                store.publish()
            with stage("search index"):
                searching.follow_quietly(store)
    finally:
        for module, name, original in originals:
            setattr(module, name, original)
        gc.enable()
        gc.unfreeze()
    whole = sum(stage.seconds.values())
    return {
        "pages": pages,
        "cpu_ms_a_page": {name: round(1000 * s / pages, 3) for name, s in stage.seconds.items()},
        "share": {name: round(s / whole, 4) for name, s in stage.seconds.items()},
        "dedupe_and_store": round((stage.seconds["dedupe"] + stage.seconds["store"]) / whole, 4),
    }


# -- filter -----------------------------------------------------------------------------------


def filter_rate(archive: Path, wanted: float) -> dict[str, Any]:
    """Reading an archive of which few hosts are wanted."""
    from ingest.models import Capture
    from ingest.routes.warc import captures
    from ingest.urls import registered_domain

    sites = set()
    for one in captures(archive, lambda: datetime.now(UTC)):
        if isinstance(one, Capture) and "unwanted-" not in one.entry.url:
            sites.add(registered_domain(one.entry.url))
    best = 0.0
    found = 0
    size = archive.stat().st_size
    for _ in range(3):
        start = time.process_time()
        found = sum(1 for _ in captures(archive, lambda: datetime.now(UTC), sites=sites))
        best = max(best, size / 2**20 / (time.process_time() - start))
    streamed = 0.0
    for _ in range(2):
        streamed = max(streamed, size / 2**20 / streaming(archive, sites, found))
    return {
        "archive_mib": round(size / 2**20, 1),
        "share_wanted": wanted,
        "found": found,
        "mib_per_cpu_second": round(best, 1),
        "streamed_mib_per_cpu_second": round(streamed, 1),
    }


def streaming(archive: Path, sites: set[str], expected: int) -> float:
    """Processor seconds of this process for the same as the route ccnews does it.

    From a server, piece by piece, with each page's address held against the feeds'.
    """
    import asyncio

    from ingest.download import Pulled
    from ingest.http import Fetcher
    from ingest.models import Feed
    from ingest.policy import FetchPolicy
    from ingest.routes.ccnews import Owners, pages

    class Anything(Owners):
        """Feeds whose pages may look as they will: all that counts is the site."""

        def owner(self, url: str) -> Feed | None:
            domain = self._domain("/".join(url.split("/", 3)[:3]))
            return self._of[domain][0][1] if domain in self._of else None

    listed = [(Feed(slug=one, url=f"https://{one}/feed", publisher=one), []) for one in sites]

    async def whole(url: str) -> tuple[int, float]:
        fetcher = Fetcher(
            FetchPolicy(), user_agent="voltwire/benchmark", clock=lambda: datetime.now(UTC),
            allow_hosts=frozenset({"127.0.0.1"}),
        )  # fmt: skip
        async with fetcher:
            start = time.process_time()
            pulled = Pulled(fetcher.download(url), url)
            try:
                source = pages(pulled.as_file(), Anything(listed))
                found = await asyncio.to_thread(lambda: sum(1 for _ in source))
            finally:
                await pulled.aclose()
            return found, time.process_time() - start

    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--directory", str(archive.parent)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        try:
            found, seconds = asyncio.run(whole(f"http://127.0.0.1:{port}/{archive.name}"))
        finally:
            server.terminate()
    if found != expected:
        sys.exit(f"streamed, {found} pages are found and not {expected}")
    return seconds


# -- memory -----------------------------------------------------------------------------------


def memory(corpora: list[Path], pages: int, folder: Path | None) -> dict[str, Any]:
    """Resident memory of a run and its processes, by the pages that it says it has done."""
    points: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(dir=folder) as made:
        originals = Path(made) / "originals.json"
        originals.write_text(json.dumps(unlike(corpora)))
        command = [sys.executable, "-m", "benchmarks.backfill", "--one-run"]
        command += [str(Path(made) / "store"), "--originals", str(originals)]
        command += ["--pages", str(pages), *map(str, corpora)]
        start = time.perf_counter()
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        with Watch(run.pid, every=0.25) as watch:
            for line in run.stdout:
                if not line.startswith(("done ", "end ")):
                    continue
                watch.look()
                said, done = line.split()[0], int(line.split()[1])
                if said == "done" and points and done // 1000 == points[-1]["pages"] // 1000:
                    continue
                points.append(
                    {
                        "pages": done,
                        "mib": round(watch.resident / 2**20, 1),
                        "run_mib": round(watch.by_process.get(run.pid, 0) / 2**20, 1),
                        "peak_mib": round(watch.peak / 2**20, 1),
                    }
                )
                print(points[-1], file=sys.stderr, flush=True)
        run.wait()
        seconds = time.perf_counter() - start
    counted = [one for one in points if one["pages"] >= 1000]
    return {
        "pages": pages,
        "seconds": round(seconds),
        "cpu_seconds": round(watch.cpu),
        "exit_code": run.returncode,
        "points": points,
        "end_by_first": round(points[-1]["mib"] / counted[0]["mib"], 3),
        "most_by_first": round(max(one["mib"] for one in counted) / counted[0]["mib"], 3),
        "peak_by_first_peak": round(watch.peak / 2**20 / counted[0]["peak_mib"], 3),
    }


def unlike(corpora: list[Path]) -> list[str]:
    """Addresses of the corpora's smaller pages whose copies in other words share no key.

    Tables and lists of names keep their words in every copy.  Their copies would be compared with
    one another, hundreds with hundreds, of which a news archive has nothing.
    """
    from flows.digest import digest

    now = datetime.now(UTC)
    found = []
    for answer in varied.answers(corpora):
        if len(answer[2]) >= SMALL_PAGE:
            continue
        copies = [capture_of(varied.varied(answer, copy), now) for copy in (1, 2)]
        keys = [
            {*one.prepared.signature.bands, *one.prepared.signature.sketch}
            for one in digest(copies, {}, all_topics=True, now=now)
            if one.prepared is not None
        ]
        if len(keys) < len(copies) or keys[0].isdisjoint(keys[1]):
            found.append(answer[0])
    return found


def capture_of(answer: varied.Answer, now: datetime) -> Any:
    from ingest.models import Capture, FeedEntry, Page
    from ingest.urls import canonical_url

    url, headers, body = answer
    kinds = [value for name, value in headers if name.lower() == "content-type"]
    page = Page(
        url=url,
        requested_url=url,
        status=200,
        content_type=kinds[0] if kinds else "text/html",
        body=body,
        fetched_at=now,
    )
    return Capture(entry=FeedEntry(url=url, canonical_url=canonical_url(url)), page=page)


def made_up(corpora: list[Path], kept: set[str], pages: int, now: datetime) -> Iterator[Any]:
    """Captures of ``pages`` pages: those of ``kept``, again and again in other words."""
    originals = [one for one in varied.answers(corpora) if one[0] in kept]
    for number in range(pages):
        copy, at = divmod(number, len(originals))
        yield capture_of(varied.varied(originals[at], copy), now)


def one_run(store: Path, corpora: list[Path], kept: set[str], pages: int) -> None:
    """A backfill that says how far it is, a line a batch; its pages are made as it goes on."""
    import asyncio

    import flows.run
    from flows.from_routes import STAGE
    from flows.run import BackfillOptions, Surroundings, run_backfill
    from flows.settings import Settings

    class Telling:
        done = 0

        def stage(self, name: str, total: int | None) -> None:
            """Nothing to say."""

        def advance(self, name: str, steps: int = 1) -> None:
            if name == STAGE:  # not what is tagged at the end
                self.done += steps
                print("done", self.done, flush=True)

    flows.run._route = lambda _, clock: made_up(  # type: ignore[assignment]
        corpora, kept, pages, clock()
    )
    options = BackfillOptions(route="warc", paths=(), all_topics=True)
    progress = Telling()
    report = asyncio.run(
        run_backfill(Settings(store=store), options, Surroundings(progress=progress))
    )
    print("end", progress.done, flush=True)  # tagged and published, its processes gone
    print(f"stored {report.stored}, rejected {report.rejected}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path, nargs="+", help="WARC files of article pages")
    parser.add_argument("--pages", type=int, default=2355, help="pages of the archive (2355)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--news-please", default="", metavar="PYTHON", help="who has it, or none")
    parser.add_argument("--memory", type=int, metavar="PAGES", help="only memory, so many pages")
    parser.add_argument("--ready", action="store_true", help="the corpus is such an archive")
    parser.add_argument("--only", choices=("route", "shares", "filter"), help="one part only")
    parser.add_argument("--folder", type=Path, help="where the archive and the stores are made")
    parser.add_argument("--one-run", type=Path, metavar="STORE", help=argparse.SUPPRESS)
    parser.add_argument("--originals", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_run:
        kept = set(json.loads(arguments.originals.read_text()))
        one_run(arguments.one_run, arguments.corpora, kept, arguments.pages)
        return
    logging.disable(logging.CRITICAL)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        archive = Path(folder) / "pages.warc.gz"
        if arguments.memory:
            found["memory"] = memory(arguments.corpora, arguments.memory, arguments.folder)
            print(json.dumps(found, indent=1))
            return
        if arguments.ready:
            archive = arguments.corpora[0]
        else:
            varied.write(archive, arguments.corpora, arguments.pages)
        wanted = arguments.only
        if wanted in (None, "route"):
            found["route"] = route(
                archive, arguments.pages, arguments.rounds, arguments.news_please
            )
        if wanted in (None, "shares"):
            found["shares"] = shares(archive)
        if wanted in (None, "filter"):
            archive = Path(folder) / "others.warc.gz"
            varied.write(archive, arguments.corpora, arguments.pages, other_hosts=0.99)
            found["filter"] = filter_rate(archive, 0.01)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
