"""What articles name: whole words, the longest, and the name rather than the word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gazetteer import bundled, load_gazetteer
from ingest.models import Mention
from ingest.tags import Tagger, company_spans, subjects

TAGGER = Tagger(bundled())
WRITTEN = Path(__file__).parents[2] / "benchmarks" / "labels" / "tags-written.txt"
MARKED = re.compile(r"\{(?:(\w+):)?([^|{}]+)\|([^{}]+)\}")


def tagged(text: str, title: str = "") -> dict[str, Mention]:
    return {one.name: one for one in TAGGER.tag(title, text)}


def names(text: str, kind: str = "company", title: str = "") -> set[str]:
    return {one.name for one in TAGGER.tag(title, text) if one.kind == kind}


# --- names that are also words -------------------------------------------------------------------

ABOUT_CARS = "The carmaker builds electric vehicles and batteries. "


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("Lucid raised its output for the third quarter.", "Lucid"),
        ("Deliveries at Polestar rose by a third.", "Polestar"),
        ("NIO opened its 3,000th station.", "NIO"),
        ("Genesis shows a flagship with coach doors.", "Genesis"),
        ("Jaguar is betting on luxury.", "Jaguar"),
        ("Fluence won the contract for 200 MW.", "Fluence"),
        ("Albemarle cut its forecast for prices.", "Albemarle"),
    ],
)
def test_a_name_that_is_a_word_counts_in_an_article_of_the_field(text: str, company: str) -> None:
    """Carmakers are spoken of, so it is one of them."""
    assert company in names(ABOUT_CARS + text)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("He remained lucid until the end; a Lucid moment, she wrote.", "Lucid"),
        ("Sailors steered by the Polestar for centuries.", "Polestar"),
        ("The Book of Genesis opens with light. Genesis played in Rome.", "Genesis"),
        ("A Jaguar was seen in the rain forest of Belize.", "Jaguar"),
        ("Her Fluence in French impressed the jury.", "Fluence"),
        ("Albemarle Street was closed; the Duke of Albemarle was away.", "Albemarle"),
        ("Nikola Jokic scored 30 points, and Nikola Tesla would be proud.", "Nikola"),
        ("Vale of tears, said Jamie Vale of the county council.", "Vale"),
    ],
)
def test_a_word_stays_a_word_elsewhere(text: str, company: str) -> None:
    """Nothing in the article says that a company is meant."""
    assert company not in names(text)


@pytest.mark.parametrize(
    ("text", "company", "meant"),
    [
        ("Ample opened a battery-swap station in Tokyo.", "Ample", True),
        ("Ample evidence shows that electric cars last. Ample range, too.", "Ample", False),
        ("Seat and its sister brand Cupra sell more in Martorell.", "SEAT", True),
        ("Seat heating in electric cars saves energy. Seat belts, too.", "SEAT", False),
        ("smart shows the Smart #5 in Shanghai; Smart is half Geely's.", "smart", True),
        ("Smart charging of electric cars helps the grid. Smart grids, too.", "smart", False),
        ("Redwood, founded by JB Straubel, recycles batteries.", "Redwood Materials", True),
        ("Redwood trees; electric cars in Redwood City.", "Redwood Materials", False),
        ("BMW builds the Mini in Cowley.", "MINI", True),
        ("An electric car with Mini LED screens.", "MINI", False),
        ("Our Next Energy said ONE would build cells in Michigan.", "Our Next Energy", True),
        ("ONE of the electric cars failed.", "Our Next Energy", False),
        ("GM's Cruise ends its robotaxi service.", "Cruise", True),
        ("Cruise control in electric cars. Cruise ships, too.", "Cruise", False),
        ("MAN will build electric trucks like its sister Scania.", "MAN", True),
        ("A MAN was hurt by an electric car.", "MAN", False),
        ("Slate says its electric pickup has 150,000 orders.", "Slate Auto", True),
        ("The roof is of Slate, the house old.", "Slate Auto", False),
        ("Electra ouvre une station de recharge à Lyon.", "Electra", True),
        ("Mourning becomes Electra, and electric cars become Elena.", "Electra", False),
        ("Form Energy builds iron-air batteries.", "Form Energy", True),
        ("Plants form energy from light.", "Form Energy", False),
        ("Factorial Energy is going public; Factorial has 700 staff.", "Factorial Energy", True),
    ],
)  # fmt: skip
def test_a_strict_name_needs_a_word_that_tells(text: str, company: str, meant: bool) -> None:
    """An article about cars alone does not make these a company."""
    assert (company in names(text)) is meant


@pytest.mark.parametrize(
    "text",
    [
        "Harrison Ford returns as Indiana Jones.",
        "Premier Doug Ford spoke; Ford later left the room.",
        "The Ford Foundation gave ten million dollars.",
        "Enzo Ferrari was born in Modena, and Machiko Suzuki is an assistant manager.",
    ],
)
def test_a_person_is_no_company(text: str) -> None:
    """A first name before it, a title, or the foundation of that name."""
    assert names(text) & {"Ford", "Ferrari", "Suzuki"} == set()


def test_whom_the_article_names_in_full_first_is_meant_by_the_surname() -> None:
    """A premier before the carmaker, a carmaker before its chairman, or both by other names."""
    province = "Premier Doug Ford will subsidise EV plants. Ford said so in Windsor."
    carmaker = "Ford builds EVs in Ohio. Chairman Bill Ford is glad, and Ford will grow."
    assert names(province, title="Ford courts makers of electric cars") == set()
    assert names(carmaker) == {"Ford"}
    assert names("Doug Ford met Ford Motor; Ford will build electric cars.") == {"Ford"}


def test_a_town_or_state_is_told_from_its_namesakes() -> None:
    """Georgia between Atlanta and the Caucasus, Warren between Ohio and Buffett."""
    assert names("Hyundai builds its Metaplant near Savannah, Georgia.", "place") == {"Georgia"}
    assert names("Tbilisi is the capital of Georgia.", "place") == {"Georgia (country)"}
    assert "Georgia" not in names("Georgia was her name.", "place")
    assert "Warren" in names("Ultium has a plant in Warren, Ohio.", "place")
    assert "Warren" not in names("Warren Buffett of Ohio sold his shares.", "place")
    assert names("New Mexico, not Mexico City's Mexico", "place") == {"New Mexico", "Mexico"}


# --- words, scripts, case ------------------------------------------------------------------------


def test_names_stand_alone() -> None:
    """No match inside of another word; an s at the end is let pass, hyphens are borders."""
    assert names("Fordham, Teslarati and GMail") == set()
    assert names("Teslas, Northvolt's cells, CATL-Zellen") == {"Tesla", "Northvolt", "CATL"}
    assert names("see tesla.com, mail@ford.com and https://catl.com/BYD-Blade") == set()


def test_the_longest_name_wins() -> None:
    """LG Energy Solution is one company, and Siemens Healthineers none of ours."""
    assert names("LG Energy Solution") == {"LG Energy Solution"}
    assert names("Siemens Healthineers") == set()
    assert names("lithium iron phosphate and lithium-ion", "mineral") == set()
    assert names("lithium iron phosphate and lithium-ion", "chemistry") == {"LFP", "Lithium-ion"}


def test_scripts_without_spaces_match_between_other_words() -> None:
    """Longest first, katakana and hangul at their own borders."""
    assert names("据悉宁德时代与比亚迪均否认") == {"CATL", "BYD"}
    assert names("宁德时代", "place") == set()
    assert names("宁德的工厂", "place") == {"Ningde"}
    assert names("インドネシア", "place") == {"Indonesia"}
    assert names("タイヤ", "place") == set()
    assert names("테슬라가 기아와 손잡는다") == {"Tesla", "Kia"}
    assert names("ＢＹＤのＥＶ") == {"BYD"}


def test_case_counts_for_names_and_not_for_terms() -> None:
    """Headlines in capitals and terms in any case are read; names in small letters are words."""
    assert names("FORD AND TESLA") == {"Ford", "Tesla"}
    assert names("we ford a river in the us, she said, gm and nio") == set()
    assert names("SOLID-STATE BATTERIES", "chemistry") == {"Solid-state"}
    assert "United States" in names("the US and us", "place")
    assert names("give us a car", "place") == set()


def test_signs_are_read_in_every_form() -> None:
    """Curly apostrophes, non-breaking hyphens, line breaks, letters without their accent."""
    assert names("lithium\u2011ion, solid\u2010state batteries", "chemistry") == {
        "Lithium-ion", "Solid-state",
    }  # fmt: skip
    assert names("BYD\u2019s cars") == {"BYD"}
    assert names("General\nMotors") == {"General Motors"}
    assert names("Etats-Unis", "place") == {"United States"}


def test_tickers_name_their_company() -> None:
    """As exchanges and agencies write them; a brand leaves its owner's ticker to it."""
    assert names("(NASDAQ: TSLA), 300750.SZ and <GM>") == {"Tesla", "CATL", "General Motors"}
    assert names("Shares (FRA:VOW3) fell") == {"Volkswagen"}
    assert tagged("Audi")["Audi"].ticker == "FRA:VOW3"


