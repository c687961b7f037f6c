"""``voltwire serve`` and ``voltwire deploy`` against a real server."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows.prefect_server import free_port
from tests.flows.prefect_support import (
    MARK,
    PREFECT,
    VOLTWIRE,
    Api,
    Place,
    article_text,
    environment,
    feeds_file,
    marked,
    running,
    site,
    wait_until,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc"),
]
# Deadlines are hang guards for a machine that is busy with other things; each is several times
# what the step takes.
START, RUN, STOP = 300.0, 300.0, 120.0
EVERY_MINUTE = "* * * * *"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """``voltwire serve`` with a server of its own, once it has said what it serves."""
    folder = tmp_path_factory.mktemp("serve")
    store, port, log = folder / "store", free_port(), folder / "log"
    env = environment(folder / "prefect", VOLTWIRE_ALLOW_HOSTS="127.0.0.1", VOLTWIRE_WORKERS="1")
    command = [*VOLTWIRE, "serve", "--cron", EVERY_MINUTE, "--port", str(port)]
    with site() as news:
        command += ["--store", str(store), "--feeds", str(feeds_file(folder, news))]
        with running(command, env, log, cwd=folder) as process:
            place = Place(process, Api(port), folder, store, log, env, news)
            wait_until(lambda: "next run" in log.read_text(), START, "the screen", log)
            yield place


def rows(path: Path) -> Path:
    """Three dated articles as a jsonl file."""
    path.write_text(
        "".join(
            json.dumps(
                {
                    "url": f"https://archive.example/{number}",
                    "title": f"Kept piece {number}",
                    "published": f"2025-03-{number * 9:02d}T10:00:00Z",
                    "text": article_text(number),
                }
            )
            + "\n"
            for number in (1, 2, 3)
        )
    )
    return path


def backfill_by_command(place: Place, path: Path) -> dict[str, Any]:
    """Trigger a backfill of one week of ``path`` as a person would; the run once it has ended."""
    before = {run["id"] for run in place.api.runs("backfill/backfill", "COMPLETED")}
    words = ["deployment", "run", "backfill/backfill", "--param", "route=jsonl"]
    words += ["--param", f"paths={json.dumps([str(path)])}"]
    words += ["--param", "since=2025-03-15", "--param", "until=2025-03-21"]
    done = subprocess.run(
        [*PREFECT, *words],
        env=place.env | {"PREFECT_API_URL": place.api.url},
        capture_output=True,
        timeout=RUN,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()

    def new() -> list[dict[str, Any]]:
        runs = place.api.runs("backfill/backfill", "COMPLETED", "FAILED", "CRASHED")
        return [run for run in runs if run["id"] not in before]

    run: dict[str, Any] = wait_until(new, RUN, "the backfill's end", place.log)[0]
    return run


def test_serve_says_on_one_screen_what_is_scheduled_and_how_to_use_it(served: Place) -> None:
    """The screen names the store, the schedule, the next run, the UI and the backfill command."""
    said = served.log.read_text()
    assert str(served.store) in said
    assert "* * * * * (UTC)" in said
    assert "NONE" not in said
    assert f"http://127.0.0.1:{served.port}" in said
    assert "prefect deployment run backfill/backfill --param" in said


def test_a_wrong_parameter_is_refused_before_a_run_is_made(served: Place) -> None:
    """A route that does not exist is refused by the server, by name."""
    code, answer = served.api.start("backfill/backfill", {"paths": ["x"], "route": "pigeon"})
    assert code in (409, 422)
    assert "pigeon" in answer


def test_a_manual_backfill_with_parameters_reaches_the_published_store(served: Place) -> None:
    """A triggered backfill keeps to its window, and its rows are in the published store."""
    run = backfill_by_command(served, rows(served.folder / "rows.jsonl"))
    assert run["state_type"] == "COMPLETED", served.log.read_text()
    found = served.sql(
        "select url, published_at::date::varchar from articles"
        " where url like 'https://archive.example/%'"
    )
    assert found == [("https://archive.example/2", "2025-03-18")]


def test_a_scheduled_run_appears_completes_and_publishes_its_articles(served: Place) -> None:
    """Nobody triggers it: the cron line's run polls the feed and its articles are published."""

    def done() -> list[dict[str, Any]]:
        ended = served.api.runs("ingest-news/ingest-news", "COMPLETED", "FAILED", "CRASHED")
        return [run for run in ended if run["auto_scheduled"]]

    run = wait_until(done, RUN + 60, "a scheduled run", served.log)[0]
    assert run["state_type"] == "COMPLETED", served.log.read_text()
    found = served.sql(f"select url from articles where url like '{served.site.url}/%' order by 1")
    assert found == [(f"{served.site.url}/news/1",), (f"{served.site.url}/news/2",)]


