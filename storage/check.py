"""Does the store hold together?  Each fault is a row that a person can look up, with a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from storage.rows import HASHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that should not be."""

    kind: str
    """A word to group by; a key of ``FAULTS``."""
    subject: str
    """The id or URL concerned."""
    detail: str

    @property
    def remedy(self) -> str:
        """What a person can do about it."""
        return REMEDIES[self.kind]


# Kind -> (what it means, a query giving the subjects).
FAULTS: dict[str, tuple[str, str]] = {
    "article_twice": (
        "several rows under one article_id",
        "SELECT article_id FROM core.articles GROUP BY ALL HAVING count(*) > 1",
    ),
    "article_without_url": (
        "no address leads to the article",
        "SELECT article_id FROM core.articles ANTI JOIN core.article_urls USING (article_id)",
    ),
    "url_twice": (
        "an address leads to several articles",
        "SELECT url FROM core.article_urls GROUP BY ALL HAVING count(*) > 1",
    ),
    "url_without_article": (
        "an address leads to an article that is not there",
        "SELECT url FROM core.article_urls ANTI JOIN core.articles USING (article_id)",
    ),
    "entry_unaccounted": (
        "an entry became neither a stored article nor a rejection with a reason",
        "SELECT e.canonical_url FROM core.entries e "
        "LEFT JOIN core.articles a ON a.article_id = e.article_id "
        "WHERE (e.outcome = 'article' AND a.article_id IS NULL) "
        "OR (e.outcome = 'rejected' AND coalesce(e.reason, '') = '') "
        "OR e.outcome IS NULL OR e.outcome NOT IN ('article', 'rejected')",
    ),
    "retry_without_payload": (
        "a retry is planned, but the entry was not kept for it",
        "SELECT canonical_url FROM core.entries "
        "WHERE outcome = 'rejected' AND retry_at IS NOT NULL AND payload IS NULL",
    ),
    "signature_missing": (
        "an article has no signature, so that no copy of it can be found",
        "SELECT article_id FROM core.articles ANTI JOIN core.signatures USING (article_id)",
    ),
    "signature_orphan": (
        "a signature or one of its keys belongs to no article",
        "SELECT article_id FROM core.signatures ANTI JOIN core.articles USING (article_id) "
        "UNION SELECT k.article_id FROM core.segment_articles k ANTI JOIN core.signatures s "
        "ON s.article_id = k.article_id AND s.day IS NOT DISTINCT FROM k.day",
    ),
    "keys_missing": (
        "a signature has no keys among those of its day, so that no copy of it can be found",
        "SELECT s.article_id FROM core.signatures s LEFT JOIN "
        "(SELECT article_id, day, count(*) AS n FROM core.segment_articles GROUP BY ALL) k "
        "ON k.article_id = s.article_id AND k.day IS NOT DISTINCT FROM s.day "
        "WHERE k.n IS DISTINCT FROM 1",
    ),
    "keys_unreadable": (
        "keys are stored that do not tell whose they are",
        "SELECT k.rowid FROM core.key_segments k LEFT JOIN (SELECT segment, count(article_id) AS n "
        "FROM core.segment_articles GROUP BY ALL) a ON a.segment = k.rowid "
        "WHERE 8 * coalesce(a.n, 0) IS DISTINCT FROM octet_length(k.counts) "
        "OR 4 * k.size IS DISTINCT FROM octet_length(k.keys)",
    ),
    "match_orphan": (
        "a match names an article that is not there",
        "SELECT article_id FROM core.matches ANTI JOIN core.articles USING (article_id) UNION "
        "SELECT of_article_id FROM core.matches m "
        "ANTI JOIN core.articles a ON a.article_id = m.of_article_id",
    ),
    "article_without_story": (
        "an article belongs to no story",
        "SELECT article_id FROM core.articles ANTI JOIN core.story_members USING (article_id)",
    ),
    "member_twice": (
        "an article belongs to several stories",
        "SELECT article_id FROM core.story_members GROUP BY ALL HAVING count(*) > 1",
    ),
    "member_orphan": (
        "a story holds an article that is not there",
        "SELECT article_id FROM core.story_members ANTI JOIN core.articles USING (article_id)",
    ),
    "story_missing": (
        "articles belong to a story that is not there",
        "SELECT DISTINCT story_id FROM core.story_members ANTI JOIN core.stories USING (story_id)",
    ),
    "story_without_representative": (
        "the copy to show is not a member of its story",
        "SELECT s.story_id FROM core.stories s ANTI JOIN core.story_members m "
        "ON m.story_id = s.story_id AND m.article_id = s.representative_id",
    ),
    "story_miscounted": (
        "the figures kept with a story are not those of its members",
        "SELECT s.story_id FROM core.stories s JOIN core.story_members m "
        "ON m.story_id = s.story_id JOIN core.articles a ON a.article_id = m.article_id "
        "GROUP BY s.story_id HAVING count(*) IS DISTINCT FROM any_value(s.articles) "
        "OR count(DISTINCT a.publisher) IS DISTINCT FROM any_value(s.publishers) "
        "OR min(a.published_at) IS DISTINCT FROM any_value(s.first_published_at) "
        "OR max(a.published_at) IS DISTINCT FROM any_value(s.last_published_at)",
    ),
    "story_copy_wrong": (
        "what an article says of its story is not what the story says",
        # Stories that do not hold together by themselves are told as that.
        "SELECT a.article_id FROM core.articles a "
        "JOIN core.story_members m ON m.article_id = a.article_id "
        "JOIN core.stories s ON s.story_id = m.story_id "
        "WHERE a.story_id IS DISTINCT FROM m.story_id "
        "OR a.is_representative IS DISTINCT FROM (s.representative_id = a.article_id) "
        "UNION SELECT a.article_id FROM core.articles a "
        "ANTI JOIN core.story_members m ON m.article_id = a.article_id "
        "WHERE (a.story_id, a.is_representative) IS DISTINCT FROM (a.article_id, true)",
    ),
    "hash_wrong": (
        "the hash kept with a key is not the key's: it would not be found again",
        " UNION ALL ".join(
            f"SELECT {column} FROM {table} "
            f"WHERE {hashed} IS DISTINCT FROM md5_number_lower({column})"
            for (table, column), hashed in HASHED.items()
        ),
    ),
    "words_hash_wrong": (
        "an article and its signature disagree on the hash of its words",
        "SELECT a.article_id FROM core.articles a JOIN core.signatures s "
        "ON s.article_id = a.article_id WHERE a.exact IS DISTINCT FROM s.exact",
    ),
    "forward_nowhere": (
        "an ended story leads to one that is not there",
        "SELECT f.story_id FROM core.story_forwards f "
        "ANTI JOIN core.stories s ON s.story_id = f.to_story_id",
    ),
    "version_gap": (
        "the versions of an article are not 1, 2, 3 ...",
        "SELECT article_id FROM (SELECT article_id, version FROM core.articles UNION ALL "
        "SELECT article_id, version FROM core.article_versions) GROUP BY article_id "
        "HAVING min(version) <> 1 OR max(version) <> count(*) "
        "OR count(DISTINCT version) <> count(*)",
    ),
    "repeat_orphan": (
        "a repeat belongs to no article, or does not stand in the text before cutting",
        "SELECT r.article_id FROM core.repeats r "
        "LEFT JOIN core.articles a ON a.article_id = r.article_id "
        "WHERE a.article_id IS NULL OR (a.original_text IS NOT NULL AND "
        "a.original_text[r.start_char + 1 : r.end_char] <> r.removed_text)",
    ),
    "link_orphan": (
        "a citation belongs to no article",
        "SELECT DISTINCT article_id FROM core.links ANTI JOIN core.articles USING (article_id)",
    ),
    "mention_orphan": (
        "a mention or a figure belongs to no article",
        "SELECT article_id FROM core.mentions ANTI JOIN core.articles USING (article_id) UNION "
        "SELECT article_id FROM core.figures ANTI JOIN core.articles USING (article_id)",
    ),
}

