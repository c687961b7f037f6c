"""The gazetteer: the bundled one is sound and large, and a wrong file is told with its line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ingest import gazetteer
from ingest.gazetteer import GazetteerError, bundled, load_gazetteer


def mine(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_bundled_gazetteer_is_large() -> None:
    """At least 250 companies, most with a ticker or in several scripts, and every other kind."""
    counted = gazetteer.counted(bundled())
    assert counted["company"] >= 600
    assert all(count >= 25 for count in counted.values())
    companies = [one for one in bundled().entries if one.kind == "company"]
    assert sum(bool(one.ticker) for one in companies) >= 300
    assert sum(any(not form.isascii() for form in one.forms) for one in companies) >= 200


def test_each_ticker_belongs_to_one_company() -> None:
    """Brands carry their owner's, which then stands for the owner in a text."""
    tickers = Counter(symbol for one in bundled().entries if not one.brand for symbol in one.ticker)
    assert [symbol for symbol, times in tickers.items() if times > 1] == []


def test_sure_forms_belong_to_one_entry() -> None:
    """What is written the same and may be two things is strict in both."""
    owners: dict[str, set[str]] = {}
    for one in bundled().entries:
        for form in one.forms:
            owners.setdefault(form.lstrip("=").rstrip("*").lower(), set()).add(one.name)
    assert {form: names for form, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[company]\n"Foo" = { alias = ["F"] }', "line 2: company 'Foo': no key 'alias'"),
        ('[company]\n\n"Foo" = { form = ["Fo"] }', "line 3: company 'Foo': no key 'form' (did"),
        ("[firma]\nFoo = {}", "line 1: [firma]: no such kind"),
        ('[company]\n"Foo" = { forms = "Fo" }', "forms has to be a list of strings"),
        ('[company]\n"Foo" = { forms = ["F"] }', "too short to be told from letters"),
        ('[company]\n"Foo" = { forms = [" Fo"] }', "is empty or has spaces around it"),
        ('[company]\n"Foo" = { ticker = "TSLA" }', "is not EXCHANGE:SYMBOL"),
        ('[company]\n"Foo" = { surname = "yes" }', "surname has to be true or false"),
        ('[company]\n"Foo" = { strict = ["=Foo"] }', "strict names need words in near"),
        ('[company]\n"Foo" = 7', "has to be a table"),
        ('[company]\n"Foo" = { drop = true }', "is not there, so it cannot be dropped"),
        ('[company]\n"CATL" = { without = ["CATL"] }\n"A|B" = {}', "a name has letters, and no |"),
        (
            '[company]\n"Foo" = {}\n"Bar" = { forms = ["Foo"] }',
            "company 'Bar': 'Foo' is already",
        ),
        ('[company]\n"Foo" = {}\n"Foo" = {}', "line 3: 'Foo' stands twice"),
        ('[company]\n"Foo = {}', "line 2: "),
        ("[field]\nverbs = []", "[field]: no key 'verbs'"),
        ('[company]\n"Foo" = { what = 3 }', "what has to be a string"),
    ],
)
def test_a_wrong_file_is_told_with_its_entry(tmp_path: Path, text: str, told: str) -> None:
    """The file, the line where it can be found, and what is wrong, on one line."""
    file = mine(tmp_path, text)
    with pytest.raises(GazetteerError) as raised:
        load_gazetteer(file)
    assert told in str(raised.value)
    assert str(raised.value).startswith(str(file))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """Missing, a folder, other bytes, too large: one line each."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(GazetteerError):
            load_gazetteer(path)


def test_an_own_file_adds_changes_and_drops(tmp_path: Path) -> None:
    """Lists grow, single values are replaced, a form named for another entry goes to it."""
    file = mine(
        tmp_path,
        '[company]\nCATL = { forms = ["Ningde Times"], without = ["宁王"], ticker = "HKEX:3750" }\n'
        '"Panasonic Energy" = { ticker = "TYO:6752" }\nTesla = { drop = true }\n'
        'Northvolt = { careful = ["Northvolt"] }\n',
    )
    entries = {one.name: one for one in load_gazetteer(file).entries}
    assert "Tesla" not in entries
    assert "Ningde Times" in entries["CATL"].forms
    assert "宁德时代" in entries["CATL"].forms
    assert "宁王" not in entries["CATL"].forms
    assert entries["CATL"].symbol == "HKEX:3750"
    assert "Panasonic Energy" not in entries["Panasonic"].forms
    assert entries["Northvolt"].forms == ()
    assert entries["Northvolt"].careful == ("Northvolt",)


def test_the_digest_changes_with_either_file(tmp_path: Path) -> None:
    """Stored articles are looked at again when the gazetteer changes, and not otherwise."""
    alone = gazetteer.digest()
    first = gazetteer.digest(mine(tmp_path, '[company]\n"Foo" = {}'))
    assert first == gazetteer.digest(mine(tmp_path, '[company]\n"Foo" = {}'))
    assert len({alone, first, gazetteer.digest(mine(tmp_path, '[company]\n"Bar" = {}'))}) == 3
