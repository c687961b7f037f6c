"""Deployments, units and automations as they are written down; servers are in test_prefect*."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.events.schemas.automations import EventTrigger
from prefect.settings.models.server import ServerSettings

from flows.commands.deploy import handed_on
from flows.deploying import POOL, WORKER_VARIABLES, manual_deployment, scheduled_deployment
from flows.heartbeats import BEGINNING, HEARTBEAT_SECONDS, SILENCE, TAG, automations
from flows.prefect_server import cut_log
from flows.retention import EVENTS, HEARTBEATS, RUNS, SERVER_VARIABLES, kept_for_ever
from flows.settings import Settings
from flows.versions import (
    PREFECT,
    differing_server,
    harmful_versions,
    installed_versions,
)

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy"


def test_prefect_yaml_says_the_same_as_the_command() -> None:
    """Names, entry points, tags, limits, schedule and heartbeats stand in both alike."""
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    made = [
        asyncio.run(scheduled_deployment(Settings(), POOL, WORKER_VARIABLES)),
        asyncio.run(manual_deployment(POOL, WORKER_VARIABLES)),
    ]

    def of_file(one: dict[str, Any]) -> tuple[object, ...]:
        pool, limit = one["work_pool"], one["concurrency_limit"]
        return (
            one["name"], one["entrypoint"], sorted(one["tags"]), pool["name"],
            pool["job_variables"], limit["limit"], limit["collision_strategy"],
            [(each["cron"], each["timezone"], each["slug"]) for each in one.get("schedules", [])],
        )  # fmt: skip

    def of_command(one: Any) -> tuple[object, ...]:
        return (
            one.name, one.entrypoint, sorted(one.tags), one.work_pool_name,
            one.job_variables, one.concurrency_limit,
            one.concurrency_options.collision_strategy.value,
            [
                (each.schedule.cron, each.schedule.timezone, each.slug)
                for each in one.schedules or []
            ],
        )  # fmt: skip

    assert [of_file(one) for one in written] == [of_command(one) for one in made]


def test_the_servers_unit_keeps_what_a_server_of_our_own_keeps() -> None:
    """The unit for a server and the server that ``serve`` starts have the same variables."""
    text = (UNITS / "voltwire-server.service").read_text()
    said = dict(re.findall(r"^Environment='?(\w+)=(.*?)'?$", text, re.MULTILINE))
    assert SERVER_VARIABLES.items() <= said.items()


def test_prefect_reads_what_its_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is one that this Prefect has, and is read as it is meant."""
    for name, value in SERVER_VARIABLES.items():
        monkeypatch.setenv(name, value)
    server = ServerSettings()
    assert server.services.db_vacuum.enabled_vacuum_types == {"events", "flow_runs", "orphans"}
    assert server.services.db_vacuum.retention_period == RUNS
    assert server.services.db_vacuum.event_retention_overrides == {
        "prefect.flow-run.heartbeat": HEARTBEATS
    }
    assert server.events.retention_period == EVENTS
    assert kept_for_ever(server.model_dump(mode="json")) == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_every_unit() -> None:
    """``systemd-analyze verify`` finds nothing but the program missing, which is not here."""
    units = sorted(UNITS.glob("*.service"))
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "voltwire" in line]
    assert [line for line in said if "is not executable" not in line] == []


def test_a_dead_run_is_marked_within_two_minutes() -> None:
    """Three heartbeats of silence, or a run that does not begin, end in under two minutes."""
    assert timedelta(seconds=2 * HEARTBEAT_SECONDS) < SILENCE
    # The server looks each five seconds.
    assert max(SILENCE, BEGINNING) + timedelta(seconds=10) < timedelta(minutes=2)


def test_the_automations_look_at_runs_of_ours_alone() -> None:
    """Both match flow runs with our tag, one by one, and mark them as crashed."""
    found = automations()
    assert len({one.name for one in found}) == 2
    for one in found:
        assert isinstance(one.trigger, EventTrigger)
        said = one.trigger.model_dump(mode="json")
        assert said["match_related"]["prefect.resource.id"] == [f"prefect.tag.{TAG}"]
        assert said["for_each"] == ["prefect.resource.id"]
        assert said["posture"] == "Proactive"
        assert [action.model_dump(mode="json")["state"] for action in one.actions] == ["CRASHED"]


def test_versions_with_which_a_server_schedules_nothing_are_named() -> None:
    """SQLAlchemy 2.1 and fastapi 0.151 are named with what to install; those pinned are not."""
    assert harmful_versions(installed_versions()) == []
    [line] = harmful_versions({"sqlalchemy": "2.1.0b2", "fastapi": "0.150.9"})
    assert "schedules nothing" in line
    assert "pip install 'sqlalchemy<2.1'" in line
    [line] = harmful_versions({"sqlalchemy": "2.0.58", "fastapi": "1.0"})
    assert "fastapi 1.0" in line
    assert harmful_versions({}) == []


def test_a_server_of_another_version_is_named() -> None:
    """The version that was tried says nothing; another is told with both."""
    assert differing_server(PREFECT) == ""
    assert PREFECT in differing_server("3.4.0")
    assert installed_versions()["prefect"] == PREFECT


def test_a_server_that_keeps_everything_for_ever_is_told_how_not_to() -> None:
    """Defaults of a bare server give both notes; ours gives none; an unknown answer gives none."""
    bare = {
        "services": {"db_vacuum": {"enabled": ["events"]}},
        "concurrency": {"lease_storage": "prefect.server.concurrency.lease_storage.memory"},
    }
    assert [line.partition(";")[0] for line in kept_for_ever(bare)] == [
        "the server keeps runs for ever",
        "a restart of the server ends the run under way",
    ]
    ours = {
        "services": {"db_vacuum": {"enabled": ["flow_runs", "events"]}},
        "concurrency": {"lease_storage": "prefect.server.concurrency.lease_storage.filesystem"},
    }
    assert kept_for_ever(ours) == []
    assert kept_for_ever({"services": {"db_vacuum": {"enabled": True}}}) == []
    assert kept_for_ever({}) == []


def test_a_worker_is_handed_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store, settings file and feeds reach a run that starts in another folder."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(store=Path("news"), feeds="mine.toml")
    assert handed_on(settings, Path("voltwire.toml")) == {
        "VOLTWIRE_STORE": str(tmp_path / "news"),
        "VOLTWIRE_CONFIG": str(tmp_path / "voltwire.toml"),
        "VOLTWIRE_FEEDS": str(tmp_path / "mine.toml"),
    }
    assert handed_on(Settings(store=Path("/srv/news")), None) == {"VOLTWIRE_STORE": "/srv/news"}


def test_a_log_is_begun_anew_when_it_is_long_while_its_writer_goes_on(tmp_path: Path) -> None:
    """The old lines stand in ``.1``, the new ones at the start of the log; a short log stays."""
    log = tmp_path / "server.log"
    cut_log(log, 10)
    with log.open("ab") as writer:
        writer.write(b"0123456789")
        writer.flush()
        cut_log(log, 10)
        assert log.read_bytes() == b"0123456789"
        cut_log(log, 9)
        writer.write(b"next")
        writer.flush()
    assert log.read_bytes() == b"next"
    assert (tmp_path / "server.log.1").read_bytes() == b"0123456789"
