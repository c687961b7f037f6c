"""Real processes for the Prefect tests: a small site, a server, and ways to ask and end them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from storage.store import Store

ROOT = Path(__file__).parents[2]
MARK = "PROCESS_OF_VOLTWIRE_TEST"
VOLTWIRE = [sys.executable, "-m", "flows.cli"]
PREFECT = [sys.executable, "-m", "prefect"]
SUBJECTS = {
    1: ("Solid-state pilot line starts in Norland", "cathode powder", "ceramic separators"),
    2: ("City orders ninety electric buses", "overnight depots", "pantograph charging"),
    3: ("Lithium brine permit is granted", "evaporation ponds", "direct extraction"),
    4: ("Charging network raises its prices", "kilowatt hours", "roaming contracts"),
    5: ("Ferry line swaps diesel for cells", "harbour chargers", "hull ballast"),
    6: ("Recycler opens second shredder hall", "black mass", "sulphate yield"),
    7: ("Truck maker drops its hydrogen plans", "axle motors", "tank bundles"),
    8: ("Sodium cells reach a grid park", "hard carbon", "inverter halls"),
    9: ("Court halts a nickel smelter", "matte tonnage", "tailings dams"),
    10: ("Utility leases its old car packs", "second life racks", "peak tariffs"),
    11: ("Scooter fleet moves to swap lockers", "cabinet sites", "handle locks"),
    12: ("Anode plant books a silane tank", "silicon blends", "coating lines"),
}


def article_text(number: int) -> str:
    """Some 200 words about batteries, unlike those of any other number."""
    title, first, second = SUBJECTS[number]
    return "\n\n".join(
        f"{title}, section {part}: engineers compared {first} with {second} for battery electric "
        f"vehicles and found case {number}{part}{chr(96 + part)} cheaper by {number * part} "
        f"percent. {opening} plant {number * 100 + part} will deliver {part * number + 7} "
        f"megawatt hours of storage, its {word} said."
        for part, (opening, word) in enumerate(
            [("Later", "owner"), ("Soon", "mayor"), ("Still", "buyer"), ("Then", "lender")], 1
        )
    )


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if self.path == "/feed":
            self._answer("application/rss+xml", self.server.feed())
        elif self.path.startswith("/news/"):
            number = int(self.path.rsplit("/", 1)[1])
            self.server.asked.add(number)
            if number in self.server.held:
                self.server.release.wait(240)
            self._answer("text/html; charset=utf-8", page(number))
        else:
            self.send_error(404)

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def page(number: int) -> str:
    """An article's page."""
    title = SUBJECTS[number][0]
    body = "".join(f"<p>{part}</p>" for part in article_text(number).split("\n\n"))
    return (
        f"<!doctype html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )


class Site(ThreadingHTTPServer):
    """One feed and its pages on 127.0.0.1; a page in ``held`` is answered after ``release``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.listed = [1, 2]
        self.held: set[int] = set()
        self.asked: set[int] = set()
        self.release = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def feed(self) -> str:
        """The feed as it is now."""
        at = format_datetime(datetime.now(UTC) - timedelta(hours=1))
        items = "".join(
            f"<item><title>{SUBJECTS[number][0]}</title><link>{self.url}/news/{number}</link>"
            f"<guid>{self.url}/news/{number}</guid><pubDate>{at}</pubDate></item>"
            for number in self.listed
        )
        return (
            "<?xml version='1.0'?><rss version='2.0'><channel><title>Loop</title>"
            f"<link>{self.url}</link><description>of the test</description>{items}</channel></rss>"
        )


@contextmanager
def site() -> Iterator[Site]:
    """A running ``Site``."""
    server = Site()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def feeds_file(folder: Path, news: Site) -> Path:
    """A list with the one feed of ``news``."""
    path = folder / "feeds.toml"
    path.write_text(f'[[feed]]\nurl = "{news.url}/feed"\nslug = "loop"\nscope = "focus"\n')
    return path


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without its Prefect and voltwire settings, and with ``more``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "VOLTWIRE_"))
    }
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        MARK: str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        **more,
    }


@contextmanager
def running(
    command: list[str], env: Mapping[str, str], log: Path, cwd: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in ``log``; ended, children and all, when the block ends."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
        # Only what was started from here carries the mark with this folder.
        for pid in marked(env[MARK]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def marked(mark: str) -> list[int]:
    """Processes alive whose environment says that they come from the test with this mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            dead = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
            if not dead and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def wait_until(true: Callable[[], Any], seconds: float, what: str, log: Path | None = None) -> Any:
    """What ``true`` returns once it is true; a failure that shows ``log`` when that is too late."""
    deadline = time.monotonic() + seconds
    while True:
        found = None
        with suppress(TimeoutError):  # a busy server answers the next time
            found = true()
        if found:
            return found
        if time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-4000:] if log else ""
            raise AssertionError(f"not within {seconds:.0f} s: {what}\n{said}")
        time.sleep(0.5)


