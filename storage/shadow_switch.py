"""A finished shadow against the live store: what would change, and putting it in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dedupe.models import StoryGroup
from storage.batches import staged

_SHADOW = "rebuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """One story that will be, and the stories its articles are in today."""

    group: StoryGroup
    was: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A link between two articles that comes, goes or becomes another one."""

    article_id: str
    of_article_id: str
    was: str
    """Relation today; empty when there is none."""
    now: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What putting the shadow in place would change."""

    articles: int
    recut: int
    """Articles whose text, repeats or topics change."""
    resigned: int
    links_added: int
    links_removed: int
    links_changed: int
    """Links whose relation changes; other figures and words are renewed without being counted."""
    examples: tuple[LinkChange, ...]
    stories_before: int
    stories_after: int
    regrouped: tuple[Regrouped, ...]
    """Every story that is not today's story with the same articles and representative."""
    previous: dict[str, str]
    """article_id -> today's story, for the articles of ``regrouped`` and for stories named like
    one of them."""


def differences(con: duckdb.DuckDBPyConnection, shadow: Path, *, shown: int) -> Differences:
    """Compare the live store with a shadow that has every article; ``switch`` may follow.

    Args:
        con: a write window of the live store.
        shadow: the shadow's database, which nobody has open.
        shown: how many changed links to hand out as examples, of each kind.
    """
    quoted = str(shadow).replace("'", "''")
    con.execute(f"ATTACH '{quoted}' AS {_SHADOW} (READ_ONLY)")
    _list_recut(con)
    _list_resigned(con)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE relinked AS
        SELECT coalesce(l.article_id, r.article_id) AS article_id,
            coalesce(l.of_article_id, r.of_article_id) AS of_article_id,
            coalesce(nullif(l.relation, 'apart'), '') AS was,
            coalesce(nullif(r.relation, 'apart'), '') AS now,
            coalesce(r.reason, l.reason) AS reason
        FROM core.matches l FULL JOIN {_SHADOW}.core.matches r
            ON r.article_id = l.article_id AND r.of_article_id = l.of_article_id
        WHERE (l.relation, l.jaccard, l.containment, l.reason)
            IS DISTINCT FROM (r.relation, r.jaccard, r.containment, r.reason)"""
    )
    counted = con.execute(
        "SELECT (SELECT count(*) FROM core.articles), (SELECT count(*) FROM temp.recut), "
        "(SELECT count(*) FROM temp.resigned), "
        "count(*) FILTER (was = '' AND now <> ''), count(*) FILTER (now = '' AND was <> ''), "
        "count(*) FILTER (was <> now AND was <> '' AND now <> ''), "
        "(SELECT count(DISTINCT story_id) FROM core.story_members), "
        f"(SELECT count(DISTINCT story_id) FROM {_SHADOW}.core.story_members) FROM temp.relinked"
    ).fetchone()
    assert counted is not None
    examples = con.execute(
        "SELECT article_id, of_article_id, was, now, reason FROM temp.relinked WHERE was <> now "
        "QUALIFY row_number() OVER (PARTITION BY was = '', now = '' "
        f"ORDER BY article_id, of_article_id) <= {int(shown)} "
        "ORDER BY was, now, article_id, of_article_id"
    ).fetchall()
    regrouped, previous = _regrouped(con)
    names = ("article_id", "of_article_id", "was", "now", "reason")
    return Differences(
        articles=counted[0], recut=counted[1], resigned=counted[2], links_added=counted[3],
        links_removed=counted[4], links_changed=counted[5], stories_before=counted[6],
        stories_after=counted[7], regrouped=regrouped, previous=previous,
        examples=tuple(LinkChange(**dict(zip(names, row, strict=True))) for row in examples),
    )  # fmt: skip


def switch(con: duckdb.DuckDBPyConnection) -> None:
    """Bring signatures, repeats, texts and links to what ``differences`` found; stories are left.

    In the same window as ``differences``.  Stories follow through ``storage.stories.apply``.
    """
    con.execute(
        "UPDATE core.articles SET text = r.text, original_text = r.original_text, "
        "words = r.words, topics = r.topics, exact = r.exact, origin = r.origin, derived = NULL "
        f"FROM {_SHADOW}.core.articles r "
        "WHERE core.articles.article_id = r.article_id "
        "AND r.article_id IN (SELECT article_id FROM temp.recut)"
    )
    _replace(con, "core.repeats", "temp.recut")
    _replace(con, "core.signatures", "temp.resigned")
    if con.execute("SELECT 1 FROM temp.resigned LIMIT 1").fetchone():
        # The shadow has every article, and many stand in one row: all of them are taken over.
        con.execute("DELETE FROM core.key_segments")
        con.execute(
            f"INSERT INTO core.key_segments BY NAME SELECT * FROM {_SHADOW}.core.key_segments"
        )
    con.execute("DELETE FROM core.recipe")
    con.execute(f"INSERT INTO core.recipe BY NAME SELECT * FROM {_SHADOW}.core.recipe")
    con.execute(
        "DELETE FROM core.matches WHERE (article_id, of_article_id) IN "
        "(SELECT (article_id, of_article_id) FROM temp.relinked)"
    )
    con.execute(
        f"INSERT INTO core.matches BY NAME SELECT * FROM {_SHADOW}.core.matches "
        "WHERE (article_id, of_article_id) IN (SELECT (article_id, of_article_id) "
        "FROM temp.relinked)"
    )


def titles(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """article_id -> (publisher, title), the URL where there is no title."""
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": list(ids)}) as asked:
        found = con.execute(
            "SELECT article_id, publisher, coalesce(nullif(title, ''), url) FROM core.articles "
            f"WHERE article_id IN (SELECT id FROM {asked})"
        ).fetchall()
    return {article_id: (publisher, title) for article_id, publisher, title in found}


def _list_recut(con: duckdb.DuckDBPyConnection) -> None:
    """Articles whose text, topics, origin or repeats differ.

    A text cannot change without its words, their hash or the list of what was cut changing.
    """
    here, there = "core.repeats", f"{_SHADOW}.core.repeats"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE recut AS
        SELECT a.article_id FROM core.articles a JOIN {_SHADOW}.core.articles r USING (article_id)
        WHERE (a.exact, a.words, a.topics, a.origin)
            IS DISTINCT FROM (r.exact, r.words, r.topics, r.origin)
        UNION SELECT article_id FROM (FROM {here} EXCEPT ALL FROM {there})
        UNION SELECT article_id FROM (FROM {there} EXCEPT ALL FROM {here})"""
    )


