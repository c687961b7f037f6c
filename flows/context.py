"""What every step of a run shares: its id, its clock, its store, who to tell of progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import uuid4

from flows.publishing import OnTheWay
from flows.report import RunReport
from flows.settings import Settings
from flows.windows import Windows
from ingest.models import Feed
from storage.store import Store

if TYPE_CHECKING:
    from flows.save import Saved
    from flows.shard import Shard

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]


def utc_now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """An id that sorts by time: ``20261102T060000-1f2e3d``."""
    return f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"


class Progress(Protocol):
    """Where a run says how far it is."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins beside those under way, or its ``total`` has become another.

        The total is None when nobody knows.
        """

    def advance(self, name: str, steps: int = 1) -> None:
        """So many more steps of the stage ``name`` are done."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, name: str, steps: int = 1) -> None:
        """Say nothing."""


class ShardWriter(Protocol):
    """Where batches are put that somebody else loads into the store."""

    def put(self, shard: Shard) -> Saved:
        """Keep ``shard`` safe; what will become of it, as far as that is known here."""


class Step(Protocol):
    """How a step is run: plainly, or as a Prefect task of that kind."""

    async def __call__(self, kind: str, name: str, work: Work[T]) -> T:
        """Do ``work`` and hand back what it returns."""


async def plain_step(kind: str, name: str, work: Work[T]) -> T:
    """Run a step as an ordinary call."""
    del kind, name
    return await work()


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One run's surroundings, handed from step to step."""

    settings: Settings
    store: Store
    feeds: Mapping[str, Feed]
    report: RunReport
    all_topics: bool = False
    clock: Callable[[], datetime] = utc_now
    step: Step = plain_step
    progress: Progress = field(default_factory=Silent)
    shelf: ShardWriter | None = None
    """Where what is stored goes, on a machine that has no store; ``store`` is then a scratch one of
    what is known."""
    on_the_way: OnTheWay = field(default_factory=lambda: OnTheWay(since=monotonic()))
    window: Windows = field(default_factory=Windows)
    """The run's own batches take turns at the store here, without waiting on the file lock."""
