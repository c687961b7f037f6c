"""Numbers in every style of writing, read back; hostile texts, read without harm."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from ingest.figures import figures
from ingest.quantities.numbers import NUMBER, read_number

# CLDR's way to write numbers in the languages of the feeds (Spain and Mexico apart).
LOCALES = ("en", "de", "fr", "it", "nl", "sv", "pl", "pt", "ru", "zh", "ja", "ko", "de_CH", "hi")
UNITS = {
    "kWh": ("energy", 1), "MWh": ("energy", 1e3), "GWh": ("energy", 1e6), "TWh": ("energy", 1e9),
    "kW": ("power", 1), "MW": ("power", 1e3), "GW": ("power", 1e6),
    "gigawatt-hours": ("energy", 1e6),
    "Gigawattstunden": ("energy", 1e6), "mégawatts": ("power", 1e3), "吉瓦时": ("energy", 1e6),
    "兆瓦": ("power", 1e3), "ГВт·ч": ("energy", 1e6), "Wh/kg": ("energy_density", 1),
}  # fmt: skip
MONEY = {
    "€": "EUR", "£": "GBP", "US$": "USD", "C$": "CAD", "A$": "AUD", "₹": "INR", "₩": "KRW",
    "EUR ": "EUR", "CHF ": "CHF", "RMB ": "CNY",
}  # fmt: skip
POWERS = {
    "million": 10**6, "mn": 10**6, "bn": 10**9, "billion": 10**9, "trillion": 10**12,
    "crore": 10**7,
}  # fmt: skip

numbers = st.decimals(
    min_value=Decimal("0.1"), max_value=Decimal("9999999"), places=2, allow_nan=False
)


@given(number=numbers, unit=st.sampled_from(sorted(UNITS)), locale=st.sampled_from(LOCALES))
def test_a_number_of_any_style_and_unit_reads_back(number: Decimal, unit: str, locale: str) -> None:
    """What CLDR writes in a language is read as the same value, in the base unit."""
    written = format_decimal(number, format="#,##0.00", locale=locale)
    text = f"{written} {unit}"
    (one,) = figures("", text, language=locale[:2])
    quantity, factor = UNITS[unit]
    assert one.quantity == quantity
    assert one.value == pytest.approx(float(number) * factor)
    assert one.written == text


@given(
    number=st.integers(min_value=1, max_value=99_999_999),
    unit=st.sampled_from(sorted(UNITS)),
    locale=st.sampled_from(LOCALES),
)
def test_a_whole_number_reads_back(number: int, unit: str, locale: str) -> None:
    """Groups of three digits are never taken for decimals in the language that writes them so."""
    text = f"{format_decimal(number, locale=locale)} {unit}"
    found = figures("", text, language=locale[:2])
    # Left out rather than misread: 1,250 in English may be 1.25 written by a German hand, and back.
    assert all(one.value == pytest.approx(number * UNITS[unit][1]) for one in found)
    assert found


@given(
    number=st.decimals(min_value=Decimal("0.1"), max_value=Decimal("999"), places=1),
    sign=st.sampled_from(sorted(MONEY)),
    power=st.sampled_from(sorted(POWERS)),
)
def test_money_with_a_power_of_ten_reads_back(number: Decimal, sign: str, power: str) -> None:
    """Sign before, number, word behind: value in whole units and the code of ISO 4217."""
    (one,) = figures("", f"It paid {sign}{number} {power} for it.", language="en")
    assert (one.quantity, one.unit) == ("money", MONEY[sign])
    assert one.value == pytest.approx(float(number * POWERS[power]))


@given(low=st.integers(1, 500), more=st.integers(1, 500), joint=st.sampled_from("-–—~～至到"))
def test_a_range_keeps_both_numbers(low: int, more: int, joint: str) -> None:
    """Both ends of a range are read, in order."""
    (one,) = figures("", f"about {low}{joint}{low + more} GWh", language="en")
    assert (one.value, one.value_high) == (low * 1e6, (low + more) * 1e6)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("1 234,5", "1234.5"),
        ("1\u202f234\u202f567", "1234567"), ("1'234.5", "1234.5"), ("12,34,567", "1234567"),
        ("１２３", "123"), ("１２３．５", "123.5"), ("0,123", "0.123"), ("1234,567", "1234.567"),
        ("1.1.1.1", None), ("1,23,4", None), ("1.234.5", None), ("1,234,56", None), ("1,234", None),
    ],
)  # fmt: skip
def test_a_token_is_read_where_it_has_one_reading(written: str, value: str | None) -> None:
    """A number is read as it must be meant, and not at all where it could be two."""
    match = NUMBER.fullmatch(written)
    assert match is not None
    read = read_number(written, 24, lambda: "")
    assert read == (None if value is None else Decimal(value))


texts = st.text(
    alphabet=st.one_of(
        st.sampled_from("0123456789.,-–  \n$€¥%/()MGkWhm万亿年月to~+'"),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=300,
)


@given(title=texts, text=texts)
def test_any_text_is_read_and_every_place_is_its_own(title: str, text: str) -> None:
    """Nothing raises; each figure stands where it says, inside its sentence, in order."""
    found = figures(title, text)
    for one in found:
        whole = title if one.in_title else text
        assert whole[one.start : one.end] == one.written
        assert one.written in one.sentence
        assert one.value_high is None or one.value < one.value_high
    places = [(not one.in_title, one.start) for one in found]
    assert places == sorted(places)


HOSTILE = {
    "a hundred thousand digits": "1" * 100_000 + " GWh",
    "endless versions": "1.1" * 50_000 + " GWh",
    "endless groups": "1,000" * 40_000 + " GWh",
    "groups with spaces": "1 " + "000 " * 50_000 + "GWh",
    "apostrophes": "1" + "'000" * 50_000,
    "a sentence of figures": "5 GWh and " * 20_000,
    "ranges of ranges": "1-2-3-4-5-6-7-8-9-" * 4_000 + " GWh",
    "signs of money": "$€¥" * 60_000 + "5 million",
    "powers": "5 " + "million " * 25_000,
    "numbers in words": "two billion one " * 12_000 + "dollars",
    "signs of ten": "5" + "万亿" * 90_000 + "元",
    "years": "production start 2026 " * 5_000,
    "quarters": "Q3 of " * 30_000 + "2026 production",
    "words": "production " * 20_000 + "starts in 2026",
    "open brackets": "5 GWh (" * 25_000,
    "letters": "a" * 200_000 + "5 GWh",
    "stops": "." * 100_000 + "5 GWh" + "!" * 100_000,
    "miles": "200 miles and " * 3_000,
    "full-width digits": "９，９９９" * 40_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_end(text: str) -> None:
    """Endless digits, signs and years take a moment, not a minute, and fill no store."""
    began = time.process_time()
    found = figures("", text)
    # Linear ones take 0.3 s; what backtracks takes hours.
    assert time.process_time() - began < 10
    assert len(found) <= 400
    assert all(len(one.sentence) <= 1_300 for one in found)
