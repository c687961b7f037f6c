"""Chunks in a thread of this process: a hundred articles are done before a process has started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self, TypeVar

from flows.engines.protocol import Chunk

C = TypeVar("C", bound=Chunk)
R = TypeVar("R")


class OnTheSpot:
    """One after the other."""

    name = "processes"
    places = 1

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def call(self, work: Callable[[C], R], chunk: C) -> R:
        """As ``Engine.call``."""
        async with self._turn:
            return await asyncio.to_thread(work, chunk)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: Any) -> None:
        """Nothing was opened."""
