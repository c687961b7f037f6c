"""Archived pages read again on a cluster, a chunk of articles at a time.

    store --> reread (files) --> [a process of its own: pages, digest] --> again (files) --> store

A page may take a process's memory or never end, so a chunk is read in processes of its own, under
the bounds that pages have in a run; whoever works for the cluster only waits for them.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib import metadata, resources
from pathlib import Path
from socket import gethostname
from typing import Any

from dedupe.models import Signature
from flows.engines.choose import engine_of
from flows.engines.protocol import ChunkFailed, WorkerLost, each
from flows.recompute.parts import Part, Room, Unalike, room_of, rules, scratch
from flows.rereading import Again, read_again
from flows.settings import Settings
from flows.workers import Workers
from ingest.models import Article, Feed
from storage import chunks, reread
from storage.batches import rows, staged
from storage.encoding import Flat, as_json, from_json
from storage.models import PreparedArticle
from storage.reread import Reread
from storage.store import Store

ARTICLES = 2_500
"""Pages a chunk: a minute, which two seconds for its processes do not show in."""
LIBRARIES = ("trafilatura", "htmldate", "lxml", "feedparser", "py3langid")
_READ = Flat(Reread, "")
_ARTICLE = Flat(Article, "article_")
_SIGNATURE = Flat(Signature, "signature_", without=("article_id", "minhash"))
_PREPARED = Flat(PreparedArticle, "prepared_", without=("article", "signature"))
_AGAIN = Flat(Again, "", without=("prepared",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePart(Part):
    """Articles whose pages lie in ``archive``."""

    archive: str
    now: datetime


@cache
def reading_rules() -> str:
    """What tells one reading of pages from another: the rules, and the libraries that read."""
    code = sha256(rules().encode())
    for path in sorted(_sources("ingest"), key=str):
        code.update(path.read_bytes())
    return json.dumps([code.hexdigest(), [metadata.version(name) for name in LIBRARIES]])


def _sources(package: str) -> Iterable[Path]:
    with resources.as_file(resources.files(package)) as folder:
        yield from folder.rglob("*.py")


async def reread_on(
    settings: Settings,
    store: Store,
    ids: Sequence[str],
    feeds: Mapping[str, Feed],
    now: datetime,
) -> AsyncGenerator[list[Again], None]:
    """Articles ``ids`` read again on the engine of ``settings``, chunk by chunk in any order."""
    room = room_of(settings, "reextract")
    try:
        parts = await asyncio.to_thread(_begin, room, store, ids, feeds, now)
        async with (
            engine_of(settings, articles=len(ids)) as engine,
            aclosing(each(engine, read_chunk, parts)) as ended,
        ):
            async for part, _ in ended:
                yield await asyncio.to_thread(_made, part)
    finally:
        await asyncio.to_thread(shutil.rmtree, room.folder, ignore_errors=True)


def _begin(
    room: Room, store: Store, ids: Sequence[str], feeds: Mapping[str, Feed], now: datetime
) -> list[ArchivePart]:
    shutil.rmtree(room.folder, ignore_errors=True)
    room.folder.mkdir(parents=True)
    (room.folder / "feeds.json").write_text(
        json.dumps([as_json(feed) for feed in feeds.values()]), encoding="utf-8"
    )
    parts = []
    for number, first in enumerate(range(0, len(ids), ARTICLES)):
        some = ids[first : first + ARTICLES]
        with store.write() as con:
            read = reread.load(con, some)
        _write(room.file("reread", number), _READ.types, map(_READ.values, read))
        parts.append(
            ArchivePart(
                folder=str(room.folder), rules=reading_rules(), number=number, size=len(some),
                label=f"articles {first + 1} to {first + len(some)}",
                archive=str(store.archive.resolve()), now=now,
            )
        )  # fmt: skip
    return parts


def read_chunk(part: ArchivePart) -> int:
    """Read the pages of one chunk again, in a process for that; returns how many articles.

    Reads ``reread``, the feeds and the archive; writes ``again``.

    Raises:
        Unalike: when this machine would read them another way, or sees no archive.
        WorkerLost: when the process was killed.
        ChunkFailed: when it failed.
    """
    if reading_rules() != part.rules:
        raise Unalike(
            f"the worker on {gethostname()} reads pages by other rules, or with other libraries",
            hint="install the same version of voltwire there, and start it anew",
        )
    for path in (part.room.file("reread", part.number), Path(part.archive)):
        if not path.exists():
            raise Unalike(
                f"the worker on {gethostname()} does not see {path}",
                hint="`engine_folder` and the archive have to be under one path on every machine",
            )
    with subprocess.Popen(
        [sys.executable, "-m", "flows.recompute.archived", as_json(part)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        # Its input stays open for as long as somebody waits for it.
        assert reader.stderr is not None
        said = reader.stderr.read()
        code = reader.wait()
    if code < 0:
        raise WorkerLost(f"signal {-code}")
    if code:
        raise ChunkFailed(f"{part.label}: {said.strip().splitlines()[-1:] or code}")
    return part.size


def main() -> None:
    """In the process of a chunk."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    part = from_json(ArchivePart, sys.argv[1])
    asyncio.run(_read(part))


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(3)


async def _read(part: ArchivePart) -> None:
    room = part.room
    listed = json.loads((room.folder / "feeds.json").read_text(encoding="utf-8"))
    feeds = {feed.slug: feed for feed in (from_json(Feed, one) for one in listed)}
    read = [_READ.record(row) for row in _rows(room.file("reread", part.number))]
    async with Workers(1, feeds, all_topics=True) as workers:
        again = await read_again(Path(part.archive), read, workers, part.now)
    types = _AGAIN.types | _ARTICLE.types | _SIGNATURE.types | _PREPARED.types
    _write(
        room.file("again", part.number),
        types,
        (
            [
                *_AGAIN.values(one), *_ARTICLE.values(one.prepared.article),
                *_SIGNATURE.values(one.prepared.signature), *_PREPARED.values(one.prepared),
            ]
            for one in again
        ),
    )  # fmt: skip


def _made(part: ArchivePart) -> list[Again]:
    again = []
    for row in _rows(part.room.file("again", part.number)):
        article = _ARTICLE.record(row)
        signature = _SIGNATURE.record(row, article_id=article.article_id, minhash=b"")
        prepared = _PREPARED.record(row, article=article, signature=signature)
        again.append(_AGAIN.record(row, prepared=prepared))
    return again


def _write(path: Path, types: Mapping[str, str], records: Iterable[Sequence[Any]]) -> None:
    with scratch() as con, staged(con, "written", types, rows(types, records)) as batch:
        chunks.write(con, path, f"FROM {batch}")


def _rows(path: Path) -> list[dict[str, Any]]:
    with scratch() as con:
        answer = con.execute(f"FROM {chunks.source(path)}")
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, values, strict=True)) for values in answer.fetchall()]


if __name__ == "__main__":
    main()
