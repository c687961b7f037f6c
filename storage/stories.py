"""Matches between articles, and the stories they make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from dedupe.models import Match, Relation, StoryNode, StoryPlan
from storage.batches import rows, staged
from storage.models import StoryGraph
from storage.policy import STORY

_MATCH = {
    "article_id": "VARCHAR", "of_article_id": "VARCHAR", "relation": "VARCHAR",
    "jaccard": "DOUBLE", "containment": "DOUBLE", "reason": "VARCHAR",
}  # fmt: skip
_FLIPPED: dict[Relation, Relation] = {
    "exact": "exact", "near": "near", "contains": "contained_in", "contained_in": "contains",
}  # fmt: skip


def save_matches(con: duckdb.DuckDBPyConnection, matches: Sequence[Match]) -> None:
    """Store matches, one a pair; the last one of a pair counts."""
    latest = {(m.article_id, m.of_article_id): m for m in map(ordered, matches)}
    if not latest:
        return
    columns = rows(_MATCH, ([getattr(m, name) for name in _MATCH] for m in latest.values()))
    with staged(con, "batch_matches", _MATCH, columns) as batch:
        con.execute(
            f"DELETE FROM core.matches m USING {batch} b "
            "WHERE m.article_id = b.article_id AND m.of_article_id = b.of_article_id"
        )
        con.execute(f"INSERT INTO core.matches BY NAME SELECT * FROM {batch}")


def delete_matches(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> None:
    """Forget every match of articles ``ids``: their text is another one now."""
    if not ids:
        return
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": sorted(set(ids))}) as asked:
        con.execute(
            f"DELETE FROM core.matches WHERE article_id IN (SELECT id FROM {asked}) "
            f"OR of_article_id IN (SELECT id FROM {asked})"
        )


def ordered(match: Match) -> Match:
    """``match`` with the lower id first, reading the same."""
    if match.article_id < match.of_article_id:
        return match
    return Match(
        article_id=match.of_article_id, of_article_id=match.article_id,
        relation=_FLIPPED[match.relation], jaccard=match.jaccard,
        containment=match.containment, reason=match.reason,
    )  # fmt: skip


def component(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> StoryGraph:
    """Everything connected to stored articles ``ids``.

    Connected are articles with an exact or near match between them and articles of one story,
    over any number of steps (bounded by ``policy.STORY``).  ``matches`` holds the exact and near
    matches among the nodes.
    """
    if not ids:
        return StoryGraph()
    types = {"id": "VARCHAR"}
    with staged(con, "reached", types, {"id": sorted(set(ids))}) as reached:
        con.execute(f"CREATE OR REPLACE TEMP TABLE edge AS SELECT id FROM {reached}")
        for _ in range(STORY.steps):
            con.execute(
                f"""CREATE OR REPLACE TEMP TABLE edge AS SELECT DISTINCT id FROM (
                    SELECT m.of_article_id AS id FROM core.matches m
                        WHERE m.article_id IN (SELECT id FROM temp.edge)
                        AND m.relation IN ('exact', 'near')
                    UNION ALL SELECT m.article_id FROM core.matches m
                        WHERE m.of_article_id IN (SELECT id FROM temp.edge)
                        AND m.relation IN ('exact', 'near')
                    UNION ALL SELECT o.article_id FROM core.story_members s
                        JOIN core.story_members o ON o.story_id = s.story_id
                        WHERE s.article_id IN (SELECT id FROM temp.edge)
                ) WHERE id NOT IN (SELECT id FROM {reached})"""
            )
            con.execute(f"INSERT INTO {reached} SELECT id FROM temp.edge")
            counted = con.execute(
                f"SELECT (SELECT count(*) FROM temp.edge), (SELECT count(*) FROM {reached})"
            ).fetchone()
            if not counted or counted[0] == 0 or counted[1] > STORY.nodes:
                break
        nodes = con.execute(
            "SELECT article_id, words, published_at, text_source <> 'feed' FROM core.articles "
            f"WHERE article_id IN (SELECT id FROM {reached}) ORDER BY article_id"
        ).fetchall()
        found = con.execute(
            f"SELECT {', '.join(_MATCH)} FROM core.matches "
            f"WHERE article_id IN (SELECT id FROM {reached}) "
            f"AND of_article_id IN (SELECT id FROM {reached}) "
            "AND relation IN ('exact', 'near') ORDER BY article_id, of_article_id"
        ).fetchall()
        members = con.execute(
            "SELECT article_id, story_id FROM core.story_members "
            f"WHERE article_id IN (SELECT id FROM {reached}) ORDER BY article_id"
        ).fetchall()
        con.execute("DROP TABLE temp.edge")
    return StoryGraph(
        nodes=tuple(
            StoryNode(article_id=i, words=count or 0, published_at=at, full_page=full)
            for i, count, at, full in nodes
        ),
        matches=tuple(Match(**dict(zip(_MATCH, row, strict=True))) for row in found),
        story_of=dict(members),
    )


def matches_of(con: duckdb.DuckDBPyConnection, article_id: str) -> list[Match]:
    """Every match of one article, read from its side, strongest first."""
    found = con.execute(
        f"SELECT {', '.join(_MATCH)} FROM core.matches WHERE article_id = $id "
        "OR of_article_id = $id ORDER BY jaccard DESC, article_id, of_article_id",
        {"id": article_id},
    ).fetchall()
    return [
        match
        if match.article_id == article_id
        else Match(
            article_id=article_id, of_article_id=match.article_id,
            relation=_FLIPPED[match.relation], jaccard=match.jaccard,
            containment=match.containment, reason=match.reason,
        )
        for match in (Match(**dict(zip(_MATCH, row, strict=True))) for row in found)
    ]  # fmt: skip


def apply(con: duckdb.DuckDBPyConnection, plan: StoryPlan, now: datetime) -> None:
    """Carry out a plan: membership, representatives, and where ended stories went.

    The plan covers whole stories, so that their figures (articles, publishers, first and last
    publication) are counted anew here and nowhere else.  Stories left without members go.
    Carrying out the same plan again changes nothing.
    """
    if not plan.story_of:
        return
    members = {"article_id": "VARCHAR", "story_id": "VARCHAR"}
    with staged(con, "plan_members", members, rows(members, plan.story_of.items())) as batch:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE left_stories AS SELECT DISTINCT m.story_id "
            f"FROM core.story_members m JOIN {batch} b ON b.article_id = m.article_id "
            "WHERE m.story_id <> b.story_id"
        )
        con.execute(
            f"DELETE FROM core.story_members m USING {batch} b WHERE m.article_id = b.article_id"
        )
        con.execute(f"INSERT INTO core.story_members BY NAME SELECT * FROM {batch}")
    if _any(con, "temp.left_stories"):
        con.execute(
            "DELETE FROM core.stories WHERE story_id IN (SELECT story_id FROM temp.left_stories) "
            "AND story_id NOT IN (SELECT story_id FROM core.story_members)"
        )
    con.execute("DROP TABLE temp.left_stories")
    shown = {"story_id": "VARCHAR", "representative_id": "VARCHAR"}
    with staged(con, "plan_stories", shown, rows(shown, plan.representative_of.items())) as batch:
        con.execute(
            f"""MERGE INTO core.stories s USING (
                SELECT p.story_id, p.representative_id, count(m.article_id) AS articles,
                    count(DISTINCT a.publisher) AS publishers,
                    min(a.published_at) AS first_at, max(a.published_at) AS last_at
                FROM {batch} p
                LEFT JOIN core.story_members m ON m.story_id = p.story_id
                LEFT JOIN core.articles a ON a.article_id = m.article_id
                GROUP BY p.story_id, p.representative_id
            ) b ON s.story_id = b.story_id
            WHEN MATCHED AND (s.representative_id, s.articles, s.publishers,
                    s.first_published_at, s.last_published_at)
                IS DISTINCT FROM (b.representative_id, b.articles, b.publishers, b.first_at,
                    b.last_at)
                THEN UPDATE SET representative_id = b.representative_id, articles = b.articles,
                    publishers = b.publishers, first_published_at = b.first_at,
                    last_published_at = b.last_at, changed_at = $now
            WHEN NOT MATCHED THEN INSERT (story_id, representative_id, created_at, changed_at,
                    articles, publishers, first_published_at, last_published_at)
                VALUES (b.story_id, b.representative_id, $now, $now, b.articles, b.publishers,
                    b.first_at, b.last_at)""",
            {"now": now},
        )
    if plan.forwards:
        ended = {"story_id": "VARCHAR", "to_story_id": "VARCHAR"}
        with staged(con, "plan_forwards", ended, rows(ended, plan.forwards.items())) as batch:
            con.execute(
                f"DELETE FROM core.story_forwards WHERE story_id IN (SELECT story_id FROM {batch})"
            )
            # A forward to a story that ends now follows it on.
            con.execute(
                f"UPDATE core.story_forwards SET to_story_id = b.to_story_id FROM {batch} b "
                "WHERE core.story_forwards.to_story_id = b.story_id"
            )
            con.execute(
                f"INSERT INTO core.story_forwards SELECT story_id, to_story_id, $now FROM {batch}",
                {"now": now},
            )
    if _any(con, "core.story_forwards"):
        # A story that lives again forwards nowhere.
        con.execute(
            "DELETE FROM core.story_forwards WHERE story_id = to_story_id "
            "OR story_id IN (SELECT story_id FROM core.story_members)"
        )


def _any(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
