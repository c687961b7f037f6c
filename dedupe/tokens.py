"""One text as an array of words: where they stand and which are the same.

The words of ``dedupe.text``, found with NumPy over whole arrays: a book has 200,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dedupe.characters import U64, led, representatives, stable_order
from dedupe.hashing import HashedWords, hash_folded, hash_simply, hash_whole, hash_words
from dedupe.text import fold, without_typography

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Whole = TypeVar("Whole", np.int64, np.uint64)


@dataclass(frozen=True)
class Tokens:
    """The words of a text in reading order."""

    hashed: HashedWords
    ids: Ints
    """A number a word, below the number of words; words that fold to the same have the same."""
    mostly_unspaced: bool
    """Whether most distinct words are characters of a script written without spaces."""
    simple: bool
    """Whether words with one hash are those that fold to the same, as ``hash_simply`` says."""

    def __len__(self) -> int:
        return len(self.hashed.starts)

    @property
    def starts(self) -> Ints:
        """Where each word begins, in characters."""
        return self.hashed.starts

    @cached_property
    def ends(self) -> Ints:
        """Where each word ends, exclusive."""
        return self.hashed.ends

    @cached_property
    def often(self) -> Bools:
        """Which words stand more than once: others are part of no repeat."""
        found: Bools = (np.bincount(self.ids) > 1)[self.ids]
        return found

    @cached_property
    def unspaced(self) -> Bools:
        """Whether the word is a character of a script written without spaces."""
        return self.hashed.unspaced

    def simple_hashes(self) -> bytes | None:
        """``RepeatReport.word_hashes`` of the text."""
        return self.hashed.hashes.astype("<u8", copy=False).tobytes() if self.simple else None


def tokens(text: str) -> Tokens:
    """The words of ``text``."""
    simple = hash_simply(without_typography(text))
    if simple is not None:
        ids = representatives(simple.hashes)
        return Tokens(simple, ids, mostly_unspaced=False, simple=True)
    hashed = hash_words(text)
    first, ids = _numbered(hashed.hashes)
    return Tokens(
        hashed,
        _folded(text, hashed, first)[ids],
        mostly_unspaced=bool(2 * int(hashed.unspaced[first].sum()) > len(first)),
        simple=False,
    )


def _numbered(hashes: U64) -> tuple[Ints, Ints]:
    """Where each distinct hash stands first, by hash, and for each of ``hashes`` which it is.

    What ``np.unique`` gives, in half the time.
    """
    order = stable_order(hashes)
    ranked = hashes.take(order)
    new = led(ranked[1:] != ranked[:-1])[: len(hashes)]
    ids = np.empty(len(hashes), dtype=np.int64)
    ids[order] = np.cumsum(new) - 1
    return order[new], ids


def _folded(text: str, hashed: HashedWords, first: Ints) -> Ints:
    """For each word at ``first`` a number that those which fold to the same share, by first use."""
    hashes, odd = hash_folded(text, hashed)
    hashes = hashes[first]
    # Folding may join and lengthen characters, so such words are folded as wholes; across a line
    # break it joins nothing, so that all of them are folded at once.
    at = np.flatnonzero(odd[first])
    if len(at):
        whole = hash_whole(_lines(text, hashed, first[at]))
        if whole is None:
            return _numbered_strings(_lines(text, hashed, first).split("\n"))
        hashes[at] = whole
    begins, which = _numbered(hashes)
    numbers = np.empty(len(begins), dtype=np.int64)
    numbers[np.argsort(begins)] = np.arange(len(begins))
    found: Ints = numbers[which]
    return found


def _lines(text: str, hashed: HashedWords, at: Ints) -> str:
    """The words ``at`` as they fold, one a line."""
    starts, ends = hashed.starts[at].tolist(), hashed.ends[at].tolist()
    return fold("\n".join([text[start:end] for start, end in zip(starts, ends, strict=True)]))


def _numbered_strings(words: list[str]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(word, len(numbers)) for word in words], dtype=np.int64)


def ranged(edges: Ints) -> Ints:
    """Every place of the ranges ``[first, last)``, one range after the other."""
    counts = edges[:, 1] - edges[:, 0]
    before = np.cumsum(counts) - counts
    found: Ints = np.arange(int(counts.sum())) + np.repeat(edges[:, 0] - before, counts)
    return found


def distinct(values: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
    """``values`` ascending, each once; by a sort, which on word numbers beats hashing tenfold."""
    if not len(values):
        return values
    ordered = np.sort(values)
    found: npt.NDArray[Whole] = ordered[led(ordered[1:] != ordered[:-1])]
    return found
