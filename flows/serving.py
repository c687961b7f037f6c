"""``voltwire serve``: the schedule and manual backfills in one process, no worker needed.

A Prefect runner polls the server for runs that are due and starts each as a process of its own
(``python -m prefect.engine``), which imports its flow by dotted path: a run that grows or
crashes takes nothing else with it, and a file's folder never comes onto the import path.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.objects import StateType as State
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.types.entrypoint import EntrypointType
from pydantic import ValidationError

from flows.backfill import backfill
from flows.prefect_server import ServerStopped, api_url, own_server
from flows.scheduled import ingest_news
from flows.settings import Settings, SettingsError, use_prefect_api
from ingest.errors import VoltwireError

# Seconds between two looks for runs that are due: a backfill that somebody triggers starts soon.
POLL_SECONDS = 5.0
# A healthy server has scheduled the next run within some ten seconds.
SCHEDULING_SECONDS = 60.0
# Ending a run takes up to 30 s of grace; two of them one after the other, and some.
STOP_SECONDS = 90.0
_BEGUN = (State.RUNNING, State.COMPLETED, State.FAILED, State.CRASHED)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is served, for the screen that says so."""

    api: str
    ui: str
    own_server: bool
    paused: bool
    next_run: datetime | None
    last_run: datetime | None
    last_state: str


def check_schedule(settings: Settings) -> None:
    """Refuse a cron line or a time zone that cannot be used.

    Raises:
        SettingsError: with what is wrong, in one line.
    """
    try:
        CronSchedule(cron=settings.schedule, timezone=settings.timezone)
    except ValidationError as error:
        wrong = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise SettingsError(f"the schedule cannot be used: {wrong}") from error


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
        say: told what is waited for.
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
        server: subprocess.Popen[bytes] | None = None
        if url:
            await _reachable(url)
        else:
            say("starting a Prefect server; the first start takes some 20 s")
            home = settings.store.absolute() / "prefect"
            try:
                server = await stack.enter_async_context(
                    own_server(home, port, stop, lambda log: say(f"its log: {log}"))
                )
            except ServerStopped:
                return 0
            url = api_url(port)
        use_prefect_api(url)
        stack.enter_context(temporary_settings({PREFECT_API_URL: url}))
        return await _run(settings, url, server, stop, show)


async def _run(
    settings: Settings,
    url: str,
    server: subprocess.Popen[bytes] | None,
    stop: asyncio.Event,
    show: Callable[[Plan], None],
) -> int:
    # The runner's own habit of pausing every schedule as it stops would leave a restarted
    # service idle for ever.
    runner = Runner(
        name="voltwire",
        pause_on_shutdown=False,
        # The deployments' own limits are the bound: one ingest, one backfill.  A limit here would
        # hand out missed runs in portions, and the first of each portion would run.
        limit=None,
        query_seconds=POLL_SECONDS,
    )
    scheduled = await runner.aadd_deployment(await scheduled_deployment(settings))
    await runner.aadd_deployment(await manual_deployment())
    running = asyncio.create_task(runner.start())
    while not runner.started and not running.done():
        await asyncio.sleep(0.05)
    # The runner has put its own SIGTERM handler in place, which leaves the process from inside
    # the handler and its runs behind.
    _stop_on_signals(stop)
    telling = asyncio.create_task(_tell(scheduled, url, server is not None, show))
    watching = asyncio.create_task(_lost(server))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, watching, stopping):
            task.cancel()
        if not running.done() and runner.started:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(runner.astop(), STOP_SECONDS)
        await asyncio.gather(telling, watching, stopping, return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait({running}, timeout=STOP_SECONDS)
    if stop.is_set():
        return 0
    if server is not None and server.poll() is not None:
        raise VoltwireError(
            f"the Prefect server ended with exit code {server.returncode}",
            about=settings.store / "prefect" / "server.log",
        )
    raise VoltwireError("the Prefect server does not answer any more", about=url)


async def scheduled_deployment(settings: Settings) -> RunnerDeployment:
    """``ingest-news/ingest-news``, on the schedule of ``settings``.

    One run at a time: a run that comes due while another is under way is dropped, and so are
    those missed while nothing ran, since each run polls whatever is due by then.
    """
    return await _deployment(
        ingest_news,
        strategy=ConcurrencyLimitStrategy.CANCEL_NEW,
        schedule=Cron(settings.schedule, timezone=settings.timezone, slug="ingest"),
        tags=["voltwire", "ingest"],
    )


async def manual_deployment() -> RunnerDeployment:
    """``backfill/backfill``, run when somebody asks; a second one waits for the first."""
    return await _deployment(
        backfill, strategy=ConcurrencyLimitStrategy.ENQUEUE, tags=["voltwire", "backfill"]
    )


async def _deployment(
    flow: Flow[Any, Any],
    *,
    strategy: ConcurrencyLimitStrategy,
    tags: list[str],
    schedule: Schedule | None = None,
) -> RunnerDeployment:
    deployment = await flow.ato_deployment(
        flow.name,
        schedule=schedule,
        tags=tags,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # Said outright, so that a deployment made for a worker comes back to this process.
    deployment.work_pool_name = None
    deployment.work_queue_name = None
    return deployment


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _reachable(url: str) -> None:
    async with get_client() as client:
        fault = await client.api_healthcheck()
    if fault is not None:
        raise VoltwireError(
            f"no Prefect server answers: {fault}",
            about=url,
            hint="start it, or unset PREFECT_API_URL to have one started",
        )


async def _lost(server: subprocess.Popen[bytes] | None) -> None:
    """Return when our own server has ended; never where the server is somebody else's."""
    while server is None or server.poll() is None:
        await asyncio.sleep(1)


async def _tell(deployment: UUID, url: str, own: bool, show: Callable[[Plan], None]) -> None:
    """Show what is served, once the server has really scheduled the next run.

    A server with a wrong SQLAlchemy schedules nothing and says nothing, so it is asked.
    """
    deadline = asyncio.get_running_loop().time() + SCHEDULING_SECONDS
    async with get_client() as client:
        while True:
            paused = (await client.read_deployment(deployment)).paused
            coming = await _time_of(deployment, (State.SCHEDULED,), after=datetime.now(UTC))
            if coming[0] or paused or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.5)
    last = await _time_of(deployment, _BEGUN)
    show(
        Plan(
            api=url,
            ui=get_current_settings().ui_url or url.removesuffix("/api"),
            own_server=own,
            paused=paused,
            next_run=coming[0],
            last_run=last[0],
            last_state=last[1],
        )
    )


async def _time_of(
    deployment: UUID, states: tuple[State, ...], *, after: datetime | None = None
) -> tuple[datetime | None, str]:
    """When the run in one of ``states`` was due, and its state's name.

    With ``after``, the first that is due later than that; without, the newest.
    """
    chosen = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*states])))
    if after is not None:
        chosen.expected_start_time = FlowRunFilterExpectedStartTime.model_validate(
            {"after_": after}
        )
    async with get_client() as client:
        found = await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
            flow_run_filter=chosen,
            sort=FlowRunSort.EXPECTED_START_TIME_ASC
            if after
            else FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=1,
        )
    if not found:
        return None, ""
    return found[0].expected_start_time, found[0].state_name or ""
