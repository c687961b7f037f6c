"""What is known of one article, in words: its origin, its cuts, its story and its versions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from textwrap import shorten
from typing import Any

import duckdb

from dedupe.models import Match
from dedupe.passages import Row, side_by_side
from dedupe.rules import Rule, Weighed, weigh_rules
from dedupe.verdict import Comparison
from flows.digest import document_of
from flows.oneline import clean
from flows.sidebyside import columns
from ingest.urls import canonical_url
from storage import lookup
from storage.errors import StoreError
from storage.models import StoredArticle

# Characters of a cut stretch that are shown: enough to recognise it on a screen.
EXCERPT = 160
# Links that are listed; pages with more are lists of links themselves.
LINKS = 8
# Related articles that are told in full; more are counted.
RELATED = 8
WIDTH = 100


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
    weighed: Weighed
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        rules = [
            {**asdict(rule), "holds": rule.holds, "figure": round(rule.figure, 4)}
            for rule in self.weighed.rules
        ]
        return {
            "other": {
                name: getattr(self.other.article, name)
                for name in ("article_id", "url", "publisher", "title", "published_at")
            },
            "story_id": self.other.story_id,
            **_fields(self.weighed.comparison),
            "rules": rules,
            "refused_by": [rule.name for rule in self.weighed.rules if rule.refuses],
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
            "article": {**_fields(article), "archived": _archived(one)},
            "story_id": one.story_id,
            "is_representative": one.is_representative,
            "version": one.version,
            "matches": [_fields(match) for match in one.matches],
            "repeats": [_fields(repeat) for repeat in one.repeats],
            "versions": [_fields(version) for version in one.versions],
            "cites": [_fields(link) for link in self.cites],
            "cited_by": list(self.cited_by),
            "comparison": pair if self.asked_for_two else None,
            "closest": None if self.asked_for_two else pair,
        }

    def lines(self, *, width: int = WIDTH, colour: bool = False) -> list[str]:
        """The explanation for a terminal of ``width`` cells."""
        if self.refusal is not None:
            return _refusal_lines(self.refusal)
        assert self.stored is not None
        if self.asked_for_two:
            assert self.pair is not None
            return [
                *_origin(self.stored)[:3],
                "",
                *_comparison_lines(self, self.pair),
                *_cited_between(self, self.pair),
                "",
                *_passages(self.stored, self.pair, width, colour),
            ]
        return [
            *_origin(self.stored),
            "",
            *_story_lines(self.stored, self.titles),
            *(_passages(self.stored, self.pair, width, colour) if self.pair else []),
            "",
            *_repeat_lines(self.stored),
            *_citation_lines(self),
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
    second = None
    if other is not None:
        second = _find(con, other)
        if second is None:
            raise NotStored(f"the store knows no article {other}")
        if second.article.article_id == stored.article.article_id:
            raise NotStored(f"{asked} and {other} are one article")
    elif stored.matches:
        second = lookup.find(con, _closest(con, stored))
    pair = _beside(stored, second) if second is not None else None
    cites, cited_by = _citations(con, stored.article.article_id)
    mentioned = {match.of_article_id for match in stored.matches}
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
    related = [match.of_article_id for match in stored.matches]
    return row[0] if row and row[0] in related else related[0]


def _beside(stored: StoredArticle, second: StoredArticle) -> Pair:
    one, other = document_of(stored.article), document_of(second.article)
    return Pair(
        other=second,
        weighed=weigh_rules(one, other),
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
    lines += [_match_line(match, titles) for match in one.matches[:RELATED]]
    if len(one.matches) > RELATED:
        lines.append(f"  and {len(one.matches) - RELATED} more (--json lists them)")
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


def _comparison_lines(told: Told, pair: Pair) -> list[str]:
    figures = pair.weighed.comparison
    verdict = _WORDS[figures.relation] if figures.relation else "is not one story with"
    lines = [
        f"{verdict} {_named(figures.right_id, told.titles)}",
        f"  {clean(pair.other.article.url)}",
        f"  because {clean(figures.reason)}",
    ]
    assert told.stored is not None
    one, other = told.stored.story_id, pair.other.story_id
    if figures.relation in ("exact", "near") and one != other:
        lines.append(
            f"  and yet in two stories, {one} and {other}: each is nearer to another text, and a "
            "story holds what resembles one text"
        )
    elif figures.relation is None and one == other:
        lines.append(f"  and yet in one story, {one}: both resemble the article shown for it")
    lines += ["", *_rule_lines(pair.weighed)]
    return [*lines, *_figure_lines(figures)]


def _rule_lines(weighed: Weighed) -> list[str]:
    lines = [f"  {'rule':<40} {'here':>6} {'asked':>6}"]
    for rule in weighed.rules:
        asks = rule.asked > 0
        verdict = "refuses" if rule.refuses else "holds" if rule.holds else "outweighed"
        note = f"  ({clean(rule.note)})" if rule.note else ""
        lines.append(
            f"  {rule.name:<40} {_figure(rule, rule.figure):>6} "
            f"{_figure(rule, rule.asked) if asks else '-':>6}  {verdict if asks else ''}{note}"
        )
    return [line.rstrip() for line in lines]


def _figure(rule: Rule, figure: float) -> str:
    return f"{figure:.0%}" if rule.unit == "share" else f"{figure:.0f}"


def _figure_lines(figures: Comparison) -> list[str]:
    days = "unknown" if figures.days_apart is None else f"{figures.days_apart:.1f}"
    lines = [
        "",
        f"  resemblance {figures.jaccard:.2f}; {figures.left_in_right:.0%} of the first stands in "
        f"the second, {figures.right_in_left:.0%} of the second in the first",
        f"  days apart {days}; title words shared {figures.title_overlap:.0%}; figures in the "
        f"same place: {figures.numbers_agree} agree, {figures.numbers_differ} differ",
    ]
    if figures.numbers_examples:
        said = ", ".join(f"{clean(a)} / {clean(b)}" for a, b in figures.numbers_examples)
        lines.append(f"  that differ (first / second): {said}")
    return lines


def _passages(stored: StoredArticle, pair: Pair, width: int, colour: bool) -> list[str]:
    figures = pair.weighed.comparison
    alone = [] if figures.relation != "exact" else ["", "Word for word the same text."]
    if alone:
        return alone
    heads = (_head(stored), _head(pair.other))
    lines = ["", *columns(pair.rows, heads, width=width, colour=colour)]
    if figures.numbers_examples:
        said = ", ".join(f"{clean(a)} / {clean(b)}" for a, b in figures.numbers_examples)
        lines += ["", f"Numbers that differ (left / right): {said}"]
    return lines


def _head(one: StoredArticle) -> str:
    article = one.article
    when = f", {article.published_at:%Y-%m-%d %H:%M}" if article.published_at else ""
    return f"{clean(article.publisher)}{when}: {clean(article.title) or article.article_id}"


def _named(article_id: str, titles: dict[str, tuple[str, str]]) -> str:
    publisher, title = titles.get(article_id, ("", ""))
    return f"{clean(publisher)}: {clean(title) or '(no title)'} [{article_id}]"


def _citation_lines(told: Told) -> list[str]:
    assert told.stored is not None
    related = {match.of_article_id for match in told.stored.matches}
    ours = dict.fromkeys(link.article_id for link in told.cites if link.article_id)
    others = [link.url for link in told.cites if link.article_id is None]
    lines = [""] if ours or others or told.cited_by else []
    for article_id in list(ours)[:LINKS]:
        word = "rewrites, and cites," if article_id in related else "cites"
        lines.append(f"It {word} {_named(article_id, told.titles)}")
    for article_id in told.cited_by[:LINKS]:
        word = "rewritten, and cited, by" if article_id in related else "cited by"
        lines.append(f"It is {word} {_named(article_id, told.titles)}")
    hidden = max(0, len(ours) - LINKS) + max(0, len(told.cited_by) - LINKS)
    if others:
        lines.append(f"It links to {len(others)} page(s) that are not stored:")
        lines += [f"  {clean(url)}" for url in others[:LINKS]]
        hidden += max(0, len(others) - LINKS)
    if hidden:
        lines.append(f"and {hidden} more link(s) (--json lists them)")
    return lines


def _cited_between(told: Told, pair: Pair) -> list[str]:
    other = pair.other.article.article_id
    lines = []
    if any(link.article_id == other for link in told.cites):
        lines.append("  the first cites the second")
    if other in told.cited_by:
        lines.append("  the second cites the first")
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
