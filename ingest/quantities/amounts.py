"""An amount at a place of a text: a number or a range, its power of ten, and signs of money."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ingest.quantities.money import Currency, currency_before
from ingest.quantities.numbers import NUMBER, cjk_power
from ingest.quantities.powers import power_at
from ingest.quantities.setting import Setting

_BETWEEN = re.compile(
    r"(?i)(?:between|zwischen|entre|tra|fra|tussen|mellan|mellem|mellom|między|от)"
    r"(?:\s(?:about|around|roughly|approximately|rund|etwa|circa|ca\.|environ|unos))?"
    r"\s(?:[A-Z]{0,3}[$€£¥]\s?|(?:EUR|USD|GBP|CNY|RMB)\s?)?\Z"
)
_AND = re.compile(
    r"\s(?:and|und|et|y|e|en|och|og|i|до)\s(?:[A-Z]{0,3}[$€£¥]\s?|(?:EUR|USD|GBP|CNY|RMB)\s?)?"
)
_TO = re.compile(
    r"(?:\s?[–—−~～〜至到]\s?|\s?-(?:\s|(?=[\d$€£]))|에서\s|부터\s"
    r"|\s(?:to|bis|à|a|até|al|tot|till|til|do|до)\s)"
    r"(?:[A-Z]{0,3}[$€£¥]\s?|(?:EUR|USD|GBP|CNY|RMB)\s?)?(?=\d)"
)
_FROM = re.compile(
    r"(?i)(?:from|von|de|du|desde|da|dal|från|fra|od|从|由)\s?(?:[A-Z]{0,3}[$€£¥]\s?)?\Z"
)
# "von 20 bis 30" is a range in German and Dutch, "from 20 to 30" may be one or a growth.
_SURELY_RANGE = re.compile(r"\s(?:bis|tot|till|til)\s")
_RANGING = re.compile(
    r"(?i)\b(?:rang(?:es?|ed|ing)|var(?:y|ies|ied|iant|iieren|iiert)\w*|anywhere)\b"
)
# April 2 to 3.7 billion, Model 3 to 80 kWh: the first number belongs to what is named before it.
_NAMED_BY_NUMBER = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|Model|Level|Phase|Stage|Tier|Class|Gen|No|"
    r"Series|Type|January|February|March|April|August|September|October|November|December)\.?\s\Z"
)
_MORE = re.compile(r"\+|[多余餘](?=[^\d]|$)| (?:and|or) more(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or a range read from a text."""

    low: Decimal
    high: Decimal | None
    start: int
    """Where its first digit stands, or the sign of money before it."""
    end: int
    currency: Currency | None
    powered: bool
    """Whether a word or letter for a power of ten stands in it."""
    plus: bool
    """300+, 100 多: it is a lower bound."""


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    factor: int
    """The power of ten that is in the value; 1 without one."""
    end: int
    powered: bool
    plus: bool


def amount_at(text: str, match: re.Match[str], setting: Setting) -> Amount | None:
    """The amount whose first number is ``match`` (of ``NUMBER``); None when it cannot be read."""
    begin = match.start()
    currency = currency_before(text, begin, setting.purse)
    start = currency.start if currency else begin
    if not _stands_free(text, start, signed=currency is not None):
        return None
    money = currency is not None
    first = _number(text, match, setting, money=money)
    if first is None:
        return None
    second = _second(text, start, first.end, setting, money=money)
    if second is None:
        return Amount(first.value, None, start, first.end, currency, first.powered, first.plus)
    low, high = first.value, second
    if second.powered and not first.powered:
        # 20 to 30 million: the word is meant for both
        low *= second.factor
    if _FROM.search(text, max(0, start - 8), start) and not _range_from(text, start, first.end):
        # From 20 to 30 GWh is a growth as often as a range: the first number is left, and the
        # second is read by itself.
        return None
    if low >= high.value:
        return None
    return Amount(
        low, high.value, start, high.end, currency, first.powered or high.powered, high.plus
    )


def _range_from(text: str, start: int, end: int) -> bool:
    """Whether "from A to B" at ``start`` is a range; ``end`` is where A ends."""
    return (
        _SURELY_RANGE.match(text, end) is not None
        or _RANGING.search(text, max(0, start - 40), start) is not None
    )


def _second(text: str, start: int, end: int, setting: Setting, *, money: bool) -> _Number | None:
    """The higher number of a range of which the lower one ends at ``end``."""
    joint = _TO.match(text, end)
    if joint is None and _BETWEEN.search(text, max(0, start - 28), start):
        joint = _AND.match(text, end)
    if joint is None or _NAMED_BY_NUMBER.search(text, max(0, start - 12), start):
        return None
    match = NUMBER.match(text, joint.end())
    if match is None:
        return None
    return _number(text, match, setting, money=money)


def _number(text: str, match: re.Match[str], setting: Setting, *, money: bool) -> _Number | None:
    value = setting.number(match.group())
    if value is None:
        return None
    end = match.end()
    power = power_at(text, end, setting, money=money)
    if power is None:
        more = _MORE.match(text, end)
        return _Number(value, 1, more.end() if more else end, powered=False, plus=more is not None)
    factor, plus = power.factor, text[end : end + 1] in "多余餘" and end < power.end
    value, end = value * factor, power.end
    # 1億2000万: what follows is a smaller part of the same number
    while text[end - 1] > "\u3000" and (
        part := NUMBER.match(text, end + (text[end : end + 1] == " "))
    ):
        smaller = cjk_power(text, part.end())
        digits = setting.number(part.group())
        if digits is None or (smaller is not None and smaller.factor >= factor):
            break
        if smaller is None:
            break
        value += digits * smaller.factor
        factor, end = smaller.factor, smaller.end
    more = _MORE.match(text, end)
    end = more.end() if more else end
    return _Number(value, power.factor, end, powered=True, plus=plus or more is not None)


def _stands_free(text: str, start: int, *, signed: bool) -> bool:
    """Whether the amount is no tail of a name, a date, a ratio or a negative number.

    ``signed`` when it begins with a sign of money.
    """
    if not start:
        return True
    before = text[start - 1]
    if before.isalpha():
        # Chinese and Japanese set no space before a number
        return before > "\u2e80"
    two = text[start - 2] if start > 1 else " "
    if before in "-‐‑−":
        # F-150 and -5, but sub-$30,000
        return signed and two.isalpha()
    if before in "/:,–=":
        return not two.isdigit()
    return before not in "_#.×*^@"
