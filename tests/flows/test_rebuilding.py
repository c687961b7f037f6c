"""``voltwire dedupe rebuild``: everything derived made anew beside a store that stays in use."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import rebuilding
from flows.context import Silent
from flows.digest import Digested, digest
from flows.recompute import whole
from flows.recompute.parts import Part
from flows.save import save_batch
from flows.settings import Settings
from storage import shadow
from storage.store import Store, connect_memory
from tests.flows.newsroom_support import NOW, newsroom

ROOT = Path(__file__).parents[2]
STATE = {
    "articles": "SELECT article_id, text, words, topics::VARCHAR FROM core.articles",
    "shown": "SELECT article_id FROM articles WHERE is_representative",
    "stories": "SELECT list(article_id ORDER BY article_id)::VARCHAR FROM articles "
    "GROUP BY story_id",
    "links": "SELECT article_id, of_article_id, relation, reason FROM core.matches",
    "repeats": "SELECT * FROM repeats",
    "signatures": "SELECT article_id, exact::VARCHAR FROM core.signatures",
    "keys": "SELECT count(*) FROM core.signature_keys",
    "recipe": "SELECT recipe FROM core.recipe",
}


def state(store: Store, names: Any = tuple(STATE)) -> dict[str, list[str]]:
    with store.write() as con:
        return {name: sorted(map(str, con.execute(STATE[name]).fetchall())) for name in names}


def digested(seed: int = 11, stories: int = 4) -> list[Digested]:
    return digest(newsroom(seed, stories, crowd=4), {}, all_topics=True, now=NOW)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of some forty articles, to be copied."""
    folder = tmp_path_factory.mktemp("rebuilding") / "store"
    save_batch(Store(folder), digested(), NOW)
    return folder


