"""What every engine does with chunks that fail, and with processes that die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from flows.engines import protocol
from flows.engines.choose import LITTLE, engine_of
from flows.engines.on_processes import OnProcesses
from flows.engines.protocol import ChunkFailed, EngineMissing, WorkerLost
from flows.settings import Settings


@dataclass(frozen=True)
class Piece:
    """A chunk with a file that remembers how often it was tried."""

    number: int
    folder: str = ""

    @property
    def label(self) -> str:
        """As a person calls it."""
        return f"piece {self.number}"


class Imagined:
    """An engine that loses and fails as told, and remembers what it was asked."""

    name = "imagined"
    places = 2

    def __init__(self, errors: Mapping[int, Sequence[Exception]]) -> None:
        self.errors = errors
        self.calls: Counter[int] = Counter()
        self.most = self.now = self.called_back = 0

    async def call(self, work: Any, chunk: Any) -> Any:
        """As told."""
        self.calls[chunk.number] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0)
            errors = self.errors.get(chunk.number, ())
            if self.calls[chunk.number] <= len(errors):
                raise errors[self.calls[chunk.number] - 1]
            return work(chunk)
        except asyncio.CancelledError:
            self.called_back += 1
            raise
        finally:
            self.now -= 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: Any) -> None:
        """Nothing to close."""


def double(piece: Piece) -> int:
    return piece.number * 2


def done_on(engine: Any, count: int, work: Any = double, folder: str = "") -> dict[int, int]:
    found: dict[int, int] = {}

    async def go() -> None:
        async with engine:
            await protocol.run(
                engine,
                work,
                (Piece(number, folder) for number in range(count)),
                lambda piece, result: found.__setitem__(piece.number, result),
            )

    asyncio.run(go())
    return found


def test_each_chunk_is_done_once_and_few_are_under_way() -> None:
    """A thousand chunks are not handed over at once."""
    engine = Imagined({})
    assert done_on(engine, 100) == {number: number * 2 for number in range(100)}
    assert set(engine.calls.values()) == {1}
    assert engine.most == engine.places * protocol.AHEAD


def test_a_chunk_that_fails_once_is_tried_again() -> None:
    """And the others do not notice."""
    engine = Imagined({7: [OSError("away")]})
    assert len(done_on(engine, 20)) == 20
    assert engine.calls[7] == 2
    assert sum(engine.calls.values()) == 21


def test_a_chunk_that_fails_twice_is_named_and_ends_the_work() -> None:
    """What it was and what it raised stand in one line; what is under way is called back."""
    engine = Imagined({7: [ValueError("broken text")] * 2})
    with pytest.raises(ChunkFailed, match=r"piece 7: ValueError: broken text \(tried twice"):
        done_on(engine, 500)
    assert engine.calls[7] == 2
    assert sum(engine.calls.values()) < 30
    assert engine.now == 0


def test_a_chunk_whose_process_dies_is_done_again() -> None:
    """Twice; the third death is told."""
    engine = Imagined({3: [WorkerLost("gone")] * 2})
    assert len(done_on(engine, 10)) == 10
    assert engine.calls[3] == 3
    engine = Imagined({3: [WorkerLost("signal 9")] * 3})
    with pytest.raises(ChunkFailed, match=r"piece 3: .* died 3 times \(signal 9\)"):
        done_on(engine, 10)


def test_an_engine_without_workers_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cluster that lost its machines ends the work after some minutes, in a line."""
    monkeypatch.setattr(protocol, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(protocol, "ALONE_SECONDS", 0.03)

    class Deserted(Imagined):
        places = 0

        async def call(self, work: Any, chunk: Any) -> Any:
            del work, chunk
            await asyncio.sleep(3600)

    with pytest.raises(EngineMissing, match="imagined has had no workers"):
        done_on(Deserted({}), 5)


def die_first(piece: Piece) -> int:
    """Kill the own process at the first try, and only then."""
    tried = Path(piece.folder) / str(piece.number)
    if not tried.exists() and piece.number == 1:
        tried.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_a_process_that_is_killed_costs_its_chunk_a_second_try(tmp_path: Path) -> None:
    """kill -9 in the middle of a chunk: another process does it, and all are done elsewhere."""
    found = done_on(OnProcesses(2), 4, die_first, str(tmp_path))
    assert sorted(found) == [0, 1, 2, 3]
    assert os.getpid() not in found.values()


@pytest.mark.parametrize(("engine", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_says_what_to_install(
    engine: Any, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with the command, before anything is begun."""
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"flows.engines.on_{engine}", raising=False)
    with pytest.raises(EngineMissing, match=rf"pip install 'voltwire\[{engine}\]'"):
        engine_of(Settings(engine=engine), articles=10)


def test_little_work_is_done_on_the_spot() -> None:
    """A process takes longer to start than a hundred articles take."""
    assert type(engine_of(Settings(), articles=LITTLE)).__name__ == "OnTheSpot"
    assert type(engine_of(Settings(), articles=LITTLE + 1)).__name__ == "OnProcesses"
