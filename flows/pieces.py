"""A piece of a run: a group of feeds, a slice of them or a file, done on any machine.

    shelf: what is known --> run of the piece in a scratch store --> shelf: shards, archive, report

A piece needs the shelf and the network, no store and no other worker.  Done is what has its report
on the shelf; a piece that was lost on the way is done again and finds there what it had written.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from flows import knowledge
from flows.report import RunReport
from flows.run import (
    AsPiece,
    BackfillOptions,
    IngestOptions,
    Surroundings,
    run_backfill,
    run_ingest,
)
from flows.settings import Settings
from flows.shard import Origin
from flows.shelving import Shelving
from ingest.models import Feed
from storage.encoding import as_json, from_json
from storage.shelf import Shelf
from storage.store import Store

# Seconds between two signs of life; and after how many without one a piece is given up.  Giving up
# one that lives costs its slice once more and nothing else, so it need not be long.
ALIVE_EVERY, LOST_AFTER = 5.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a worker is asked to do; all of it as JSON."""

    run_id: str
    started_at: datetime
    """When the run began."""
    group: str
    """Pieces of one group are done one after another, each knowing those before it."""
    name: str
    """Unique in the run."""
    kind: Literal["ingest", "backfill"]
    options: str
    """``IngestOptions`` or ``BackfillOptions`` as JSON."""
    at_once: int = 1
    """Groups under way at once: what all of them ask is asked so many times slower by each."""
    attempt: str = field(default_factory=lambda: uuid4().hex[:8])

    @property
    def folder(self) -> str:
        """Where it writes on the shelf."""
        return f"{self.run_id}/{self.group}/{self.name}"

    @property
    def report_name(self) -> str:
        """Where its report stands when it is done, whichever attempt did it."""
        return f"{self.folder}/report.json"

    @property
    def sign_name(self) -> str:
        """Where this attempt says that it is alive."""
        return f"{self.folder}/alive-{self.attempt}.json"

    def again(self) -> Piece:
        """Another attempt at it."""
        return replace(self, attempt=uuid4().hex[:8])


def feeds_name(run_id: str, group: str) -> str:
    """Where the feeds of a group stand."""
    return f"{run_id}/{group}/feeds.json"


def feeds_text(feeds: Mapping[str, Feed]) -> str:
    """``feeds`` as they are put there."""
    return json.dumps([as_json(one) for one in feeds.values()])


def report_of(shelf: Shelf, piece: Piece) -> dict[str, Any] | None:
    """The figures of ``piece``; None while it is not done."""
    text = shelf.read(piece.report_name)
    return None if text is None else dict(json.loads(text))


async def run_piece(
    settings: Settings, piece: Piece, around: Surroundings | None = None
) -> RunReport:
    """Do ``piece``: its shards, its archive and its report are on the shelf afterwards.

    Raises:
        VoltwireError, StoreError: for what a person has to put right.
    """
    around = around or Surroundings()
    shelf = Shelf(settings.shards)
    text = await asyncio.to_thread(shelf.read, _feeds_of(piece))
    listed = json.loads(text or "[]")
    feeds = {one.slug: one for one in (from_json(Feed, text) for text in listed)}
    async with _alive(shelf, piece):
        with tempfile.TemporaryDirectory(prefix="voltwire-piece-") as folder:
            scratch = Store(Path(folder) / "scratch")
            await asyncio.to_thread(knowledge.take_up, scratch, shelf, piece.run_id, piece.group)
            origin = Origin(run_id=piece.run_id, piece=piece.name, attempt=piece.attempt, number=0)
            shelving = Shelving(shelf, scratch, piece.folder, origin)
            inside = replace(
                settings,
                store=scratch.folder,
                shards="",
                metrics_file="",
                wayback_pace_seconds=settings.wayback_pace_seconds * piece.at_once,
            )
            here = replace(
                around,
                piece=AsPiece(
                    run_id=piece.run_id,
                    started_at=piece.started_at,
                    feeds=feeds,
                    shelving=shelving,
                ),
            )
            if piece.kind == "ingest":
                asked = from_json(IngestOptions, piece.options)
                report = await run_ingest(inside, asked, here)
            else:
                wanted = from_json(BackfillOptions, piece.options)
                report = await run_backfill(inside, wanted, here)
            await asyncio.to_thread(shelving.close, around.clock())
    said = json.dumps(report.as_dict() | {"shards": shelving.written})
    await asyncio.to_thread(shelf.write, piece.report_name, said)
    return report


def _feeds_of(piece: Piece) -> str:
    return feeds_name(piece.run_id, piece.group)


@asynccontextmanager
async def _alive(shelf: Shelf, piece: Piece) -> AsyncIterator[None]:
    """Say on the shelf, again and again, that the piece is being worked on."""

    async def say() -> None:
        number = 0
        while True:
            with suppress(Exception):  # one sign that is missed costs nothing
                await asyncio.to_thread(shelf.write, piece.sign_name, str(number))
            number += 1
            await asyncio.sleep(ALIVE_EVERY)

    saying = asyncio.create_task(say())
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
