"""Settings from file and environment, the stronger winning."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.context import utc_now
from flows.run import pace_of_backfill
from flows.setting_kinds import WrongValue
from flows.settings import Settings, SettingsError, kinds, load, load_settings, store_folder
from ingest.errors import VoltwireError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("VOLTWIRE_")]:
        monkeypatch.delenv(name)


def refused(text: str = "", **variables: str) -> str:
    """What is said of settings that cannot be used: one line."""
    Path("voltwire.toml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"VOLTWIRE_{name}", value)
        with pytest.raises(SettingsError) as caught:
            load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_environment_is_stronger_than_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file stronger than the defaults."""
    Path("voltwire.toml").write_text('workers = 3\ncontact = "a@b.example"\nstore = "F"\n')
    monkeypatch.setenv("VOLTWIRE_WORKERS", "5")
    found = load_settings()
    assert (found.workers, found.contact, found.store) == (5, "a@b.example", Path("F").resolve())
    assert "a@b.example" in found.user_agent
    assert store_folder() == Path("F").resolve()
    assert store_folder(Path("G")) == Path("G")


def test_a_variable_that_resembles_no_setting_is_someone_elses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that resembles a setting and is none was meant to be it, and is an error."""
    monkeypatch.setenv("VOLTWIRE_QQ_ZZ", "1")
    assert load_settings().workers == Settings().workers
    monkeypatch.setenv("VOLTWIRE_WORKRES", "1")
    with pytest.raises(SettingsError, match="did you mean VOLTWIRE_WORKERS"):
        load_settings()


def test_a_list_in_the_environment_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that may be private are several."""
    monkeypatch.setenv("VOLTWIRE_ALLOW_HOSTS", "a.local,b.local")
    assert load_settings().allow_hosts == ("a.local", "b.local")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("worker = 1\n", ["worker is no setting", "did you mean workers?"]),
        ("back-fill-batch = 1\n", ["did you mean backfill_batch?"]),
        ("qqqq = 1\n", ["qqqq is no setting", "config show"]),
        ("[voltwire]\nworkers = 1\n", ["without a section", "[voltwire]"]),
        ("workers = '4'\n", ["a whole number", "such as 2", "without quotes"]),
        ("workers = true\n", ["a whole number"]),
        ("workers = -1\n", ["less than 0"]),
        ("batch = 0\n", ["less than 1"]),
        ("pace_seconds = nan\n", ["0 or more"]),
        ("pace_seconds = 'fast'\n", ["a number from 0"]),
        ("allow_hosts = 'a.local'\n", ["a list of host names"]),
        ("allow_hosts = ['http://a.local/']\n", ["'http://a.local/' is not the name of a host"]),
        ("contact = 3\n", ["a text in quotes"]),
        ("contact = 'a\\nb'\n".replace("'", '"'), ["control character"]),
        ("schedule = '* * * *'\n", ["4 fields", '"*/15 * * * *"']),
        ("schedule = '0 25 * * *'\n", ["wrong hour"]),
        ("schedule = '0 0 31 2 *'\n", ["wrong day-of-month"]),
        ("timezone = 'Europe/Berln'\n", ["did you mean Europe/Berlin?"]),
        ("timezone = '../etc'\n", ["tz database", "Europe/Berlin"]),
        ("backfill_hours = 'night'\n", ['"22-6" (22:00 to 5:59)']),
        ("backfill_hours = '7-30'\n", ["hours are 0 to 23"]),
        ("wayback_url = 'archive.org'\n", ["http or https address"]),
        ("ccnews_url = 'http://a:b/'\n", ["http or https address"]),
        ("log_format = 'xml'\n", ['"text", "json"']),
        ("workers = \n", ["is no TOML", "line 1", "such as contact"]),
    ],
)
def test_a_file_that_cannot_be_used_is_a_line_that_helps(text: str, words: list[str]) -> None:
    """Which setting, which was probably meant, what a right value looks like."""
    said = refused(text)
    assert said.startswith("voltwire.toml")
    for word in words:
        assert word in said


def test_all_faults_are_told_at_once() -> None:
    """Those of the file and those of the environment."""
    said = refused("worker = 1\nbatch = 0\n", TIMEZONE="Mars", WORKRES="2")
    for word in ("worker is", "batch = 0", 'VOLTWIRE_TIMEZONE="Mars"', "mean VOLTWIRE_WORKERS?"):
        assert word in said


@pytest.mark.parametrize("value", ["x", "3.5", "-1"])
def test_a_variable_that_cannot_be_used_is_named(value: str) -> None:
    """And not taken for its default."""
    assert f'VOLTWIRE_WORKERS="{value}" cannot be used' in refused(WORKERS=value)


def test_a_webhook_is_not_repeated_in_a_complaint() -> None:
    """Whoever reads the cron mail could post there."""
    assert "s3cret" not in refused("webhook = 'hooks.example/s3cret'\n")
    assert "s3cret" not in refused(WEBHOOK="hooks.example/s3cret")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_as_a_file_is_settings_or_one_line(text: str) -> None:
    """Nothing that an editor can leave behind ends in a traceback."""
    Path("voltwire.toml").write_bytes(text.encode())
    with contextlib.suppress(SettingsError):
        load()


@given(
    st.sampled_from(sorted(kinds())),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4
    ),
)
def test_any_value_is_one_of_its_kind_or_refused(name: str, value: object) -> None:
    """What is read comes back in the setting's own type."""
    try:
        read = kinds()[name].read(value)
    except WrongValue:
        return
    assert isinstance(read, type(getattr(Settings(), name)))


def test_a_file_of_bytes_or_a_folder_is_refused(tmp_path: Path) -> None:
    """One line each, and a byte order mark is none of them."""
    file = tmp_path / "voltwire.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load()
    file.write_bytes(b"\xef\xbb\xbfworkers = 2\n")
    assert load_settings().workers == 2


def test_each_value_comes_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, file and its path, variable, option: the strongest that said something."""
    monkeypatch.setenv("VOLTWIRE_BATCH", "7")
    monkeypatch.setenv("VOLTWIRE_CONNECTIONS", "")
    Path("voltwire.toml").write_text("workers = 3\nbatch = 5\n")
    loaded = load().with_option("store", "--store", Path("S")).with_option("feeds", "--feeds", None)
    named = {name: (source.kind, source.where) for name, source in loaded.sources.items()}
    assert named["workers"] == ("file", "voltwire.toml")
    assert named["batch"] == ("environment", "VOLTWIRE_BATCH")
    assert named["connections"] == ("default", "")
    assert named["store"] == ("option", "--store")
    assert named["feeds"] == ("default", "")
    assert (loaded.settings.batch, loaded.settings.connections) == (7, 32)


def test_a_path_starts_from_the_file_it_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file is read from another folder; "-" and "" are no paths."""
    (tmp_path / "etc").mkdir()
    named = tmp_path / "etc" / "news.toml"
    named.write_text(
        "store = 'S'\nfeeds = 'mine.opml'\nlog_file = '-'\nmetrics_file = '~/m'\n"
        "shards = 's3://bucket/x'\nengine_folder = 'E'\n"
    )
    monkeypatch.setenv("VOLTWIRE_CONFIG", str(named))
    monkeypatch.setenv("HOME", "/home/of")
    found = load_settings()
    assert found.store == tmp_path / "etc" / "S"
    assert found.feeds == str(tmp_path / "etc" / "mine.opml")
    assert found.engine_folder == str(tmp_path / "etc" / "E")
    assert (found.log_file, found.metrics_file) == ("-", "/home/of/m")
    assert found.shards == "s3://bucket/x"


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
