"""The extracting processes: results in order, and a page that kills one costs that page only."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import workers
from flows.digest import Digested, digest
from flows.processes import _end_server
from ingest.models import Capture, Feed, FeedEntry
from tests.process_support import is_running

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def capture(name: str) -> Capture:
    url = f"https://a.example/{name}"
    text = f"Plant {name} makes battery cells for electric cars. " * 12
    return Capture(entry=FeedEntry(url=url, canonical_url=url, title=name, text=text))


def deadly_digest(
    captures: Sequence[Capture], feeds: Mapping[str, Feed], *, all_topics: bool, now: datetime
) -> list[Digested]:
    """As ``digest``, but a page named "deadly" takes its process down, as a C library can."""
    if any(one.entry.title == "deadly" for one in captures):
        os._exit(9)
    return digest(captures, feeds, all_topics=all_topics, now=now)


def digested(captures: Sequence[Capture], processes: int = 1) -> list[Digested]:
    async def whole() -> list[Digested]:
        async with workers.Workers(processes, {}, all_topics=True) as pool:
            return await pool.digest(captures, NOW)

    return asyncio.run(whole())


def test_results_come_in_the_order_of_the_captures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several chunks over two processes, put together as they were handed in."""
    monkeypatch.setattr(workers, "CHUNK", 3)
    captures = [capture(f"n{n}") for n in range(10)]
    found = digested(captures, processes=2)
    assert [one.entry.title for one in found] == [one.entry.title for one in captures]
    assert all(one.prepared is not None for one in found)


@pytest.mark.parametrize(
    ("pages", "processes", "sizes"),
    [
        (150, 2, [32, 30, 22, 17, 13, 9, 8, 8, 8, 3]),
        (12, 2, [8, 4]),
        (64, 1, [32, 16, 8, 8]),
        (0, 2, []),
    ],
)
def test_pieces_get_smaller_towards_the_end(pages: int, processes: int, sizes: list[int]) -> None:
    """So that no process waits for another one's long piece; all pages are in them, in order."""
    captures = [capture(f"n{n}") for n in range(pages)]
    pieces = list(workers.Workers(processes, {}, all_topics=True)._chunks(captures))
    assert [len(piece) for piece in pieces] == sizes
    assert [one for piece in pieces for one in piece] == captures


def test_a_page_that_kills_its_process_costs_that_page_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It becomes a rejection with a reason; its neighbours become articles."""
    monkeypatch.setattr(workers, "digest", deadly_digest)
    monkeypatch.setattr(workers, "CHUNK", 4)
    names = [f"n{n}" for n in range(8)]
    names[2] = "deadly"
    found = digested([capture(name) for name in names])
    assert [one.entry.title for one in found] == names
    lost = [one for one in found if one.prepared is None]
    assert [one.entry.title for one in lost] == ["deadly"]
    assert lost[0].rejection is not None
    assert (lost[0].rejection.stage, lost[0].rejection.reason) == ("extract", "crashed")


def telling_digest(
    captures: Sequence[Capture], feeds: Mapping[str, Feed], *, all_topics: bool, now: datetime
) -> list[Digested]:
    """As ``digest``, but each article's author is the process that read it."""
    found = digest(captures, feeds, all_topics=all_topics, now=now)
    return [
        replace(
            one,
            prepared=replace(
                one.prepared, article=replace(one.prepared.article, author=str(os.getpid()))
            ),
        )
        for one in found
        if one.prepared is not None
    ]


def test_even_one_page_is_read_in_a_process_that_can_be_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run's own process cannot stop a page that does not end."""
    monkeypatch.setattr(workers, "digest", telling_digest)
    (found,) = digested([capture("n")])
    assert found.prepared is not None
    assert int(found.prepared.article.author) != os.getpid()


def test_little_work_starts_few_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of pages is one call."""
    monkeypatch.setattr(workers, "digest", telling_digest)
    found = digested([capture(f"n{n}") for n in range(workers.LEAST_CHUNK)], processes=4)
    assert len({one.prepared.article.author for one in found if one.prepared}) == 1


def test_a_run_does_not_load_the_extractor() -> None:
    """Its processes do; a run that finds nothing new does not pay for it."""
    script = "import sys, flows.workers; sys.exit('trafilatura' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == 0


def _server() -> int | None:
    from multiprocessing import forkserver

    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return pid if pid is not None and is_running(pid) else None


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server")
def test_what_was_loaded_for_pages_that_did_not_come_is_ended_with_the_run() -> None:
    """Warmed in vain, the server goes with the run, in the middle of its loading."""
    _end_server()

    async def whole() -> int | None:
        async with workers.Workers(1, {}, all_topics=True) as pool:
            pool.warm()
            pool.warm()
            for _ in range(600):
                if (found := _server()) is not None:
                    return found
                await asyncio.sleep(0.05)
        return None

    pid = asyncio.run(whole())
    assert pid is not None
    assert not is_running(pid)
    assert _server() is None


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server")
def test_a_server_that_others_use_is_not_ended_by_who_warmed_it_in_vain() -> None:
    """Two runs in one process: the one without pages leaves the other its server."""

    async def whole() -> list[Digested]:
        async with workers.Workers(1, {}, all_topics=True) as busy:
            await busy.digest([capture("n0")], NOW)
            before = _server()
            async with workers.Workers(1, {}, all_topics=True) as idle:
                idle.warm()
            assert before is not None
            assert _server() == before
            return await busy.digest([capture("n1")], NOW)

    (found,) = asyncio.run(whole())
    assert found.prepared is not None


def test_nothing_to_read_is_no_work() -> None:
    """No captures, no results."""
    assert digested([]) == []


def test_processes_that_die_on_every_page_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are not blamed when no process survives any of them."""
    monkeypatch.setattr(workers, "digest", deadly_digest)
    monkeypatch.setattr(workers, "DEATHS_IN_A_ROW", 2)
    with pytest.raises(workers.WorkersFail, match="2 pages in a row"):
        digested([capture("deadly") for _ in range(3)])


def test_a_worker_ends_when_its_run_is_killed(tmp_path: Path) -> None:
    """A run that is killed with -9 leaves no process behind that goes on extracting."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, signal\n"
        "import asyncio\n"
        "from flows.processes import Processes\n"
        "from flows.workers import _begin\n"
        "async def whole():\n"
        "    print(await Processes(1, _begin).call(os.getpid), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(whole())\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    worker = int(done.stdout)
    for _ in range(300):
        if not is_running(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")
