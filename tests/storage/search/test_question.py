"""What a person types: every text is read, and means what people expect of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.question import Unit, understand


def said(text: str) -> str:
    """The question in short: units with a space between clauses, / between alternatives."""

    def one(unit: Unit) -> str:
        mark = {"word": "", "phrase": "~", "prefix": "*"}[unit.kind]
        field = "title:" if unit.title else ""
        return f"{field}{mark}{'_'.join(unit.words)}" + ("!" if unit.exact else "")

    question = understand(text)
    clauses = ["/".join(map(one, clause)) for clause in question.clauses]
    return " ".join(clauses + [f"-{one(unit)}" for unit in question.without])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CATL battery", "catl battery"),
        ("solid-state CATL", "~solid_state catl"),
        ('"solid state" "CATL"', "~solid_state! catl!"),
        ("“solid state” «BYD»", "~solid_state! byd!"),
        ("batter*", "*batter"),
        ("solid-stat*", "solid *stat"),
        ("a*", "a"),
        ("CATL -Tesla", "catl -tesla"),
        ('CATL NOT Tesla -"model y"', 'catl -tesla -~model_y!'),
        ("CATL AND BYD", "catl byd"),
        ("CATL OR BYD recall", "catl/byd recall"),
        ("CATL | BYD", "catl/byd"),
        ("CATL OR", "catl"),
        ("OR CATL", "catl"),
        ("title:recall BYD", "title:recall byd"),
        ('title:"all solid" BYD', "title:~all_solid! byd"),
        ("title: recall BYD", "title:recall byd"),
        ("(CATL OR BYD) recall", "catl/byd recall"),
        ("https://a.example/x", "~https_a_example_x"),
        ("l'usine qu’elle CATL's", "usine elle catl"),
        ("电池", "电池"),
        ("锂", "*锂"),
        ("固态电池 CATL", "~固态_态电_电池 catl"),
        ("5C超充", "~5c_超充"),
        ("배터리", "~배터_터리"),
        ('"', ""), ("-", ""), ("* ?", ""), ("", ""), ("\x00\x1b[31m", "31m"),
        ('solid "state', "solid state"),
        ("- CATL", "catl"),
    ],
)  # fmt: skip
def test_a_question_means(text: str, meant: str) -> None:
    """Phrases, prefixes, exclusions, alternatives and fields, and what is none of these."""
    assert said(text) == meant


@given(st.text(max_size=200) | st.lists(
    st.sampled_from(['"', "-", "OR", "NOT", "title:", "*", "(", "a", "电", " "]), max_size=40
).map("".join))  # fmt: skip
def test_every_text_is_a_question(text: str) -> None:
    """None is an error; phrases have several words, everything else one."""
    question = understand(text)
    for unit in (*question.without, *(unit for clause in question.clauses for unit in clause)):
        assert all(unit.words)
        assert (len(unit.words) > 1) == (unit.kind == "phrase")


def test_a_text_of_ten_thousand_characters_is_read() -> None:
    """In a moment, whatever is in it."""
    for text in ('"' * 10_000, "-" * 10_000, "a" * 10_000, "title:" * 1700, "(" * 10_000):
        understand(text)
