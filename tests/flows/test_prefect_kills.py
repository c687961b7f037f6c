"""Kills and restarts of server, worker and run, with real processes and a one-minute schedule."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flows.prefect_server import free_port
from tests.flows.prefect_support import (
    MARK,
    PREFECT,
    ROOT,
    VOLTWIRE,
    Api,
    Place,
    environment,
    feeds_file,
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
START, RUN = 300.0, 300.0
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
        self.idle()
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
        with running(command, server_variables() | env, log, cwd=folder) as process:
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


def test_a_run_whose_worker_is_killed_ends_and_says_how(farm: Farm) -> None:
    """kill -9 of the worker: the run ends with its next line of log, which nobody reads any more,
    or completes if it has none to say; the next worker goes on."""
    with farm.worker("worker") as worker:
        run = farm.run_that_waits()
        worker.process.kill()
        worker.process.wait()
        farm.place.site.release.set()
        state, seconds = farm.ended(run, MARKED)
        print(f"worker killed: {state} after {seconds:.0f} s")
        assert state in ("CRASHED", "COMPLETED")
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


@pytest.mark.parametrize("how", ["SIGTERM", "systemctl stop"])
def test_a_run_whose_worker_is_ended_is_marked_and_its_slot_is_free(farm: Farm, how: str) -> None:
    """Ended outright or as the unit does it: the run is marked in time, and the slot is free."""
    with farm.worker(f"end-{how[:3]}") as worker:
        run = farm.run_that_waits()
        worker.run(run)
        if how == "systemctl stop":
            unit = (ROOT / "deploy" / "voltwire-worker.service").read_text()
            [stop] = re.findall("^ExecStop=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
            stop = stop.replace("$MAINPID", str(worker.process.pid))
            subprocess.run(["/bin/sh", "-c", stop], check=True, timeout=RUN)
        worker.process.terminate()
        worker.process.wait(RUN)
        state, seconds = farm.ended(run, MARKED)
        print(f"{how} of the worker: {state} after {seconds:.0f} s")
        assert state == "CRASHED"
        wait_until(lambda: not marked(worker.mark), 30, "no process left", worker.log)
    with farm.worker(f"end-{how[:3]}-2"):
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


@contextmanager
def serving(farm_place: Place) -> Iterator[Place]:
    """``voltwire serve`` with a server of its own, in the folder of ``farm_place``."""
    command = [*VOLTWIRE, "serve", "--cron", EVERY_MINUTE, "--port", str(farm_place.port)]
    command += ["--store", str(farm_place.store)]
    command += ["--feeds", str(feeds_file(farm_place.folder, farm_place.site))]
    log = farm_place.log
    with running(command, farm_place.env, log, cwd=farm_place.folder) as process:
        wait_until(lambda: "next run" in log.read_text(), START, "the screen", log)
        yield replace(farm_place, process=process)


def test_serve_outlives_its_server_and_a_restart_outlives_serve(tmp_path: Path) -> None:
    """kill -9 of the server: started again by serve; of serve in a run: marked after a restart."""
    env = environment(tmp_path / "prefect", VOLTWIRE_ALLOW_HOSTS="127.0.0.1", VOLTWIRE_WORKERS="1")
    with site() as news, ExitStack() as stack:
        first = Place(
            None, Api(free_port()), tmp_path, tmp_path / "store", tmp_path / "log", env, news
        )  # type: ignore[arg-type]
        place = stack.enter_context(serving(first))
        farm = Farm(place, lambda: place.process, iter(range(3, 13)))

        server = [pid for pid in marked(env[MARK]) if listens(pid, place.port)]
        assert len(server) == 1
        os.kill(server[0], signal.SIGKILL)
        wait_until(lambda: "starting it again" in place.log.read_text(), RUN, "a word", place.log)
        wait_until(place.api.ready, START, "the server", place.log)
        farm.next_run_is_green()

        run = farm.run_that_waits()
        place.process.kill()
        place.process.wait()
        # As systemd does with what a dead service leaves behind.
        for pid in marked(env[MARK]):
            os.kill(pid, signal.SIGKILL)
        farm.place = stack.enter_context(serving(place))
        state, seconds = farm.ended(run, MARKED)
        print(f"serve killed: {state} after {seconds:.0f} s")
        assert state == "CRASHED"
        farm.next_run_is_green()
        assert farm.crashed() == 1


def listens(pid: int, port: int) -> bool:
    """Whether the process has the listening socket of ``port``."""
    wanted = f":{port:04X} 00000000:0000 0A"
    inodes = {
        f"socket:[{line.split()[9]}]"
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if wanted in line
    }
    try:
        links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return not inodes.isdisjoint(links)


def test_what_is_older_than_a_month_leaves_the_servers_database(farm: Farm) -> None:
    """Runs and events that are made old are gone after the server's next cleaning, with all that
    hung on them."""
    farm.idle()
    books = farm.place.folder / "prefect" / "prefect.db"
    farm.place.process.terminate()
    farm.place.process.wait(RUN)
    ended = "state_type in ('COMPLETED', 'CRASHED', 'CANCELLED', 'FAILED')"
    with closing(sqlite3.connect(books)) as con, con:
        runs = con.execute(f"select count(*) from flow_run where {ended}").fetchone()[0]
        assert runs > 0
        assert con.execute(
            f"select count(*) from flow_run where {ended} and end_time is null"
        ).fetchone() == (0,)
        con.execute(f"update flow_run set end_time = '2020-01-01 00:00:00' where {ended}")
        con.execute("update events set occurred = '2020-01-01 00:00:00'")
        con.execute("update event_resources set occurred = '2020-01-01 00:00:00'")
    extra = {"PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "5"}
    farm.place.env.update(extra)
    farm.place = replace(farm.place, process=farm.start_server())

    def left() -> dict[str, int]:
        old = "2020-02-01"
        with closing(sqlite3.connect(books, timeout=30)) as con:
            return {
                table: con.execute(f"select count(*) from {table} where {where}").fetchone()[0]
                for table, where in (
                    ("flow_run", f"end_time < '{old}'"),
                    ("events", f"occurred < '{old}'"),
                    ("event_resources", f"occurred < '{old}'"),
                    ("task_run", "1"),
                    ("log", "1"),
                    ("artifact", "1"),
                )
            }

    try:
        wait_until(lambda: not any(left().values()), MARKED, "an empty database", farm.place.log)
    except AssertionError as error:
        raise AssertionError(f"still there: {left()}") from error
