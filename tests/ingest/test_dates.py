"""Dates as publishers write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import day_written, parse_date

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2026, 11, 22)).map(
    lambda moment: moment.replace(microsecond=0)
)
_OFFSETS = st.integers(-12 * 4, 14 * 4).map(
    lambda quarter: timezone(timedelta(minutes=15 * quarter))
)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2016/6/29", at(2016, 6, 29)),
        ("1466000000", at(2016, 6, 15, 14, 13, 20)),
        ("1466000000123", at(2016, 6, 15, 14, 13, 20, 123000)),
        ("Wed, 29 Jun 2016 10:00:00 KST", at(2016, 6, 29, 1)),
        ("Wed, 29 Jun 2016 10:00:00 JST", at(2016, 6, 29, 1)),
        ("Wed, 29 Jun 2016 10:00:00 IST", at(2016, 6, 29, 4, 30)),
        ("Wed, 29 Jun 2016 10:00:00 CET", at(2016, 6, 29, 9)),
        ("Wed, 29 Jun 2016 10:00:00 AEST", at(2016, 6, 29, 0)),
        ("Wed, 29 Jun 2016 10:00:00 MESZ", at(2016, 6, 29, 8)),
        ("Wed, 29 Jun 2016 10:00:00 CST", at(2016, 6, 29, 16)),
        ("Wed, 29 Jun 2016 10:00:00 ET", at(2016, 6, 29, 14)),
        ("Fri, 29 Jan 2016 10:00:00 ET", at(2016, 1, 29, 15)),
        ("Wed, 29 Jun 16 10:00 GMT+0100", at(2016, 6, 29, 9)),
        ("Wed, 29 Jun 2016 10:00:00 +0000 (UTC)", at(2016, 6, 29, 10)),
        ("2016-06-29T10:00:00.5-03:30", at(2016, 6, 29, 13, 30)),
        ("2016-06-29 10:00:00 +0200 UTC", at(2016, 6, 29, 8)),
        ("2016-06-29T10:00:00+08:00[Asia/Shanghai]", at(2016, 6, 29, 2)),
        ("20160629T100000Z", at(2016, 6, 29, 10)),
        ("June 29, 2016 3:05 PM EDT", at(2016, 6, 29, 19, 5)),
        ("Jun 29, 2016 12:05 am", at(2016, 6, 29, 0, 5)),
        ("Wed Jun 29 10:00:00 UTC 2016", at(2016, 6, 29, 10)),
        ("29. Juni 2016, 10:00 Uhr", at(2016, 6, 29, 10)),
        ("Mittwoch, 2. März 2016", at(2016, 3, 2)),
        ("29 de junio de 2016", at(2016, 6, 29)),
        ("29 juin 2016 à 10:00", at(2016, 6, 29, 10)),
        ("3 listopada 2016", at(2016, 11, 3)),
        ("29.06.2016 10:00", at(2016, 6, 29, 10)),
        ("13/04/2016", at(2016, 4, 13)),
        ("04/13/2016", at(2016, 4, 13)),
        ("2016年6月29日 10:00", at(2016, 6, 29, 10)),
        ("2016년 6월 29일", at(2016, 6, 29)),
        ("2016-06-29 24:00:00", at(2016, 6, 30)),
        ("2026-11-24T11:00:00Z", at(2026, 11, 24, 11)),
    ],
)
def test_reads_what_publishers_write(raw: str, expected: datetime) -> None:
    """Every form met in feeds gives its instant in UTC."""
    found = parse_date(raw, now=NOW)
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    ["", "soon", "yesterday", "2016", "2016-06", "03/04/2016", "2016-13-01", "2016-02-30",
     "29 Foo 2016", "Wed Jun 29 10:00:00 CST 2016", "Wed, 29 Jun 2016 10:00:00 AST",
     "Wed, 29 Jun 2016 10:00:00 XYZ", "2016-06-29T25:00:00Z", "2016-06-29T10:61:00Z",
     "2016-06-29T10:00:00+19:00", "1970-01-01T00:00:00Z", "0", "1", "1989-12-31",
     "2026-11-25T00:00:00Z", "2036-01-01", "0001-01-01T00:00:00Z", "99999999999999999999",
     "29 Jun 2016 13:00 PM", "29 Jun 2016" + " " * 5 + "x" * 200],
)  # fmt: skip
def test_refuses_what_it_cannot_be_sure_of(raw: str) -> None:
    """Ambiguous, impossible, too old, too far ahead: None, since a wrong date looks right."""
    assert parse_date(raw, now=NOW) is None


def test_a_time_without_zone_is_in_the_assumed_one() -> None:
    """Korean systems write local time bare; what names its zone is not touched."""
    seoul = timezone(timedelta(hours=9))
    assert parse_date("2016-06-29 10:00:00", now=NOW, assume=seoul) == at(2016, 6, 29, 1)
    assert parse_date("2016-06-29 10:00:00Z", now=NOW, assume=seoul) == at(2016, 6, 29, 10)
    assert parse_date("2016-06-29 10:00:00", now=NOW) == at(2016, 6, 29, 10)


@given(_MOMENTS, _OFFSETS)
def test_reads_back_every_rfc_822_and_iso_date(moment: datetime, zone: timezone) -> None:
    """What the standard library writes comes back as the same instant."""
    local = moment.replace(tzinfo=zone)
    assert parse_date(format_datetime(local), now=NOW) == local
    assert parse_date(local.isoformat(), now=NOW) == local
    assert parse_date(local.strftime("%d %B %Y %H:%M:%S %z"), now=NOW) == local


@given(_MOMENTS)
def test_reads_back_every_epoch(moment: datetime) -> None:
    """Seconds and milliseconds since 1970 are told apart by their length."""
    local = moment.replace(tzinfo=UTC)
    if local.timestamp() < 100_000_000 * 10:
        return
    assert parse_date(str(int(local.timestamp())), now=NOW) == local
    assert parse_date(str(int(local.timestamp() * 1000)), now=NOW) == local


@given(
    st.one_of(
        st.datetimes(datetime(1800, 1, 1), datetime(1989, 12, 30)),
        st.datetimes((NOW + timedelta(days=3)).replace(tzinfo=None), datetime(2600, 1, 1)),
    ),
    _OFFSETS,
)
def test_no_written_form_of_an_impossible_time_is_believed(
    moment: datetime, zone: timezone
) -> None:
    """Before the web, or days from now: refused however it is written."""
    local = moment.replace(tzinfo=zone)
    assert parse_date(format_datetime(local), now=NOW) is None
    assert parse_date(local.isoformat(), now=NOW) is None
    assert parse_date(local.strftime("%d %B %Y %H:%M:%S %z"), now=NOW) is None


@given(
    st.one_of(st.text(max_size=90), st.text(alphabet="0123456789-/:. TZ+年月日JanPM,", max_size=40))
)
def test_never_raises_and_never_leaves_the_range(raw: str) -> None:
    """Any text gives None or an instant between 1990 and a day from now."""
    found = parse_date(raw, now=NOW)
    assert found is None or at(1990, 1, 1) <= found <= NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-07-10T00:50:17+02:00", "2026-07-10"),
        ("2026-06-25T20:57:54.303966-0400", "2026-06-25"),
        ("2026-06-04T02:37:08+09:00", "2026-06-04"),
        ("2026 Jun 30", "2026-06-30"),
        ("2026-06-30", "2026-06-30"),
        ("03/04/2026", None),
        ("tomorrow", None),
    ],
)
def test_the_day_as_written_is_that_of_the_publishers_clock(raw: str, day: str | None) -> None:
    """Near midnight the day in UTC is another than the one that readers saw."""
    found = day_written(raw, now=NOW)
    assert (found.isoformat() if found else None) == day
