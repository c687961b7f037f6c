"""Several machines: what three workers and a loader make of a run is what one process makes of it.

With real processes: PostgreSQL, a Prefect server on it, workers, and sixty sites on this machine.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Thread

import pytest

from ingest.archive import ArchiveWriter, read_pages
from storage.store import Store
from tests.flows.machines_support import WEEK, Machines, archives, feeds_of, machines
from tests.flows.postgres_support import missing
from tests.flows.prefect_support import wait_until
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
    began = time.monotonic()
    done = machines.voltwire(*words, **more)
    # 1: some of the sixty feeds fail, as they do in the archive
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "new articles" in done.stdout, done.stdout + done.stderr
    how = "one process" if "--plain" in words else "workers"
    print(f"{words[0]}, {how}: {time.monotonic() - began:.0f} s")


def test_three_workers_make_the_store_that_one_process_makes(
    tmp_path: Path, web: ReplayedWeb
) -> None:
    """A backfill of twelve slices, a worker killed in one of them, and an ingest of sixty feeds.

    Row for row; the killed worker's slice is done again, and no other.  Another worker comes in its
    place, as a service manager sees to.
    """
    with machines(tmp_path, web, feeds_of(web), workers=3, VOLTWIRE_SHARD_GROUPS="3") as here:
        shelf, killed = here.folder / "shelf", list[int]()

        def kill_in_the_middle() -> None:
            for _ in range(36_000):
                if any(shelf.rglob("0*.parquet")):
                    killed.append(here.kill(here.workers[0]))
                    here.worker()
                    return
                time.sleep(0.05)

        killer = Thread(target=kill_in_the_middle)
        killer.start()
        ended(here, *BACKFILL)
        killer.join()
        assert killed
        assert killed[0] > 1
        asked = Counter(web.asked)
        one, many = Store(here.folder / "one"), Store(here.folder / "store")
        web.asked.clear()
        alone = ("--plain", "--store", str(one.folder))
        ended(here, *BACKFILL, *alone, VOLTWIRE_SHARDS="")
        assert differences(rows(many), rows(one)) == {}
        assert len(rows(one)["articles"]) > 80
        assert list(shelf.iterdir()) == []
        lost = here.api.runs("piece/piece", "CRASHED", "FAILED", "CANCELLED")
        done = Counter(run["name"] for run in here.api.runs("piece/piece", "COMPLETED"))
        assert set(done.values()) == {1}
        assert len(done) == 3 * 12
        assert [run["name"] in done for run in lost] == [True] * len(lost)
        assert len(lost) <= 1  # none where the kill came between two pieces
        # the pages of the batch that was under way, once more; no page of any other slice
        months = published(one)
        twice = {url: asked[url] - web.asked[url] for url in months if asked[url] > web.asked[url]}
        print(f"{len(twice)} of {len(months)} pages asked for twice")
        assert set(twice.values()) <= {1}
        assert len({months[url] for url in twice}) <= len(lost)
        ended(here, *INGEST)
        ended(here, *INGEST, *alone, VOLTWIRE_SHARDS="")
        assert differences(rows(many), rows(one)) == {}


def published(store: Store) -> dict[str, str]:
    """Address of each article's page -> the month that it is of."""
    with store.write() as con:
        return dict(
            con.execute(
                "SELECT e.url, strftime(a.published_at, '%Y-%m') FROM core.entries e "
                "JOIN core.articles a USING (article_id)"
            ).fetchall()
        )


def test_two_workers_do_a_backfill_of_files_in_less_time_than_one(
    tmp_path: Path, web: ReplayedWeb
) -> None:
    """Twelve files of forty real pages each; prints what the table in docs/scaling.md says."""
    files = slices_of(WEEK.parent / "extraction" / "wcxb_article.warc.gz", tmp_path, 12, 40)
    words = ("backfill", "--route", "warc", *map(str, files), "--all-topics")
    with machines(tmp_path, web, feeds_of(web)[:1], workers=1, VOLTWIRE_SHARD_GROUPS="2") as here:
        took: dict[str, float] = {}
        for name, workers in (("alone", 0), ("one worker", 1), ("two workers", 2)):
            store = here.folder / name.replace(" ", "-")
            if workers == 2:
                here.worker()
                wait_until(lambda: here.online() >= 2, 120, "the second worker", here.log)
            began = time.monotonic()
            plain = () if workers else ("--plain",)
            shards = {} if workers else {"VOLTWIRE_SHARDS": ""}
            ended(here, *words, *plain, "--store", str(store), **shards)
            took[name] = time.monotonic() - began
            found = rows(Store(store))["articles"]
            assert len(found) > 400
        print("\n" + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
        print(f"overhead a slice, one worker: {(took['one worker'] - took['alone']) / 12:.1f} s")


def slices_of(archive: Path, folder: Path, number: int, pages: int) -> list[Path]:
    """The first pages of ``archive`` as so many archives."""
    source = read_pages(archive)
    files = []
    for each in range(number):
        place = folder / f"slice-{each:02}"
        with ArchiveWriter(place, lambda: datetime.now(UTC)) as writer:
            for one in islice(source, pages):
                writer.write(
                    url=one.url, status=200, phrase="OK", body=one.body, fetched_at=one.fetched_at,
                    headers=[("Content-Type", one.content_type)],
                )  # fmt: skip
        files += place.rglob("*.warc.gz")
    return files
