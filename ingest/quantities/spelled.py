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
_BEFORE = re.compile(
    r"(?i)(?<![\w-])("
    + "|".join(re.escape(word) for word in sorted(_VALUES, key=len, reverse=True))
    + r")[\s-](?:m|b|tr)\Z"
)
# Twenty-five million, two hundred million, trente et un milliards: more than is read here.
_MORE = re.compile(r"(?:([^\W\d_]+)|\d)[\s-]+\Z")
_JOINS = frozenset({"et", "y", "e", "cent", "cents"})
_LONGEST = 20
"""Characters before the needle in which a number and the head of its power stand."""


def spelled_at(text: str, position: int, setting: Setting) -> Amount | None:
    """The amount whose power of ten holds ``NEEDLE`` at ``position``; None when it is no number."""
    match = _BEFORE.search(text, max(0, position - _LONGEST), position)
    if match is None:
        return None
    more = _MORE.search(text, max(0, match.start(1) - _LONGEST), match.start(1))
    if more is not None:
        word = (more.group(1) or "one").lower()
        if word in _JOINS or word in _VALUES:
            return None
    power = power_at(text, match.end(1), setting, money=False)
    if power is None:
        return None
    value = _VALUES[match.group(1).lower()] * power.factor
    return Amount(value, None, match.start(1), power.end, None, powered=True, plus=False)
