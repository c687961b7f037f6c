"""Which changes of feeds' states are told, and the message that tells them.

A change is told once.  Trouble that passes by itself is none: a feed counts as failing for
others only after several failures in a row, and one that recovered before is not mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ingest.models import Feed, FeedState

# A server that restarts is down for one poll; three take more than an hour.
FAILURES_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChange:
    """A feed that fares otherwise than what was told of it last."""

    feed: str
    publisher: str
    url: str
    before: str
    state: str
    detail: str

    @property
    def line(self) -> str:
        """The change in a line."""
        why = f" ({self.detail})" if self.detail else ""
        return f"{self.feed}: {self.before} -> {self.state}{why}"


def changes(feeds: Mapping[str, Feed], states: Iterable[FeedState]) -> list[FeedChange]:
    """What is to be told of ``states``, worst or not, by slug.  Pure."""
    found = []
    for state in sorted(states, key=lambda state: state.slug):
        told = state.told or "ok"
        passing = state.state == "failing" and state.failures < FAILURES_TOLD
        if state.state in (told, "new") or passing:
            continue
        feed = feeds.get(state.slug)
        found.append(
            FeedChange(
                feed=state.slug,
                publisher=feed.publisher if feed else "",
                url=state.url,
                before=told,
                state=state.state,
                detail=state.detail,
            )
        )
    return found


def as_told(states: Sequence[FeedState], told: Iterable[FeedChange]) -> list[FeedState]:
    """``states`` with a note of what was told."""
    news = {change.feed: change.state for change in told}
    return [
        replace(state, told=news[state.slug]) if state.slug in news else state for state in states
    ]


def message(changed: Sequence[FeedChange], run_id: str) -> dict[str, object]:
    """The JSON that a webhook gets.  ``text`` is what chat services show."""
    return {
        "event": "voltwire.feeds.changed",
        "run_id": run_id,
        "text": "\n".join(change.line for change in changed),
        "changes": [asdict(change) for change in changed],
    }
