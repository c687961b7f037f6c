"""Hits of the index into articles of the store, one a story where that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from storage.search.policy import ANSWER
from storage.search.question import Question
from storage.search.reader import Reader, Within

_TOPIC = (
    "(list_contains(list_transform(topics, lambda one: lower(one)), $topic) "
    "OR contains('|' || lower(coalesce(subjects, '')) || '|', '|' || $topic || '|'))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An article that was hit."""

    key: int
    score: float
    row: int
    article_id: str
    story_id: str
    is_representative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line of an answer."""

    rank: int
    """From 1 on."""
    score: float
    article_id: str
    story_id: str
    title: str
    publisher: str
    published_at: datetime | None
    url: str
    language: str
    text: str
    copies: int
    """Articles that tell this story, this one included."""
    outlets: int
    """Publishers among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the index and the store together."""

    question: Question
    within: Within
    topic: str = ""
    limit: int = 10
    all_copies: bool = False
    newest: bool = False


def find(con: duckdb.DuckDBPyConnection, reader: Reader, wanted: Wanted) -> list[Found]:
    """The best articles for ``wanted``, best first, each with its text.

    Unless all copies are wanted a story comes once, as its representative where that answers to
    the question too, else as the copy that answers best.
    """
    places = places_of(con, reader, wanted)
    if not wanted.all_copies:
        places = _representatives(con, reader, wanted, places)
    return _articles(con, places)


def places_of(con: duckdb.DuckDBPyConnection, reader: Reader, wanted: Wanted) -> list[Place]:
    """Where the articles lie; of a story only the best one, unless all copies are wanted."""
    within, tested = wanted.within, ""
    if wanted.topic:
        keys = _keys_of_topic(con, wanted.topic)
        if len(keys) <= ANSWER.listed:
            within = replace(within, keys=tuple(keys))
        else:
            tested = wanted.topic.lower()
    most = wanted.limit if wanted.all_copies and not tested else wanted.limit + ANSWER.spare
    while True:
        hits = reader.ask(wanted.question, within, limit=most, newest=wanted.newest)
        places = _in_store(con, hits.found, tested)
        if not wanted.all_copies:
            places = _once_a_story(places)
        if len(places) >= wanted.limit or not hits.more or most >= ANSWER.most_hits:
            return places[: wanted.limit]
        most *= ANSWER.times


def topics(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of all topics, the commonest first."""
    return [
        name
        for (name,) in con.execute(
            "SELECT unnest(topics) AS topic FROM articles GROUP BY 1 ORDER BY count(*) DESC, 1"
        ).fetchall()
    ]


def publishers(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of all publishers, the commonest first."""
    return [
        name
        for (name,) in con.execute(
            "SELECT publisher FROM articles GROUP BY 1 ORDER BY count(*) DESC, 1"
        ).fetchall()
    ]


def _keys_of_topic(con: duckdb.DuckDBPyConnection, topic: str) -> list[int]:
    found = con.execute(
        f"SELECT id_hash FROM core.articles WHERE {_TOPIC} LIMIT {ANSWER.listed + 1}",
        {"topic": topic.lower()},
    ).fetchall()
    return [key for (key,) in found]


def _in_store(
    con: duckdb.DuckDBPyConnection, hits: Sequence[tuple[int, float]], topic: str
) -> list[Place]:
    """Those of ``hits`` that are in the store, in their order."""
    if not hits:
        return []
    condition, arguments = ("true", {}) if not topic else (_TOPIC, {"topic": topic})
    found = con.execute(
        "SELECT id_hash, rowid, article_id, story_id, is_representative FROM core.articles "
        f"WHERE id_hash IN ({_numbers(key for key, _ in hits)}) AND {condition}",
        arguments,
    ).fetchall()
    by_key = {key: rest for key, *rest in found}
    places = []
    for key, score in hits:
        if key in by_key:
            row, article_id, story_id, shown = by_key[key]
            places.append(
                Place(
                    key=key, score=score, row=row, article_id=article_id,
                    story_id=story_id or article_id, is_representative=bool(shown),
                )
            )  # fmt: skip
    return places


def _once_a_story(places: Iterable[Place]) -> list[Place]:
    best: dict[str, Place] = {}
    for place in places:
        was = best.setdefault(place.story_id, place)
        if place.is_representative and not was.is_representative:
            # In the place of the best copy, with its score.
            best[place.story_id] = replace(place, score=was.score)
    return list(best.values())


def _representatives(
    con: duckdb.DuckDBPyConnection, reader: Reader, wanted: Wanted, places: list[Place]
) -> list[Place]:
    """Put representatives in place that answer to the question further down than was looked."""
    others = [place.story_id for place in places if not place.is_representative]
    if not others:
        return places
    found = con.execute(
        "SELECT id_hash, rowid, article_id, story_id FROM core.articles "
        "WHERE is_representative AND story_id IN (SELECT unnest($stories))",
        {"stories": others},
    ).fetchall()
    shown = {key: (row, article_id, story_id) for key, row, article_id, story_id in found}
    if not shown:
        return places
    within = replace(wanted.within, keys=tuple(shown))
    hits = reader.ask(wanted.question, within, limit=len(shown)).found
    if wanted.topic:
        hits = [(one.key, one.score) for one in _in_store(con, hits, wanted.topic.lower())]
    answering = {shown[key][2]: (key, shown[key]) for key, _ in hits}
    put = []
    for place in places:
        if not place.is_representative and place.story_id in answering:
            key, (row, article_id, _) = answering[place.story_id]
            place = replace(place, key=key, row=row, article_id=article_id, is_representative=True)
        put.append(place)
    return put


def _articles(con: duckdb.DuckDBPyConnection, places: Sequence[Place]) -> list[Found]:
    if not places:
        return []
    rows = con.execute(
        "SELECT rowid, title, publisher, published_at, url, language, text FROM core.articles "
        f"WHERE rowid IN ({_numbers(place.row for place in places)})"
    ).fetchall()
    by_row = {row: rest for row, *rest in rows}
    counted = {
        story_id: (articles, outlets)
        for story_id, articles, outlets in con.execute(
            "SELECT story_id, articles, publishers FROM core.stories "
            "WHERE story_id IN (SELECT unnest($stories)) AND articles > 1",
            {"stories": [place.story_id for place in places]},
        ).fetchall()
    }
    found = []
    for rank, place in enumerate(places, start=1):
        title, publisher, at, url, language, text = by_row[place.row]
        copies, outlets = counted.get(place.story_id, (1, 1))
        found.append(
            Found(
                rank=rank, score=place.score, article_id=place.article_id,
                story_id=place.story_id, title=title or "", publisher=publisher or "",
                published_at=at, url=url or "", language=language or "", text=text or "",
                copies=copies, outlets=outlets,
            )
        )  # fmt: skip
    return found


def _numbers(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))