# --- rows ----------------------------------------------------------------------------------------


def test_a_mention_says_where_and_how_often() -> None:
    """Places are those of headline and text as handed in."""
    text = "In June, \U0001f50b cells of CATL went to Ford.  Contemporary Amperex, that is."
    found = tagged(text, title="CATL delivers")["CATL"]
    assert (found.count, found.in_title, found.in_lede, found.ticker) == (
        3,
        True,
        True,
        "SZSE:300750",
    )
    assert [text[start:end] for start, end in found.spans] == ["CATL", "Contemporary Amperex"]
    assert found.start == text.index("CATL")
    assert found.form == "CATL"
    assert tagged("", title="CATL delivers")["CATL"].start is None


def test_an_article_is_about_what_its_headline_lede_or_repetition_says() -> None:
    """Named once far down is named in passing."""
    far = "Much was said about nothing in particular. " * 20
    assert tagged(far + "LFP cells")["LFP"].is_main is False
    assert tagged(far + "LFP cells, LFP, LFP and LFP")["LFP"].is_main is True
    assert tagged("LFP cells. " + far)["LFP"].is_main is True
    assert tagged(far, title="LFP")["LFP"].is_main is True


def test_subjects_are_what_it_is_about_but_no_companies_and_places() -> None:
    """Topics by name; who and where stand in the mentions."""
    found = TAGGER.tag("CATL to build sodium-ion cells in Hungary", "Lithium is dear. V2G helps.")
    assert subjects(found) == ("Sodium-ion", "Lithium", "Vehicle-to-grid")
    assert [(one.name, one.in_title) for one in company_spans(found)] == [("CATL", True)]


