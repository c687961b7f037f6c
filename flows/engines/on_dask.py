"""Chunks on a Dask cluster: one that is running, or one of this machine for as long as needed.

Dask carries, schedules and moves chunks on from workers that died; see docs/engines.md for how a
cluster is started.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any, Self, TypeVar

from flows.engines.protocol import Chunk, EngineMissing, WorkerLost

# An extra, and without types: not there for everybody who checks this file.
distributed: Any = import_module("distributed")

C = TypeVar("C", bound=Chunk)
R = TypeVar("R")

CONNECT_SECONDS = 20
"""A scheduler that does not answer by then is not there."""
WORKERS_SECONDS = 120
"""A cluster may start its workers when work comes; one without any by then has none."""


class OnDask:
    """The cluster whose scheduler is at ``address``; without one, ``processes`` workers here."""

    name = "dask"

    def __init__(self, address: str, processes: int) -> None:
        self._address = address
        self._own = processes or os.cpu_count() or 1
        self._opened = AsyncExitStack()
        self._client: Any = None

    @property
    def places(self) -> int:
        """Threads of all workers that are there now."""
        # As the scheduler told last, some seconds ago: of an asynchronous client only totals are.
        return int(self._client.scheduler_info().get("total_threads", 0))

    async def __aenter__(self) -> Self:
        try:
            address: Any = self._address
            if not address:
                address = await self._opened.enter_async_context(
                    distributed.LocalCluster(
                        n_workers=self._own, threads_per_worker=1, host="127.0.0.1",
                        dashboard_address="127.0.0.1:0", asynchronous=True,
                        silence_logs=logging.ERROR,
                    )
                )  # fmt: skip
            self._client = await self._opened.enter_async_context(
                distributed.Client(address, asynchronous=True, timeout=CONNECT_SECONDS)
            )
            await self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            await self._opened.aclose()
            said = "has no workers" if self._client is not None else "does not answer"
            raise EngineMissing(
                f"the Dask scheduler {self._address or 'of this machine'} {said}",
                hint="is `engine_address` right, as in tcp://HOST:8786, and are workers started?",
            ) from error
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._opened.aclose()

    async def call(self, work: Callable[[C], R], chunk: C) -> R:
        """As ``Engine.call``."""
        # Not pure: the same chunk handed in again is work to be done again, not a known answer.
        future = self._client.submit(work, chunk, pure=False, key=None)
        try:
            result: R = await future
            return result
        except distributed.KilledWorker as lost:
            raise WorkerLost(str(lost)) from lost
        finally:
            # Ended or called back: the cluster keeps nothing of it.
            await future.cancel()
