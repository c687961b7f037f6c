"""A store as articles arrived, everything derived taken from it, and made anew in small chunks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flows import rebuilding
from flows.context import Silent
from flows.digest import digest
from flows.rebuild_report import RebuildReport
from flows.recompute import whole
from flows.save import save_batch
from flows.settings import Settings
from storage.store import Store
from tests.flows.newsroom_support import NOW, newsroom
from tests.flows.same_store import answers

TABLES = {
    "articles": "SELECT article_id, text, original_text, words, topics::VARCHAR, exact, origin, "
    "story_id, is_representative FROM core.articles",
    "duplicates": "FROM duplicates",
    "stories": "SELECT * EXCLUDE (created_at, changed_at) FROM core.stories",
    "members": "FROM core.story_members",
    "matches": "FROM core.matches",
    "repeats": "FROM core.repeats",
    "signatures": "FROM core.signatures",
    "keys": "FROM core.signature_keys",
}


def rows_of(store: Store) -> dict[str, list[str]]:
    """Every row of what is derived from texts."""
    return answers(store, TABLES)


def spoil(store: Store) -> None:
    """Take away all that a rebuild makes."""
    with store.write() as con:
        for table in ("signatures", "key_segments", "recipe", "repeats", "matches"):
            con.execute(f"DELETE FROM core.{table}")
        con.execute("UPDATE core.articles SET text = coalesce(original_text, text), exact = 0")


def rebuilt(store: Store, **settings: Any) -> RebuildReport:
    named = Settings(store=store.folder, **settings)
    return asyncio.run(rebuilding.rebuild(named, progress=Silent()))


def arrive(folder: Path) -> Path:
    """Fill a store with some hundred articles, in three batches."""
    digested = digest(newsroom(5, 18, crowd=18), {}, all_topics=True, now=NOW)
    for first in range(3):
        save_batch(Store(folder), digested[first::3], NOW)
    return folder


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the work into many chunks."""
    for name, size in (("ARTICLES", 40), ("KEYS", 1500), ("PAIRS", 100)):
        monkeypatch.setattr(whole, name, size)
