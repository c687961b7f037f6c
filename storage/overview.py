"""The store at a glance: counts, the last runs, how feeds fare, what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from storage.models import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run, as the store remembers it."""

    run_id: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    state: RunState
    feeds: int
    entries: int
    fetched: int
    stored: int
    known: int
    duplicates: int
    rejected: int
    detail: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A story, by the copy shown for it."""

    title: str
    publisher: str
    url: str
    published_at: datetime | None
    copies: int
    publishers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How much is stored, and how feeds fare."""

    articles: int
    stories: int
    entries: int
    retries: int
    """Entries that will be tried again."""
    gaps: int
    """Times in which a feed may have dropped entries, and that nothing has repaired."""
    feeds: dict[str, int]
    """state -> number of enabled feeds in it."""
    rejections: dict[str, int]
    """stage -> feeds, entries and pages that ended there."""
    new_stories: int
    """Begun since the moment asked for."""


_RUN = tuple(PastRun.__dataclass_fields__)
_HEADLINE = """
SELECT a.title, a.publisher, a.url, a.published_at, s.articles, s.publishers
FROM core.stories s JOIN core.articles a ON a.article_id = s.representative_id
WHERE s.created_at >= $since AND (a.published_at IS NULL OR a.published_at >= $published_since)
ORDER BY s.articles DESC, a.published_at DESC NULLS LAST, a.article_id LIMIT $most
"""


def overview(con: duckdb.DuckDBPyConnection, *, since: datetime) -> Overview:
    """Count what is stored; ``since`` is from when on a story is new."""
    articles, stories, entries, retries, gaps, new_stories = _row(
        con,
        "SELECT (SELECT count(*) FROM core.articles), (SELECT count(*) FROM core.stories), "
        "(SELECT count(*) FROM core.entries), "
        "(SELECT count(*) FROM core.entries WHERE retry_at IS NOT NULL), "
        "(SELECT count(*) FROM core.gaps WHERE repaired_at IS NULL), "
        "(SELECT count(*) FROM core.stories WHERE created_at >= $since)",
        {"since": since},
    )
    feeds = con.execute(
        "SELECT coalesce(s.state, 'new') AS state, count(*) FROM core.feeds f "
        "LEFT JOIN core.feed_states s ON s.slug = f.slug WHERE f.enabled GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    rejections = con.execute(
        "SELECT stage, count(*) FROM core.rejections GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return Overview(
        articles=articles, stories=stories, entries=entries, retries=retries, gaps=gaps,
        feeds=dict(feeds), rejections=dict(rejections), new_stories=new_stories,
    )  # fmt: skip


def last_runs(
    con: duckdb.DuckDBPyConnection, most: int, *, kind: str | None = None, ended: bool = False
) -> list[PastRun]:
    """The newest ``most`` runs, the newest first.

    Args:
        kind: only of this kind.
        ended: only those that are not under way.
    """
    found = con.execute(
        f"SELECT {', '.join(_RUN)} FROM core.runs WHERE ($kind IS NULL OR kind = $kind) "
        f"{'AND ended_at IS NOT NULL ' if ended else ''}"
        "ORDER BY started_at DESC, run_id DESC LIMIT $most",
        {"kind": kind, "most": most},
    ).fetchall()
    return [PastRun(**dict(zip(_RUN, row, strict=True))) for row in found]


def last_ends(con: duckdb.DuckDBPyConnection, states: Sequence[RunState]) -> dict[str, datetime]:
    """kind -> when the newest run ended that ended in one of ``states``."""
    found = con.execute(
        "SELECT kind, max(ended_at) FROM core.runs "
        "WHERE list_contains($states, state) AND ended_at IS NOT NULL GROUP BY kind",
        {"states": list(states)},
    ).fetchall()
    return dict(found)


def headlines(
    con: duckdb.DuckDBPyConnection, *, since: datetime, published_since: datetime, most: int
) -> list[Headline]:
    """Stories begun since a moment, those with the most copies first.

    Args:
        since: when the store met the story.
        published_since: leaves out what a backfill brought of older days.
    """
    asked = {"since": since, "published_since": published_since, "most": most}
    return [
        Headline(
            title=row[0], publisher=row[1], url=row[2], published_at=row[3], copies=row[4],
            publishers=row[5],
        )
        for row in con.execute(_HEADLINE, asked).fetchall()
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """All runs of one kind together."""

    runs: dict[str, int]
    """state -> runs that ended in it."""
    seconds: float
    entries: int
    fetched: int
    stored: int
    known: int
    duplicates: int
    rejected: int


def totals(con: duckdb.DuckDBPyConnection) -> dict[str, RunTotals]:
    """kind -> what all its runs did that have ended."""
    found = con.execute(
        "SELECT kind, state, count(*), coalesce(sum(epoch(ended_at - started_at)), 0), "
        "coalesce(sum(entries), 0), coalesce(sum(fetched), 0), coalesce(sum(stored), 0), "
        "coalesce(sum(known), 0), coalesce(sum(duplicates), 0), coalesce(sum(rejected), 0) "
        "FROM core.runs WHERE ended_at IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    of_kind: dict[str, list[tuple[Any, ...]]] = {}
    for kind, *rest in found:
        of_kind.setdefault(kind, []).append(tuple(rest))
    return {kind: _together(rows) for kind, rows in of_kind.items()}


def _together(rows: list[tuple[Any, ...]]) -> RunTotals:
    seconds, entries, fetched, stored, known, duplicates, rejected = (
        sum(column) for column in list(zip(*rows, strict=True))[2:]
    )
    return RunTotals(
        runs={row[0]: row[1] for row in rows}, seconds=float(seconds), entries=int(entries),
        fetched=int(fetched), stored=int(stored), known=int(known), duplicates=int(duplicates),
        rejected=int(rejected),
    )  # fmt: skip


def _row(con: duckdb.DuckDBPyConnection, query: str, asked: dict[str, Any]) -> tuple[Any, ...]:
    row = con.execute(query, asked).fetchone()
    assert row is not None
    return row
