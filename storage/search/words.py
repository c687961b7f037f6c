"""Text into the words that are looked up: folded, and runs without spaces in pairs.

Case, accents, width and ligatures are folded (``É`` to ``e``, ``Ｂ`` to ``b``, ``ß`` to ``ss``).
Scripts that write no spaces, and Korean, which writes endings onto its words, are cut into pairs
of characters that overlap, the common way (Lucene's CJKBigramFilter): 固态电池 is 固态 态电 电池,
and so 电池 is found inside.  The last character of a run stands by itself once more, so that each
character begins some word of the index and a single one can be looked up by prefix.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from storage.search.policy import WORDS

_UNSPACED = (
    "々〇㐀-䶿一-鿿豈-﫿\U00020000-\U000323af"  # Han
    "ぁ-ゖゝゞァ-ヺーヽヾㇰ-ㇿ"  # kana
    "ᄀ-ᇿㄱ-ㆎ가-힣"  # Hangul
    "ก-ฺเ-๎ກ-ໆ່-ໍໜໝက-ဿၐ-ႏក-៓"  # Thai, Lao, Burmese, Khmer
)
# Whatever is no letter or digit, as a space.
_SPACED = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SHORT = 8
"""Characters of a run that is worth remembering."""
_TYPOGRAPHY = "’‘“”–—…\xa0"
# Signs that are no letter and no digit, such as quotation marks and dashes.
_SIGNS = re.compile(rf"[^\x00-\x7f\w{_UNSPACED}]+")
_RUN = re.compile(rf"([{_UNSPACED}]+)|[^\W_{_UNSPACED}]{{1,{WORDS.longest}}}")
WRITTEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
"""A run of letters in text that is not folded."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")

# Letters that are no letter and a mark.
_LIGATURES = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h",
    "ё": "е",
}  # fmt: skip
# Latin, Greek, and what Vietnamese adds.  Kana and Hangul have marks too, which make other letters.
_MARKED = ((0x00C0, 0x024F), (0x0370, 0x03FF), (0x1E00, 0x1FFF))
# Marks by themselves: on Latin letters, Hebrew and Arabic vowels, the Arabic stretch.
_MARKS = ((0x0300, 0x036F), (0x0591, 0x05BD), (0x0640, 0x0640), (0x064B, 0x0652))
# Written, and not seen: soft hyphen, joiners, byte order mark.
_UNSEEN = (0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)

# Languages that write compounds as one word.
COMPOUNDING = frozenset({
    "af", "da", "de", "et", "fi", "fo", "fy", "hu", "is", "lb", "nb", "nl", "nn", "no", "sv",
})  # fmt: skip


@cache
def _folding() -> dict[int, str | None]:
    table: dict[int, str | None] = {ord(one): other for one, other in _LIGATURES.items()}
    for first, last in _MARKED:
        for code in range(first, last + 1):
            parts = unicodedata.normalize("NFD", chr(code))
            bare = "".join(part for part in parts if not unicodedata.combining(part))
            if bare and bare != chr(code):
                table.setdefault(code, bare)
    for first, last in _MARKS:
        table.update(dict.fromkeys(range(first, last + 1)))
    table.update(dict.fromkeys(_UNSEEN))
    return table


def fold(text: str) -> str:
    """``text`` as it is compared: lower case, without accents, in one width."""
    if text.isascii():
        return text.lower()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    # Looking each letter up takes three times as long where few are no ASCII.
    return _NOT_ASCII.sub(lambda run: run.group().translate(_folding()), text.casefold())


def is_unspaced(run: str) -> bool:
    """Whether a run of letters is of a script that is cut into pairs."""
    return _IS_UNSPACED.match(run) is not None


def runs(text: str) -> list[tuple[str, bool]]:
    """The runs of letters and digits in ``text``, folded; each with whether it is unspaced."""
    return [(found.group(), found.group(1) is not None) for found in _RUN.finditer(fold(text))]


def words(text: str) -> list[str]:
    """The words of ``text`` as the index holds them, in order."""
    return written_words(text).split()


def written_words(text: str) -> str:
    """The words of ``text`` as the index holds them, in order, with spaces between."""
    # As ``fold``, but run by run: few of other letters than ASCII's come again and again, and most
    # have no letter.  A mark that stands alone goes, so that it need not meet its letter.
    folded = _without_typography(text)
    folded = folded if folded.isascii() else _NOT_ASCII.sub(_letters_of, folded)
    folded = folded.casefold()
    if folded.isascii():
        found = folded.translate(_SPACED).split()
        if max(map(len, found), default=0) <= WORDS.longest:
            return " ".join(found)
    found = []
    for one in _RUN.finditer(folded):
        if one.group(1) is None:
            found.append(one.group())
        else:
            found += pairs(one.group())
            found.append(one.group()[-1])
    return " ".join(found)


def _without_typography(text: str) -> str:
    """``text`` with a space for each sign that is all of most texts that is not ASCII."""
    if not text.isascii():
        for sign in _TYPOGRAPHY:
            if sign in text:
                text = text.replace(sign, " ")
    return text


def _letters_of(found: re.Match[str]) -> str:
    run = found.group()
    return _letters(run) if len(run) <= _SHORT else _letters.__wrapped__(run)


@lru_cache(maxsize=4096)
def _letters(run: str) -> str:
    """``run``, which has no ASCII, folded, with a space for what is no letter and no digit."""
    return _SIGNS.sub(" ", fold(run))


def pairs(run: str) -> list[str]:
    """Each two neighbours of a run."""
    return [one + other for one, other in pairwise(run)]


def asked_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` as they stand in the index wherever it stands inside a longer text."""
    found: list[str] = []
    there = runs(text)
    for number, (run, unspaced) in enumerate(there):
        if not unspaced:
            found.append(run)
            continue
        found += pairs(run)
        # The lone last character is in the index where a run ends; here the run may go on.
        if number < len(there) - 1 or len(run) == 1:
            found.append(run[-1])
    return tuple(found)


def parts(found: Sequence[str], language: str) -> Iterator[str]:
    """What may be a part of the compounds among ``found``: each word's ends, the whole included.

    Only for languages that write compounds as one word.  No lexicon says where a part begins, so
    every letter may; which of them is one is seen when somebody asks for it.
    """
    if language not in COMPOUNDING:
        return
    for word in set(found):
        if len(word) < WORDS.compound_letters or word.isdigit() or is_unspaced(word):
            continue
        yield word
        for start in range(WORDS.part_from, len(word) - WORDS.part_letters + 1):
            yield word[start:]
