"""The summary of a run, for Prefect's UI."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flows.report import RunReport
from flows.seeing.summary import markdown
from storage.overview import Headline

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_summary_has_counts_slow_feeds_and_new_stories() -> None:
    """Each in a table of its own; titles lead to their pages."""
    report = RunReport(
        run_id="r", kind="ingest", store="S", started_at=NOW, state="completed", feeds=3,
        stored=2, new_stories=1, feeds_failed={"c": "http_500: x"}, published="S/v.duckdb",
    )  # fmt: skip
    report.took("b", 31.25)
    story = Headline(
        title="A [plant](javascript:alert(1)) | opens <b>", publisher="Example*Weekly",
        url="https://a.example/x(1)?q=|", published_at=NOW, copies=3, publishers=2,
    )  # fmt: skip
    text = markdown(report, [story, replace(story, url="javascript:x")])
    lines = text.splitlines()
    assert "| new articles | 2 |" in lines
    assert "| b | 31.2 |" in lines
    assert "| c | http\\_500: x |" in lines
    title = r"A \[plant\](javascript:alert(1)) \| opens \<b\>"
    assert f"| [{title}](https://a.example/x%281%29?q=%7C) | Example\\*Weekly | 3 |" in lines
    assert f"| {title} | Example\\*Weekly | 3 |" in lines
