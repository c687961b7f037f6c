"""What others see of a run: its log, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from flows.report import RunReport
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.seeing import logs, metrics
from flows.seeing.logs import JsonLines, TextLines, about, of_run
from flows.settings import Settings
from storage import atwork, overview, runs
from storage.errors import StoreFull
from storage.models import RunCounts
from storage.store import Store
from tests.flows.test_from_routes import NOW, row, rows_file

LOG = logging.getLogger("flows.something")


@dataclass(frozen=True)
class Seen:
    """A run and what it left."""

    report: RunReport
    lines: list[dict[str, object]]
    figures: dict[tuple[str, tuple[tuple[str, str], ...]], float]
    types: dict[str, str]
    settings: Settings


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One backfill of a file, with all that a run can leave."""
    folder = tmp_path_factory.mktemp("seen")
    settings = Settings(
        store=folder / "S", workers=1, log_file=str(folder / "logs" / "run.log"),
        log_format="json", log_level="debug", metrics_file=str(folder / "m" / "voltwire.prom"),
    )  # fmt: skip
    rows = (
        row("anode"),
        row("cathode"),
        {"url": "https://a.example/empty", "html": "<html></html>"},
    )
    report = asyncio.run(
        run_backfill(
            settings,
            BackfillOptions(route="jsonl", paths=(rows_file(folder, *rows),), all_topics=True),
            Surroundings(clock=lambda: NOW),
        )
    )
    text = Path(settings.metrics_file).read_text()
    families = list(text_string_to_metric_families(text))
    return Seen(
        report=report,
        lines=[json.loads(line) for line in Path(settings.log_file).read_text().splitlines()],
        figures={
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        },
        types={family.name: family.type for family in families},
        settings=settings,
    )


# --- the log -------------------------------------------------------------------------------------


def test_a_run_logs_from_its_beginning_to_its_end(seen: Seen) -> None:
    """Every line with time, level and run; the last with the figures of the report."""
    for line in seen.lines:
        assert datetime.fromisoformat(str(line["time"])).tzinfo is not None
        assert line["run"] == seen.report.run_id
        assert line["level"] in ("debug", "info", "warning")
    assert seen.lines[0]["message"].startswith("backfill begins")  # type: ignore[attr-defined]
    last = seen.lines[-1]
    assert last["message"] == seen.report.line()
    assert last["counts"]["stored"] == seen.report.stored == 2  # type: ignore[index]


def test_a_batch_is_a_line_and_each_refusal_one_more(seen: Seen) -> None:
    """With its stage, its address and its reason."""
    saves = [line for line in seen.lines if line.get("stage") == "save"]
    assert [line["counts"] for line in saves if "counts" in line] == [
        {"new": 2, next(iter(seen.report.reasons)): 1}
    ]
    refused = [line for line in saves if line["level"] == "debug"]
    assert [line["url"] for line in refused] == ["https://a.example/empty"]


def test_nothing_of_a_run_stays_behind(seen: Seen) -> None:
    """No handler, no level, no note of a run at work."""
    assert atwork.runs(seen.settings.store) == []
    for name in logs.PACKAGES:
        logger = logging.getLogger(name)
        assert (logger.handlers, logger.level, logger.propagate) == ([], logging.NOTSET, True)


def log_of(tmp_path: Path, **changes: str) -> Settings:
    return replace(Settings(), log_file=str(tmp_path / "run.log"), **changes)


def test_a_rotated_log_is_begun_anew(tmp_path: Path) -> None:
    """Moved away or taken in the middle of a run, as logrotate does."""
    settings = log_of(tmp_path)
    file = Path(settings.log_file)
    with of_run(settings, "r1"):
        LOG.info("one")
        file.rename(tmp_path / "run.log.1")
        LOG.info("two")
        file.unlink()
        LOG.info("three")
    assert "one" in (tmp_path / "run.log.1").read_text()
    assert [line.split(" ", 1)[1] for line in file.read_text().splitlines()] == ["INFO    r1 three"]


