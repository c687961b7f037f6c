"""The Prefect server of a run that no other server sees: started with it, ended with its process.

Prefect would start one by itself, and for that imports the whole server into the run's process as
well: 3 of the 13 s that an empty flow takes.  The server here is the same (``uvicorn`` with
Prefect's own application, its database in ``PREFECT_HOME``); only who starts it is another.
"""

from __future__ import annotations

import atexit
import contextlib
import subprocess
import sys
import time

import httpx
from prefect.context import refresh_global_settings_context
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    get_current_settings,
)

from flows.prefect_server import HOST, api_url, ended_with_parent, free_port
from flows.settings import embedded_environment, use_prefect_api
from ingest.errors import VoltwireError

# Between two looks at whether it answers: it takes some seconds.
LOOK_SECONDS = 0.1
# It has answered all that was asked by then; what takes longer hangs.
STOP_SECONDS = 5.0
# Another process may take the port between the look for a free one and the server's start.
TRIES = 3


def have_a_server() -> None:
    """Let Prefect of this process have a server: the one that is named, or one of its own.

    One of its own ends with this process, also when that is killed (on Linux).

    Raises:
        VoltwireError: when it ends by itself or does not answer in Prefect's own limit of time.
    """
    if PREFECT_API_URL.value() or not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        return
    deadline = time.monotonic() + PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    for _ in range(TRIES):
        port = free_port()
        server = _started(port)
        if _answers(server, port, deadline):
            break
        _end(server)
        if time.monotonic() > deadline:
            raise VoltwireError(
                "the embedded Prefect server did not answer in time",
                hint="run with --plain, or name a running server in PREFECT_API_URL",
            )
    else:
        raise VoltwireError(
            f"the embedded Prefect server ended with exit code {server.returncode}",
            hint="what it said stands above; --plain runs without Prefect",
        )
    # Before Prefect's own threads, which send logs and events, so that it goes after them.
    atexit.register(_end, server)
    use_prefect_api(api_url(port))
    refresh_global_settings_context()


def _started(port: int) -> subprocess.Popen[bytes]:
    command = (
        f"-m uvicorn --factory prefect.server.api.server:create_app --host {HOST} --port {port} "
        "--log-level error --lifespan on"
    )
    return subprocess.Popen(
        [sys.executable, *command.split()],
        stdin=subprocess.DEVNULL,
        # What it has to say goes where the run's own errors go; the run's output is for readers.
        stdout=sys.stderr.fileno() if _has_descriptor() else subprocess.DEVNULL,
        env=embedded_environment(
            get_current_settings().to_environment_variables(exclude_unset=True)
        ),
        # Ctrl-C in the terminal is for the run, which still tells the server how it ended.
        start_new_session=True,
        preexec_fn=ended_with_parent(),
    )


def _has_descriptor() -> bool:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return sys.stderr.fileno() >= 0
    return False


def _answers(server: subprocess.Popen[bytes], port: int, deadline: float) -> bool:
    """Wait until it answers; False when it ended or the time did."""
    with httpx.Client(trust_env=False) as client:
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{api_url(port)}/health").status_code == httpx.codes.OK:
                    return True
            time.sleep(LOOK_SECONDS)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
    server.wait()
