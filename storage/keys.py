"""Keys of articles as arrays, a row each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Signature
from storage.key_segments import Written
from storage.packed import AT_ONCE, Packed, packed
from storage.packed import joined as joined_articles
from storage.pairing import NO_DAY

_MASK = (1 << 64) - 1


class Keys(NamedTuple):
    """What some articles are looked up by: their ids, and a row a key."""

    ids: list[str]
    key: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    """0: a band of the MinHash signature; 1: a key of the containment sketch."""
    owner: NDArray[np.int64]
    """The article's place in ``ids``.  An article's keys stand together, its bands first."""
    day: NDArray[np.int64]
    written: Mapping[int, Written] = MappingProxyType({})
    """What was stored with them, by day."""


def none() -> Keys:
    """Keys of no article."""
    empty = np.zeros(0, np.int64)
    return Keys([], empty.astype(np.uint32), empty.astype(np.uint8), empty, empty)


def joined(parts: Sequence[Keys]) -> Keys:
    """Keys of articles no two parts share."""
    if not parts:
        return none()
    ids: list[str] = []
    owners = []
    for part in parts:
        owners.append(part.owner + len(ids))
        ids += part.ids
    return Keys(
        ids,
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate(owners),
        np.concatenate([part.day for part in parts]),
    )


def of_signatures(ids: list[str], signatures: Sequence[Signature], days: NDArray[np.int64]) -> Keys:
    """The keys of ``signatures``, each once: equal ones of a document would count twice.

    ``ids`` and ``days`` (``day_number``) go with the signatures.
    """
    made: list[int] = []
    counts: list[int] = []
    for signature in signatures:
        made.extend(signature.bands)
        made.extend(signature.sketch)
        counts += len(signature.bands), len(signature.sketch)
    row = np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    found = np.sort((row << np.uint64(32)) | _short(unsigned(made)))
    found = found[np.diff(found, prepend=~found[:1]).astype(bool)]
    owner = (found >> np.uint64(33)).astype(np.int64)
    return Keys(
        ids=ids,
        key=found.astype(np.uint32),
        kind=((found >> np.uint64(32)) & np.uint64(1)).astype(np.uint8),
        owner=owner,
        day=days[owner],
    )


def by_day(keys: Keys, days: NDArray[np.int64]) -> dict[int, Packed]:
    """``keys``, which stand in the order of their articles, of which ``days`` are."""
    slots = 2 * keys.owner + keys.kind
    whole = packed(keys.ids, np.bincount(slots, minlength=2 * len(keys.ids)), keys.key)
    order = np.argsort(days, kind="stable")
    each, first = np.unique(days[order], return_index=True)
    if len(each) == 1:
        return {int(each[0]): whole}
    ranged = whole.taken(order)
    spans = pairwise([*first.tolist(), len(days)])
    return {day: ranged.run(*span) for day, span in zip(each.tolist(), spans, strict=True)}


def together(days: Iterable[tuple[int, Packed]]) -> Iterator[tuple[NDArray[np.int64], Packed]]:
    """The articles of days with their days, those of small days as one.

    Looking through a day costs as much as looking through some thousand keys.
    """
    some: list[tuple[int, Packed]] = []
    held = 0
    for one in days:
        some.append(one)
        held += len(one[1].keys)
        if held >= AT_ONCE:
            yield _as_one(some)
            some, held = [], 0
    if some:
        yield _as_one(some)


def _as_one(days: Sequence[tuple[int, Packed]]) -> tuple[NDArray[np.int64], Packed]:
    sizes = [len(articles.ids) for _, articles in days]
    return np.repeat([day for day, _ in days], sizes), joined_articles([one for _, one in days])


def at(
    articles: Packed,
    days: NDArray[np.int64],
    places: NDArray[np.int64],
    without: Collection[str] = (),
) -> Keys:
    """The keys at some places among those of ``articles``, but for some articles'.

    ``days`` go with the articles.
    """
    slots = articles.slots(places)
    held, owner = np.unique(slots >> 1, return_inverse=True)
    names = [one.decode() for one in articles.ids[held].tolist()]
    wanted = np.array([name not in without for name in names], dtype=bool)
    rows = wanted[owner]
    return Keys(
        ids=[name for name in names if name not in without],
        key=articles.keys[places[rows]],
        kind=(slots[rows] & 1).astype(np.uint8),
        owner=(np.cumsum(wanted) - 1)[owner[rows]],
        day=days[held][owner[rows]],
    )


def unsigned(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hashes as they are stored: one kept as a signed number is the same 64 bits."""
    try:
        return np.fromiter(values, dtype=np.uint64, count=len(values))
    except OverflowError:
        return np.fromiter((value & _MASK for value in values), dtype=np.uint64, count=len(values))


def day_number(at: datetime | None) -> int:
    """The day of a time in UTC, counted from 0001-01-01; ``NO_DAY`` for None."""
    return NO_DAY if at is None else (at.astimezone(UTC).date() - date.min).days


def date_of(day: int) -> date | None:
    """The date of a ``day_number``."""
    return None if day == NO_DAY else date.min + timedelta(days=day)


def _short(
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """64-bit keys as the 32 bits that are stored.

    Keys that differ meet by chance once in 4 billion, and the texts are compared before anything
    counts.  Both halves go in: sketch keys are multiples, so their low bits say less.
    """
    return (keys ^ (keys >> np.uint64(32))).astype(np.uint32)
