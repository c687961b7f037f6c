"""Which agency or wire a text is signed with."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.origin import _HEADS, is_origin, origin_of

_REST = " the maker of battery cells said on Tuesday that it would build a plant.\nIt gave no date."


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        ("BERLIN, May 6 (Reuters) -", "Reuters"),
        ("(Reuters) –", "Reuters"),
        ("SEOUL, South Korea (AP) —", "AP"),
        ("PARIS (AFP) -", "AFP"),
        ("Berlin (dpa) -", "dpa"),
        ("Hamburg (dpa-infocom) -", "dpa"),
        ("FRANKFURT (dpa-AFX) -", "dpa-AFX"),
        ("BEIJING, May 6 (Xinhua) --", "Xinhua"),
        ("SEOUL, May 6 (Yonhap) --", "Yonhap"),
        ("HELSINKI, May 6, 2026 /PRNewswire/ --", "PR Newswire"),
        ("BOSTON--(BUSINESS WIRE)--", "Business Wire"),
        ("OSLO, Norway, May 06, 2026 (GLOBE NEWSWIRE) --", "GlobeNewswire"),
        ("(Bloomberg) --", "Bloomberg"),
        ("Madrid, 6 may (EFE).-", "EFE"),
        ("(ANSA) - ROMA, 06 MAG -", "ANSA"),
        ("МОСКВА, 6 мая /ТАСС/.", "TASS"),
        ("New Delhi, May 6 (PTI)", "PTI"),
        ("新华社北京5月6日电", "Xinhua"),
        ("［東京　６日　ロイター］ -", "Reuters"),
        ("【ソウル聯合ニュース】", "Yonhap"),
    ],
)
def test_dateline_names_the_origin(opening: str, expected: str) -> None:
    """The first words of a text are where an agency signs."""
    assert origin_of(f"{opening}{_REST}") == expected


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Reuters", "Reuters"),
        ("By Joyce Lee | Reuters", "Reuters"),
        ("Hyunjoo Jin, Reuters", "Reuters"),
        ("Agence France-Presse", "AFP"),
        ("The Associated Press", "AP"),
        ("dpa-infocom", "dpa"),
        ("Jane Doe (AFP)", "AFP"),
        ("Bloomberg News", "Bloomberg"),
        ("Jane Doe", ""),
        ("Ap Smith", ""),
        ("", ""),
    ],
)
def test_author_line_names_the_origin(author: str, expected: str) -> None:
    """An agency as the author, or behind its reporter's name."""
    assert origin_of(_REST, author) == expected


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("\nSource: Business Wire", "Business Wire"),
        (" Source: Reuters", "Reuters"),
        ("\nQuelle: dpa", "dpa"),
        ("\n来源：新华社", "Xinhua"),
        ("（ロイター）", "Reuters"),
        ("\n(AFP)", "AFP"),
        ("\nReuters", "Reuters"),
        ("\nSOURCE PR Newswire", ""),
    ],
)
def test_last_line_names_the_origin(ending: str, expected: str) -> None:
    """A signature below the text, on its own or after the word for source."""
    assert origin_of(_REST + ending) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Norrvolt will build a plant, a person with knowledge of it told Reuters on Tuesday.",
        "Reuters reported on Tuesday that Norrvolt would build a plant.",
        "According to Bloomberg, the maker of cells will build a plant. It gave no date.",
        "The news agency AFP is to cut 40 jobs - its director said so on Tuesday.",
        "Thomson Reuters said it would buy a maker of software for lawyers.",
        "An AP photographer was hurt in Busan. (The photographs show the warehouse.)",
        "The plant will open in 2029. As the source Reuters spoke to said: nobody knows.",
        "Ap, ani and lusa are words of other languages, and so is ansa.",
        "",
    ],
)
def test_name_inside_a_sentence_is_no_origin(text: str) -> None:
    """Who is quoted or written about did not write it."""
    assert origin_of(text) == ""


def test_dateline_below_a_byline_is_found() -> None:
    """A site's own line above the agency's does not hide it."""
    assert origin_of(f"By our staff\nLONDON (Reuters) -{_REST}") == "Reuters"


def test_publisher_is_compared_with_the_origin_by_any_of_its_names() -> None:
    """The agency's own site prints the first-hand copy."""
    assert is_origin("Reuters", "Reuters")
    assert is_origin("Thomson Reuters", "Reuters")
    assert is_origin("businesswire.com", "Business Wire")
    assert not is_origin("Daily Post", "Reuters")
    assert not is_origin("Reuters", "")
    assert not is_origin("Reuters", "AP")


@given(st.text(max_size=400), st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_has_an_origin_or_none(text: str, author: str) -> None:
    """No text raises."""
    assert isinstance(origin_of(text, author), str)


@pytest.mark.parametrize(
    "text", ["(" * 5_000, "a " * 5_000, "- " * 5_000, "/" * 5_000, "\n" * 9_000]
)
def test_hostile_texts_are_read_in_a_moment(text: str) -> None:
    """Only the ends of a text are looked at."""
    assert origin_of(text, text[:400]) == ""


@pytest.mark.parametrize(("signs", "pattern"), _HEADS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_dateline_holds_one_of_its_signs(
    signs: str, pattern: re.Pattern[str], data: st.DataObject
) -> None:
    """A line without any is not held against the pattern."""
    found = pattern.match(data.draw(st.from_regex(pattern)))
    assert found is None or any(sign in found[0] for sign in signs)
