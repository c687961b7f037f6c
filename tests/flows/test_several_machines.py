"""Several machines: what three workers and a loader make of a run is what one process makes of it.

With real processes: PostgreSQL, a Prefect server on it, workers, and sixty sites on this machine.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from storage.store import Store
from tests.flows.machines_support import WEEK, Machines, archives, feeds_of, machines
from tests.flows.postgres_support import missing
from tests.flows.replayed_web import ReplayedWeb, replayed
from tests.flows.same_store import differences, rows

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing()), reason=f"PostgreSQL: {missing()}"),
    pytest.mark.skipif(not WEEK.is_dir(), reason="the replayed week is not here"),
]
# Twelve slices, a month each, that hold what the archived feeds list.
BACKFILL = (
    "backfill", "--route", "feed-archive", "--since", "2025-12-01", "--until", "2026-11-22",
    "--all-topics",
)  # fmt: skip
INGEST = ("ingest", "--force", "--all-topics")


@pytest.fixture
def web() -> Iterator[ReplayedWeb]:
    with replayed(ReplayedWeb(archives())) as opened:
        yield opened


def ended(machines: Machines, *words: str, **more: str) -> None:
    done = machines.voltwire(*words, **more)
    # 1: some of the sixty feeds fail, as they do in the archive
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "new articles" in done.stdout, done.stdout + done.stderr


def alone(machines: Machines) -> Store:
    """The same runs in one process."""
    store = machines.folder / "alone"
    for words in (BACKFILL, INGEST):
        ended(machines, *words, "--plain", "--store", str(store), VOLTWIRE_SHARDS="")
    return Store(store)


def test_three_workers_make_the_store_that_one_process_makes(
    tmp_path: Path, web: ReplayedWeb
) -> None:
    """A backfill of twelve slices and an ingest of sixty feeds, row for row."""
    with machines(tmp_path, web, feeds_of(web), workers=3) as here:
        ended(here, *BACKFILL)
        ended(here, *INGEST)
        asked = Counter(web.asked)
        store = Store(here.folder / "store")
        pieces = here.api.runs("piece/piece", "COMPLETED")
        assert len(pieces) == 4 * 12 + 4
        web.asked.clear()
        expected = rows(alone(here))
        assert differences(rows(store), expected) == {}
        assert len(expected["articles"]) > 100
        # robots.txt, and each feed, once a piece and not once a run; no page twice
        pages = [url for url in web.asked if "feed" not in url and "robots" not in url]
        assert sum(asked[url] for url in pages) <= 1.02 * sum(web.asked[url] for url in pages)


def test_a_worker_killed_in_a_slice_costs_that_slice_again(
    tmp_path: Path, web: ReplayedWeb
) -> None:
    """The worker and all that it ran; the others take the piece up, and nothing is lost."""
    with machines(tmp_path, web, feeds_of(web), workers=3) as here:
        shelf, killed = Path(here.folder / "shelf"), list[int]()

        def kill_in_the_middle() -> None:
            for _ in range(6000):
                if any(shelf.rglob("0*.parquet")):
                    killed.append(here.kill(here.workers[0]))
                    return
                time.sleep(0.02)

        killer = Thread(target=kill_in_the_middle)
        killer.start()
        ended(here, *BACKFILL)
        killer.join()
        assert killed
        assert killed[0] > 1
        expected = here.folder / "alone"
        ended(here, *BACKFILL, "--plain", "--store", str(expected), VOLTWIRE_SHARDS="")
        assert differences(rows(Store(here.folder / "store")), rows(Store(expected))) == {}
        assert list(shelf.iterdir()) == []
        lost = here.api.runs("piece/piece", "CRASHED", "FAILED", "CANCELLED")
        assert len(lost) == 1
        names = [run["name"] for run in here.api.runs("piece/piece", "COMPLETED")]
        assert len(names) == len(set(names)) == 4 * 12
        assert lost[0]["name"] in names
