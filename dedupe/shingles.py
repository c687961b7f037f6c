"""Word shingles of many texts at once, as 64-bit hashes in reading order.

One pass of NumPy over a whole batch in place of a Python call a shingle: fold, look every code
point's class up, hash words by a polynomial, roll over words.  Agrees with ``text.words`` on
what a word is; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    partly_folded,
    points_of,
    unfolded,
)
from dedupe.text import fold

Offsets = npt.NDArray[np.int64]

_WORD_BASE = np.uint64(0xD6E8FEB86659FD93)
_TEXT_BASE = np.uint64(0xA0761D6478BD642F)
_LENGTH_MIX = np.uint64(0xE7037ED1A0B428DB)
_MASK = (1 << 64) - 1
# Han, kana, Thai carry less a character than Latin does a word: a token there is a character
# with the two after it, so that a 3-token shingle spans five characters, about three words.
_UNSPACED_GRAM = 3
_CHUNK_CHARACTERS = 1 << 17
# A megabyte is a long book: what comes after it does not count.
LONGEST_TEXT = 1 << 20


@dataclass(frozen=True, slots=True)
class Shingles:
    """Shingles of a batch of texts; text ``i`` owns ``[offsets[i], offsets[i + 1])``."""

    hashes: U64
    """In reading order, with repeats."""
    offsets: Offsets
    words: Offsets
    """Number of words of each text."""
    exact: U64
    """Hash of the whole word sequence of each text."""

    def of(self, index: int) -> U64:
        """The shingles of one text."""
        return self.hashes[self.offsets[index] : self.offsets[index + 1]]


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


def shingle(texts: Sequence[str], size: int) -> Shingles:
    """Hash every run of ``size`` words of every text.

    A text of fewer words than ``size`` has one shingle of all of them; a text without words has
    none.
    """
    parts: list[Shingles] = []
    batch: list[str] = []
    characters = 0
    for text in texts:
        cut = text[:LONGEST_TEXT]
        if batch and characters + len(cut) > _CHUNK_CHARACTERS:
            parts.append(_shingle_batch(batch, size))
            batch, characters = [], 0
        batch.append(cut)
        characters += len(cut) + 1
    if batch or not parts:
        parts.append(_shingle_batch(batch, size))
    return parts[0] if len(parts) == 1 else _concatenate(parts)


def _concatenate(parts: list[Shingles]) -> Shingles:
    starts = np.cumsum([0, *(len(part.hashes) for part in parts)])
    return Shingles(
        hashes=np.concatenate([part.hashes for part in parts]),
        offsets=np.concatenate(
            [part.offsets[:-1] + start for part, start in zip(parts, starts, strict=False)]
            + [starts[-1:]]
        ),
        words=np.concatenate([part.words for part in parts]),
        exact=np.concatenate([part.exact for part in parts]),
    )


@lru_cache(maxsize=8)
def _powers(base: int, count: int) -> tuple[U64, U64]:
    """``base ** i`` and its inverse modulo ``2 ** 64``, for ``i`` below ``count``."""
    inverse = pow(base, -1, 1 << 64)
    forward = np.full(count, base, dtype=np.uint64)
    backward = np.full(count, inverse, dtype=np.uint64)
    forward[0] = backward[0] = 1
    return np.multiply.accumulate(forward), np.multiply.accumulate(backward)


def _powers_for(base: np.uint64, count: int) -> tuple[U64, U64]:
    size = 1 << max(14, (count - 1).bit_length())
    forward, backward = _powers(int(base), size)
    return forward[:count], backward[:count]


def hash_words(text: str) -> HashedWords:
    """The words of ``text`` as ``text.word_spans`` finds them, each with a hash of its characters.

    Nothing is folded: fold first where typography must not matter.
    """
    points, characters = points_of(text), as_written()
    return _hash_words(points, characters.classes.take(points), characters)


def hash_simply(text: str) -> HashedWords | None:
    """The words of ``text``, those that fold to the same with one hash; positions as they stand.

    The hashes are those that the words have in ``shingle``.  None where a character does not fold
    to one other by itself, or is a word by itself.
    """
    if text.isascii():
        # A byte a character: the tables fit the nearest cache, and nothing has to be widened.
        raw = text.lower().encode()
        classes = np.frombuffer(raw.translate(_ascii_classes()), dtype=np.uint8)
        return _hash_words(np.frombuffer(raw, dtype=np.uint8), classes, as_written())
    points, characters = points_of(text), unfolded()
    classes = characters.classes.take(points)
    if int(classes.max()) > SPACED:
        return None
    return _hash_words(points, classes, characters)


@lru_cache(maxsize=1)
def _ascii_classes() -> bytes:
    return as_written().classes[:256].tobytes()


def hash_folded(text: str, words: HashedWords) -> U64 | None:
    """A hash for each of the ``words`` of ``text`` that those which fold to the same share.

    None where a character of a word does not fold by itself to one other: fold the words then.
    """
    points, characters = points_of(text), unfolded()
    inside = words.classes != SEPARATOR
    classes = characters.classes.take(points)
    if bool((inside & ((classes == UNFOLDED) | (classes == SEPARATOR))).any()):
        return None
    forward, backward = _powers_for(CHAR_BASE, len(points))
    terms = characters.hashes.take(points)
    terms *= forward
    terms[~inside] = 0
    hashes = _sums(terms, words.starts)
    hashes *= backward.take(words.starts)
    return hashes


def _hash_words(
    points: npt.NDArray[np.integer[Any]], classes: npt.NDArray[np.uint8], characters: Characters
) -> HashedWords:
    begins = classes != SEPARATOR
    begins[1:] &= (classes[1:] == UNSPACED) | (classes[:-1] != SPACED)
    starts = np.flatnonzero(begins)
    if not len(starts):
        return HashedWords(classes, starts, np.zeros(0, dtype=np.uint64))
    forward, backward = _powers_for(CHAR_BASE, len(points))
    terms = characters.hashes.take(points)
    terms *= forward
    hashes = _sums(terms, starts)
    hashes *= backward.take(starts)
    return HashedWords(classes, starts, mix64(hashes))


def _sums(terms: U64, starts: Offsets) -> U64:
    """The sum of ``terms`` from each start to the next; words are short, which slows reduceat."""
    running = np.empty(len(terms) + 1, dtype=np.uint64)
    running[0] = 0
    np.cumsum(terms, out=running[1:])
    before = np.append(running.take(starts), running[-1])
    sums: U64 = before[1:] - before[:-1]
    return sums


def _hash_folded(texts: list[str]) -> tuple[HashedWords, Offsets]:
    """The words of all texts, folded, and where each text ends in what ``HashedWords`` counts.

    Most texts are folded by looking their characters up; only those that need it become another
    string.
    """
    ends = _ends(texts)
    points, characters = points_of("\n".join(texts) + "\n"), unfolded()
    classes = characters.classes.take(points)
    if int(classes.max()) == UNFOLDED:
        texts = list(texts)
        for index in np.unique(
            np.searchsorted(ends, np.flatnonzero(classes == UNFOLDED), side="right")
        ).tolist():
            texts[index] = fold(texts[index])[:LONGEST_TEXT]
        ends = _ends(texts)
        points, characters = points_of("\n".join(texts) + "\n"), partly_folded()
        classes = characters.classes.take(points)
    return _hash_words(points, classes, characters), ends


def _ends(texts: list[str]) -> Offsets:
    return np.cumsum(np.array([len(text) + 1 for text in texts], dtype=np.int64))


def _shingle_batch(texts: list[str], size: int) -> Shingles:
    count = len(texts)
    hashed, ends = _hash_folded(texts)
    starts, word_hashes = hashed.starts, hashed.hashes
    if not len(starts):
        return Shingles(
            hashes=np.zeros(0, np.uint64),
            offsets=np.zeros(count + 1, np.int64),
            words=np.zeros(count, np.int64),
            exact=mix64(np.zeros(count, np.uint64)),
        )

    word_ends = np.searchsorted(starts, ends)  # exclusive, in words
    word_starts = np.concatenate([[0], word_ends[:-1]])
    words = word_ends - word_starts
    exact = _exact(word_hashes, word_starts, words)

    unspaced = hashed.unspaced
    if unspaced.any():
        word_hashes = _gram(word_hashes, unspaced, starts, word_starts)
    offsets, hashes = _roll(word_hashes, word_starts, words, size)
    return Shingles(hashes=hashes, offsets=offsets, words=words, exact=exact)


def _exact(word_hashes: U64, word_starts: Offsets, words: Offsets) -> U64:
    forward, backward = _powers_for(_TEXT_BASE, len(word_hashes))
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(word_hashes * forward)])
    totals = running[word_starts + words] - running[word_starts]
    totals *= backward.take(np.minimum(word_starts, len(word_hashes) - 1))
    return mix64(totals + words.astype(np.uint64) * _LENGTH_MIX)


def _gram(word_hashes: U64, unspaced: npt.NDArray[np.bool_], at: Offsets, firsts: Offsets) -> U64:
    """Characters of unspaced scripts joined with those that follow them without a break."""
    grams = word_hashes.copy()
    follows = np.zeros(len(at), dtype=bool)
    follows[:-1] = unspaced[:-1] & unspaced[1:] & (at[1:] == at[:-1] + 1)
    follows[firsts[(firsts > 0) & (firsts < len(at))] - 1] = False
    reach = follows.copy()
    for step in range(1, _UNSPACED_GRAM):
        shifted = np.zeros_like(word_hashes)
        shifted[:-step] = word_hashes[step:]
        grams = np.where(reach, mix64(grams * _WORD_BASE + shifted), grams)
        onward = np.zeros_like(reach)
        onward[:-step] = follows[step:]
        reach &= onward
    return grams


def _roll(word_hashes: U64, word_starts: Offsets, words: Offsets, size: int) -> tuple[Offsets, U64]:
    total = len(word_hashes)
    padded = np.concatenate([word_hashes, np.zeros(size - 1, np.uint64)])
    rolled = padded[:total].copy()
    for step in range(1, size):
        rolled *= _WORD_BASE
        rolled += padded[step : step + total]
    # A run that would go on into the next text is none; the first word always begins one.
    inside = np.ones(total, dtype=bool)
    for step in range(1, size):
        last = word_starts + words - step
        inside[last[last > word_starts]] = False
    hashes = mix64(rolled[inside])
    counts = np.where(words >= size, words - size + 1, np.minimum(words, 1))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    for index in np.flatnonzero((words > 0) & (words < size)).tolist():
        value = 0
        start, length = int(word_starts[index]), int(words[index])
        for word in word_hashes[start : start + length].tolist():
            value = (value * int(_WORD_BASE) + word) & _MASK
        lone = np.array([(value + length) & _MASK], dtype=np.uint64)
        hashes[offsets[index]] = mix64(lone)[0]
    return offsets, hashes
