"""Currencies before and behind a number.

Signs that several countries share ($, ¥, kr, Rs) are read by what else the text says of money and
places; where that leaves two readings, there is no figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, cast

from ingest.quantities.words import GAP, NO_LETTER, NO_WORD, any_of, named, section, without_case

Shared = Literal["dollar", "yen_or_yuan", "krone", "rupee", "real", "cent"]

_CODES = (
    "USD|EUR|GBP|CHF|CNY|RMB|CNH|JPY|KRW|INR|CAD|AUD|NZD|HKD|SGD|TWD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|"
    "MXN|ZAR|TRY|THB|IDR|MYR|VND|RUB|ILS|AED|SAR"
)
_SIGNS = {
    "US$": "USD", "U.S.$": "USD", "C$": "CAD", "CA$": "CAD", "CDN$": "CAD", "A$": "AUD",
    "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "R$": "BRL", "MX$": "MXN",
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "฿": "THB",
    "RMB": "CNY", "CNH": "CNY", "RMB¥": "CNY", "CN¥": "CNY", "JP¥": "JPY", "人民币": "CNY",
    "人民幣": "CNY", "zł": "PLN", "Kč": "CZK", "₪": "ILS",
}  # fmt: skip
_SHARED: dict[str, Shared] = {
    "$": "dollar", "＄": "dollar", "¥": "yen_or_yuan", "￥": "yen_or_yuan", "Rs": "rupee",
    "Rs.": "rupee", "kr": "krone", "kr.": "krone",
}  # fmt: skip
_BEFORE = re.compile(
    r"(?<![^\W\d_])(?P<code>(?:"
    + _CODES
    + r")"
    + NO_WORD
    + r"|RMB|人民[币幣]|US ?\$|U\.S\. ?\$|CDN\$|"
    r"(?:CA|C|AU|A|NZ|HK|S|NT|R|MX)\$|(?:RMB|CN|JP)¥|Rs\.?|kr\.?)[ \u00a0\u202f]?\Z"
    r"|(?P<sign>[$＄€£¥￥₹₩₽₺₫฿])[ \u00a0\u202f]?\Z"
)
_SPACES = " \u00a0\u202f"
LAST_SIGNS = frozenset("$＄€£¥￥₹₩₽₺₫฿.币幣srR" + "".join(code[2] for code in _CODES.split("|")))
"""What the sign or code of money before a number can end in."""

_GAP = rf"{GAP}(?:(?:of |de |d['’]|di |de los |in )(?=[^\d\s]))?"
_NAMED = {f"n{code}": f"(?:{any_of(f'money.named.{code}')})" for code in section("money.named")}
_SHARED_NAMED = {f"s{name}": any_of(f"money.shared.{name}") for name in section("money.shared")}
_BEHIND = re.compile(
    rf"{_GAP}(?:(?P<code>(?:{_CODES}|RMB){NO_WORD})(?!\s?\d)"
    r"|(?P<sign>US\$|[€£]|[$¥₹₩₽₺](?!\w))(?!\s?\d)"
    rf"|(?i:(?:{named(_NAMED | _SHARED_NAMED)}){NO_LETTER}))(?! ?\d)"
)
# Words that mean something else without a power of ten before them: won a match, five pounds of
# cobalt, Ft for feet.
_NEEDS_POWER = without_case(r"[\s-]*(?:(?:of|de|d['’]|di|in) ?)?(?:rands?|ft|tl)\Z")
_POWERED = re.compile(
    rf"{_GAP}(?i:(?P<KRW>won)|(?P<GBP>pounds?|pfund|livres|libras|sterling)|(?P<krone>crowns|kr))"
    + NO_WORD
)
_CENTS = re.compile(
    rf"{_GAP}(?i:(?P<EUR>euro[- ]?cents?|centimes d['’]euro|céntimos? de euro|centesimi)|"
    r"(?P<USD>us[- ]?cents?|us¢)|(?P<GBP>pence|p(?=/| per))|(?P<cent>cents?|ct|¢|c(?=/kwh)))"
    + NO_LETTER
)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency beside a number: its code, where its sign begins and ends, and what it divides."""

    code: str
    start: int
    end: int
    factor: Decimal = Decimal(1)