def processes_of(run_id: str, mark: str) -> list[int]:
    """Processes of a flow run, its own first and those that it started after it."""
    wanted = f"PREFECT__FLOW_RUN_ID={run_id}".encode()
    found = []
    for pid in marked(mark):
        with suppress(OSError):
            if wanted in (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0"):
                found.append(pid)
    return sorted(found, key=lambda pid: (_parent(pid) in found, pid))


def _parent(pid: int) -> int:
    try:
        stat = (Path("/proc") / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return int(stat.rsplit(")", 1)[1].split()[1])


class Api:
    """A Prefect server's REST interface, as far as the tests ask it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/api"

    def ready(self) -> bool:
        """Does it answer?"""
        try:
            return self._ask("/health") is True
        except OSError:
            return False

    def deployment(self, name: str) -> dict[str, Any]:
        """The deployment called ``flow/name``."""
        found: dict[str, Any] = self._ask(f"/deployments/name/{name}")
        return found

    def runs(self, deployment: str, *states: str) -> list[dict[str, Any]]:
        """The deployment's runs in one of ``states`` (upper case)."""
        asked = {
            "deployments": {"id": {"any_": [self.deployment(deployment)["id"]]}},
            "flow_runs": {"state": {"type": {"any_": list(states)}}},
        }
        found: list[dict[str, Any]] = self._ask("/flow_runs/filter", asked)
        return found

    def start(self, deployment: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        """Ask for a run; the HTTP status and the answer."""
        where = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        try:
            return 201, self._ask(where, {"parameters": parameters})
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def automations(self) -> list[dict[str, Any]]:
        """All that are there."""
        found: list[dict[str, Any]] = self._ask("/automations/filter", {})
        return found

    def run(self, run_id: str) -> dict[str, Any]:
        """One run."""
        found: dict[str, Any] = self._ask(f"/flow_runs/{run_id}")
        return found

    def ended(self, run_id: str) -> dict[str, Any] | None:
        """The run, once it has ended."""
        found = self.run(run_id)
        ends = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        return found if found["state_type"] in ends else None

    def cancel(self, run_id: str) -> None:
        """What the UI's button does."""
        self._ask(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})

    def ended_parts(self, run_id: str) -> list[dict[str, Any]]:
        """The flow runs that the run had as parts, once all have ended."""
        below = {"flow_runs": {"parent_flow_run_id": {"any_": [run_id]}}}
        found: list[dict[str, Any]] = self._ask("/flow_runs/filter", below)
        return found if all(self.ended(one["id"]) for one in found) else []

    def _ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@dataclass
class Place:
    """A server's process, and the store that its runs write to."""

    process: subprocess.Popen[bytes]
    api: Api
    folder: Path
    store: Path
    log: Path
    env: dict[str, str]
    site: Site

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self.api.port

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published store."""
        with Store(self.store).read() as con:
            rows: list[tuple[Any, ...]] = con.execute(query).fetchall()
            return rows
