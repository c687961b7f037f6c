"""The same articles in any order and in batches of any size make the same stories."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from dedupe import match
from dedupe.models import Document, Match
from dedupe.prepared import Prepared
from flows.digest import Digested, digest
from flows.save import save_batch
from storage.store import Store
from tests.flows.newsroom_support import NOW, InMemory, newsroom


def outcome(store: Store, batches: Sequence[Sequence[Digested]]) -> dict[str, object]:
    """What a store shows after the batches, without the names of its stories."""
    for batch in batches:
        save_batch(store, batch, NOW)
    with store.write() as con:
        groups = con.execute(
            "SELECT list(article_id ORDER BY article_id), "
            "list(article_id) FILTER (is_representative) FROM articles GROUP BY story_id"
        ).fetchall()
        copies = con.execute(
            "SELECT article_id, of_article_id, relation, jaccard, containment FROM duplicates"
        ).fetchall()
        figures = con.execute(
            "SELECT representative_id, articles, publishers, first_published_at, "
            "last_published_at FROM stories"
        ).fetchall()
    return {
        "stories": sorted((tuple(members), tuple(shown)) for members, shown in groups),
        "duplicates": sorted(copies, key=str),
        "figures": sorted(figures, key=str),
    }


def shuffled(digested: Sequence[Digested], seed: int) -> list[list[Digested]]:
    """The articles in an order and in batches of sizes of their own."""
    make = random.Random(seed)
    left = list(digested)
    make.shuffle(left)
    largest = make.choice([20, 40, 100])
    batches = []
    while left:
        size = make.randint(1, largest)
        batches.append(left[:size])
        left = left[size:]
    return batches


@pytest.fixture
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two texts are compared once for all orders: what is said of them hangs on them alone."""
    known: dict[tuple[Document, Document], Match | None] = {}
    real = match.judge

    def judge(a: Prepared, b: Prepared) -> Match | None:
        pair = (a.document, b.document)
        if pair not in known:
            known[pair] = real(a, b)
        return known[pair]

    monkeypatch.setattr(match, "judge", judge)


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("orders", [3, pytest.param(20, marks=pytest.mark.long)])
def test_all_orders_and_batch_sizes_make_the_same_stories(orders: int) -> None:
    """The same partition, representatives and duplicates, whatever came first."""
    digested = digest(newsroom(7, 3), {}, all_topics=True, now=NOW)
    whole = outcome(InMemory(), [digested])
    for seed in range(orders):
        found = outcome(InMemory(), shuffled(digested, seed))
        for part in whole:
            assert found[part] == whole[part], (seed, part)


def test_a_store_opened_anew_for_each_batch_makes_the_same_stories(tmp_path: Path) -> None:
    """Nothing that the stories depend on is lost when the file is closed."""
    digested = digest(newsroom(3, 3), {}, all_topics=True, now=NOW)
    size = -(-len(digested) // 4)
    parts = [digested[start : start + size] for start in range(0, len(digested), size)]
    assert outcome(Store(tmp_path), parts[::-1]) == outcome(InMemory(), [digested])
