"""Paragraphs of the site and paragraphs of the story."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.furniture import (
    _GROUPS,
    _HINTS,
    _UNSETTLED,
    is_furniture,
    is_settled,
    without_furniture,
)
from dedupe.text import fold


@pytest.mark.parametrize(
    "paragraph",
    [
        "We use cookies to personalise content and to analyse our traffic.",
        "Sign up for our newsletter and follow us on Facebook.",
        "© 2026 Example Press. All rights reserved.",
        "Abonnieren Sie unseren Newsletter. Hinweise finden Sie in der Datenschutzerklärung.",
        "저작권자 ⓒ 예시신문, 무단전재 및 재배포금지",
        "This page is for informational purposes only and is not investment advice.",
    ],
)
def test_paragraph_of_the_site_is_furniture(paragraph: str) -> None:
    """Consent, subscription, copyright and disclaimers, in several languages."""
    assert is_furniture(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    [
        "The regulator fined the retailer for setting cookies without asking.",
        "The carmaker ended its battery subscription after two years of poor sales.",
        "Its newsletter had warned investors of falling cell prices since autumn.",
        "Norrvolt said it had applied for copyright in the name of its cell format.",
        "",
    ],
)
def test_paragraph_that_mentions_such_things_is_not(paragraph: str) -> None:
    """One stock phrase in reported speech is part of the story."""
    assert not is_furniture(paragraph)


@pytest.mark.parametrize("group", _GROUPS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_group_matches_nothing_without_one_of_its_words(
    group: tuple[tuple[str, ...], tuple[str, ...]], data: st.DataObject
) -> None:
    """Only of groups of which a word is there the patterns are asked."""
    words, patterns = group
    for pattern in patterns:
        found = re.search(pattern, data.draw(st.from_regex(pattern)))
        assert found is not None
        assert any(word in found[0] for word in words)


def test_text_of_nothing_but_furniture_is_left_as_it_is() -> None:
    """What would leave nothing is not cut."""
    text = "Sign up for our newsletter and follow us on Facebook.\n"
    assert without_furniture(text) == text


@given(st.lists(st.sampled_from(["Cells got cheaper.", "", "We use cookies. Accept all.", "x"])))
@settings(max_examples=100, deadline=None)
def test_only_whole_lines_are_left_out(lines: list[str]) -> None:
    """What stays are lines of the text, in their order."""
    kept = iter(without_furniture("\n".join(lines)).split("\n"))
    remaining = iter(lines or [""])
    assert all(any(line == other for other in remaining) for line in kept)


def test_what_needs_no_folding_has_its_hints_without_it() -> None:
    """Every character that passes is none of a hint's, or stands for itself, and joins with none.

    Else furniture would be missed in texts that hold it, and only there.
    """
    hints = set("".join(_HINTS))
    told = [chr(point) for point in range(0x80, 0x30000) if not 0xD800 <= point < 0xE000]
    plain = _UNSETTLED.sub("", "".join(told))
    assert is_settled(plain)
    assert len(plain) > 30_000
    assert not [one for one in plain if fold(one) != one and hints & {one, *fold(one)}]
    pairs = [unicodedata.decomposition(character).split() for character in told]
    joining = {chr(int(parts[1], 16)) for parts in pairs if len(parts) == 2 and "<" not in parts[0]}
    joining.update(map(chr, range(0x1160, 0x1200)))
    assert joining.isdisjoint(plain)


@pytest.mark.parametrize(
    "paragraph",
    [
        "COOKIES größer als Kekse. ＡＣＣＥＰＴ ALL.", "Couleur. Tous DROITS RÉSERVÉS © 2026",
        "Tous droits re\u0301serve\u0301s © Éditions", "저작권자 ⓒ 예시신문, 무단전재",
        "Größe: © 2026 ﬀ Alle Rechte vorbehalten.",
    ],
)  # fmt: skip
def test_furniture_is_found_however_it_is_written(paragraph: str) -> None:
    """In capitals, in wide letters, with accents apart, beside letters that fold to two."""
    story = "Zellen wurden günstiger – sagt „Norrvolt“."
    assert without_furniture(f"{story}\n{paragraph}\n") == f"{story}\n"
