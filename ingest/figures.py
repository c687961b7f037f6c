"""Key figures that an article states: capacities, ranges, prices, money, starts of production.

One compiled pattern finds the numbers; what stands right before and behind each decides whether it
is a figure, of what quantity and in which unit.  Wrong is worse than missing: a number that can be
read in two ways, a distance that no word calls a range and a date that could belong to another
event give no figure.  See ``docs/figures.md`` for what counts as what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from ingest.models import CompanySpan, Figure, Qualifier, Quantity
from ingest.policy import FigurePolicy
from ingest.quantities import driving, money, prices, spelled, starts, units
from ingest.quantities.amounts import Amount, amount_at
from ingest.quantities.numbers import DIGIT, NUMBER
from ingest.quantities.qualifiers import qualifier_of
from ingest.quantities.sentences import Sentences, company_near
from ingest.quantities.setting import Setting
from ingest.quantities.words import section

_POLICY = FigurePolicy()


def figures(
    title: str,
    text: str,
    companies: Sequence[CompanySpan] = (),
    *,
    language: str = "",
    policy: FigurePolicy = _POLICY,
) -> tuple[Figure, ...]:
    """The figures of headline and text, in reading order, the headline's first.

    ``companies`` are the places where companies are named.  ``language`` is a primary tag such as
    ``de``; left empty it is guessed from the text, and serves only to read 1.234 and ``billion``.
    Never raises; time is linear in the length of the text.
    """
    setting = Setting(title, text[: policy.text_chars], language, policy)
    found: list[Figure] = []
    for passage, in_title in ((title[: policy.text_chars], True), (setting.text, False)):
        spans = [span for span in companies if span.in_title == in_title]
        spans.sort(key=lambda span: span.start)
        for figure in _in_passage(passage, in_title, spans, setting):
            found.append(figure)
            if len(found) >= policy.most_figures:
                return tuple(found)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure before its sentence and company are looked for."""

    quantity: Quantity
    unit: str
    low: Decimal
    high: Decimal | None
    start: int
    end: int
    qualifier: Qualifier = ""
    basis: str = ""


def _in_passage(
    text: str, in_title: bool, spans: Sequence[CompanySpan], setting: Setting
) -> Iterator[Figure]:
    sentences = Sentences(text, setting.policy.sentence_chars)
    waiting: _Found | None = None
    position, word = 0, -1
    while True:
        if 0 <= word < position or not position:
            word = text.find(spelled.NEEDLE, position)
        digit = DIGIT.search(text, position, word if word >= 0 else len(text))
        if digit is None and word < 0:
            break
        match = None if digit is None else NUMBER.match(text, digit.start())
        if match is not None:
            position = match.end()
            found = _at(text, match, sentences, setting)
        elif digit is not None:
            position, found = digit.end(), None
        else:
            amount = spelled.spelled_at(text, word, setting)
            position = word + len(spelled.NEEDLE)
            found = None if amount is None else _of(text, amount, sentences, setting)
        if found is None:
            continue
        position = max(position, found.end)
        if waiting is not None:
            yield _placed(text, in_title, _same_rate(text, waiting, found), spans, sentences)
        waiting = found
    if waiting is not None:
        yield _placed(text, in_title, waiting, spans, sentences)


def _at(text: str, match: re.Match[str], sentences: Sentences, setting: Setting) -> _Found | None:
    """The figure that the number ``match`` is part of."""
    start, end = match.span()
    if end - start > setting.policy.number_chars:
        return None
    if end - start == 4 and starts.YEAR.match(text, start):
        begun = starts.start_at(text, match, sentences, setting)
        if begun is not None:
            return _Found(
                "production_start", "date", Decimal(begun.first), Decimal(begun.last),
                begun.start, begun.end, begun.qualifier,
            )  # fmt: skip
    if not _has_neighbours(text, start, end):
        return None
    amount = amount_at(text, match, setting)
    if amount is None:
        return None
    if end - start == 4 and starts.YEAR.match(text, start) and text[start - 3 : start] == "in ":
        return None  # prices in 2024 dollars
    return _of(text, amount, sentences, setting)


def _of(text: str, amount: Amount, sentences: Sentences, setting: Setting) -> _Found | None:
    """The figure that ``amount`` makes with the unit or currency behind it."""
    if not amount.low:
        return None
    if amount.currency is not None:
        return _money(text, amount, amount.currency)
    measure = units.unit_at(text, amount.end)
    if measure is not None:
        return _measured(text, amount, measure, sentences, setting.policy)
    currency = money.currency_behind(text, amount.end, setting.purse, powered=amount.powered)
    currency = currency or money.cents_behind(text, amount.end, setting.purse)
    return _money(text, amount, currency) if currency is not None else None


