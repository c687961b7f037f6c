"""Settings from file and environment, the stronger winning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.context import utc_now
from flows.run import pace_of_backfill
from flows.settings import Settings, SettingsError, load_settings, store_folder
from ingest.errors import VoltwireError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "STORE", "WORKERS", "CONTACT", "ALLOW_HOSTS"):
        monkeypatch.delenv(f"VOLTWIRE_{name}", raising=False)


def test_the_environment_is_stronger_than_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file stronger than the defaults."""
    Path("voltwire.toml").write_text('workers = 3\ncontact = "a@b.example"\nstore = "F"\n')
    monkeypatch.setenv("VOLTWIRE_WORKERS", "5")
    found = load_settings()
    assert (found.workers, found.contact, found.store) == (5, "a@b.example", Path("F").resolve())
    assert "a@b.example" in found.user_agent
    assert store_folder() == Path("F").resolve()
    assert store_folder(Path("G")) == Path("G")


def test_a_list_in_the_environment_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that may be private are several."""
    monkeypatch.setenv("VOLTWIRE_ALLOW_HOSTS", "a.local,b.local")
    assert load_settings().allow_hosts == ("a.local", "b.local")


@pytest.mark.parametrize("text", ["unknown = 1\n", "workers = 'x'\n", "workers = \n"])
def test_a_file_that_cannot_be_used_is_an_error(text: str) -> None:
    """An unknown key, a wrong type, no TOML: one line each."""
    Path("voltwire.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_the_quick_way_to_the_store_agrees_with_the_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, from the environment, both name one folder."""
    monkeypatch.setenv("VOLTWIRE_STORE", "~/somewhere")
    assert store_folder() == load_settings().store


def test_a_backfill_asks_more_slowly_by_day_in_the_zone_of_the_settings() -> None:
    """22:30 in London is 7:30 in Tokyo; without hours the pace is the same all day."""
    night = Settings(backfill_hours="22-6", pace_seconds=2.0)
    for zone, pace in (("Europe/London", 2.0), ("Asia/Tokyo", 10.0)):
        there = replace(night, timezone=zone)
        assert pace_of_backfill(there, lambda: datetime(2026, 11, 2, 22, 30, tzinfo=UTC))() == pace
    assert pace_of_backfill(Settings(pace_seconds=2.0), utc_now)() == 2.0


@pytest.mark.parametrize("wrong", [{"backfill_hours": "night"}, {"timezone": "Mars/Base"}])
def test_hours_and_zones_that_cannot_be_read_are_refused(wrong: dict[str, str]) -> None:
    """With a word of what to put right, before anybody is asked."""
    with pytest.raises(VoltwireError, match="backfill_hours or timezone"):
        pace_of_backfill(replace(Settings(backfill_hours="22-6"), **wrong), utc_now)
