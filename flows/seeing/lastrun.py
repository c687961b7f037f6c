"""The last ingest, whoever ran it: the store knows of every one, a Prefect server of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from flows.settings import Settings
from storage.errors import StoreError
from storage.overview import PastRun, last_runs
from storage.store import Store

# A run of Prefect's begins some seconds after it was due; a worker that was away makes up for one
# later than that, but then it is the newest that the server knows of as well.
_BEGINS_WITHIN = timedelta(minutes=5)


def last_ingest(settings: Settings) -> PastRun | None:
    """The newest ingest in the published store; None where there is none, or no store here."""
    try:
        with Store(settings.store).read() as con:
            found = last_runs(con, 1, kind="ingest")
    except StoreError:
        return None
    return found[0] if found else None


def told(stored: PastRun | None, due: datetime | None, state: str) -> str:
    """When the last run was, how it ended, and who ran it where the server did not.  Pure.

    Args:
        stored: the last one that the store holds.
        due: when the last one that the server knows of was due.
        state: what the server says of that.
    """
    by_server = f"{due:%Y-%m-%d %H:%M} UTC, {state}" if due is not None else ""
    if stored is None or (due is not None and stored.started_at <= due + _BEGINS_WITHIN):
        return by_server or "none yet"
    ended = stored.state.replace("_", " ")
    new = f", {stored.stored} new" if stored.ended_at is not None else ""
    last = f"{stored.started_at:%Y-%m-%d %H:%M} UTC, {ended}{new}"
    if due is None:
        return f"{last} (not by this server: cron, or by hand)"
    return f"{last} (not by this server, whose last was {by_server})"
