"""Who shares keys with whom, from the few rows of keys that more than one article holds.

Pure and in NumPy: a dozen passes over some ten thousand rows cost less than DuckDB takes to plan
the statements that did it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.packed import ranged

NO_DAY = -1
"""Stands for the day of an article without one; days count from 0001-01-01."""
_KIND = np.uint64(32)
_AT_ONCE = 1 << 20
"""Pairs of rows held in memory at a time."""


class Holders(NamedTuple):
    """Who holds which key: arrays of one length, a row an article and key."""

    code: NDArray[np.uint64]
    """The kind of key in the upper half (0: a band, 1: of the sketch), the key in the lower."""
    article: NDArray[np.int64]
    """Numbers of articles, in the order of their ids."""
    day: NDArray[np.int64]
    asked: NDArray[np.bool_]

    def where(self, rows: NDArray[Any]) -> Holders:
        """Some of the rows, by places or by truth."""
        return Holders(*(column[rows] for column in self))

    def with_others(self, others: Holders) -> Holders:
        """These rows and ``others``."""
        both = zip(self, others, strict=True)
        return Holders(*(np.concatenate(columns) for columns in both))


class Shared(NamedTuple):
    """Pairs of articles and how many keys of either kind each pair has in common, in order."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    bands: NDArray[np.int64]
    sketch: NDArray[np.int64]


class Crowds(NamedTuple):
    """Rows in order of key, block of days and article, and who speaks."""

    holders: Holders
    speaks: NDArray[np.bool_]
    displaced: NDArray[np.int64]
    """Articles not asked for that would speak for a key if those asked for were not there."""


def code(key: NDArray[np.uint32], kind: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A key and its kind as one number."""
    return key.astype(np.uint64) | (kind.astype(np.uint64) << _KIND)


def key_of(codes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The keys in ``codes``."""
    return codes.astype(np.uint32)


def met(holders: Holders) -> Holders:
    """The rows of keys that somebody asked for holds, and somebody else too; in order of key."""
    rows = holders.where(np.argsort(holders.code))
    first, size = _runs(rows.code)
    if not len(first):
        return rows
    kept = (size > 1) & np.logical_or.reduceat(rows.asked, first)
    return rows.where(np.repeat(kept, size))


def crowds(holders: Holders, *, block_days: int, most: int) -> Crowds:
    """Who speaks for each key: in each block of days the ``most`` holders with the lowest ids."""
    block = blocks(holders.day, block_days)
    order = np.lexsort((holders.article, block, holders.code))
    rows, block = holders.where(order), block[order]
    first, size = _runs(rows.code, block)
    start = np.repeat(first, size)
    place = np.arange(len(start)) - start
    asked_until = np.cumsum(rows.asked)
    before: NDArray[np.int64] = asked_until - (asked_until - rows.asked)[start]
    speaks = place < most
    displaced = ~rows.asked & ~speaks & (place - before < most)
    return Crowds(rows, speaks, np.unique(rows.article[displaced]))


def doubtful(found: Crowds, unseen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Codes for which it has to be known who else holds them in blocks seen only in part.

    Whoever is asked for is seen with its whole block, and where it speaks, its pair counts.  Only
    for one who does not speak it matters whether the other does.

    Args:
        found: as far as was seen.
        unseen: for each row of ``found``, whether part of its block was not.
    """
    rows = found.holders
    silent = np.unique(rows.code[rows.asked & ~found.speaks])
    return np.intersect1d(silent, rows.code[found.speaks & unseen])


def shared(found: Crowds, *, window_days: int) -> Shared:
    """Count the keys of each pair of one asked for with another, of whom one speaks, in reach."""
    rows = found.holders
    first, size = _runs(rows.code)
    of_run = np.repeat(np.arange(len(first)), size)
    speakers = np.flatnonzero(found.speaks)
    spoken = np.bincount(of_run[speakers], minlength=len(first))
    spoken_first = np.cumsum(spoken) - spoken
    counted: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
    # Of those who speak for a key every other holder is met, of the others those who speak.
    asked = np.flatnonzero(rows.asked)
    loud = asked[found.speaks[asked]]
    mute = asked[~found.speaks[asked]]
    everyone = np.arange(len(rows.code))
    for left, begin, length, pool in (
        (loud, first, size, everyone),
        (mute, spoken_first, spoken, speakers),
    ):
        for one, other in _products(left, begin[of_run[left]], length[of_run[left]], pool):
            counted.append(_count(rows, one, other, window_days))
    return _summed(counted)


def blocks(day: NDArray[np.int64], block_days: int) -> NDArray[np.int64]:
    """The number of the block in which each day lies; that of ``NO_DAY`` is its own."""
    return np.where(day == NO_DAY, NO_DAY, day // block_days)


def _runs(*columns: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of equal rows begins, and how long it is."""
    length = len(columns[0])
    if not length:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    begins = np.ones(length, dtype=bool)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    first = np.flatnonzero(begins)
    return first, np.diff(first, append=length)


def _products(
    left: NDArray[np.int64],
    begin: NDArray[np.int64],
    length: NDArray[np.int64],
    pool: NDArray[np.int64],
) -> Any:
    """Each of ``left`` with its stretch of ``pool``, a bounded number at a time."""
    until = np.cumsum(length)
    done = 0
    while done < len(left):
        before = int(until[done - 1]) if done else 0
        end = max(done + 1, int(np.searchsorted(until, before + _AT_ONCE, "right")))
        part = length[done:end]
        yield np.repeat(left[done:end], part), pool[ranged(begin[done:end], part)]
        done = end


def _count(
    rows: Holders, one: NDArray[np.int64], other: NDArray[np.int64], window_days: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of each pair, of both kinds apart: the pair with the kind as one number, and how many.

    Two that were both asked for are met from either side, and counted from the lower one.
    """
    a, b = rows.article[one], rows.article[other]
    days, theirs = rows.day[one], rows.day[other]
    kept = (~rows.asked[other] & (a != b)) | (a < b)
    kept &= (days == NO_DAY) | (theirs == NO_DAY) | (np.abs(days - theirs) <= window_days)
    a, b = a[kept].astype(np.uint64), b[kept].astype(np.uint64)
    kind = rows.code[one[kept]] >> _KIND
    pair = (np.minimum(a, b) << np.uint64(32)) | (np.maximum(a, b) << np.uint64(1)) | kind
    return np.unique(pair, return_counts=True)


def _summed(counted: list[tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> Shared:
    if not counted:
        empty = np.zeros(0, np.int64)
        return Shared(empty, empty, empty, empty)
    pairs = np.concatenate([pair for pair, _ in counted])
    numbers = np.concatenate([number for _, number in counted])
    order = np.argsort(pairs, kind="stable")
    pairs, numbers = pairs[order], numbers[order]
    of_sketch = (pairs & np.uint64(1)).astype(bool)
    both = pairs >> np.uint64(1)
    first, _ = _runs(both)
    if not len(first):
        empty = np.zeros(0, np.int64)
        return Shared(empty, empty, empty, empty)
    ends = both[first]
    return Shared(
        low=(ends >> np.uint64(31)).astype(np.int64),
        high=(ends & np.uint64((1 << 31) - 1)).astype(np.int64),
        bands=np.add.reduceat(np.where(of_sketch, 0, numbers), first),
        sketch=np.add.reduceat(np.where(of_sketch, numbers, 0), first),
    )
