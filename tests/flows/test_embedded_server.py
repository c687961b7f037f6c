"""The Prefect server of a single run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)

from flows import embedded_server
from ingest.errors import VoltwireError

sys.path.insert(0, str(Path(__file__).parent))
from prefect_support import wait_until

NOT_A_SERVER = "import sys; sys.exit(7)"
SILENT = "import time; time.sleep(60)"
RUN = """
from flows.settings import prepare_prefect
prepare_prefect()
from flows.embedded_server import have_a_server
from flows.settings import prefect_api_url
have_a_server()
print(prefect_api_url(), flush=True)
input()
"""


def test_a_server_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started where somebody runs a server already."""
    monkeypatch.setattr(embedded_server, "_started", _never)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        embedded_server.have_a_server()


@pytest.mark.parametrize(
    ("program", "said"),
    [(NOT_A_SERVER, "ended with exit code 7"), (SILENT, "did not answer in time")],
)
def test_a_server_that_does_not_come_up_is_told_with_what_to_do(
    program: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends and one that hangs both end the run with a word, and leave no process."""
    children: list[subprocess.Popen[bytes]] = []

    def started(_port: int) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen([sys.executable, "-c", program]))
        return children[-1]

    monkeypatch.setattr(embedded_server, "_started", started)
    limit = 60 if program == NOT_A_SERVER else 1
    with (
        temporary_settings(
            {PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: limit},
            restore_defaults={PREFECT_API_URL},
        ),
        pytest.raises(VoltwireError, match=said) as raised,
    ):
        embedded_server.have_a_server()
    assert "--plain" in raised.value.hint
    assert all(child.poll() is not None for child in children)


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGKILL, None])
def test_the_server_goes_with_the_run(end: signal.Signals | None, tmp_path: Path) -> None:
    """It answers while the process lives and is gone after it, also when that was killed."""
    if end is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux ends a child with its parent")
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=environment | {"PREFECT_HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        url = run.stdout.readline().strip()
        assert httpx.get(f"{url}/health").status_code == httpx.codes.OK
        if end:
            run.send_signal(end)
        else:
            run.stdin.write("\n")
            run.stdin.flush()
        run.wait(30)

    def gone() -> bool:
        try:
            httpx.get(f"{url}/health", timeout=5)
        except httpx.TransportError:
            return True
        return False

    wait_until(gone, 30, "the server is gone")


def _never(port: int) -> subprocess.Popen[bytes]:
    raise AssertionError(f"a server was started on port {port}")
