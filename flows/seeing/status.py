"""How voltwire fares: what runs, what ran, what is stored, and what of it is worth a look.

``gather`` reads (the published store, the notes of runs at work, the sizes of files), ``concerns``
judges and touches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.oneline import clean
from flows.seeing.filesizes import Sizes, size, sizes_of
from flows.seeing.served import who_serves
from flows.settings import Settings
from flows.timetable import missed, next_time
from storage import atwork, overview
from storage.atwork import AtWork
from storage.errors import StoreMissing
from storage.overview import Headline, Overview, PastRun
from storage.store import Store

RUNS_SHOWN = 5
HEADLINES_SHOWN = 4
# One missed time is a run that took longer than its period, two a machine that was restarted.
MISSED_TIMES = 3
# A run says how far it is with every feed and page; the slowest batch of pages takes minutes.
SILENT = timedelta(minutes=30)
# What is published is as old as what was written, but for the seconds that publishing takes.
UNPUBLISHED = timedelta(minutes=15)
# A publish writes a second copy beside the one in place.
COPIES = 2
LEAST_FREE = 500 * 2**20
# So many of the feeds failing at once are no accident of theirs.
FAILING_SHARE = 0.5
FAILING = frozenset({"failing", "blocked", "gone", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that ``voltwire status`` tells."""

    store: str
    at: datetime
    there: bool
    """Whether anything was published yet."""
    published_at: datetime | None
    written_at: datetime | None
    under_way: tuple[AtWork, ...]
    dead: tuple[AtWork, ...]
    """Runs whose process was killed, and that no later run has noticed."""
    last: tuple[PastRun, ...]
    """The newest runs of any kind, the newest first."""
    last_ingest: PastRun | None
    missed: int
    """Times of the schedule since the last ingest began; counted up to ``MISSED_TIMES``."""
    schedule: str
    timezone: str
    served_by: int | None
    """PID of the ``voltwire serve`` that runs it; None where a worker or cron may do so."""
    next_at: datetime | None
    """When the schedule asks for the next ingest."""
    sizes: Sizes
    overview: Overview | None
    headlines: tuple[Headline, ...]
    concerns: tuple[str, ...] = ()
    """What is worth a look, each in a line; none when all is well."""

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when something is worth a look."""
        return 1 if self.concerns else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        said: dict[str, Any] = _plain(asdict(self))
        for run in (*said["under_way"], *said["dead"]):
            run["pid"] = run.pop("process")["pid"]
        return said


def gather(settings: Settings, now: datetime) -> Status:
    """Look at the store that ``settings`` names, as of ``now``; locks nothing, changes nothing.

    Raises:
        StoreError: when the published store cannot be read.
    """
    store = Store(settings.store)
    noted = atwork.runs(store.folder)
    alive = {one.run_id: one.is_alive(now) for one in noted}
    today = _midnight(now, settings.timezone)
    found: Overview | None = None
    last: list[PastRun] = []
    ingests: list[PastRun] = []
    headlines: list[Headline] = []
    try:
        with store.read() as con:
            found = overview.overview(con, since=today)
            last = overview.last_runs(con, RUNS_SHOWN)
            ingests = overview.last_runs(con, 1, kind="ingest")
            headlines = overview.headlines(
                con, since=today, published_since=today - timedelta(days=1), most=HEADLINES_SHOWN
            )
    except StoreMissing:
        pass
    begun = [run.started_at for run in ingests] + [
        one.started_at for one in noted if one.kind == "ingest"
    ]
    by = who_serves(store.folder)
    line, zone = (by.schedule, by.timezone) if by else (settings.schedule, settings.timezone)
    late = missed(line, zone, max(begun), now, most=MISSED_TIMES) if begun else 0
    status = Status(
        store=str(settings.store),
        at=now,
        there=found is not None,
        published_at=_changed(store.published),
        written_at=_changed(store.live),
        under_way=tuple(one for one in noted if alive[one.run_id]),
        dead=tuple(one for one in noted if not alive[one.run_id]),
        last=tuple(last),
        last_ingest=ingests[0] if ingests else None,
        missed=late,
        schedule=line,
        timezone=zone,
        served_by=by.process.pid if by else None,
        next_at=next_time(line, zone, now),
        sizes=sizes_of(store),
        overview=found,
        headlines=tuple(headlines),
    )
    return replace(status, concerns=tuple(concerns(status)))


def concerns(status: Status) -> list[str]:
    """What is worth a look, the worst first.  Pure."""
    found = []
    last = status.last_ingest
    if not status.there and not status.under_way:
        found.append(
            f"nothing is stored in {status.store} yet: `voltwire ingest` begins, `voltwire demo` "
            "tries it without a network"
        )
    found += [
        f"the {run.kind} {run.run_id} was killed; nothing that was saved is lost, and the next run "
        "notes it"
        for run in status.dead
    ]
    if last and last.state in ("failed", "crashed"):
        why = f": {clean(last.detail)}" if last.detail else ""
        found.append(f"the last ingest {last.state}, {ago(status.at - last.started_at)} ago{why}")
    elif last and last.detail:
        since = ago(status.at - last.started_at)
        found.append(f"the last ingest, {since} ago, says: {clean(last.detail)}")
    if status.missed >= MISSED_TIMES and last and not _ingests(status.under_way):
        found.append(
            f"no ingest for {ago(status.at - last.started_at)}, and the schedule "
            f"({status.schedule}) asked for {MISSED_TIMES} or more: {_whose(status)}"
        )
    found += [
        f"the {run.kind} under way has not moved for {ago(status.at - run.told_at)} "
        f"(PID {run.process.pid})"
        for run in status.under_way
        if status.at - run.told_at > SILENT
    ]
    if _unpublished(status):
        found.append("what was stored last is not published; a run's detail says why")
    found += _disk(status.sizes)
    if status.overview is not None:
        failing = sum(n for state, n in status.overview.feeds.items() if state in FAILING)
        of = sum(status.overview.feeds.values())
        if of and failing / of >= FAILING_SHARE:
            found.append(f"{failing} of {of} feeds fail: `voltwire feeds health`")
    return found


def _whose(status: Status) -> str:
    if status.served_by is not None:
        return f"look at what `voltwire serve` (PID {status.served_by}) says, and at Prefect's UI"
    return "does `voltwire serve`, a worker or cron run?"


def _ingests(runs: Sequence[AtWork]) -> bool:
    return any(run.kind == "ingest" for run in runs)


def _unpublished(status: Status) -> bool:
    if status.under_way or not status.written_at or not status.published_at:
        return False
    if status.sizes.live == status.sizes.published:
        return False  # the whole folder was copied, and times with it were not
    return status.written_at - status.published_at > UNPUBLISHED


def _disk(sizes: Sizes) -> list[str]:
    if sizes.free is None:
        return []
    wanted = max(LEAST_FREE, COPIES * sizes.live)
    if sizes.free >= wanted:
        return []
    return [f"the disk has {size(sizes.free)} left; a run needs up to {size(wanted)}"]


def _midnight(now: datetime, zone: str) -> datetime:
    """When the day of ``now`` began in the zone, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(), local.tzinfo).astimezone(UTC)


def _changed(path: Path) -> datetime | None:
    """When ``path`` itself, and not what it links to, was changed last."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except OSError:
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def ago(span: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 120 * 60:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86400} d"
