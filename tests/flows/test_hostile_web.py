"""A run over servers that do everything wrong, with good ones among them.

One process ingests all of ``hostile_web`` at once, as ``ingest --plain`` does, with deadlines of
seconds in place of minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from hostile_web import FEEDS, GOOD_PAGES, PAGES, HostileWeb

HANG = 240
"""Seconds after which a run counts as hung; on a quiet machine it takes some thirty."""
MEMORY = 600 * 2**20


class Peak:
    """The most memory that a process and those it started have had at one moment."""

    def __init__(self) -> None:
        self.bytes = 0

    def look(self, pid: int) -> None:
        self.bytes = max(self.bytes, _memory(pid))


def _memory(pid: int) -> int:
    """What they have now, a page that several share counted once (PSS)."""
    try:
        sums = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    own = sum(int(line.split()[1]) for line in sums.splitlines() if line.startswith("Pss:"))
    return own * 1024 + sum(_memory(int(child)) for child in children)


class Outcome:
    """What the run came to."""

    def __init__(self, said: dict[str, Any], peak_bytes: int) -> None:
        self.said = said
        self.peak_bytes = peak_bytes

    def state(self, feed: str, run: int = 0) -> tuple[str, str]:
        (found,) = [row[1:] for row in self.said["feeds"][run] if row[0] == feed]
        return tuple(found)

    def entries(self, feed: str, run: int = 0) -> int:
        return int(self.said["entries"][run].get(feed, 0))

    def reasons(self, url_part: str) -> set[str]:
        return {reason for url, _, reason in self.said["rejections"][0] if url_part in url}

    def articles(self, feed: str) -> list[Any]:
        return [row for row in self.said["articles"] if row[1] == feed]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    store = tmp_path_factory.mktemp("hostile") / "store"
    script = Path(__file__).with_name("hostile_web.py")
    with HostileWeb() as web, (store.parent / "said").open("w+b") as said:
        command = [sys.executable, str(script), str(store), str(web.port)]
        child = subprocess.Popen(command, stdout=said, stdin=subprocess.DEVNULL)
        peak = Peak()
        try:
            end = time.monotonic() + HANG
            while child.poll() is None:
                assert time.monotonic() < end, "the run hangs"
                peak.look(child.pid)
                time.sleep(0.3)
        finally:
            child.kill()
            child.wait()
        assert child.returncode == 0
        said.seek(0)
        yield Outcome(json.loads(said.read()), peak.bytes)


@pytest.mark.parametrize("name", FEEDS)
def test_each_feed_ends_as_stated(name: str, outcome: Outcome) -> None:
    """Whatever its server does: a state and its reason, or so many entries."""
    case = FEEDS[name]
    state, detail = outcome.state(name)
    assert state == case.state, detail
    if isinstance(case.ends, int):
        assert outcome.entries(name) == case.ends
    else:
        assert detail.partition(":")[0] == case.ends, detail
        assert outcome.entries(name) == 0


@pytest.mark.parametrize("name", PAGES)
def test_each_page_ends_as_stated(name: str, outcome: Outcome) -> None:
    """An article, or a rejection with the reason."""
    ends = PAGES[name][1]
    stored = [row for row in outcome.said["articles"] if f"//{name}.example" in row[0]]
    assert outcome.reasons(f"//{name}.example") == (set() if ends == "stored" else {ends})
    assert len(stored) == (ends == "stored")


def test_the_good_are_not_harmed(outcome: Outcome) -> None:
    """Every entry of the good feed is an article after the first run, and new in no later one."""
    assert len(outcome.articles("good")) == GOOD_PAGES
    assert [outcome.entries("good", run) for run in (0, 1)] == [GOOD_PAGES, GOOD_PAGES]


def test_everything_is_accounted_for(outcome: Outcome) -> None:
    """The figures of both runs add up."""
    for report in outcome.said["reports"]:
        ends = report["stored"] + report["edited"] + report["known"] + report["rejected"]
        assert ends == report["entries"]
    assert [report["state"] for report in outcome.said["reports"]] == [
        "completed_with_failures",
        "completed",
    ]


def test_changing_guids_make_no_second_articles(outcome: Outcome) -> None:
    """The second run, with other guids under the same addresses, stores nothing of them."""
    assert len(outcome.articles("new-guids")) == 3
    assert len(outcome.articles("one-guid")) == 3


def test_a_lying_304_is_found_out(outcome: Outcome) -> None:
    """After a week the feed is asked in full: what the 304 kept back is there."""
    assert outcome.state("lying-304", 1)[0] == "lying_304"
    assert outcome.entries("lying-304", 1) == 6


def test_nothing_of_the_inside_comes_out(outcome: Outcome) -> None:
    """No file, no expanded entity: neither in articles nor in titles."""
    for _, _, title, text in outcome.said["articles"]:
        assert "root:" not in title + text
        assert "haha" not in title + text


def test_dates_in_the_future_are_not_believed(outcome: Outcome) -> None:
    """The entries are stored, without them."""
    assert outcome.said["dates"] == [[0]]


def test_memory_is_bounded(outcome: Outcome) -> None:
    """The run and all processes that it started, together, at their highest."""
    assert outcome.peak_bytes < MEMORY, f"{outcome.peak_bytes / 2**20:.0f} MB"
