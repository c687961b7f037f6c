"""How far a run is, noted where ``voltwire status`` finds it while the run is at work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic

from flows.context import Progress, utc_now
from storage import atwork

# Seconds between two notes: a person who looks twice sees it move, and the disk does not.
EVERY_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Noted:
    """Progress that is also kept in a file of the store folder, from ``begin`` to ``end``."""

    inner: Progress
    folder: Path
    run_id: str
    kind: str
    clock: Callable[[], datetime] = utc_now
    """Not the run's own, which a replay sets back."""
    _begun: datetime | None = None
    _done: dict[str, int] = field(default_factory=dict)
    _totals: dict[str, int | None] = field(default_factory=dict)
    _told: float = 0.0
    _later: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The run has begun; what dead ones left is taken away."""
        self._begun = self.clock()
        atwork.sweep(self.folder, self._begun)
        self._tell()

    def end(self) -> None:
        """The run has ended."""
        self._begun = None
        self._not_later()
        atwork.ended(self.folder, self.run_id)

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, or its total is another now."""
        self.inner.stage(name, total)
        self._totals[name] = total
        if name in self._done:
            self._tell_sometimes()
        else:
            self._done[name] = 0
            self._tell()

    def advance(self, name: str, steps: int = 1) -> None:
        """So many more steps of a stage are done."""
        self.inner.advance(name, steps)
        self._done[name] = self._done.get(name, 0) + steps
        self._tell_sometimes()

    def _tell_sometimes(self) -> None:
        if monotonic() - self._told >= EVERY_SECONDS:
            self._tell()
        elif self._later is None:
            # The last step before a long one must not be missing until that is done.
            with suppress(RuntimeError):  # no loop: called from a thread
                loop = asyncio.get_running_loop()
                self._later = loop.call_later(EVERY_SECONDS, self._tell)

    def _not_later(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _tell(self) -> None:
        self._not_later()
        if self._begun is None:
            return
        self._told = monotonic()
        atwork.tell(
            self.folder,
            atwork.AtWork(
                run_id=self.run_id,
                kind=self.kind,
                started_at=self._begun,
                told_at=self.clock(),
                stages={name: (done, self._totals.get(name)) for name, done in self._done.items()},
            ),
        )
