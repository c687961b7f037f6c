"""Units of energy, power, distance and time behind a number, and what each makes of it.

The factors are powers of ten and one mile; a library of units would bring its own ideas of what
``m``, ``t`` or ``h`` mean and knows no unit outside English, so the table is written here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ingest.quantities.words import GAP, NO_LETTER, NO_WORD, any_of, named, without_case

Dimension = Literal["energy", "power", "distance", "minutes", "density_mass", "density_volume"]

_PREFIXES = {
    "k": ("1", "kilo|quilo|chilo|кило|キロ|킬로|千"),
    "M": ("1e3", "mega|méga|мега|メガ|메가|兆"),
    "G": ("1e6", "giga|гига|ギガ|기가|吉"),
    "T": ("1e9", "tera|téra|тера|テラ|테라|太"),
}
# Lower-case mw is a milliwatt as often as a megawatt; every other spelling is meant well.
_SIGNS = {"k": "[kK]", "M": "M", "G": "[Gg]", "T": "T"}
_CYRILLIC = {"k": "к", "M": "М", "G": "Г", "T": "Т"}
_HOUR = (
    r"(?:[ -‑]?(?:hours?|stunden?|heures?|horas?|ora|ore|uur|uren|timm(?:e|ar)|timer?|"
    r"godzin\w?|часов|часа?|hodin\w?)|時間?|时|時|시간?)"
)
_WATT = r"(?:watts?|vatios?|watów|ватт?(?:а|ов)?|ワット|와트|瓦)"


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit found behind a number."""

    dimension: Dimension
    factor: Decimal
    """Times this it is in kWh, kW, km, min, Wh/kg or Wh/l."""
    end: int


def _watts() -> dict[str, str]:
    """Patterns of watts and watt-hours, named by prefix and by whether hours follow."""
    kinds = {}
    for prefix, (_, words) in _PREFIXES.items():
        word = rf"(?i:(?:{words})[-‑]?{_WATT}"
        kinds[f"{prefix}h"] = (
            rf"[{prefix.lower()}{prefix.upper()}][Ww][.·⋅•∙ -]?[hH](?:rs?)?{NO_LETTER}"
            rf"|{_CYRILLIC[prefix]}Вт[.·⋅•∙*-]?ч{NO_LETTER}|{word}{_HOUR})"
        )
        kinds[prefix] = (
            rf"{_SIGNS[prefix]}[Ww](?:p|ac|dc|AC|DC|el)?{NO_LETTER}"
            rf"|{_CYRILLIC[prefix]}Вт{NO_LETTER}|{word}){NO_LETTER}"
        )
    return kinds


_UNIT = re.compile(
    f"{GAP}(?:"
    + named(
        _watts()
        | {
            "wh": rf"Wh{NO_LETTER}|(?i:watt[- ]?hours?|wattstunden|瓦时|瓦時){NO_LETTER}",
            "w": rf"(?<=\d)W{NO_LETTER}|(?i:watts?){NO_LETTER}",
            "km": rf"kms?{NO_WORD}|㎞|км{NO_LETTER}|公里|キロメートル|킬로미터"
            r"|(?i:kilomet(?:er|re)[ns]?|kilomètres?|kilómetros?|quil[óô]metros?|chilometri"
            rf"|kilometrów|километр(?:а|ов)?){NO_LETTER}",
            "mi": rf"(?i:miles?|mi){NO_WORD}|英里",
            "min": rf"(?i:minut(?:es?|en?|os?|i|er|ov|y)|mins?|минут[аы]?){NO_LETTER}"
            r"|分钟|分鐘|分間|분(?=[ ,.만이의에내]|$)",
        }
    )
    + ")"
)
_MILE = Decimal("1.609344")
_FACTORS: dict[str, tuple[Dimension, Decimal]] = {
    **{f"{prefix}h": ("energy", Decimal(factor)) for prefix, (factor, _) in _PREFIXES.items()},
    **{prefix: ("power", Decimal(factor)) for prefix, (factor, _) in _PREFIXES.items()},
    "wh": ("energy", Decimal("0.001")),
    "w": ("power", Decimal("0.001")),
    "km": ("distance", Decimal(1)),
    "mi": ("distance", _MILE),
    "min": ("minutes", Decimal(1)),
}
# A unit named twice, as in "2.6 gigawatt (GW)".
_TWICE = without_case(
    r" ?[(（](?:[kMGT]Wh?|(?:kilo|m[eé]ga|giga|t[eé]ra)-?(?:watt|vat)[^()\d]{0,14})[)）]"
)
_PER = r" ?(?:/|per |pro |par |por )"
_PER_KILO = without_case(rf"{_PER}(?:kg|kilo(?:gram(?:m|me)?|gramo)?){NO_WORD}")
_PER_LITRE = without_case(rf"{_PER}(?:l|lit(?:er|re)|litro){NO_WORD}")
_PER_YEAR = without_case(any_of("rates.per_year"))
_PER_OTHER = without_case(any_of("rates.per_other"))
_YEARLY_BEFORE = without_case(rf"(?:{any_of('rates.yearly_before')})[^.;:。；\d]{{0,48}}\Z")


def unit_at(text: str, position: int) -> Measure | None:
    """The unit of measure at ``position``; None where none stands, or one that is not ours."""
    match = _UNIT.match(text, position)
    if match is None or match.lastgroup is None:
        return None
    dimension, factor = _FACTORS[match.lastgroup]
    end = match.end()
    if dimension == "energy":
        weight, volume = _PER_KILO.match(text, end), _PER_LITRE.match(text, end)
        if weight is not None:
            return Measure("density_mass", factor * 1000, weight.end())
        if volume is not None:
            return Measure("density_volume", factor * 1000, volume.end())
    if dimension in ("energy", "power"):
        twice = _TWICE.match(text, end)
        end = twice.end() if twice else end
    return Measure(dimension, factor, end)


def yearly(text: str, start: int, end: int, since: int) -> int:
    """Where a rate per year behind ``end`` ends; ``end`` when one stands before; else -1.

    ``since`` is where the sentence begins.
    """
    after = _PER_YEAR.match(text, end)
    if after is not None:
        return after.end()
    return end if _YEARLY_BEFORE.search(text, max(since, start - 72), start) else -1


def other_rate(text: str, end: int) -> bool:
    """Whether what follows makes the measure a rate or a power of another kind."""
    return _PER_OTHER.match(text, end) is not None
