"""What is known of one article, in words: its origin, its cuts, its story and its versions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

import duckdb

from dedupe.match import Comparison
from dedupe.match import explain as compare
from dedupe.models import Match
from flows.digest import document_of
from flows.oneline import clean
from ingest.urls import canonical_url
from storage import lookup
from storage.errors import StoreError
from storage.models import StoredArticle

# Characters of a cut stretch that are shown: enough to recognise it on a screen.
EXCERPT = 160


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
class Told:
    """An explanation, before it is put on a screen."""

    stored: StoredArticle | None = None
    refusal: Refusal | None = None
    titles: dict[str, tuple[str, str]]
    """article_id -> (publisher, title) of the articles that are mentioned."""
    comparison: Comparison | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        if self.refusal is not None:
            return {"rejection": _fields(self.refusal)}
        assert self.stored is not None
        one, article = self.stored, self.stored.article
        return {
            "article": {**_fields(article), "archived": _archived(one)},
            "story_id": one.story_id,
            "is_representative": one.is_representative,
            "version": one.version,
            "matches": [_fields(match) for match in one.matches],
            "repeats": [_fields(repeat) for repeat in one.repeats],
            "versions": [_fields(version) for version in one.versions],
            "comparison": _fields(self.comparison) if self.comparison else None,
        }

    def lines(self) -> list[str]:
        """The explanation for a terminal."""
        if self.refusal is not None:
            return _refusal_lines(self.refusal)
        assert self.stored is not None
        if self.comparison is not None:
            return [*_origin(self.stored)[:2], "", *_comparison_lines(self, self.comparison)]
        return [
            *_origin(self.stored),
            "",
            *_story_lines(self.stored, self.titles),
            "",
            *_repeat_lines(self.stored),
            *_version_lines(self.stored),
        ]


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
    comparison = None
    mentioned = {match.of_article_id for match in stored.matches}
    if other is not None:
        second = _find(con, other)
        if second is None:
            raise NotStored(f"the store knows no article {other}")
        mentioned.add(second.article.article_id)
        comparison = compare(document_of(stored.article), document_of(second.article))
    return Told(stored=stored, titles=_titles(con, mentioned), comparison=comparison)


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


def _origin(one: StoredArticle) -> list[str]:
    article = one.article
    when = f"{article.published_at:%Y-%m-%d %H:%M} UTC" if article.published_at else "no date"
    lines = [
        f"{clean(article.title) or '(no title)'}",
        f"  {clean(article.publisher)}, {when} (date from: {article.published_from}), "
        f"{one.words} words, article {article.article_id}",
        f"  {clean(article.url)}",
        f"  fetched {article.fetched_at:%Y-%m-%d %H:%M} UTC"
        + (f" for feed {article.feed}" if article.feed else "")
        + f", text from: {article.text_source}",
    ]
    if article.canonical_url != article.url:
        lines.append(f"  canonical {clean(article.canonical_url)}")
    others = [url for url in article.aliases if url not in (article.url, article.canonical_url)]
    lines += [f"  also at {clean(url)}" for url in others]
    archived = _archived(one)
    if archived:
        lines.append(f"  archived in {archived}")
    return lines


def _archived(one: StoredArticle) -> str:
    place = one.article.archived
    return f"archive/{place.file} at byte {place.offset}" if place else ""


def _story_lines(one: StoredArticle, titles: dict[str, tuple[str, str]]) -> list[str]:
    if not one.matches:
        return [f"Story {one.story_id}: no other article tells it."]
    role = "shown for it" if one.is_representative else "a copy, not shown"
    lines = [f"Story {one.story_id}: this article is {role}. Related:"]
    lines += [_match_line(match, titles) for match in one.matches]
    return lines


_WORDS = {
    "exact": "the same text as",
    "near": "a near-duplicate of",
    "contains": "contains",
    "contained_in": "is contained in",
}


def _match_line(match: Match, titles: dict[str, tuple[str, str]]) -> str:
    publisher, title = titles.get(match.of_article_id, ("", match.of_article_id))
    return (
        f"  {_WORDS[match.relation]} {clean(publisher)}: {clean(title)} [{match.of_article_id}]\n"
        f"    because {match.reason} (resemblance {match.jaccard:.2f}, "
        f"containment {match.containment:.2f})"
    )


def _repeat_lines(one: StoredArticle) -> list[str]:
    if not one.repeats:
        return ["Nothing was cut out of it."]
    count = len(one.repeats)
    lines = [f"{count} stretch{'es' if count > 1 else ''} cut because the text says them twice:"]
    for repeat in one.repeats:
        removed = shorten(clean(repeat.removed_text), EXCERPT, placeholder=" ...")
        lines.append(
            f"  cut   characters {repeat.start}-{repeat.end} "
            f"({repeat.words} words, {repeat.similarity:.0%} the same): {removed}"
        )
        kept = (one.original_text or "")[repeat.of_start : repeat.of_end]
        lines.append(
            f"  kept  characters {repeat.of_start}-{repeat.of_end}: "
            f"{shorten(clean(kept), EXCERPT, placeholder=' ...')}"
        )
    return lines


def _version_lines(one: StoredArticle) -> list[str]:
    if len(one.versions) < 2:
        return []
    lines = ["", f"Edited by its publisher; {len(one.versions)} versions:"]
    lines += [
        f"  {version.version}  seen {version.seen_at:%Y-%m-%d %H:%M} UTC  "
        f"+{version.words_added} -{version.words_removed} words  {clean(version.title)}"
        for version in one.versions
    ]
    return lines


def _comparison_lines(told: Told, figures: Comparison) -> list[str]:
    publisher, title = told.titles.get(figures.right_id, ("", figures.right_id))
    verdict = _WORDS[figures.relation] if figures.relation else "is not one story with"
    days = "unknown" if figures.days_apart is None else f"{figures.days_apart:.1f}"
    lines = [
        f"{verdict} {clean(publisher)}: {clean(title)} [{figures.right_id}]",
        f"  because {figures.reason}",
        f"  resemblance {figures.jaccard:.2f}; {figures.left_in_right:.0%} of this text stands in "
        f"the other, {figures.right_in_left:.0%} of the other in this",
        f"  numbers that agree {figures.numbers_agree}, that differ {figures.numbers_differ}; "
        f"days apart {days}; title words shared {figures.title_overlap:.0%}",
    ]
    lines += [f"  {left} here, {right} there" for left, right in figures.numbers_examples]
    return lines


def _refusal_lines(refusal: Refusal) -> list[str]:
    retry = f"; next try {refusal.retry_at:%Y-%m-%d %H:%M} UTC" if refusal.retry_at else ""
    return [
        f"{clean(refusal.url)} is not an article: {refusal.reason} at stage {refusal.stage}",
        f"  {clean(refusal.detail)}",
        f"  tried {refusal.attempts} time(s), last {refusal.last_at:%Y-%m-%d %H:%M} UTC{retry}",
    ]


def _fields(record: Any) -> dict[str, Any]:
    names = type(record).__dataclass_fields__
    return {name: getattr(replace(record), name) for name in names}
