"""Words before and behind a figure that say whether it is exact, a bound or a guess."""

from __future__ import annotations

import re
from typing import cast

from ingest.models import Qualifier
from ingest.quantities.words import any_of, named, section, without_case

_NAMES = ("up_to", "at_least", "over", "under", "nearly", "about")
_HAN = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3~≈]")
_BEFORE = without_case(
    "(?:(?<![A-Za-z0-9À-ɏЀ-ӿ])(?:"
    + named({name: any_of(f"qualifiers.{name}") for name in _NAMES})
    + r")(?: an?| the| einer?| einem)?[\s-]?)\Z"
)
# Chinese sets no space between the words before.
_BEFORE_HAN = re.compile(
    "(?:"
    + named(
        {
            name: "|".join(word for word in section("qualifiers")[name] if _HAN.search(word))
            for name in _NAMES
        }
    )
    + r")\s?\Z"
)
_BEHIND = without_case(
    named(
        {
            name: any_of(f"qualifiers.behind_{name}")
            for name in ("at_least", "over", "about", "under")
        }
    )
)


def qualifier_of(text: str, start: int, end: int, *, plus: bool) -> Qualifier:
    """What the words around a figure make of it; empty where it stands by itself.

    ``plus`` when the figure itself is written as a lower bound, such as 300+.
    """
    if plus:
        return "at_least"
    match = (
        _BEFORE.search(text, max(0, start - 24), start)
        or _BEFORE_HAN.search(text, max(0, start - 5), start)
        or _BEHIND.match(text, end)
    )
    return cast(Qualifier, (match.lastgroup if match else None) or "")
