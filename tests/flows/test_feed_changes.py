"""Changes of feeds' states: told once, to those who want to hear."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.feed_changes import as_told, changes, message
from flows.settings import Settings
from ingest.models import Feed, FeedState
from ingest.notify import post_json
from storage.store import Store

FEEDS = {"a": Feed(slug="a", url="https://a.example/feed", publisher="A")}
STATE = FeedState(slug="a", url="https://a.example/feed", state="ok")


def lines(*states: FeedState) -> list[str]:
    return [change.line for change in changes(FEEDS, states)]


def test_a_change_is_told_once() -> None:
    """What was told is remembered; the next change, back included, is told again."""
    blocked = replace(STATE, state="blocked", detail="http_403")
    assert lines(blocked) == ["a: ok -> blocked (http_403)"]
    (told,) = as_told([blocked], changes(FEEDS, [blocked]))
    assert told.told == "blocked"
    assert lines(told) == []
    assert lines(replace(told, state="ok", detail="")) == ["a: blocked -> ok"]


def test_passing_trouble_is_not_told() -> None:
    """One or two failures are a restart; a feed that recovered before is not mentioned."""
    failing = replace(STATE, state="failing", failures=2)
    assert lines(failing) == []
    assert lines(replace(failing, failures=3)) == ["a: ok -> failing"]
    assert lines(STATE) == []
    assert lines(replace(STATE, state="new")) == []


def test_a_message_says_it_to_programs_and_to_chats() -> None:
    """Each change with its words, and one text."""
    said = message(changes(FEEDS, [replace(STATE, state="gone", detail="http_410")]), "run-1")
    assert said["text"] == "a: ok -> gone (http_410)"
    assert json.loads(json.dumps(said))["changes"] == [
        {
            "feed": "a", "publisher": "A", "url": "https://a.example/feed", "before": "ok",
            "state": "gone", "detail": "http_410",
        }
    ]  # fmt: skip


class Hook(HTTPServer):
    """A server on the loopback that keeps what is posted to it."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def post(url: str, *allowed: str) -> str:
    said = {"text": "ä", "changes": []}
    return asyncio.run(
        post_json(url, said, user_agent="voltwire/test", allow_hosts=frozenset(allowed))
    )


def test_a_webhook_gets_the_message_as_json(hook: Hook) -> None:
    """By POST, where the host is allowed."""
    assert post(hook.url, "127.0.0.1") == ""
    assert hook.taken == [{"text": "ä", "changes": []}]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_other_than_success_is_named(hook: Hook, status: int) -> None:
    """Redirects are not followed: the message goes where the user said."""
    hook.status = status
    assert post(hook.url, "127.0.0.1") == f"http_{status}"
    assert len(hook.taken) == 1


def test_the_guard_stands_before_the_webhook_too(hook: Hook) -> None:
    """A private address needs to be allowed by name, whatever the setting says."""
    assert post(hook.url).startswith("bad_url")
    assert post("http://127.0.0.1:8080/hook").startswith("blocked_address")
    assert post("file:///etc/hostname").startswith("bad_url")
    assert post("http://user:word@127.0.0.1/", "127.0.0.1").startswith("bad_url")
    assert post("no address") != ""
    assert hook.taken == []


def test_events_are_emitted_one_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the feed as the event's resource; one that cannot be sent stops nothing."""
    from flows import events

    sent: list[dict[str, Any]] = []

    class Log:
        def info(self, *words: object) -> None:
            pass

        def warning(self, *words: object) -> None:
            sent.append({"warned": words[1]})

    def emit(**event: Any) -> None:
        if event["resource"]["prefect.resource.name"] == "b":
            raise OSError("no server")
        sent.append(event)

    monkeypatch.setattr(events, "emit_event", emit)
    monkeypatch.setattr(events, "get_run_logger", Log)
    change = {"feed": "a", "before": "ok", "state": "gone", "detail": "", "url": "", "line": "x"}
    events.emit_changes([change | {"feed": "b"}, change])
    assert sent[0] == {"warned": "b"}
    assert sent[1]["event"] == "voltwire.feed.state-changed"
    assert sent[1]["resource"]["prefect.resource.id"] == "voltwire.feed.a"
    assert sent[1]["payload"]["state"] == "gone"


def test_a_run_that_fails_after_its_polls_emits_its_events_and_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk behind them: the changes are noted as told, and would be told by nobody."""
    from flows import events, from_feeds, scheduled
    from flows.context import RunContext, plain_step
    from storage.errors import StoreFull

    sent: list[str] = []
    change = {"feed": "a", "before": "ok", "state": "gone", "detail": "", "url": "", "line": "x"}

    async def polled(context: RunContext, *_: object, **__: object) -> None:
        context.report.feed_changes = [change]
        raise StoreFull("no room to write live.duckdb")

    monkeypatch.setattr(from_feeds, "ingest", polled)
    monkeypatch.setattr(scheduled, "task_step", plain_step)
    monkeypatch.setattr(scheduled, "quiet_exit", lambda: None)
    monkeypatch.setattr(events, "get_run_logger", lambda: logging.getLogger("of the run"))
    monkeypatch.setattr(
        events, "emit_event", lambda **event: sent.append(event["payload"]["state"])
    )
    token = scheduled.settings_in_use.set(Settings().with_store(tmp_path))
    try:
        with pytest.raises(StoreFull):
            asyncio.run(scheduled.ingest_news.fn())
    finally:
        scheduled.settings_in_use.reset(token)
    assert sent == ["gone"]
    with Store(tmp_path).write() as con:
        assert con.execute("SELECT state, detail FROM core.runs").fetchall() == [
            ("failed", "StoreFull: no room to write live.duckdb")
        ]
