"""Matches between articles: one row a pair, with the lower id first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from dedupe.models import Match, Relation
from storage.batches import insert, rows
from storage.rows import HASHES, IDS, PLACES, at, key_hash, places

_MATCH = {
    "article_id": "VARCHAR", "of_article_id": "VARCHAR", "relation": "VARCHAR",
    "jaccard": "DOUBLE", "containment": "DOUBLE", "reason": "VARCHAR",
}  # fmt: skip
_STORED = {**_MATCH, "id_hash": "UBIGINT", "of_id_hash": "UBIGINT"}
_FLIPPED: dict[Relation, Relation] = {
    "exact": "exact", "near": "near", "contains": "contained_in", "contained_in": "contains",
    "apart": "apart",
}  # fmt: skip


def save(
    con: duckdb.DuckDBPyConnection, matches: Sequence[Match], *, without: Collection[str] = ()
) -> None:
    """Store matches, one a pair; the last one of a pair counts.

    ``without``: ids of articles of which no match is stored.
    """
    latest = {(m.article_id, m.of_article_id): m for m in map(ordered, matches)}
    if not latest:
        return
    free = frozenset(without)
    _delete_pairs(con, [pair for pair in latest if free.isdisjoint(pair)])
    records = (
        [*(getattr(m, name) for name in _MATCH), key_hash(one), key_hash(other)]
        for (one, other), m in latest.items()
    )
    insert(con, "core.matches", _STORED, rows(_STORED, records))


def _delete_pairs(con: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[str, str]]) -> None:
    firsts, others = [one for one, _ in pairs], [other for _, other in pairs]
    found = places(con, "core.matches", "article_id", firsts, once=False)
    if found:
        con.execute(
            "DELETE FROM core.matches m USING "
            "(SELECT unnest($ids) AS one, unnest($others) AS other) b "
            "WHERE m.article_id = b.one AND m.of_article_id = b.other "
            f"AND m.rowid IN {PLACES}",
            {"ids": firsts, "others": others, **at(found)},
        )


def delete(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> list[str]:
    """Forget every match of articles ``ids``; returns the articles that were matched with them.

    Pairs told apart are forgotten too, and their other ends not named: what held the two in one
    story is a match.
    """
    if not ids:
        return []
    asked = {"ids": sorted(set(ids))}
    others: set[str] = set()
    held = f"FROM core.matches WHERE article_id IN {IDS} OR of_article_id IN {IDS}"
    found = con.execute(f"SELECT article_id, of_article_id, relation {held}", asked).fetchall()
    for *pair, relation in found:
        others.update(pair if relation != "apart" else ())
    if found:
        con.execute(f"DELETE {held}", asked)
    return sorted(others.difference(ids))


def matched(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> list[str]:
    """Those of ``ids`` that have a match."""
    if not ids:
        return []
    ends = {end for one in touching(con, ids) for end in (one.article_id, one.of_article_id)}
    return sorted(ends.intersection(ids))


def touching(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> list[Match]:
    """Every match of articles ``ids``, as stored, each once."""
    if not ids:
        return []
    # Read by their hashes and not by their places: rows deleted and written anew in one
    # transaction, then fetched by place, came back as rubbish (DuckDB 2.0.0).
    read = f"SELECT {', '.join(_MATCH)} FROM core.matches WHERE"
    found = con.execute(
        f"{read} id_hash IN {HASHES} UNION ALL {read} of_id_hash IN {HASHES}",
        {"hashes": sorted(map(key_hash, ids))},
    ).fetchall()
    asked = frozenset(ids)
    return [_match(row) for row in dict.fromkeys(found) if not asked.isdisjoint(row[:2])]


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
        match if match.article_id == article_id else _flipped(match) for match in map(_match, found)
    ]


def ordered(match: Match) -> Match:
    """``match`` with the lower id first, reading the same."""
    return match if match.article_id < match.of_article_id else _flipped(match)


def _match(row: Sequence[object]) -> Match:
    return Match(**dict(zip(_MATCH, row, strict=True)))  # type: ignore[arg-type]


def _flipped(match: Match) -> Match:
    return Match(
        article_id=match.of_article_id, of_article_id=match.article_id,
        relation=_FLIPPED[match.relation], jaccard=match.jaccard,
        containment=match.containment, reason=match.reason,
    )  # fmt: skip
