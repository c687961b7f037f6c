"""When an article appeared, and which source said so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ingest import dates
from ingest.models import FeedEntry, PublishedFrom

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_URL_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_DAY_ONLY = re.compile(r"\s*\d{4}-\d\d-\d\d(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?\s*$")


def is_possible(moment: datetime | None, now: datetime) -> bool:
    """Whether an article read at ``now`` can have appeared at ``moment``."""
    return moment is not None and _EARLIEST <= moment <= now + timedelta(days=1)


def publication_time(
    entry: FeedEntry, written: tuple[str, ...], url: str, now: datetime
) -> tuple[datetime | None, PublishedFrom, str]:
    """When the article appeared, where that was found, and how it was written there.

    ``written`` are the times that the page gives, most trusted first; ``url`` is the last resort.

    The page is asked first: feeds often carry the time of the last edit.  A page that gives only
    the day is made precise by the feed when both mean the same day.
    """
    listed = entry.published_at if is_possible(entry.published_at, now) else None
    for raw in written:
        moment = dates.parse_date(raw, now=now) if raw else None
        if moment is None or not is_possible(moment, now):
            continue
        if listed and _DAY_ONLY.match(raw) and abs(listed - moment) <= timedelta(hours=36):
            return listed, "feed", entry.published_raw
        return moment, "page", raw
    if listed:
        return listed, "feed", entry.published_raw
    match = _URL_DATE.search(urlsplit(url).path)
    if match:
        try:
            moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            moment = None
        if is_possible(moment, now):
            return moment, "url", match.group()
    return None, "unknown", entry.published_raw