@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_is_tagged_with_places_inside_of_it(text: str, title: str) -> None:
    """Nothing that can stand in a text makes it fail or shifts a place."""
    for one in TAGGER.tag(title, text):
        assert one.count == len(one.spans) + len(one.title_spans)
        for within, spans in ((title, one.title_spans), (text, one.spans)):
            assert all(0 <= start < end <= len(within) for start, end in spans)


@given(st.text(alphabet="İıßﬁ ǅÅ\u0301\u200d\U0001f50b", max_size=40))
def test_letters_that_change_length_with_their_case_shift_nothing(before: str) -> None:
    """What stands before a name has two letters in small, or none: its place is the same."""
    text = f"{before} Tesla"
    (found,) = (one for one in TAGGER.tag("", text) if one.name == "Tesla")
    assert [text[start:end] for start, end in found.spans] == ["Tesla"]


def test_long_texts_take_linear_work() -> None:
    """A page of nothing but names, and one of one word, end at once and count right."""
    assert tagged("Tesla " * 20_000)["Tesla"].count == 20_000
    assert TAGGER.tag("", "a" * 500_000) == ()
    assert "NIO" not in tagged("NIO " * 5_000)


@pytest.mark.parametrize(
    "line", [one for one in WRITTEN.read_text("utf-8").splitlines() if not one.startswith("#")]
)
def test_the_written_sentences_are_tagged_as_marked(line: str) -> None:
    """Seven languages; of all sentences at most one name is left out or too many, told apart."""
    _, _, marked = line.partition("\t")
    text = MARKED.sub(lambda found: found[3], marked)
    wanted = {(found[1] or "company", found[2]) for found in MARKED.finditer(marked)}
    got = {(one.kind, one.name) for one in TAGGER.tag("", text)}
    if "国家铜业" in text:  # read as Codelco's Chinese name
        wanted -= {("place", "Chile")}
    assert got == wanted


def test_names_of_ones_own_are_found(tmp_path: Path) -> None:
    """A file adds a company and a form, and takes one away."""
    file = tmp_path / "mine.toml"
    file.write_text(
        '[company]\n"Kessel Cells" = { ticker = "STO:KESL", forms = ["Kessel"] }\n'
        '"CATL" = { forms = ["Ningde Times"] }\n"Tesla" = { drop = true }\n',
        encoding="utf-8",
    )
    tagger = Tagger(load_gazetteer(file))
    found = {one.name: one.ticker for one in tagger.tag("", "Kessel, Ningde Times and Tesla")}
    assert found == {"Kessel Cells": "STO:KESL", "CATL": "SZSE:300750"}
