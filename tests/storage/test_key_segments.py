"""Keys packed into segments: whatever was written, edited, deleted, merged or read before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import check, key_segments, packed, signatures
from storage.packed import Packed, Sieve
from storage.recent import Mark, Recent
from storage.store import Store, connect_memory
from tests.storage.pairing_support import FIRST, Made, plainly

KEYS = st.frozensets(st.integers(0, 3), max_size=3)
MADE = st.builds(Made, KEYS, KEYS, st.none() | st.integers(0, 12))
NUMBERS = st.integers(0, 9)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("save"), st.dictionaries(NUMBERS, MADE, min_size=1, max_size=5)),
        st.tuples(st.just("save and undo"), st.dictionaries(NUMBERS, MADE, max_size=5)),
        st.tuples(st.just("delete"), st.sets(NUMBERS, max_size=4)),
        st.tuples(st.just("merge"), st.none()),
        st.tuples(st.just("look up"), st.sets(NUMBERS, max_size=3)),
    ),
    min_size=1,
    max_size=7,
)  # fmt: skip


def name_of(number: int) -> str:
    """Ids in no order, and not all of one length."""
    return f"{number * 7919 % 1000:0{number % 3 + 3}d}"


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connect_memory()
    con.execute("SET threads = 1")
    yield con
    con.close()


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    steps=STEPS, window=st.integers(0, 5), common=st.integers(1, 3), most=st.integers(1, 20),
    held=st.sampled_from([0, 300, 1 << 20]),
)  # fmt: skip
def test_whatever_came_before_the_same_pairs_are_found(
    empty: duckdb.DuckDBPyConnection, build: Any, steps: list[tuple[str, Any]], window: int,
    common: int, most: int, held: int,
) -> None:  # fmt: skip
    """Small segments, edits, deletions, merges, undone writes and any memory of what was read."""
    stored: dict[str, Made] = {}

    def save(articles: dict[int, Made]) -> signatures.Keys:
        made = {name_of(number): one for number, one in articles.items()}
        return signatures.save(
            empty,
            [
                build.signature(name, name, bands=tuple(one.bands), sketch=tuple(one.sketch))
                for name, one in made.items()
            ],
            {
                name: None if one.day is None else FIRST + timedelta(days=one.day)
                for name, one in made.items()
            },
        )

    def look(keys: signatures.Keys, asked: set[str]) -> None:
        found = signatures.neighbours(empty, keys, window_days=window, max_common=common)
        pairs, displaced = plainly(stored, asked, window, common)
        assert [
            (one.article_id, one.of_article_id, one.shared_bands, one.shared_sketch)
            for one in found.pairs
        ] == pairs
        assert set(found.displaced) == displaced

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_segments, "_RECENT", Recent(held))
        patch.setattr(
            key_segments, "STORAGE",
            replace(key_segments.STORAGE, segment_keys=most, segments_at_once=2, held_keys=held),
        )  # fmt: skip
        empty.execute("BEGIN")
        for step, articles in steps:
            if step == "save":
                keys = save(articles)
                stored |= {name_of(number): one for number, one in articles.items()}
                look(keys, {name_of(number) for number in articles})
            elif step == "save and undo":
                empty.execute("COMMIT; BEGIN")
                kept = dict(stored)
                keys = save(articles)
                stored |= {name_of(number): one for number, one in articles.items()}
                look(keys, {name_of(number) for number in articles})
                empty.execute("ROLLBACK; BEGIN")
                stored = kept
            elif step == "delete":
                signatures.delete(empty, [name_of(number) for number in articles])
                for number in articles:
                    stored.pop(name_of(number), None)
            elif step == "merge":
                key_segments.merge(empty)
            else:
                asked = {name_of(number) for number in articles} & stored.keys()
                look(signatures.read(empty, asked), asked)
        look(signatures.read(empty, stored), set(stored))
        told = [check.FAULTS[kind][1] for kind in ("keys_missing", "keys_unreadable")]
        assert [empty.execute(query).fetchall() for query in told] == [[], []]
        assert rows(empty) == sorted(
            (
                key, name, None if one.day is None else FIRST.date() + timedelta(days=one.day), kind
            )
            for name, one in stored.items()
            for kind, held_keys in enumerate(one[:2])
            for key in held_keys
        )  # fmt: skip
        empty.execute("DELETE FROM core.signatures; DELETE FROM core.key_segments; COMMIT")


def rows(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The keys as a person sees them."""
    found = con.execute("SELECT key, article_id, day, kind FROM core.signature_keys").fetchall()
    return sorted(found)


def one_each(build: Any, names: Sequence[str]) -> list[Any]:
    return [build.signature(name, bands=(1,), sketch=(2, 3)) for name in names]


