"""The backfill as Prefect shows it: its form, a flow run a slice, and how far each is."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, served
from prefect_support import environment

from flows.artifacts import ShownProgress
from flows.backfill import backfill
from flows.context import Silent


def test_the_form_says_what_can_be_asked_for() -> None:
    """Choices, the earliest day, what a slug looks like, and a sentence for each."""
    form = backfill.parameters.properties
    assert form["slice"]["enum"] == ["month", "day", "whole"]
    assert form["slice"]["default"] == "month"
    assert {"auto", "wordpress", "warc"} <= set(form["route"]["enum"])
    for day in ("since", "until"):
        (dated,) = [kind for kind in form[day]["anyOf"] if kind.get("format") == "date"]
        assert dated["formatMinimum"] == "1995-01-01"
    assert form["feeds"]["items"]["pattern"]
    assert form["feeds"]["maxItems"]
    assert all(field["description"] for field in form.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "1994-12-31"}, {"since": "soon"}, {"slice": "week"}, {"route": "pigeon"},
        {"feeds": ["no slug at all"]}, {"paths": [""]},
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    """Before anything is begun."""
    with pytest.raises(ParameterTypeError):
        backfill.validate_parameters(wrong)


def test_progress_is_that_of_the_feeds_with_all_stages_in_words() -> None:
    """Per cent of the stage that has an end; nothing is divided by what nobody knows."""
    progress = ShownProgress("key", "feeds", Silent())
    assert (progress.percent, progress.words()) == (0.0, "")
    progress.stage("pages", None)
    progress.stage("feeds", 4)
    progress.advance("feeds", 3)
    progress.advance("pages")
    assert progress.percent == 75.0
    assert progress.words() == "pages: 1; feeds: 3 of 4"
    progress.stage("feeds", 2)
    assert progress.percent == 100.0


@pytest.mark.long
def test_each_slice_is_a_flow_run_with_its_progress_and_a_task_a_feed(tmp_path: Path) -> None:
    """A week over two months: two runs below one, newest first, all of them done."""
    with served(Archive()) as url:
        feeds = tmp_path / "feeds.toml"
        feeds.write_text(f'[[feed]]\nslug = "a"\nurl = "{url}/feed"\nlanguage = "en"\n')
        words = ["--since", f"{WINDOW.since}", "--until", f"{WINDOW.until}", "--all-topics"]
        words += ["--feeds", str(feeds), "--store", str(tmp_path / "s"), "--json"]
        env = environment(
            tmp_path / "prefect",
            VOLTWIRE_ALLOW_HOSTS="127.0.0.1", VOLTWIRE_PACE_SECONDS="0", VOLTWIRE_WORKERS="1",
        )  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", "backfill", *words],
            env=env, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["coverage"][0]["complete"] == 7
    with closing(sqlite3.connect(tmp_path / "prefect" / "prefect.db")) as con:
        runs = con.execute(
            "select name, state_type from flow_run where parent_task_run_id is not null order by 1"
        ).fetchall()
        shown = con.execute("select data from artifact where type = 'progress'").fetchall()
        tasks = con.execute("select count(*) from task_run").fetchone()
    assert runs == [
        ("2026-09-27 to 2026-09-30", "COMPLETED"),
        ("2026-10-01 to 2026-10-03", "COMPLETED"),
    ]
    assert [float(percent) for (percent,) in shown] == [100.0] * 3
    # for each slice the call of it and its one feed, and the publish; no task an article
    assert tasks == (5,)
