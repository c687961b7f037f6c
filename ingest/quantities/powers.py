"""Words for powers of ten: million, Mrd., milliards, mil millones, млрд; K, M, B of money."""

from __future__ import annotations

import re

from ingest.quantities.numbers import Power, cjk_power
from ingest.quantities.setting import Setting
from ingest.quantities.words import GAP, NO_LETTER, section


def _any(words: str) -> str:
    longest_first = sorted(words.split(), key=len, reverse=True)
    return "|".join(re.escape(word).replace("_", r"\s") for word in longest_first)


# From the greatest power to the least, so that "lakh crore" is not read as a lakh.
_WORD = re.compile(
    f"{GAP}(?i:"
    + "|".join(
        f"(?P<{power}>{_any(words)})" for power, words in reversed(section("powers").items())
    )
    + f"){NO_LETTER}"
)
# Only beside a currency: 5 m is a length, 5 M could be anything.
_LETTER = re.compile(r"[ \u00a0]?(?:MM|[mMbBkKtT])(?![^\W_])")
_BEFORE_SIGN = re.compile(r"[ \u00a0\u202f]?(?:[kKM]|M[drn]{1,2}s?|Mio|bn)(?=[ \u00a0]?[€$£])")
_LETTERS = {"m": 10**6, "b": 10**9, "k": 10**3, "t": 10**12, "mm": 10**6}
_LETTERS |= dict.fromkeys(("md", "mds", "mrd", "bn"), 10**9) | dict.fromkeys(("mn", "mio"), 10**6)
_FALSE_FRIENDS = frozenset({"de", "fr", "es", "it", "nl", "sv", "da", "pl"})
_SHORT_BILLION = re.compile(r"(?i)billions?\Z")


def power_at(text: str, position: int, setting: Setting, *, money: bool) -> Power | None:
    """The power of ten written at ``position``; None when there is none.

    ``money`` allows the single letters that stand for it behind a currency sign.
    """
    match = _WORD.match(text, position)
    if match is not None and match.lastgroup is not None:
        # German and French billions are a thousand of ours
        if _SHORT_BILLION.search(match.group()) and setting.language in _FALSE_FRIENDS:
            return None
        return Power(10 ** int(match.lastgroup[1:]), match.end())
    if text[position : position + 2].strip()[:1] > "\u3000":
        return cjk_power(text, position)
    letter = (_LETTER if money else _BEFORE_SIGN).match(text, position)
    if letter is not None:
        return Power(_LETTERS[letter.group().strip().lower()], letter.end())
    return None
