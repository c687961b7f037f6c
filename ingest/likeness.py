"""How much bytes look like text once they are read as some encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata

_ACCENTS_ONLY = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]{3}")
_WORD_WITH_HIGH = re.compile(r"\S*[^\x00-\x7f]\S*")
# Lead bytes of the characters in everyday use: level 1 of GB 2312 and of JIS X 0208, the frequent
# plane of Big5, the Hangul block of KS X 1001 (see Lunde, CJKV Information Processing, ch. 3).
_COMMON_LEAD = {
    "gb18030": (0xB0, 0xD7),
    "big5hkscs": (0xA4, 0xC6),
    "euc_jp": (0xB0, 0xCF),
    "cp949": (0xB0, 0xC8),
    "cp932": (0x88, 0x97),
}


def likeness_of(sample: bytes, encoding: str) -> float:
    """0..1, how much ``sample`` looks like text once read as ``encoding``."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(sample)
        broken = 0
    except (UnicodeError, LookupError):
        text = sample.decode(encoding, "replace")
        broken = text.count("\ufffd")
        if broken > 0.02 * len(text) + 2:
            return 0.0
    high = [char for char in text if char > "\x7f"]
    if not high:
        return 0.0
    if encoding in _COMMON_LEAD:
        return max(0.0, _east_asian(high, encoding) - broken / len(high))
    odd = 0.0
    for word in _WORD_WITH_HIGH.findall(text):
        odd += _oddness(word)
    return max(0.0, 0.9 - (odd + 3 * broken) / len(high))


def _oddness(word: str) -> float:
    """How many of a word's non-ASCII characters no writer would have put there."""
    odd = 0.0
    scripts = set()
    previous = " "
    if _ACCENTS_ONLY.search(word):
        # no language of Latin script writes three accented letters in a row
        odd += sum(char > "\x7f" for char in word) * 0.6
    for position, char in enumerate(word):
        following = word[position + 1] if position + 1 < len(word) else " "
        if char.isalpha():
            if char > "\x7f" or char.isascii():
                scripts.add(_script(char))
            if char.isupper() and previous.islower() and char > "\x7f":
                odd += 1.0
        elif char > "\x7f":
            category = unicodedata.category(char)
            if category in ("Cc", "Co", "Cn", "Cs"):
                odd += 2.0
            elif (
                category in ("Sc", "Sk", "Sm", "So", "No", "Po", "Lm", "Pi", "Pf", "Ps")
                and previous.isalpha()
                and following.isalpha()
                and char not in "’‘·"
            ):
                odd += 1.0
            elif char in "¶¦¬¤¨´¸±¼½¾" and (previous.isalpha() or following.isalpha()):
                # letters of the Central European sets, at the edge of a word
                odd += 0.7
        previous = char
    if len(scripts) > 1:
        odd += sum(char > "\x7f" for char in word) * 0.8
    return odd


def _script(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "?").split(" ", 1)[0]


def _east_asian(high: list[str], encoding: str) -> float:
    low, top = _COMMON_LEAD[encoding]
    good = kana = 0
    letters = 0
    for char in high:
        if "\u3040" <= char <= "\u30ff":
            kana += 1
            letters += 1
            continue
        if not char.isalpha():
            good += char in "、。，：；？！（）「」『』《》“”‘’・…—　％～"
            letters += char in "、。，：；？！（）「」『』《》“”‘’・…—　％～"
            letters += unicodedata.category(char) in ("Co", "Cn", "Cc", "So", "Sm")
            continue
        letters += 1
        try:
            lead = char.encode(encoding)[0]
        except UnicodeError:
            continue
        good += low <= lead <= top
    if letters < 0.5 * len(high):
        return 0.0
    japanese = encoding in ("euc_jp", "cp932")
    good += kana if japanese else 0
    share = good / max(1, letters)
    if japanese and kana < 0.1 * letters:
        # running Japanese is a third kana or more; Chinese read as Japanese has next to none
        share *= 0.6
    # half-width katakana is what other encodings become when read as Shift JIS
    half_width = sum("\uff61" <= char <= "\uff9f" for char in high)
    return max(0.0, share - half_width / len(high))