@pytest.fixture
def store(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A copy of the store to work on, in many small chunks; no processes, which take longer to
    start."""
    monkeypatch.setattr("flows.workers.IN_THREAD", 10_000)
    for name, size in (("ARTICLES", 15), ("KEYS", 400), ("PAIRS", 20)):
        monkeypatch.setattr(whole, name, size)
    shutil.copytree(filled, tmp_path / "store", symlinks=True)
    return Store(tmp_path / "store")


def rebuilt(store: Store, **named: Any) -> rebuilding.RebuildReport:
    settings = Settings(store=store.folder, backfill_batch=15)
    return asyncio.run(rebuilding.rebuild(settings, progress=Silent(), **named))


def script(store: Store, body: str) -> subprocess.CompletedProcess[str]:
    """Python that begins with the policy's module, before anything has taken numbers from it."""
    program = (
        "import asyncio, os, signal\nfrom dataclasses import replace\nimport dedupe.policy as p\n"
        + body
    )
    return subprocess.run(
        [sys.executable, "-c", program, str(store.folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


RUN = """
import sys
from pathlib import Path
import flows.workers; flows.workers.IN_THREAD = 10_000
from flows import rebuilding
from flows.context import Silent
from flows.recompute import whole
from flows.settings import Settings
whole.ARTICLES, whole.KEYS, whole.PAIRS = 15, 400, 20
folder = Path(sys.argv[1])
def go():
    return asyncio.run(rebuilding.rebuild(
        Settings(store=folder, backfill_batch=15), progress=Silent()))
"""


def test_a_rebuild_by_the_same_rules_changes_nothing(store: Store) -> None:
    """Every row and every story id stays, and the shadow is cleared away."""
    with store.write() as con:
        before = con.execute("FROM core.story_members ORDER BY ALL").fetchall()
    was = state(store)
    report = rebuilt(store)
    assert (report.recut, report.resigned, report.duplicates_added) == (0, 0, 0)
    assert (report.stories_merged, report.stories_split, report.examples) == (0, 0, [])
    assert state(store) == was
    with store.write() as con:
        assert con.execute("FROM core.story_members ORDER BY ALL").fetchall() == before
    assert not (store.folder / rebuilding.FOLDER).exists()


def test_another_recipe_and_policy_give_what_a_fresh_store_gives(store: Store) -> None:
    """Same texts, links, signatures and groups as if the store had been filled by them."""
    body = (
        "p.RECIPE = replace(p.RECIPE, version='other', sketch_modulus=4)\n"
        "p.POLICY = replace(p.POLICY, containment=0.95, numbers=0.99)\n" + RUN + "go()\n"
        "from tests.flows import test_rebuilding as t\n"
        "t.save_batch(t.Store(folder.parent / 'fresh'), t.digested(), t.NOW)\n"
    )
    was = state(store)
    done = script(store, body)
    assert done.returncode == 0, done.stderr
    now = state(store)
    assert now == state(Store(store.folder.parent / "fresh"))
    assert now["recipe"] != was["recipe"]
    assert now["links"] != was["links"]


def test_a_dry_run_tells_and_changes_nothing(store: Store) -> None:
    """What was spoiled is named, left as it is, and mended by the run that follows."""
    was = state(store)
    with store.write() as con:
        con.execute("DELETE FROM core.matches WHERE relation = 'near'")
    spoiled = state(store)
    report = rebuilt(store, dry_run=True)
    assert report.duplicates_added > 0
    assert any(one["change"] == "linked" for one in report.examples)
    assert state(store) == spoiled
    again = rebuilt(store)
    assert again.resumed == again.articles
    assert state(store) == was


def test_a_killed_rebuild_is_gone_on_from(store: Store) -> None:
    """kill -9 in the middle leaves the store as it was; the next run ends as if nothing was."""
    was = state(store)
    with store.write() as con:
        con.execute("DELETE FROM core.matches WHERE relation = 'near'")
    body = (
        RUN + "real = whole.digest_chunk\ncalls = []\n"
        "def digest_chunk(part):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(part)\n"
        "whole.digest_chunk = digest_chunk\ngo()\n"
    )
    done = script(store, body)
    assert done.returncode == -signal.SIGKILL, done.stderr
    report = rebuilt(store)
    assert 0 < report.resumed < report.articles
    assert state(store) == was


def test_what_came_in_meanwhile_is_taken_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An article edited and one that went while the shadow grew end as the live store has them."""
    monkeypatch.setattr(rebuilding, "LAST", 0)
    real = whole.digest_chunk
    calls = []

    def digest_chunk(part: Part) -> int:
        calls.append(1)
        if len(calls) == 1:
            with store.write() as con:
                con.execute(
                    "UPDATE core.articles SET version = version + 1, text = 'Another text.', "
                    "original_text = NULL, words = 2 "
                    "WHERE article_id = (SELECT min(article_id) FROM core.articles)"
                )
        return real(part)

    monkeypatch.setattr(whole, "digest_chunk", digest_chunk)
    report = rebuilt(store)
    assert report.caught_up == 1
    with store.write() as con:
        found = con.execute("SELECT text FROM core.articles ORDER BY article_id LIMIT 1").fetchone()
    assert found == ("Another text.",)


def test_a_run_that_writes_meanwhile_is_neither_held_up_nor_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch saved by another writer during the rebuild stands in the same stories as in a store
    that never was rebuilt."""
    monkeypatch.setattr(rebuilding, "LAST", 0)
    more = digested(seed=12, stories=2)
    real = whole.digest_chunk
    written: list[int] = []

    def digest_chunk(part: Part) -> int:
        if not written:
            writer = Store(store.folder, purpose="a run")
            written.append(len(save_batch(writer, more, NOW).new))
        return real(part)

    monkeypatch.setattr(whole, "digest_chunk", digest_chunk)
    report = rebuilt(store)
    assert report.caught_up == written[0] > 10
    never = Store(store.folder.parent / "never")
    save_batch(never, [*digested(), *more], NOW)
    assert state(store) == state(never)


def test_every_table_is_known_as_derived_or_kept() -> None:
    """A new table has to be thought of: made anew from texts, or not."""
    kept = {
        "migrations", "views", "feeds", "feed_states", "entries", "articles", "article_versions",
        "article_urls", "links", "rejections", "runs", "coverage", "gaps",
    }  # fmt: skip
    con = connect_memory()
    found = {
        name
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'core'"
        ).fetchall()
    }
    derived = {name.removeprefix("core.") for name in shadow.DERIVED}
    assert derived <= found
    unknown = {name for name in found - derived - kept if "signature" in name or "match" in name
               or "stor" in name or "repeat" in name}  # fmt: skip
    assert unknown == set()
