"""Hundreds of phrases looked for in one pass over a text.

Finds what ``re`` finds with all phrases of a set in one alternation, longest first, but looks them
up by the word that each begins with instead of trying all of them at every letter.

A phrase is whole words: a trailing ``*`` stands for any ending, a space also for hyphens and line
breaks, an apostrophe for the curved one.  Phrases in a script without spaces match anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from ingest.wording import plain_words

UNSPACED = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\uff21-\uff3a\uff41-\uff5a]"
)
# before CJK text a Latin word ends without a space: "EV市場"
_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_WORD = re.compile(f"{_LETTER}+")
_ANY_WORD = re.compile(r"\w+")
_LAST_WORD = re.compile(rf"{_LETTER}+\Z")
_IS_LETTER = re.compile(_LETTER).match
_LONGEST_CUT = 100
# Most words of a text stood in the texts before it; this many that begin no phrase are kept.
_WORDS_KEPT = 30_000


def has_unspaced(text: str) -> bool:
    """Whether ``text`` holds anything in a script without spaces."""
    return not text.isascii() and UNSPACED.search(text) is not None


def words_of(text: str) -> set[str]:
    """The words of ``text`` as ``Phrases`` sees them."""
    words = plain_words(text)
    if words is None:
        words = (_WORD if has_unspaced(text) else _ANY_WORD).findall(text)
    return set(words)


def words_at_cut(before: str, after: str) -> set[str]:
    """The last word of ``before`` and the first of ``after``, which a cut may have made of one."""
    last, first = _LAST_WORD.search(before[-_LONGEST_CUT:]), _WORD.match(after)
    if last is not None and len(last.group()) == _LONGEST_CUT:
        return words_of(before) | words_of(after)
    return {found.group() for found in (last, first) if found is not None}


@dataclass(slots=True)
class _Phrase:
    group: int
    rank: int
    """Place in its group: the lower one wins where two match."""
    source: str
    flags: re.RegexFlag
    form: re.Pattern[str] | None = None

    def match(self, text: str, at: int) -> re.Match[str] | None:
        """The phrase at ``at``, where a word begins, if it ends with a word."""
        if self.form is None:
            # Compiled when its first word is met: of a thousand phrases few ever are.  What a
            # letter is stays out of it: compiling that takes a hundred times as long.
            self.form = re.compile(self.source, self.flags)
        found = self.form.match(text, at)
        return None if found is None or _IS_LETTER(text, found.end()) else found


class Phrases:
    """Sets of phrases, each searched as if alone; texts and phrases are compared as they stand.

    Args:
        groups: the sets; a phrase with an upper-case letter matches only text with it, unless
            ``any_case``.
        any_case: compare without regard to case, as ``re.IGNORECASE`` does.
    """

    def __init__(self, groups: Sequence[Iterable[str]], *, any_case: bool = False) -> None:
        self._flags = re.IGNORECASE if any_case else re.NOFLAG
        self._any_case = any_case
        self._whole: dict[str, list[_Phrase]] = {}
        self._begun: dict[str, list[_Phrase]] = {}
        self._unspaced: list[re.Pattern[str] | None] = []
        self._known: dict[str, list[_Phrase]] = {}
        self._none: set[str] = set()
        """Words met that begin no phrase."""
        self._asked: Set[str] = frozenset()
        """The words last asked about, so many of them, and those that begin phrases."""
        self._asked_size = 0
        self._begin: list[tuple[str, list[_Phrase]]] = []
        for group, phrases in enumerate(groups):
            self._add(group, phrases)
        self._shortest = min(map(len, self._begun), default=0)
        self._by_head: dict[str, list[str]] = {}
        """The beginnings in ``_begun`` by their first letters, as many as the shortest has."""
        for beginning in self._begun:
            self._by_head.setdefault(beginning[: self._shortest], []).append(beginning)

    def _add(self, group: int, phrases: Iterable[str]) -> None:
        unspaced = []
        for rank, phrase in enumerate(sorted(set(phrases), key=lambda one: (-len(one), one))):
            form = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-‐‑–]+")
            form = form.replace("'", "['’]")
            if UNSPACED.search(phrase):
                unspaced.append(form)
                continue
            first = _WORD.match(phrase)
            if first is None:
                raise ValueError(f"{phrase!r} does not begin with a letter")
            found = _Phrase(group, rank, form, self._flags)
            word = self._folded(first.group())
            index = self._begun if phrase[first.end() : first.end() + 1] == "*" else self._whole
            index.setdefault(word, []).append(found)
        self._unspaced.append(re.compile("|".join(unspaced), self._flags) if unspaced else None)

    def _folded(self, word: str) -> str:
        return word.casefold() if self._any_case else word

    def find(self, text: str, words: Set[str] | None = None) -> list[list[re.Match[str]]]:
        """The matches in ``text`` by group, left to right, none over another of its group.

        ``words``: those of ``text``, where the caller has them; others may be among them.
        """
        found: list[list[re.Match[str]]] = [[] for _ in self._unspaced]
        ends = [0] * len(found)
        starts = self._starts(text, words_of(text) if words is None else words)
        for at, phrases in starts:
            for phrase in phrases:
                if ends[phrase.group] <= at and (match := phrase.match(text, at)):
                    found[phrase.group].append(match)
                    ends[phrase.group] = match.end()
        if has_unspaced(text):
            for group, pattern in enumerate(self._unspaced):
                if pattern is not None and pattern.search(text):
                    found[group] = _both(text, group, starts, pattern)
        return found

    def _starts(self, text: str, words: Set[str]) -> list[tuple[int, list[_Phrase]]]:
        """Where phrases may begin, left to right, with those that may."""
        known, none = self._known, self._none
        if len(none) > _WORDS_KEPT:
            none.clear()
            known.clear()
        # The zones of a text are asked about with one set of words, one after the other.
        if self._asked is not words or len(words) != self._asked_size:
            self._asked, self._asked_size, self._begin = words, len(words), []
            for word in words - none:
                phrases = known.get(word)
                if phrases is None:
                    phrases = self._beginning_with(word)
                    if not phrases:
                        none.add(word)
                        continue
                    known[word] = phrases
                self._begin.append((word, phrases))
        starts = [(at, phrases) for word, phrases in self._begin for at in _places(word, text)]
        starts.sort(key=lambda one: one[0])
        return starts

    def _beginning_with(self, word: str) -> list[_Phrase]:
        """The phrases that can match where ``word`` stands, by rank."""
        word = self._folded(word)
        found = list(self._whole.get(word, ()))
        for beginning in self._by_head.get(word[: self._shortest], ()):
            if word.startswith(beginning):
                found += self._begun[beginning]
        found.sort(key=lambda one: one.rank)
        return found


def _is_letter(sign: str) -> bool:
    if sign.isascii():
        return sign.isalnum() or sign == "_"
    return _IS_LETTER(sign) is not None


def _places(word: str, text: str) -> Iterator[int]:
    """Where ``word`` stands in ``text`` by itself."""
    length = len(word)
    at = text.find(word)
    while at >= 0:
        if not (
            _is_letter(text[at + length : at + length + 1]) or (at and _is_letter(text[at - 1]))
        ):
            yield at
        at = text.find(word, at + 1)


def _both(
    text: str,
    group: int,
    starts: Sequence[tuple[int, Sequence[_Phrase]]],
    unspaced: re.Pattern[str],
) -> list[re.Match[str]]:
    """Matches of one group in a text that has both kinds; where two begin the spaced one wins."""
    found: list[re.Match[str]] = []
    end = nth = 0
    while True:
        spaced = None
        while spaced is None and nth < len(starts):
            at, phrases = starts[nth]
            if at >= end:
                ours = (one for one in phrases if one.group == group)
                spaced = next((m for one in ours if (m := one.match(text, at))), None)
            if spaced is None:
                nth += 1
        other = unspaced.search(text, end)
        if spaced is not None and (other is None or spaced.start() <= other.start()):
            best = spaced
        elif other is not None:
            best = other
        else:
            return found
        found.append(best)
        end = best.end()
