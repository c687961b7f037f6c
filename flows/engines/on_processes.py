"""Chunks on processes of this machine, forked as they are for pages."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from flows.engines.protocol import Chunk, WorkerLost
from flows.limits import end_with_parent
from flows.processes import ProcessDied, UsesProcesses

C = TypeVar("C", bound=Chunk)
R = TypeVar("R")


class OnProcesses(UsesProcesses):
    """Up to ``processes`` at a time, 0 for one a core; the first chunk starts them."""

    name = "processes"

    def __init__(self, processes: int) -> None:
        # Nothing hostile is read here: texts were bounded when they came in as pages.
        super().__init__(processes or os.cpu_count() or 1, end_with_parent)

    @property
    def places(self) -> int:
        """One a process."""
        return self._processes.most

    async def call(self, work: Callable[[C], R], chunk: C) -> R:
        """As ``Engine.call``."""
        try:
            return await self._processes.call(work, chunk)
        except ProcessDied as died:
            raise WorkerLost(_how(died)) from died


def _how(died: ProcessDied) -> str:
    if died.quiet:
        return "said nothing for minutes"
    code = died.exit_code
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