class Purse:
    """What a text says of money: which dollar, which ¥, which crown it means by the bare word."""

    def __init__(self, title: str, text: str, language: Callable[[], str]) -> None:
        self._text = f"{title}\n{text}"
        self._language = language

    def code_of(self, shared: Shared, *, word: bool = False) -> str:
        """ISO 4217 code of a shared sign; empty when the text leaves two readings."""
        if shared == "dollar":
            return "USD" if word and self._language() not in ("en", "") else self._dollar
        if shared == "yen_or_yuan":
            return self._yuan_word if word else self._yen
        if shared == "krone":
            return {"sv": "SEK", "da": "DKK", "no": "NOK", "nb": "NOK"}.get(self._language(), "")
        if shared == "rupee":
            return self._rupee
        if shared == "cent":
            if self._language() == "en":
                return "USD" if self._dollar == "USD" and "€" not in self._text else ""
            return "EUR" if self._language() in ("de", "nl", "fr", "it", "es") else ""
        return ""

    @cached_property
    def _dollar(self) -> str:
        # Peso signs look the same
        if self._language() in ("es", "pt"):
            return ""
        other = len(_CLUES["other_dollars"].findall(self._text))
        if other < 2:
            return "USD"
        return "USD" if len(_CLUES["american"].findall(self._text)) > other else ""

    @cached_property
    def _yen(self) -> str:
        china = bool(_CLUES["chinese"].search(self._text))
        japan = bool(_CLUES["japanese"].search(self._text))
        return "" if china == japan else "CNY" if china else "JPY"

    @cached_property
    def _yuan_word(self) -> str:
        return "" if _CLUES["taiwanese"].search(self._text) else "CNY"

    @cached_property
    def _rupee(self) -> str:
        return "" if _CLUES["other_rupees"].search(self._text) else "INR"


_CLUES = {name: re.compile(pattern) for name, pattern in section("money.clues").items()}


def currency_before(text: str, position: int, purse: Purse) -> Currency | None:
    """The currency sign or code before a number; None where there is none, or two readings."""
    if text[max(0, position - 2) : position].rstrip(_SPACES)[-1:] not in LAST_SIGNS:
        return None
    match = _BEFORE.search(text, max(0, position - 8), position)
    if match is None:
        return None
    sign = match.group("code") or match.group("sign")
    start = match.start()
    bare = sign.replace(" ", "")
    if bare in _SHARED:
        # A letter before it names a dollar that is not in the table
        if (
            match.group("sign")
            and start
            and text[start - 1].isascii()
            and text[start - 1].isalpha()
        ):
            return None
        code = purse.code_of(_SHARED[bare])
    else:
        code = _SIGNS.get(bare, bare)
    return Currency(code, start, match.end()) if code else None


def currency_behind(text: str, position: int, purse: Purse, *, powered: bool) -> Currency | None:
    """The currency at ``position``; ``powered`` when a word such as million stands before it."""
    match = _BEHIND.match(text, position)
    if match is None or match.lastgroup is None:
        match = _POWERED.match(text, position) if powered else None
        if match is None or match.lastgroup is None:
            return None
        code = purse.code_of("krone") if match.lastgroup == "krone" else match.lastgroup
        return Currency(code, position, match.end()) if code else None
    group = match.lastgroup
    if not powered and _NEEDS_POWER.match(match.group()):
        return None
    if group in ("code", "sign"):
        sign = match.group(group)
        shared = _SHARED.get(sign)
        code = purse.code_of(shared) if shared else _SIGNS.get(sign, sign)
    elif group.startswith("n"):
        code = group[1:]
    else:
        code = purse.code_of(cast(Shared, group[1:]), word=True)
    return Currency(code, position, match.end()) if code else None


def cents_behind(text: str, position: int, purse: Purse) -> Currency | None:
    """Cents and pence at ``position``; they count only as a price per kWh."""
    match = _CENTS.match(text, position)
    if match is None or match.lastgroup is None:
        return None
    code = purse.code_of("cent") if match.lastgroup == "cent" else match.lastgroup
    return Currency(code, position, match.end(), Decimal("0.01")) if code else None
