"""The flows of a run on several machines: ``piece``, which workers do, and ``load-shards``.

backfill | ingest-news --flow run a piece--> work pool <-- process workers on any machine
                ^------------- shelf <---------------------------'
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from time import monotonic
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

from flows.artifacts import publish_summary
from flows.context import Silent
from flows.pieces import LOST_AFTER, Piece, report_of, run_piece
from flows.quiet_exit import quiet_exit
from flows.report import RunReport
from flows.run import Surroundings
from flows.scheduled import settings_in_use, watched
from flows.settings import Settings, load_settings
from flows.spread import LOOK_EVERY, Dispatch, run_load
from flows.tasks import task_step
from ingest.errors import VoltwireError
from storage.encoding import as_json, from_json
from storage.shelf import Shelf

_LOG = logging.getLogger(__name__)
PIECE_SECONDS = 24 * 3600


class PieceLost(VoltwireError):
    """A worker did not bring a piece to its end."""


@flow(name="piece", flow_run_name="{name}", persist_result=False, timeout_seconds=PIECE_SECONDS)
async def piece(asked: str, name: str) -> str:
    """A piece of another run, done on any machine that reaches the shards.

    Args:
        asked: what to do, as the run that it is a piece of wrote it.
        name: of the piece, for people.
    """
    quiet_exit()
    settings = load_settings()
    if not settings.shards:
        raise VoltwireError(
            f"piece {name} has no place for its shards",
            hint="set `shards` for this worker to the place that the store's machine uses",
        )
    # No tasks inside: the piece is what is tried again, and the server has enough of many workers.
    report = await run_piece(settings, from_json(Piece, asked), Surroundings())
    return report.line()


@flow(name="load-shards", persist_result=False, timeout_seconds=PIECE_SECONDS)
async def load_shards(place: str = "") -> RunReport:
    """Take what workers left on the shelf into the store.

    Args:
        place: a folder or an address; that of the settings when it is left out.
    """
    quiet_exit()
    settings = settings_in_use.get() or load_settings()
    around = Surroundings(step=task_step, progress=watched.get() or Silent())
    report = await run_load(settings, place, around)
    await publish_summary(report)
    return report


async def by_workers(settings: Settings) -> Dispatch | None:
    """Have pieces done by workers; None where none is there to do them."""
    name = f"{piece.name}/{piece.name}"
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(name)
            workers = await client.read_workers_for_work_pool(deployment.work_pool_name or "")
        except ObjectNotFound:
            return None
    if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
        _LOG.warning("no worker of %s is online: pieces are done here", deployment.work_pool_name)
        return None
    shelf = Shelf(settings.shards)

    async def dispatch(asked: Piece) -> None:
        run = await arun_deployment(
            name,
            parameters={"asked": as_json(asked), "name": asked.name},
            flow_run_name=asked.name,
            timeout=0,
        )
        await _wait(shelf, asked, run)

    return dispatch


async def _wait(shelf: Shelf, asked: Piece, run: FlowRun) -> None:
    """Until the piece is done; raises ``PieceLost`` when it will not be.

    A worker that is gone says nothing.  What it ran is known to be lost by its signs, which it
    leaves on the shelf and no server has to hand on.
    """
    sign, changed = "", monotonic()
    async with get_client() as client:
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                if await asyncio.to_thread(report_of, shelf, asked) is not None:
                    return
                state = (await client.read_flow_run(run.id)).state
                if state is not None and state.is_final():
                    # once more: it may have ended between the two looks
                    if await asyncio.to_thread(report_of, shelf, asked) is not None:
                        return
                    raise PieceLost(f"{asked.name} ended as {state.name}: {state.message}")
                if state is None or not state.is_running():
                    changed = monotonic()  # it waits for a worker
                    continue
                now = await asyncio.to_thread(shelf.read, asked.sign_name) or ""
                if now != sign:
                    sign, changed = now, monotonic()
                elif monotonic() - changed > LOST_AFTER:
                    quiet = timedelta(seconds=round(monotonic() - changed))
                    await _end(client, run.id, f"no sign of life for {quiet}")
                    raise PieceLost(f"{asked.name}: no sign of life for {quiet}")
        except asyncio.CancelledError:
            state = Cancelled(message="the run that it was a piece of was stopped")
            await client.set_flow_run_state(run.id, state, force=True)
            raise


async def _end(client: PrefectClient, run: UUID, why: str) -> None:
    await client.set_flow_run_state(run, Crashed(message=why), force=True)
