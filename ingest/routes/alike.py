"""Whether an address looks like those of a feed's own entries.  Pure.

Archives and sitemaps list all that a site has.  A page of another section would be stored as the
feed's news; a missed one stays a gap that everyone can see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ingest.models import FeedEntry

URL_DAY = re.compile(r"/(20\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?!\d)")
_URL_MONTH = re.compile(r"/(20\d\d)[/-](0[1-9]|1[0-2])(?=/)")
_MONTH = timedelta(days=31)


class Likeness:
    """What the articles of one feed have in common in their addresses.

    Args:
        alike: entries of the feed; those without a page of their own say nothing.
        without: where none is left, let pages with a slug of several words through, else nothing.
    """

    def __init__(self, alike: Sequence[FeedEntry], *, without: bool = True) -> None:
        urls = [entry.url for entry in alike if entry.has_page]
        self._without = without and not urls
        self._shapes = {_shape(url) for url in urls}
        self._sections = {_section(url) for url in urls}

    def __call__(self, url: str) -> bool:
        """Whether ``url`` may be an article of the feed."""
        if self._without:
            return _shape(url)[2]
        return _shape(url) in self._shapes and (
            len(self._sections) != 1 or _section(url) in self._sections
        )

    @property
    def section(self) -> str:
        """The first step of the path that all entries share; "" where they share none."""
        return next(iter(self._sections)) if len(self._sections) == 1 else ""


def says(url: str, start: datetime, end: datetime) -> bool | None:
    """Whether a date in ``url`` puts it between the two; None where none stands there."""
    path = urlsplit(url).path
    if match := URL_DAY.search(path):
        try:
            day = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            return None
        return start <= day < end
    if match := _URL_MONTH.search(path):
        begin = datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC)
        return begin < end and begin + _MONTH >= start
    return None


def _shape(url: str) -> tuple[str, int, bool]:
    """What articles of one site have in common: host, depth, and a slug of several words."""
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    last = steps[-1] if steps else ""
    host = (parts.hostname or "").removeprefix("www.")
    return host, len(steps), last.count("-") + last.count("_") >= 2 or any(map(str.isdigit, last))


def _section(url: str) -> str:
    steps = [step for step in urlsplit(url).path.split("/") if step]
    return steps[0] if len(steps) > 1 and not steps[0].isdecimal() else ""
