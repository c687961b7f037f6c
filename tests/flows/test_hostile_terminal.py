"""What publishers write, on a terminal: every command that prints it, run over a hostile store."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import cli
from flows.oneline import clean, dumps, inert
from flows.report import RunReport
from flows.screen import screen, show
from flows.seeing.summary import markdown
from ingest.models import Feed, FeedState, Rejection
from storage import feeds, rejections, runs
from storage.store import Store
from tests.flows.site.newsdesk_support import NOON, article_id, mention, save, tell

# Colours, the window's title, a cleared screen in both sets of controls, a line that overwrites
# the one before, text that runs backwards, and what a page would run.
HOSTILE = (
    "<script>alert(1)</script> \x1b[31mred \x1b]0;pwned\x07 \x9b2J\x9d0;pwned\x9c \rover "
    "\u202egpj.exe\u2066 [bold]x[/bold] [link=javascript:alert(1)]y[/link] \x00\x7f\u2028z"
)
ADDRESS = "https://evil.example/\x1b[2J\x9b31m\u202ex"
CONTROLS = {*map(chr, (*range(0x20), *range(0x7F, 0xA0))), *"\u200e\u200f\u061c\u2028\u2029"}
CONTROLS |= {*map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))}
ALLOWED = {"\n"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "store"
    opened = Store(folder)
    hostile = {
        "title": HOSTILE, "publisher": HOSTILE, "author": HOSTILE, "section": HOSTILE,
        "tags": (HOSTILE,), "language": "en", "notice": "",
    }  # fmt: skip
    text = f"{HOSTILE} opens a plant.\nIt makes cells for {HOSTILE} and others."
    with opened.write() as con:
        feed = Feed(slug="evil", url=ADDRESS, publisher=HOSTILE)
        feeds.save_feeds(con, [feed])
        state = FeedState(
            slug="evil", state="failing", detail=HOSTILE, last_polled_at=NOON, next_poll_at=NOON
        )
        feeds.save_states(con, [state])
        runs.start(con, run_id="r1", kind="ingest", at=NOON)
        runs.finish(con, "r1", at=NOON, state="failed", counts=runs.RunCounts(), detail=HOSTILE)
        save(con, "one", feed="evil", text=text, url=ADDRESS, **hostile)
        save(con, "two", feed="evil", text=f"{text} Copied.", url="javascript:alert(1)", **hostile)
        tell(con, "one two", now=datetime.now(UTC))
        mention(con, "one", [HOSTILE])
        refused = Rejection(
            url=f"{ADDRESS}/3", feed="evil", stage="fetch", reason="timeout", detail=HOSTILE,
            at=NOON,
        )  # fmt: skip
        rejections.save(con, [refused])
    opened.publish()
    return folder


def check(told: str) -> None:
    found = {char for char in told if char in CONTROLS - ALLOWED}
    assert not found, sorted(map(ascii, found))


ONE, TWO = article_id("one"), article_id("two")
COMMANDS = (
    ["sql", "from articles"],
    ["sql", "select title, publisher, url from news", "--format", "json"],
    ["sql", "from rejections"],
    ["sql", "from runs", "--format", "json"],
    ["explain", ONE],
    ["explain", ONE, "--json"],
    ["explain", ONE, TWO],
    ["explain", ONE, TWO, "--json"],
    ["explain", f"{ADDRESS}/3"],
    ["explain", f"{ADDRESS}/4"],
    ["feeds", "health"],
    ["feeds", "health", "--json"],
    ["status"],
    ["status", "--json"],
    ["store", "check"],
    ["search", "plant"],
    ["search", "plant", "--format", "json"],
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: " ".join(one)[:40])
def test_no_command_hands_a_terminal_what_it_would_obey(
    arguments: list[str], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Headlines, publishers, addresses and reasons, whoever wrote them."""
    cli.run([*arguments, "--store", str(store)])
    told = capsys.readouterr()
    assert told.out or told.err
    check(told.out + told.err)


def test_a_table_of_values_is_inert_on_a_terminal_and_whole_in_a_pipe(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CSV is for programs, which get what is stored; a person who looks at it gets no surprise."""
    question = ["sql", "select title from news", "--format", "csv", "--store", str(store)]
    cli.run(question)
    assert "\x1b[31m" in capsys.readouterr().out
    with monkeypatch.context() as patched:
        patched.setattr(sys.stdout, "isatty", lambda: True)
        cli.run(question)
    check(capsys.readouterr().out)


def test_a_list_of_feeds_that_somebody_handed_over_is_inert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """OPML files are passed on from hand to hand."""
    name = "&lt;script>alert(1)&lt;/script>&#x9b;31m&#x202e;gpj [bold]x"
    path = tmp_path / "feeds.opml"
    path.write_text(
        f'<opml version="2.0"><body><outline text="{name}" xmlUrl="https://a.example/&#x202e;f" '
        f'language="{name}"/><outline text="x" xmlUrl="javascript:alert(1)"/></body></opml>',
        encoding="utf-8",
    )
    for extra in ([], ["--json"]):
        cli.run(["feeds", "list", "--feeds", str(path), *extra])
        told = capsys.readouterr().out
        check(told)
        assert "javascript" not in told
        assert "[bold]x" in told


def test_a_runs_summary_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    """On a screen, in a pipe, as JSON, and in Prefect's UI, where it is Markdown."""
    report = RunReport(
        run_id="r", kind="ingest", store="S", started_at=NOON, state="completed", feeds=1,
        feeds_failed={"evil": HOSTILE}, detail=HOSTILE, reasons={"timeout": 1}, rejected=1,
        feed_changes=[{"feed": "evil", "line": HOSTILE, "before": "ok", "state": "failing",
                       "detail": HOSTILE}],
    )  # fmt: skip
    for how in ({"as_json": True}, {"as_json": False}, {"as_json": False, "quiet": True}):
        show(report, **how)
    told = capsys.readouterr()
    check(told.out + told.err)
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    console.print(screen(report))
    check(console.export_text())
    text = markdown(report)
    check(text)
    assert "<script>" not in text


def test_json_loses_nothing_by_its_escapes() -> None:
    """A program reads back exactly what was stored."""
    told = dumps({"title": HOSTILE, HOSTILE: [HOSTILE]})
    check(told)
    assert json.loads(told) == {"title": HOSTILE, HOSTILE: [HOSTILE]}


def test_text_of_all_scripts_stays_as_it_is() -> None:
    """Only what a terminal obeys goes: not accents, not Chinese, Hebrew or emoji."""
    for text in ("Zellfabrik in Überherrn", "宁德时代 发布", "סוללה חדשה", "배터리", "⚡🔋"):
        assert clean(text) == inert(text) == text
    assert inert("a\tb\nc\r\x1b[1m") == "a\tb\nc[1m"
