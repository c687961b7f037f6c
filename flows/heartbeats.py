"""Runs whose process is gone: how they are noticed, and how their slot comes free.

A flow run that is killed outright says nothing to the server, which keeps it as ``Running`` and
its deployment's only slot with it.  So each run sends a heartbeat, and two automations on the
server mark as crashed what falls silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

TAG = "voltwire"
"""On every run of ours; runs of other projects on the same server are left alone."""

# Prefect sends none more often than this.
HEARTBEAT_SECONDS = 30
# Three heartbeats: a machine that swaps, or a server that restarts, may cost two.  Marking a run
# that lives is the lesser mistake: at its end it says that it is completed, and is believed.
SILENCE = timedelta(seconds=90)
# From the slot to the flow's first line.  3 s against a running server, some 30 s on a small
# machine that is busy.
BEGINNING = timedelta(seconds=105)

_ENDS = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")


@dataclass(frozen=True, kw_only=True)
class EnsuredAutomation:
    """An automation, and what had to be done for it."""

    name: str
    done: str
    """``created``, ``updated`` or ``unchanged``."""


def automations() -> list[AutomationCore]:
    """The automations that mark runs as crashed, as they should stand on the server."""
    return [
        _automation(
            "voltwire: runs that fell silent",
            "A run sent a heartbeat and then, for 90 seconds, neither another nor its end: its "
            "process or its machine is gone.",
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in _ENDS)},
            within=SILENCE,
            message="No heartbeat for 90 s: the run's process is gone. What it saved is stored.",
        ),
        _automation(
            "voltwire: runs that never began",
            "A run was given its slot and then did not begin: its worker was killed meanwhile.",
            # The worker says the second once it has taken the run; both mean that nothing runs.
            after={"prefect.flow-run.Pending", "prefect.flow-run.Submitting"},
            # Anything at all, and so in whatever order the events come in.
            expect={"prefect.flow-run.*"},
            within=BEGINNING,
            message="The run was handed out and never began: its worker is gone.",
        ),
    ]


def _automation(
    name: str, why: str, *, after: set[str], expect: set[str], within: timedelta, message: str
) -> AutomationCore:
    return AutomationCore(
        name=name,
        description=why,
        enabled=True,
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification(
                {
                    "prefect.resource.id": [f"prefect.tag.{TAG}"],
                    "prefect.resource.role": ["tag"],
                }
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            after=after,
            expect=expect,
            threshold=1,
            within=within,
        ),
        actions=[
            # Not by force: a run that ended meanwhile keeps its end.
            ChangeFlowRunState(name=None, state=StateType.CRASHED, message=message, force=False)
        ],
    )


async def ensure_automations(client: PrefectClient) -> list[EnsuredAutomation]:
    """Set the automations up, once each, enabled and as they should be.

    Args:
        client: of the server in use.
    """
    return [await _ensure(client, wanted) for wanted in automations()]


async def _ensure(client: PrefectClient, wanted: AutomationCore) -> EnsuredAutomation:
    found = await client.read_automations_by_name(wanted.name)
    if not found:
        await client.create_automation(wanted)
        return EnsuredAutomation(name=wanted.name, done="created")
    first, *others = found
    for other in others:
        await client.delete_automation(_id(other.id))
    if _said(first) == _said(wanted):
        return EnsuredAutomation(name=wanted.name, done="updated" if others else "unchanged")
    await client.update_automation(_id(first.id), wanted)
    return EnsuredAutomation(name=wanted.name, done="updated")


def _id(found: UUID | None) -> UUID:
    assert found is not None
    return found


def _said(automation: AutomationCore) -> object:
    """What an automation says, without what the server adds to it."""
    trigger = automation.trigger
    assert isinstance(trigger, EventTrigger)
    return (
        automation.description,
        automation.enabled,
        trigger.model_dump(mode="json", exclude={"id", "after", "expect", "for_each"}),
        trigger.after,
        trigger.expect,
        trigger.for_each,
        [action.model_dump(mode="json") for action in automation.actions],
    )