_REPAIR = "`voltwire store check --repair` "
_BACKUP = "put back a backup of the store folder, or tell the makers"
REMEDIES: dict[str, str] = {
    "article_twice": _BACKUP,
    "article_without_url": _REPAIR + "adds its own",
    "url_twice": _REPAIR + "keeps the one it belongs to",
    "url_without_article": _REPAIR + "forgets it",
    "entry_unaccounted": _REPAIR + "forgets the entry, so that it is taken in anew when listed",
    "retry_without_payload": _REPAIR + "forgets the entry, so that it is taken in anew when listed",
    "signature_missing": _REPAIR + "makes it",
    "signature_orphan": _REPAIR + "forgets it",
    "keys_missing": _REPAIR + "makes them",
    "keys_unreadable": _REPAIR + "makes them anew",
    "match_orphan": _REPAIR + "forgets it",
    "article_without_story": _REPAIR + "finds its story",
    "member_twice": _REPAIR + "finds its story",
    "member_orphan": _REPAIR + "forgets it",
    "story_missing": _REPAIR + "finds their story",
    "story_without_representative": _REPAIR + "chooses one",
    "story_miscounted": _REPAIR + "counts again",
    "story_copy_wrong": _REPAIR + "writes it anew",
    "hash_wrong": _REPAIR + "makes it",
    "words_hash_wrong": _REPAIR + "makes the signature anew",
    "forward_nowhere": _REPAIR + "forgets it",
    "version_gap": _BACKUP,
    "repeat_orphan": "`voltwire store reextract` reads the article again; "
    + _REPAIR
    + "forgets those of no article",
    "link_orphan": _REPAIR + "forgets it",
    "mention_orphan": _REPAIR + "forgets it",
}


