"""A date as some publisher wrote it -> an instant in UTC, or None.

Strict on purpose: a wrong date puts an article into the wrong day's window and its story out of
order, and looks right; a missing one is visible and the page's own date can stand in.  So what
can be read in two ways is refused.  feedparser's own reading is not used: 6.0.14 makes
``2016/6/29`` November, reads epochs as year 1795 and KST, IST, CET, AEST as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from ingest.policy import DatePolicy

_POLICY = DatePolicy()

# Minutes east of UTC.  Left out because two places share the name and neither prevails in feeds:
# AST (Atlantic, Arabia), ECT, AMT; and the single military letters but Z, which RFC 2822
# (section 4.3) itself declares unreliable.
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60,
    # RFC 822, section 5.1, which is what RSS names for its dates
    "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600, "NST": -210, "NDT": -150, "ADT": -180,
    "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120, "MET": 60, "MEST": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "SAST": 120, "CAT": 120, "WAT": 60, "EAT": 180,
    # Britain, not Bangladesh: the English-language press that writes BST is British
    "BST": 60,
    # India, not Israel or Ireland: Irish and Israeli feeds write numbers; a wrong guess is 4.5 h
    "IST": 330,
    "PKT": 300, "NPT": 345, "GST": 240,
    "JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "MYT": 480, "PHT": 480, "ICT": 420, "WIB": 420,
    "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "BRT": -180, "ART": -180, "CLT": -240, "CLST": -180, "COT": -300, "PET": -300,
}  # fmt: skip
# American usage without saying whether summer time holds: the standard offset, and the rule.
_AMERICAN = {"ET": -300, "CT": -360, "MT": -420, "PT": -480}

_MONTH_NAMES = """
jan january januar janvier janv enero ene gennaio gen janeiro januari jänner styczeń stycznia leden ledna
feb february februar février févr fev fevrier febrero febbraio fevereiro februari luty lutego únor února
mar march märz mär mrz mars marzo março maart mrt marca marzec březen března
apr april avril avr abril abr aprile kwiecień kwietnia duben dubna
may mai mayo maggio mag maio mei maj maja květen května
jun june juni juin junio giugno giu junho jun. czerwiec czerwca červen června
jul july juli juillet juil julio luglio lug julho jul. lipiec lipca červenec července
aug august août aout agosto ago augustus augusti sierpień sierpnia srpen srpna
sep sept september septembre septiembre settembre set setembro wrzesień września září
oct october oktober okt octobre octubre ottobre ott outubro out październik października říjen října
nov november novembre noviembre novembro listopad listopada
dec december dezember dez décembre déc decembre diciembre dic dicembre dezembro grudzień grudnia prosinec prosince
"""  # noqa: E501
# Polish and Czech share ``listopad``: both mean November.
_MONTHS = {
    name: number
    for number, line in enumerate(_MONTH_NAMES.strip().splitlines(), start=1)
    for name in line.split()
}

_TIME = (
    r"(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z]))?"
)
_ZONE = r"(?:\s*(?P<zone>(?:(?:GMT|UTC)\s*)?[+\-\u2212]\d{1,2}(?::?\d{2})?(?!\d)|[A-Za-z]{1,5}))?"
_CLOCK = rf"(?:(?:\s*T\s*|[\s,]+(?:[a-zà]{{1,3}}\s+)?(?:[-–|@]\s+)?){_TIME}{_ZONE})?"
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_WORD = r"[^\W\d_]{3,12}\.?"
_YEAR = r"(?P<year>\d{4})"

_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        # 2026-11-23T10:00:00+01:00, 2016/6/29, 2026.11.23 10:00
        rf"{_YEAR}([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_CLOCK}",
        # 2026年11月23日 10:00, 2026년 11월 23일
        rf"{_YEAR}\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]\s*(?P<day>\d{{1,2}})\s*[日일]"
        rf"(?:\s*{_TIME}{_ZONE})?",
        # 20261123, 20261123T100000Z
        rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)"
        rf"(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d){_ZONE})?",
        # Mon, 23 Nov 2026 10:00:00 KST; 23. November 2026, 10:00; 23 de noviembre de 2026
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:\.|er|º)?[\s-]+(?:de\s+)?(?P<name>{_WORD})[\s,-]+(?:de\s+)?"
        rf"(?P<year>\d{{4}}|\d{{2}}){_CLOCK}",
        # November 23, 2026 10:00 AM EST
        rf"{_WEEKDAY}(?P<name>{_WORD})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}{_CLOCK}",
        # Mon Nov 23 10:00:00 KST 2026 (asctime, Java)
        rf"{_WEEKDAY}(?P<name>{_WORD})\s+(?P<day>\d{{1,2}})\s+{_TIME}{_ZONE}\s+{_YEAR}",
        # 2026 Nov 23, as the bibliographies of journals write it
        rf"{_YEAR}\s+(?P<name>{_WORD})\s+(?P<day>\d{{1,2}})",
        # 23.11.2026 10:00: with dots the day is first everywhere
        rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}{_CLOCK}",
        # 23/11/2026 or 11/23/2026: read only when one number can be no month
        rf"(?P<first>\d{{1,2}})[/-](?P<second_of>\d{{1,2}})[/-]{_YEAR}{_CLOCK}",
    )
)
_EPOCH = re.compile(r"(?P<seconds>\d{9,10})(?P<milli>\d{3})?(?:\.\d+)?")
# "(UTC)" of RFC 822, "[Asia/Seoul]" of Java, " Uhr" of German, " UTC" after Go's "+0000".
_TAIL = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])$|\s+Uhr$|(?<=[+-]\d{4})\s+(?:UTC|GMT|Z)$")
_RFC_822 = 3
"""Place in ``_SHAPES`` of the form in which RFC 822 fixes what CST means."""


def parse_date(raw: str, *, now: datetime, assume: tzinfo = UTC) -> datetime | None:
    """The instant that ``raw`` names, in UTC; None when it names none or could name two.

    ``assume`` is the zone of a time written without one.  A date without a time is midnight
    there.  Refused as well: before 1990, and more than a day after ``now``.
    """
    found = _believed(raw, now, assume)
    return found.astimezone(UTC) if found else None


def day_written(raw: str, *, now: datetime) -> date | None:
    """The calendar day that ``raw`` names in the zone it was written in; None as ``parse_date``.

    2026-07-10T00:50+02:00 appeared on the 10th for its readers and on the 9th in UTC.
    """
    found = _believed(raw, now, UTC)
    return found.date() if found else None


def _believed(raw: str, now: datetime, assume: tzinfo) -> datetime | None:
    return _read(" ".join(raw[: _POLICY.max_chars + 1].split()), now, assume)


@lru_cache(maxsize=1_000)
def _read(text: str, now: datetime, assume: tzinfo) -> datetime | None:
    """Remembered, as the same string of a page is asked for its instant, its day and its zone."""
    if not text or len(text) > _POLICY.max_chars:
        return None
    try:
        found = _epoch(text) or _written(_without_tail(text), assume)
        if found is None or found.astimezone(UTC).year < _POLICY.first_year:
            return None
        return found if found <= now + timedelta(days=_POLICY.future_days) else None
    except (ValueError, OverflowError):
        return None


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    if match is None:
        return None
    millis = int(match["milli"] or 0)
    return datetime.fromtimestamp(int(match["seconds"]), UTC) + timedelta(milliseconds=millis)


def _without_tail(text: str) -> str:
    return _TAIL.sub("", text)


def _written(text: str, assume: tzinfo) -> datetime | None:
    for place, shape in enumerate(_SHAPES):
        match = shape.fullmatch(text)
        if match is None:
            continue
        part = match.groupdict()
        day = _day(part)
        if day is None:
            continue
        local = day + _time_of_day(part)
        zone = part.get("zone")
        if not zone:
            return local.replace(tzinfo=assume)
        offset = _offset(zone, local, rfc_822=place == _RFC_822)
        return local.replace(tzinfo=timezone(offset)) if offset is not None else None
    return None


def _day(part: dict[str, str | None]) -> datetime | None:
    year = int(part["year"] or 0)
    if len(part["year"] or "") == 2:  # RFC 2822, section 4.3
        year += 2000 if year < 50 else 1900
    if part.get("name"):
        month = _MONTHS.get((part["name"] or "").lower().rstrip("."))
        if month is None:
            return None
        day = int(part["day"] or 0)
    elif part.get("first"):
        first, second = int(part["first"] or 0), int(part["second_of"] or 0)
        if first <= 12 and second <= 12 and first != second:
            return None
        day, month = (first, second) if first > 12 or first == second else (second, first)
    else:
        day, month = int(part["day"] or 0), int(part["month"] or 0)
    return datetime(year, month, day)  # the caller adds the zone


def _time_of_day(part: dict[str, str | None]) -> timedelta:
    hour, minute = int(part.get("hour") or 0), int(part.get("minute") or 0)
    second = min(int(part.get("second") or 0), 60)
    half = (part.get("half") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59 or (hour == 24 and (minute or second)):
        raise ValueError("no such time")
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


def _offset(zone: str, local: datetime, *, rfc_822: bool) -> timedelta | None:
    name = zone.upper()
    number = re.fullmatch(r"(?:(?:GMT|UTC)\s*)?([+\-\u2212])(\d{1,2}?):?(\d{2})?", name)
    if number:
        minutes = int(number[2]) * 60 + int(number[3] or 0)
        if int(number[3] or 0) > 59 or minutes > _POLICY.most_offset_minutes:
            return None
        return timedelta(minutes=minutes if number[1] == "+" else -minutes)
    if name == "CST":
        # RFC 822 says US Central; Java's dates come from Chinese sites as often
        return timedelta(minutes=-360) if rfc_822 else None
    if name in _AMERICAN:
        summer = 60 if _american_summer(local) else 0
        return timedelta(minutes=_AMERICAN[name] + summer)
    return timedelta(minutes=_ZONES[name]) if name in _ZONES else None


def _american_summer(local: datetime) -> bool:
    """Second Sunday of March to first Sunday of November (US Energy Policy Act of 2005)."""

    def sunday(month: int, nth: int) -> datetime:
        first = datetime(local.year, month, 1)
        return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1), hours=2)

    return sunday(3, 2) <= local < sunday(11, 1)
