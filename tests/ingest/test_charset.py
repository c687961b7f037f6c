"""Bytes in, right text out, whatever the header claims."""

# ruff: noqa: E501 - samples of running text are easier to read whole
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.charset import decode

RUSSIAN = "Производство аккумуляторов для электромобилей выросло на треть, сообщает министерство."
JAPANESE = (
    "トヨタは水曜日、新しい電池工場を来年稼働させると発表した。年間の生産能力は倍になる見通しだ。"
)
SAMPLES = {
    "cp1252": "Die Fabrik wird größer, sagte der Geschäftsführer. Für die Käufer heißt das: „günstiger“.",
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
    "cp1250": "Żaden zakład nie może dziś pracować bez akumulatorów; średnia cena spadła o połowę.",
    "iso8859-2": "Żaden zakład nie może dziś pracować bez akumulatorów; średnia cena spadła o połowę.",
    "cp1253": "Η παραγωγή μπαταριών για ηλεκτρικά αυτοκίνητα αυξήθηκε κατά το ένα τρίτο.",
    "cp1254": "Elektrikli araçlar için üretim üçte bir arttı, dedi Bakanlık. İşçiler için yeni bir iş açıldı.",
    "cp1255": "ייצור הסוללות לרכב חשמלי גדל בשליש, מסר המשרד. המפעל החדש ייפתח בשנה הבאה.",
    "cp1256": "ارتفع إنتاج البطاريات للسيارات الكهربائية بمقدار الثلث، وفق الوزارة.",
    "cp874": "การผลิตแบตเตอรี่สำหรับรถยนต์ไฟฟ้าเพิ่มขึ้นหนึ่งในสาม กระทรวงกล่าว",
    "gb18030": "宁德时代周三宣布，新的磷酸铁锂电池工厂将于明年投产，年产能达到四十吉瓦时。",
    "big5hkscs": "寧德時代週三宣布，新的磷酸鐵鋰電池工廠將於明年投產，年產能達到四十吉瓦時。",
    "cp932": JAPANESE,
    "euc_jp": JAPANESE,
    "iso2022_jp": JAPANESE,
    "cp949": "회사는 수요일 새 배터리 공장을 내년에 가동한다고 밝혔다. 생산 능력은 두 배가 될 전망이다.",
    "utf-8": "größer 电池 батарея",
    "utf-16": "The factory grew larger, größer still.",
}  # fmt: skip


def page(text: str, encoding: str) -> bytes:
    return f"<html><head><title>t</title></head><body><p>{text}</p>\n</body></html>".encode(
        encoding
    )


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_page_without_any_label_is_read_right(encoding: str):
    """The bytes alone tell the encoding."""
    assert SAMPLES[encoding] in decode(page(SAMPLES[encoding], encoding)).text


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_header_that_claims_utf_8_does_not_break_another_encoding(encoding: str):
    """Servers send one charset for all files; the bytes win."""
    decoded = decode(page(SAMPLES[encoding], encoding), "text/html; charset=utf-8")
    assert SAMPLES[encoding] in decoded.text


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_right_label_is_believed(encoding: str):
    """A header that names the true encoding settles it."""
    decoded = decode(page(SAMPLES[encoding], encoding), f"text/html; charset={encoding}")
    assert SAMPLES[encoding] in decoded.text


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "cp932", "cp949", "cp1253"])
def test_a_latin_1_header_over_another_script_is_overruled(encoding: str):
    """The default header of old servers does not turn Cyrillic into accents."""
    decoded = decode(page(SAMPLES[encoding], encoding), "text/html; charset=ISO-8859-1")
    assert SAMPLES[encoding] in decoded.text


def test_the_meta_element_is_read_when_the_header_is_silent():
    """A label inside the page counts, under its browser meaning."""
    text = "<meta charset='iso-8859-9'><p>küçük işçi ğ</p>"
    assert decode(text.encode("cp1254"), "text/html").text == text


def test_utf_8_with_a_few_broken_bytes_stays_utf_8():
    """An accident in one place costs that place only."""
    body = ("<p>" + "größer " * 50).encode() + b"\xff\xfe" + " schön</p>".encode()
    decoded = decode(body, "text/html; charset=utf-8")
    assert decoded.encoding == "utf-8"
    assert decoded.lossy
    assert "größer" in decoded.text
    assert "schön" in decoded.text


def test_an_unknown_label_is_no_error():
    """A charset that does not exist is ignored."""
    assert decode("<p>naïve</p>".encode(), "text/html; charset=utf-99").text == "<p>naïve</p>"


def test_nul_characters_are_removed():
    """No NUL reaches the store."""
    assert decode(b"<p>a\x00b</p>").text == "<p>ab</p>"


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=gbk", "x; charset=rot13"]))
def test_any_bytes_decode(body: bytes, content_type: str):
    """No byte string raises."""
    assert "\x00" not in decode(body, content_type).text
