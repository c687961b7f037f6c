"""When a production starts: a date that stands with words for its beginning.

A year alone says nothing; the sentence has to name production and its start next to the date, and
no word that stops, delays or denies it.  A date that could belong to another event is left out.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from ingest.models import Qualifier
from ingest.quantities.sentences import Sentences
from ingest.quantities.setting import Setting
from ingest.quantities.words import any_of, section, without_case


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


YEAR = re.compile(r"(?<![\d.,/-])(?:19[89]|20[0-4])\d(?![\d.,]\d|\d|[-/–]\d|[A-Za-z]|年代)")
_STEMS: tuple[str, ...] = tuple(section("production")["stems"])
_EVENT = without_case(
    any_of("production.event", not_product=f"(?!{any_of('production.not_product')})")
)
_DENIED = without_case(any_of("production.denied"))
_OTHER_EVENT = without_case(any_of("production.other_event"))
_MONTH_OF = {
    name: number
    for number, names in enumerate(section("dates")["months"], 1)
    for name in names.split("|")
}
_ORDER = {
    word: number
    for number, words in enumerate(section("dates")["ordinals"], 1)
    for word in words.split("|")
}
_LEADS = any_of(
    "dates.before",
    ordinals=_alternatives(_ORDER),
    months=_alternatives(_MONTH_OF),
    of=any_of("dates.of"),
)
_BEFORE = without_case(rf"(?:{_LEADS})\Z")
_AFTER = re.compile(
    r"\s?(?:年|년)(?:\s?(?:第?(?P<oq>[一二三四1-4])(?:季度|四半期|분기)|Q(?P<q>[1-4])|"
    r"(?P<month>1[0-2]|[1-9])(?:月|월)|"
    r"(?P<h1>上半年|前半|上期|상반기)|(?P<h2>下半年|後半|下期|하반기)|"
    r"(?P<early>年?初|초)|(?P<mid>年?中(?!国|國)|중반)|(?P<late>年?底|年?末|말)))?"
    r"|[ -]?Q(?P<aq>[1-4])(?!\w)|[’']s (?P<as>first|second|third|fourth) quarter"
)
_PREPOSITION = without_case(
    rf"\b(?:(?P<by>{any_of('dates.preposition_by')})|(?P<from>{any_of('dates.preposition_from')}))"
    r" (?:the |la |le |el |dem |der |end of )?\Z"
)


@dataclass(frozen=True, slots=True)
class Start:
    """A date of start of production; both days as numbers such as 20260701."""

    first: int
    last: int
    start: int
    end: int
    qualifier: Qualifier


def start_at(
    text: str, match: re.Match[str], sentences: Sentences, setting: Setting
) -> Start | None:
    """The start of production that the year ``match`` is part of; None when it is none."""
    near = setting.policy.near_chars
    window = text[max(0, match.start() - 3 * near) : match.end() + 3 * near]
    if not any(stem in window for stem in _STEMS):
        return None
    sentence = sentences.around(*match.span())
    date = _date(text, match, sentence[0])
    before, after, cut_before, cut_after = _zone(text, date.start, date.end, sentence, near)
    joined = f"{before}DATE{after}"
    here = len(before)
    best: tuple[int, re.Match[str]] | None = None
    for event in _EVENT.finditer(joined):
        gap = max(0, event.start() - here - 4, here - event.end())
        if best is None or gap < best[0]:
            best = gap, event
    if best is None or best[0] > near:
        return None
    gap, event = best
    gap_text = (
        joined[event.end() : here] if event.end() <= here else joined[here + 4 : event.start()]
    )
    around = joined[max(0, min(event.start(), here) - 24) : max(event.end(), here + 4) + 6]
    if _DENIED.search(around) or _OTHER_EVENT.search(gap_text):
        return None
    if event.start() > here and _OTHER_EVENT.search(before[-_LEAST * 2 :]):
        return None
    if not _same_clause(gap_text, event.start() > here, before):
        return None
    # Another date stands nearer to the event
    if event.start() > here and cut_after and len(joined) - event.end() < gap:
        return None
    if event.end() <= here and cut_before and event.start() < gap:
        return None
    if not date.led and not _unled(text, date, setting.language, gap_text):
        return None
    return Start(date.first, date.last, date.start, date.end, date.qualifier)


_COMMA = re.compile(r"[,，、]\s?(?!\d)")


def _same_clause(gap: str, date_first: bool, before: str) -> bool:
    """Whether nothing but words of one clause stand between date and event.

    ``before`` is what the sentence says before the date.  "In 2026, Tesla will start production" is
    one; "founded in 2016, it started production" and "production began, sales in 2027" are two.
    """
    if re.search(r"[;；。]", gap):
        return False
    comma = _COMMA.search(gap)
    if comma is None:
        return True
    if date_first:
        return len(before.strip()) <= _LEAST
    return len(gap) - comma.end() <= _LEAST


_LEAST = 12
"""Characters that are but the words before a date: "In", ", in late"."""


@dataclass(frozen=True, slots=True)
class _Date:
    first: int
    last: int
    start: int
    end: int
    qualifier: Qualifier
    led: bool
    """Whether words before or signs behind say that the year is a time."""


def _date(text: str, match: re.Match[str], begin: int) -> _Date:
    year = int(match.group())
    start, end = match.span()
    qualifier: Qualifier = ""
    months = (1, 12)
    after = _AFTER.match(text, end)
    before = _BEFORE.search(text, max(begin, start - 44), start)
    led = False
    if after is not None:
        found = {name: value for name, value in after.groupdict().items() if value}
        end, led = after.end(), True
    elif before is not None:
        found = {name: value for name, value in before.groupdict().items() if value is not None}
        led = "fiscal" not in found
        if not {"by", "from", "lead", "fiscal"} & found.keys():
            start = before.start()
    else:
        found = {}
    for name, value in found.items():
        low = value.lower()
        if name in ("q", "q2", "q3", "aq"):
            months = _quarter(int(low))
        elif name in ("oq", "as"):
            months = _quarter(_ORDER[low])
        elif name in ("h", "oh"):
            half = int(low) if low.isdigit() else min(_ORDER[low], 2)
            months = (1, 6) if half == 1 else (7, 12)
        elif name == "h1":
            months = (1, 6)
        elif name == "h2":
            months = (1, 6) if low == "1" else (7, 12)
        elif name == "month":
            number = int(low) if low.isdigit() else _MONTH_OF[low]
            months = (number, number)
        elif name in ("early", "mid", "late", "by", "from"):
            qualifier = cast(Qualifier, name)
    if not qualifier:
        lead = _PREPOSITION.search(text, max(begin, start - 20), start)
        if lead is not None and lead.lastgroup is not None:
            qualifier = cast(Qualifier, lead.lastgroup)
    last_day = calendar.monthrange(year, months[1])[1]
    return _Date(
        year * 10_000 + months[0] * 100 + 1,
        year * 10_000 + months[1] * 100 + last_day,
        start, end, qualifier, led,
    )  # fmt: skip


def _quarter(number: int) -> tuple[int, int]:
    return 3 * number - 2, 3 * number


def _zone(
    text: str, start: int, end: int, sentence: tuple[int, int], near: int
) -> tuple[str, str, bool, bool]:
    """What stands before and behind a date, up to the next years; whether years cut it."""
    begin, until = max(sentence[0], start - 2 * near), min(sentence[1], end + 2 * near)
    years = [other.span() for other in YEAR.finditer(text, begin, until)]
    left = max((stop for _, stop in years if stop <= start), default=-1)
    right = min((first for first, _ in years if first >= end), default=-1)
    before = text[left if left >= 0 else begin : start]
    after = text[end : right if right >= 0 else until]
    return before, after, left >= 0, right >= 0


def _unled(text: str, date: _Date, language: str, between: str) -> bool:
    """Whether a year without a preposition is a time: SOP 2026; German "soll 2026 anlaufen"."""
    if re.fullmatch(r"[\s:(（–-]{1,3}", between):
        return True
    following = text[date.end : date.end + 2]
    return language in ("de", "sv", "da", "no") and following[:1] == " " and following[1:].islower()
