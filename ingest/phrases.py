"""Hundreds of phrases looked for in one pass over a text.

Finds what ``re`` finds with all phrases of a set in one alternation, longest first.  Few texts
hold any of them, so that one pass (Aho and Corasick 1975, by ``ahocorasick_rs``) first tells which
may stand there at all, by the longest piece of each that is written in one way only.  Those are
then looked for by the word that each begins with.

A phrase is whole words: a trailing ``*`` stands for any ending, a space also for hyphens and line
breaks, an apostrophe for the curved one.  Phrases in a script without spaces match anywhere.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

UNSPACED = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\uff21-\uff3a\uff41-\uff5a]"
)
# before CJK text a Latin word ends without a space: "EV市場"
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTER = rf"[^\W{_CJK}]"
_WORD = re.compile(f"{_LETTER}+")
_IS_LETTER = re.compile(_LETTER).match
_PIECES = re.compile(r"[* ']+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def has_unspaced(text: str) -> bool:
    """Whether ``text`` holds anything in a script without spaces."""
    return not text.isascii() and UNSPACED.search(text) is not None


@dataclass(slots=True)
class _Phrase:
    group: int
    rank: int
    """Place in its group: the lower one wins where two match."""
    source: str
    flags: re.RegexFlag
    first: str
    """The word that it begins with..."""
    begun: bool
    """...or what that begins with."""
    form: re.Pattern[str] | None = None

    def match(self, text: str, at: int) -> re.Match[str] | None:
        """The phrase at ``at``, where a word begins, if it ends with a word."""
        if self.form is None:
            # Compiled when its first word is met: of a thousand phrases few ever are.  What a
            # letter is stays out of it: compiling that takes a hundred times as long.
            self.form = re.compile(self.source, self.flags)
        found = self.form.match(text, at)
        return None if found is None or _IS_LETTER(text, found.end()) else found


_Start = tuple[int, int, _Phrase]
"""Where a phrase may begin, and its rank."""


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
        self._unspaced: list[re.Pattern[str] | None] = []
        self._with: dict[str, list[_Phrase]] = {}
        """The phrases that hold a piece of text, if they are whole words..."""
        self._groups_with: dict[str, set[int]] = {}
        """...and the groups of those that match anywhere."""
        for group, phrases in enumerate(groups):
            self._add(group, phrases)
        self._machine = AhoCorasick(sorted({*self._with, *self._groups_with}))

    def _add(self, group: int, phrases: Iterable[str]) -> None:
        unspaced = []
        for rank, phrase in enumerate(sorted(set(phrases), key=lambda one: (-len(one), one))):
            form = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-‐‑–]+")
            form = form.replace("'", "['’]")
            folded = self._folded(phrase)
            piece = max(_PIECES.split(folded), key=len)
            if UNSPACED.search(phrase):
                unspaced.append(form)
                self._groups_with.setdefault(piece, set()).add(group)
                continue
            first = _WORD.match(folded)
            if first is None:
                raise ValueError(f"{phrase!r} does not begin with a letter")
            begun = folded[first.end() : first.end() + 1] == "*"
            one = _Phrase(group, rank, form, self._flags, first.group(), begun)
            self._with.setdefault(piece, []).append(one)
        self._unspaced.append(re.compile("|".join(unspaced), self._flags) if unspaced else None)

    def _folded(self, text: str) -> str:
        """``text``, character by character as it is compared."""
        if not self._any_case:
            return text
        if not text.isascii():
            # So ``re`` takes them; "İ" alone would become two characters.
            text = text.replace("İ", "i").replace("ı", "i").replace("ſ", "s")
        return text.lower()

    def find(self, text: str) -> list[list[re.Match[str]]]:
        """The matches in ``text`` by group, left to right, none over another of its group."""
        found: list[list[re.Match[str]]] = [[] for _ in self._unspaced]
        folded = self._folded(text)
        held = self._held(folded)
        if not held:
            return found
        ends = [0] * len(found)
        starts = list(self._starts(folded, [one for piece in held for one in self._of(piece)]))
        starts.sort(key=lambda start: start[:2])
        for at, _, phrase in starts:
            if ends[phrase.group] <= at and (match := phrase.match(text, at)):
                found[phrase.group].append(match)
                ends[phrase.group] = match.end()
        for group in {group for piece in held for group in self._groups_with.get(piece, ())}:
            pattern = self._unspaced[group]
            if pattern is not None and pattern.search(text):
                found[group] = _both(text, group, starts, pattern)
        return found

    def _held(self, folded: str) -> set[str]:
        """The pieces of phrases that stand in a text."""
        try:
            return set(self._machine.find_matches_as_strings(folded, overlapping=True))
        except UnicodeEncodeError:
            return self._held(_SURROGATES.sub("\ufffd", folded))

    def _of(self, piece: str) -> Sequence[_Phrase]:
        return self._with.get(piece, ())

    def _starts(self, folded: str, phrases: Iterable[_Phrase]) -> Iterator[_Start]:
        """Where ``phrases`` may begin: at the word that each begins with."""
        by_first: dict[tuple[str, bool], list[_Phrase]] = {}
        for phrase in phrases:
            by_first.setdefault((phrase.first, phrase.begun), []).append(phrase)
        for (first, begun), beginning in by_first.items():
            for at in _places(first, folded, begun):
                yield from ((at, phrase.rank, phrase) for phrase in beginning)


def _places(first: str, text: str, begun: bool) -> Iterator[int]:
    """Where a word of ``text`` is ``first``, or only begins with it where ``begun``."""
    for met in _standing(first, begun).finditer(text):
        at, end = met.span()
        if at and _is_letter(text[at - 1]):
            continue
        if begun or not _is_letter(text[end : end + 1]):
            yield at


@functools.cache
def _standing(first: str, begun: bool) -> re.Pattern[str]:
    # What a letter is stays out of this as well; most words that go on do so in ASCII.
    return re.compile(re.escape(first) + ("" if begun else "(?![A-Za-z0-9_])"))


def _is_letter(sign: str) -> bool:
    if sign.isascii():
        return sign.isalnum() or sign == "_"
    return _IS_LETTER(sign) is not None


def _both(
    text: str, group: int, starts: Sequence[_Start], unspaced: re.Pattern[str]
) -> list[re.Match[str]]:
    """Matches of one group in a text that has both kinds; where two begin the spaced one wins."""
    found: list[re.Match[str]] = []
    end = nth = 0
    ours = [(at, phrase) for at, _, phrase in starts if phrase.group == group]
    while True:
        spaced = None
        while spaced is None and nth < len(ours):
            at, phrase = ours[nth]
            spaced = phrase.match(text, at) if at >= end else None
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
