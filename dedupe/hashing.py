"""The words of a text as 64-bit hashes: look every code point's class up, sum a polynomial a word.

Agrees with ``text.words`` on what a word is; a test holds the two together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dedupe.characters import (
    CHAR_BASE,
    SEPARATOR,
    SPACED,
    U64,
    UNFOLDED,
    UNSPACED,
    Characters,
    as_written,
    mix64,
    points_of,
    unfolded,
)

_SHARP_S = "ß"
"""The letter of German that folds to two; no other stands in so many texts."""
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HashedWords:
    """The words of one text, in reading order."""

    classes: npt.NDArray[np.uint8]
    """What each character is: separator, part of a word, a word by itself."""
    starts: Offsets
    hashes: U64

    @property
    def ends(self) -> Offsets:
        """Where each word ends, exclusive."""
        shuts = self.classes != SEPARATOR
        shuts[:-1] &= (self.classes[:-1] == UNSPACED) | (self.classes[1:] != SPACED)
        return np.flatnonzero(shuts) + 1

    @property
    def unspaced(self) -> npt.NDArray[np.bool_]:
        """Which words are characters of a script written without spaces."""
        alone: npt.NDArray[np.bool_] = self.classes.take(self.starts) == UNSPACED
        return alone


@lru_cache(maxsize=8)
def _powers(base: int, count: int) -> tuple[U64, U64]:
    """``base ** i`` and its inverse modulo ``2 ** 64``, for ``i`` below ``count``."""
    inverse = pow(base, -1, 1 << 64)
    forward = np.full(count, base, dtype=np.uint64)
    backward = np.full(count, inverse, dtype=np.uint64)
    forward[0] = backward[0] = 1
    return np.multiply.accumulate(forward), np.multiply.accumulate(backward)


def powers_for(base: np.uint64, count: int) -> tuple[U64, U64]:
    size = 1 << max(14, (count - 1).bit_length())
    forward, backward = _powers(int(base), size)
    return forward[:count], backward[:count]


def hash_words(text: str) -> HashedWords:
    """The words of ``text`` as ``text.word_spans`` finds them, each with a hash of its characters.

    Nothing is folded: fold first where typography must not matter.
    """
    points, characters = points_of(text), as_written()
    return hash_looked_up(points, characters.classes.take(points), characters)


def hash_simply(text: str) -> HashedWords | None:
    """The words of ``text``, those that fold to the same with one hash; positions as they stand.

    The hashes are those that the words have in ``shingle``.  None where a character, but for ß,
    does not fold to one other by itself, or is a word by itself.
    """
    if _SHARP_S in text:
        return _hash_with_sharp_s(text)
    characters = unfolded()
    points: npt.NDArray[np.integer[Any]]
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        points = points_of(text)
        classes = characters.classes.take(points)
    else:
        # A byte a character: the tables fit the nearest cache, and nothing has to be widened.
        points = np.frombuffer(raw, dtype=np.uint8)
        classes = np.frombuffer(raw.translate(_latin_classes()), dtype=np.uint8)
    if len(classes) and int(classes.max()) > SPACED:
        return None
    return hash_looked_up(points, classes, characters)


def _hash_with_sharp_s(text: str) -> HashedWords | None:
    longer = hash_simply(text.replace(_SHARP_S, "ss"))
    if longer is None:
        return None
    at = np.array([found.start() for found in re.finditer(_SHARP_S, text)])
    added = at + np.arange(1, len(at) + 1)  # where each second letter stands in the longer text
    return HashedWords(
        np.delete(longer.classes, added),
        longer.starts - np.searchsorted(added, longer.starts),
        longer.hashes,
    )


@lru_cache(maxsize=1)
def _latin_classes() -> bytes:
    return unfolded().classes[:256].tobytes()


def hash_folded(text: str, words: HashedWords) -> tuple[U64, npt.NDArray[np.bool_]]:
    """A hash for each of the ``words`` of ``text`` that those which fold to the same share.

    And for each word whether that says nothing: it has a character that does not fold by itself to
    one other.  ``hash_whole`` hashes what such a word folds to.
    """
    points, characters = points_of(text), unfolded()
    inside = words.classes != SEPARATOR
    classes = characters.classes.take(points)
    odd = np.zeros(len(words.starts), dtype=bool)
    amiss = np.flatnonzero(inside & ((classes == UNFOLDED) | (classes == SEPARATOR)))
    odd[np.searchsorted(words.starts, amiss, side="right") - 1] = True
    terms = characters.hashes.take(points)
    terms[~inside] = 0
    return _hashes(terms, words.starts), odd


def hash_whole(folded: str) -> U64 | None:
    """The hashes of the words of ``folded``, one a line; None where a line is not one word."""
    words = hash_words(folded)
    parting = np.flatnonzero(words.classes == SEPARATOR)
    begins = np.concatenate([[0], parting + 1])
    if folded.count("\n") != len(parting) or not np.array_equal(words.starts, begins):
        return None
    return words.hashes


def hash_looked_up(
    points: npt.NDArray[np.integer[Any]], classes: npt.NDArray[np.uint8], characters: Characters
) -> HashedWords:
    """The words of characters ``points`` of ``classes``, hashed by the table ``characters``."""
    starts = _starts(classes)
    if not len(starts):
        return HashedWords(classes, starts, np.zeros(0, dtype=np.uint64))
    return HashedWords(classes, starts, _hashes(characters.hashes.take(points), starts))


def _starts(classes: npt.NDArray[np.uint8]) -> Offsets:
    """Where words begin."""
    if len(classes) and int(classes.max()) <= SPACED:
        begins = classes.astype(bool)
        np.greater(classes[1:], classes[:-1], out=begins[1:])
    else:
        begins = classes != SEPARATOR
        begins[1:] &= (classes[1:] == UNSPACED) | (classes[:-1] != SPACED)
    return np.flatnonzero(begins)


def _hashes(terms: U64, starts: Offsets) -> U64:
    """The hash of each word: the polynomial of its characters' ``terms``, which are used up."""
    forward, backward = powers_for(CHAR_BASE, len(terms))
    terms *= forward
    hashes = _sums(terms, starts)
    hashes *= backward.take(starts)
    return mix64(hashes)


def _sums(terms: U64, starts: Offsets) -> U64:
    """The sum of ``terms`` from each start to the next; words are short, which slows reduceat."""
    running = np.empty(len(terms) + 1, dtype=np.uint64)
    running[0] = 0
    np.cumsum(terms, out=running[1:])
    before = np.append(running.take(starts), running[-1])
    sums: U64 = before[1:] - before[:-1]
    return sums
