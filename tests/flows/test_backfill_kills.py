"""A backfill killed at any moment goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "backfill_kills.py"


def killed(folder: Path, rounds: int, since: str, size: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(rounds), "1", since, size],
        capture_output=True, text=True, timeout=3000, cwd=PROGRAM.parents[2],
    )  # fmt: skip
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["rounds"] == rounds
    assert min(told["rows"].values()) > 20
    return told


def test_a_killed_backfill_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    """The same articles, entries and ledger after the next run, of a WordPress whose pages move."""
    told = killed(tmp_path, 1, "2026-09-29", "whole")
    assert told["wrong"] == []
    # the one that was under way, and a page of the listing that moved on meanwhile
    assert told["asked"]["wordpress"] - told["unbroken"]["wordpress"] <= 3


@pytest.mark.long
def test_thirty_kills_lose_nothing_and_repeat_next_to_nothing(tmp_path: Path) -> None:
    """Six for each route, of a month in slices: at most two requests in a hundred come twice."""
    told = killed(tmp_path, 30, "2026-09-04", "month")
    print(json.dumps(told))
    assert told["wrong"] == []
    asked, unbroken = sum(told["asked"].values()), sum(told["unbroken"].values())
    assert asked <= 1.02 * unbroken
