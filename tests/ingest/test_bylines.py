"""Who wrote it."""

from __future__ import annotations

import pytest

from ingest.bylines import split_names


def test_bylines_give_names_only():
    """Leading words, agencies' URLs and handles do not become people."""
    assert split_names("By Ann Lee and Bo Ek") == ["Ann Lee", "Bo Ek"]
    assert split_names("Von Jürgen Groß, Eva Maß") == ["Jürgen Groß", "Eva Maß"]
    assert split_names("https://facebook.example/ann") == []
    assert split_names("admin") == []


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Tobias Crane, 31/10/2026", ["Tobias Crane"]),
        ("By Tobias Crane 31/10/2026", ["Tobias Crane"]),
        ("By Ann Lee, Reuters, November 3rd, 2026 8:30 am EST", ["Ann Lee", "Reuters"]),
        ("By Ann Lee - updated on Tuesday, Nov. 3, 2026", ["Ann Lee"]),
        ("By Ann Lee, Nov 3", ["Ann Lee"]),
        ("3 November 2026 By Ann Lee", ["Ann Lee"]),
        ("Ann Lee, 5 min read", ["Ann Lee"]),
        ("Von Eva Maß, Montag, 3. November 2026, 10:30 Uhr", ["Eva Maß"]),
        ("Par Anne Roy, le 3 novembre 2026 à 10h30", ["Anne Roy"]),
        ("Por Ana Ruiz | 3 de noviembre de 2026", ["Ana Ruiz"]),
        ("Di Mario Rossi, 03/11/26", ["Mario Rossi"]),
        ("Av Åsa Ö, 3 november 2026", ["Åsa Ö"]),
        ("Przez Jan Kowalski, 3 listopada 2026", ["Jan Kowalski"]),
        ("张伟 2026年11月3日 10:30", ["张伟"]),
        ("홍길동 기자, 2026.11.03", ["홍길동"]),
        ("Av Åsa Ö och Bo Ek", ["Åsa Ö", "Bo Ek"]),
        ("2026-11-03T10:30:00Z", []),
        ("31", []),
        ("90!", []),
    ],
)
def test_dates_and_numbers_are_no_names(byline: str, names: list[str]) -> None:
    """In whatever language and form a date stands behind a name, only the name is left."""
    assert split_names(byline) == names


def test_a_name_may_hold_a_number_of_its_own() -> None:
    """A station's name stays whole where it stands first."""
    assert split_names("France 24") == ["France 24"]


def test_a_name_run_together_with_other_words_and_a_date_is_not_guessed() -> None:
    """No author is better than one called like his agency and its headline."""
    assert split_names("Ann Lee Volt News Wire Published 4:50 p.m. ET Nov. 3, 2026") == []
