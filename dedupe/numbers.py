"""Which figures of two texts stand in the same place, and whether they agree.

Two weekly price reports share nine words of ten and tell two stories: what tells them apart is
that figures standing between the same words differ.  Texts are aligned on runs of words that
occur once in each (patience alignment, as in ``bzr diff``), with figures, weekdays and months
masked, which costs n log n where a full edit distance would cost n squared.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dedupe.text import fold, word_spans

_CURRENCIES = {
    "$": "usd", "us$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "dlrs": "usd",
    "dlr": "usd", "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "£": "gbp",
    "gbp": "gbp", "pounds": "gbp", "stg": "gbp", "¥": "yen", "yen": "yen", "jpy": "yen",
    "rmb": "cny", "cny": "cny", "yuan": "cny", "元": "cny", "₩": "krw", "won": "krw", "₹": "inr",
    "rupees": "inr", "inr": "inr", "sek": "sek", "chf": "chf", "francs": "chf", "kr": "kr",
}  # fmt: skip
_SCALES = {
    "m": 1e6, "mln": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6, "mio": 1e6,
    "millionen": 1e6, "millones": 1e6, "bn": 1e9, "bln": 1e9, "billion": 1e9, "billions": 1e9,
    "mrd": 1e9, "milliarden": 1e9, "milliards": 1e9, "trillion": 1e12, "k": 1e3,
    "thousand": 1e3, "tausend": 1e3, "万": 1e4, "亿": 1e8,
}  # fmt: skip
# Units by what they measure: a desk converts them for its readers.
_UNITS = {
    **dict.fromkeys(("mile", "miles", "mi"), ("way", "mile")),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("way", "km")),
    **dict.fromkeys(("metre", "metres", "meter", "meters"), ("way", "m")),
    **dict.fromkeys(("foot", "feet", "ft"), ("way", "foot")),
    **dict.fromkeys(("inch", "inches"), ("way", "inch")),
    **dict.fromkeys(("cm", "centimetres", "centimeters"), ("way", "cm")),
    "mph": ("way", "mile"),
    **dict.fromkeys(("kg", "kilogram", "kilograms", "kilos"), ("weight", "kg")),
    **dict.fromkeys(("lb", "lbs", "pounds"), ("weight", "lb")),
    **dict.fromkeys(("ounce", "ounces", "oz"), ("weight", "oz")),
    **dict.fromkeys(("tonne", "tonnes"), ("weight", "t")),
    **dict.fromkeys(("ton", "tons"), ("weight", "ton")),
    **dict.fromkeys(("acre", "acres"), ("area", "acre")),
    **dict.fromkeys(("hectare", "hectares", "ha"), ("area", "ha")),
    **dict.fromkeys(("litre", "litres", "liter", "liters"), ("volume", "l")),
    **dict.fromkeys(("gallon", "gallons"), ("volume", "gallon")),
    **dict.fromkeys(("barrel", "barrels"), ("volume", "barrel")),
    **dict.fromkeys(("celsius", "c"), ("heat", "c")),
    **dict.fromkeys(("fahrenheit", "f"), ("heat", "f")),
}
# Words for days and months change from one issue of a report to the next, as figures do.
# "may", "march", "mars", "sun" are words of their own and stay out.
_CALENDAR = frozenset({
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january",
    "february", "april", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonnabend",
    "sonntag", "januar", "februar", "märz", "juni", "juli", "oktober", "dezember", "lundi",
    "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "janvier", "février",
    "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre", "lunes",
    "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "enero", "febrero",
    "marzo", "abril", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
})  # fmt: skip
_TOLD = _CALENDAR | _CURRENCIES.keys() | _SCALES.keys()
"""Words that say something of a figure, or stand for a day."""
_COUNTED = re.compile(r"(\d+(?:[.,:'’]\d+)*)(\D*)")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’])\d{3})(?:\1\d{3})*$")

FIGURE = "#"
DAY = "@"


class Token(NamedTuple):
    """A word, or a figure with what it counts."""

    mask: str
    """The word itself; ``FIGURE`` for a figure, ``DAY`` for a weekday or month."""
    value: str
    """The figure, normalised; the word itself otherwise."""
    currency: str
    """The currency written at the figure; empty when none is."""
    start: int
    end: int
    """``[start, end)`` in the folded text."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Figures that stand in the same place of two texts."""

    agree: int
    differ: int
    days_differ: int
    """Weekdays and months that differ in the same place."""
    examples: tuple[tuple[str, str], ...]
    """The first figures that differ, left and right."""
    changes: int = 0
    """Distinct pairs of figures that differ: a count that rose is one, wherever it stands."""

    @property
    def share(self) -> float:
        """Share of the aligned figures that agree; 1 when none are aligned."""
        total = self.agree + self.differ
        return self.agree / total if total else 1.0


