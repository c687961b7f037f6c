"""What can be put right without asking anybody: rows that belong to nothing go, the rest is named.

Nothing that a person could miss is removed: no article, no version, no text.  What is derived
(signatures, matches, stories) is only named here; whoever calls makes it anew.
"""

from __future__ import annotations

import duckdb

from storage import check
from storage.rows import HASHED

_NO_ARTICLE = "article_id NOT IN (SELECT article_id FROM core.articles)"
# Kind of fault -> what removes it, one statement after the other.
_REMOVALS: dict[str, tuple[str, ...]] = {
    "url_without_article": (f"DELETE FROM core.article_urls WHERE {_NO_ARTICLE}",),
    "url_twice": (
        # The article whose own address it is; else the first by id.
        "DELETE FROM core.article_urls WHERE rowid IN (SELECT r FROM (SELECT u.rowid AS r, "
        "row_number() OVER (PARTITION BY u.url ORDER BY a.canonical_url IS DISTINCT FROM u.url, "
        "u.article_id) AS place FROM core.article_urls u LEFT JOIN core.articles a "
        "ON a.article_id = u.article_id) WHERE place > 1)",
    ),
    "article_without_url": (
        "INSERT INTO core.article_urls BY NAME SELECT a.canonical_url AS url, a.article_id, "
        "md5_number_lower(a.canonical_url) AS url_hash FROM core.articles a "
        "WHERE a.article_id NOT IN (SELECT article_id FROM core.article_urls) "
        "AND a.canonical_url NOT IN (SELECT url FROM core.article_urls)",
    ),
    # Feeds list entries for days, and what is listed and not known is taken in.
    "entry_unaccounted": (
        f"DELETE FROM core.entries WHERE (outcome = 'article' AND (article_id IS NULL "
        f"OR {_NO_ARTICLE})) OR (outcome = 'rejected' AND coalesce(reason, '') = '') "
        "OR outcome IS NULL OR outcome NOT IN ('article', 'rejected')",
    ),
    "retry_without_payload": (
        "DELETE FROM core.entries WHERE outcome = 'rejected' AND retry_at IS NOT NULL "
        "AND payload IS NULL",
    ),
    "signature_orphan": (
        f"DELETE FROM core.signatures WHERE {_NO_ARTICLE}",
        # With them go those that stand in one row with them; they are missed then, and made anew.
        "DELETE FROM core.key_segments WHERE rowid IN (SELECT k.segment "
        "FROM core.segment_articles k ANTI JOIN core.signatures s "
        "ON s.article_id = k.article_id AND s.day IS NOT DISTINCT FROM k.day)",
    ),
    "keys_unreadable": (
        f"DELETE FROM core.key_segments WHERE rowid IN ({check.FAULTS['keys_unreadable'][1]})",
    ),
    "match_orphan": (
        f"DELETE FROM core.matches WHERE {_NO_ARTICLE} "
        "OR of_article_id NOT IN (SELECT article_id FROM core.articles)",
    ),
    "member_orphan": (f"DELETE FROM core.story_members WHERE {_NO_ARTICLE}",),
    "repeat_orphan": (f"DELETE FROM core.repeats WHERE {_NO_ARTICLE}",),
    "link_orphan": (f"DELETE FROM core.links WHERE {_NO_ARTICLE}",),
    "mention_orphan": (
        f"DELETE FROM core.mentions WHERE {_NO_ARTICLE}",
        f"DELETE FROM core.figures WHERE {_NO_ARTICLE}",
    ),
    "hash_wrong": tuple(
        f"UPDATE {table} SET {hashed} = md5_number_lower({column}) "
        f"WHERE {hashed} IS DISTINCT FROM md5_number_lower({column})"
        for (table, column), hashed in HASHED.items()
    ),
    "words_hash_wrong": (
        "UPDATE core.articles SET exact = s.exact FROM core.signatures s "
        "WHERE s.article_id = core.articles.article_id "
        "AND s.exact IS DISTINCT FROM core.articles.exact",
    ),
    # Memberships and stories decide; the article only repeats them.
    "story_copy_wrong": (
        "UPDATE core.articles SET story_id = m.story_id, "
        "is_representative = (s.representative_id = m.article_id) "
        "FROM core.story_members m JOIN core.stories s ON s.story_id = m.story_id "
        "WHERE m.article_id = core.articles.article_id AND (core.articles.story_id, "
        "core.articles.is_representative) IS DISTINCT FROM "
        "(m.story_id, s.representative_id = m.article_id)",
        "UPDATE core.articles SET story_id = article_id, is_representative = true "
        "WHERE article_id NOT IN (SELECT article_id FROM core.story_members) "
        "AND (story_id, is_representative) IS DISTINCT FROM (article_id, true)",
    ),
    "forward_nowhere": (
        "DELETE FROM core.story_forwards WHERE to_story_id NOT IN "
        "(SELECT story_id FROM core.stories)",
    ),
}
_STORYLESS = (
    "SELECT m.article_id FROM core.story_members m ANTI JOIN core.stories s USING (story_id)"
)


def mend(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Remove strays and what is broken of what is derived.

    Returns:
        Articles whose signature, matches and story the caller has to make anew, in order of id.
    """
    # Asked before the matches go: what is left of such a pair lost a match.  Before hashes are made
    # equal, too: which of the two was wrong is found out by signing again.
    bereft = con.execute(check.FAULTS["words_hash_wrong"][1]).fetchall()
    bereft += con.execute(
        f"SELECT article_id FROM core.matches WHERE NOT ({_NO_ARTICLE}) AND of_article_id NOT IN "
        "(SELECT article_id FROM core.articles) UNION SELECT of_article_id FROM core.matches "
        f"WHERE {_NO_ARTICLE} AND of_article_id IN (SELECT article_id FROM core.articles)"
    ).fetchall()
    remove_strays(con)
    return sorted({*unrelated(con), *(article_id for (article_id,) in bereft)})


def remove_strays(con: duckdb.DuckDBPyConnection) -> None:
    """Remove every row that belongs to nothing, and give each article its own address."""
    for statements in _REMOVALS.values():
        for statement in statements:
            con.execute(statement)


def unrelated(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Articles whose signature or story has to be made anew, in order of id.

    Their broken memberships, and stories that nobody belongs to, are removed first.
    """
    wanted = {
        str(row[0])
        for kind in (
            "signature_missing",
            "keys_missing",
            "article_without_story",
            "member_twice",
        )
        for row in con.execute(check.FAULTS[kind][1]).fetchall()
    }
    wanted |= {str(row[0]) for row in con.execute(_STORYLESS).fetchall()}
    for kind in ("story_without_representative", "story_miscounted"):
        wanted |= {
            str(row[0])
            for row in con.execute(
                "SELECT article_id FROM core.story_members "
                f"WHERE story_id IN ({check.FAULTS[kind][1]})"
            ).fetchall()
        }
    con.execute(
        "DELETE FROM core.story_members WHERE article_id IN "
        f"({check.FAULTS['member_twice'][1]}) OR article_id IN ({_STORYLESS})"
    )
    con.execute(
        "DELETE FROM core.stories WHERE story_id NOT IN (SELECT story_id FROM core.story_members)"
    )
    return sorted(wanted)
