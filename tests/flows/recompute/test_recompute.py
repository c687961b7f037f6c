"""A whole store made anew in chunks: the same as arrival made it, wherever the chunks are done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from socket import gethostname
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.models import CandidatePair
from flows.engines import choose
from flows.engines.choose import LITTLE
from flows.engines.protocol import ChunkFailed
from flows.recompute import grouping, whole
from flows.recompute.digesting import digest_chunk
from flows.recompute.parts import Part, Unalike, rules
from flows.recompute.verifying import together
from storage.errors import StoreError
from storage.store import Store
from tests.flows.recompute.recompute_support import rebuilt, rows_of, spoil


def test_chunks_on_processes_make_what_arrival_made(store: Store) -> None:
    """Every row of texts, repeats, keys, matches and stories, from nothing, on two processes."""
    was = rows_of(store)
    spoil(store)
    report = rebuilt(store, workers=2)
    assert report.articles > LITTLE
    assert report.resigned == report.articles
    now = rows_of(store)
    for name, rows in was.items():
        assert now[name] == rows, name


def test_what_was_done_when_it_failed_is_not_done_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk of pairs that fails twice ends the work; the next rebuild does what is left."""
    monkeypatch.setattr(choose, "LITTLE", 1000)
    was = rows_of(store)
    spoil(store)
    real = whole.verify_chunk
    calls: list[int] = []
    errors = [ValueError("not today")] * 2

    def verify_chunk(part: Any) -> int:
        calls.append(part.number)
        if part.number == 1 and errors:
            raise errors.pop()
        return real(part)

    monkeypatch.setattr(whole, "verify_chunk", verify_chunk)
    with pytest.raises(ChunkFailed, match="pairs 101 to 200: ValueError: not today"):
        rebuilt(store)
    done = set(calls) - {1}
    assert 0 in done
    calls.clear()
    report = rebuilt(store)
    assert report.resumed == report.articles
    assert not done.intersection(calls)
    assert rows_of(store) == was


def test_a_worker_with_other_rules_or_another_disk_refuses(tmp_path: Path) -> None:
    """It says on which machine it is, and which file it does not see; nothing is written."""
    part = Part(folder=str(tmp_path), rules="older ones", number=0, size=1, label="one")
    with pytest.raises(Unalike, match=f"{gethostname()} has other rules"):
        digest_chunk(part)
    with pytest.raises(Unalike, match=r"does not see .*texts/000000.parquet .`engine_folder`"):
        digest_chunk(replace(part, rules=rules()))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_told_in_a_line(tmp_path: Path) -> None:
    """DuckDB's words, the machine and what to do."""
    part = Part(folder=str(tmp_path), rules=rules(), number=0, size=1, label="one")
    part.room.file("texts", 0).parent.mkdir()
    part.room.file("texts", 0).write_bytes(b"PAR1 and no more")
    with pytest.raises(StoreError, match="DuckDB failed on ") as told:
        digest_chunk(part)
    assert "is there room" in told.value.hint


@given(
    st.integers(1, 30).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=40),
        )
    )
)
def test_what_hangs_together_bears_one_label(
    drawn: tuple[int, list[tuple[int, int]]],
) -> None:
    """The lowest node of each part, as walking along the edges finds it; no part is cut."""
    count, edges = drawn
    left = np.array([a for a, _ in edges], dtype=np.int64)
    right = np.array([b for _, b in edges], dtype=np.int64)
    label = grouping.components(count, left, right)
    walked = list(range(count))
    for _ in range(count):
        for a, b in edges:
            walked[a] = walked[b] = min(walked[a], walked[b])
    assert label.tolist() == walked
    pieces = [set(piece.tolist()) for piece in grouping.together(label)]
    assert sorted(one for piece in pieces for one in piece) == list(range(count))
    assert all(any({a, b} <= piece for piece in pieces) for a, b in edges)


def test_pieces_of_many_parts_are_cut_between_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """About as many at once as were asked for."""
    monkeypatch.setattr(grouping, "AT_ONCE", 4)
    label = np.array([0, 0, 0, 3, 3, 0, 6, 7, 7, 7], dtype=np.int64)
    pieces = [sorted(one.tolist()) for one in grouping.together(label)]
    assert pieces == [[0, 1, 2, 5], [3, 4, 6, 7, 8, 9]]


def test_pairs_that_share_articles_are_compared_one_after_the_other() -> None:
    """Each pair once, whatever their order was."""
    named = ["ab", "xy", "bc", "yz", "ac", "mn"]
    pairs = [
        CandidatePair(article_id=a, of_article_id=b, shared_bands=1, shared_sketch=0)
        for a, b in named
    ]
    found = ["".join((one.article_id, one.of_article_id)) for one in together(pairs)]
    assert found == ["ab", "ac", "bc", "xy", "yz", "mn"]
