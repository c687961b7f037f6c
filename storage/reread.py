"""Stored articles read again by other rules: what was read, and what takes its place.

A change made here is ours, not the publisher's: the row keeps its id, its version and the time
at which it was fetched, and no version is made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from ingest.models import ArchivePointer, Article
from storage.batches import rows, staged
from storage.details import DETAIL_TYPES, article_fields, day_of, details_of
from storage.models import PreparedArticle

_COLUMNS = {
    "article_id": "VARCHAR", "publisher": "VARCHAR", "title": "VARCHAR", "author": "VARCHAR",
    "language": "VARCHAR", "published_at": "TIMESTAMPTZ", "published_from": "VARCHAR",
    "published_raw": "VARCHAR", "text": "VARCHAR", "original_text": "VARCHAR",
    "words": "INTEGER", "topics": "VARCHAR[]", "exact": "UBIGINT", "origin": "VARCHAR",
    **DETAIL_TYPES,
}  # fmt: skip
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A stored article with what is needed to read it again."""

    article: Article
    """As stored, without links and aliases."""
    version: int
    original_text: str
    """The text before repeats were cut."""
    words: int
    entry_url: str
    """As a feed listed it; the article's own where no entry led to it."""
    entry_canonical_url: str
    guid: str
    revision: str


def selected(
    con: duckdb.DuckDBPyConnection, *, since: datetime | None, feeds: Sequence[str]
) -> list[str]:
    """Ids of the articles published since then (or without a date) of those feeds.

    In the order of the archive, so that reading it goes forward; articles without a page last.
    """
    found = con.execute(
        "SELECT article_id FROM core.articles WHERE "
        "($since IS NULL OR published_at IS NULL OR published_at >= $since) "
        "AND (len($feeds) = 0 OR feed IN (SELECT unnest($feeds))) "
        "ORDER BY archive_file NULLS LAST, archive_offset, article_id",
        {"since": since, "feeds": list(feeds)},
    ).fetchall()
    return [article_id for (article_id,) in found]


