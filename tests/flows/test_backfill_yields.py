"""A backfill lets a scheduled ingest in: two processes on one store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from site_support import InProcess, Site, body, item

ROWS = 3_000


@pytest.mark.long
def test_an_ingest_gets_its_turns_while_a_backfill_writes_batch_after_batch(tmp_path: Path) -> None:
    """It is done, and what it stored can be queried, long before the backfill is."""
    here = Site(tmp_path)
    here.workers = InProcess
    rows = tmp_path / "rows.jsonl"
    with rows.open("w") as file:
        for number in range(ROWS):
            url = f"https://b.example/report-number-{number}"
            file.write(json.dumps({"url": url, "text": body(f"row{number}")}) + "\n")
    words = ["backfill", "--plain", "--all-topics", "--route", "jsonl", str(rows)]
    backfill = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *words, "--store", str(here.store.folder)],
        env=os.environ | {"VOLTWIRE_BACKFILL_BATCH": "5", "VOLTWIRE_WORKERS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not here.store.live.exists():
            assert backfill.poll() is None
            time.sleep(0.05)
        here.web.feed(item("one"))
        here.web.pages("one")
        assert here.run().stored == 1
        assert backfill.poll() is None
        assert here.rows("select count(*) from articles where feed = 'a'") == [(1,)]
        kinds = here.rows("select kind, state from runs order by kind")
        assert kinds == [("backfill", "running"), ("ingest", "completed")]
    finally:
        backfill.kill()
        backfill.wait()
