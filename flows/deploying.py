"""The two deployments, and all that a server needs for them; made by ``deploy`` and ``serve``.

Everything here may be done again at any time: it is brought to what it should be, not added.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
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
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow
from prefect.schedules import Cron, Schedule
from prefect.settings import get_current_settings
from prefect.types.entrypoint import EntrypointType
from prefect.workers.process import ProcessWorker
from pydantic import ValidationError

from flows.backfill import backfill
from flows.heartbeats import HEARTBEAT_SECONDS, TAG, EnsuredAutomation, ensure_automations
from flows.piecework import load_shards, piece
from flows.retention import kept_for_ever, server_settings
from flows.scheduled import ingest_news
from flows.settings import Settings, SettingsError, place_of_shards
from flows.versions import differing_server, harmful_versions, installed_versions
from ingest.errors import VoltwireError

POOL = "voltwire"
POOL_TYPE = "process"
SCHEDULE_SLUG = "ingest"
# A healthy server has scheduled the next run within some ten seconds.
SCHEDULING_SECONDS = 60.0
WORKER_VARIABLES = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
"""What a worker's runs need in their environment, whatever the worker was started with."""
_BEGUN = (State.RUNNING, State.COMPLETED, State.FAILED, State.CRASHED)


@dataclass(frozen=True, kw_only=True)
class Times:
    """When the schedule's runs are and were."""

    paused: bool
    next_run: datetime | None
    """None when the server schedules nothing."""
    last_run: datetime | None
    last_state: str


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What ``deploy`` left on the server, for the screen that says so."""

    api: str
    ui: str
    pool: str
    pool_made: bool
    pool_paused: bool
    deployments: tuple[str, ...]
    automations: tuple[EnsuredAutomation, ...]
    times: Times
    notes: tuple[str, ...]
    """What is worth a look, a line each."""


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


async def scheduled_deployment(
    settings: Settings, pool: str | None = None, variables: Mapping[str, str] | None = None
) -> RunnerDeployment:
    """``ingest-news/ingest-news``, on the schedule of ``settings``.

    One run at a time: a run that comes due while another is under way is dropped, and so are
    those missed while nothing ran, since each run polls whatever is due by then.

    Args:
        settings: schedule and time zone.
        pool: the work pool whose workers run it; None for the process that serves it.
        variables: environment of its runs, for workers.
    """
    return await _deployment(
        ingest_news,
        strategy=ConcurrencyLimitStrategy.CANCEL_NEW,
        schedule=Cron(settings.schedule, timezone=settings.timezone, slug=SCHEDULE_SLUG),
        tags=[TAG, "ingest"],
        pool=pool,
        variables=variables,
    )


async def manual_deployment(
    pool: str | None = None, variables: Mapping[str, str] | None = None
) -> RunnerDeployment:
    """``backfill/backfill``, run when somebody asks; a second one waits for the first."""
    return await _deployment(
        backfill,
        strategy=ConcurrencyLimitStrategy.ENQUEUE,
        tags=[TAG, "backfill"],
        pool=pool,
        variables=variables,
    )


async def loading_deployment(pool: str, variables: Mapping[str, str]) -> RunnerDeployment:
    """``load-shards/load-shards``: what a run left on the shelf that was stopped."""
    return await _deployment(
        load_shards,
        strategy=ConcurrencyLimitStrategy.ENQUEUE,
        tags=[TAG, "load"],
        pool=pool,
        variables=variables,
    )


async def piece_deployment(pool: str, settings: Settings) -> RunnerDeployment:
    """``piece/piece``, the parts of runs that workers on any machine do, as many as there are.

    Args:
        pool: of those workers: not that of the runs themselves, which need the store's machine.
        settings: where the shards go; all else is each worker's own.
    """
    return await _deployment(
        piece,
        strategy=None,
        tags=[TAG, "piece"],
        pool=pool,
        variables={**WORKER_VARIABLES, "VOLTWIRE_SHARDS": place_of_shards(settings)},
    )


async def _deployment(
    flow: Flow[Any, Any],
    *,
    strategy: ConcurrencyLimitStrategy | None,
    tags: list[str],
    schedule: Schedule | None = None,
    pool: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> RunnerDeployment:
    deployment = await flow.ato_deployment(
        flow.name,
        schedule=schedule,
        # A runner of Prefect's own leaves what it served paused, for ever; whoever deploys wants
        # it to run.
        paused=False,
        tags=tags,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy)
        if strategy
        else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=pool,
        job_variables={"env": dict(variables or {})} if pool else None,
    )
    if pool is None:
        # Said outright, so that a deployment made for a worker comes back to this process.
        deployment.work_pool_name = None
        deployment.work_queue_name = None
    return deployment


async def deploy(settings: Settings, pool: str, variables: Mapping[str, str]) -> Deployed:
    """Set up the server in use for workers of ``pool``.

    Args:
        settings: schedule and time zone.
        pool: the work pool's name; made when there is none.
        variables: environment of the runs, beside ``WORKER_VARIABLES``.

    Raises:
        VoltwireError: when no server answers, or the pool is of another type.
    """
    url = get_current_settings().api.url or ""
    if not url:
        raise VoltwireError(
            "no Prefect server is named",
            hint="set PREFECT_API_URL, or use `voltwire serve`, which brings its own",
        )
    await reachable(url)
    async with get_client() as client:
        notes = [differing_server(await client.api_version())]
        made, paused = await _ensure_pool(client, pool)
        if settings.shards:
            await _ensure_pool(client, pieces_pool(pool))
        ensured = await ensure_automations(client)
        notes += kept_for_ever(await server_settings(client))
    environment = {**WORKER_VARIABLES, **variables}
    scheduled = await (await scheduled_deployment(settings, pool, environment)).aapply()
    await (await manual_deployment(pool, environment)).aapply()
    names = [f"{ingest_news.name}/{ingest_news.name}", f"{backfill.name}/{backfill.name}"]
    if settings.shards:
        await (await piece_deployment(pieces_pool(pool), settings)).aapply()
        await (await loading_deployment(pool, environment)).aapply()
        names.append(f"{load_shards.name}/{load_shards.name}")
        names.append(f"{piece.name}/{piece.name} in {pieces_pool(pool)}")
    times = await run_times(scheduled)
    if times.next_run is None and not times.paused:
        # Ours may be the server's as well; where it is not, the reader sees by the version.
        notes += harmful_versions(installed_versions())
    return Deployed(
        api=url,
        ui=ui_of(url),
        pool=pool,
        pool_made=made,
        pool_paused=paused,
        deployments=tuple(names),
        automations=tuple(ensured),
        times=times,
        notes=tuple(filter(None, notes)),
    )


def pieces_pool(pool: str) -> str:
    """The pool of the workers that do pieces of the runs of ``pool``."""
    return f"{pool}-pieces"


async def _ensure_pool(client: PrefectClient, name: str) -> tuple[bool, bool]:
    """Whether the pool had to be made, and whether it is paused."""
    try:
        found = await client.read_work_pool(name)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(
                name=name,
                type=POOL_TYPE,
                base_job_template=ProcessWorker.get_default_base_job_template(),
            )
        )
        return True, False
    if found.type != POOL_TYPE:
        raise VoltwireError(
            f"the work pool {name!r} is of type {found.type!r}, not {POOL_TYPE!r}",
            hint="name another with --pool",
        )
    return False, found.is_paused


async def reachable(url: str) -> None:
    """Refuse a server that does not answer; raises ``VoltwireError``."""
    async with get_client() as client:
        fault = await client.api_healthcheck()
    if fault is not None:
        raise VoltwireError(
            f"no Prefect server answers: {fault}",
            about=url,
            hint="start it, or unset PREFECT_API_URL to have one started",
        )


def ui_of(api: str) -> str:
    """Where the UI of the server with this API is."""
    return get_current_settings().ui_url or api.removesuffix("/api")


async def run_times(deployment: UUID) -> Times:
    """When the deployment's runs are and were, once the server has really scheduled the next.

    A server with a wrong SQLAlchemy schedules nothing and says nothing, so it is asked.
    """
    deadline = asyncio.get_running_loop().time() + SCHEDULING_SECONDS
    async with get_client() as client:
        while True:
            paused = (await client.read_deployment(deployment)).paused
            coming, _ = await _time_of(
                client, deployment, (State.SCHEDULED,), after=datetime.now(UTC)
            )
            if coming or paused or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.5)
        last, state = await _time_of(client, deployment, _BEGUN)
    return Times(paused=paused, next_run=coming, last_run=last, last_state=state)


async def _time_of(
    client: PrefectClient,
    deployment: UUID,
    states: tuple[State, ...],
    *,
    after: datetime | None = None,
) -> tuple[datetime | None, str]:
    """When the run in one of ``states`` was due, and its state's name.

    With ``after``, the first that is due later than that; without, the newest.
    """
    chosen = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*states])))
    if after is not None:
        chosen.expected_start_time = FlowRunFilterExpectedStartTime.model_validate(
            {"after_": after}
        )
    found = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
        flow_run_filter=chosen,
        sort=FlowRunSort.EXPECTED_START_TIME_ASC if after else FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=1,
    )
    if not found:
        return None, ""
    return found[0].expected_start_time, found[0].state_name or ""
