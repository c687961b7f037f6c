"""Articles: one row each, whatever URL, guid or edit it comes with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
from numpy.typing import NDArray

from dedupe.models import Document, StoryNode
from storage.batches import insert, rows, staged, storable, stored
from storage.details import DETAIL_TYPES, day_of, details_of
from storage.edits import count_words, is_real_edit, word_changes
from storage.identities import MASK, identities, site_of, urls_of
from storage.lookup import find
from storage.models import PreparedArticle, SaveResult, Written
from storage.rows import PLACES, at, key_hash, places

__all__ = ["documents", "find", "save", "site_of"]

_ARTICLE = {
    "article_id": "VARCHAR", "url": "VARCHAR", "canonical_url": "VARCHAR", "site": "VARCHAR",
    "feed": "VARCHAR", "publisher": "VARCHAR", "title": "VARCHAR", "author": "VARCHAR",
    "language": "VARCHAR", "published_at": "TIMESTAMPTZ", "published_from": "VARCHAR",
    "published_raw": "VARCHAR", "fetched_at": "TIMESTAMPTZ", "text": "VARCHAR",
    "original_text": "VARCHAR", "words": "INTEGER", "text_source": "VARCHAR",
    "topics": "VARCHAR[]", "version": "INTEGER", "seen_at": "TIMESTAMPTZ",
    "words_added": "INTEGER", "words_removed": "INTEGER", "archive_file": "VARCHAR",
    "archive_offset": "BIGINT", "exact": "UBIGINT", "id_hash": "UBIGINT",
    "story_id": "VARCHAR", "is_representative": "BOOLEAN", "origin": "VARCHAR",
    **DETAIL_TYPES,
}  # fmt: skip
_REPEAT = {
    "article_id": "VARCHAR", "start_char": "INTEGER", "end_char": "INTEGER",
    "of_start_char": "INTEGER", "of_end_char": "INTEGER", "words": "INTEGER",
    "similarity": "DOUBLE", "removed_text": "VARCHAR",
}  # fmt: skip
_LINK = {
    "article_id": "VARCHAR", "position": "INTEGER", "url": "VARCHAR", "canonical_url": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Current:
    """What is stored of an article, as far as saving another copy needs it."""

    version: int
    title: str
    text: str
    text_source: str
    fetched_at: datetime
    author: str
    published_at: datetime | None
    published_from: str
    published_raw: str
    published_on: date | None
    words_added: int
    words_removed: int
    seen_at: datetime
    story_id: str
    is_representative: bool


def save(con: duckdb.DuckDBPyConnection, prepared: Sequence[PreparedArticle]) -> SaveResult:
    """Store a batch of articles with their repeats, links and URLs.

    Saving the same batch again changes nothing.  Signatures, matches and stories are saved by
    their own modules: for ``new`` and ``changed`` ids under the id in ``id_of``.
    """
    if not prepared:
        return SaveResult()
    known_as = identities(con, prepared)
    stored_id = known_as.id_of
    groups: dict[str, list[PreparedArticle]] = {}
    id_of: dict[str, str] = {}
    for number, one in enumerate(prepared):
        groups.setdefault(stored_id[number], []).append(one)
        id_of[one.article.article_id] = stored_id[number]
    current = _load_current(con, [one for one in groups if one in known_as.stored])

    new: list[str] = []
    changed: list[str] = []
    known: list[str] = []
    inserts: list[list[object]] = []
    written: dict[str, PreparedArticle] = {}
    superseded: list[list[object]] = []
    for article_id, copies in groups.items():
        was = current.get(article_id)
        best = _best(copies)
        if was is None:
            new.append(article_id)
            inserts.append(_row(article_id, best, None))
            written[article_id] = best
        elif _replaces(was, best):
            changed.append(article_id)
            superseded.append([
                article_id, was.version, was.seen_at, was.title, was.text, was.words_added,
                was.words_removed,
            ])  # fmt: skip
            inserts.append(_row(article_id, best, was))
            written[article_id] = best
        else:
            known.append(article_id)
    stands = _write(con, inserts, superseded, changed, written)
    _write_urls(con, groups, known_as.urls)
    return SaveResult(
        new=tuple(new),
        changed=tuple(changed),
        known=tuple(known),
        id_of=id_of,
        written={one.document.article_id: one for one in stands},
    )


def documents(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[Document]:
    """What matching needs of stored articles ``ids``, in order of id."""
    if not ids:
        return []
    found = con.execute(
        "SELECT article_id, text, title, publisher, language, "
        "coalesce(published_at, fetched_at), published_at IS NOT NULL, exact FROM core.articles "
        f"WHERE rowid IN {PLACES} ORDER BY article_id",
        at(places(con, "core.articles", "article_id", ids)),
    ).fetchall()
    return [
        Document(
            article_id=article_id, text=text, title=title, publisher=publisher,
            language=language, published_at=at, dated=dated, exact=exact,
        )
        for article_id, text, title, publisher, language, at, dated, exact in found
    ]  # fmt: skip


_SOURCES = {"page": 2, "given": 2, "feed": 1}


def _best(copies: list[PreparedArticle]) -> PreparedArticle:
    """The copy to keep of one article in one batch: a page before a feed's text, then newest."""
    return max(copies, key=lambda one: (_SOURCES[one.article.text_source], one.article.fetched_at))