def tokens(text: str) -> list[Token]:
    """Words and figures of ``text`` in order; currencies and scales belong to their figure."""
    folded = fold(text)
    found: list[Token] = []
    currency = ""
    for start, end in _figure_spans(folded):
        word = folded[start:end]
        if word.isalpha():
            if word not in _TOLD:
                currency = ""
                found.append(Token(word, word, "", start, end))
                continue
        elif any(character.isdigit() for character in word):
            sign = _CURRENCIES.get(folded[start - 1 : start], "")
            parts = _COUNTED.fullmatch(word)
            value = _normalise(parts[1]) if parts else word
            if parts and parts[2]:
                value = _scaled(value, parts[2])
            found.append(Token(FIGURE, value, sign or currency, start, end))
            currency = ""
            continue
        last = found[-1] if found else None
        counts = last is not None and last.mask == FIGURE and last.end >= start - 1
        if word in _CURRENCIES:
            if last is not None and counts and not last.currency:
                found[-1] = last._replace(currency=_CURRENCIES[word], end=end)
            else:
                currency = _CURRENCIES[word]
        elif word in _SCALES and last is not None and counts:
            found[-1] = last._replace(value=_scaled(last.value, word), end=end)
        else:
            currency = ""
            found.append(Token(DAY if word in _CALENDAR else word, word, "", start, end))
    return found


def _figure_spans(folded: str) -> Iterator[tuple[int, int]]:
    """Word spans, with ``1``, ``.`` and ``5`` as one."""
    spans = iter(word_spans(folded))
    start, end = next(spans, (0, 0))
    for following, until in spans:
        if (
            following == end + 1
            and folded[end] in ".,:'’"
            and folded[end - 1].isdigit()
            and folded[following].isdigit()
        ):
            end = until
            continue
        yield start, end
        start, end = following, until
    if end:
        yield start, end


def compare(left: Sequence[Token], right: Sequence[Token]) -> Agreement:
    """Count the figures that agree and differ where the two texts run in parallel."""
    agree = differ = days = 0
    changed: dict[tuple[str, str], None] = {}
    for i, j in align(left, right):
        first, second = left[i], right[j]
        if first.mask == DAY:
            days += first.value != second.value
        elif first.mask == FIGURE:
            if first.value == second.value:
                agree += 1
            elif _converted(left, i, right, j):
                continue  # a converted amount says the same
            else:
                differ += 1
                changed[first.value, second.value] = None
    return Agreement(agree, differ, days, tuple(changed)[:5], len(changed))


def _converted(left: Sequence[Token], i: int, right: Sequence[Token], j: int) -> bool:
    """Whether two figures are given in two currencies, or two units of one quantity."""
    currencies = left[i].currency, right[j].currency
    if all(currencies):
        return currencies[0] != currencies[1]
    one, other = _unit(left, i), _unit(right, j)
    return one is not None and other is not None and one[0] == other[0] and one != other


def _unit(tokens: Sequence[Token], position: int) -> tuple[str, str] | None:
    """What a figure measures and in which unit, by the word that follows."""
    if tokens[position].currency == "gbp":
        return _UNITS["pounds"]  # so much money, or so much weight
    following = tokens[position + 1 : position + 2]
    return _UNITS.get(following[0].value) if following else None


def align(left: Sequence[Token], right: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Pairs of positions at which both texts have the same masked word, in order."""
    reached_left = reached_right = -1
    for i, j in _anchors([t.mask for t in left], [t.mask for t in right]):
        if i <= reached_left or j <= reached_right:
            continue
        # Back from the anchor, then on from it, while the masked words are the same.
        back = 0
        while (
            i - back - 1 > reached_left
            and j - back - 1 > reached_right
            and left[i - back - 1].mask == right[j - back - 1].mask
        ):
            back += 1
        ahead = 0
        while (
            i + ahead < len(left)
            and j + ahead < len(right)
            and left[i + ahead].mask == right[j + ahead].mask
        ):
            ahead += 1
        for step in range(-back, ahead):
            yield i + step, j + step
        reached_left, reached_right = i + ahead - 1, j + ahead - 1


def _anchors(left: list[str], right: list[str], size: int = 3) -> list[tuple[int, int]]:
    """Runs of ``size`` words that occur once in each text, in increasing order in both."""
    once_left, once_right = _once(left, size), _once(right, size)
    shared = sorted((i, once_right[run]) for run, i in once_left.items() if run in once_right)
    # Longest increasing subsequence of the right positions.
    tails: list[int] = []
    tail_at: list[int] = []
    before: list[int] = []
    for position, (_, j) in enumerate(shared):
        slot = bisect_left(tails, j)
        before.append(tail_at[slot - 1] if slot else -1)
        if slot == len(tails):
            tails.append(j)
            tail_at.append(position)
        else:
            tails[slot] = j
            tail_at[slot] = position
    chain: list[tuple[int, int]] = []
    position = tail_at[-1] if tail_at else -1
    while position >= 0:
        chain.append(shared[position])
        position = before[position]
    return chain[::-1]


def _once(masks: list[str], size: int) -> dict[tuple[str, ...], int]:
    at: dict[tuple[str, ...], int] = {}
    for position, run in enumerate(zip(*(masks[step:] for step in range(size)), strict=False)):
        at[run] = -1 if run in at else position
    return {run: position for run, position in at.items() if position >= 0}


def _normalise(figure: str) -> str:
    if _GROUPED.match(figure):
        return re.sub(r"\D", "", figure).lstrip("0") or "0"
    plain = figure.replace(",", ".").replace("'", "").replace("’", "")
    return plain.lstrip("0") or "0"


def _scaled(value: str, scale: str) -> str:
    if scale not in _SCALES:
        return value + scale
    try:
        return f"{float(value) * _SCALES[scale]:.10g}"
    except ValueError:  # two decimal points: a version or a date
        return value + scale
