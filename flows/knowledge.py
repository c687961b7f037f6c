"""What a worker knows of the store: enough to leave out what is there, on a machine without it.

    store --snapshot--> shelf: <run>/<group>/known/*.parquet --take_up--> a scratch store
                        shelf: shards of the run and group   --take_up-->

A worker may know too little, never too much: what it does not know of it fetches again, and the
loader sees that it is there; what it believed to be there and is not would be lost.  So a worker
knows what stood in the store when the run began, and what lies on the shelf.  See
``docs/decisions/2026-11-23-shards.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from flows import shard_file
from flows.loading import write_notes
from flows.save import Saved
from flows.shard import Shard
from storage import entries, rejections
from storage.batches import rows, staged, storable
from storage.identities import urls_of
from storage.models import EntryOutcome
from storage.rows import key_hash
from storage.shelf import Shelf
from storage.store import Store

KNOWN = "known"
_SHARD = ".parquet"
# Table -> the rows and columns of it that the work on some feeds asks for.
_OF_FEEDS = "feed IN (SELECT unnest($feeds))"
_TABLES: Mapping[str, str] = {
    "entries": f"SELECT * FROM core.entries WHERE {_OF_FEEDS}",
    "articles": "SELECT article_id, id_hash, feed, published_at, fetched_at FROM core.articles "
    f"WHERE {_OF_FEEDS}",
    "article_urls": "SELECT u.* FROM core.article_urls u SEMI JOIN (SELECT article_id FROM "
    f"core.articles WHERE {_OF_FEEDS}) a USING (article_id)",
    "coverage": f"SELECT * FROM core.coverage WHERE {_OF_FEEDS}",
    "pages_outside": f"SELECT * FROM core.pages_outside WHERE {_OF_FEEDS}",
    "gaps": f"SELECT * FROM core.gaps WHERE {_OF_FEEDS}",
    "feed_states": "SELECT * FROM core.feed_states WHERE slug IN (SELECT unnest($feeds))",
    # of archives that want rest, which are no feed's
    "rejections": "SELECT * FROM core.rejections WHERE feed = '' AND retry_at IS NOT NULL "
    "AND len($feeds) > 0",
}


def snapshot(store: Store, shelf: Shelf, run_id: str, groups: Mapping[str, Sequence[str]]) -> None:
    """Put what the store knows of each group's feeds on the shelf.

    Args:
        groups: name -> slugs; a group without feeds knows of no entry.
    """
    with tempfile.TemporaryDirectory(prefix="voltwire-known-") as scratch:
        for group, slugs in groups.items():
            made: list[Path] = []
            with store.write() as con:
                for table, query in _TABLES.items():
                    path = Path(scratch) / f"{table}{_SHARD}"
                    quoted = str(path).replace("'", "''")
                    con.execute(
                        f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)",
                        {"feeds": list(slugs)},
                    )
                    made.append(path)
            for path in made:
                shelf.put(path, f"{run_id}/{group}/{KNOWN}/{path.name}")


def take_up(store: Store, shelf: Shelf, run_id: str, group: str) -> int:
    """Fill the scratch ``store`` with what is known of the group; the number of shards among it."""
    found = shelf.names(f"{run_id}/{group}", _SHARD)
    known = [name for name in found if name.startswith(f"{run_id}/{group}/{KNOWN}/")]
    with tempfile.TemporaryDirectory(prefix="voltwire-known-") as folder:
        scratch = Path(folder)
        with store.write() as con:
            for name in known:
                table = Path(name).stem
                if table not in _TABLES:
                    continue  # of a later version
                with shelf.at_hand(name, scratch) as path:
                    con.execute(
                        f"INSERT INTO core.{table} BY NAME SELECT * FROM read_parquet($path)",
                        {"path": str(path)},
                    )
        shards = sorted(found.keys() - set(known))
        for name in shards:
            with shelf.at_hand(name, scratch) as path:
                remember(store, shard_file.read(path, light=True))
    return len(shards)


def remember(store: Store, shard: Shard) -> Saved:
    """Note in the scratch ``store`` what ``shard`` holds; what will become of it, as known here."""
    with store.write() as con:
        return _remember(con, shard)


def _remember(con: DuckDBPyConnection, shard: Shard) -> Saved:
    saved = Saved()
    urls = {url for one in shard.digested if one.prepared for url in urls_of(one.prepared)}
    there = entries.lookup(con, sorted(urls))
    articles: list[list[object]] = []
    leads: list[list[object]] = []
    outcomes: list[EntryOutcome] = []
    for one in shard.digested:
        article_id, known = None, False
        url = one.entry.canonical_url
        if one.prepared is not None:
            article = one.prepared.article
            mine = urls_of(one.prepared)
            records = [there[each] for each in mine if each in there]
            before = next((one.article_id for one in records if one.article_id), None)
            article_id, known = before or article.article_id, before is not None
            saved.status_of[url] = "known" if known else "new"
            if not known:
                saved.new.append(article_id)
                articles.append([
                    article_id, key_hash(storable(article_id)), article.feed,
                    article.published_at, article.fetched_at,
                ])  # fmt: skip
            leads += [[each, article_id, key_hash(storable(each))] for each in mine]
        elif one.rejection is not None:
            saved.status_of[url] = one.rejection.reason
        if shard.keep_known_entries or not known:
            outcomes.append(
                EntryOutcome(
                    entry=one.entry, article_id=article_id, rejection=one.rejection, at=shard.at
                )
            )
    _add(con, "articles", _ARTICLE, articles)
    _add(con, "article_urls", _URL, [one for one in leads if one[0] not in there])
    entries.save(con, outcomes)
    rejections.save(con, [one.rejection for one in shard.digested if one.rejection is not None])
    rejections.clear(con, [one.entry.url for one in shard.digested if one.prepared is not None])
    write_notes(con, shard, saved)
    return saved


_ARTICLE = {
    "article_id": "VARCHAR", "id_hash": "UBIGINT", "feed": "VARCHAR",
    "published_at": "TIMESTAMPTZ", "fetched_at": "TIMESTAMPTZ",
}  # fmt: skip
_URL = {"url": "VARCHAR", "article_id": "VARCHAR", "url_hash": "UBIGINT"}


def _add(
    con: DuckDBPyConnection, table: str, types: dict[str, str], records: list[list[object]]
) -> None:
    if records:
        with staged(con, f"batch_{table}", types, rows(types, records)) as batch:
            con.execute(f"INSERT INTO core.{table} BY NAME SELECT DISTINCT * FROM {batch}")
