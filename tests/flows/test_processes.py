"""Processes that take calls: replaced before they grow, and gone when they are replaced."""

from __future__ import annotations

import asyncio
import os

import pytest

from flows import processes
from flows.processes import Processes
from tests.process_support import is_running

KEPT: list[bytes] = []
"""In a process: what it never gives back, as a C library's caches."""


def _begin() -> None:
    """A process without limits of its own."""


def grow(size: int) -> tuple[int, int]:
    """Keep ``size`` bytes for ever; the process, and all that it has kept."""
    KEPT.append(b"x" * size)
    return os.getpid(), sum(map(len, KEPT))


def calls(count: int, most: int = 1) -> tuple[list[tuple[int, int]], frozenset[int]]:
    """What ``count`` calls answer one after the other, and the processes there at the end."""

    async def whole() -> tuple[list[tuple[int, int]], frozenset[int]]:
        pool = Processes(most, _begin)
        try:
            answers = [await pool.call(grow, 1000) for _ in range(count)]
            return answers, pool.pids
        finally:
            await asyncio.to_thread(pool.close)

    return asyncio.run(whole())


def test_a_process_is_replaced_after_so_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library never gives back is bounded by what so many calls take, however long the
    run; the process that was replaced has ended and is nobody's zombie."""
    monkeypatch.setattr(processes, "PRELOADED", ())
    monkeypatch.setattr(processes, "CALLS_A_PROCESS", 3)
    answers, there = calls(8)
    by_process = [pid for pid, _ in answers]
    assert [by_process.count(pid) for pid in dict.fromkeys(by_process)] == [3, 3, 2]
    assert max(kept for _, kept in answers) == 3000
    first, second, last = dict.fromkeys(by_process)
    assert there == {last}
    assert not any(is_running(pid) for pid in (first, second, last))


def test_a_process_that_was_not_used_up_takes_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Little work one after the other starts one process, though more are allowed."""
    monkeypatch.setattr(processes, "PRELOADED", ())
    answers, _ = calls(4, most=3)
    assert len({pid for pid, _ in answers}) == 1
