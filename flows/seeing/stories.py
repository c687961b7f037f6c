"""The stories that a run began, for its summary."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flows.report import RunReport
from storage.errors import StoreError
from storage.overview import Headline, headlines
from storage.store import Store

SHOWN = 15
_EVER = datetime(1, 1, 2, tzinfo=UTC)


def stories_of(report: RunReport) -> list[Headline]:
    """Stories that the run of ``report`` began, the most copied first; none where the store cannot
    be read."""
    if not report.published or not report.new_stories:
        return []
    try:
        with Store(Path(report.store)).read() as con:
            return headlines(con, since=report.started_at, published_since=_EVER, most=SHOWN)
    except StoreError:
        return []
