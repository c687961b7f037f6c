"""Stories as plans make them: who is in which, which copy is shown, and where ended ones went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from dedupe.models import StoryNode, StoryPlan
from storage import connected
from storage.batches import insert, rows
from storage.rows import IDS, PLACES, at, places

_MEMBER = {"article_id": "VARCHAR", "story_id": "VARCHAR"}
_FIGURES = {
    "representative_id": "VARCHAR", "articles": "INTEGER", "publishers": "INTEGER",
    "first_published_at": "TIMESTAMPTZ", "last_published_at": "TIMESTAMPTZ",
}  # fmt: skip
_STORY = {
    "story_id": "VARCHAR", "created_at": "TIMESTAMPTZ", "changed_at": "TIMESTAMPTZ", **_FIGURES
}  # fmt: skip
_NONE: Mapping[str, StoryNode] = MappingProxyType({})
_GONE = StoryNode(article_id="", words=0, published_at=None, full_page=False)
"""Stands for an article that is not stored any more."""


class _Figures(NamedTuple):
    """What is counted of a story; the columns of ``_FIGURES``."""

    representative_id: str
    articles: int
    publishers: int
    first_published_at: datetime | None
    last_published_at: datetime | None


def apply(
    con: duckdb.DuckDBPyConnection,
    plan: StoryPlan,
    now: datetime,
    *,
    new: Collection[str] = (),
    nodes: Mapping[str, StoryNode] = _NONE,
) -> None:
    """Carry out a plan: membership, representatives, and where ended stories went.

    The plan covers whole stories, so that their figures (articles, publishers, first and last
    publication) are counted anew here and nowhere else.  Stories left without members go.
    Carrying out the same plan again changes nothing.

    Args:
        con: inside a transaction.
        plan: for articles that are stored.
        now: the run's clock.
        new: ids of articles stored since this transaction began that are in no story yet, and
            shown as they came.
        nodes: the plan's articles as far as they are at hand; the others are read.
    """
    if not plan.story_of:
        return
    fresh = frozenset(new)
    _move(con, plan, [one for one in plan.story_of if one not in fresh])
    _show(con, plan, fresh)
    _count(con, _figures(con, plan, nodes), now, fresh)
    _forward(con, plan.forwards, now)


def _move(con: duckdb.DuckDBPyConnection, plan: StoryPlan, older: Collection[str]) -> None:
    """Put articles into the stories of the plan; stories left without members go."""
    held = connected.stories_of(con, older)
    moved = [one for one, story_id in plan.story_of.items() if held.get(one) != story_id]
    gone = [one for one in moved if one in held]
    if gone:
        left = places(con, "core.story_members", "article_id", gone)
        con.execute(f"DELETE FROM core.story_members WHERE rowid IN {PLACES}", at(left))
    if moved:
        records = [[one, plan.story_of[one]] for one in moved]
        insert(con, "core.story_members", _MEMBER, rows(_MEMBER, records))
    if gone:
        con.execute(
            f"DELETE FROM core.stories WHERE story_id IN {IDS} AND story_id NOT IN "
            f"(SELECT m.story_id FROM core.story_members m WHERE m.story_id IN {IDS})",
            {"ids": sorted({held[one] for one in gone})},
        )


def _show(con: duckdb.DuckDBPyConnection, plan: StoryPlan, new: Collection[str]) -> None:
    """Write down with each article which story it is in and whether it stands for it."""
    told = {
        article_id: (story_id, plan.representative_of.get(story_id, article_id) == article_id)
        for article_id, story_id in plan.story_of.items()
    }
    # A new article is stored as the one of a story of its own.
    asked = [one for one, is_so in told.items() if one not in new or is_so != (one, True)]
    if not asked:
        return
    held = places(con, "core.articles", "article_id", asked, new=new)
    con.execute(
        "UPDATE core.articles SET story_id = w.story_id, is_representative = w.shown FROM (SELECT "
        "unnest($places::BIGINT[]) AS place, unnest($stories::VARCHAR[]) AS story_id, "
        "unnest($shown::BOOLEAN[]) AS shown) w WHERE core.articles.rowid = w.place AND "
        "(core.articles.story_id, core.articles.is_representative) "
        "IS DISTINCT FROM (w.story_id, w.shown)",
        {
            "places": [place for place, _ in held],
            "stories": [told[one][0] for _, one in held],
            "shown": [told[one][1] for _, one in held],
        },
    )


def _figures(
    con: duckdb.DuckDBPyConnection, plan: StoryPlan, nodes: Mapping[str, StoryNode]
) -> dict[str, _Figures]:
    """The figures of the plan's stories, from its articles."""
    missing = plan.story_of.keys() - nodes.keys()
    known = {**nodes, **{one.article_id: one for one in connected.nodes(con, missing)}}
    members: defaultdict[str, list[StoryNode]] = defaultdict(list)
    for article_id, story_id in plan.story_of.items():
        members[story_id].append(known.get(article_id, _GONE))
    return {
        story_id: _counted(representative_id, members[story_id])
        for story_id, representative_id in plan.representative_of.items()
    }


