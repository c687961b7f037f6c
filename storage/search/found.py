"""The best hits of the index as an answer: one a story where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

import duckdb

from storage.search.engine import Indexed
from storage.search.policy import ANSWER
from storage.search.question import Question
from storage.search.reader import Hit, Reader, Within

Kept = Callable[[Collection[int]], set[int]]
"""Which of some articles, by key, count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line of an answer."""

    rank: int
    """From 1 on."""
    score: float
    article: Indexed
    copies: int
    """Articles that tell this story, this one included."""
    outlets: int
    """Publishers among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the index."""

    question: Question
    within: Within
    kept: Kept | None = None
    """What the store has to say about hits; None for nothing."""
    limit: int = 10
    all_copies: bool = False
    newest: bool = False
    count: bool = False


def find(reader: Reader, wanted: Wanted) -> tuple[list[Found], int]:
    """The best articles for ``wanted``, best first, and how many answer if that is wanted.

    Unless all copies are wanted a story comes once, as its representative where that answers to
    the question too, else as the copy that answers best.

    Raises:
        IndexBroken: when the index does not answer.
    """
    hits, total = _best(reader, wanted)
    if not wanted.all_copies:
        hits = _representatives(reader, wanted, hits)
    found = []
    for rank, hit in enumerate(hits, start=1):
        copies, outlets = reader.members(hit.story)
        found.append(
            Found(
                rank=rank, score=hit.score, article=reader.article(hit), copies=copies,
                outlets=outlets,
            )
        )  # fmt: skip
    return found, total


def still_there(con: duckdb.DuckDBPyConnection) -> Kept:
    """Leave out what is in an index of an earlier publish and not in the store any more."""

    def kept(some: Collection[int]) -> set[int]:
        if not some:
            return set()
        listed = ", ".join(map(str, some))
        found = con.execute(
            f"SELECT id_hash FROM core.articles WHERE id_hash IN ({listed})"
        ).fetchall()
        return {key for (key,) in found}

    return kept


def topics(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of all topics, the commonest first."""
    found = con.execute(
        "SELECT unnest(topics) AS topic FROM articles GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    return [name for (name,) in found]


def publishers(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of all publishers, the commonest first."""
    found = con.execute(
        "SELECT publisher FROM articles GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    return [name for (name,) in found]


def _best(reader: Reader, wanted: Wanted) -> tuple[list[Hit], int]:
    most = wanted.limit
    if wanted.kept is not None or not wanted.all_copies:
        most += ANSWER.spare
    while True:
        hits = reader.ask(
            wanted.question, wanted.within, limit=most, newest=wanted.newest, count=wanted.count
        )
        found = _kept(wanted, hits.found)
        if not wanted.all_copies:
            found = _once_a_story(found)
        if len(found) >= wanted.limit or not hits.more or most >= ANSWER.most_hits:
            return found[: wanted.limit], hits.total
        most *= ANSWER.times


def _kept(wanted: Wanted, hits: list[Hit]) -> list[Hit]:
    if wanted.kept is None:
        return hits
    kept = wanted.kept([hit.key for hit in hits])
    return [hit for hit in hits if hit.key in kept]


def _once_a_story(hits: Iterable[Hit]) -> list[Hit]:
    best: dict[int, Hit] = {}
    for hit in hits:
        was = best.setdefault(hit.story, hit)
        if hit.shown and not was.shown:
            # In the place of the best copy, with its score.
            best[hit.story] = replace(hit, score=was.score)
    return list(best.values())


def _representatives(reader: Reader, wanted: Wanted, hits: list[Hit]) -> list[Hit]:
    """Put representatives in place that answer to the question further down than was looked."""
    others = tuple(hit.story for hit in hits if not hit.shown)
    if not others:
        return hits
    within = replace(wanted.within, shown_of=others)
    answering = reader.ask(wanted.question, within, limit=len(others)).found
    shown = {hit.story: hit for hit in _kept(wanted, answering)}
    return [
        hit if hit.shown or hit.story not in shown else replace(shown[hit.story], score=hit.score)
        for hit in hits
    ]
