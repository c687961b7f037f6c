"""Text and addresses from the web become harmless, and stay readable."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.site import paths
from flows.site.model import Subject
from flows.site.policy import LEAD
from flows.site.wording import cut, language_tag, lead, paragraphs, plain, web_address


@given(st.text())
def test_no_character_that_acts_is_left(text: str) -> None:
    """Controls, turned directions, line separators and lone surrogates are gone, joiners stay."""
    said = plain(text)
    assert not {unicodedata.category(char) for char in said} & {"Cc", "Cs", "Co", "Zl", "Zp"}
    assert all(char in "\u200c\u200d" for char in said if unicodedata.category(char) == "Cf")
    assert said == said.strip()
    assert plain(said) == said


def test_a_turned_headline_reads_forward() -> None:
    """The mark that would write the rest of the line backwards is taken out."""
    assert plain("BYD \u202eexe.nalp\u2066 opens\x1b[31m\u00ad") == "BYD exe.nalp opens [31m"
    assert plain("می\u200cخواهم") == "می\u200cخواهم"
    assert plain(None) == ""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>1</script>",
        "vbscript:x", "file:///etc/passwd", "//evil.example/", "/news", "", "ftp://a.example/",
        "https://", "http:///x", "https://user:secret@a.example/", "https://a.example\\@b.example",
        "https://a.example/\u202egnp.x", "java\nscript:alert(1)", " \tjavascript:alert(1)",
        "https://a.example/ b", 'https://a.example/"onclick="x', "https://[::1", "http://a:99999/",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_web_address_is_not_linked(url: str) -> None:
    """Only http and https, with a host, without tricks."""
    assert web_address(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/news?id=1&x=%20#part", "HTTP://A.example", "http://[::1]:8080/x",
        "https://例え.example/記事",
    ],
)  # fmt: skip
def test_an_ordinary_address_stays_as_it_is(url: str) -> None:
    """Queries, fragments, ports and other scripts are nothing to fear."""
    assert web_address(url) == url


@given(st.text())
def test_whatever_is_linked_is_a_web_address(url: str) -> None:
    """Never raises; what comes back has one of two schemes and a host."""
    if kept := web_address(url):
        assert urlsplit(kept).scheme in ("http", "https")
        assert urlsplit(kept).hostname


def test_a_lead_is_two_or_three_sentences_of_the_text() -> None:
    """The headline said again and a byline before the text are passed over."""
    text = (
        "Plant opens in Brennick\nBy Ada Holm\n"
        "The plant of Dr. Lunt in Brennick opened on Monday after a year of delays and two fires. "
        "It makes 20 GWh of cells. Vans get most of them, the U.S. Army gets the rest of them. "
        "A fourth sentence says no more."
    )
    assert lead(text, "Plant opens in Brennick!") == (
        "The plant of Dr. Lunt in Brennick opened on Monday after a year of delays and two fires. "
        "It makes 20 GWh of cells. Vans get most of them, the U.S. Army gets the rest of them."
    )


def test_a_lead_of_chinese_has_whole_sentences_without_spaces() -> None:
    """Wide letters count twice, so that a lead looks as long as any other."""
    text = "钠电池在北漠岭的通信基站撑过了第一个冬天，厂家说容量没有下降。" * 12
    said = lead(text)
    assert said.endswith("。")
    assert " " not in said
    assert 60 <= len(said) <= LEAD.longest // 2


@given(st.text(), st.text())
def test_a_lead_is_never_longer_than_a_quotation(text: str, title: str) -> None:
    """Whatever the text is made of."""
    assert len(lead(text, title)) <= LEAD.longest


def test_a_long_sentence_is_cut_between_words() -> None:
    """With an ellipsis that says so."""
    said = cut("word " * 50, 22)
    assert said == "word word word word…"
    assert cut("short", 22) == "short"


def test_a_text_of_labels_alone_still_has_a_lead() -> None:
    """A list of short lines is better than nothing."""
    assert lead("Lithium 12\nNickel 14", "Prices") == "Lithium 12 Nickel 14"
    assert lead("", "Prices") == ""


def test_paragraphs_stay_apart() -> None:
    """For whole texts."""
    assert paragraphs("one\n\n two \x07\r\n") == ["one", "two"]


@pytest.mark.parametrize(
    ("language", "tag"), [("zh-Hant", "zh-Hant"), ("en", "en"), ('en" onload="x', ""), (None, "")]
)
def test_only_a_language_is_named_as_one(language: str | None, tag: str) -> None:
    """It stands in an attribute."""
    assert language_tag(language) == tag


@given(st.text(min_size=1))
def test_a_file_name_is_plain_and_holds_no_way_out(name: str) -> None:
    """Names of companies and topics become paths on any system and in any address."""
    path = paths.subject_page(Subject("company", name))
    folder, _, file = path.partition("/")
    assert folder == "company"
    assert set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert file.removesuffix(".html").strip("-.")
    assert len(file) < 80


def test_two_names_that_fold_alike_have_two_pages() -> None:
    """What is lost in folding is told by a hash; ordinary names stay readable."""
    names = ["宁德时代", "比亚迪", "C&A", "C A", "Å", "A"]
    assert len({paths.slug(name) for name in names}) == len(names)
    assert paths.slug("LG Energy Solution") == "lg-energy-solution"