def _has_neighbours(text: str, start: int, end: int) -> bool:
    """Whether a number has a word or a sign beside it that could make a figure; most have not."""
    before = text[max(0, start - 2) : start]
    if before[-1:] in _GAPS:
        before = before[:-1]
    if before[-1:] in money.LAST_SIGNS:
        return True
    after = text[end : end + 2]
    if after[:1] in _GAPS:
        after = after[1:]
        if after.isdigit():
            return True
    if not after[:1].isalpha():
        return after[:1] in _SIGNS_BEHIND
    word = _NEXT_WORD.match(text, end)
    return word is None or word.group(1).lower() not in _PLAIN_WORDS


_GAPS = frozenset(" \u00a0\u2009\u202f\n-‐‑")
_SIGNS_BEHIND = frozenset("€$£¥₹₩₽₺¢+~～–—−")
_NEXT_WORD = re.compile(r"[ -]?([A-Za-zÄÖÜäöü]{2,12})(?![A-Za-zÀ-ɏ])")
_PLAIN_WORDS = frozenset(section("plain")["words"].split())


def _money(text: str, amount: Amount, currency: money.Currency) -> _Found | None:
    end = max(amount.end, currency.end)
    per = prices.price_per(text, amount.start, end)
    if per is None:
        if currency.factor != 1:
            return None
        return _Found("money", currency.code, amount.low, amount.high, amount.start, end,
                      qualifier_of(text, amount.start, end, plus=amount.plus))  # fmt: skip
    if per.of == "other" or (currency.factor != 1 and per.of != "kWh"):
        return None
    if prices.is_change(text, amount.start, per.end):
        return None
    factor = currency.factor * per.factor
    return _Found(
        "price_per_kwh" if per.of == "kWh" else "price_per_tonne",
        f"{currency.code}/{per.of}",
        amount.low * factor,
        None if amount.high is None else amount.high * factor,
        amount.start,
        per.end,
        qualifier_of(text, amount.start, per.end, plus=amount.plus),
    )


_BASE = {
    "energy": ("energy", "kWh"),
    "power": ("power", "kW"),
    "distance": ("range", "km"),
    "minutes": ("charging_time", "min"),
    "density_mass": ("energy_density", "Wh/kg"),
    "density_volume": ("energy_density", "Wh/l"),
}


def _measured(
    text: str, amount: Amount, measure: units.Measure, sentences: Sentences, policy: FigurePolicy
) -> _Found | None:
    start, end = amount.start, measure.end
    quantity, unit = _BASE[measure.dimension]
    low = amount.low * measure.factor
    high = None if amount.high is None else amount.high * measure.factor
    sentence = sentences.around(start, end)
    basis = ""
    if measure.dimension in ("energy", "power"):
        rate_end = units.yearly(text, start, end, sentence[0])
        if rate_end >= 0:
            quantity, unit, end = f"{quantity}_per_year", f"{unit}/a", rate_end
        elif units.other_rate(text, end):
            return None
    elif measure.dimension == "distance":
        if not policy.shortest_range_km <= low <= (high or low) <= policy.longest_range_km:
            return None
        if units.other_rate(text, end) or not driving.is_range(text, start, end, sentence):
            return None
        basis = driving.cycle_of(text, start, end, sentence)
    elif measure.dimension == "minutes" and not driving.is_charging_time(
        text, start, end, sentence
    ):
        return None
    qualifier = qualifier_of(text, start, end, plus=amount.plus)
    return _Found(cast(Quantity, quantity), unit, low, high, start, end, qualifier, basis)


_JOINTS = re.compile(
    r"\s*(?:to|and|or|bis|auf|und|oder|à|a|et|ou|y|o|hasta|至|到|增至|提升至|から|/|,)\s*\Z"
)


def _same_rate(text: str, first: _Found, second: _Found) -> _Found:
    """The first of "35 GWh to 50 GWh per year", which shares the rate of the second."""
    shared = second.quantity == f"{first.quantity}_per_year"
    if shared and _JOINTS.match(text, first.end, second.start):
        return replace(first, quantity=second.quantity, unit=second.unit)
    return first


def _placed(
    text: str, in_title: bool, found: _Found, spans: Sequence[CompanySpan], sentences: Sentences
) -> Figure:
    """The figure with its sentence and the company that it is said of."""
    begin, until = sentence = sentences.around(found.start, found.end)
    return Figure(
        quantity=found.quantity,
        value=float(found.low),
        value_high=None if found.high is None else float(found.high),
        unit=found.unit,
        qualifier=found.qualifier,
        basis=found.basis,
        written=text[found.start : found.end],
        start=found.start,
        end=found.end,
        in_title=in_title,
        sentence=text[begin:until],
        company=company_near(spans, found.start, found.end, sentence, sentences),
    )
