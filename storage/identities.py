"""Which stored article a new one is.

In this order: the same id; any of its URLs already leads to an article; or the same site carried
the same words under the same title at the same time, which is one article whose URL or guid
changed.  Taking two articles for one loses one of them, so the last rule wants all four; two rows
for one article are still linked as duplicates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import duckdb

from storage.batches import storable
from storage.models import PreparedArticle
from storage.rows import PLACES, key_hash

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


def _text_mark(one: PreparedArticle) -> tuple[str, int, str, datetime] | None:
    """Site, words, title and time; None when one of them is not known."""
    article = one.article
    if not (article.title and article.published_at is not None and site_of(one)):
        return None
    return (site_of(one), one.signature.exact & MASK, article.title, article.published_at)


def _ask(con: duckdb.DuckDBPyConnection, prepared: Sequence[PreparedArticle]) -> list[_Answer]:
    """What the store knows of the batch, weakest first.

    Hashes alone are scanned first.  Mostly nothing is found, and then no string is read: asking
    for the rows in the same query cost five times the processor time on a million articles.
    """
    urls: defaultdict[str, list[int]] = defaultdict(list)
    ids: defaultdict[str, list[int]] = defaultdict(list)
    texts: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, one in enumerate(prepared):
        ids[storable(one.article.article_id)].append(number)
        for url in urls_of(one):
            urls[storable(url)].append(number)
        if mark := _text_mark(one):
            site, exact, title, at = mark
            texts[storable(site), exact, storable(title), at].append(number)
    found = con.execute(
        "SELECT rowid, true FROM core.articles WHERE exact IN (SELECT unnest($exact::UBIGINT[])) "
        "UNION ALL SELECT rowid, true FROM core.articles "
        "WHERE id_hash IN (SELECT unnest($ids::UBIGINT[])) "
        "UNION ALL SELECT rowid, false FROM core.article_urls "
        "WHERE url_hash IN (SELECT unnest($urls::UBIGINT[]))",
        {
            "exact": [exact for _, exact, *_ in texts],
            "ids": list(map(key_hash, ids)),
            "urls": list(map(key_hash, urls)),
        },
    ).fetchall()
    answers: list[_Answer] = []
    rows = [place for place, of_article in found if of_article]
    for article_id, *said in _at(con, _MARKS, rows):
        answers += [_Answer(n, article_id, 1, None) for n in texts.get(tuple(said), ())]
        answers += [_Answer(n, article_id, 3, None) for n in ids.get(article_id, ())]
    rows = [place for place, of_article in found if not of_article]
    for article_id, url in _at(con, _LEADS, rows):
        answers += [_Answer(n, article_id, 2, url) for n in urls.get(url, ())]
    # Of several rows the one with the smallest id, and among the batch the first, has the say.
    return sorted(
        answers, key=lambda one: (-one.strength, one.article_id, one.number), reverse=True
    )


_MARKS = "SELECT article_id, site, exact, title, published_at FROM core.articles"
_LEADS = "SELECT article_id, url FROM core.article_urls"


def _at(con: duckdb.DuckDBPyConnection, query: str, rows: Sequence[int]) -> list[tuple[Any, ...]]:
    if not rows:
        return []
    return con.execute(f"{query} WHERE rowid IN {PLACES}", {"places": list(rows)}).fetchall()


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
