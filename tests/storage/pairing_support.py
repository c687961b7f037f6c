"""Who shares keys with whom, found by comparing everybody with everybody."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import NamedTuple

FIRST = datetime(2026, 1, 1, 9, tzinfo=UTC)


class Made(NamedTuple):
    """An article's keys and its day, counted from ``FIRST``."""

    bands: frozenset[int]
    sketch: frozenset[int]
    day: int | None


def plainly(
    made: dict[str, Made], asked: set[str], window: int, most: int
) -> tuple[list[tuple[str, str, int, int]], set[str]]:
    """Pairs with their shared keys, and who is displaced, without any index."""
    origin = (FIRST.date() - datetime.min.date()).days
    holders: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in sorted(made):
        for kind, keys in enumerate(made[name][:2]):
            for key in keys:
                holders[kind, key].append(name)
    shared: Counter[tuple[str, str, int]] = Counter()
    displaced = set()
    for (kind, _), names in holders.items():
        if not asked & set(names):
            continue
        crowd: dict[int | None, list[str]] = defaultdict(list)
        for name in names:
            day = made[name].day
            crowd[None if day is None else (origin + day) // max(window, 1)].append(name)
        speak = {name for group in crowd.values() for name in group[:most]}
        for group in crowd.values():
            without = [name for name in group if name not in asked]
            displaced |= set(without[:most]) - speak
        for one in names:
            for other in names:
                days = made[one].day, made[other].day
                near = None in days or abs(days[0] - days[1]) <= window
                if one < other and near and {one, other} & asked and {one, other} & speak:
                    shared[one, other, kind] += 1
    pairs = sorted({(one, other) for one, other, _ in shared})
    return [(a, b, shared[a, b, 0], shared[a, b, 1]) for a, b in pairs], displaced
