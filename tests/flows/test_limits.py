"""What a page may cost: each overrun ends as a reason, and its neighbours are read."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import limits, workers
from flows.digest import Digested
from ingest.models import Capture, FeedEntry

sys.path.insert(0, str(Path(__file__).parent))
from hostile_work import digest as hostile_digest

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no interval timers")


def capture(name: str) -> Capture:
    url = f"https://a.example/{name}"
    text = f"Plant {name} makes battery cells for electric cars. " * 12
    return Capture(entry=FeedEntry(url=url, canonical_url=url, title=name, text=text))


def test_pages_without_end_or_measure_cost_themselves_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endless loop, one that heeds no exception, a greedy and a deadly page: four reasons."""
    monkeypatch.setattr(workers, "digest", hostile_digest)
    monkeypatch.setattr(workers, "CHUNK", 5)
    names = ["n0", "endless", "n1", "deaf", "n2", "huge", "n3", "deadly", "n4", "n5"]

    async def whole() -> list[Digested]:
        async with workers.Workers(2, {}, all_topics=True) as pool:
            return await pool.digest([capture(name) for name in names], NOW)

    found = asyncio.run(whole())
    assert [one.entry.title for one in found] == names
    reasons = {one.entry.title: one.rejection.reason for one in found if one.rejection}
    assert reasons == {
        "endless": "timeout",
        "deaf": "timeout",
        "huge": "memory",
        "deadly": "crashed",
    }


def test_limits_bind_workers_only() -> None:
    """In the process that runs everything no timer is set: it would end the run."""
    with limits.page_limits():
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (-signal.SIGVTALRM, "timeout"),
        (-signal.SIGALRM, "timeout"),
        (-signal.SIGKILL, "memory"),
        (-signal.SIGSEGV, "crashed"),
        (9, "crashed"),
        (None, "crashed"),
    ],
)
def test_the_end_of_a_process_tells_its_reason(exit_code: int | None, reason: str) -> None:
    """Timers end it by their signals, the kernel's memory killer by its own."""
    assert limits.reason_of(exit_code) == reason
