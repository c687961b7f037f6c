"""Which days a look-up reaches, as ranges; days are numbers from 0001-01-01 on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

LAST = (date.max - date.min).days


class Days(NamedTuple):
    """From ``first`` to ``last``, both within."""

    first: int
    last: int


def around(days: Iterable[int], reach: int, most: int) -> list[Days]:
    """The days within ``reach`` of any of ``days``, as at most ``most`` ranges, in order.

    One old article among new ones must not have all the years between looked through.  Where
    there would be more ranges, the shortest gaps are taken in.
    """
    made = merged(Days(max(0, day - reach), min(LAST, day + reach)) for day in sorted(set(days)))
    while len(made) > most:
        gaps = sorted(b.first - a.last for a, b in pairwise(made))
        made = merged(made, near=gaps[len(made) - most - 1])
    return made


def merged(ranges: Iterable[Days], near: int = 1) -> list[Days]:
    """Ranges in order, joined where one begins no more than ``near`` days after another's end."""
    made: list[Days] = []
    for one in sorted(ranges):
        if made and one.first - made[-1].last <= near:
            made[-1] = Days(made[-1].first, max(made[-1].last, one.last))
        else:
            made.append(one)
    return made


def edges(ranges: Sequence[Days], block_days: int) -> list[Days]:
    """The rest of the blocks of ``block_days`` days that ranges, merged, hold in part."""
    made: list[Days] = []
    before = -1
    for one, after in zip(ranges, [*ranges[1:], Days(LAST + 1, LAST + 1)], strict=True):
        made.append(Days(max(before + 1, one.first // block_days * block_days), one.first - 1))
        end = one.last // block_days * block_days + block_days - 1
        made.append(Days(one.last + 1, min(end, after.first - 1)))
        before = one.last
    return merged(one for one in made if one.first <= one.last)


def condition(column: str, ranges: Iterable[Days]) -> str:
    """A test of a DATE column for any of the ranges, in SQL; ``false`` for none.

    Bounds as plain constants let DuckDB skip row groups outside.
    """
    tests = [
        f"{column} BETWEEN DATE '{date.min + timedelta(days=one.first)}' "
        f"AND DATE '{date.min + timedelta(days=one.last)}'"
        for one in ranges
    ]
    return f"({' OR '.join(tests)})" if tests else "false"
