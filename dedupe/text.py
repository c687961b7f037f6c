"""Words of a text in any script: the one tokeniser under repeats, signatures and matching."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Scripts written without spaces (Thai, Lao, Burmese, Khmer, kana, Han): each character is a
# word, because a run between two punctuation marks would be a whole sentence.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# Combining marks that Python's \w leaves out would cut Hindi, Tamil or vowelled Arabic words apart.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}_]|[{_MARKS}])+")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_PLAIN_WORD = re.compile(r"[^\W_]+")
_NEEDS_RULES = re.compile(rf"[{_UNSPACED}{_MARKS}]")
_UNSPACED_WORD = re.compile(rf"[{_UNSPACED}]")
_TYPOGRAPHY = "’‘“”–—…\xa0"
"""All that is not ASCII in most English text; nothing of a word."""
_NO_WORD = str.maketrans({sign: " " for sign in map(chr, range(128)) if not sign.isalnum()})


def word_spans(text: str) -> list[tuple[int, int]]:
    """``[start, end)`` in characters of each word of ``text``, in order."""
    return [match.span() for match in _pattern(text).finditer(text)]


def words(text: str) -> list[str]:
    """The words of ``text``, folded so that typography does not matter (NFKC, case)."""
    # The signs taken out are no part of a word before folding nor after it.
    plain = without_typography(text)
    if plain.isascii():
        return plain.lower().translate(_NO_WORD).split()
    return raw_words(fold(plain))


def fold(text: str) -> str:
    """``text`` under NFKC and case folding; may change its length."""
    if text.isascii():
        return text.lower()
    # What NFKC makes of these two; a text that it has nothing to do in is passed on as it is.
    text = text.replace("…", "...").replace("\xa0", " ")
    return unicodedata.normalize("NFKC", text).casefold()


def fold_lines(text: str, places: Iterable[int]) -> str:
    """``text`` with only those lines folded in which a character of ``places`` stands.

    Folding joins nothing across a line break, and takes longer than most of what follows it.
    ``places`` ascend.
    """
    pieces: list[str] = []
    done = 0
    for place in places:
        if place < done:
            continue
        start = max(done, text.rfind("\n", done, place) + 1)
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        pieces += [text[done:start], fold(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def without_typography(text: str) -> str:
    """``text`` with a space for each sign that most text uses beside ASCII.

    The words stay where they are.
    """
    if not text.isascii():
        for sign in _TYPOGRAPHY:
            if sign in text:
                text = text.replace(sign, " ")
    return text


def count_words(text: str) -> int:
    """Number of words of ``text``; characters count singly in scripts without spaces."""
    plain = without_typography(text)
    if plain.isascii():
        return len(plain.translate(_NO_WORD).split())
    return len(_pattern(text).findall(text))


def is_unspaced(word: str) -> bool:
    """Whether ``word`` is one character of a script written without spaces."""
    return len(word) == 1 and _UNSPACED_WORD.match(word) is not None


def raw_words(text: str) -> list[str]:
    """The words of ``text`` as written, one for each of ``word_spans``, faster than slicing."""
    return _pattern(text).findall(text)


def _pattern(text: str) -> re.Pattern[str]:
    """The fastest of the patterns that find the same words in ``text``."""
    if text.isascii():
        return _ASCII_WORD
    return _WORD if _NEEDS_RULES.search(text) else _PLAIN_WORD
