"""The status of a store: what is worth a look, on one screen, and from outside a run at work."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.context import Silent
from flows.seeing import noting
from flows.seeing.filesizes import Sizes, size
from flows.seeing.noting import Noted
from flows.seeing.served import served
from flows.seeing.status import MISSED_TIMES, Status, concerns, gather
from flows.seeing.statusscreen import lines
from flows.settings import Settings
from flows.timetable import check_cron, missed, next_time
from ingest.models import Feed, FeedState
from storage import atwork, feeds, runs
from storage.atwork import AtWork
from storage.models import RunCounts
from storage.overview import Headline, Overview, PastRun
from storage.store import Store

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 13, 20, tzinfo=UTC)
RUN = PastRun(
    run_id="20261123T131500-aaaaaa", kind="ingest", started_at=NOW - timedelta(minutes=5),
    ended_at=NOW - timedelta(minutes=4), state="completed_with_failures", feeds=65, entries=1200,
    fetched=40, stored=36, known=1100, duplicates=4, rejected=64, detail="",
)  # fmt: skip
AT_WORK = AtWork(
    run_id="r", kind="ingest", started_at=NOW - timedelta(minutes=3),
    told_at=NOW - timedelta(seconds=2), stages={"polling feeds": (40, 65), "fetching": (3, None)},
)  # fmt: skip
WELL = Status(
    store="/srv/news", at=NOW, there=True, published_at=NOW - timedelta(minutes=4),
    written_at=NOW - timedelta(minutes=4), under_way=(), dead=(), last=(RUN,) * 5, last_ingest=RUN,
    missed=0, schedule="*/15 * * * *", timezone="UTC", served_by=None,
    next_at=NOW + timedelta(minutes=10),
    sizes=Sizes(live=10**9, published=10**9, archive=10**10, archive_files=3000, free=10**11),
    overview=Overview(
        articles=1_000_000, stories=800_000, entries=2_000_000, retries=312, gaps=2,
        feeds={"ok": 55, "quiet": 2, "failing": 3, "gone": 2, "html": 1, "blocked": 2, "moved": 1},
        rejections={"fetch": 7}, new_stories=431,
    ),
    headlines=tuple(
        Headline(
            title="Ünusually long headline about a battery plant " * 4, publisher="Example Weekly",
            url="https://e.example/", published_at=NOW, copies=n, publishers=n,
        )
        for n in (6, 3, 2, 1)
    ),
)  # fmt: skip


def said(**changes: object) -> str:
    return "; ".join(concerns(replace(WELL, **changes)))  # type: ignore[arg-type]


def test_a_store_that_is_well_gives_no_concern() -> None:
    """A run with a feed or two that failed is an ordinary run."""
    assert said() == ""
    assert WELL.exit_code == 0
    assert replace(WELL, concerns=("x",)).exit_code == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"there": False, "overview": None, "last": (), "last_ingest": None}, "voltwire ingest"),
        ({"last_ingest": replace(RUN, state="failed", detail="OSError: x")}, "5 min ago: OSError"),
        ({"last_ingest": replace(RUN, state="crashed")}, "the last ingest crashed"),
        ({"last_ingest": replace(RUN, detail="no feed could be reached")}, "no feed could be"),
        ({"missed": MISSED_TIMES}, "does `voltwire serve`, a worker or cron run?"),
        ({"missed": MISSED_TIMES, "served_by": 7}, "`voltwire serve` (PID 7) says"),
        ({"dead": (AT_WORK,)}, "the ingest r was killed"),
        (
            {"under_way": (replace(AT_WORK, told_at=NOW - timedelta(hours=3)),)},
            "has not moved for 3 h",
        ),
        ({"written_at": NOW, "sizes": replace(WELL.sizes, live=1)}, "is not published"),
        ({"sizes": replace(WELL.sizes, free=10**8)}, "the disk has 100 MB left"),
        ({"overview": replace(WELL.overview, feeds={"gone": 5, "ok": 5})}, "5 of 10 feeds fail"),
    ],
)
def test_what_is_worth_a_look_is_told_with_what_to_do(
    changes: dict[str, object], words: str
) -> None:
    """Each trouble is one line of its own."""
    if "written_at" in changes:
        changes |= {"published_at": NOW - timedelta(hours=1)}
    assert words in said(**changes)
    assert len(concerns(replace(WELL, **changes))) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"missed": MISSED_TIMES, "under_way": (AT_WORK,)},
        {"there": False, "overview": None, "last_ingest": None, "under_way": (AT_WORK,)},
        {"sizes": replace(WELL.sizes, free=None)},
        {"written_at": NOW, "published_at": NOW - timedelta(hours=1), "under_way": (AT_WORK,)},
    ],
)
def test_a_run_at_work_excuses_what_it_will_put_right(changes: dict[str, object]) -> None:
    """The first run has stored nothing yet, a late one is there now."""
    assert said(**changes) == ""


@pytest.mark.parametrize("width", [80, 100])
def test_the_worst_status_fits_a_screen(width: int) -> None:
    """24 lines of 80 columns, no advice cut off; in a pipe nothing is wrapped."""
    bad = replace(WELL, missed=MISSED_TIMES, dead=(AT_WORK,), under_way=(replace(AT_WORK),))
    told = replace(bad, concerns=tuple(concerns(bad)))
    shown = lines(told, width)
    assert len(shown) <= 24
    assert all(len(line) <= width for line in shown)
    for advice in ("notes it", "voltwire feeds health", "40/65", "431 new stories"):
        assert advice in " ".join(" ".join(shown).split())
    assert max(map(len, lines(told))) > 100


def test_the_status_as_json_is_json() -> None:
    """Times are ISO 8601, a run at work names its process."""
    told = json.loads(json.dumps(replace(WELL, under_way=(AT_WORK,)).as_dict()))
    assert told["at"] == "2026-11-23T13:20:00+00:00"
    assert told["under_way"][0]["pid"] == os.getpid()
    assert told["overview"]["feeds"]["ok"] == 55


def test_an_empty_folder_and_an_empty_store_have_a_status(tmp_path: Path) -> None:
    """Neither is made by looking, and a store without runs gives no alarm."""
    settings = Settings(store=tmp_path / "S")
    assert "nothing is stored" in gather(settings, NOW).concerns[0]
    assert not (tmp_path / "S").exists()
    Store(settings.store).publish()
    status = gather(settings, datetime.now(UTC))
    assert (status.there, status.last, status.missed) == (True, (), 0)
    assert lines(status)


def test_what_the_store_remembers_is_gathered(tmp_path: Path) -> None:
    """The last runs, feeds by state, how many times of the schedule passed since."""
    store = Store(tmp_path)
    began = NOW - timedelta(hours=2)
    with store.write() as con:
        runs.start(con, run_id="one", kind="ingest", at=began)
        runs.finish(
            con, "one", at=began + timedelta(seconds=90), state="completed",
            counts=RunCounts(feeds=2, entries=9, stored=3),
        )  # fmt: skip
        feeds.save_feeds(
            con,
            [
                Feed(slug=slug, url=f"https://{slug}.example/", publisher=slug, enabled=on)
                for slug, on in (("a", True), ("b", True), ("off", False))
            ],
        )
        feeds.save_states(con, [FeedState(slug="a", url="https://a.example/", state="quiet")])
    store.publish()
    status = gather(Settings(store=tmp_path), NOW)
    assert status.last_ingest is not None
    assert (status.last_ingest.stored, status.last_ingest.seconds) == (3, 90.0)
    assert status.overview is not None
    assert status.overview.feeds == {"new": 1, "quiet": 1}
    assert status.missed == MISSED_TIMES
    assert "no ingest for 2 h" in "; ".join(status.concerns)
    assert status.sizes.live > 0
    assert status.sizes.published == status.sizes.live


def test_a_run_at_work_is_seen_and_a_killed_one_too(tmp_path: Path) -> None:
    """A real process notes how far it is, is killed, and the next run clears its note away."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from flows.context import Silent\n"
        "from flows.seeing.noting import Noted\n"
        "one = Noted(inner=Silent(), folder=Path(sys.argv[1]), run_id='one', kind='ingest')\n"
        "one.begin()\n"
        "one.stage('polling feeds', 65)\n"
        "print('begun', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        status = gather(Settings(store=tmp_path), datetime.now(UTC))
        assert [one.run_id for one in status.under_way] == ["one"]
        assert (status.concerns, status.dead) == ((), ())
        assert "polling feeds 0/65" in "".join(lines(status))
        process.send_signal(signal.SIGKILL)
        process.wait()
    status = gather(Settings(store=tmp_path), datetime.now(UTC))
    assert [one.run_id for one in status.dead] == ["one"]
    assert "killed" in "".join(status.concerns)
    after = Noted(inner=Silent(), folder=tmp_path, run_id="two", kind="ingest")
    after.begin()
    assert [one.run_id for one in atwork.runs(tmp_path)] == ["two"]
    after.end()
    assert atwork.runs(tmp_path) == []


