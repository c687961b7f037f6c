"""What the dry run says of the archives: requests at their pace, files and their size."""

from __future__ import annotations

from datetime import date

import pytest

from flows.archive_plan import Archives, of_ccnews, of_wayback
from ingest.routes.window import Window

ARCHIVES = Archives("https://web.archive.org/", 2.5, "https://data.commoncrawl.org/")
MARCH = Window(date(2025, 3, 1), date(2025, 3, 31)).days


def test_the_internet_archive_is_asked_at_its_own_pace() -> None:
    """Few copies of a feed bring a month of it; the bound holds whatever is found."""
    asked = of_wayback(ARCHIVES, {"a": MARCH, "b": MARCH}, {"a": 10.0}, auto=False)
    assert asked.domain == "archive.org"
    assert asked.likely == (2 + 31) + (2 + 10)
    assert asked.likely_seconds == asked.likely * 2.5
    assert asked.most > asked.likely


@pytest.mark.parametrize(("auto", "likely", "most"), [(False, 665, 665), (True, 0, 20)])
def test_common_crawl_is_said_in_files_that_serve_all_feeds(
    auto: bool, likely: int, most: int
) -> None:
    """Two feeds cost no more than one; ``auto`` reads a few at most."""
    asked = of_ccnews(ARCHIVES, {"a": MARCH, "b": MARCH[:5]}, auto=auto)
    assert (asked.likely, asked.most) == (likely, most)
    assert asked.gigabytes == pytest.approx(most * 1.0727, rel=0.01)
