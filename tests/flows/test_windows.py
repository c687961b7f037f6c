"""A run's write windows: those that wait share an opening, and none is lost or mixed up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import windows
from flows.windows import Windows
from storage.errors import StoreBusy
from storage.store import Store, Transaction


class Killed(BaseException):
    """Nothing that a run foresees."""


class Counted(Store):
    """A store that counts how often it is opened, and may be held by another."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.times = 0
        self.busy = 0

    @contextmanager
    def opened(self) -> Iterator[Transaction]:
        self.times += 1
        if self.busy:
            self.busy -= 1
            raise StoreBusy("held by another")
        with super().opened() as transaction:
            yield transaction


def noted(number: int, fault: BaseException | None = None) -> Any:
    """A work that writes down its number, and then may fail."""

    def work(con: duckdb.DuckDBPyConnection) -> int:
        con.execute("INSERT INTO core.pages_outside VALUES ($url, 'f', '2026-11-03')", {
            "url": str(number),
        })  # fmt: skip
        if fault is not None:
            raise fault
        return number

    return work


def stored(store: Store) -> set[int]:
    with Store(store.folder).write() as con:
        return {int(url) for (url,) in con.execute("SELECT canonical_url FROM core.pages_outside")
                .fetchall()}  # fmt: skip


def go(store: Store, works: list[Any]) -> list[Any]:
    async def all_of_them() -> list[Any]:
        line = Windows()
        return await asyncio.gather(
            *(line.do(store, work) for work in works), return_exceptions=True
        )

    return asyncio.run(all_of_them())


def test_works_that_wait_share_one_opening(tmp_path: Path) -> None:
    """Thirty at once: each has its own answer and its own transaction."""
    store = Counted(tmp_path)
    assert go(store, [noted(number) for number in range(30)]) == list(range(30))
    assert stored(store) == set(range(30))
    assert store.times <= 3


@pytest.mark.parametrize("fault", [KeyError("mine"), duckdb.DataError("bad"), Killed()])
def test_one_that_fails_takes_no_other_with_it(tmp_path: Path, fault: BaseException) -> None:
    """What it wrote is undone, whoever asks is told, and the rest goes on."""
    store = Counted(tmp_path)
    told = go(store, [noted(n, fault if n in (0, 7) else None) for n in range(12)])
    assert [one for n, one in enumerate(told) if n not in (0, 7)] == [
        n for n in range(12) if n not in (0, 7)
    ]
    assert {type(told[0]), type(told[7])} == {type(fault)}
    assert stored(store) == set(range(12)) - {0, 7}


def test_a_store_that_is_held_is_told_to_who_came_first(tmp_path: Path) -> None:
    """The next one tries again."""
    store = Counted(tmp_path)
    store.busy = 1
    told = go(store, [noted(number) for number in range(4)])
    assert isinstance(told[0], StoreBusy)
    assert told[1:] == [1, 2, 3]


def test_other_programs_get_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After half a second nothing more is begun in one opening."""
    monkeypatch.setattr(windows, "LONGEST", -1.0)
    store = Counted(tmp_path)
    assert go(store, [noted(number) for number in range(3)]) == [0, 1, 2]
    assert store.times == 3


def test_who_gives_up_waiting_is_not_served(tmp_path: Path) -> None:
    """A task that is cancelled in line writes nothing, and holds nobody up."""
    store = Store(tmp_path)

    async def some() -> list[Any]:
        line = Windows()
        async with line:
            tasks = [asyncio.create_task(line.do(store, noted(number))) for number in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    told = asyncio.run(some())
    assert (told[0], told[2]) == (0, 2)
    assert isinstance(told[1], asyncio.CancelledError)
    assert stored(store) == {0, 2}
