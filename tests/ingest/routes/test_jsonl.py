"""The route ``jsonl``: rows become captures, and bad ones rejections that name their line."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.models import Capture, Rejection
from ingest.routes.jsonl import UnreadableRows, captures

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def read(path: Path) -> list[Capture | Rejection]:
    return list(captures(path, lambda: NOW))


def rows(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(b"\n".join(x.encode() if isinstance(x, str) else x for x in lines))
    return path


GOOD = json.dumps({"url": "https://a.example/1?utm_source=x", "text": "Cells.", "author": "B"})


def test_a_row_with_text_is_given_and_one_with_html_is_a_page(tmp_path: Path) -> None:
    """Text stands in the entry; HTML is a page to extract."""
    html = json.dumps({"url": "https://a.example/2", "html": "<p>Zelle ü</p>", "title": "T"})
    given_text, page = read(rows(tmp_path, GOOD, html))
    assert isinstance(given_text, Capture)
    assert (given_text.page, given_text.entry.text) == (None, "Cells.")
    assert given_text.entry.canonical_url == "https://a.example/1"
    assert isinstance(page, Capture)
    assert page.page is not None
    assert page.page.body.decode() == "<p>Zelle ü</p>"


def test_gzipped_rows_and_empty_lines_are_read(tmp_path: Path) -> None:
    """By content, not by name; an empty line is nothing."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(gzip.compress(f"{GOOD}\n\n{GOOD}\n".encode()))
    assert len(read(path)) == 2


@pytest.mark.parametrize(
    "line",
    ["{broken", "[1]", "7", "{}", '{"url": "ftp://a.example/", "text": "x"}',
     '{"url": "https://a.example/3"}', '{"url": "https://a.example/3", "text": "  "}', b"\xff\xfe"],
)  # fmt: skip
def test_a_bad_row_is_a_rejection_with_its_line(line: str | bytes, tmp_path: Path) -> None:
    """It names file and line and harms no neighbour."""
    first, bad, last = read(rows(tmp_path, GOOD, line, GOOD))
    assert isinstance(first, Capture)
    assert isinstance(last, Capture)
    assert isinstance(bad, Rejection)
    assert (bad.stage, bad.reason) == ("parse", "bad_row")
    assert "rows.jsonl:2" in f"{bad.url} {bad.detail}"


@given(st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_raises_anything_unexpected(tmp_path: Path, line: bytes) -> None:
    """Whatever stands in the second line, the first comes through."""
    assert isinstance(read(rows(tmp_path, GOOD, line))[0], Capture)


def test_what_is_no_jsonl_is_refused(tmp_path: Path) -> None:
    """A first line that is no JSON, a broken gzip, a file that is not there."""
    with pytest.raises(UnreadableRows, match="first line"):
        read(rows(tmp_path, "no json"))
    with pytest.raises(UnreadableRows):
        read(rows(tmp_path, gzip.compress(GOOD.encode() * 99)[:30]))
    with pytest.raises(UnreadableRows):
        read(tmp_path / "missing")
