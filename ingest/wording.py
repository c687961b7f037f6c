"""Strings of a page made fit to store, to compare and to count."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from lxml import etree, html

_TAG = re.compile(r"<[^<>]{0,500}>")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff]")
_WORD = re.compile(r"\w+")


# Where a line may be broken, or a file began: a reader sees nothing there, and a search for the
# word, or a comparison with a copy set without them, fails.  Joiners stay: they shape letters.
_UNSEEN = "\xad\u200b\u2060\ufeff"


def visible(text: str) -> str:
    """``text`` without soft hyphens, zero-width spaces, word joiners and byte order marks."""
    if not text.isascii():
        # looked for one by one, which most texts pass: a table asks about every character
        for sign in _UNSEEN:
            if sign in text:
                text = text.replace(sign, "")
    return text


def clean(text: str) -> str:
    """``text`` of an attribute or a script as one line: no entities, tags or unseen characters."""
    if "&" in text:
        text = unescape(unescape(text))
    if "<" in text:
        text = _TAG.sub("", text)
    return " ".join(visible(text).split())


def text_in(element: etree._Element) -> str:
    """All text of ``element``, as it stands."""
    if len(element) == 0:
        return element.text or ""
    # by C in one go: half the time of string() in XPath, a quarter of that of its pieces
    return str(etree.tostring(element, method="text", encoding="unicode", with_tail=False))


def element_text(element: html.HtmlElement) -> str:
    """All text of ``element`` as one line."""
    return clean(text_in(element))


def one_line(text: str) -> str:
    """``text`` with single spaces and without NULs."""
    return " ".join(visible(text).replace("\x00", "").split())


def tidy(text: str) -> str:
    """One paragraph a line, spaces single, no empty lines."""
    lines = (" ".join(line.split()) for line in visible(text).splitlines())
    return "\n".join(line for line in lines if line)


# What is no letter of a word, for text of one byte a character: a table is an order of magnitude
# faster than an expression, and these are asked of every box and link of a page.
_LATIN = [chr(code) for code in range(256)]
_NO_WORD = "".join(sign for sign in _LATIN if not (sign.isalnum() or sign == "_")).encode("latin-1")
_SPACED_BYTES = bytes.maketrans(_NO_WORD, b" " * len(_NO_WORD))
_FOLDED_BYTES = bytes(_SPACED_BYTES).lower()
_TYPOGRAPHY = "’‘“”–—…\xa0"
"""All that is not ASCII in most English text, and no letter."""
_BETWEEN = re.compile(r"\W+")


def _without_typography(text: str) -> str:
    if not text.isascii():
        for sign in _TYPOGRAPHY:
            if sign in text:
                text = text.replace(sign, " ")
    return text


def fold_title(text: str) -> str:
    """``text`` without case, typography and punctuation, to compare headlines."""
    plain = _without_typography(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain).casefold()
    try:
        signs = plain.encode("latin-1")
    except UnicodeEncodeError:
        return " ".join(_WORD.findall(plain))
    return b" ".join(signs.translate(_FOLDED_BYTES).split()).decode("latin-1")


def squeezed(text: str) -> str:
    """The letters and digits of ``text`` alone, folded, to compare names."""
    if text.isascii():
        return text.encode("ascii").lower().translate(None, _NO_WORD).decode("ascii")
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


# ``dedupe.text`` counts words too, and differently on purpose: a shingle's word is one character
# of Chinese, while here the question is how much there is to read, for which two are one.  The
# packages know nothing of each other, and neither counter may change for the other's sake:
# signatures in the store depend on that one, the bounds of ``ExtractPolicy`` on this.
def count_words(text: str) -> int:
    """Words of ``text``; two characters count as one where a script has no spaces."""
    try:
        signs = _without_typography(text).encode("latin-1")
    except UnicodeEncodeError:
        pass
    else:
        return len(signs.translate(_SPACED_BYTES).split())
    unspaced = len(_UNSPACED.findall(text))
    if not unspaced:
        return len(_WORD.findall(text))
    return unspaced // 2 + len(_WORD.findall(_UNSPACED.sub(" ", text)))