def load(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[Reread]:
    """The articles ``ids``, in that order; ids that are not there any more are left out."""
    if not ids:
        return []
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": list(ids)}) as asked:
        found = con.execute(
            "SELECT a.article_id, a.url, a.canonical_url, a.feed, a.publisher, a.title, a.author, "
            "a.language, a.published_at, a.published_from, a.published_raw, a.fetched_at, a.text, "
            "a.text_source, a.topics, a.archive_file, a.archive_offset, a.version, "
            "coalesce(a.original_text, a.text), coalesce(a.words, 0), "
            f"{', '.join(f'a.{name}' for name in DETAIL_TYPES)} FROM core.articles a "
            "WHERE a.rowid IN (SELECT r.rowid FROM core.articles r "
            f"WHERE r.article_id IN (SELECT id FROM {asked}))"
        ).fetchall()
        # Several entries can lead to one article: the one that was there first made it.
        entries = {
            row[0]: row[1:]
            for row in con.execute(
                "SELECT article_id, canonical_url, url, guid, revision FROM core.entries "
                f"WHERE article_id IN (SELECT id FROM {asked}) "
                "ORDER BY first_seen_at DESC, canonical_url DESC"
            ).fetchall()
        }
    by_id: dict[str, Reread] = {}
    for row in found:
        (article_id, url, canonical_url, feed, publisher, title, author, language, published_at,
         published_from, published_raw, fetched_at, text, text_source, topics, file, offset,
         version, original, words, *details) = row  # fmt: skip
        entry = entries.get(article_id, (canonical_url, url, "", ""))
        by_id[article_id] = Reread(
            article=Article(
                article_id=article_id, url=url, canonical_url=canonical_url, feed=feed,
                publisher=publisher, title=title, author=author, language=language,
                published_at=published_at, published_from=published_from,
                published_raw=published_raw, fetched_at=fetched_at, text=text,
                text_source=text_source, topics=tuple(topics or ()),
                archived=ArchivePointer(file=file, offset=offset) if file else None,
                **article_fields(details),
            ),
            version=version, original_text=original, words=words,
            entry_canonical_url=entry[0], entry_url=entry[1], guid=entry[2] or "",
            revision=entry[3] or "",
        )  # fmt: skip
    return [by_id[article_id] for article_id in ids if article_id in by_id]


def still(con: duckdb.DuckDBPyConnection, read: Sequence[tuple[str, int, datetime]]) -> set[str]:
    """Which articles are stored as they were read: not edited, pruned or gone since.

    ``read``: id, version and time of fetching of each.
    """
    types = {"id": "VARCHAR", "version": "INTEGER", "fetched_at": "TIMESTAMPTZ"}
    with staged(con, "asked_states", types, rows(types, read)) as asked:
        found = con.execute(
            f"SELECT a.article_id FROM core.articles a JOIN {asked} s ON s.id = a.article_id "
            "AND s.version = a.version AND s.fetched_at = a.fetched_at"
        ).fetchall()
    return {article_id for (article_id,) in found}


def replace(con: duckdb.DuckDBPyConnection, prepared: Sequence[PreparedArticle]) -> None:
    """Put what was read anew in place of stored articles of the same ids.

    Title, text, author, language, publisher, publication, details, topics and repeats; links too,
    and further addresses, where the page was read.  Signatures, matches and stories are left to
    the caller.
    """
    if not prepared:
        return
    records = [
        [
            one.article.article_id, one.article.publisher, one.article.title, one.article.author,
            one.article.language, one.article.published_at, one.article.published_from,
            one.article.published_raw, one.article.text, one.original_text, one.words,
            list(one.article.topics), one.signature.exact & _MASK, one.origin,
            day_of(one.article), *details_of(one.article),
        ]
        for one in prepared
    ]  # fmt: skip
    with staged(con, "batch_reread", _COLUMNS, rows(_COLUMNS, records)) as batch:
        sets = ", ".join(f"{name} = b.{name}" for name in _COLUMNS if name != "article_id")
        con.execute(
            f"UPDATE core.articles SET {sets}, derived = NULL FROM {batch} b "
            "WHERE core.articles.article_id = b.article_id"
        )
        con.execute(
            f"DELETE FROM core.repeats WHERE article_id IN (SELECT article_id FROM {batch})"
        )
    types = {
        "article_id": "VARCHAR", "start_char": "INTEGER", "end_char": "INTEGER",
        "of_start_char": "INTEGER", "of_end_char": "INTEGER", "words": "INTEGER",
        "similarity": "DOUBLE", "removed_text": "VARCHAR",
    }  # fmt: skip
    repeats = [
        [one.article.article_id, r.start, r.end, r.of_start, r.of_end, r.words, r.similarity,
         r.removed_text]
        for one in prepared
        for r in one.repeats
    ]  # fmt: skip
    if repeats:
        with staged(con, "batch_repeats", types, rows(types, repeats)) as batch:
            con.execute(f"INSERT INTO core.repeats BY NAME SELECT * FROM {batch}")
    _replace_links(con, [one for one in prepared if one.article.aliases])


def _replace_links(con: duckdb.DuckDBPyConnection, pages: Sequence[PreparedArticle]) -> None:
    if not pages:
        return
    ids = {"id": [one.article.article_id for one in pages]}
    with staged(con, "asked_ids", {"id": "VARCHAR"}, ids) as asked:
        con.execute(f"DELETE FROM core.links WHERE article_id IN (SELECT id FROM {asked})")
    types = {
        "article_id": "VARCHAR", "position": "INTEGER", "url": "VARCHAR",
        "canonical_url": "VARCHAR",
    }  # fmt: skip
    links = [
        [one.article.article_id, position, url, one.link_targets.get(url, url)]
        for one in pages
        for position, url in enumerate(one.article.links)
    ]
    if links:
        with staged(con, "batch_links", types, rows(types, links)) as batch:
            con.execute(f"INSERT INTO core.links BY NAME SELECT * FROM {batch}")
    url_types = {"url": "VARCHAR", "article_id": "VARCHAR"}
    leads: dict[str, str] = {}
    for one in pages:
        for url in one.article.aliases:
            leads.setdefault(url, one.article.article_id)
    with staged(con, "batch_urls", url_types, rows(url_types, leads.items())) as batch:
        con.execute(
            "INSERT INTO core.article_urls BY NAME "
            f"SELECT b.url, b.article_id, md5_number_lower(b.url) AS url_hash FROM {batch} b "
            "WHERE NOT EXISTS (SELECT 1 FROM core.article_urls u WHERE u.url = b.url)"
        )
