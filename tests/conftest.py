"""What tests of every package share: an empty store, and the demo newsroom's runs."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, settings

from flows import demonstration, searching
from flows.context import Silent
from flows.report import RunReport
from storage import migrate
from storage.store import Store, connect_memory

# No test asserts on wall time: examples that a busy machine takes long over are no failures.
# Half of the usual examples: every run draws others, and the whole suite has to stay a matter of
# minutes.
settings.register_profile(
    "patient", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

# Files that wait for processes, servers and locks for a minute or more.  Begun first, they wait
# beside the others and not one after another at the end (`make test` hands out whole files).
LONGEST = (
    "test_sharing", "test_full_disk", "test_prefect", "test_crash", "test_hostile_web",
    "test_rebuilding", "test_backfilling", "test_cli", "test_missed_entries", "test_from_feeds",
    "test_order", "test_limits", "test_upgrade", "test_upkeep", "test_workers", "test_from_routes",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, everything else as it was."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    """Keep the collector from walking all that was imported again with every test."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """What is frozen is not cleared away at the end, and DuckDB then reports leaks."""
    gc.unfreeze()


FOLLOW = searching.follow_quietly


@pytest.fixture(scope="session", autouse=True)
def _runs_leave_the_search_index() -> Iterator[None]:
    """A tenth of a second a run, and hundreds of runs here: those of the demo keep it, and tests
    that ask for ``index_follows``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "follow_quietly", lambda _: "")
        yield


@pytest.fixture
def index_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this test bring the search index up to date, as they do outside of tests."""
    monkeypatch.setattr(searching, "follow_quietly", FOLLOW)


MIGRATED = Store._migrated


@pytest.fixture(scope="session", autouse=True)
def _stores_begin_as_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new store is a copy of an empty one: a fifth of the time that its SQL takes, and there are
    hundreds of them here.  Not in processes of their own, nor where ``stores_are_made`` is."""
    empty = Store(tmp_path_factory.mktemp("empty"))
    scripts = migrate.migrations(), migrate.views()

    def copied(store: Store) -> AbstractContextManager[DuckDBPyConnection]:
        # Tests have steps and views of their own, and logs without a file.
        as_ever = (migrate.migrations(), migrate.views()) == scripts
        if as_ever and not store.live.exists() and not os.path.lexists(f"{store.live}.wal"):
            if not empty.live.exists():
                with MIGRATED(empty):
                    pass
            shutil.copyfile(empty.live, store.live)
        return MIGRATED(store)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_migrated", copied)
        yield


@pytest.fixture
def stores_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """New stores of this test are made by their SQL, as they are outside of tests."""
    monkeypatch.setattr(Store, "_migrated", MIGRATED)


@pytest.fixture(scope="session")
def open_empty(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], DuckDBPyConnection]:
    """What ``connect_memory`` gives, copied: a quarter of the time that its SQL takes."""
    path = tmp_path_factory.mktemp("schema") / "empty.duckdb"
    made = connect_memory()
    made.execute(f"ATTACH '{path}' AS kept")
    made.execute("COPY FROM DATABASE memory TO kept")
    made.close()

    def opened() -> DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET python_enable_replacements=false")
        connection.execute(f"ATTACH '{path}' AS kept (READ_ONLY)")
        connection.execute("COPY FROM DATABASE kept TO memory")
        connection.execute("DETACH kept")
        return connection

    return opened


@pytest.fixture
def con(open_empty: Callable[[], DuckDBPyConnection]) -> Iterator[DuckDBPyConnection]:
    connection = open_empty()
    yield connection
    connection.close()


@dataclass(frozen=True)
class DemoRuns:
    """A store after three runs: the two days of the newsroom, and the second day once more."""

    store: Path
    first: RunReport
    second: RunReport
    again: RunReport


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRuns:
    """To be read only: tests that write make a store of their own.

    Made once for all processes of a test run, which hold a folder in common.
    """
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = common / "demo.pickle"
    with (common / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_bytes(pickle.dumps(_demo_runs(common / "demo" / "store")))
    runs: DemoRuns = pickle.loads(made.read_bytes())
    return runs


def _demo_runs(store: Path) -> DemoRuns:
    demonstration.make_room(store)
    one, two = demonstration.DAYS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "follow_quietly", FOLLOW)
        first, second, again = (
            demonstration.run_day(store, day, Silent()) for day in (one, two, two)
        )
    return DemoRuns(store, first, second, again)
