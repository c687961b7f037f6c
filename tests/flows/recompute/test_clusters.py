"""Chunks on clusters: Dask and Ray make of a store what processes of this machine make of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import demonstration, reextracting
from flows.context import Silent
from flows.engines.protocol import EngineMissing
from flows.recompute import archived, whole
from flows.settings import Settings
from storage.store import Store
from tests.flows.recompute.recompute_support import rebuilt, rows_of, spoil
from tests.flows.test_upkeep import archiving

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A Dask cluster of two workers on this machine, as somebody else would have started it."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


def test_dask_makes_what_arrival_made(store: Store, dask: Any) -> None:
    """Every row, from nothing, on a cluster that is running already."""
    was = rows_of(store)
    spoil(store)
    report = rebuilt(store, engine="dask", engine_address=dask.scheduler_address)
    assert report.resigned == report.articles > 100
    assert rows_of(store) == was


def test_a_dask_worker_killed_in_the_middle_costs_its_chunk(
    store: Store, dask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 of one of two workers while texts are made anew: the rows are the same."""
    was = rows_of(store)
    spoil(store)
    real = whole.run

    async def run(engine: Any, work: Any, parts: Any, done: Any) -> None:
        pids = [one.pid for one in dask.workers.values()]
        threading.Timer(0.3, os.kill, (pids[0], signal.SIGKILL)).start()
        monkeypatch.setattr(whole, "run", real)
        await real(engine, work, parts, done)

    monkeypatch.setattr(whole, "run", run)
    before = {one.pid for one in dask.workers.values()}
    rebuilt(store, engine="dask", engine_address=dask.scheduler_address)
    assert rows_of(store) == was
    assert len(before - {one.pid for one in dask.workers.values()}) == 1


def test_a_scheduler_that_is_not_there_is_told(store: Store) -> None:
    """In one line that names the setting; nothing was begun."""
    pytest.importorskip("distributed")
    with pytest.raises(EngineMissing, match=r"does not answer .*engine_address"):
        rebuilt(store, engine="dask", engine_address="tcp://127.0.0.1:1")


def test_archived_pages_are_read_again_by_a_cluster(
    dask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other rules made is replaced by what the pages give, row for row as in one process."""
    monkeypatch.setattr(archived, "ARTICLES", 30)
    monkeypatch.setattr("flows.run.fetcher_for", archiving)
    demonstration.make_room(tmp_path / "filled")
    for day in demonstration.DAYS:
        demonstration.run_day(tmp_path / "filled", day, Silent())
    found = []
    for name, settings in (
        ("here", Settings()),
        ("there", Settings(engine="dask", engine_address=dask.scheduler_address)),
    ):
        shutil.copytree(tmp_path / "filled", tmp_path / name, symlinks=True)
        store = Store(tmp_path / name)
        with store.write() as con:
            con.execute(
                "UPDATE core.articles SET text = 'Subscribe to our letter.\n' || text, "
                "topics = [], exact = 1, words = 3 WHERE text_source = 'page' AND version = 1"
            )
            con.execute("DELETE FROM core.matches")
        report = asyncio.run(
            reextracting.reextract(settings.with_store(store.folder), progress=Silent())
        )
        assert report.exit_code == 0
        assert min(report.texts_changed, report.from_archive) > 60
        figures = report.as_dict() | {"store": "", "seconds": 0, "published": ""}
        with store.write() as con:
            links = con.execute("FROM core.links ORDER BY ALL").fetchall()
        found.append((rows_of(store), links, figures))
        assert not list(store.folder.glob("*.chunks"))
    for here, there in zip(*found, strict=True):
        assert here == there


def test_ray_makes_what_arrival_made(store: Store) -> None:
    """Every row, from nothing, on a Ray of this machine."""
    pytest.importorskip("ray")
    was = rows_of(store)
    spoil(store)
    rebuilt(store, engine="ray", workers=2)
    assert rows_of(store) == was


def test_a_hundred_thousand_articles_are_the_same_on_every_engine(dask: Any) -> None:
    """Stories and duplicates row for row: two processes, two Dask workers, and Ray where it is."""
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.rebuild", "--json", "--articles", "100000",
            "--dask", dask.scheduler_address,
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    reports = json.loads(done.stdout)
    ran = [one for one in reports if "note" not in one]
    assert {"processes", "dask"} <= {one["engine"] for one in ran}
    assert all(one["same"] for one in ran)
    assert all(one["stories"] < 100_000 and one["links"] > 5_000 for one in ran)
