"""Candidate pairs of a whole store: joined range by range, they are those that runs find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.models import Signature
from storage import chunks, joining, signatures
from storage.store import connect_memory, connect_scratch

FIRST = datetime(2026, 1, 1, 12, tzinfo=UTC)
WINDOW, CAP, SKETCH = 3, 2, 2
# Few keys and days, so that keys are crowded, and blocks of days are met at their edges.
keys = st.lists(st.integers(0, 9), max_size=4)
articles = st.lists(st.tuples(st.integers(0, 15), keys, keys), min_size=2, max_size=14)


def spread(key: int) -> int:
    """A key that lies somewhere among all, as hashes do."""
    return key * 429_496_729 + 7


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A store in memory; each example is rolled back."""
    made = connect_memory()
    made.execute("SET threads = 1")  # a few rows a statement: more would wait
    yield made
    made.close()


def written(
    con: duckdb.DuckDBPyConnection, made: list[Any], folder: Path
) -> tuple[list[Path], list[Path], set[Any]]:
    """Files of keys and of texts as chunks leave them, and the pairs that the store finds."""
    signed = [
        Signature(
            article_id=f"a{n:02}", exact=n, shingles=9, minhash=b"",
            bands=tuple(map(spread, bands)), sketch=tuple(map(spread, sketch)),
        )
        for n, (_, bands, sketch) in enumerate(made)
    ]  # fmt: skip
    at = {f"a{n:02}": FIRST + timedelta(days=day) for n, (day, *_) in enumerate(made)}
    con.execute("BEGIN")
    signatures.save(con, signed, at)
    found = signatures.candidates(con, list(at), window_days=WINDOW, max_common=CAP)
    pairs = {
        (p.article_id, p.of_article_id, p.shared_bands, p.shared_sketch)
        for p in found
        if p.shared_bands or p.shared_sketch >= SKETCH
    }
    files: tuple[list[Path], list[Path]] = ([], [])
    for number, odd in enumerate(("= 0", "= 1")):
        half = f"WHERE ascii(right(article_id, 1)) % 2 {odd}"
        for kind, query in (
            ("keys", f"FROM core.signature_keys {half} ORDER BY key"),
            (
                "remade",
                f"SELECT article_id, day::TIMESTAMPTZ AS told_at FROM core.signatures {half}",
            ),
        ):
            files[kind == "remade"].append(folder / kind / f"{number:06}.parquet")
            chunks.write(con, files[kind == "remade"][-1], query)
    con.execute("ROLLBACK")
    return *files, pairs


@settings(max_examples=25)
@given(articles, st.integers(1, 3), st.integers(1, 4))
def test_ranges_of_keys_add_up_to_what_the_store_finds(
    con: Any, tmp_path_factory: Any, made: list[Any], ranges: int, size: int
) -> None:
    """The same pairs with the same counts, however many ranges there are, dealt out in pieces."""
    folder = tmp_path_factory.mktemp("joining")
    held, remade, wanted = written(con, made, folder)
    beside = connect_scratch(folder, memory_mib=256)
    bounds = [number * (1 << 32) // ranges for number in range(ranges + 1)]
    joined = [folder / f"joined-{number}.parquet" for number in range(ranges)]
    for number, path in enumerate(joined):
        joining.join(
            beside,
            held,
            bounds[number],
            bounds[number + 1],
            path,
            window_days=WINDOW,
            max_common=CAP,
        )
    total = joining.deal(beside, joined, remade, min_shared_sketch=SKETCH)
    assert total == len(wanted)
    dealt = []
    for first in range(0, total, size):
        path = folder / "pairs.parquet"
        joining.write_dealt(beside, first, first + size, path)
        pairs, numbers = joining.read_dealt(beside, path)
        dealt += pairs
        assert numbers == sorted(
            {int(one[-1]) % 2 for p in pairs for one in (p.article_id, p.of_article_id)}
        )
    beside.close()
    found = [(p.article_id, p.of_article_id, p.shared_bands, p.shared_sketch) for p in dealt]
    assert sorted(found) == sorted(wanted)


def test_a_chunk_that_fails_leaves_no_file(tmp_path: Path) -> None:
    """What is there under its name is whole."""
    con = connect_scratch(tmp_path, memory_mib=256)
    path = tmp_path / "made" / "000000.parquet"
    with pytest.raises(duckdb.Error, match="no"):
        chunks.write(con, path, "SELECT error('no') AS a FROM range(3)")
    assert list(path.parent.iterdir()) == []
    chunks.write(con, path, f"SELECT DATE '{date.min}' AS a")
    assert con.execute(f"FROM {chunks.source(path)}").fetchall() == [(date.min,)]
