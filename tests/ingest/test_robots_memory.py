"""The answers to requests for robots.txt, kept from one run to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.models import FetchFailure, Page
from ingest.robots import read_rules
from ingest.robots_memory import RobotsMemory

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
URL = "https://news.example/robots.txt"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def said(body: bytes) -> Page:
    return Page(
        url=URL, requested_url=URL, status=200, content_type="text/plain", body=body, fetched_at=NOW
    )


def failed(reason: str, status: int | None = None) -> FetchFailure:
    return FetchFailure(url=URL, reason=reason, detail="so it was", at=NOW, status=status)


def keep(memory: RobotsMemory, answer: Page | FetchFailure) -> None:
    memory.remember(URL, answer, read_rules(answer, "voltwire"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> RobotsMemory:
    return RobotsMemory(tmp_path / "robots", clock)


@pytest.mark.parametrize(
    "answer",
    [
        said(b"User-agent: *\nDisallow: /private/\nSitemap: https://news.example/s.xml"),
        said(b"\xff\xfe not a text \x00"),
        failed("http_404", 404),
    ],
)
def test_an_answer_stands_for_a_day(
    memory: RobotsMemory, clock: Clock, answer: Page | FetchFailure
) -> None:
    """The same body, or the same absence of rules, until 24 hours are over and no longer."""
    keep(memory, answer)
    clock.now = NOW + timedelta(hours=23, minutes=59)
    assert memory.recall(URL) == answer
    clock.now = NOW + timedelta(hours=24)
    assert memory.recall(URL) is None


def test_a_site_shut_to_all_is_asked_again_within_the_hour(
    memory: RobotsMemory, clock: Clock
) -> None:
    """What is refused is not asked for later, so a shut site may have shut by accident."""
    keep(memory, said(b"User-agent: *\nDisallow: /"))
    clock.now = NOW + timedelta(minutes=59)
    assert memory.recall(URL) is not None
    clock.now = NOW + timedelta(hours=1)
    assert memory.recall(URL) is None


@pytest.mark.parametrize(
    "fault", [failed("http_503", 503), failed("http_429", 429), failed("timeout"), failed("dns")]
)
def test_a_fault_that_passes_is_not_kept(memory: RobotsMemory, fault: FetchFailure) -> None:
    """The next run asks; a good answer from before goes on standing."""
    keep(memory, fault)
    assert memory.recall(URL) is None
    good = said(b"User-agent: *\nDisallow: /private/")
    keep(memory, good)
    keep(memory, fault)
    assert memory.recall(URL) == good


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"url": 7}', b"\xff", b'{"at": "x", "until": "y"}']
)
def test_a_file_that_cannot_be_read_counts_as_none(
    memory: RobotsMemory, tmp_path: Path, content: bytes
) -> None:
    """A machine that went down while writing costs one more request."""
    keep(memory, said(b""))
    (file,) = (tmp_path / "robots").iterdir()
    file.write_bytes(content)
    assert memory.recall(URL) is None


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, clock: Clock) -> None:
    """A file stands where the folder should: nothing is kept, nothing is raised."""
    (tmp_path / "robots").write_text("in the way")
    memory = RobotsMemory(tmp_path / "robots", clock)
    keep(memory, said(b""))
    memory.forget()
    assert memory.recall(URL) is None


def test_a_clock_set_back_asks_anew(memory: RobotsMemory, clock: Clock) -> None:
    """An answer from the future would stand for years."""
    keep(memory, said(b""))
    clock.now = NOW - timedelta(days=400)
    assert memory.recall(URL) is None


def test_old_answers_are_removed(memory: RobotsMemory, tmp_path: Path, clock: Clock) -> None:
    """What no feed names any longer does not pile up."""
    keep(memory, said(b""))
    clock.now = datetime.now(UTC) + timedelta(days=6)
    memory.forget()
    assert len(list((tmp_path / "robots").iterdir())) == 1
    clock.now = datetime.now(UTC) + timedelta(days=8)
    memory.forget()
    assert list((tmp_path / "robots").iterdir()) == []
