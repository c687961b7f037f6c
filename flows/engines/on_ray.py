"""Chunks on a Ray cluster: one that is running, or one of this machine for as long as needed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Self, TypeVar

from flows.engines.protocol import Chunk, EngineMissing, WorkerLost

# An extra: not there for everybody who checks this file.
ray: Any = import_module("ray")
exceptions: Any = import_module("ray.exceptions")

C = TypeVar("C", bound=Chunk)
R = TypeVar("R")

_LOST = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.OutOfMemoryError,
    exceptions.ObjectLostError,
)


OWN_TRIES = 3
"""A node gives its agent 15 s to start, a constant of Ray's; on a busy machine with all to be read
from disk that is missed, and met when it is tried again."""


class OnRay:
    """The cluster at ``address``; without one, ``processes`` workers on this machine."""

    name = "ray"

    def __init__(self, address: str, processes: int) -> None:
        self._address = address
        self._own = processes or os.cpu_count() or 1
        self._known: dict[Callable[..., Any], Any] = {}

    @property
    def places(self) -> int:
        """Processors of all nodes that are there now."""
        return int(ray.cluster_resources().get("CPU", 0))

    async def __aenter__(self) -> Self:
        given: dict[str, Any] = {"address": self._address} if self._address else {
            "address": "local", "num_cpus": self._own, "include_dashboard": False,
        }  # fmt: skip
        tries = 1 if self._address else OWN_TRIES
        for turn in range(tries):
            try:
                await asyncio.to_thread(
                    ray.init, logging_level=logging.ERROR, log_to_driver=False, **given
                )
                break
            except Exception as error:  # Ray raises no narrower one for a node that does not start
                await asyncio.to_thread(ray.shutdown)
                if turn + 1 == tries:
                    raise EngineMissing(
                        f"Ray {self._address or 'on this machine'} does not answer: {error}",
                        hint="is `engine_address` right, as in HOST:6379 or ray://HOST:10001?"
                        if self._address
                        else "is the machine busy? Ray waits 15 s for each of its processes",
                    ) from error
        return self

    async def __aexit__(self, *error: Any) -> None:
        await asyncio.to_thread(ray.shutdown)

    async def call(self, work: Callable[[C], R], chunk: C) -> R:
        """As ``Engine.call``."""
        # What is tried again is decided by ``protocol``, the same for all engines.
        if work not in self._known:
            self._known[work] = ray.remote(max_retries=0, num_cpus=1)(work)
        under_way = self._known[work].remote(chunk)
        try:
            result: R = await under_way
            return result
        except asyncio.CancelledError:
            with suppress(Exception):
                ray.cancel(under_way)
            raise
        except _LOST as lost:
            raise WorkerLost(" ".join(str(lost).split())[:200]) from lost
        except exceptions.RayTaskError as failed:
            raise failed.cause from failed
