"""Articles are tagged before they are published, and again when names change."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flows import deriving, pipeline
from flows.cli import cli
from flows.deriving import derive
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.settings import Settings
from ingest.gazetteer import GazetteerError
from storage.derived import Underived
from storage.store import Store

TEXTS = {
    "a": ("CATL and Ford to build LFP cells", "The plant in Michigan gets 20 GWh a year by 2027."),
    "b": (
        "Kessel opens a mine",
        "Kessel Minerals digs lithium near the town; no more is known.",
    ),
}


def rows(folder: Path, *names: str) -> Path:
    path = folder / f"{'-'.join(names)}.jsonl"
    lines = [
        {
            "url": f"https://news.example/{name}", "title": TEXTS[name][0],
            "published": "2026-11-02T08:00:00Z", "text": " ".join([TEXTS[name][1]] * 3),
        }
        for name in names
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def taken_in(settings: Settings, path: Path) -> Any:
    options = BackfillOptions(route="jsonl", paths=(path,), all_topics=True)
    return asyncio.run(run_backfill(settings, options, Surroundings()))


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with Store(settings.store).read() as con:
        return con.execute(query).fetchall()


COMPANIES = "SELECT name FROM mentions WHERE kind = 'company' ORDER BY name"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=tmp_path / "S", workers=1)


def test_a_run_publishes_tags_figures_and_topics_with_its_articles(
    settings: Settings, tmp_path: Path
) -> None:
    """What readers see has them at once; a second run with nothing new opens no window for them."""
    report = taken_in(settings, rows(tmp_path, "a"))
    assert report.detail == ""
    assert asked(settings, COMPANIES) == [("CATL",), ("Ford",)]
    assert asked(settings, "SELECT list_contains(topics, 'LFP') FROM articles") == [(True,)]
    assert ("energy_per_year", "kWh/a") in asked(settings, "SELECT quantity, unit FROM figures")
    done = asyncio.run(derive(settings, Store(settings.store)))
    assert (done.articles, done.left) == (0, 0)


def test_a_gazetteer_of_ones_own_has_stored_articles_tagged_again(
    settings: Settings, tmp_path: Path
) -> None:
    """The next run sees that the names changed; so does the command."""
    taken_in(settings, rows(tmp_path, "b"))
    assert asked(settings, COMPANIES) == []
    mine = tmp_path / "mine.toml"
    mine.write_text('[company]\n"Kessel Minerals" = { forms = ["Kessel"] }\n', encoding="utf-8")
    taken_in(replace(settings, gazetteer=str(mine)), rows(tmp_path, "a"))
    assert asked(settings, COMPANIES) == [("CATL",), ("Ford",), ("Kessel Minerals",)]
    runner = CliRunner()
    again = runner.invoke(cli, ["tags", "rebuild", "--store", str(settings.store)])
    assert again.output == "2 articles tagged\n"
    assert asked(settings, COMPANIES) == [("CATL",), ("Ford",)]


def test_a_wrong_gazetteer_is_told_and_the_articles_are_published(
    settings: Settings, tmp_path: Path
) -> None:
    """News does not wait for a typing error; the report names the line."""
    mine = tmp_path / "mine.toml"
    mine.write_text('[company]\n"Foo" = { alias = [] }\n', encoding="utf-8")
    wrong = replace(settings, gazetteer=str(mine))
    report = taken_in(wrong, rows(tmp_path, "a"))
    assert "not tagged" in report.detail
    assert "line 2" in report.detail
    assert asked(settings, "SELECT count(*) FROM articles") == [(1,)]
    with pytest.raises(GazetteerError):
        asyncio.run(derive(wrong, Store(settings.store)))


def test_a_run_leaves_to_the_next_what_takes_too_long(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publish is not held up; the report says what waits, and the command does it."""
    monkeypatch.setattr(deriving, "FEW", 0)
    monkeypatch.setattr(deriving, "BATCH", 1)
    monkeypatch.setattr(pipeline, "RUN_SECONDS", 0.0)
    report = taken_in(settings, rows(tmp_path, "a", "b"))
    assert "1 older articles are still to be tagged" in report.detail
    done = asyncio.run(derive(settings, Store(settings.store)))
    assert (done.articles, done.left) == (1, 0)


def test_many_are_done_in_processes_and_in_order() -> None:
    """The same as in a thread."""
    some = [
        Underived(
            article_id=f"{n:012}", version=1, exact=n, title="CATL", text="LFP " * n, language="en",
            is_new=True,
        )
        for n in range(deriving.IN_THREAD + 1)
    ]  # fmt: skip

    async def spread() -> list[Any]:
        async with deriving._Derivers(1) as derivers:
            return await derivers.derive(some, None)

    assert asyncio.run(spread()) == deriving.derive_from(some, None)


def test_a_text_that_fails_has_no_tags_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault in a rule costs the article that meets it."""
    plain = deriving._derivation

    def failing(one: Underived, tagger: Any) -> Any:
        if one.title == "bad":
            raise ValueError(one.title)
        return plain(one, tagger)

    monkeypatch.setattr(deriving, "_derivation", failing)
    two = [
        Underived(
            article_id=name, version=1, exact=1, title=name, text="Tesla", language="", is_new=True
        )
        for name in ("bad", "good")
    ]
    made = deriving.derive_from(two, None)
    assert [len(one.mentions) for one in made] == [0, 1]
