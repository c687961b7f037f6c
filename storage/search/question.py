"""What a person typed into what is looked for.  Every text is a question; none is an error here.

solid-state CATL        both, whatever their order; ``solid-state`` as a phrase
"all solid state"       a phrase, exactly as written
batter*                 words that begin so
-Tesla  -"model y"      without; also NOT
CATL OR BYD             either; binds closer than what stands side by side
title:sodium            in the headline
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from storage.search.policy import ASK
from storage.search.words import asked_words, runs

Kind = Literal["word", "phrase", "prefix"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing looked for."""

    kind: Kind
    words: tuple[str, ...]
    """As the index holds them; one but for a phrase."""
    exact: bool = False
    """Quoted: in no other form."""
    title: bool = False
    """Only in the headline."""


@dataclass(frozen=True, slots=True)
class Question:
    """What articles must have and must not have."""

    clauses: tuple[tuple[Unit, ...], ...]
    """Of each clause at least one unit."""
    without: tuple[Unit, ...] = ()
    notes: tuple[str, ...] = ()
    """What was not understood as it was perhaps meant."""

    @property
    def size(self) -> int:
        """Units in all."""
        return sum(map(len, self.clauses)) + len(self.without)


_QUOTES = str.maketrans("“”„‟«»＂｜（）＊", '"""""""|()*')
_CHUNK = re.compile(r'([-+]?)(?:(title|headline):)?(?:"([^"]*)"|([^\s"]+))', re.I)
_ELISION = re.compile(r"^(?:\w{1,2}|qu)['’](?=\w{3})", re.I)
_POSSESSIVE = re.compile(r"(?<=\w)['’]s$", re.I)


def understand(asked: str) -> Question:
    """Read a question."""
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in asked)
    text = text.translate(_QUOTES)
    if text.count('"') % 2:
        # The last one has no partner.
        head, _, tail = text.rpartition('"')
        text = f"{head} {tail}"
    clauses: list[list[Unit]] = []
    without: list[Unit] = []
    notes: list[str] = []
    either = negate = title_next = False
    for found in _CHUNK.finditer(text.replace("(", " ").replace(")", " ").replace("|", " | ")):
        sign, field, quoted, bare = found.groups()
        if quoted is None and not field:
            if bare in ("OR", "|", "||"):
                either = bool(clauses)
                continue
            if bare in ("AND", "&&", "&"):
                continue
            if bare == "NOT":
                negate = True
                continue
        if bare and not sign and bare.lower() in ("title:", "headline:"):
            title_next = True
            continue
        units = _units(quoted, bare, bool(field) or title_next, notes)
        negated = negate or sign == "-"
        if not units:
            continue
        if negated:
            without += units
        elif either and clauses:
            # Of a chunk in several pieces each belongs to the alternative; all but the rarest
            # questions have one here.
            clauses[-1] += units
        else:
            clauses += [[one] for one in units]
        either = negate = title_next = False
    return Question(clauses=tuple(map(tuple, clauses)), without=tuple(without), notes=tuple(notes))


def _units(quoted: str | None, bare: str | None, title: bool, notes: list[str]) -> list[Unit]:
    if quoted is not None:
        words = asked_words(quoted)
        if not words:
            return []
        return [Unit("phrase" if len(words) > 1 else "word", words, exact=True, title=title)]
    assert bare is not None
    bare = _POSSESSIVE.sub("", _ELISION.sub("", bare))
    prefix = bare.endswith("*")
    if "*" in bare.rstrip("*"):
        notes.append("* stands for the rest of a word, at its end only")
    there = runs(bare)
    words = asked_words(bare)
    if not words:
        return []
    if prefix and len(words) > 1 and not there[-1][1]:
        return [*_whole(words[:-1], title), _prefix(words[-1], title, notes)]
    if len(there) == 1 and there[0][1] and len(words[0]) == 1:
        # A single character of a script without spaces begins some word of the index.
        return [Unit("prefix", words, title=title)]
    if prefix and len(words) == 1 and not there[-1][1]:
        return [_prefix(words[0], title, notes)]
    return _whole(words, title)


def _whole(words: tuple[str, ...], title: bool) -> list[Unit]:
    return [Unit("phrase" if len(words) > 1 else "word", words, title=title)]


def _prefix(word: str, title: bool, notes: list[str]) -> Unit:
    if len(word) < ASK.prefix_letters:
        notes.append(f"{word}* is too short to look for; taken as the word {word}")
        return Unit("word", (word,), title=title)
    return Unit("prefix", (word,), title=title)
