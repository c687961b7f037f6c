"""A backfill killed at any moment goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "backfill_kills.py"


def killed(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(rounds), str(seed)],
        capture_output=True, text=True, timeout=1500, cwd=PROGRAM.parents[2],
    )  # fmt: skip
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["rounds"] == rounds
    assert min(told["articles"].values()) > 20
    return told


def test_a_killed_backfill_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    """The same articles, entries and ledger after the next run, of a WordPress whose pages move."""
    assert killed(tmp_path, 1, seed=4)["wrong"] == []


@pytest.mark.long
def test_thirty_kills_lose_nothing(tmp_path: Path) -> None:
    """Ten for each route, and no more is asked twice than one batch and the way to it."""
    told = killed(tmp_path, 30, seed=4)
    assert told["wrong"] == []
    assert told["asked"] - told["asked_unbroken"] <= 30 * 40
