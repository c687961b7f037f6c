"""Whether a text really changed, and by how many words.

Pages carry clocks, counters and share figures that differ at every fetch; a version for each
would bury the edits that matter.  Missing a real edit is the worse mistake, because nobody can
look it up later: so only words that name no fact by themselves are taken for cosmetic.
"""

from __future__ import annotations

import re
from collections import Counter

# Scripts without spaces are compared character by character.
_WORD = re.compile(r"[぀-ヿ㐀-䶿一-鿿豈-﫿฀-๿]|[^\W_]+(?:[.,:'’-][^\W_]+)*")
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\s*(?:[ap]\.?m\.?)?"
_ZONE = r"(?:GMT|UTC|CES?T|BST|[ECMP][SD]T|KST|JST|IST|Uhr)"
_COSMETIC = re.compile(
    "|".join(
        (
            # "5 minutes ago", "vor 3 Stunden", "il y a 2 heures"
            r"\b\d+\s+(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)\s+ago\b",
            r"\bvor\s+\d+\s+(?:Sekunden?|Minuten?|Stunden?|Tag(?:en)?)\b",
            r"\bil y a\s+\d+\s+(?:secondes?|minutes?|heures?|jours?)\b",
            r"\bhace\s+\d+\s+(?:segundos?|minutos?|horas?|d[ií]as?)\b",
            r"\d+\s*(?:秒|分钟|分鐘|小时|小時|天|分|時間|日|초|분|시간|일)\s*(?:前|전)",
            # "12 comments", "1,204 views", "3 min read"
            r"\b\d[\d.,]*\s*[kKmM]?\s+(?:comments?|views?|shares?|likes?|reads?|replies|votes?"
            r"|Kommentare?|commentaires?|comentarios?)\b",
            r"\b\d+[\s-]*(?:min|minutes?)[\s-]+read\b",
            # "Updated: 14:05 GMT" and the like: only behind a word that says so
            rf"\b(?:last\s+)?(?:updated|modified|Aktualisiert|Stand|mis à jour|actualizado)\b"
            rf"[^\n.]{{0,40}}?{_CLOCK}\s*{_ZONE}?",
        )
    ),
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    """The words of ``text`` for comparison, case folded."""
    return [word.casefold() for word in _WORD.findall(text)]


def count_words(text: str) -> int:
    """Number of words of ``text``."""
    return len(_WORD.findall(text))


def is_real_edit(old_title: str, old: str, new_title: str, new: str) -> bool:
    """Whether a reader would say that the article was edited.

    White space, punctuation, case and time stamps, counters and reading times do not count;
    words in another order do.
    """
    if old == new and old_title == new_title:
        return False
    if words(old_title) != words(new_title):
        return True
    return _facts(old) != _facts(new)


def word_changes(old: str, new: str) -> tuple[int, int]:
    """(words added, words removed) going from ``old`` to ``new``, counted as multisets.

    A moved paragraph counts as nothing, which is what a reader of the figures expects.
    """
    before, after = Counter(words(old)), Counter(words(new))
    return (after - before).total(), (before - after).total()


def _facts(text: str) -> list[str]:
    return words(_COSMETIC.sub(" ", text))
