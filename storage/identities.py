"""Which stored article a new one is.

In this order: the same id; any of its URLs already leads to an article; or the same site carried
the same words under the same title at the same time, which is one article whose URL or guid
changed.  Taking two articles for one loses one of them, so the last rule wants all four; two rows
for one article are still linked as duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import duckdb

from storage.batches import rows, staged, storable
from storage.models import PreparedArticle
from storage.rows import key_hash

MASK = (1 << 64) - 1
"""The bits of a hash that is stored as UBIGINT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """How a batch is known to the store."""

    id_of: Mapping[int, str]
    """Position in the batch -> the id under which that article is, or will be, stored."""
    stored: frozenset[str]
    """Ids found in the store."""
    urls: frozenset[str]
    """URLs of the batch that lead to an article already."""


class _Answer(NamedTuple):
    """One article of the batch found in the store."""

    number: int
    article_id: str
    strength: int
    """1 the same words on the same site, 2 a URL, 3 the id itself."""
    url: str | None


def identities(con: duckdb.DuckDBPyConnection, prepared: Sequence[PreparedArticle]) -> Identities:
    """Find out which of the batch are stored, and which are one article among themselves."""
    sets = _Groups(len(prepared))
    first_with: dict[object, int] = {}
    for number, one in enumerate(prepared):
        marks: list[object] = [("id", one.article.article_id)]
        marks += [("url", url) for url in urls_of(one)]
        if text_mark := _text_mark(one):
            marks.append(("text", *text_mark))
        for mark in marks:
            sets.join(number, first_with.setdefault(mark, number))
    found = _ask(con, prepared)
    by_number: dict[int, str] = {}
    own: set[int] = set()
    # Strongest last: a later answer overwrites an earlier one.
    for answer in found:
        by_number[sets.find(answer.number)] = answer.article_id
        if answer.strength == 3:
            own.add(answer.number)
    chosen: dict[int, str] = {}
    id_of: dict[int, str] = {}
    for number, one in enumerate(prepared):
        root = sets.find(number)
        chosen.setdefault(root, by_number.get(root, one.article.article_id))
        # Two rows that were stored apart stay apart, even when a URL turns out to lead to both.
        id_of[number] = one.article.article_id if number in own else chosen[root]
    return Identities(
        id_of=id_of,
        stored=frozenset(answer.article_id for answer in found),
        urls=frozenset(answer.url for answer in found if answer.url is not None),
    )


def urls_of(one: PreparedArticle) -> list[str]:
    """Every URL that leads to an article, in order."""
    return sorted({one.article.canonical_url, *one.article.aliases} - {""})


def site_of(one: PreparedArticle) -> str:
    """The site that carries an article: as given, else its host without ``www.``."""
    if one.site:
        return one.site.lower()
    try:
        host = urlsplit(one.article.canonical_url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def _text_mark(one: PreparedArticle) -> tuple[object, ...]:
    """Site, words, title and time; empty when one of them is not known."""
    article = one.article
    if not (article.title and article.published_at is not None and site_of(one)):
        return ()
    return (site_of(one), one.signature.exact & MASK, article.title, article.published_at)


def _ask(con: duckdb.DuckDBPyConnection, prepared: Sequence[PreparedArticle]) -> list[_Answer]:
    """What the store knows of the batch, weakest first.

    Hashes alone are scanned first.  Mostly nothing is found, and then no string is read: asking
    for the rows in the same query cost five times the processor time on a million articles.
    """
    keys = {"number": "BIGINT", "key": "VARCHAR", "hash": "UBIGINT"}
    texts = {
        "number": "BIGINT", "site": "VARCHAR", "exact": "UBIGINT", "title": "VARCHAR",
        "published_at": "TIMESTAMPTZ",
    }  # fmt: skip
    asked_urls = [
        [number, url, key_hash(storable(url))]
        for number, one in enumerate(prepared)
        for url in urls_of(one)
    ]
    asked_ids = [
        [number, one.article.article_id, key_hash(storable(one.article.article_id))]
        for number, one in enumerate(prepared)
    ]
    asked_texts = [
        [number, *mark] for number, one in enumerate(prepared) if (mark := _text_mark(one))
    ]
    answers: list[_Answer] = []
    with (
        staged(con, "asked_texts", texts, rows(texts, asked_texts)) as batch,
        _places(con, "core.articles", "exact", f"SELECT exact FROM {batch}") as places,
    ):
        if places:
            answers += _answers(
                con,
                f"SELECT t.number, a.article_id, 1, NULL FROM {batch} t JOIN core.articles a "
                "ON a.exact = t.exact AND a.site = t.site AND a.title = t.title "
                f"AND a.published_at = t.published_at WHERE a.rowid IN {places}",
            )
    with (
        staged(con, "asked_urls", keys, rows(keys, asked_urls)) as batch,
        _places(con, "core.article_urls", "url_hash", f"SELECT hash FROM {batch}") as places,
    ):
        if places:
            answers += _answers(
                con,
                f"SELECT t.number, u.article_id, 2, u.url FROM {batch} t "
                f"JOIN core.article_urls u ON u.url = t.key WHERE u.rowid IN {places}",
            )
    with (
        staged(con, "asked_numbers", keys, rows(keys, asked_ids)) as batch,
        _places(con, "core.articles", "id_hash", f"SELECT hash FROM {batch}") as places,
    ):
        if places:
            answers += _answers(
                con,
                f"SELECT t.number, a.article_id, 3, NULL FROM {batch} t "
                f"JOIN core.articles a ON a.article_id = t.key WHERE a.rowid IN {places}",
            )
    return answers


@contextmanager
def _places(con: duckdb.DuckDBPyConnection, table: str, column: str, wanted: str) -> Iterator[str]:
    """A subquery for the rows of ``table`` with such a hash; empty when there are none."""
    counted = con.execute(
        "CREATE OR REPLACE TEMP TABLE hit_rows AS SELECT c.rowid AS place "
        f"FROM {table} c WHERE c.{column} IN ({wanted})"
    ).fetchone()
    yield "(SELECT place FROM temp.hit_rows)" if counted and counted[0] else ""
    con.execute("DROP TABLE temp.hit_rows")


def _answers(con: duckdb.DuckDBPyConnection, query: str) -> list[_Answer]:
    # Of several rows the one with the smallest id, and among the batch the first, has the say.
    found = con.execute(
        f"SELECT * FROM ({query}) r (number, id, strength, url) ORDER BY 2 DESC, 1 DESC"
    )
    return [_Answer(*row) for row in found.fetchall()]


class _Groups:
    """Disjoint sets of batch positions."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, one: int) -> int:
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first
