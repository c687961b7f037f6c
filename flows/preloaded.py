"""Imported by the fork server alone: everything that reading a page loads, loaded before the fork.

Not only modules: the language model, the expressions of the topic gate and the extractor's tables
load with the first page, so one is read here.
"""

from __future__ import annotations

import atexit
import gc
import signal
from contextlib import suppress
from datetime import UTC, datetime

# An interrupt from the keyboard reaches this process, too, and it may take seconds to load: the
# run ends it, and a traceback of its own would only hide what the run says.
signal.signal(signal.SIGINT, signal.SIG_IGN)

from flows.digest import digest  # noqa: E402
from ingest.models import Capture, FeedEntry, Page  # noqa: E402

_NOW = datetime(2026, 11, 3, tzinfo=UTC)
_URL = "https://warm.example/1"
_TEXT = "".join(
    f"<p>The cell maker said on day {n} that line {n} of its battery plant in Halden will make "
    f"{n * 40} megawatt hours a month, for vans and for storage beside the grid.</p>"
    for n in range(12)
)


def _read_one() -> None:
    page = Page(
        url=_URL,
        requested_url=_URL,
        status=200,
        content_type="text/html; charset=utf-8",
        body=f"<html><title>Warm</title><body><article>{_TEXT}</article></body></html>".encode(),
        fetched_at=_NOW,
    )
    capture = Capture(entry=FeedEntry(url=_URL, canonical_url=_URL), page=page)
    digest([capture], {}, all_topics=True, now=_NOW)


# What fails here (a full disk) fails again where it can be reported.
with suppress(Exception):
    _read_one()
gc.collect()
gc.freeze()
# What is frozen is not cleared away at the end, and DuckDB then reports leaks on stderr.
atexit.register(gc.unfreeze)
