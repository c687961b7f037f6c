"""A Prefect server of our own: started as a child, waited for, and ended with us."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from flows.settings import server_environment
from ingest.errors import VoltwireError

HOST = "127.0.0.1"
# The first start on an empty folder runs all of Prefect's migrations: 15 s where nothing else
# runs, several times that on a small machine that is busy.
START_SECONDS = 180.0
# It closes its connections and its database; what takes longer hangs.
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


class ServerStopped(Exception):
    """The server was told to stop before it had started."""


@asynccontextmanager
async def own_server(
    home: Path, port: int, stop: asyncio.Event, started: Callable[[str], None]
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run a Prefect server on ``port`` of this machine while the block is open.

    Args:
        home: folder for its database and its log.
        port: where it listens, on 127.0.0.1 only.
        stop: set when somebody asked for the end meanwhile.
        started: told the folder's log once the child runs.

    Raises:
        VoltwireError: when the port is taken, the server ends by itself or does not answer.
        ServerStopped: when ``stop`` was set before it answered.
    """
    if _taken(port):
        # Joining whatever answers there would be worse: two stores would then share, and
        # overwrite, the same two deployments.
        raise VoltwireError(
            f"port {port} of {HOST} is in use",
            hint="choose another with --port, or name a running Prefect server in PREFECT_API_URL",
        )
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    command = f"-m prefect server start --host {HOST} --port {port}".split()
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=server_environment(home),
            # A session of its own: Ctrl-C in the terminal is for us, and the server goes last,
            # when the runs that it keeps the books of have ended.
            start_new_session=True,
            preexec_fn=_end_with_parent(),
        )
    started(str(log))
    try:
        await _answering(server, port, stop, log)
        yield server
    finally:
        await asyncio.to_thread(_end, server)


def api_url(port: int) -> str:
    """Where the server on ``port`` has its API."""
    return f"http://{HOST}:{port}/api"


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        # A port that a server closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


async def _answering(
    server: subprocess.Popen[bytes], port: int, stop: asyncio.Event, log: Path
) -> None:
    from prefect.client.orchestration import PrefectClient

    deadline = asyncio.get_running_loop().time() + START_SECONDS
    async with PrefectClient(api_url(port)) as client:
        while await client.api_healthcheck() is not None:
            if stop.is_set():
                raise ServerStopped
            if server.poll() is not None:
                raise VoltwireError(
                    f"the Prefect server ended with exit code {server.returncode}",
                    about=log,
                    hint="its log says why",
                )
            if asyncio.get_running_loop().time() > deadline:
                raise VoltwireError(
                    f"the Prefect server did not answer within {START_SECONDS:.0f} s",
                    about=log,
                    hint="its log says how far it came",
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.3)


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
    # `prefect server start` runs the server proper as a child of its own.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _end_with_parent() -> Callable[[], None] | None:
    """What the child does first: ask the kernel to be ended when we are killed outright.

    A server that outlives us would hold the port, and the next start would be refused.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
