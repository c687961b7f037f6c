"""Numbers as texts write them: 1,234.5 / 1.234,5 / 1 234,5 / 1'234.5 / 12,34,567 / 1億2000万.

A number that can be read in two ways is read in none, unless the language of the text, or other
numbers in it, settle which sign is the decimal one: a figure that is wrong by a factor of a
thousand is worse than one that is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Decimals = Literal[".", ",", ""]
"""The decimal sign; empty where nothing settles it."""

_THIN = " \u00a0\u2009\u202f"
NUMBER = re.compile(
    # Groups parted by spaces or apostrophes first, then every run of digits, dots and commas.
    # Possessive, so that an endless run is read once.
    rf"\d{{1,3}}+(?:[{_THIN}]\d{{3}}(?!\d))++(?:[.,]\d++)?+(?![.,]?\d)"
    r"|\d{1,3}+(?:['’]\d{3}(?!\d))++(?:[.,]\d++)?+"
    r"|[０-９]{1,3}+(?:，[０-９]{3}(?!\d))++"
    r"|\d++(?:[.,．٫٬]\d++)*+"
)
DIGIT = re.compile("[0-9０-９]")
"""Looked for first: a search for one character is ten times as quick as one for ``NUMBER``."""
_WIDE = str.maketrans(
    {"．": ".", "٫": ".", "٬": ",", "，": "", "'": "", "’": ""} | dict.fromkeys(_THIN, "")
)
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}\Z")

# Decimal sign by language, after the number symbols of CLDR 46.  Spanish is missing on purpose:
# Spain writes 1.234,5 and Mexico 1,234.5.
_DOT = re.compile(r"(?:en|zh|yue|ja|ko|th|he|hi|bn|ta|te|mr|ur|sw|zu|xh|af)\Z")
_COMMA = re.compile(
    r"(?:de|fr|it|nl|pt|pl|sv|no|nb|nn|da|fi|cs|sk|hu|ro|bg|hr|sr|sl|uk|ru|tr|el|id|vi|lt|lv|et|ca)\Z"
)
# Words that are frequent in one language and rare in the others.
_TELLING = {
    "the": "en", "of": "en", "and": "en", "with": "en", "said": "en",
    "der": "de", "und": "de", "die": "de", "das": "de", "mit": "de",
    "les": "fr", "des": "fr", "est": "fr", "une": "fr", "dans": "fr",
    "el": "es", "los": "es", "las": "es", "por": "es", "una": "es",
    "il": "it", "della": "it", "che": "it", "gli": "it", "dei": "it",
    "het": "nl", "een": "nl", "van": "nl", "voor": "nl",
    "não": "pt", "dos": "pt", "uma": "pt", "da": "pt", "os": "pt",
    "och": "sv", "att": "sv", "är": "sv", "för": "sv",
    "og": "no", "ikke": "no", "fra": "no",
    "się": "pl", "nie": "pl", "jest": "pl", "przez": "pl",
    "и": "ru", "на": "ru", "что": "ru", "ve": "tr", "bir": "tr", "için": "tr",
}  # fmt: skip
_WORDS = re.compile(r"[^\W\d_]+")
_SETTLED = re.compile(r"(?<![\d.,])\d+(?:([.,])\d{3})*([.,])(\d+)(?![\d.,]*\d)")
_KANA_OR_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")

CJK_POWERS = {
    "十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8, "兆": 12,
    "십": 1, "백": 2, "천": 3, "만": 4, "억": 8, "조": 12,
}  # fmt: skip


def language_of(text: str, sample: int) -> str:
    """A guess at the primary language from the function words of the first ``sample`` characters.

    Empty when too few are found; good for the choice between decimal signs and no more.
    """
    head = text[:sample]
    if len(_KANA_OR_HAN.findall(head)) * 4 > len(head):
        if re.search(r"[\uac00-\ud7a3]", head):
            return "ko"
        return "ja" if re.search(r"[\u3040-\u30ff]", head) else "zh"
    votes = Counter(
        _TELLING[word] for word in _WORDS.findall(head.lower()) if word in _TELLING
    ).most_common(2)
    if not votes or votes[0][1] < 2 or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return ""
    if votes[0][0] == "no":
        # Danish and Norwegian share most small words, not this one
        return "da" if head.count(" af ") > head.count(" av ") else "no"
    return votes[0][0]


def decimal_sign(text: str, language: str, sample: int) -> Decimals:
    """The decimal sign of a text in ``language``; by its other numbers where that says nothing."""
    if _DOT.match(language):
        return "."
    if _COMMA.match(language):
        return ","
    votes: Counter[str] = Counter()
    for match in _SETTLED.finditer(text, 0, sample):
        grouping, sign, digits = match.groups()
        if grouping and grouping != sign:
            votes[sign] += 2
        elif not grouping and len(digits) in (1, 2):
            votes[sign] += 1
    dots, commas = votes["."], votes[","]
    if dots and dots >= 3 * commas:
        return "."
    if commas and commas >= 3 * dots:
        return ","
    return ""


def read_number(written: str, longest: int, settle: Callable[[], Decimals]) -> Decimal | None:
    """The value of one token of ``NUMBER``; None when it is no number, or could be two.

    ``longest`` is the most characters that are read at all; ``settle`` is asked for the decimal
    sign of the text where the number itself does not show it.
    """
    if len(written) > longest:
        return None
    if written.isdigit():
        return Decimal(written)
    plain = written.translate(_WIDE)
    dots, commas = plain.count("."), plain.count(",")
    if not dots and not commas:
        # 36 100 kilowatt transmitters: two numbers in a language that parts groups by commas
        two = written.count(" ") == 1 and settle() == "."
        return None if two else Decimal(plain)
    spaced = len(plain) != len(written) and not written.isascii()
    spaced = spaced or any(sign in written for sign in " '")
    if dots and commas:
        sign = "." if plain.rfind(".") > plain.rfind(",") else ","
        group = "," if sign == "." else "."
        whole, _, part = plain.rpartition(sign)
        if sign in whole or group in part or not _grouped(whole, group):
            return None
        return Decimal(f"{whole.replace(group, '')}.{part}")
    sign = "." if dots else ","
    if dots + commas > 1:
        return Decimal(plain.replace(sign, "")) if _grouped(plain, sign) else None
    whole, _, part = plain.partition(sign)
    as_decimal = Decimal(f"{whole}.{part}")
    if spaced or len(part) != 3 or len(whole) > 3 or whole.startswith("0"):
        return as_decimal
    decimals = settle()
    if decimals and decimals != sign:
        return Decimal(whole + part)
    # Nobody writes three decimals that end in a nought: 4.100 millones, and 1.500 MW in English
    # from a German hand.
    if part.endswith("0"):
        return None if decimals else Decimal(whole + part)
    return as_decimal if decimals else None


def _grouped(written: str, sign: str) -> bool:
    groups = written.split(sign)
    if all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3:
        return True
    return sign == "," and bool(_INDIAN.match(written))


@dataclass(frozen=True, slots=True)
class Power:
    """A power of ten as a word or sign, and where it ends."""

    factor: int
    end: int


_CJK_RUN = re.compile(r"[ ]?[多余餘여]?([十百千万萬亿億兆십백천만억조]{1,4}+)")


def cjk_power(text: str, position: int) -> Power | None:
    """The power of ten that Chinese, Japanese or Korean signs at ``position`` stand for."""
    match = _CJK_RUN.match(text, position)
    if match is None:
        return None
    signs, end = match.group(1), match.end()
    # 千瓦, 兆瓦 and 千米 are units
    if signs[-1] in "千兆" and text[end : end + 1] in ("瓦", "米"):
        signs, end = signs[:-1], end - 1
        if not signs:
            return None
    factor = 1
    for sign in signs:
        factor *= 10 ** CJK_POWERS[sign]
    return Power(factor, end)
