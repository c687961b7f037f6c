"""Numbers in words before a power of ten: two billion dollars, eine halbe Milliarde Euro."""

from __future__ import annotations

import re
from decimal import Decimal

from ingest.quantities.amounts import Amount
from ingest.quantities.powers import power_at
from ingest.quantities.setting import Setting
from ingest.quantities.words import section

NEEDLE = "illi"
"""In million, billion, Milliarde, milliard, milione: looked for as plain text."""
_VALUES = {
    word: Decimal(value) for value, words in section("spelled").items() for word in words.split("|")
}
_WORDS = "|".join(re.escape(word) for word in sorted(_VALUES, key=len, reverse=True))
_BEFORE = re.compile(rf"(?i)(?<![\w-])({_WORDS})[\s-](?:m|b|tr)\Z")
# "Three to four billion" is a range; twenty-five million, two hundred million, eight and nine
# billion, trente et un milliards are more than is read here.
_MORE = re.compile(
    rf"(?i)(?<![\w-])(?:(?P<low>{_WORDS})\s(?:to|bis|à|a|tot|till)\s"
    rf"|(?:(?:{_WORDS})(?:\s(?:and|or|und|oder|et|ou|y|o|e|en|och))?|cents?|\d)[\s-]+)\Z"
)
_IDIOM = frozenset({"a", "one", "un", "una", "eine", "einer"})
"""A million-dollar question is no figure."""
_LONGEST = 20
"""Characters before the needle in which a number and the head of its power stand."""


def spelled_at(text: str, position: int, setting: Setting) -> Amount | None:
    """The amount whose power of ten holds ``NEEDLE`` at ``position``; None when it is no number."""
    match = _BEFORE.search(text, max(0, position - _LONGEST), position)
    if match is None:
        return None
    power = power_at(text, match.end(1), setting, money=False)
    if power is None:
        return None
    word, start = match.group(1).lower(), match.start(1)
    if word in _IDIOM and text[power.end : power.end + 1] == "-":
        return None
    value, low = _VALUES[word] * power.factor, None
    more = _MORE.search(text, max(0, start - _LONGEST), start)
    if more is not None:
        first = _VALUES.get((more.group("low") or "").lower())
        if first is None or first * power.factor >= value:
            return None
        low, start = first * power.factor, more.start("low")
    if low is None:
        return Amount(value, None, start, power.end, None, powered=True, plus=False)
    return Amount(low, value, start, power.end, None, powered=True, plus=False)
