"""What is connected to some articles: by matches, and by the stories they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

import duckdb

from dedupe.models import Match, StoryNode
from storage.matches import touching
from storage.models import StoryGraph
from storage.policy import STORY
from storage.rows import IDS, PLACES, at, places, tail

_NONE: Mapping[str, StoryNode] = MappingProxyType({})


def component(
    con: duckdb.DuckDBPyConnection,
    ids: Collection[str],
    *,
    new: Mapping[str, StoryNode] = _NONE,
    matches: Collection[Match] = (),
) -> StoryGraph:
    """Everything connected to stored articles ``ids``.

    Connected are articles with an exact or near match between them and articles of one story,
    over any number of steps (bounded by ``policy.STORY``).  ``matches`` of the graph holds the
    exact and near matches and the pairs told apart among the nodes, and what each node contains,
    among them or not.

    Args:
        con: inside the transaction that stored the new ones.
        ids: of stored articles.
        new: articles that are in no story yet and have no stored match but some of ``matches``;
            nothing is asked of them.
        matches: as stored.
    """
    reached = set(ids)
    edge = set(ids)
    links: dict[tuple[str, str], Match] = {}
    handed: dict[str, list[Match]] = {}
    for one in matches:
        handed.setdefault(one.article_id, []).append(one)
        handed.setdefault(one.of_article_id, []).append(one)
    for _ in range(STORY.steps if ids else 0):
        older = edge - new.keys()
        found = touching(con, older)
        found += [one for article_id in edge & new.keys() for one in handed.get(article_id, ())]
        links.update(((one.article_id, one.of_article_id), one) for one in found)
        near = {
            end
            for one in found
            if one.relation in ("exact", "near")
            for end in (one.article_id, one.of_article_id)
        }
        edge = (near | _fellows(con, older)) - reached
        reached |= edge
        if not edge or len(reached) > STORY.nodes:
            break
    older = reached - new.keys()
    told = {one.article_id: one for one in nodes(con, older)}
    told.update((article_id, new[article_id]) for article_id in reached & new.keys())
    return StoryGraph(
        nodes=tuple(told[article_id] for article_id in sorted(told)),
        matches=tuple(links[pair] for pair in sorted(links) if _speaks_of(links[pair], reached)),
        story_of=stories_of(con, older),
    )


def nodes(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> tuple[StoryNode, ...]:
    """What choosing representatives needs to know of stored articles ``ids``, in order of id."""
    if not ids:
        return ()
    held = places(con, "core.articles", "article_id", ids)
    found = con.execute(
        "SELECT article_id, words, published_at, text_source <> 'feed', notice = 'paywall', "
        f"title, publisher, origin FROM core.articles WHERE rowid IN {PLACES} ORDER BY article_id",
        at(held),
    ).fetchall()
    return tuple(
        StoryNode(
            article_id=i,
            words=count or 0,
            published_at=published,
            full_page=bool(full),
            beginning=bool(begins),
            title=title or "",
            publisher=publisher or "",
            origin=origin or "",
        )
        for i, count, published, full, begins, title, publisher, origin in found
    )


def stories_of(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> dict[str, str]:
    """article_id -> story_id of those of ``ids`` that are in a story, in order of id."""
    found = places(con, "core.story_members", "article_id", ids, beside=["story_id"])
    return dict(sorted((article_id, story_id) for _, article_id, story_id in found))


def _speaks_of(match: Match, reached: set[str]) -> bool:
    """Whether a match says something of a graph of articles ``reached``."""
    if match.relation == "contains":
        return match.article_id in reached
    if match.relation == "contained_in":
        return match.of_article_id in reached
    return match.article_id in reached and match.of_article_id in reached


def _fellows(con: duckdb.DuckDBPyConnection, edge: Collection[str]) -> set[str]:
    """Articles of the stories that the articles of ``edge`` are in; none of a story of one.

    The number of members kept with a story tells when all were found near the end of the table,
    so that the whole of it is read only for stories that go on for weeks.
    """
    stories = set(stories_of(con, edge).values())
    if not stories:
        return set()
    counted = places(con, "core.stories", "story_id", stories, beside=["articles"])
    wanted: dict[str, int | None] = {story_id: size for _, story_id, size in counted}
    several = sorted(story_id for story_id in stories if wanted.get(story_id) != 1)
    if not several:
        return set()
    query = f"SELECT article_id, story_id FROM core.story_members WHERE story_id IN {IDS}"
    asked = {"ids": several}
    recent = tail(con, "core.story_members")
    found = con.execute(f"{query} AND {recent}", asked).fetchall()
    sizes = Counter(story_id for _, story_id in found)
    if any(sizes[story_id] != wanted.get(story_id) for story_id in several):
        found = con.execute(query, asked).fetchall()
    return {article_id for article_id, _ in found}