def test_a_log_whose_folder_goes_away_ends_no_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is said meanwhile is lost, and nothing else."""
    file = tmp_path / "logs" / "run.log"
    with of_run(replace(Settings(), log_file=str(file)), "r"):
        LOG.info("one")
        shutil.rmtree(file.parent)
        LOG.info("two")
        file.parent.mkdir()
        LOG.info("three")
    assert file.read_text().endswith("r three\n")
    assert "two" not in file.read_text()
    assert capfd.readouterr().err == ""


def test_two_runs_in_one_process_keep_their_lines_apart(tmp_path: Path) -> None:
    """Also those of threads and of levels that only one of them wants."""
    one, two = (tmp_path / name for name in ("one", "two"))

    async def run(name: Path, level: str) -> None:
        settings = replace(Settings(), log_file=str(name), log_level=level)
        with of_run(settings, name.name):
            for _ in range(3):
                await asyncio.to_thread(LOG.info, "from %s", name.name)
                LOG.debug("more of %s", name.name)
                await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(run(one, "debug"), run(two, "info"))

    asyncio.run(both())
    assert len(one.read_text().splitlines()) == 6
    assert len(two.read_text().splitlines()) == 3
    assert "two" not in one.read_text()
    assert "one" not in two.read_text()


def test_a_log_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    """The run is told why there is none."""
    (tmp_path / "file").write_text("")
    settings = replace(Settings(), log_file=str(tmp_path / "file" / "run.log"))
    with of_run(settings, "r") as problem:
        LOG.info("into the void")
    assert "cannot be written" in problem
    with of_run(Settings(), "r") as problem:
        assert problem == ""


def test_without_a_log_only_what_no_report_tells_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A warning, in one line for a terminal or a mail."""
    with of_run(Settings(), "r"):
        LOG.info("quiet")
        LOG.warning("told below", extra=about(feed="a", reported=True))
        LOG.warning("not published\non the way")
    assert capfd.readouterr().err == "voltwire: not published on the way\n"


def test_a_log_may_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """For a journal that adds what it needs."""
    with of_run(replace(Settings(), log_file="-", log_level="warning"), "r"):
        LOG.info("quiet")
        LOG.warning("loud", extra=about(stage="poll", feed="a", url="https://a.example/f"))
    told = capfd.readouterr().err
    assert told.split(" ", 1)[1] == "WARNING r poll a: loud https://a.example/f\n"


@given(st.text(), st.text(), st.sampled_from([TextLines(), JsonLines()]))
def test_a_record_is_one_line_whatever_the_web_wrote(
    message: str, feed: str, form: logging.Formatter
) -> None:
    """No line break, no escape sequence of a terminal, nothing that is no JSON."""
    record = logging.makeLogRecord(
        {"msg": message, "args": None, "levelname": "INFO", "name": "flows.x", "run": "r",
         "exc_info": (ValueError, ValueError(message), None)} | about(feed=feed, reason="x")
    )  # fmt: skip
    line = form.format(record)
    if isinstance(form, JsonLines):
        assert json.loads(line)["run"] == "r"
        assert "\n" not in line
    else:
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


# --- figures -------------------------------------------------------------------------------------


def test_the_figures_are_what_prometheus_reads(seen: Seen) -> None:
    """By its own client's parser: names, types and values, a sum for each kind of run."""
    ok = ("voltwire_runs_total", (("kind", "backfill"), ("state", "completed")))
    assert seen.figures[ok] == 1
    assert seen.figures["voltwire_articles_stored_total", (("kind", "backfill"),)] == 2
    assert seen.figures["voltwire_articles_stored_total", (("kind", "ingest"),)] == 0
    assert seen.figures["voltwire_store_articles", ()] == 2
    assert seen.figures["voltwire_last_run_success", (("kind", "backfill"),)] == 1
    assert seen.figures["voltwire_last_run_start_timestamp_seconds", (("kind", "backfill"),)] == (
        NOW.timestamp()
    )
    assert seen.figures["voltwire_store_size_bytes", (("part", "live"),)] > 0
    assert seen.types["voltwire_runs"] == "counter"
    assert seen.types["voltwire_feeds"] == "gauge"