def _replaces(was: _Current, one: PreparedArticle) -> bool:
    """Whether a copy fetched now is a newer version of what is stored."""
    article = one.article
    if _SOURCES[article.text_source] < _SOURCES[was.text_source]:
        # The page did not answer today and the feed's own text stood in: not an edit.
        return False
    if article.fetched_at <= was.fetched_at and article.text_source == was.text_source:
        # An older capture, or the same one again.
        return False
    return is_real_edit(was.title, was.text, article.title, article.text)


def _row(article_id: str, one: PreparedArticle, was: _Current | None) -> list[object]:
    article = one.article
    added, removed = (0, 0) if was is None else word_changes(was.text, article.text)
    published: tuple[Any, str, str] = (
        article.published_at, article.published_from, article.published_raw,
    )  # fmt: skip
    published_on = day_of(article)
    if was is not None and was.published_at is not None:
        # An edit does not move the day an article came out.
        published = (was.published_at, was.published_from, was.published_raw)
        published_on = was.published_on
    archived = article.archived
    return [
        article_id, article.url, article.canonical_url, site_of(one), article.feed,
        article.publisher, article.title, article.author or (was.author if was else ""),
        article.language, *published, article.fetched_at, article.text,
        one.original_text if one.original_text != article.text else None,
        one.words if one.words is not None else count_words(article.text),
        article.text_source, list(article.topics), 1 if was is None else was.version + 1,
        article.fetched_at, added, removed, archived.file if archived else None,
        archived.offset if archived else None, one.signature.exact & MASK,
        key_hash(storable(article_id)), was.story_id if was else article_id,
        was.is_representative if was else True, one.origin, published_on, *details_of(article),
    ]  # fmt: skip


_TOLD = (
    "article_id", "title", "publisher", "text", "language", "exact", "published_at", "fetched_at",
    "words", "text_source", "notice", "origin",
)  # fmt: skip


def _told(columns: Mapping[str, NDArray[Any]]) -> Iterator[Written]:
    """What ``documents`` and ``connected.nodes`` would read of rows of ``_ARTICLE``."""
    for (
        article_id, title, publisher, text, language, exact, published_at, fetched_at, words,
        text_source, notice, origin,
    ) in zip(*(columns[name].tolist() for name in _TOLD), strict=True):  # fmt: skip
        yield Written(
            document=Document(
                article_id=article_id, text=text, title=title, publisher=publisher,
                language=language, published_at=published_at or fetched_at,
                dated=published_at is not None, exact=exact,
            ),
            node=StoryNode(
                article_id=article_id, words=words, published_at=published_at,
                full_page=text_source != "feed", beginning=notice == "paywall", title=title,
                publisher=publisher, origin=origin,
            ),
        )  # fmt: skip


def _load_current(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, _Current]:
    names = list(_Current.__dataclass_fields__)
    if not ids:
        return {}
    found = con.execute(
        f"SELECT article_id, {', '.join(names)} FROM core.articles WHERE rowid IN {PLACES}",
        at(places(con, "core.articles", "article_id", ids)),
    ).fetchall()
    return {row[0]: _Current(**dict(zip(names, row[1:], strict=True))) for row in found}


def _write(
    con: duckdb.DuckDBPyConnection,
    inserts: list[list[object]],
    superseded: list[list[object]],
    changed: list[str],
    written: dict[str, PreparedArticle],
) -> Iterable[Written]:
    """Write the rows of all tables but the URLs'; returns the new and the changed articles."""
    if changed:
        types = {
            "article_id": "VARCHAR", "version": "INTEGER", "seen_at": "TIMESTAMPTZ",
            "title": "VARCHAR", "text": "VARCHAR", "words_added": "INTEGER",
            "words_removed": "INTEGER",
        }  # fmt: skip
        with staged(con, "batch_versions", types, rows(types, superseded)) as batch:
            con.execute(f"INSERT INTO core.article_versions BY NAME SELECT * FROM {batch}")
            for table in ("core.articles", "core.repeats", "core.links"):
                con.execute(
                    f"DELETE FROM {table} WHERE article_id IN (SELECT article_id FROM {batch})"
                )
    columns = stored(rows(_ARTICLE, inserts), _ARTICLE)
    if inserts:
        insert(con, "core.articles", _ARTICLE, columns)
    repeats = [
        [article_id, r.start, r.end, r.of_start, r.of_end, r.words, r.similarity, r.removed_text]
        for article_id, one in written.items()
        for r in one.repeats
    ]
    if repeats:
        insert(con, "core.repeats", _REPEAT, rows(_REPEAT, repeats))
    links = [
        [article_id, position, url, one.link_targets.get(url, url)]
        for article_id, one in written.items()
        for position, url in enumerate(one.article.links)
    ]
    if links:
        insert(con, "core.links", _LINK, rows(_LINK, links))
    return _told(columns)


def _write_urls(
    con: duckdb.DuckDBPyConnection, groups: dict[str, list[PreparedArticle]], known: Collection[str]
) -> None:
    leads: dict[str, str] = {}
    for article_id, copies in groups.items():
        for one in copies:
            for url in map(storable, urls_of(one)):
                if url not in known:
                    leads.setdefault(url, article_id)
    if not leads:
        return
    types = {"url": "VARCHAR", "article_id": "VARCHAR", "url_hash": "UBIGINT"}
    records = ([url, article_id, key_hash(url)] for url, article_id in leads.items())
    insert(con, "core.article_urls", types, rows(types, records))