def test_the_last_step_before_a_long_one_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes are a while apart, and none is left out for that."""
    monkeypatch.setattr(noting, "EVERY_SECONDS", 0.05)

    async def run() -> dict[str, tuple[int, int | None]]:
        noted = Noted(inner=Silent(), folder=tmp_path, run_id="r", kind="ingest")
        noted.begin()
        noted.stage("fetching", 3)
        for _ in range(3):
            noted.advance("fetching")
        for _ in range(200):
            await asyncio.sleep(0.05)
            if (found := atwork.runs(tmp_path)[0].stages)["fetching"][0] == 3:
                break
        noted.end()
        await asyncio.sleep(0.2)
        assert atwork.runs(tmp_path) == []
        return found

    assert asyncio.run(run()) == {"fetching": (3, 3)}


def test_the_schedule_that_is_served_goes_before_the_settings(tmp_path: Path) -> None:
    """As long as its process lives: an option of ``serve`` is stronger than they are."""
    settings = Settings(store=tmp_path)
    with served(replace(settings, schedule="0 6 * * *", timezone="Asia/Tokyo")):
        status = gather(settings, NOW)
        assert (status.served_by, status.schedule) == (os.getpid(), "0 6 * * *")
        assert status.next_at == datetime(2026, 11, 23, 21, tzinfo=UTC)
        assert f"21:00 UTC by `voltwire serve` (PID {os.getpid()})" in "".join(lines(status))
        note = (tmp_path / "serving.json").read_text()
    assert gather(settings, NOW).served_by is None
    (tmp_path / "serving.json").write_text(note.replace(f'"pid": {os.getpid()}', '"pid": 99999999'))
    assert gather(settings, NOW).schedule == "*/15 * * * *"
    (tmp_path / "serving.json").write_text("[]")
    assert gather(settings, NOW).served_by is None


def test_a_note_that_is_none_or_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    """Half a file, another program's, a folder that is a file: no run ends for its note."""
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"run_id": 1}')):
        (tmp_path / "running").mkdir(exist_ok=True)
        (tmp_path / "running" / f"{name}.json").write_text(text)
    assert atwork.runs(tmp_path) == []
    (tmp_path / "file").write_text("")
    nowhere = Noted(inner=Silent(), folder=tmp_path / "file", run_id="r", kind="ingest")
    nowhere.begin()
    nowhere.advance("x")
    nowhere.end()


def test_times_of_a_schedule_are_those_of_its_zone() -> None:
    """Six in the morning of Berlin, in winter and in summer."""
    line, zone = "0 6 * * *", "Europe/Berlin"
    assert next_time(line, zone, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2026, 1, 1, 5, tzinfo=UTC
    )
    assert next_time(line, zone, datetime(2026, 7, 1, tzinfo=UTC)) == datetime(
        2026, 7, 1, 4, tzinfo=UTC
    )
    assert missed(line, zone, NOW - timedelta(days=9), NOW, most=3) == 3
    assert missed("@hourly", "UTC", NOW - timedelta(minutes=70), NOW, most=3) == 1
    check_cron("@daily")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.23 kB"), (5e9, "5 GB"), (7.5e13, "75 TB")],
)
def test_sizes_are_told_in_units(count: float, words: str) -> None:
    """Three figures are enough."""
    assert size(count) == words
