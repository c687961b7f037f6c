"""Runs killed at any moment: the next run ends where an unbroken one would have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def crash(rounds: int, seed: int) -> dict[str, Any]:
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.crash", "--json",
            "--rounds", str(rounds), "--seed", str(seed),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )  # fmt: skip
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["rounds"] == rounds
    assert told["kills"] >= rounds
    # The comparison is over something: both days, every view that a newsroom fills.
    for day in told["rows"]:
        assert min(day[view] for view in ("articles", "news", "duplicates", "entries")) > 0
    return told


def test_a_run_killed_and_run_again_ends_as_an_unbroken_one():
    """Killed on its way: no row lost, torn or twice, every view as it should be."""
    assert crash(1, seed=11)["wrong"] == []


@pytest.mark.long
def test_twenty_five_kills_lose_nothing():
    """The same over 25 rounds, in which every step of a run is struck."""
    told = crash(25, seed=12)
    assert told["wrong"] == []
    assert set(told["kills_during"]) >= {"poll", "fetch", "digest", "save"}
