"""How long a Prefect server keeps what, so that its database stays small for years.

The ``runs`` view of the store keeps a row of every run for ever; what is let go here is how each
looked in Prefect's UI.  The server's own vacuum does it, a few hundred rows at a time; left to
itself it would keep runs, tasks, logs and artifacts for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import PrefectClient

# A month of runs to look back on: what a person asks the UI is why the last nights failed.
RUNS = timedelta(days=30)
# Events are seven eighths of what a run leaves (benchmarks/prefect_growth.py: 0.40 of 0.46 MB), and
# automations look at minutes.
EVENTS = timedelta(days=2)
HEARTBEATS = timedelta(days=1)

SERVER_VARIABLES: Mapping[str, str] = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"{RUNS.total_seconds():.0f}",
    # As days: this one setting of Prefect's takes no seconds.
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{EVENTS.days}D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": (
        f'{{"prefect.flow-run.heartbeat": {HEARTBEATS.total_seconds():.0f}}}'
    ),
    # Slots are leased.  Kept in memory, leases are gone with a restart of the server: a run under
    # way then cannot renew its own and is ended, and a slot whose run is dead stays taken.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
}
"""Environment of a server that is to run for years; the units in ``deploy/`` have the same."""


async def server_settings(client: PrefectClient) -> dict[str, Any]:
    """The settings of the server in use, as it tells them; empty when it does not."""
    answer = await client.request("GET", "/admin/settings")
    found = answer.json() if answer.is_success else {}
    return found.get("server", {}) if isinstance(found, dict) else {}


def kept_for_ever(server: Mapping[str, Any]) -> list[str]:
    """What a server with these settings will not survive for years, a line each.

    Args:
        server: as ``server_settings`` returns it; what is not told there is passed over.
    """
    notes = []
    vacuum = server.get("services", {}).get("db_vacuum", {})
    enabled = vacuum.get("enabled")
    if vacuum and enabled is not True and "flow_runs" not in (enabled or ()):
        notes.append(
            "the server keeps runs for ever; start it with "
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED=events,flow_runs"
        )
    leases = server.get("concurrency", {}).get("lease_storage", "")
    if leases.endswith(".memory"):
        notes.append(
            "a restart of the server ends the run under way; start it with "
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE="
            + SERVER_VARIABLES["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
        )
    return notes
