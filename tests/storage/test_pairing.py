"""Who shares keys with whom: the look-up beside comparing everybody with everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import pairing, reach, signatures
from storage.reach import LAST, Days
from storage.store import connect_memory
from tests.storage.pairing_support import FIRST, Made, plainly


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connect_memory()
    yield con
    con.close()


KEYS = st.frozensets(st.integers(0, 2), max_size=2)
ARTICLES = st.lists(
    st.builds(Made, KEYS, KEYS, st.one_of(st.none(), st.integers(0, 24))), min_size=1, max_size=24
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    made=ARTICLES, asked=st.sets(st.integers(0, 23), max_size=3), window=st.integers(0, 9),
    most=st.integers(1, 3), cut=st.integers(0, 24), handed=st.booleans(),
)  # fmt: skip
def test_the_look_up_finds_what_comparing_everybody_finds(
    empty: duckdb.DuckDBPyConnection, build: Any, made: list[Made], asked: set[int], window: int,
    most: int, cut: int, handed: bool,
) -> None:  # fmt: skip
    """Crowded keys, blocks seen in part, no day, any batches: the pairs and who is displaced."""
    names = [f"{number * 7919 % 100_000:012d}" for number in range(len(made))]
    stored = dict(zip(names, made, strict=True))
    wanted = {names[number] for number in asked if number < len(names)}
    when = {
        name: None if one.day is None else FIRST + timedelta(days=one.day)
        for name, one in stored.items()
    }
    others = [name for name in names if name not in wanted]
    empty.execute("BEGIN")
    try:
        for batch in (others[:cut], others[cut:], sorted(wanted)):
            keys = signatures.save(
                empty,
                [
                    build.signature(
                        name, name, bands=tuple(stored[name].bands),
                        sketch=tuple(stored[name].sketch),
                    )
                    for name in batch
                ],
                when,
            )  # fmt: skip
        found = signatures.neighbours(
            empty,
            keys if handed else signatures.read(empty, wanted),
            window_days=window,
            max_common=most,
        )
    finally:
        empty.execute("ROLLBACK")
    pairs, displaced = plainly(stored, wanted, window, most)
    assert [
        (one.article_id, one.of_article_id, one.shared_bands, one.shared_sketch)
        for one in found.pairs
    ] == pairs
    assert set(found.displaced) == displaced


def test_what_save_hands_back_is_what_is_read(empty: duckdb.DuckDBPyConnection, build: Any) -> None:
    """A key that a text holds twice is one row, under its kind, in the same order of articles."""
    empty.execute("BEGIN")
    made = [
        build.signature("b" * 12, bands=(3, 3, -1), sketch=(3, 2**40)),
        build.signature("a" * 12, bands=(2**64 - 1,), sketch=()),
        build.signature("c" * 12, bands=(), sketch=()),
    ]
    written = signatures.save(empty, made, {"a" * 12: FIRST})
    read = signatures.read(empty, ["c" * 12, "b" * 12, "a" * 12])
    empty.execute("ROLLBACK")
    assert written.ids == read.ids == ["a" * 12, "b" * 12, "c" * 12]
    rows = [
        sorted(zip(*(column.tolist() for column in keys[1:5]), strict=True))
        for keys in (written, read)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 5
    assert {day for *_, owner, day in rows[0] if owner == 1} == {pairing.NO_DAY}


def test_pairs_are_counted_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few fit at once, each pair is met with all of its keys."""
    generator = np.random.default_rng(3)
    codes = generator.integers(0, 6, 60).astype(np.uint64) | (
        generator.integers(0, 2, 60).astype(np.uint64) << np.uint64(32)
    )
    rows = np.unique(np.stack([codes, generator.integers(0, 20, 60).astype(np.uint64)]), axis=1)
    article = rows[1].astype(np.int64)
    holders = pairing.Holders(rows[0], article, article // 2, article % 3 == 0)

    def found() -> list[list[int]]:
        known = pairing.crowds(pairing.met(holders), block_days=5, most=2)
        return [column.tolist() for column in pairing.shared(known, window_days=5)]

    whole = found()
    assert len(whole[0]) > 10
    for most in (1, 2, 7):
        monkeypatch.setattr(pairing, "_AT_ONCE", most)
        assert found() == whole


DAYS = st.lists(st.integers(0, 300) | st.sampled_from([0, LAST]), min_size=1, max_size=12)


@given(days=DAYS, near=st.integers(0, 20), most=st.integers(1, 4))
def test_ranges_reach_all_days_near_those_asked_for(
    days: list[int], near: int, most: int
) -> None:  # fmt: skip
    """No more of them than allowed, apart and in order, and none past the calendar's ends."""
    ranges = reach.around(days, near, most)
    assert len(ranges) <= most
    assert all(a.last + 1 < b.first for a, b in pairwise(ranges))
    for day in days:
        low, high = max(0, day - near), min(LAST, day + near)
        assert any(one.first <= low and high <= one.last for one in ranges)
    assert ranges[0].first >= 0
    assert ranges[-1].last <= LAST


@given(
    days=st.lists(st.integers(0, 120), min_size=1, max_size=5), near=st.integers(0, 9),
    size=st.integers(1, 14),
)  # fmt: skip
def test_edges_are_the_rest_of_the_blocks_begun(days: list[int], near: int, size: int) -> None:
    """Together with the ranges they hold whole blocks, and no day twice."""
    ranges = reach.around(days, near, 8)
    seen = {day for one in ranges for day in range(one.first, one.last + 1)}
    rest = [day for one in reach.edges(ranges, size) for day in range(one.first, one.last + 1)]
    blocks = {day // size for day in seen}
    assert len(rest) == len(set(rest))
    assert set(rest) == {block * size + i for block in blocks for i in range(size)} - seen


def test_a_lone_old_article_does_not_widen_what_is_read() -> None:
    """The years between are in no range, and a condition names each range."""
    ranges = reach.around([1000, 1001, 9000], 14, 8)
    assert ranges == [Days(986, 1015), Days(8986, 9014)]
    assert reach.condition("day", ranges).count("BETWEEN") == 2
    assert reach.condition("day", []) == "false"
