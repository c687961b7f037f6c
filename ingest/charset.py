"""Bytes of a page -> its text, whatever the header claims.

Valid UTF-8 is believed before any label, because no other encoding passes for it by chance on
text of any length (https://encoding.spec.whatwg.org/, and RFC 3629 section 1).  A declared
legacy encoding is believed when the text that it gives looks like text; otherwise the encodings
of the web are tried and the most text-like wins.  The worse mistake is to change a page that was
declared rightly, so a declared encoding is only overruled by a clearly better one.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import py3langid

from ingest.likeness import likeness_of


class Decoded(NamedTuple):
    """Text, the codec that gave it, and whether characters were lost on the way."""

    text: str
    encoding: str
    lossy: bool
    is_whole_utf8: bool = False
    """Whether all bytes are UTF-8, from the first one."""


# Labels as browsers read them (WHATWG Encoding Standard): the wider codec under the older name.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}
_ALIASES = {
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-cp1251": "cp1251",
    "unicode": "utf-16-le",
    "windows-874": "cp874",
    "utf8mb4": "utf-8",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# In the order in which a tie is settled: the more frequent on the web first (W3Techs).
_CANDIDATES = (
    "cp1252",
    # Russian is broken when read as Hebrew, Hebrew read as Russian is only nonsense
    "cp1255",
    "cp1251",
    # Korean read as Chinese is all common characters too, Chinese read as Korean is not
    "cp949",
    "gb18030",
    "cp932",
    "euc_jp",
    "big5hkscs",
    "cp1250",
    "iso8859-2",
    "koi8-r",
    "cp1253",
    "iso8859-7",
    "cp1254",
    "cp1256",
    "cp874",
    "iso8859-5",
    "iso8859-15",
)
_LANGUAGES = {
    "cp1254": {"tr", "az"},
    "cp1250": {"cs", "sk", "pl", "hu", "sl", "hr", "bs", "sr", "ro"},
}
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:+-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:+-]{2,40})", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]{2,40})", re.IGNORECASE)
_MARKUP = re.compile(
    rb"<script\b.{0,200000}?</script>|<style\b.{0,200000}?</style>|<[^<>]{0,2000}>", re.S | re.I
)
_META_WINDOW = 8192
"""Bytes searched for a meta charset: browsers look at 1,024, many pages need more."""
_SAMPLE = 40_000
"""Bytes of text enough to tell encodings apart."""
_BROKEN_SHARE = 0.05
"""At most this share of broken bytes among the non-ASCII ones is UTF-8 with an accident."""
_OVERRULE = 0.25
"""How much more text-like (0..1) another encoding must be to overrule a declared one."""


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Decode the ``body`` of an HTML page; never raises.

    ``content_type`` is the header as sent.  NUL characters are removed, newlines left alone.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return _with(body[len(bom) :], encoding)
    if b"\x00" in body[:400] and (wide := _utf16_without_bom(body[:400])):
        return _with(body, wide)
    if b"\x1b" in body and b"\x1b$" in body and body.isascii():
        stateful = _strict(body, "iso2022_jp_2")
        if stateful is not None:
            return Decoded(_clean(stateful), "iso2022_jp_2", False)
    text = _strict(body, "utf-8")
    if text is not None:
        # asked of the bytes, where it is far sooner answered than of a text of wide characters
        return Decoded(_clean(text) if b"\x00" in body else text, "utf-8", False, True)
    if _is_damaged_utf8(body):
        return _with(body, "utf-8")
    return _legacy(body, content_type)


def _legacy(body: bytes, content_type: str) -> Decoded:
    sample = _text_sample(body)
    declared = [label for label in _declared(body, content_type) if label != "utf-8"]
    ranked: list[tuple[float, str]] = []
    for encoding in dict.fromkeys([*declared, *_CANDIDATES]):
        likeness = likeness_of(sample, encoding)
        bonus = _OVERRULE if declared and encoding == declared[0] else 0.0
        ranked.append((likeness + bonus, encoding))
    # max keeps the first of equals, hence the order of the candidates
    _, best = max(ranked, key=lambda pair: pair[0])
    if best == "cp1252" and "cp1252" not in declared:
        best = _by_language(sample)
    return _with(body, best)


def _by_language(sample: bytes) -> str:
    """Choose among encodings that give letters for the same bytes by the language that results."""
    for encoding, languages in _LANGUAGES.items():
        language, _ = py3langid.classify(sample.decode(encoding, "ignore"))
        if language in languages:
            return encoding
    return "cp1252"


def declared_encodings(body: bytes, content_type: str = "") -> tuple[str, ...]:
    """Python codec names that the header, an XML declaration and the page's meta name."""
    return tuple(_declared(body, content_type))


def _declared(body: bytes, content_type: str) -> list[str]:
    head = body[:_META_WINDOW]
    labels = [match.group(1) for match in (_HEADER.search(content_type),) if match]
    labels += [
        match.group(1).decode("ascii", "replace")
        for match in (_XML.search(head), _META.search(head))
        if match
    ]
    return list(dict.fromkeys(name for name in map(_codec, labels) if name))


def _codec(label: str) -> str | None:
    label = label.strip().lower()
    label = _ALIASES.get(label, label)
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True):
        return None
    return _WIDER.get(info.name, info.name)


def _strict(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _with(body: bytes, encoding: str) -> Decoded:
    text = _strict(body, encoding)
    lossy = text is None
    if text is None:
        text = body.decode(encoding, "replace")
    return Decoded(_clean(text), encoding, lossy)


def _clean(text: str) -> str:
    return text.replace("\x00", "") if "\x00" in text else text


def _utf16_without_bom(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _is_damaged_utf8(body: bytes) -> bool:
    high = len(body) - len(body.translate(None, delete=bytes(range(128, 256))))
    # what "ignore" drops is what is not UTF-8
    kept = body.decode("utf-8", "ignore").encode("utf-8")
    lost = len(body) - len(kept)
    return lost <= max(3, _BROKEN_SHARE * high) and high - lost >= lost


def _text_sample(body: bytes) -> bytes:
    """The first bytes of running text that hold something other than ASCII."""
    text = _MARKUP.sub(b" ", body[: 20 * _SAMPLE])
    if text.isascii():
        text = body
    lines = [line for line in text.split(b"\n") if not line.isascii()]
    return b"\n".join(lines)[:_SAMPLE]
