"""The tally of a run and what is said of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.report import RunReport

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def report(**changes: Any) -> RunReport:
    fields: dict[str, Any] = {
        "run_id": "r", "kind": "ingest", "store": "S", "started_at": NOW, "state": "completed",
        "published": "S/voltwire.duckdb",
    }  # fmt: skip
    return RunReport(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"rejected": 9, "reasons": {"robots": 9}}, 0),
        ({"feeds_failed": {"a": "http_500: x"}}, 1),
        ({"state": "failed"}, 1),
        ({"published": ""}, 1),
    ],
)
def test_the_exit_code_says_whether_to_look(changes: dict[str, Any], code: int) -> None:
    """Rejected entries are ordinary; a failed feed, run or publication is worth a look."""
    assert report(**changes).exit_code == code


@pytest.mark.parametrize(
    ("why", "offline"),
    [
        (["dns: x", "connect: y", "timeout: z"], True),
        (["dns: x", "connect: y", "http_500: z"], False),
        (["dns: x", "connect: y"], False),
        (["dns: x", "dns: x"], False),
    ],
)
def test_only_when_all_of_several_feeds_fail_is_it_our_network(
    why: list[str], offline: bool
) -> None:
    """One server's answer, or two feeds that are down, do not count as being offline."""
    feeds = 3 if len(why) == 3 or why[1] != "dns: x" else 2
    failed = {str(number): one for number, one in enumerate(why)}
    assert report(feeds=feeds, feeds_failed=failed).nothing_reached is offline


def test_rejections_are_counted_by_reason() -> None:
    """Each reason adds up, and all of them to the total."""
    one = report()
    one.reject("robots")
    one.reject("robots", 2)
    one.reject("timeout")
    assert (one.rejected, one.reasons) == (4, {"robots": 3, "timeout": 1})
    assert dict(one.rows())["rejected"] == "4 (3 robots, 1 timeout)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"state": "completed_with_failures", "feeds_failed": {"a": "timeout: x"}}, ""),
        (
            {"feed_changes": [{"feed": "a", "line": "a: ok -> gone (http_410)"}]},
            "feed a: ok -> gone",
        ),
        ({"state": "failed"}, "ingest r: failed"),
        ({"published": "", "detail": "not published: no room"}, "not published: no room"),
        ({"feeds": 3, "feeds_failed": dict.fromkeys("abc", "dns: x")}, "no network: none of the 3"),
    ],
)
def test_news_are_what_was_not_so_before(changes: dict[str, Any], words: str) -> None:
    """A feed that goes on failing is none, however often a run finds it so."""
    news = report(**changes).news()
    assert bool(news) == bool(words)
    assert words in news


def test_the_slowest_feeds_are_kept() -> None:
    """Ten of them, the slowest first; those that take a moment are none."""
    one = report()
    for number in range(40):
        one.took(f"f{number}", float(number))
    assert len(one.feeds_slow) == 10
    assert next(iter(one.feeds_slow.items())) == ("f39", 39.0)
    two = report()
    two.took("quick", 2.0)
    assert two.feeds_slow == {}


def test_a_report_is_json() -> None:
    """Times as ISO 8601, and nothing that a JSON writer refuses."""
    told = json.loads(json.dumps(report(ended_at=NOW).as_dict()))
    assert told["started_at"] == told["ended_at"] == "2026-11-20T12:00:00+00:00"


def test_the_line_holds_the_figures() -> None:
    """One line for a cron mail: feeds that failed, entries, and what became of them."""
    line = report(feeds=3, feeds_failed={"a": "x"}, entries=6, stored=3, known=2, rejected=1).line()
    assert "\n" not in line
    for part in ("3 feeds (1 failed)", "6 entries", "3 new articles", "2 known", "1 rejected"):
        assert part in line
