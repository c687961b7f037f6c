"""Kills and restarts of server, worker and run, with real processes and a one-minute schedule."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from prefect_support import (
    MARK,
    PREFECT,
    ROOT,
    VOLTWIRE,
    Api,
    Place,
    environment,
    feeds_file,
    free_port,
    marked,
    processes_of,
    running,
    site,
    wait_until,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc"),
]
# Hang guards for a machine that is busy with other things.
START, RUN = 240.0, 180.0
# From the kill to the mark: 90 s of silence and the server's 5 s between two looks, or 105 s for
# a run that never began; the rest is for a busy machine.
MARKED = 150.0
EVERY_MINUTE = "* * * * *"
NEWS = "ingest-news/ingest-news"


def server_variables() -> dict[str, str]:
    """The environment that the unit in ``deploy/`` gives a server."""
    unit = (ROOT / "deploy" / "voltwire-server.service").read_text()
    pairs = re.findall(r"^Environment='?(\w+)=(.*?)'?$", unit, re.MULTILINE)
    return dict(pairs)


@dataclass
class Farm:
    """A server that can be restarted, with the deployments on it, and workers on demand."""

    place: Place
    start_server: Callable[[], subprocess.Popen[bytes]]
    held: Iterator[int]

    @contextmanager
    def worker(self, name: str) -> Iterator[Worker]:
        """A worker of the pool, until the block ends."""
        folder = self.place.folder / name
        folder.mkdir(exist_ok=True)
        mark = str(folder)
        env = self.place.env | {MARK: mark, "PREFECT_API_URL": self.place.api.url}
        command = [*PREFECT, "worker", "start", "--pool", "voltwire", "--name", name]
        with running(command, env, folder / "log", cwd=folder) as process:
            yield Worker(process, mark, folder / "log")

    def idle(self) -> None:
        """Wait until no run is under way."""
        wait_until(
            lambda: not self.place.api.runs(NEWS, "PENDING", "RUNNING", "CANCELLING"),
            MARKED,
            "a free slot",
            self.place.log,
        )

    def run_that_waits(self) -> dict[str, Any]:
        """A run under way that waits for a page; ``place.site.release`` lets it go on."""
        news, api = self.place.site, self.place.api
        number = next(self.held)
        news.release = threading.Event()
        news.held = {number}
        news.listed = [1, 2, number]

        def waits() -> bool:
            begun = api.runs(NEWS, "PENDING", "RUNNING")
            waiting = api.runs(NEWS, "SCHEDULED")
            if not begun and all(run["auto_scheduled"] for run in waiting):
                api.start(NEWS, {"force": True})
            return number in news.asked

        wait_until(waits, RUN, "a run that waits for a page", self.place.log)
        [run] = wait_until(lambda: api.runs(NEWS, "RUNNING"), 30, "a running run")
        return dict(run)

    def ended(self, run: dict[str, Any], seconds: float) -> tuple[str, float]:
        """The run's end and how many seconds it took to be marked."""
        began = time.monotonic()
        end = wait_until(
            lambda: self.place.api.ended(run["id"]), seconds, "the run's end", self.place.log
        )
        return end["state_type"], time.monotonic() - began

    def next_run_is_green(self) -> None:
        """A run that comes later completes, and the store holds together."""
        self.place.site.release.set()
        before = {run["id"] for run in self.place.api.runs(NEWS, "COMPLETED")}

        def done() -> list[dict[str, Any]]:
            ended = self.place.api.runs(NEWS, "COMPLETED")
            return [run for run in ended if run["id"] not in before]

        wait_until(done, RUN, "a completed run", self.place.log)
        check = subprocess.run(
            [*VOLTWIRE, "store", "check", "--store", str(self.place.store)],
            env=self.place.env,
            capture_output=True,
            timeout=RUN,
        )
        assert check.returncode == 0, (check.stdout + check.stderr).decode()

    def crashed(self) -> int:
        """How many rows of ``runs`` are marked as crashed."""
        return int(self.place.sql("select count(*) from runs where state = 'crashed'")[0][0])


