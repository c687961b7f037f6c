"""What each character is to the tokeniser, and a random number for it, as tables over Unicode.

``text.word_spans`` and ``text.fold`` decide; the tables hold their answers so that NumPy can look
up a whole batch of texts at once.  A test holds the two together.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dedupe.text import fold, raw_words

U64 = npt.NDArray[np.uint64]

# Code points past this are no word characters (a test looks).
TABLE_SIZE = 0x40000
SEPARATOR, SPACED, UNSPACED = 0, 1, 2
UNFOLDED = 4
"""Not a class: a text that holds the character has to be folded as a string first."""

# Han, Hangul syllables, more Han: one class each, and they fold to themselves.  Asking about the
# others only takes a third of the time, which every process pays.
_ALIKE = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xAC00, 0xD7A4),
    range(0x20000, 0x2F800),
    range(0x2FA20, TABLE_SIZE),
)

_PLACES = 1 << 16
"""Hashes of a text that 16 bits number; among more, 48 bits of a hash would be too few."""
CHAR_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Characters:
    """A class and a random 64-bit value a code point; separators have 0."""

    classes: npt.NDArray[np.uint8]
    hashes: U64


def mix64(values: U64) -> U64:
    """MurmurHash3's 64-bit finaliser: spreads structure over all bits, a bijection."""
    mixed = values >> np.uint64(33)
    mixed ^= values
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return mixed


def stable_order(hashes: U64) -> npt.NDArray[np.intp]:
    """The places of ``hashes`` by their value, equal ones as they stand.

    As ``np.argsort(hashes, kind="stable")``, in half the time: the places ride in the low bits of
    what is sorted, as 48 bits tell the hashes of one text apart.
    """
    count = len(hashes)
    if count > _PLACES:
        return np.argsort(hashes, kind="stable")
    low = np.uint64(_PLACES - 1)
    keys = hashes & ~low
    keys |= np.arange(count, dtype=np.uint64)
    keys.sort()
    keys &= low
    return keys.astype(np.intp)


def representatives(hashes: U64) -> npt.NDArray[np.intp]:
    """For each of ``hashes`` the place of one that equals it, the same for all that are equal.

    What sorting would tell, in a third of its time: every hash is written into a table at the place
    that its upper bits name; those that find another one there, at the place that their lower bits
    name; and those few that do so again are sorted.  The hashes have to be mixed (``mix64``).
    """
    count = len(hashes)
    bits = max(10, count.bit_length() + 2)
    table = np.empty(1 << bits, dtype=np.intp)
    cells = (hashes >> np.uint64(64 - bits)).view(np.int64)
    table[cells] = np.arange(count)
    found = table.take(cells)
    left = np.flatnonzero(hashes.take(found) != hashes)
    if len(left):
        cells = (hashes.take(left) & np.uint64((1 << bits) - 1)).view(np.int64)
        table[cells] = left
        found[left] = table.take(cells)
        left = left[hashes.take(found.take(left)) != hashes.take(left)]
    if len(left):
        _, first, which = np.unique(hashes.take(left), return_index=True, return_inverse=True)
        found[left] = left.take(first).take(which)
    return found


def led(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """``flags`` with True before them."""
    found = np.empty(len(flags) + 1, dtype=bool)
    found[0] = True
    found[1:] = flags
    return found


def points_of(text: str) -> npt.NDArray[np.intp]:
    """The code points of ``text`` as places in the tables."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if len(points) and int(points.max()) >= TABLE_SIZE:
        points = np.where(points < TABLE_SIZE, points, 0)
    return points.astype(np.intp)


@lru_cache(maxsize=1)
def as_written() -> Characters:
    """Each character as it stands: for texts that are folded, or must not be."""
    table = np.zeros(TABLE_SIZE, dtype=np.uint8)
    # Each character doubled: one word of two is part of a word, two words of one stand alone.
    found = raw_words("\0".join([one + one for one in map(chr, _telling())]))
    table[[ord(word) for word in found if len(word) == 1]] = UNSPACED
    table[[ord(word[0]) for word in found if len(word) == 2]] = SPACED
    for alike in _ALIKE:
        table[alike.start : alike.stop] = table[alike.start]
    numbers = np.arange(TABLE_SIZE, dtype=np.uint64)
    hashes = mix64(numbers * CHAR_BASE + np.uint64(0x2545F4914F6CDD1D))
    hashes[table == SEPARATOR] = 0
    return Characters(table, hashes)


@lru_cache(maxsize=1)
def unfolded() -> Characters:
    """Each character as what folding makes of it, for texts that were not folded.

    Folding goes character by character except where one becomes several (ﬁ, ß, …), joins with
    its neighbours (combining marks, Hangul jamo) or becomes a letter (ⓐ): those are ``UNFOLDED``.
    """
    written, single = as_written(), _folded_singly()
    folded = written.classes.take(np.maximum(single, 0))
    alike = (single >= 0) & (folded == written.classes)
    return Characters(
        np.where(alike, folded, UNFOLDED).astype(np.uint8),
        written.hashes.take(np.maximum(single, 0)),
    )


@lru_cache(maxsize=1)
def partly_folded() -> Characters:
    """For a batch in which every text that holds an ``UNFOLDED`` character was folded.

    What folding gives is left as it is by this table, so the others need no folding.
    """
    raw, written = unfolded(), as_written()
    folded = raw.classes == UNFOLDED
    return Characters(
        np.where(folded, written.classes, raw.classes),
        np.where(folded, written.hashes, raw.hashes),
    )


def _folded_singly() -> npt.NDArray[np.intp]:
    """The one character that each folds to by itself whatever stands beside it, or -1."""
    points = np.array(_telling())
    characters = list(map(chr, points.tolist()))
    lines = "\n".join(characters) + "\n"
    folds = fold(lines)
    single = np.arange(TABLE_SIZE)
    single[points], _ = _line_by_line(folds)

    joining = np.zeros(TABLE_SIZE, dtype=bool)
    joining[points] = np.fromiter(map(unicodedata.combining, characters), np.uint8) != 0
    # What stands behind the first in a character's parts joins with it.
    _, behind = _line_by_line(unicodedata.normalize("NFD", lines))
    joining[behind] = True
    joining[0x1160:0x1200] = True  # Hangul vowels and finals join with what stands before
    plain, _ = _line_by_line(unicodedata.normalize("NFKC", lines))
    single[points[joining.take(np.maximum(plain, 0))]] = -1
    single[joining] = -1
    # A character that folding can give must stay what it is when looked up again.
    given = np.zeros(TABLE_SIZE, dtype=bool)
    given[points_of(folds)] = True
    single[given & (single != np.arange(TABLE_SIZE))] = -1
    return single


def _line_by_line(lines: str) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The character of each line, -1 where it has several; and all behind the first of theirs."""
    points = points_of(lines)
    ends = np.flatnonzero(points == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    behind = np.ones(len(points), dtype=bool)
    behind[starts] = behind[ends] = False
    return np.where(ends - starts == 1, points[starts], -1), points[behind]


def _telling() -> list[int]:
    """The code points that have to be asked about one by one.

    Not NUL and line feed, which part them; not surrogates, which cannot be encoded: a text that
    holds any is read as having separators there.
    """
    told = [range(1), range(0x0A, 0x0B), range(0xD800, 0xE000)]
    told += [range(alike.start + 1, alike.stop) for alike in _ALIKE]
    left = np.ones(TABLE_SIZE, dtype=bool)
    for span in told:
        left[span.start : span.stop] = False
    return np.flatnonzero(left).tolist()
