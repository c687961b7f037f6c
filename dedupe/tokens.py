"""One text as an array of words: where they stand and which are the same.

The words of ``dedupe.text``, found with NumPy over whole arrays: a book has 200,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedupe.characters import U64, led, stable_order
from dedupe.shingles import HashedWords, hash_folded, hash_simply, hash_words
from dedupe.text import fold, without_typography

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text in reading order."""

    starts: Ints
    ends: Ints
    """``[start, end)`` of each word in characters."""
    ids: Ints
    """A number a word; words that fold to the same have the same."""
    unspaced: Bools
    """Whether the word is a character of a script written without spaces."""
    mostly_unspaced: bool
    """Whether most distinct words are."""

    def __len__(self) -> int:
        return len(self.starts)


def tokens(text: str) -> Tokens:
    """The words of ``text``."""
    simple = hash_simply(without_typography(text))
    if simple is not None:
        _, ids = _numbered(simple.hashes)
        none = np.zeros(len(ids), dtype=bool)
        return Tokens(simple.starts, simple.ends, ids, none, mostly_unspaced=False)
    hashed = hash_words(text)
    first, ids = _numbered(hashed.hashes)
    ends, unspaced = hashed.ends, hashed.unspaced
    return Tokens(
        hashed.starts,
        ends,
        _folded(text, hashed, first)[ids],
        unspaced,
        mostly_unspaced=bool(2 * int(unspaced[first].sum()) > len(first)),
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
    hashes = hash_folded(text, hashed)
    if hashes is not None:
        begins, which = _numbered(hashes[first])
        numbers = np.empty(len(begins), dtype=np.int64)
        numbers[np.argsort(begins)] = np.arange(len(begins))
        found: Ints = numbers[which]
        return found
    # Folding may join and lengthen characters, so each distinct word is folded as a whole; across
    # a line break it joins nothing, so that all of them are folded at once.
    starts, ends = hashed.starts[first].tolist(), hashed.ends[first].tolist()
    apart = "\n".join([text[start:end] for start, end in zip(starts, ends, strict=True)])
    distinct: dict[str, int] = {}
    return np.array(
        [distinct.setdefault(word, len(distinct)) for word in fold(apart).split("\n")],
        dtype=np.int64,
    )


def distinct(values: Ints) -> Ints:
    """``values`` ascending, each once; by a sort, which on word numbers beats hashing tenfold."""
    if not len(values):
        return values
    ordered = np.sort(values)
    found: Ints = ordered[led(ordered[1:] != ordered[:-1])]
    return found
