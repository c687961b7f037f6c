"""A backfill that a person cancels in Prefect's UI: real server, real processes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.prefect_server import free_port
from tests.flows.prefect_support import (
    MARK,
    VOLTWIRE,
    Api,
    Place,
    environment,
    feeds_file,
    processes_of,
    running,
    site,
    wait_until,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc"),
]
START, RUN = 240.0, 240.0
NEVER = "0 0 1 1 *"
BACKFILL = "backfill/backfill"


def test_a_cancelled_backfill_leaves_the_store_whole_and_is_gone_on_from(tmp_path: Path) -> None:
    """Both it and its slice end as cancelled, nothing runs on, the next one stores the rest."""
    store, port, log = tmp_path / "store", free_port(), tmp_path / "log"
    env = environment(tmp_path / "prefect", VOLTWIRE_ALLOW_HOSTS="127.0.0.1", VOLTWIRE_WORKERS="1")
    with site() as news:
        command = [*VOLTWIRE, "serve", "--cron", NEVER, "--port", str(port)]
        command += ["--store", str(store), "--feeds", str(feeds_file(tmp_path, news))]
        with running(command, env, log, cwd=tmp_path) as process:
            place = Place(process, Api(port), tmp_path, store, log, env, news)
            wait_until(lambda: "next run" in log.read_text(), START, "the screen", log)
            news.listed, news.held = [1, 2, 3, 4], {3}

            stopped = begun(place)
            wait_until(lambda: 3 in news.asked, RUN, "a page that is waited for", log)
            place.api.cancel(stopped)
            ended = wait_until(lambda: place.api.ended(stopped), RUN, "the end", log)
            assert ended["state_type"] == "CANCELLED"
            wait_until(lambda: not processes_of(stopped, env[MARK]), RUN, "no process", log)
            slices = wait_until(lambda: place.api.ended_parts(stopped), RUN, "the slice's end", log)
            assert {one["state_type"] for one in slices} <= {"CANCELLED", "CRASHED"}
            assert checked(place) == 0

            news.release.set()
            again = begun(place)
            ended = wait_until(lambda: place.api.ended(again), RUN, "the second's end", log)
            assert ended["state_type"] == "COMPLETED", log.read_text()
            assert checked(place) == 0
            found = place.sql("select url from articles order by 1")
            assert found == [(f"{news.url}/news/{number}",) for number in (1, 2, 3, 4)]
            states = [state for (state,) in place.sql("select state from runs order by started_at")]
            assert states[-2:] == ["failed", "completed"], states


def begun(place: Place) -> str:
    """A backfill of the last days, as the UI's form starts it; its id."""
    today = datetime.now(UTC).date()
    code, answer = place.api.start(
        BACKFILL,
        {"route": "feed-archive", "since": f"{today - timedelta(days=2)}", "until": f"{today}"},
    )
    assert code == 201, answer
    run_id: Any = answer["id"]
    return str(run_id)


def checked(place: Place) -> int:
    """The exit code of ``store check``."""
    return subprocess.run(
        [*VOLTWIRE, "store", "check", "--store", str(place.store)],
        env=place.env,
        capture_output=True,
        timeout=RUN,
    ).returncode
