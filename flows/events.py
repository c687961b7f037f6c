"""Changes of feeds' states as Prefect events, for automations to act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prefect import get_run_logger
from prefect.events import emit_event

EVENT = "voltwire.feed.state-changed"


def emit_changes(changed: Iterable[Mapping[str, str]]) -> None:
    """Emit one event a change (``RunReport.feed_changes``); the run's log names each.

    An event that cannot be sent is logged: what the run stored is stored.
    """
    log = get_run_logger()
    for change in changed:
        log.info("feed %s", change["line"])
        try:
            emit_event(
                event=EVENT,
                resource={
                    "prefect.resource.id": f"voltwire.feed.{change['feed']}",
                    "prefect.resource.name": change["feed"],
                    "voltwire.feed.state": change["state"],
                },
                payload={name: value for name, value in change.items() if name != "line"},
            )
        except Exception as error:  # whatever the server or the way to it does
            log.warning("the change of feed %s was not sent: %s", change["feed"], error)
