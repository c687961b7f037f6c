"""Cron lines and hours of the day: whether they can be used, and what they ask for when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

# Prefect takes these as well.
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = 5


def check_cron(line: str) -> None:
    """Refuse what is no cron line.

    Raises:
        ValueError: saying what is wrong with it.
    """
    from cronsim import CronSim, CronSimError

    plain = _NAMED.get(line.lower(), line)
    fields = plain.split()
    if len(fields) != _FIELDS:
        raise ValueError(f"it has {len(fields)} fields in place of {_FIELDS}")
    try:
        next(CronSim(plain, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{error}".lower().replace("bad ", "wrong ")) from error
    except StopIteration as error:
        raise ValueError("there is no such day") from error


def check_hours(text: str) -> None:
    """Refuse what are no two hours of the day; raises ``ValueError`` saying why."""
    from ingest.daytime import hours

    hours(text)


def times(line: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The moments (UTC) for which a cron line in a time zone asks, later than ``after``."""
    from cronsim import CronSim

    start = after.astimezone(ZoneInfo(zone))
    for moment in CronSim(_NAMED.get(line.lower(), line), start):
        yield moment.astimezone(UTC)


def next_time(line: str, zone: str, after: datetime) -> datetime | None:
    """The first of ``times``; None when there is none."""
    return next(times(line, zone, after), None)


def missed(line: str, zone: str, since: datetime, until: datetime, *, most: int) -> int:
    """How many moments after ``since`` and up to ``until`` the cron line asks for; ``most`` at
    most are counted."""
    return sum(1 for moment in islice(times(line, zone, since), most) if moment <= until)
