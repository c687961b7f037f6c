"""``voltwire serve``: the schedule and manual backfills in one process, no worker needed.

A Prefect runner polls the server for runs that are due and starts each as a process of its own
(``python -m prefect.engine``), which imports its flow by dotted path: a run that grows or
crashes takes nothing else with it, and a file's folder never comes onto the import path.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from flows.deploying import (
    Times,
    manual_deployment,
    reachable,
    run_times,
    scheduled_deployment,
    ui_of,
)
from flows.heartbeats import HEARTBEAT_SECONDS, ensure_automations
from flows.prefect_server import OwnServer, ServerStopped, api_url, own_server
from flows.retention import kept_for_ever, server_settings
from flows.settings import Settings, use_prefect_api
from ingest.errors import VoltwireError

# Seconds between two looks for runs that are due: a backfill that somebody triggers starts soon.
POLL_SECONDS = 5.0
# Ending a run takes up to 30 s of grace; two of them one after the other, and some.
STOP_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is served, for the screen that says so."""

    api: str
    ui: str
    own_server: bool
    times: Times
    notes: tuple[str, ...] = ()
    """What is worth a look, a line each."""


def serve(
    settings: Settings,
    *,
    port: int,
    say: Callable[[str], None],
    show: Callable[[Plan], None],
) -> int:
    """Serve both deployments until SIGTERM or Ctrl-C; the exit code.

    Args:
        settings: schedule, time zone and store.
        port: where a server of our own listens, when no running one is named.
        say: told what is waited for, and what had to be done again.
        show: told once what is served.

    Raises:
        VoltwireError: when no server can be reached or started, or when it is lost.
    """
    return asyncio.run(_serve(settings, port, say, show))


async def _serve(
    settings: Settings, port: int, say: Callable[[str], None], show: Callable[[Plan], None]
) -> int:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with AsyncExitStack() as stack:
        url = get_current_settings().api.url or ""
        server: OwnServer | None = None
        if url:
            await reachable(url)
        else:
            say("starting a Prefect server; the first start takes some 20 s")
            home = settings.store.absolute() / "prefect"
            try:
                server = await stack.enter_async_context(own_server(home, port, stop, say))
            except ServerStopped:
                return 0
            url = api_url(port)
        use_prefect_api(url)
        stack.enter_context(temporary_settings({PREFECT_API_URL: url}))
        return await _run(settings, url, server, stop, show)


async def _run(
    settings: Settings,
    url: str,
    server: OwnServer | None,
    stop: asyncio.Event,
    show: Callable[[Plan], None],
) -> int:
    runner = _runner()
    async with get_client() as client:
        await ensure_automations(client)
    scheduled = await runner.aadd_deployment(await scheduled_deployment(settings))
    await runner.aadd_deployment(await manual_deployment())
    running = asyncio.create_task(runner.start())
    while not runner.started and not running.done():
        await asyncio.sleep(0.05)
    # The runner has put its own SIGTERM handler in place, which leaves the process from inside
    # the handler and its runs behind.
    _stop_on_signals(stop)
    telling = asyncio.create_task(_tell(scheduled, url, server is not None, show))
    stopping = asyncio.create_task(stop.wait())
    ends: set[asyncio.Task[object]] = {running, stopping}
    if server is not None:
        ends.add(asyncio.create_task(server.keep()))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, *(ends - {running})):
            task.cancel()
        if not running.done() and runner.started:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(runner.astop(), STOP_SECONDS)
        await asyncio.gather(telling, *(ends - {running}), return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait({running}, timeout=STOP_SECONDS)
    if stop.is_set():
        return 0
    if server is not None and server.ending:
        raise VoltwireError(f"the Prefect server ended with {server.ending}", about=server.log)
    fault = running.exception() if running.done() and not running.cancelled() else None
    if isinstance(fault, OSError):
        raise VoltwireError(f"runs cannot be started: {fault}") from fault
    raise VoltwireError("the Prefect server does not answer any more", about=url) from fault


def _runner() -> Runner:
    # Prefect keeps a folder of one name in the folder for temporary files, where it belongs to
    # whoever came first; another user's runner then cannot start.
    usual = tempfile.tempdir
    tempfile.tempdir = tempfile.mkdtemp(prefix="voltwire-")
    try:
        return Runner(
            name="voltwire",
            # The runner's own habit of pausing every schedule as it stops would leave a restarted
            # service idle for ever.
            pause_on_shutdown=False,
            # The deployments' own limits are the bound: one ingest, one backfill.  A limit here
            # would hand out missed runs in portions, and the first of each portion would run.
            limit=None,
            query_seconds=POLL_SECONDS,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )
    finally:
        # Ours alone, empty once the runner has ended, and no more than a name in /tmp when it is
        # killed.
        atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)
        tempfile.tempdir = usual


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _tell(deployment: UUID, url: str, own: bool, show: Callable[[Plan], None]) -> None:
    """Show what is served, once the server has really scheduled the next run."""
    times = await run_times(deployment)
    notes: list[str] = []
    if not own:
        async with get_client() as client:
            notes = kept_for_ever(await server_settings(client))
    show(Plan(api=url, ui=ui_of(url), own_server=own, times=times, notes=tuple(notes)))