def _list_resigned(con: duckdb.DuckDBPyConnection) -> None:
    """Articles whose signature or keys differ."""
    parts = []
    for table, names in (
        ("core.signatures", "exact, shingles, day"), ("core.segment_articles", "bands, keys, day")
    ):  # fmt: skip
        # Each row as one number, and those of an article as their sum, should it stand twice.
        sums = "SELECT article_id, count(*) AS n, bit_xor(hash({names})) AS x FROM {t} GROUP BY 1"
        here = sums.format(names=names, t=table)
        there = sums.format(names=names, t=f"{_SHADOW}.{table}")
        parts.append(
            "SELECT coalesce(l.article_id, r.article_id) AS article_id "
            f"FROM ({here}) l FULL JOIN ({there}) r USING (article_id) "
            "WHERE (l.n, l.x) IS DISTINCT FROM (r.n, r.x)"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE resigned AS {' UNION '.join(parts)}")


def _replace(con: duckdb.DuckDBPyConnection, table: str, listed: str) -> None:
    con.execute(f"DELETE FROM {table} WHERE article_id IN (SELECT article_id FROM {listed})")
    con.execute(
        f"INSERT INTO {table} BY NAME SELECT * FROM {_SHADOW}.{table} "
        f"WHERE article_id IN (SELECT article_id FROM {listed}) ORDER BY rowid"
    )


def _regrouped(
    con: duckdb.DuckDBPyConnection,
) -> tuple[tuple[Regrouped, ...], dict[str, str]]:
    shape = (
        "SELECT m.story_id, s.representative_id, list(m.article_id ORDER BY m.article_id) AS ids "
        "FROM {c}story_members m LEFT JOIN {c}stories s USING (story_id) GROUP BY ALL"
    )
    here = shape.format(c="core.")
    there = shape.format(c=f"{_SHADOW}.core.")
    found = con.execute(
        f"SELECT t.representative_id, t.ids FROM ({there}) t ANTI JOIN ({here}) h "
        "ON h.representative_id = t.representative_id AND h.ids = t.ids ORDER BY 1"
    ).fetchall()
    ids = [article_id for _, members in found for article_id in members]
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": ids}) as asked:
        # A story can be named after an article that has left it: that name is not free.
        previous = dict(
            con.execute(
                "SELECT article_id, story_id FROM core.story_members "
                f"WHERE article_id IN (SELECT id FROM {asked}) "
                f"OR story_id IN (SELECT id FROM {asked})"
            ).fetchall()
        )
    return tuple(
        Regrouped(
            group=StoryGroup(representative_id=shown, member_ids=tuple(members)),
            was=tuple(sorted({previous[one] for one in members if one in previous})),
        )
        for shown, members in found
    ), previous
