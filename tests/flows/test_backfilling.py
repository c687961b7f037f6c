"""Going back over the network: each route finds every article of the window and none outside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, BackfillSite, Shifting

WHOLE = dict.fromkeys(WINDOW.days, (4, 4, "complete"))


@pytest.fixture
def site(tmp_path: Path) -> Any:
    return lambda web: BackfillSite(tmp_path, web)


@pytest.mark.parametrize("looped", [False, True])
def test_an_archive_is_followed_to_the_window_and_no_further(site: Any, looped: bool) -> None:
    """RFC 5005: the pages before the window are passed through, those after it never asked."""
    web = Archive()
    web.looped = looped
    here = site(web)
    report = here.backfill("feed-archive")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("feed-archive") == WHOLE
    assert report.stored == report.fetched == 28
    # down to the first that is wholly older than the window
    newer = sum(web.at(number) >= WINDOW.start for number in web.numbers[web.window :])
    assert len(web.of("/old/")) == -(-newer // 10) + 1
    before = len(web.asked)
    assert here.backfill("feed-archive").fetched == 0
    assert len(web.asked) == before


def test_pages_that_move_while_they_are_read_lose_nothing(site: Any) -> None:
    """A WordPress that publishes and takes down during the walk; its API does not answer."""
    web = Shifting()
    web.gone_every = 4
    here = site(web)
    here.backfill("wordpress")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wordpress") == WHOLE


@pytest.mark.parametrize("hours", [-10, 0, 9])
def test_the_rest_api_is_asked_for_the_days_alone(site: Any, hours: int) -> None:
    """At a site of any zone; one request lists the window."""
    web = Shifting()
    web.rest, web.zone = True, web.step * hours / 6
    here = site(web)
    here.backfill("wordpress")
    assert here.stored() == web.planted(WINDOW)
    assert here.days("wordpress") == WHOLE
    assert len(web.of("wp-json")) == 1
    assert len(web.of("paged")) == 0
