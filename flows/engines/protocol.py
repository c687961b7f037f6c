"""What an engine is: something that runs plain functions of chunks in processes, here or elsewhere.

A chunk is a small record that says where its Parquet files lie; what comes back is small too.  An
engine only carries one call: how many are under way, what is tried again and what ends the work
stands here once, for all of them.

    chunks --> at most twice as many as there are places --> engine --> done, in any order
                   ^                                           |
                   +--- its process died, or it failed once ---+
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from flows.errors import MachineTrouble
from ingest.errors import VoltwireError


class Chunk(Protocol):
    """A part of the work, to be carried to another machine."""

    @property
    def label(self) -> str:
        """What a person calls it: ``articles 5001 to 10000``."""


C = TypeVar("C", bound=Chunk)
R = TypeVar("R")

AHEAD = 2
"""Chunks handed to the engine for each place it has: one at work, one waiting, so that no place
waits for this process, and a failure does not leave thousands to be called back."""
LOSSES = 3
"""A chunk whose process died is begun again; the third death is the chunk's own doing, or the
machine's (no memory), and going on would only kill more."""
FAILURES = 2
"""A chunk that failed is tried once more, for a disk that was away for a moment; a text that the
rules cannot take fails again."""


ALONE_SECONDS = 600.0
"""How long chunks wait for an engine that has lost all its places: a cluster that is started anew
is back by then."""
LOOK_SECONDS = 30.0


class WorkerLost(Exception):
    """The process or machine that was on a chunk is gone."""


class ChunkFailed(MachineTrouble):
    """A chunk that cannot be done; everything done before it stays."""


class EngineMissing(VoltwireError):
    """An engine that is not installed, or that does not answer."""


class Engine(Protocol):
    """Where chunks are worked on; an async context manager."""

    name: str

    @property
    def places(self) -> int:
        """How many chunks it works on at a time, now."""

    async def call(self, work: Callable[[C], R], chunk: C) -> R:
        """``work(chunk)`` in a process of the engine.

        ``work`` can be imported by its name there.  Cancelled, it calls the chunk back where it
        can.

        Raises:
            WorkerLost: when whoever was on it is gone.
            Exception: whatever ``work`` raised.
        """

    async def __aenter__(self) -> Engine: ...

    async def __aexit__(self, *error: Any) -> None: ...


async def each(
    engine: Engine, work: Callable[[C], R], chunks: Iterable[C]
) -> AsyncGenerator[tuple[C, R], None]:
    """Do ``work`` for all ``chunks`` on ``engine``; hands each out as soon as it is done.

    Raises:
        ChunkFailed: for the first chunk that cannot be done; those under way are called back.
        EngineMissing: when nobody is left to do them.
    """
    left = iter(chunks)
    running: dict[asyncio.Task[R], C] = {}
    alone = 0.0
    try:
        while True:
            while len(running) < max(1, engine.places) * AHEAD:
                chunk = next(left, None)
                if chunk is None:
                    break
                running[asyncio.ensure_future(_done(engine, work, chunk))] = chunk
            if not running:
                return
            ended, _ = await asyncio.wait(
                running, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            alone = 0.0 if ended or engine.places else alone + LOOK_SECONDS
            if alone >= ALONE_SECONDS:
                raise EngineMissing(
                    f"{engine.name} has had no workers for {alone / 60:.0f} minutes",
                    hint="what was done before is kept: start some, and run it again",
                )
            for task in ended:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def run(
    engine: Engine,
    work: Callable[[C], R],
    chunks: Iterable[C],
    done: Callable[[C, R], None],
) -> None:
    """``each``, telling ``done`` of every chunk."""
    async with aclosing(each(engine, work, chunks)) as ended:
        async for chunk, result in ended:
            done(chunk, result)


async def _done(engine: Engine, work: Callable[[C], R], chunk: C) -> R:
    losses = failures = 0
    while True:
        try:
            return await engine.call(work, chunk)
        except WorkerLost as lost:
            losses += 1
            if losses >= LOSSES:
                raise ChunkFailed(
                    f"{chunk.label}: the process that was on it died {losses} times ({lost})",
                    hint="is there memory left? what was done before is kept: run it again",
                ) from lost
        except Exception as error:
            failures += 1
            if failures >= FAILURES:
                if isinstance(error, VoltwireError):
                    raise
                raise ChunkFailed(
                    f"{chunk.label}: {type(error).__name__}: {error}",
                    hint="tried twice; what was done before is kept",
                ) from error
