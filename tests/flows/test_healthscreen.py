"""The health of feeds fits a screen, and each line what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.healthscreen import Row, screen

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def row(n: int, rank: int) -> Row:
    return Row(
        slug=f"publisher-with-a-long-name-{n}", state="lying_304", rank=rank,
        answered_at=NOW - timedelta(days=300), delivered_at=None,
        next_at=NOW + timedelta(hours=5), detail="timeout: no whole answer " * 9,
        advice="find its new address and change it in the list " * 3,
    )  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 24)])
def test_thirty_sick_feeds_and_fifty_well_ones_are_one_screen(width: int, height: int) -> None:
    """The worst lead, every line fits, what is left out is counted."""
    rows = [row(n, 3) for n in range(30)] + [row(n, 10) for n in range(50)]
    lines = [line.plain for line in screen(rows, width=width, height=height, now=NOW)]
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    assert lines[1].startswith("publisher")
    assert lines[2].startswith("  -> find its new address")
    shown = sum(line.startswith("  -> ") for line in lines)
    assert lines[-2] == f"and {30 - shown} more that want a look: --all lists them"
    assert lines[-1] == "50 feeds are well or new; --all lists them"


def test_a_screen_of_well_feeds_is_a_line() -> None:
    """Nothing to do, nothing to read."""
    lines = screen([row(n, 10) for n in range(79)], width=80, height=24, now=NOW)
    assert [line.plain for line in lines] == ["79 feeds are well or new; --all lists them"]
