"""What a page may cost: each overrun ends as a reason, and its neighbours are read."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import limits, processes, workers
from flows.digest import Digested
from ingest.models import Capture, FeedEntry

sys.path.insert(0, str(Path(__file__).parent))
from hostile_work import digest as hostile_digest

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no interval timers")


def capture(name: str) -> Capture:
    url = f"https://a.example/{name}"
    text = f"Plant {name} makes battery cells for electric cars. " * 12
    return Capture(entry=FeedEntry(url=url, canonical_url=url, title=name, text=text))


def digested(
    names: list[str], monkeypatch: pytest.MonkeyPatch, *, beside: Callable[[], None] | None = None
) -> tuple[list[Digested], dict[str, str]]:
    """The pages' ends, and the reasons of those that were lost, with something done meanwhile."""
    monkeypatch.setattr(workers, "digest", hostile_digest)
    monkeypatch.setattr(workers, "CHUNK", 5)

    async def whole() -> list[Digested]:
        async with workers.Workers(2, {}, all_topics=True) as pool:
            if beside is None:
                return await pool.digest([capture(name) for name in names], NOW)
            reading = asyncio.create_task(pool.digest([capture(name) for name in names], NOW))
            await asyncio.to_thread(beside)
            return await reading

    found = asyncio.run(whole())
    assert [one.entry.title for one in found] == names
    return found, {one.entry.title: one.rejection.reason for one in found if one.rejection}


def test_pages_without_end_or_measure_cost_themselves_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endless loop, one that heeds no exception, a greedy and a deadly page: four reasons."""
    names = ["n0", "endless", "n1", "deaf", "n2", "huge", "n3", "deadly", "n4", "n5"]
    _, reasons = digested(names, monkeypatch)
    assert reasons == {
        "endless": "timeout",
        "deaf": "timeout",
        "huge": "memory",
        "deadly": "crashed",
    }


def test_every_death_is_one_page_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three deadly pages among the twelve of two processes, two of them neighbours."""
    names = [f"n{n}" for n in range(12)]
    names[1] = names[2] = names[8] = "deadly"
    found, reasons = digested(names, monkeypatch)
    assert reasons == {"deadly": "crashed"}
    assert [one.entry.title for one in found if one.prepared is None] == ["deadly"] * 3


def test_an_article_may_hurt_as_much_after_extraction(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all pages of its process were extracted: still it alone is lost."""
    names = ["n0", "late endless", "n1", "deadly", "n2", "late deadly", "late deaf", "n3"]
    _, reasons = digested(names, monkeypatch)
    assert reasons == {
        "late endless": "timeout",
        "deadly": "crashed",
        "late deadly": "crashed",
        "late deaf": "timeout",
    }


def test_a_page_has_its_time_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six tenths of it in extraction and six afterwards are too much."""
    _, reasons = digested(["n0", "half and half", "n1"], monkeypatch)
    assert reasons == {"half and half": "timeout"}


def test_a_page_that_waits_for_what_never_comes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no processor time; the clock ends it."""
    _, reasons = digested(["n0", "asleep", "n1"], monkeypatch)
    assert reasons == {"asleep": "timeout"}


def test_a_process_that_was_stopped_is_ended_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of its own timers can do that: a stopped process takes no signal but one."""
    monkeypatch.setattr(processes, "QUIET_SECONDS", 5.0)
    _, reasons = digested(["n0", "stopped", "n1"], monkeypatch)
    assert reasons == {"stopped": "timeout"}


def _killer(told: Path, times: int) -> Callable[[], None]:
    """Kills the processes that name themselves in ``told``, so many of them."""

    def kill() -> None:
        killed: set[int] = set()
        for _ in range(1200):
            if told.exists() and (pid := int(told.read_text())) not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
                if len(killed) == times:
                    return
            time.sleep(0.05)
        raise AssertionError("nobody came to be killed")

    return kill


def test_a_process_killed_from_outside_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``kill -9`` in the middle of a batch: the page that it was on is read again."""
    told = tmp_path / "pid"
    names = [f"n{n}" for n in range(9)]
    names[3] = f"waits once {told}"
    _, reasons = digested(names, monkeypatch, beside=_killer(told, 1))
    assert reasons == {}


def test_a_page_whose_process_is_killed_twice_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As when the kernel takes the memory back: a rejection, and the others become articles."""
    told = tmp_path / "pid"
    names = [f"n{n}" for n in range(9)]
    names[3] = f"waits always {told}"
    _, reasons = digested(names, monkeypatch, beside=_killer(told, 2))
    assert reasons == {names[3]: "memory"}


def test_a_process_that_does_not_take_its_work_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped between two batches, it would hold up whoever sends it the next pages."""
    monkeypatch.setattr(processes, "QUIET_SECONDS", 5.0)
    long = replace(capture("long"), entry=replace(capture("long").entry, text="Cells. " * 200_000))

    async def whole() -> list[Digested]:
        async with workers.Workers(1, {}, all_topics=True) as pool:
            await pool.digest([capture("n0")], NOW)
            for pid in pool.pids:
                os.kill(pid, signal.SIGSTOP)
            return await pool.digest([long], NOW)

    (found,) = asyncio.run(whole())
    assert found.entry.title == "long"
    assert found.rejection is None or found.rejection.reason not in ("timeout", "crashed")


def test_limits_bind_workers_only() -> None:
    """In the process that runs everything no timer is set: it would end the run."""
    with limits.page_limits():
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (-signal.SIGVTALRM, "timeout"),
        (-signal.SIGALRM, "timeout"),
        (-signal.SIGKILL, "memory"),
        (-signal.SIGSEGV, "crashed"),
        (9, "crashed"),
        (None, "crashed"),
    ],
)
def test_the_end_of_a_process_tells_its_reason(exit_code: int | None, reason: str) -> None:
    """Timers end it by their signals, the kernel's memory killer by its own."""
    assert limits.reason_of(exit_code) == reason
