"""Long runs let readers see what they have stored so far."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from time import monotonic

import pytest

from flows import publishing
from flows.publishing import OnTheWay
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.settings import Settings
from storage.errors import StoreFull
from storage.store import Store
from tests.flows.test_from_routes import NOW, row, rows_file


def test_a_backfill_publishes_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each so many articles, and once more at its end."""
    monkeypatch.setattr(publishing, "EVERY_ARTICLES", 2)
    seen: list[int] = []
    publish = Store.publish

    def counted(store: Store) -> object:
        done = publish(store)
        with store.read() as con:
            seen.extend(con.execute("SELECT count(*) FROM articles").fetchone() or ())
        return done

    monkeypatch.setattr(Store, "publish", counted)
    names = ("anode", "cathode", "separator", "casing", "busbar")
    asyncio.run(
        run_backfill(
            Settings(store=tmp_path / "S", workers=1, backfill_batch=1),
            BackfillOptions(
                route="jsonl",
                paths=(rows_file(tmp_path, *(row(name) for name in names)),),
                all_topics=True,
            ),
            Surroundings(clock=lambda: NOW),
        )
    )
    assert seen == [2, 4, 5]


def test_time_alone_is_no_reason() -> None:
    """Without anything new there is nothing to publish, however long ago the last time is."""
    assert not publishing.is_due(1e6, 0)
    assert not publishing.is_due(publishing.EVERY_SECONDS - 1, publishing.EVERY_ARTICLES - 1)
    assert publishing.is_due(publishing.EVERY_SECONDS, 1)
    assert publishing.is_due(0.0, publishing.EVERY_ARTICLES)


def test_a_failed_publish_is_told_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk ends no backfill; the next try comes when it would have come anyway."""
    tries = []

    def full(store: Store) -> None:
        tries.append(store)
        raise StoreFull("no room to publish")

    monkeypatch.setattr(Store, "publish", full)
    on_the_way = OnTheWay(since=monotonic())
    store = Store(tmp_path)
    with caplog.at_level(logging.WARNING):
        asyncio.run(on_the_way.publish_if_due(store, publishing.EVERY_ARTICLES))
        asyncio.run(on_the_way.publish_if_due(store, 1))
    assert len(tries) == 1
    assert "no room to publish" in caplog.text
