"""A Prefect server of our own: started as a child, waited for, started again, ended with us."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from flows.retention import SERVER_VARIABLES
from flows.settings import server_environment
from flows.versions import harmful_versions, installed_versions
from ingest.errors import VoltwireError

HOST = "127.0.0.1"
# The first start on an empty folder runs all of Prefect's migrations: 15 s where nothing else
# runs, several times that on a small machine that is busy.
START_SECONDS = 180.0
# It closes its connections and its database; what takes longer hangs.
STOP_SECONDS = 20.0
# A server that ends by itself is started again, unless it has done so this often in an hour: what
# ends it then is not chance, and whoever watches the service has to hear of it.
RESTARTS_AN_HOUR = 3
# With only warnings in it the log grows by lines a day.  A fault that repeats itself each second
# must not fill the disk.
LOG_BYTES = 5_000_000
LOG_LOOK_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1


class ServerStopped(Exception):
    """The server was told to stop before it had started."""


class OwnServer:
    """A Prefect server on a port of this machine, with its books and its log in a folder.

    Args:
        home: the folder.
        port: where it listens, on 127.0.0.1 only.
        stop: set when somebody asks for the end.
        say: told when it had to be started again.
    """

    def __init__(
        self, home: Path, port: int, stop: asyncio.Event, say: Callable[[str], None]
    ) -> None:
        self.log = home / "server.log"
        self._home, self._port, self._stop, self._say = home, port, stop, say
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            VoltwireError: when the port is taken, it ends by itself or does not answer.
            ServerStopped: when the end was asked for before it answered.
        """
        if _taken(self._port):
            # Joining whatever answers there would be worse: two stores would then share, and
            # overwrite, the same two deployments.
            raise VoltwireError(
                f"port {self._port} of {HOST} is in use",
                hint="choose another with --port, or name a running Prefect server in "
                "PREFECT_API_URL",
            )
        self._home.mkdir(parents=True, exist_ok=True)
        command = f"-m prefect server start --host {HOST} --port {self._port}".split()
        # At the end of the file whatever its length: it is cut while the server runs.
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**SERVER_VARIABLES, **server_environment(self._home)},
                # A session of its own: Ctrl-C in the terminal is for us, and the server goes
                # last, when the runs that it keeps the books of have ended.
                start_new_session=True,
                preexec_fn=ended_with_parent(),
            )
        await self._answering(self._process)

    async def keep(self) -> None:
        """Start it again whenever it ends by itself; returns when that is of no use any more."""
        loop = asyncio.get_running_loop()
        restarts: list[float] = []
        looked = loop.time()
        while True:
            await asyncio.sleep(1)
            if loop.time() - looked > LOG_LOOK_SECONDS:
                looked = loop.time()
                cut_log(self.log, LOG_BYTES)
            if self._process is None or self._process.poll() is None:
                continue
            restarts = [at for at in restarts if loop.time() - at < 3600]
            if len(restarts) >= RESTARTS_AN_HOUR:
                return
            restarts.append(loop.time())
            self._say(f"the Prefect server ended ({self.ending}); starting it again")
            self.end()
            try:
                await self.start()
            except (VoltwireError, ServerStopped):
                return

    @property
    def ending(self) -> str:
        """How it ended, in words; empty while it runs."""
        code = self._process.poll() if self._process is not None else None
        return "" if code is None else f"exit code {code}"

    def end(self) -> None:
        """End it and all that it started."""
        server = self._process
        if server is None:
            return
        if server.poll() is None:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)
        # `prefect server start` runs the server proper as a child of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()

    async def _answering(self, server: subprocess.Popen[bytes]) -> None:
        from prefect.client.orchestration import PrefectClient

        deadline = asyncio.get_running_loop().time() + START_SECONDS
        async with PrefectClient(api_url(self._port)) as client:
            while await client.api_healthcheck() is not None:
                if self._stop.is_set():
                    raise ServerStopped
                if server.poll() is not None:
                    raise VoltwireError(
                        f"the Prefect server ended with exit code {server.returncode}",
                        about=self.log,
                        hint="its log says why",
                    )
                if asyncio.get_running_loop().time() > deadline:
                    raise VoltwireError(
                        f"the Prefect server did not answer within {START_SECONDS:.0f} s",
                        about=self.log,
                        hint="its log says how far it came",
                    )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 0.3)


@asynccontextmanager
async def own_server(
    home: Path, port: int, stop: asyncio.Event, say: Callable[[str], None]
) -> AsyncIterator[OwnServer]:
    """Run a Prefect server on ``port`` of this machine while the block is open.

    Args:
        home: folder for its database and its log.
        port: where it listens, on 127.0.0.1 only.
        stop: set when somebody asked for the end meanwhile.
        say: told where the log is, and of every new start.

    Raises:
        VoltwireError: when the installed versions make no server that schedules, the port is
            taken, the server ends by itself or does not answer.
        ServerStopped: when ``stop`` was set before it answered.
    """
    for harm in harmful_versions(installed_versions()):
        raise VoltwireError(harm)
    server = OwnServer(home, port, stop, say)
    cut_log(server.log, 0)
    say(f"its log: {server.log}")
    try:
        await server.start()
        yield server
    finally:
        await asyncio.to_thread(server.end)


def api_url(port: int) -> str:
    """Where the server on ``port`` has its API."""
    return f"http://{HOST}:{port}/api"


def cut_log(log: Path, most: int) -> None:
    """Begin a log anew that is longer than ``most`` bytes; what it said stays in ``<log>.1``.

    It is copied and emptied in place, since the server goes on writing to the open file; lines
    written in between are lost.
    """
    with contextlib.suppress(OSError):
        if log.stat().st_size > most:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            os.truncate(log, 0)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        # A port that a server closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def ended_with_parent() -> Callable[[], None] | None:
    """What the child does first: ask the kernel to be ended when we are killed outright.

    A server that outlives us would hold the port, and the next start would be refused.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