def faults(con: duckdb.DuckDBPyConnection, *, limit: int = 100) -> list[Fault]:
    """Every fault found, at most ``limit`` of a kind, in order of kind and subject."""
    return [
        Fault(kind=kind, subject=str(subject), detail=meaning)
        for kind, (meaning, query) in FAULTS.items()
        for (subject,) in con.execute(
            f"SELECT * FROM ({query}) ORDER BY 1 LIMIT {int(limit)}"
        ).fetchall()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the page of an article lies in the archive."""

    article_id: str
    url: str
    file: str
    offset: int
    from_page: bool
    """Whether the article's text was read from that page; its URL is the page's then."""


def archive_places(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """(article_id, archive file, offset) of every article that was fetched, file by file."""
    return [(place.article_id, place.file, place.offset) for place in places(con)]


def places(con: duckdb.DuckDBPyConnection) -> list[Place]:
    """The archived page of every article that has one, in the order of the archive."""
    found = con.execute(
        "SELECT article_id, url, archive_file, archive_offset, text_source = 'page' "
        "FROM core.articles WHERE archive_file IS NOT NULL "
        "ORDER BY archive_file, archive_offset, article_id"
    ).fetchall()
    return [
        Place(article_id=article_id, url=url, file=file, offset=offset, from_page=from_page)
        for article_id, url, file, offset, from_page in found
    ]


def forget_places(con: duckdb.DuckDBPyConnection, file: str, *, start: int = 0) -> int:
    """Note that ``file`` is gone from byte ``start`` on; the number of articles concerned."""
    found = con.execute(
        "UPDATE core.articles SET archive_file = NULL, archive_offset = NULL "
        "WHERE archive_file = $file AND archive_offset >= $start",
        {"file": file, "start": start},
    ).fetchone()
    return int(found[0]) if found else 0


def running_since(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the oldest run that is under way began; None when there is none."""
    found = con.execute("SELECT min(started_at) FROM core.runs WHERE state = 'running'").fetchone()
    return found[0] if found else None


def size(con: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    """(articles, stories, entries) that were looked at."""
    found = con.execute(
        "SELECT (SELECT count(*) FROM core.articles), (SELECT count(*) FROM core.stories), "
        "(SELECT count(*) FROM core.entries)"
    ).fetchone()
    return found if found else (0, 0, 0)
