"""One backfill at a time asks a domain."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from flows import domains
from flows.domains import FOLDER, DomainTurns
from storage.lock import locked


def test_turns_at_a_domain_come_one_after_another_in_order(tmp_path: Path) -> None:
    """Those at another domain are not waited for."""
    turns, order = DomainTurns(tmp_path, "x"), list[str]()

    async def have(domain: str, name: str, others: asyncio.Event) -> None:
        async with turns.turn(domain):
            order.append(f"{name} has {domain}")
            await others.wait()
            order.append(f"{name} leaves {domain}")

    async def whole() -> None:
        go = asyncio.Event()
        tasks = [
            asyncio.create_task(have(*of, go))
            for of in [("a.example", "1"), ("a.example", "2"), ("b.example", "3")]
        ]
        while len(order) < 2:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)

    asyncio.run(whole())
    assert order[:2] == ["1 has a.example", "3 has b.example"]
    mine = [said for said in order if said.endswith("a.example")]
    assert [said[:5] for said in mine] == ["1 has", "1 lea", "2 has", "2 lea"]


def test_a_domain_that_another_process_has_is_waited_for_until_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its lock goes with it; until then the wait says whom it is for."""
    monkeypatch.setattr(domains, "LOOK", 0.01)
    (tmp_path / FOLDER).mkdir()
    path = tmp_path / FOLDER / "a.example.lock"
    child = os.fork()
    if not child:
        with locked(path, wait=timedelta(0), purpose="another backfill"):
            time.sleep(60)
        os._exit(0)
    while not path.exists() or not path.read_text():
        time.sleep(0.01)
    turns, had = DomainTurns(tmp_path, "x"), list[str]()

    async def whole() -> None:
        async def have() -> None:
            async with turns.turn("a.example"):
                had.append("it")

        waiting = asyncio.create_task(have())
        while not caplog.messages:
            await asyncio.sleep(0.01)
        assert not had
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        await waiting

    asyncio.run(whole())
    assert had == ["it"]
    assert "another backfill" in caplog.text
