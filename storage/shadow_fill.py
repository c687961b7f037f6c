"""An empty shadow filled at once, from the Parquet files that chunks of the work left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from dedupe.models import Match, StoryNode
from storage import connected
from storage.batches import staged
from storage.chunks import source
from storage.shadow import columns_of

REMADE = ("text", "original_text", "words", "topics", "exact", "origin")
"""Columns of an article that are made anew; the others are as they were."""


class Edges(NamedTuple):
    """Articles that are matched as copies, and which with which, as places among them."""

    ids: list[str]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


def fill(
    con: duckdb.DuckDBPyConnection,
    *,
    texts: Sequence[Path],
    remade: Sequence[Path],
    repeats: Sequence[Path],
    segments: Sequence[Path],
    matches: Sequence[Path],
) -> None:
    """Put everything but the stories into the empty shadow ``con``.

    Args:
        texts: articles as they are stored, with their marks.
        remade: what was made anew of each (``REMADE``), with its signature.
        repeats, segments, matches: rows of those tables, without what follows from them.
    """
    columns = ", ".join(
        f"{'r' if name in REMADE else 't'}.{name}" for name in columns_of(con, "core.articles")
    )
    con.execute(
        f"INSERT INTO core.articles BY NAME SELECT {columns} FROM {source(texts)} t "
        f"JOIN {source(remade)} r USING (article_id) "
        "ORDER BY coalesce(t.published_at, t.fetched_at), t.article_id"
    )
    con.execute(
        f"INSERT INTO core.rebuild_marks BY NAME SELECT article_id, mark FROM {source(texts)}"
    )
    con.execute(
        "INSERT INTO core.signatures BY NAME SELECT article_id, exact, shingles, day "
        f"FROM {source(remade)} ORDER BY day NULLS FIRST, article_id"
    )
    # Chunks came in order of publication; days cut by their ends are merged at a publish.
    con.execute(f"INSERT INTO core.key_segments BY NAME SELECT * FROM {source(segments)}")
    con.execute(f"INSERT INTO core.repeats BY NAME SELECT * FROM {source(repeats)}")
    if matches:
        con.execute(
            "INSERT INTO core.matches BY NAME SELECT *, md5_number_lower(article_id) AS id_hash, "
            f"md5_number_lower(of_article_id) AS of_id_hash FROM {source(matches)} "
            "ORDER BY article_id, of_article_id"
        )


def edges(con: duckdb.DuckDBPyConnection) -> Edges:
    """Who is a copy of whom."""
    copies = "core.matches WHERE relation IN ('exact', 'near')"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ends AS SELECT article_id, "
        "row_number() OVER (ORDER BY article_id) - 1 AS place FROM "
        f"(SELECT article_id FROM {copies} UNION SELECT of_article_id FROM {copies})"
    )
    ids = [i for (i,) in con.execute("SELECT article_id FROM temp.ends ORDER BY place").fetchall()]
    found = con.execute(
        "SELECT a.place AS l, b.place AS r FROM core.matches m "
        "JOIN temp.ends a ON a.article_id = m.article_id "
        "JOIN temp.ends b ON b.article_id = m.of_article_id "
        "WHERE m.relation IN ('exact', 'near') ORDER BY ALL"
    ).fetchnumpy()
    con.execute("DROP TABLE temp.ends")
    return Edges(ids, np.ma.getdata(found["l"]), np.ma.getdata(found["r"]))


def graph(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str]
) -> tuple[tuple[StoryNode, ...], list[Match]]:
    """Articles ``ids`` with the matches among them, and with what each of them contains."""
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": sorted(ids)}) as asked:
        left = f"m.article_id IN (SELECT id FROM {asked})"
        right = f"m.of_article_id IN (SELECT id FROM {asked})"
        found = con.execute(
            "SELECT article_id, of_article_id, relation, jaccard, containment, reason "
            "FROM core.matches m WHERE CASE relation "
            f"WHEN 'contains' THEN {left} WHEN 'contained_in' THEN {right} "
            f"ELSE {left} AND {right} END ORDER BY article_id, of_article_id"
        ).fetchall()
    return connected.nodes(con, ids), [
        Match(
            article_id=one, of_article_id=other, relation=relation, jaccard=jaccard,
            containment=containment, reason=reason,
        )
        for one, other, relation, jaccard, containment, reason in found
    ]  # fmt: skip


def tell_stories(
    con: duckdb.DuckDBPyConnection,
    members: Sequence[str],
    shown: Sequence[str],
    now: datetime,
) -> None:
    """Put every article of the shadow into a story named after the copy that is shown of it.

    Args:
        members, shown: articles with others in their story, each with the one shown; every other
            article is a story by itself.
    """
    types = {"article_id": "VARCHAR", "story_id": "VARCHAR"}
    with staged(con, "told", types, {"article_id": members, "story_id": shown}) as told:
        con.execute(
            "INSERT INTO core.story_members BY NAME SELECT a.article_id, "
            "coalesce(t.story_id, a.article_id) AS story_id FROM core.articles a "
            f"LEFT JOIN {told} t USING (article_id) "
            "ORDER BY coalesce(a.published_at, a.fetched_at), a.article_id"
        )
    con.execute(
        "INSERT INTO core.stories BY NAME SELECT m.story_id, m.story_id AS representative_id, "
        "$now AS created_at, $now AS changed_at, count(*) AS articles, "
        "count(DISTINCT a.publisher) AS publishers, min(a.published_at) AS first_published_at, "
        "max(a.published_at) AS last_published_at FROM core.story_members m "
        "JOIN core.articles a USING (article_id) GROUP BY m.story_id",
        {"now": now},
    )
