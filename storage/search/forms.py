"""Other forms of a word asked for: singular and plural, without knowing its language.

Forms are made from the question, not from the texts: the index keeps words as they are written,
so that a phrase means itself, and a form that nobody writes finds nothing and costs nothing.  Only
endings that seldom make another word are tried; ``plan`` for ``plane`` is the worse mistake, for a
prefix (``plan*``) is at hand.
"""

from __future__ import annotations

# German nouns that take -en.
_EN = (
    "ung", "heit", "keit", "schaft", "ion", "tat", "ik", "enz", "anz", "tur", "tor", "ei",
)  # fmt: skip
_LEAST = 3


def forms(word: str) -> tuple[str, ...]:
    """Forms of ``word`` other than itself, the likeliest first; for folded ASCII letters only."""
    if len(word) < _LEAST or not (word.isascii() and word.isalpha()):
        return ()
    found: list[str] = []
    if word.endswith("ies") and len(word) > 4:
        found += [word[:-3] + "y", word[:-1], word[:-1] + "n"]
    elif word.endswith(("ses", "xes", "zes", "ches", "shes")):
        found += [word[:-2], word[:-1]]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.append(word[:-1])
    elif word.endswith("en") and word[:-2].endswith(_EN):
        found.append(word[:-2])
    elif word.endswith("innen"):
        found.append(word[:-3])
    elif word.endswith("en") and len(word) > 4:
        found.append(word[:-1])
    else:
        found += _plurals(word)
    return tuple(dict.fromkeys(one for one in found if len(one) >= _LEAST and one != word))


def _plurals(word: str) -> list[str]:
    if word.endswith("y") and word[-2] not in "aeiou":
        return [word[:-1] + "ies"]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return [word + "es"]
    if word.endswith("e"):
        return [word + "s", word + "n"]
    if word.endswith(_EN):
        return [word + "s", word + "en"]
    return [word + "s"]