def _counted(representative_id: str, members: Collection[StoryNode]) -> _Figures:
    times = [one.published_at for one in members if one.published_at is not None]
    return _Figures(
        representative_id=representative_id,
        articles=len(members),
        publishers=len({one.publisher for one in members if one is not _GONE}),
        first_published_at=min(times, default=None),
        last_published_at=max(times, default=None),
    )


def _count(
    con: duckdb.DuckDBPyConnection,
    figures: Mapping[str, _Figures],
    now: datetime,
    new: Collection[str],
) -> None:
    """Bring the rows of the plan's stories up to date."""
    asked = [story_id for story_id in figures if story_id not in new]
    held = places(con, "core.stories", "story_id", asked, beside=list(_FIGURES))
    place_of = {story_id: place for place, story_id, *_ in held}
    stored = {story_id: _Figures(*counted) for _, story_id, *counted in held}
    changed = [one for one in stored if stored[one] != figures[one]]
    if changed:
        columns = rows(_FIGURES, (figures[one] for one in changed))
        lists = ", ".join(f"unnest(${name}::{kind}[]) AS {name}" for name, kind in _FIGURES.items())
        con.execute(
            f"UPDATE core.stories SET {', '.join(f'{name} = f.{name}' for name in _FIGURES)}, "
            f"changed_at = $now FROM (SELECT unnest($places) AS place, {lists}) f "
            "WHERE core.stories.rowid = f.place",
            {"places": [place_of[one] for one in changed], "now": now, **columns},
        )
    begun = [[one, now, now, *figures[one]] for one in figures if one not in stored]
    if begun:
        insert(con, "core.stories", _STORY, rows(_STORY, begun))


def _forward(con: duckdb.DuckDBPyConnection, forwards: Mapping[str, str], now: datetime) -> None:
    """Say where ended stories went; a story that lives again forwards nowhere."""
    if forwards:
        told = {"ids": list(forwards), "to": list(forwards.values())}
        con.execute(
            f"DELETE FROM core.story_forwards WHERE story_id IN {IDS}", {"ids": told["ids"]}
        )
        # A forward to a story that ends now follows it on.
        con.execute(
            "UPDATE core.story_forwards SET to_story_id = b.onward FROM "
            "(SELECT unnest($ids) AS ended, unnest($to) AS onward) b "
            "WHERE core.story_forwards.to_story_id = b.ended",
            told,
        )
        con.execute(
            "INSERT INTO core.story_forwards SELECT unnest($ids), unnest($to), $now",
            told | {"now": now},
        )
    if con.execute("SELECT 1 FROM core.story_forwards LIMIT 1").fetchone():
        con.execute(
            "DELETE FROM core.story_forwards WHERE story_id = to_story_id "
            "OR story_id IN (SELECT story_id FROM core.story_members)"
        )
