"""A server on PostgreSQL and process workers, each as on a machine of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flows.prefect_server import free_port
from ingest.catalogue import load_feeds, save_feeds
from ingest.models import Feed
from ingest.opml import read_opml
from tests.flows.postgres_support import postgres
from tests.flows.prefect_support import (
    MARK,
    ROOT,
    Api,
    environment,
    marked,
    running,
    wait_until,
)
from tests.flows.replayed_web import ReplayedWeb

DEMO = ROOT / "flows" / "demo"
WEEK = ROOT.parent / "shared" / "data" / "web"
FEEDS = 60
PREFECT = [sys.executable, "-m", "prefect"]
VOLTWIRE = [sys.executable, "-m", "flows.cli"]


def archives() -> list[Path]:
    """The demo's newsroom and, where it is there, the week of real sites."""
    return [DEMO / "newsroom.warc.gz", WEEK / "week.warc.gz"]


def feeds_of(web: ReplayedWeb) -> list[Feed]:
    """Sixty feeds of them, as they stand on this machine."""
    listed = [*load_feeds(DEMO / "feeds.toml"), *read_opml((WEEK / "week.opml").read_bytes())]
    return [web.feed(feed) for feed in listed[:FEEDS]]


@dataclass
class Machines:
    """The server, and what is running beside it."""

    folder: Path
    api: Api
    env: dict[str, str]
    log: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def worker(self) -> subprocess.Popen[bytes]:
        """One worker more, that takes one piece at a time."""
        number = len(self.workers)
        home = self.folder / f"worker-{number}"
        home.mkdir()
        command = [*PREFECT, "worker", "start", "--pool", "voltwire-pieces", "--limit", "1"]
        command += ["--name", f"worker-{number}"]
        env = self.env | {"PREFECT_HOME": str(home), "VOLTWIRE_STORE": str(home / "no-store")}
        process = self._stack.enter_context(
            running(command, env, self.folder / f"worker-{number}.log", cwd=home)
        )
        self.workers.append(process)
        return process

    def online(self) -> int:
        """Workers that the server has heard of."""
        found = self.api._ask("/work_pools/voltwire-pieces/workers/filter", {})
        return sum(one["status"] == "ONLINE" for one in found)

    def kill(self, worker: subprocess.Popen[bytes]) -> int:
        """End a worker and all that it started, as a power cut does; how many processes that is."""
        mine = [pid for pid in marked(self.env[MARK]) if _of(pid, worker.pid)]
        for pid in mine:
            os.kill(pid, signal.SIGKILL)
        worker.wait()
        return len(mine)

    def voltwire(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command, to its end."""
        return subprocess.run(
            [*VOLTWIRE, *words],
            env=self.env | more, cwd=self.folder, capture_output=True, text=True, timeout=7200,
        )  # fmt: skip


def _of(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session or _ancestor(pid, session)
    except ProcessLookupError:
        return False


def _ancestor(pid: int, wanted: int) -> bool:
    while pid > 1:
        if pid == wanted:
            return True
        try:
            stat = (Path("/proc") / str(pid) / "stat").read_text()
        except OSError:
            return False
        pid = int(stat.rsplit(")", 1)[1].split()[1])
    return False


@contextmanager
def machines(
    folder: Path, web: ReplayedWeb, feeds: Sequence[Feed], workers: int, **settings: str
) -> Iterator[Machines]:
    """A server with ``workers`` workers online, set up by ``voltwire deploy``."""
    listed = folder / "feeds.toml"
    save_feeds(listed, list(feeds))
    api, log = Api(free_port()), folder / "server.log"
    shared = {
        "VOLTWIRE_SHARDS": str(folder / "shelf"),
        "VOLTWIRE_FEEDS": str(listed),
        "VOLTWIRE_ALLOW_HOSTS": ",".join(web.hosts),
        "VOLTWIRE_PACE_SECONDS": "0",
        "VOLTWIRE_WORKERS": "1",
        **settings,
    }
    env = environment(folder / "home", PREFECT_API_URL=api.url, **shared)
    env["VOLTWIRE_STORE"] = str(folder / "store")
    with ExitStack() as stack:
        database = stack.enter_context(postgres(folder))
        server = env | {
            "PREFECT_API_DATABASE_CONNECTION_URL": database,
            "PREFECT_HOME": str(folder / "server-home"),
        }
        command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(api.port)]
        stack.enter_context(running(command, server, log))
        wait_until(api.ready, 240, "the server's answer", log)
        here = Machines(folder, api, env, log)
        stack.enter_context(here._stack)
        done = here.voltwire("deploy")
        assert "piece/piece in voltwire-pieces" in done.stdout, done.stdout + done.stderr
        for _ in range(workers):
            here.worker()
        wait_until(lambda: here.online() >= workers, 120, "the workers", log)
        yield here
