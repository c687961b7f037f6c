"""A small index, and a small published store to make one of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import articles
from storage.search.engine import Indexed, Writer
from storage.search.follow import follow
from storage.search.question import understand
from storage.search.reader import Reader, Within, open_index
from storage.store import Store

TEXTS = {
    "charger": ("A charger in every lamp post", "en", "The city wants chargers. The grid can."),
    "cells": ("Solid-state cells leave the lab", "en", "CATL and BYD test solid state cells."),
    "sodium": ("Natriumionenbatterien im Lieferwagen", "de", "Der Wagen fährt mit Natrium."),
    "dianchi": ("宁德时代发布新电池", "zh", "固态电池将于明年量产。电"),
    "denchi": ("全固体電池の量産", "ja", "トヨタは電池工場を建てる。バッテリー"),
    "baeteori": ("배터리 공장", "ko", "새 배터리를 만든다."),
    "usine": ("L’usine d’électricité", "fr", "Une batterie électrique à Besançon."),
}  # fmt: skip


class Shelf:
    """Indexes made of plain texts, and asked in the words of a person."""

    within = Within()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, texts: Mapping[str, tuple[str, str, str]] | Sequence[str]) -> list[str]:
        """Names in the order of their keys, which are 1, 2, 3 ..."""
        if not isinstance(texts, Mapping):
            texts = {text: ("", "en", text) for text in texts}
        self.folder.mkdir(exist_ok=True)
        writer = Writer(self.folder, new=True)
        for key, (title, language, text) in enumerate(texts.values(), start=1):
            writer.add(
                Indexed(
                    key=key, article_id=str(key), title=title, text=text, language=language,
                    publisher="Example", at=key * 1_000_000, story_id=str(key),
                )
            )  # fmt: skip
        writer.finish()
        return list(texts)

    @contextmanager
    def open(self) -> Iterator[Reader]:
        with open_index(self.folder) as reader:
            yield reader


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "index")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], set[str]]]:
    """A question -> names of the ``TEXTS`` that answer to it."""
    here = Shelf(tmp_path_factory.mktemp("world") / "index")
    names = here.fill(TEXTS)
    with here.open() as reader:

        def ask(text: str, within: Within = here.within) -> set[str]:
            found = reader.ask(understand(text), within, limit=100).found
            return {names[hit.key - 1] for hit in found}

        yield ask


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, build_one: Callable[..., object]) -> Path:
    """A published store with the ``TEXTS`` and their index."""
    folder = tmp_path_factory.mktemp("filled") / "store"
    store = Store(folder)
    day = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with store.write() as con:
        articles.save(
            con,
            [
                build_one(
                    name, text, title=title, language=language, publisher=f"The {name.title()}",
                    published_at=day + timedelta(days=number),
                )
                for number, (name, (title, language, text)) in enumerate(TEXTS.items())
            ],
        )  # fmt: skip
    store.publish()
    follow(store)
    return folder


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Store:
    """A copy of it to write to."""
    shutil.copytree(filled, tmp_path / "store", symlinks=True)
    return Store(tmp_path / "store")