def test_what_another_process_wrote_is_seen(tmp_path: Any, build: Any, monkeypatch: Any) -> None:
    """Keys kept in memory are those of the file, whoever wrote it in between."""
    at = dict.fromkeys("abc", FIRST)
    store = Store(tmp_path)

    def pairs(asked: str) -> list[str]:
        with store.write() as con:
            found = signatures.candidates(con, [asked], window_days=3, max_common=9)
        return [one.article_id + one.of_article_id for one in found]

    with store.write() as con:
        signatures.save(con, one_each(build, "ab"), at)
    assert pairs("a") == ["ab"]
    for change, wanted in (
        (lambda con: signatures.save(con, one_each(build, "c"), at), ["ab", "ac"]),
        (lambda con: signatures.delete(con, ["b"]), ["ac"]),
        (lambda con: signatures.save(con, one_each(build, "b"), {"b": None}), ["ab", "ac"]),
    ):
        with monkeypatch.context() as other:
            other.setattr(key_segments, "_RECENT", Recent(1 << 20))
            with store.write() as con:
                change(con)
        assert pairs("a") == wanted


def test_two_stores_of_one_day_are_told_apart(build: Any, open_empty: Any) -> None:
    """As many articles on the same day are no reason to take one store's keys for another's."""
    found = []
    for name in "ab":
        con = open_empty()
        con.execute("BEGIN")
        signatures.save(con, one_each(build, [name]), {name: FIRST})
        found.append(signatures.read(con, ["a", "b"]).key.tolist())
        found.append(signatures.read(con, [name]).key.tolist())
        con.close()
    assert [len(each) for each in found] == [3, 3, 3, 3]


def test_losing_one_or_the_other_of_two_equal_rows_is_told_apart(
    empty: duckdb.DuckDBPyConnection, build: Any, monkeypatch: Any
) -> None:
    """Nothing is left of a row either way; what was kept in memory of one is not the other's."""
    monkeypatch.setattr(key_segments, "STORAGE", replace(key_segments.STORAGE, segment_keys=3))
    empty.execute("BEGIN")
    signatures.save(empty, one_each(build, "abc"), dict.fromkeys("abc", FIRST))
    empty.execute("COMMIT")
    for gone, left in (("b", "ac"), ("c", "ab")):
        empty.execute("BEGIN")
        signatures.delete(empty, [gone])
        found = signatures.candidates(empty, ["a"], window_days=1, max_common=9)
        assert [one.article_id + one.of_article_id for one in found] == [left]
        empty.execute("ROLLBACK")
    empty.execute("DELETE FROM core.signatures; DELETE FROM core.key_segments")


def test_a_window_reads_only_the_days_that_others_changed(
    tmp_path: Any, build: Any, monkeypatch: Any
) -> None:
    """What a window read or wrote itself is known to the next one."""
    monkeypatch.setattr(key_segments, "_RECENT", Recent(1 << 20))
    real, loaded = key_segments._loaded, []

    def counted(con: Any, days: Any) -> Any:
        loaded.append(len(list(days)))
        return real(con, days)

    monkeypatch.setattr(key_segments, "_loaded", counted)
    store = Store(tmp_path)
    for n, name in enumerate("abcdef"):
        with store.write() as con:
            if name == "e":
                signatures.delete(con, ["b"])
            keys = signatures.save(
                con, one_each(build, [name]), {name: FIRST + timedelta(days=n % 2)}, new=[name]
            )
            pairs = signatures.neighbours(con, keys, window_days=3, max_common=9).pairs
            assert len(pairs) == (n if name < "e" else n - 1)
    assert loaded == [1], "the day that lost an article"


def test_small_segments_of_a_day_are_merged_at_a_publish(tmp_path: Any, build: Any) -> None:
    """Ten short windows leave few rows behind, and one article a day is left where it is."""
    store = Store(tmp_path)
    for n in range(10):
        with store.write() as con:
            names = [f"x{n}", f"y{n}"]
            at = {names[0]: FIRST, names[1]: FIRST + timedelta(days=n + 1)}
            signatures.save(con, one_each(build, names), at)
    with store.write() as con:
        before = rows(con)
    store.publish()
    with store.write() as con:
        found = con.execute("SELECT day, size FROM core.key_segments ORDER BY day").fetchall()
        assert rows(con) == before
    assert found[0] == (FIRST.date(), 30)
    assert [size for _, size in found[1:]] == [3] * 10


def test_a_full_segment_stays_in_line(build: Any, empty: duckdb.DuckDBPyConnection) -> None:
    """DuckDB keeps strings of up to 4,096 bytes in line; only an article beyond that goes over."""
    empty.execute("BEGIN")
    made = [
        build.signature(f"{n:012}", bands=tuple(range(16)), sketch=tuple(range(n % 60)))
        for n in range(300)
    ]
    made.append(build.signature("z" * 12, bands=(), sketch=tuple(range(5000))))
    signatures.save(empty, made, {one.article_id: FIRST for one in made})
    found = empty.execute(
        "SELECT octet_length(keys), octet_length(counts) // 8 FROM core.key_segments"
    ).fetchall()
    empty.execute("ROLLBACK")
    assert sorted(found)[-1] == (20_000, 1)
    full = sorted(length for length, _ in found)[1:-1]
    assert 3700 < full[0] <= full[-1] <= 4000


COUNTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=9)


@given(counts=COUNTS, most=st.integers(1, 12), wanted=st.lists(st.booleans(), min_size=9))
def test_articles_keep_their_keys_however_they_are_cut(
    counts: list[tuple[int, int]], most: int, wanted: list[bool]
) -> None:
    """Cut, joined again and picked from: each article has its own bands and its own sketch."""
    flat = np.array(counts, dtype=np.int64).reshape(-1)
    whole = packed.packed(
        [str(number) for number in range(len(counts))], flat,
        np.arange(int(flat.sum()), dtype=np.uint32),
    )  # fmt: skip

    def told(articles: Packed) -> dict[str, list[list[int]]]:
        parts = np.split(articles.keys, articles.ends)[: len(articles.ends)]
        lists = [part.tolist() for part in parts]
        names = [one.decode() for one in articles.ids.tolist()]
        return {name: lists[2 * n : 2 * n + 2] for n, name in enumerate(names)}

    cut = list(whole.cut(most))
    assert all(len(part.keys) <= most or len(part.ids) == 1 for part in cut)
    assert told(packed.joined(cut)) == told(whole)
    picked = np.array(wanted[: len(counts)], dtype=bool)
    assert told(whole.where(picked)) == {
        name: each for (name, each), one in zip(told(whole).items(), picked, strict=True) if one
    }
    for place in range(len(whole.keys)):
        slot = int(whole.slots(np.array([place]))[0])
        assert place in told(whole)[str(slot >> 1)][slot & 1]


def test_a_sieve_finds_exactly_the_keys_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys alike in their upper or lower bits are others; and pieces join without a seam."""
    monkeypatch.setattr(packed, "AT_ONCE", 7)
    generator = np.random.default_rng(5)
    asked = generator.integers(0, 1 << 32, 50).astype(np.uint32)
    near = np.concatenate([asked ^ np.uint32(1), asked ^ np.uint32(1 << 31), asked[::3]])
    among = generator.permutation(np.concatenate([near, np.array([0, 2**32 - 1], np.uint32)]))
    found = Sieve(asked).places(among)
    assert found.tolist() == np.flatnonzero(np.isin(among, asked)).tolist()
    assert Sieve(asked[:0]).places(among).tolist() == []
    assert Sieve(asked).places(among[:0]).tolist() == []


def test_memory_for_keys_is_bounded() -> None:
    """What was asked for last stays, and one that is too large is not kept at all."""

    def articles(count: int) -> Packed:
        return packed.packed(["a"], np.array([count, 0]), np.zeros(count, np.uint32))

    recent = Recent(3 * articles(100).nbytes)
    for day in range(3):
        recent.put(day, Mark(1, 1), articles(100))
    assert recent.get(0, Mark(1, 1)) is not None
    assert recent.get(0, Mark(1, 2)) is None
    recent.put(3, Mark(1, 1), articles(100))
    assert [recent.get(day, Mark(1, 1)) is not None for day in range(4)] == [
        True,
        False,
        True,
        True,
    ]
    recent.put(4, Mark(1, 1), articles(10_000))
    assert recent.get(4, Mark(1, 1)) is None
    assert recent.get(3, Mark(1, 1)) is not None


def test_what_a_day_held_before_goes_for_what_it_holds_now() -> None:
    """A day that grows with every batch is kept once, and other days have their room."""

    def articles(count: int) -> Packed:
        return packed.packed(["a"], np.array([count, 0]), np.zeros(count, np.uint32))

    recent = Recent(10 * articles(100).nbytes)
    recent.put(7, Mark(1, 1), articles(100))
    for rows in range(1, 100):
        recent.put(0, Mark(rows + 1, 0), articles(100 + rows), instead_of=Mark(rows, 0))
    assert [recent.get(0, Mark(rows, 0)) is not None for rows in (98, 99, 100)] == [
        False,
        False,
        True,
    ]
    assert recent.get(7, Mark(1, 1)) is not None


def test_days_are_named_in_ranges_or_one_by_one() -> None:
    """A condition finds exactly its days, however many there are and with the undated or not."""
    con = duckdb.connect()
    con.execute(
        f"CREATE TABLE k AS SELECT DATE '{date.min}' + n::INTEGER AS day FROM range(99) r(n)"
    )
    con.execute("INSERT INTO k VALUES (NULL)")
    for days in ([], [3], [3, 4, 5, -1], list(range(0, 99, 3)), [*range(0, 99, 3), -1], [-1]):
        test = key_segments.on_days("k.day", days)
        found = con.execute(
            f"SELECT coalesce(day - DATE '{date.min}', -1) FROM k WHERE {test}"
        ).fetchall()
        assert sorted(day for (day,) in found) == sorted(days)
    con.close()
