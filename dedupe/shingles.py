"""Word shingles of many texts at once, as 64-bit hashes in reading order.

One pass of NumPy over a whole batch in place of a Python call a shingle: fold, hash the words, roll
over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dedupe.characters import U64, UNFOLDED, mix64, partly_folded, points_of, unfolded
from dedupe.hashing import HashedWords, Offsets, hash_looked_up, powers_for
from dedupe.text import fold_lines

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


def shingle(
    texts: Sequence[str], size: int, hashed: Sequence[bytes | None] | None = None
) -> Shingles:
    """Hash every run of ``size`` words of every text.

    A text of fewer words than ``size`` has one shingle of all of them; a text without words has
    none.  ``hashed`` holds for each text the hashes of its words where they are known from
    ``hash_simply``: those texts are not read again.
    """
    known = [None] * len(texts) if hashed is None else hashed
    parts: list[Shingles] = []
    batch: list[str | U64] = []
    characters = 0
    for text, words in zip(texts, known, strict=True):
        cut = text[:LONGEST_TEXT]
        if batch and characters + len(cut) > _CHUNK_CHARACTERS:
            parts.append(_shingle_batch(batch, size))
            batch, characters = [], 0
        batch.append(cut if words is None else np.frombuffer(words, dtype="<u8"))
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
        places = np.flatnonzero(classes == UNFOLDED)
        owners = np.searchsorted(ends, places, side="right")
        begins = ends - [len(text) + 1 for text in texts]
        for index in np.unique(owners).tolist():
            inside = places[owners == index] - begins[index]
            texts[index] = fold_lines(texts[index], inside.tolist())[:LONGEST_TEXT]
        ends = _ends(texts)
        points, characters = points_of("\n".join(texts) + "\n"), partly_folded()
        classes = characters.classes.take(points)
    return hash_looked_up(points, classes, characters), ends


def _ends(texts: list[str]) -> Offsets:
    return np.cumsum(np.array([len(text) + 1 for text in texts], dtype=np.int64))


def _shingle_batch(batch: list[str | U64], size: int) -> Shingles:
    """The shingles of texts, of which some come as the hashes of their words."""
    texts = [text for text in batch if isinstance(text, str)]
    hashed, grams, edges = _hashed_texts(texts)
    spans = iter(pairwise(edges.tolist()))
    places = [slice(*next(spans)) if isinstance(text, str) else text for text in batch]
    parts = [hashed[place] if isinstance(place, slice) else place for place in places]
    word_hashes = hashed if len(texts) == len(batch) else np.concatenate(parts)
    words = np.array([len(part) for part in parts], dtype=np.int64)
    word_starts = np.cumsum(words) - words
    if not len(word_hashes):
        return Shingles(
            hashes=np.zeros(0, np.uint64),
            offsets=np.zeros(len(batch) + 1, np.int64),
            words=words,
            exact=mix64(np.zeros(len(batch), np.uint64)),
        )
    exact = _exact(word_hashes, word_starts, words)
    if grams is not hashed:
        word_hashes = np.concatenate(
            [grams[place] if isinstance(place, slice) else place for place in places]
        )
    offsets, hashes = _roll(word_hashes, word_starts, words, size)
    return Shingles(hashes=hashes, offsets=offsets, words=words, exact=exact)


def _hashed_texts(texts: list[str]) -> tuple[U64, U64, Offsets]:
    """The words of all ``texts`` hashed, what goes into shingles of them, where each begins.

    The two are the same array where no text is of an unspaced script.
    """
    if not texts:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(1, np.int64)
    hashed, ends = _hash_folded(texts)
    edges = np.concatenate([[0], np.searchsorted(hashed.starts, ends)])
    unspaced = hashed.unspaced
    if not unspaced.any():
        return hashed.hashes, hashed.hashes, edges
    return hashed.hashes, _gram(hashed.hashes, unspaced, hashed.starts, edges[:-1]), edges


def _exact(word_hashes: U64, word_starts: Offsets, words: Offsets) -> U64:
    forward, backward = powers_for(_TEXT_BASE, len(word_hashes))
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
