"""Everything that follows from the texts of a store, made anew in chunks on an engine.

    live store --> texts --> digest --+--> keys --> join --> joined --> deal --> pairs
                   (files)            |   (ranges of hashes)                       |
                                      +--> remade, repeats, segments               v
                                              |                    matches <-- verify
                                              v                       |
    shadow <-------------------------------- fill <-------------------+--> group

What is between two arrows is a folder of Parquet files, one a chunk.  A chunk whose file is there
is done: a rebuild that was killed goes on from there.  Only dealing out the pairs, filling and
grouping are done here, a few statements each.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TypeVar

from dedupe.policy import POLICY, RECIPE
from flows.context import Progress
from flows.engines.choose import engine_of
from flows.engines.protocol import Engine, run
from flows.errors import trouble
from flows.recompute.digesting import digest_chunk
from flows.recompute.grouping import group
from flows.recompute.joining import join_chunk
from flows.recompute.parts import KeyRange, Part, Room, room_of, rules, scratch
from flows.recompute.verifying import verify_chunk
from flows.settings import Settings
from storage import joining, shadow, shadow_fill, signatures
from storage.policy import STORAGE
from storage.store import Store

P = TypeVar("P", bound=Part)

ARTICLES = 5_000
"""Articles a chunk at most: some 20 s of work, so that 80 ms of overhead do not show, and 30 MB
in memory, and what a death costs."""
LEAST_ARTICLES = 250
"""Fewer are not worth a call."""
CHUNKS_A_PLACE = 4
"""Chunks for each place of the engine, where there is enough to do: the last ones end together."""
KEYS = 1_000_000
"""Keys a range: about two seconds, and 300 MB."""
PAIRS = 10_000
"""Pairs a chunk: five to ten seconds, and the texts of up to twice as many articles."""
ALL_KEYS = 1 << 32
DEAL_MIB = 2048
"""What adding up the pairs may hold in memory before it uses the disk."""

TEXTS = "making anew"
JOINING = "looking for pairs"
VERIFYING = "comparing texts"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the files in a room were made of; written when all texts are there."""

    rules: str
    sizes: tuple[int, ...]
    """Articles of each chunk."""
    keys: int
    pairs: int
    segment: int
    """Keys of a segment at most."""


async def remake(
    settings: Settings,
    live: Store,
    beside: Store,
    ids: Sequence[str],
    *,
    progress: Progress,
    clock: Callable[[], datetime],
) -> int:
    """Fill the empty shadow ``beside`` with articles ``ids`` of ``live``, and all that follows.

    Returns:
        How many articles an interrupted call had done.

    Raises:
        EngineMissing, ChunkFailed, MachineTrouble, StoreError: for what a person has to put right.
    """
    room = room_of(settings, "rebuild")
    try:
        async with engine_of(settings, articles=len(ids)) as engine:
            plan = await asyncio.to_thread(_begin, room, live, ids, engine)
            work = _Work(room, plan, engine, progress)
            resumed = await work.digest()
            compared = await work.verify(await work.join())
        await asyncio.to_thread(_fill, beside, work, compared, clock)
        await asyncio.to_thread(shutil.rmtree, room.folder)
    except OSError as error:
        raise trouble(f"work in {room.folder}", error) from error
    return resumed


def _begin(room: Room, live: Store, ids: Sequence[str], engine: Engine) -> _Plan:
    """The plan of work that was begun by the same rules, or a new one with its texts."""
    path = room.folder / "plan.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        plan = _Plan(**(found | {"sizes": tuple(found["sizes"])}))
    except (OSError, ValueError, TypeError, KeyError):
        plan = None
    if plan is not None and plan == _Plan(rules(), plan.sizes, KEYS, PAIRS, STORAGE.segment_keys):
        return plan
    shutil.rmtree(room.folder, ignore_errors=True)
    size = ceil(len(ids) / (CHUNKS_A_PLACE * max(1, engine.places)))
    size = min(ARTICLES, max(LEAST_ARTICLES, size))
    parts = [ids[at : at + size] for at in range(0, len(ids), size)]
    for number, part in enumerate(parts):
        # One window a chunk: runs get in between.
        with live.write() as con:
            shadow.export(con, part, room.file("texts", number))
    plan = _Plan(rules(), tuple(map(len, parts)), KEYS, PAIRS, STORAGE.segment_keys)
    room.folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(".plan.json")
    partial.write_text(
        json.dumps({name: getattr(plan, name) for name in plan.__dataclass_fields__}),
        encoding="utf-8",
    )
    partial.replace(path)
    return plan


