"""What is known of one article: its origin, its cuts, its story, its versions, a second one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import duckdb

from dedupe import match
from dedupe.models import Match
from dedupe.passages import Row, side_by_side
from dedupe.verdict import Comparison
from flows.digest import document_of
from ingest.urls import canonical_url
from storage import lookup
from storage.errors import StoreError
from storage.models import StoredArticle


class NotStored(StoreError):
    """A URL or id that the store does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A URL that did not become an article."""

    url: str
    stage: str
    reason: str
    detail: str
    attempts: int
    last_at: Any
    retry_at: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A link between two pages, of which the other one may not be stored."""

    url: str
    article_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two articles beside each other."""

    other: StoredArticle
    found: Comparison
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        rules = [
            {
                **asdict(rule),
                "holds": rule.holds,
                "refuses": rule.refuses,
                "figure": round(rule.figure, 4),
            }
            for rule in self.found.rules
        ]
        return {
            "other": {
                name: getattr(self.other.article, name)
                for name in ("article_id", "url", "publisher", "title", "published_at")
            },
            "story_id": self.other.story_id,
            **_fields(self.found),
            "rules": rules,
            "refused_by": [rule.name for rule in self.found.rules if rule.refuses],
            "passages": [
                {
                    "same": row.same,
                    "left": [[piece.text, piece.same] for piece in row.left],
                    "right": [[piece.text, piece.same] for piece in row.right],
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An explanation, before it is put on a screen."""

    stored: StoredArticle | None = None
    refusal: Refusal | None = None
    titles: dict[str, tuple[str, str]]
    """article_id -> (publisher, title) of the articles that are mentioned."""
    pair: Pair | None = None
    """The article that was asked for beside it, or its closest relative."""
    asked_for_two: bool = False
    cites: tuple[Cited, ...] = ()
    cited_by: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        if self.refusal is not None:
            return {"rejection": _fields(self.refusal)}
        assert self.stored is not None
        one, article = self.stored, self.stored.article
        pair = self.pair.as_dict() if self.pair else None
        return {
            "article": {**_fields(article), "archived": archived(one)},
            "story_id": one.story_id,
            "is_representative": one.is_representative,
            "version": one.version,
            "matches": [_fields(link) for link in related(one)],
            "told_apart": [_fields(link) for link in told_apart(one)],
            "repeats": [_fields(repeat) for repeat in one.repeats],
            "versions": [_fields(version) for version in one.versions],
            "cites": [_fields(link) for link in self.cites],
            "cited_by": list(self.cited_by),
            "comparison": pair if self.asked_for_two else None,
            "closest": None if self.asked_for_two else pair,
        }


def explain(con: duckdb.DuckDBPyConnection, asked: str, other: str | None = None) -> Told:
    """Gather what the store knows of the article behind a URL or id.

    Args:
        asked: a URL, in any of its forms, or an article id.
        other: a second article to compare it with.

    Raises:
        NotStored: when the store knows neither an article nor a rejection of that name.
    """
    stored = _find(con, asked)
    if stored is None:
        refusal = _refusal(con, asked)
        if refusal is None:
            raise NotStored(
                f"the store knows no article {asked}",
                hint='`voltwire sql "select url, article_id from articles"` lists them',
            )
        return Told(refusal=refusal, titles={})
    second = None
    if other is not None:
        second = _find(con, other)
        if second is None:
            raise NotStored(f"the store knows no article {other}")
        if second.article.article_id == stored.article.article_id:
            raise NotStored(f"{asked} and {other} are one article")
    elif related(stored):
        second = lookup.find(con, _closest(con, stored))
    pair = _beside(stored, second) if second is not None else None
    cites, cited_by = _citations(con, stored.article.article_id)
    mentioned = {link.of_article_id for link in stored.matches}
    mentioned |= {link.article_id for link in cites if link.article_id} | set(cited_by)
    if second is not None:
        mentioned.add(second.article.article_id)
    return Told(
        stored=stored,
        titles=_titles(con, mentioned),
        pair=pair,
        asked_for_two=other is not None,
        cites=cites,
        cited_by=cited_by,
    )


def _closest(con: duckdb.DuckDBPyConnection, stored: StoredArticle) -> str:
    """The article to show beside a copy: the one shown for its story, else the most alike."""
    row = con.execute(
        "SELECT representative_id FROM stories WHERE story_id = $id", {"id": stored.story_id}
    ).fetchone()
    ids = [link.of_article_id for link in related(stored)]
    return row[0] if row and row[0] in ids else ids[0]


def _beside(stored: StoredArticle, second: StoredArticle) -> Pair:
    one, other = document_of(stored.article), document_of(second.article)
    return Pair(
        other=second,
        found=match.explain(one, other),
        rows=tuple(side_by_side(one.text, other.text)),
    )


def _citations(
    con: duckdb.DuckDBPyConnection, article_id: str
) -> tuple[tuple[Cited, ...], tuple[str, ...]]:
    """What the article links to, our own articles first, and which of ours link to it."""
    cites = con.execute(
        "SELECT url, cited_article_id FROM citations WHERE article_id = $id "
        "AND cited_article_id IS DISTINCT FROM $id ORDER BY cited_article_id IS NULL, url",
        {"id": article_id},
    ).fetchall()
    cited_by = con.execute(
        "SELECT DISTINCT article_id FROM citations WHERE cited_article_id = $id "
        "AND article_id <> $id ORDER BY article_id",
        {"id": article_id},
    ).fetchall()
    return (
        tuple(Cited(url=url, article_id=cited) for url, cited in cites),
        tuple(one for (one,) in cited_by),
    )


def _find(con: duckdb.DuckDBPyConnection, asked: str) -> StoredArticle | None:
    found = lookup.find(con, asked)
    if found is None and "://" in asked:
        found = lookup.find(con, canonical_url(asked))
    return found


def _refusal(con: duckdb.DuckDBPyConnection, asked: str) -> Refusal | None:
    row = con.execute(
        "SELECT url, stage, reason, detail, attempts, last_at, retry_at FROM rejections "
        "WHERE url IN ($1, $2) ORDER BY last_at DESC LIMIT 1",
        [asked, canonical_url(asked) if "://" in asked else asked],
    ).fetchone()
    if row is None:
        return None
    names = ("url", "stage", "reason", "detail", "attempts", "last_at", "retry_at")
    return Refusal(**dict(zip(names, row, strict=True)))


def _titles(con: duckdb.DuckDBPyConnection, ids: set[str]) -> dict[str, tuple[str, str]]:
    rows = con.execute(
        "SELECT article_id, publisher, title FROM articles WHERE list_contains($1, article_id)",
        [sorted(ids)],
    ).fetchall()
    return {article_id: (publisher, title) for article_id, publisher, title in rows}


def related(one: StoredArticle) -> list[Match]:
    """What the article is a copy of, holds or stands in, closest first."""
    return [link for link in one.matches if link.relation != "apart"]


def told_apart(one: StoredArticle) -> list[Match]:
    """What is much like the article and another story for certain."""
    return [link for link in one.matches if link.relation == "apart"]


def archived(one: StoredArticle) -> str:
    place = one.article.archived
    return f"archive/{place.file} at byte {place.offset}" if place else ""


def _fields(record: Any) -> dict[str, Any]:
    names = type(record).__dataclass_fields__
    return {name: getattr(replace(record), name) for name in names}
