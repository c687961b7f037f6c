"""What response headers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.headers import (
    Headers,
    http_date,
    max_age,
    never_text,
    not_modified,
    page_of,
    retry_after,
)

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pairs", "seconds"),
    [
        ([("Cache-Control", "max-age=600")], 600),
        ([("Cache-Control", "public"), ("cache-control", 'MAX-AGE="60"')], 60),
        ([("Cache-Control", "s-maxage=5, max-age=600")], 600),
        ([("Cache-Control", "s-maxage=5")], None),
        ([("Cache-Control", "no-cache, max-age=600")], 0),
        ([("Cache-Control", "max-age=99999999999")], 365 * 24 * 3600),
        ([("Cache-Control", "max-age=soon")], None),
        (
            [
                ("Date", "Tue, 03 Nov 2026 12:00:00 GMT"),
                ("Expires", "Tue, 03 Nov 2026 12:10:00 GMT"),
            ],
            600,
        ),
        ([("Date", "Tue, 03 Nov 2026 12:00:00 GMT"), ("Expires", "0")], 0),
        ([("Expires", "Tue, 03 Nov 2026 12:10:00 GMT")], None),
        ([], None),
    ],
)
def test_freshness_is_read_as_rfc_9111_says(
    pairs: list[tuple[str, str]], seconds: int | None
) -> None:
    """Cache-Control before Expires; a shared cache's s-maxage is not ours."""
    assert max_age(Headers.of(pairs)) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 03 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 03 Nov 2020 12:02:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """Both forms, never negative, None for nonsense."""
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_value_breaks_a_reader(value: str) -> None:
    """Whatever a server writes into a date or a number."""
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0
    date = http_date(value)
    assert date is None or date.tzinfo is UTC
    named = Headers.of([("Cache-Control", value), ("Expires", value), ("Date", value)])
    fresh = max_age(named)
    assert fresh is None or fresh >= 0
    never_text(value)
    assert not not_modified({}, if_none_match=value, if_modified_since=value)


@pytest.mark.parametrize(
    "value", ["IMAGE/PNG", "video/mp4; x", "application/pdf", "application/vnd.ms-excel"]
)
def test_sure_cases_are_never_text(value: str) -> None:
    """Pictures, films, archives, office files."""
    assert never_text(value)


@pytest.mark.parametrize(
    "value",
    ["text/html", "", "application/octet-stream", "application/x-gzip", "application/rss+xml", "x"],
)
def test_doubtful_types_are_read(value: str) -> None:
    """Feeds come under every wrong name."""
    assert not never_text(value)


@pytest.mark.parametrize("etag", ["x" * 2_000, "naïve", ""])
def test_a_validator_that_could_not_be_sent_back_is_not_kept(etag: str) -> None:
    """Too long or not ASCII: the next poll asks without it."""
    page = page_of(
        url="u",
        requested_url="u",
        status=200,
        headers={"etag": etag, "last-modified": "Tue, 03 Nov 2026 12:02:00 GMT"},
        body=b"",
        fetched_at=NOW + timedelta(0),
    )
    assert page.etag == ""
    assert page.last_modified == "Tue, 03 Nov 2026 12:02:00 GMT"
