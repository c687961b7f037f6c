"""What two stores have to agree on: every row, but for run ids, times of fetching and names.

A story is named after the article that came first, so stories are compared by their members; what
an article is named after its address stays.
"""

from __future__ import annotations

from typing import Any

from storage.store import Store

# Table -> columns that hang on when and by which run something was fetched.
LEFT_OUT = {
    "articles": {"fetched_at", "seen_at", "archive_file", "archive_offset", "story_id"},
    "article_versions": {"seen_at"},
    "article_urls": set[str](),
    "links": set[str](),
    "repeats": set[str](),
    "entries": {"first_seen_at", "last_checked_at"},
    "rejections": {"first_at", "last_at", "retry_at"},
    "coverage": {"looked_at"},
    "pages_outside": set[str](),
    "signatures": {"day"},
    "signature_keys": {"day"},
    "matches": set[str](),
    "feeds": set[str](),
    "recipe": set[str](),
}


def rows(store: Store, without: dict[str, set[str]] | None = None) -> dict[str, list[Any]]:
    """Table -> its rows, in order."""
    found: dict[str, list[Any]] = {}
    with store.write() as con:
        for table, left_out in LEFT_OUT.items():
            more = left_out | (without or {}).get(table, set())
            exclude = f"EXCLUDE ({', '.join(sorted(more))})" if more else ""
            listed = con.execute(f"SELECT * {exclude} FROM core.{table}").fetchall()
            found[table] = sorted(map(repr, listed))
        found["stories"] = sorted(
            con.execute(
                "SELECT list(article_id ORDER BY article_id), "
                "list(article_id) FILTER (is_representative) FROM articles GROUP BY story_id"
            ).fetchall()
        )
        found["figures"] = sorted(
            con.execute(
                "SELECT representative_id, articles, publishers, first_published_at, "
                "last_published_at FROM stories"
            ).fetchall(),
            key=str,
        )
    return found


def answers(store: Store, queries: dict[str, str]) -> dict[str, list[str]]:
    """Name -> the rows that its query finds, in order."""
    with store.write() as con:
        return {
            name: sorted(map(str, con.execute(query).fetchall())) for name, query in queries.items()
        }


def differences(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> dict[str, Any]:
    """Table -> the rows that only one of them has; empty when they agree."""
    told = {}
    for table, listed in one.items():
        if listed != other[table]:
            here = [row for row in listed if row not in other[table]]
            there = [row for row in other[table] if row not in listed]
            told[table] = (len(listed), len(other[table]), here[:3], there[:3])
    return told
