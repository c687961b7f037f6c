"""Matches between articles, and the stories they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

import duckdb
import numpy as np

from dedupe.models import Match, Relation, StoryNode, StoryPlan
from storage.batches import rows, staged
from storage.models import StoryGraph
from storage.policy import STORY
from storage.rows import key_hash, locate, tail

_MATCH = {
    "article_id": "VARCHAR", "of_article_id": "VARCHAR", "relation": "VARCHAR",
    "jaccard": "DOUBLE", "containment": "DOUBLE", "reason": "VARCHAR",
}  # fmt: skip
_STORED_MATCH = {**_MATCH, "id_hash": "UBIGINT", "of_id_hash": "UBIGINT"}
_FLIPPED: dict[Relation, Relation] = {
    "exact": "exact", "near": "near", "contains": "contained_in", "contained_in": "contains",
    "apart": "apart",
}  # fmt: skip

_SIDES = (("article_id", "of_article_id"), ("of_article_id", "article_id"))


def save_matches(con: duckdb.DuckDBPyConnection, matches: Sequence[Match]) -> None:
    """Store matches, one a pair; the last one of a pair counts."""
    latest = {(m.article_id, m.of_article_id): m for m in map(ordered, matches)}
    if not latest:
        return
    columns = rows(
        _STORED_MATCH,
        (
            [*(getattr(m, name) for name in _MATCH), key_hash(one), key_hash(other)]
            for (one, other), m in latest.items()
        ),
    )
    with staged(con, "batch_matches", _STORED_MATCH, columns) as batch:
        if locate(
            con, "match_rows", "core.matches", "article_id", (i for i, _ in latest), once=False
        ):
            con.execute(
                f"DELETE FROM core.matches m USING {batch} b "
                "WHERE m.article_id = b.article_id AND m.of_article_id = b.of_article_id "
                "AND m.rowid IN (SELECT place FROM temp.match_rows)"
            )
        _drop(con, "match_rows")
        con.execute(f"INSERT INTO core.matches BY NAME SELECT * FROM {batch}")


def delete_matches(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[str]:
    """Forget every match of articles ``ids``; returns the articles that were matched with them.

    Pairs told apart are forgotten too, and their other ends not named: what held the two in one
    story is a match.
    """
    if not ids:
        return []
    others: set[str] = set()
    asked_ids = set(ids)
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": sorted(asked_ids)}) as asked:
        held = (
            f"FROM core.matches WHERE article_id IN (SELECT id FROM {asked}) "
            f"OR of_article_id IN (SELECT id FROM {asked})"
        )
        found = con.execute(f"SELECT article_id, of_article_id, relation {held}").fetchall()
        for *pair, relation in found:
            others.update(pair if relation != "apart" else ())
        if found:
            con.execute(f"DELETE {held}")
    return sorted(others - asked_ids)


def matched(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[str]:
    """Those of ``ids`` that have a match."""
    found: set[str] = set()
    for key, _ in _SIDES if ids else ():
        if locate(con, "match_rows", "core.matches", key, ids, once=False):
            rows_found = con.execute("SELECT DISTINCT id FROM temp.match_rows").fetchall()
            found.update(article_id for (article_id,) in rows_found)
        _drop(con, "match_rows")
    return sorted(found)


def ordered(match: Match) -> Match:
    """``match`` with the lower id first, reading the same."""
    if match.article_id < match.of_article_id:
        return match
    return Match(
        article_id=match.of_article_id, of_article_id=match.article_id,
        relation=_FLIPPED[match.relation], jaccard=match.jaccard,
        containment=match.containment, reason=match.reason,
    )  # fmt: skip


def component(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], *, new: Collection[str] = ()
) -> StoryGraph:
    """Everything connected to stored articles ``ids``.

    Connected are articles with an exact or near match between them and articles of one story,
    over any number of steps (bounded by ``policy.STORY``).  ``matches`` holds the exact and near
    matches and the pairs told apart among the nodes, and what each node contains, among them or
    not.  ``new``: ids that are stored since this transaction began, of which older rows need not
    be asked.
    """
    if not ids:
        return StoryGraph()
    fresh = set(new)
    reached = set(ids)
    edge = set(ids)
    links: set[Match] = set()
    for _ in range(STORY.steps):
        found = _links(con, edge)
        links |= found
        near = {
            end
            for one in found
            if one.relation in ("exact", "near")
            for end in (one.article_id, one.of_article_id)
        }
        edge = (near | _fellows(con, edge, fresh)) - reached
        reached |= edge
        if not edge or len(reached) > STORY.nodes:
            break
    locate(con, "member_rows", "core.story_members", "article_id", reached, new=fresh)
    members = con.execute(
        "SELECT article_id, story_id FROM core.story_members "
        "WHERE rowid IN (SELECT place FROM temp.member_rows) ORDER BY article_id"
    ).fetchall()
    _drop(con, "member_rows")
    return StoryGraph(
        nodes=nodes(con, reached),
        matches=tuple(
            sorted(
                (one for one in links if _speaks_of(one, reached)),
                key=lambda one: (one.article_id, one.of_article_id),
            )
        ),
        story_of=dict(members),
    )


def nodes(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> tuple[StoryNode, ...]:
    """What choosing representatives needs to know of stored articles ``ids``, in order of id."""
    locate(con, "node_rows", "core.articles", "article_id", ids)
    found = con.execute(
        "SELECT article_id, words, published_at, text_source <> 'feed', notice = 'paywall', "
        "title, publisher, origin FROM core.articles "
        "WHERE rowid IN (SELECT place FROM temp.node_rows) ORDER BY article_id"
    ).fetchall()
    _drop(con, "node_rows")
    return tuple(
        StoryNode(
            article_id=i,
            words=count or 0,
            published_at=at,
            full_page=bool(full),
            beginning=bool(begins),
            title=title or "",
            publisher=publisher or "",
            origin=origin or "",
        )
        for i, count, at, full, begins, title, publisher, origin in found
    )


def _speaks_of(match: Match, nodes: set[str]) -> bool:
    """Whether a match says something of a graph of ``nodes``."""
    if match.relation == "contains":
        return match.article_id in nodes
    if match.relation == "contained_in":
        return match.of_article_id in nodes
    return match.article_id in nodes and match.of_article_id in nodes


def _links(con: duckdb.DuckDBPyConnection, edge: set[str]) -> set[Match]:
    """Every match of the articles of ``edge``, as stored."""
    # Read by their hashes and not by their places: rows deleted and written anew in one
    # transaction, then fetched by place, came back as rubbish (DuckDB 2.0.0).
    links: set[Match] = set()
    hashes = {"hash": np.array(sorted(map(key_hash, edge)), dtype=np.uint64)}
    with staged(con, "edge_hashes", {"hash": "UBIGINT"}, hashes) as asked:
        for column in ("id_hash", "of_id_hash"):
            found = con.execute(
                f"SELECT {', '.join(_MATCH)} FROM core.matches "
                f"WHERE {column} IN (SELECT hash FROM {asked})"
            ).fetchall()
            links.update(Match(**dict(zip(_MATCH, row, strict=True))) for row in found)
    return {one for one in links if one.article_id in edge or one.of_article_id in edge}


def _fellows(con: duckdb.DuckDBPyConnection, edge: set[str], new: set[str]) -> set[str]:
    """Articles of the stories that the articles of ``edge`` are in."""
    reached: set[str] = set()
    if locate(con, "edge_rows", "core.story_members", "article_id", edge, new=new):
        held = con.execute(
            "SELECT DISTINCT story_id FROM core.story_members "
            "WHERE rowid IN (SELECT place FROM temp.edge_rows)"
        ).fetchall()
        reached = _members(con, {story_id for (story_id,) in held})
    _drop(con, "edge_rows")
    return reached


def _members(con: duckdb.DuckDBPyConnection, stories: set[str]) -> set[str]:
    """Articles of stories; those of a story of one are left out.

    The number of members kept with a story tells when all were found near the end of the table,
    so that the whole of it is read only for stories that go on for weeks.
    """
    locate(con, "story_rows", "core.stories", "story_id", stories)
    counted: dict[str, int | None] = dict(
        con.execute(
            "SELECT story_id, articles FROM core.stories "
            "WHERE rowid IN (SELECT place FROM temp.story_rows)"
        ).fetchall()
    )
    _drop(con, "story_rows")
    wanted = {story_id: counted.get(story_id) for story_id in stories}
    several = sorted(story_id for story_id, size in wanted.items() if size != 1)
    if not several:
        return set()
    with staged(con, "asked_stories", {"id": "VARCHAR"}, {"id": several}) as asked:
        query = (
            "SELECT article_id, story_id FROM core.story_members "
            f"WHERE story_id IN (SELECT id FROM {asked})"
        )
        found = con.execute(f"{query} AND {tail(con, 'core.story_members')}").fetchall()
        sizes = Counter(story_id for _, story_id in found)
        if any(sizes[story_id] != wanted[story_id] for story_id in several):
            found = con.execute(query).fetchall()
    return {article_id for article_id, _ in found}


def _drop(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"DROP TABLE temp.{table}")


def matches_of(con: duckdb.DuckDBPyConnection, article_id: str) -> list[Match]:
    """Every match of one article, read from its side, strongest first.

    Behind the matches stand the articles told apart from it.
    """
    found = con.execute(
        f"SELECT {', '.join(_MATCH)} FROM core.matches WHERE article_id = $id OR of_article_id = "
        "$id ORDER BY relation = 'apart', jaccard DESC, article_id, of_article_id",
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


def apply(
    con: duckdb.DuckDBPyConnection, plan: StoryPlan, now: datetime, *, new: Collection[str] = ()
) -> None:
    """Carry out a plan: membership, representatives, and where ended stories went.

    The plan covers whole stories, so that their figures (articles, publishers, first and last
    publication) are counted anew here and nowhere else.  Stories left without members go.
    Carrying out the same plan again changes nothing.  ``new`` as for ``component``.
    """
    if not plan.story_of:
        return
    members = {"article_id": "VARCHAR", "story_id": "VARCHAR"}
    shown = {"story_id": "VARCHAR", "representative_id": "VARCHAR"}
    with (
        staged(con, "plan_members", members, rows(members, plan.story_of.items())) as batch,
        staged(con, "plan_stories", shown, rows(shown, plan.representative_of.items())) as named,
    ):
        _move(con, plan, batch, new)
        _show(con, plan, batch, named)
        _count(con, plan, batch, named, now, new)
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


def _move(
    con: duckdb.DuckDBPyConnection, plan: StoryPlan, batch: str, new: Collection[str]
) -> None:
    """Put articles into the stories of the plan; stories left without members go."""
    locate(con, "member_rows", "core.story_members", "article_id", plan.story_of, new=new)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE held AS SELECT m.rowid AS place, m.article_id, m.story_id, "
        f"m.story_id = b.story_id AS stays FROM core.story_members m JOIN {batch} b "
        "ON b.article_id = m.article_id WHERE m.rowid IN (SELECT place FROM temp.member_rows)"
    )
    con.execute(
        "DELETE FROM core.story_members WHERE rowid IN "
        "(SELECT place FROM temp.held WHERE NOT stays)"
    )
    con.execute(
        f"INSERT INTO core.story_members BY NAME SELECT b.* FROM {batch} b "
        "WHERE b.article_id NOT IN (SELECT article_id FROM temp.held WHERE stays)"
    )
    left = con.execute("SELECT DISTINCT story_id FROM temp.held WHERE NOT stays").fetchall()
    if left:
        con.execute(
            "DELETE FROM core.stories WHERE story_id IN "
            "(SELECT story_id FROM temp.held WHERE NOT stays) AND story_id NOT IN "
            "(SELECT m.story_id FROM core.story_members m WHERE m.story_id IN "
            "(SELECT story_id FROM temp.held WHERE NOT stays))"
        )
    _drop(con, "member_rows", "held")


def _show(con: duckdb.DuckDBPyConnection, plan: StoryPlan, batch: str, named: str) -> None:
    """Write down with each article which story it is in and whether it stands for it."""
    locate(con, "article_rows", "core.articles", "article_id", plan.story_of)
    con.execute(
        "UPDATE core.articles SET story_id = w.story_id, is_representative = w.shown FROM ("
        "SELECT r.place, b.story_id, coalesce(p.representative_id = b.article_id, true) AS shown "
        f"FROM temp.article_rows r JOIN {batch} b ON b.article_id = r.id "
        f"LEFT JOIN {named} p ON p.story_id = b.story_id) w "
        "WHERE core.articles.rowid = w.place AND (core.articles.story_id, "
        "core.articles.is_representative) IS DISTINCT FROM (w.story_id, w.shown)"
    )


def _count(
    con: duckdb.DuckDBPyConnection, plan: StoryPlan, batch: str, named: str, now: datetime,
    new: Collection[str],
) -> None:  # fmt: skip
    """Bring the rows of the plan's stories up to date, with figures from its articles."""
    locate(con, "story_rows", "core.stories", "story_id", plan.representative_of, new=new)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE figures AS
        SELECT p.story_id, any_value(r.place) AS place, p.representative_id,
            count(DISTINCT b.article_id) AS articles, count(DISTINCT a.publisher) AS publishers,
            min(a.published_at) AS first_at, max(a.published_at) AS last_at
        FROM {named} p
        LEFT JOIN temp.story_rows r ON r.id = p.story_id
        LEFT JOIN {batch} b ON b.story_id = p.story_id
        LEFT JOIN (
            SELECT article_id, publisher, published_at FROM core.articles
            WHERE rowid IN (SELECT place FROM temp.article_rows)
        ) a ON a.article_id = b.article_id
        GROUP BY p.story_id, p.representative_id"""
    )
    con.execute(
        """UPDATE core.stories SET representative_id = f.representative_id,
            articles = f.articles, publishers = f.publishers,
            first_published_at = f.first_at, last_published_at = f.last_at, changed_at = $now
        FROM temp.figures f
        WHERE core.stories.rowid = f.place AND (core.stories.representative_id,
            core.stories.articles, core.stories.publishers, core.stories.first_published_at,
            core.stories.last_published_at) IS DISTINCT FROM
            (f.representative_id, f.articles, f.publishers, f.first_at, f.last_at)""",
        {"now": now},
    )
    con.execute(
        "INSERT INTO core.stories (story_id, representative_id, created_at, changed_at, "
        "articles, publishers, first_published_at, last_published_at) SELECT story_id, "
        "representative_id, $now, $now, articles, publishers, first_at, last_at "
        "FROM temp.figures WHERE place IS NULL",
        {"now": now},
    )
    _drop(con, "story_rows", "article_rows", "figures")


def _any(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