def test_names_keep_the_conventions_of_prometheus(seen: Seen) -> None:
    """Counters end in _total; units are seconds and bytes; nothing is named twice."""
    for name, kind in seen.types.items():
        assert name.startswith("voltwire_")
        assert (kind == "counter") == any(sample == f"{name}_total" for sample, _ in seen.figures)
        assert "milliseconds" not in name
        assert "minutes" not in name


def test_every_metric_is_documented(seen: Seen) -> None:
    """By the name under which it is asked for."""
    told = (Path(__file__).parents[2] / "docs" / "seeing.md").read_text()
    for name, kind in seen.types.items():
        assert f"`{name}{'_total' if kind == 'counter' else ''}`" in told


def test_counters_go_on_over_runs_that_failed_and_states_of_any_name(tmp_path: Path) -> None:
    """They are sums over the store's rows; labels are those that are listed, whatever comes."""
    store = Store(tmp_path / "S")
    with store.write() as con:
        for number, state in enumerate(("completed", "failed", "completed", "crashed")):
            at = NOW + timedelta(hours=number)
            runs.start(con, run_id=f"r{number}", kind="ingest", at=at)
            runs.finish(
                con, f"r{number}", at=at + timedelta(seconds=30), state=state,  # type: ignore[arg-type]
                counts=RunCounts(feeds=2, entries=10, stored=5),
            )  # fmt: skip
        runs.start(con, run_id="under way", kind="ingest", at=NOW + timedelta(days=1))
        con.execute("INSERT INTO core.feeds (slug, enabled) VALUES ('a', true), ('b', true)")
        con.execute("INSERT INTO core.feed_states (slug, state) VALUES ('a', 'odd' || chr(10))")
        con.execute("INSERT INTO core.runs (run_id, kind, ended_at) VALUES ('x', 'odd', now())")
    file = tmp_path / "voltwire.prom"
    metrics.leave(file, store, NOW, published=False)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert found["voltwire_runs_total", "ingest", "completed"] == 2
    assert found["voltwire_runs_total", "ingest", "failed"] == 1
    assert found["voltwire_run_seconds_total", "ingest"] == 120
    assert found["voltwire_entries_total", "ingest"] == 40
    assert found["voltwire_last_run_success", "ingest"] == 0
    good = (NOW + timedelta(hours=2, seconds=30)).timestamp()
    assert found["voltwire_last_success_timestamp_seconds", "ingest"] == good
    assert found["voltwire_feeds", "other"] == found["voltwire_feeds", "new"] == 1
    assert not any("odd" in str(part) for key in found for part in key)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["voltwire.prom"]


def test_a_log_and_figures_that_cannot_be_written_end_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says that there are none; the rows are stored."""

    def full(*_: object, **__: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(metrics, "leave", full)
    report = asyncio.run(
        run_backfill(
            Settings(
                store=tmp_path / "S",
                workers=1,
                metrics_file=str(tmp_path / "m"),
                log_file=str(tmp_path / "rows.jsonl" / "log"),
            ),
            BackfillOptions(route="jsonl", paths=(rows_file(tmp_path),), all_topics=True),
            Surroundings(clock=lambda: datetime(2026, 11, 2, tzinfo=UTC)),
        )
    )
    assert report.state == "completed"
    assert report.detail.startswith("no log: ")
    assert report.detail.endswith("; no metrics: no room")
    with Store(tmp_path / "S").read() as con:
        (row,) = overview.last_runs(con, 1)
    assert row.detail.startswith("no log: ")