@dataclass
class Worker:
    """A worker's process."""

    process: subprocess.Popen[bytes]
    mark: str
    log: Path

    def run(self, run: dict[str, Any]) -> int:
        """The process of a flow run."""
        found: int = wait_until(
            lambda: processes_of(run["id"], self.mark), 30, "the run's process", self.log
        )[0]
        return found


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A server as ``deploy/`` has it, made ready by ``voltwire deploy``; no worker yet."""
    folder = tmp_path_factory.mktemp("farm")
    store, port, log = folder / "store", free_port(), folder / "log"
    variables = {"VOLTWIRE_ALLOW_HOSTS": "127.0.0.1", "VOLTWIRE_WORKERS": "1"}
    env = environment(folder / "prefect", **variables)
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    api = Api(port)

    @contextmanager
    def server() -> Iterator[subprocess.Popen[bytes]]:
        with running(command, env | server_variables(), log, cwd=folder) as process:
            wait_until(api.ready, START, "the server", log)
            yield process

    with ExitStack() as stack:
        news = stack.enter_context(site())
        place = Place(stack.enter_context(server()), api, folder, store, log, env, news)
        words = ["deploy", "--cron", EVERY_MINUTE, "--store", str(store)]
        words += ["--feeds", str(feeds_file(folder, news))]
        done = subprocess.run(
            [*VOLTWIRE, *words],
            env=env | {"PREFECT_API_URL": api.url},
            cwd=folder,
            capture_output=True,
            timeout=START,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        yield Farm(place, lambda: stack.enter_context(server()), iter(range(3, 13)))


def test_a_run_that_comes_due_while_another_is_at_work_is_dropped(farm: Farm) -> None:
    """With one run held, the schedule's next runs end as cancelled, and one is running."""
    with farm.worker("overlap"):
        run = farm.run_that_waits()
        wait_until(
            lambda: [
                one
                for one in farm.place.api.runs(NEWS, "CANCELLED")
                if one["expected_start_time"] > run["start_time"]
            ],
            RUN,
            "a dropped run",
            farm.place.log,
        )
        assert [one["id"] for one in farm.place.api.runs(NEWS, "RUNNING")] == [run["id"]]
        farm.place.site.release.set()
        assert farm.ended(run, RUN)[0] == "COMPLETED"
        farm.next_run_is_green()


def test_a_killed_run_is_marked_by_its_worker(farm: Farm) -> None:
    """kill -9 of the run: Crashed at once in Prefect, crashed in ``runs`` with the next run."""
    before = farm.crashed()
    with farm.worker("flow") as worker:
        run = farm.run_that_waits()
        os.kill(worker.run(run), signal.SIGKILL)
        state, seconds = farm.ended(run, MARKED)
        print(f"run killed: {state} after {seconds:.0f} s")
        assert state == "CRASHED"
        farm.next_run_is_green()
    assert farm.crashed() == before + 1


def test_a_run_whose_worker_is_killed_goes_on_to_its_end(farm: Farm) -> None:
    """kill -9 of the worker: the run completes, and the next worker goes on."""
    with farm.worker("worker") as worker:
        run = farm.run_that_waits()
        worker.process.kill()
        worker.process.wait()
        farm.place.site.release.set()
        state, seconds = farm.ended(run, MARKED)
        print(f"worker killed: {state} after {seconds:.0f} s")
        assert state == "COMPLETED"
    with farm.worker("worker-2"):
        farm.next_run_is_green()


def test_a_run_killed_with_its_worker_is_marked_and_its_slot_is_free(farm: Farm) -> None:
    """kill -9 of both: Crashed once it is silent for 90 s, and the next run gets the slot."""
    before = farm.crashed()
    with farm.worker("both") as worker:
        run = farm.run_that_waits()
        process = worker.run(run)
        worker.process.kill()
        os.kill(process, signal.SIGKILL)
        worker.process.wait()
    with farm.worker("both-2"):
        state, seconds = farm.ended(run, MARKED)
        print(f"both killed: {state} after {seconds:.0f} s")
        assert state == "CRASHED"
        farm.next_run_is_green()
    assert farm.crashed() == before + 1


@pytest.mark.parametrize("whom", ["worker", "both"])
def test_a_run_whose_worker_is_ended_is_marked_and_its_slot_is_free(farm: Farm, whom: str) -> None:
    """SIGTERM to the worker, or as systemd sends it to both: marked in time, the slot free."""
    with farm.worker(f"term-{whom}") as worker:
        run = farm.run_that_waits()
        process = worker.run(run)
        worker.process.terminate()
        if whom == "both":
            os.kill(process, signal.SIGTERM)
        worker.process.wait(RUN)
        state, seconds = farm.ended(run, MARKED)
        print(f"SIGTERM to {whom}: {state} after {seconds:.0f} s")
        assert state in ("CRASHED", "CANCELLED")
        wait_until(lambda: not marked(worker.mark), 30, "no process left", worker.log)
    with farm.worker(f"term-{whom}-2"):
        farm.next_run_is_green()


def test_a_run_lives_through_a_restart_of_the_server(farm: Farm) -> None:
    """The server is ended and started again in the middle of a run, which completes."""
    with farm.worker("restart"):
        run = farm.run_that_waits()
        farm.place.process.terminate()
        farm.place.process.wait(RUN)
        farm.place = replace(farm.place, process=farm.start_server())
        farm.place.site.release.set()
        state, seconds = farm.ended(run, MARKED)
        print(f"server restarted: {state} after {seconds:.0f} s")
        assert state == "COMPLETED"
        farm.next_run_is_green()


def test_runs_missed_while_no_worker_was_there_collapse_to_one(farm: Farm) -> None:
    """With the worker down for several periods, one of the missed runs is made up for."""
    farm.idle()

    def late() -> list[dict[str, Any]]:
        found = farm.place.api.runs(NEWS, "SCHEDULED")
        return [run for run in found if run["state_name"] == "Late"]

    wait_until(lambda: len(late()) >= 3, 300, "three late runs", farm.place.log)
    missed = late()
    with farm.worker("late"):
        ends = [farm.ended(run, RUN)[0] for run in missed]
        assert sorted(ends) == ["CANCELLED"] * (len(ends) - 1) + ["COMPLETED"]
        farm.next_run_is_green()