@dataclass(frozen=True, slots=True)
class _Work:
    room: Room
    plan: _Plan
    engine: Engine
    progress: Progress

    async def digest(self) -> int:
        """Texts to ``remade``, ``repeats`` and ``keys``; returns how many had been."""
        parts = list(self._text_parts())
        return await self._run(TEXTS, digest_chunk, parts, "remade")

    def _text_parts(self) -> Iterator[Part]:
        first = 1
        for number, size in enumerate(self.plan.sizes):
            yield Part(
                folder=str(self.room.folder), rules=self.plan.rules, number=number, size=size,
                label=f"articles {first} to {first + size - 1}",
            )  # fmt: skip
            first += size

    async def join(self) -> int:
        """Keys to ``joined``; returns how many files of them there are."""
        ranges = await asyncio.to_thread(self._ranges)
        await self._run(JOINING, join_chunk, ranges, "joined")
        return len(ranges)

    def _ranges(self) -> list[KeyRange]:
        files = self.room.files("keys", len(self.plan.sizes))
        with scratch() as con:
            counted = joining.count(con, files)
        ranges = ceil(counted / self.plan.keys)
        bounds = [number * ALL_KEYS // max(1, ranges) for number in range(ranges + 1)]
        return [
            KeyRange(
                folder=str(self.room.folder), rules=self.plan.rules, number=number,
                size=counted // ranges, label=f"range {number + 1} of {ranges} of the keys",
                low=bounds[number], high=bounds[number + 1], chunks=len(files),
            )
            for number in range(ranges)
        ]  # fmt: skip

    async def verify(self, ranges: int) -> int:
        """Pairs to ``matches``; returns how many files of them there are."""
        parts = await asyncio.to_thread(self._deal, ranges) if ranges else []
        await self._run(VERIFYING, verify_chunk, parts, "matches")
        return len(parts)

    def _deal(self, ranges: int) -> list[Part]:
        """Add the counts of all ranges up, and cut the pairs into chunks."""
        room, size = self.room, self.plan.pairs
        cores = os.cpu_count() or 1
        with scratch(room.folder, memory_mib=DEAL_MIB, threads=cores) as con:
            total = joining.deal(
                con,
                room.files("joined", ranges),
                room.files("remade", len(self.plan.sizes)),
                min_shared_sketch=POLICY.min_shared_sketch,
            )
            # The same pairs in the same files when it is done again: what was compared counts.
            parts = [
                Part(
                    folder=str(room.folder), rules=self.plan.rules, number=number,
                    size=min(size, total - first),
                    label=f"pairs {first + 1} to {min(first + size, total)}",
                )
                for number, first in enumerate(range(0, total, size))
            ]  # fmt: skip
            for part in parts:
                if not room.file("matches", part.number).exists():
                    joining.write_dealt(
                        con, part.number * size, part.number * size + part.size,
                        room.file("pairs", part.number),
                    )  # fmt: skip
        return parts

    async def _run(
        self, stage: str, work: Callable[[P], int], parts: Iterable[P], makes: str
    ) -> int:
        """Do what is not done yet; returns the size of what was."""
        every = list(parts)
        left = [one for one in every if not self.room.file(makes, one.number).exists()]
        total = sum(one.size for one in every)
        before = total - sum(one.size for one in left)
        self.progress.stage(stage, total)
        if before:
            self.progress.advance(stage, before)
        await run(self.engine, work, left, lambda one, _: self.progress.advance(stage, one.size))
        return before


def _fill(beside: Store, work: _Work, compared: int, clock: Callable[[], datetime]) -> None:
    room, count = work.room, len(work.plan.sizes)
    with beside.write() as con:
        signatures.check_recipe(con, RECIPE)
        shadow_fill.fill(
            con,
            texts=room.files("texts", count),
            remade=room.files("remade", count),
            repeats=room.files("repeats", count),
            segments=room.files("segments", count),
            matches=room.files("matches", compared),
        )
        group(con, clock())
