"""A batch is stored whole, or not at all, or on the second try when DuckDB fails inside itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from dedupe.models import CandidatePair
from flows import comparing
from flows.digest import digest
from flows.save import save_batch
from storage.errors import StoreFault
from storage.store import Store
from tests.flows.newsroom_support import NOW, newsroom


class Faulty(Store):
    """A store of which the first windows fail when they are about to be committed."""

    faults = 1

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with super().write() as con:
            yield con
            if self.faults:
                self.faults -= 1
                raise duckdb.TransactionException("Failed to commit: Invalid unicode")


def held(store: Store) -> int:
    """Articles stored."""
    with Store(store.folder).write() as con:
        row = con.execute("SELECT count(*) FROM articles").fetchone()
    return row[0] if row else 0


def test_a_fault_inside_duckdb_costs_a_second_try_and_nothing_else(tmp_path: Path) -> None:
    """The batch is written once, as if nothing had happened."""
    batch = digest(newsroom(7, 1, crowd=2), {}, all_topics=True, now=NOW)
    saved = save_batch(Faulty(tmp_path), batch, NOW)
    assert len(saved.new) == held(Store(tmp_path)) > 0


def test_a_fault_that_comes_back_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Two in a row end the run with a plain word; the store is as before."""
    batch = digest(newsroom(7, 1, crowd=2), {}, all_topics=True, now=NOW)
    store = Faulty(tmp_path)
    store.faults = 2
    with pytest.raises(StoreFault, match="DuckDB failed while writing"):
        save_batch(store, batch, NOW)
    assert held(store) == 0


def test_matches_do_not_depend_on_how_many_articles_are_compared_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at a time, so that most pairs stand in a group of their own."""
    batch = digest(newsroom(7, 2, crowd=5), {}, all_topics=True, now=NOW)
    matches = []
    for name, most in (("all", 1000), ("few", 2)):
        monkeypatch.setattr(comparing, "COMPARED_AT_ONCE", most)
        save_batch(Store(tmp_path / name), batch, NOW)
        with Store(tmp_path / name).write() as con:
            matches.append(con.execute("SELECT * FROM core.matches ORDER BY ALL").fetchall())
    assert matches[0] == matches[1]
    assert len(matches[0]) > 2


def test_pairs_are_compared_in_order_and_few_articles_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every pair once, and no group of more articles than are allowed."""
    monkeypatch.setattr(comparing, "COMPARED_AT_ONCE", 5)
    pairs = [
        CandidatePair(
            article_id=f"a{one}", of_article_id=f"a{other}", shared_bands=1, shared_sketch=0
        )
        for one in range(12)
        for other in range(one + 1, 12)
    ]
    found = list(comparing.groups(pairs))
    assert [pair for group in found for pair in group] == pairs
    assert max(len({e for p in g for e in (p.article_id, p.of_article_id)}) for g in found) == 5
