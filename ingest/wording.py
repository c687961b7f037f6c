"""Strings of a page made fit to store, to compare and to count."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from lxml import html

_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{0,500}>")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff]")
_WORD = re.compile(r"\w+")


def clean(text: str) -> str:
    """``text`` of an attribute or a script as one line: no entities, tags or unseen characters."""
    if "&" in text:
        text = unescape(unescape(text))
    if "<" in text:
        text = _TAG.sub("", text)
    return _SPACE.sub(" ", text.replace("\u200b", "").replace("\xad", "")).strip()


def element_text(element: html.HtmlElement) -> str:
    """All text of ``element`` as one line."""
    return clean("".join(element.itertext()))


def one_line(text: str) -> str:
    """``text`` with single spaces and without NULs."""
    return re.sub(r"\s+", " ", text.replace("\x00", "")).strip()


def tidy(text: str) -> str:
    """One paragraph a line, spaces single, no empty lines."""
    lines = (_SPACE.sub(" ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def fold_title(text: str) -> str:
    """``text`` without case, typography and punctuation, to compare headlines."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", text))


def squeezed(text: str) -> str:
    """The letters and digits of ``text`` alone, folded, to compare names."""
    return "".join(re.findall(r"\w", unicodedata.normalize("NFKC", text).casefold()))


# ``dedupe.text`` counts words too, and differently on purpose: a shingle's word is one character
# of Chinese, while here the question is how much there is to read, for which two are one.  The
# packages know nothing of each other, and neither counter may change for the other's sake:
# signatures in the store depend on that one, the bounds of ``ExtractPolicy`` on this.
def count_words(text: str) -> int:
    """Words of ``text``; two characters count as one where a script has no spaces."""
    unspaced = len(_UNSPACED.findall(text))
    if not unspaced:
        return len(_WORD.findall(text))
    return unspaced // 2 + len(_WORD.findall(_UNSPACED.sub(" ", text)))