def test_deploy_brings_a_server_to_what_it_should_be_however_often_it_is_run(
    served: Place,
) -> None:
    """Deploying twice leaves one pool, one schedule, limits, heartbeats and two automations."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deploying import deploy, manual_deployment, scheduled_deployment
    from flows.settings import Settings

    settings = Settings(store=served.store, schedule=EVERY_MINUTE)
    before = served.api.deployment("ingest-news/ingest-news")["id"]
    try:
        with temporary_settings({PREFECT_API_URL: served.api.url}):
            first = asyncio.run(deploy(settings, "voltwire", {"VOLTWIRE_STORE": "/elsewhere"}))
            second = asyncio.run(deploy(settings, "voltwire", {"VOLTWIRE_STORE": "/srv/news"}))
        assert (first.pool_made, second.pool_made) == (True, False)
        assert second.times.next_run is not None
        # `serve` had set up the automations already, and its server is one for years.
        assert {one.done for one in (*first.automations, *second.automations)} == {"unchanged"}
        assert len(served.api.automations()) == 2
        assert first.notes == second.notes == ()
        news = served.api.deployment("ingest-news/ingest-news")
        assert news["id"] == before
        assert [one["schedule"]["cron"] for one in news["schedules"]] == [EVERY_MINUTE]
        assert news["schedules"][0]["active"]
        assert news["global_concurrency_limit"]["limit"] == 1
        assert news["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert news["work_pool_name"] == "voltwire"
        assert news["entrypoint"] == "flows.scheduled.ingest_news"
        assert news["job_variables"]["env"] == {
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "VOLTWIRE_STORE": "/srv/news",
        }
        manual = served.api.deployment("backfill/backfill")
        assert manual["schedules"] == []
        assert manual["concurrency_options"]["collision_strategy"] == "ENQUEUE"
        asked = manual["parameter_openapi_schema"]["properties"]
        assert asked["paths"]["type"] == "array"
        assert set(asked["route"]["enum"]) >= {"jsonl", "warc"}
        assert any(kind.get("format") == "date" for kind in asked["since"]["anyOf"])
    finally:
        # As a restart of `serve` does, which takes them back.
        with temporary_settings({PREFECT_API_URL: served.api.url}):

            async def back() -> None:
                for one in (await scheduled_deployment(settings), await manual_deployment()):
                    await one.aapply()

            asyncio.run(back())
    assert served.api.deployment("ingest-news/ingest-news")["work_pool_name"] is None


@pytest.mark.long
def test_sigterm_in_the_middle_of_a_run_ends_everything_and_leaves_nothing_paused(
    served: Place,
) -> None:
    """SIGTERM ends serve, its run and its server; the run is marked, the schedule stays active."""
    served.site.held = {3}
    served.site.listed = [1, 2, 3]

    def held() -> bool:
        # A run that the schedule has just begun makes the server refuse ours: ask again, but
        # not while one of ours waits to be picked up. (A run a look would drown the server.)
        begun = served.api.runs("ingest-news/ingest-news", "PENDING", "RUNNING")
        waiting = served.api.runs("ingest-news/ingest-news", "SCHEDULED")
        if not begun and all(run["auto_scheduled"] for run in waiting):
            served.api.start("ingest-news/ingest-news", {"force": True})
        return 3 in served.site.asked

    wait_until(held, RUN, "a run that waits for a page", served.log)
    under_way = served.api.runs("ingest-news/ingest-news", "RUNNING")
    assert len(under_way) == 1

    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(STOP) == 0, served.log.read_text()
    wait_until(lambda: not marked(served.env[MARK]), 20, "no process left", served.log)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", served.port)) != 0

    books = served.store / "prefect" / "prefect.db"
    with closing(sqlite3.connect(books)) as con:
        assert con.execute("select distinct paused from deployment").fetchall() == [(0,)]
        assert con.execute("select distinct active from deployment_schedule").fetchall() == [(1,)]
        ends = con.execute(
            "select state_type from flow_run where id = ?", [under_way[0]["id"]]
        ).fetchall()
    assert ends == [("CANCELLED",)]
    assert served.sql("select count(*) from articles where url like '%/news/3'") == [(0,)]
    assert [state for (state,) in served.sql("select state from runs order by started_at")][
        -1
    ] == "failed"
