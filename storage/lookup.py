"""One article with everything that is stored about it."""

from __future__ import annotations

import duckdb

from dedupe.models import Repeat
from ingest.models import ArchivePointer, Article
from storage.details import DETAIL_TYPES, article_fields
from storage.matches import matches_of
from storage.models import ArticleVersion, StoredArticle

_COLUMNS = (
    "a.article_id, a.url, a.canonical_url, a.feed, a.publisher, a.title, a.author, a.language, "
    "a.published_at, a.published_from, a.published_raw, a.fetched_at, a.text, a.text_source, "
    "a.topics, a.archive_file, a.archive_offset, a.version, a.words, a.original_text, "
    "coalesce(m.story_id, a.article_id), coalesce(s.representative_id = a.article_id, true), "
    + ", ".join(f"a.{name}" for name in DETAIL_TYPES)
)


def find(con: duckdb.DuckDBPyConnection, url_or_id: str) -> StoredArticle | None:
    """The stored article of an article_id, or of any URL that leads to one; None if there is none.

    A URL is compared as given: hand in its canonical form too where the first finds nothing.
    """
    row = con.execute(
        "SELECT article_id FROM ("
        "SELECT article_id, 1 AS strength FROM core.articles WHERE article_id = $asked "
        "UNION ALL SELECT article_id, 2 FROM core.article_urls WHERE url = $asked "
        "UNION ALL SELECT article_id, 3 FROM core.articles WHERE url = $asked "
        "OR canonical_url = $asked) ORDER BY strength, article_id LIMIT 1",
        {"asked": url_or_id},
    ).fetchone()
    return _load(con, row[0]) if row else None


def _load(con: duckdb.DuckDBPyConnection, article_id: str) -> StoredArticle | None:
    asked = {"id": article_id}
    row = con.execute(
        f"SELECT {_COLUMNS} FROM core.articles a "
        "LEFT JOIN core.story_members m ON m.article_id = a.article_id "
        "LEFT JOIN core.stories s ON s.story_id = m.story_id WHERE a.article_id = $id",
        asked,
    ).fetchone()
    if row is None:
        return None
    links = con.execute(
        "SELECT url FROM core.links WHERE article_id = $id ORDER BY position", asked
    ).fetchall()
    aliases = con.execute(
        "SELECT url FROM core.article_urls WHERE article_id = $id ORDER BY url", asked
    ).fetchall()
    repeats = con.execute(
        "SELECT start_char, end_char, of_start_char, of_end_char, words, similarity, removed_text "
        "FROM core.repeats WHERE article_id = $id ORDER BY start_char",
        asked,
    ).fetchall()
    versions = con.execute(
        "SELECT version, seen_at, title, text, words_added, words_removed FROM article_versions "
        "WHERE article_id = $id ORDER BY version",
        asked,
    ).fetchall()
    article = Article(
        article_id=row[0], url=row[1], canonical_url=row[2], feed=row[3], publisher=row[4],
        title=row[5], author=row[6], language=row[7], published_at=row[8], published_from=row[9],
        published_raw=row[10], fetched_at=row[11], text=row[12], text_source=row[13],
        topics=tuple(row[14]), links=tuple(url for (url,) in links),
        aliases=tuple(url for (url,) in aliases),
        archived=ArchivePointer(file=row[15], offset=row[16]) if row[15] is not None else None,
        **article_fields(row[22:]),
    )  # fmt: skip
    return StoredArticle(
        article=article, version=row[17], words=row[18], original_text=row[19], story_id=row[20],
        is_representative=row[21],
        repeats=tuple(
            Repeat(
                start=start, end=end, of_start=of_start, of_end=of_end, words=words,
                similarity=similarity, removed_text=removed,
            )
            for start, end, of_start, of_end, words, similarity, removed in repeats
        ),
        matches=tuple(matches_of(con, article_id)),
        versions=tuple(
            ArticleVersion(
                version=version, seen_at=seen_at, title=title, text=text, words_added=added,
                words_removed=removed,
            )
            for version, seen_at, title, text, added, removed in versions
        ),
    )  # fmt: skip
