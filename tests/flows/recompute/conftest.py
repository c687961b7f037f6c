"""A store as articles arrived, and copies of it to make anew in small chunks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage.store import Store
from tests.flows.recompute.recompute_support import arrive, cut_small


@pytest.fixture(scope="session")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of some hundred articles as they came, in three batches."""
    return arrive(tmp_path_factory.mktemp("arrived") / "store")


@pytest.fixture
def store(arrived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A copy to work on, in many small chunks."""
    cut_small(monkeypatch)
    shutil.copytree(arrived, tmp_path / "store", symlinks=True)
    return Store(tmp_path / "store")
