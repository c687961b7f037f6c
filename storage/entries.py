"""Entries that feeds listed, what became of each, and which are to be tried again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import duckdb

from ingest.models import FeedEntry
from storage.batches import insert, rows, staged, storable
from storage.models import EntryOutcome, EntryRecord
from storage.rows import HASHES, key_hash

_ENTRY = {
    "canonical_url": "VARCHAR", "url": "VARCHAR", "feed": "VARCHAR", "guid": "VARCHAR",
    "revision": "VARCHAR", "outcome": "VARCHAR", "article_id": "VARCHAR", "reason": "VARCHAR",
    "retry_at": "TIMESTAMPTZ", "payload": "VARCHAR", "at_time": "TIMESTAMPTZ",
    "url_hash": "UBIGINT",
}  # fmt: skip
_NEW = {
    **{name: kind for name, kind in _ENTRY.items() if name != "at_time"},
    "first_seen_at": "TIMESTAMPTZ", "last_checked_at": "TIMESTAMPTZ",
}  # fmt: skip


def lookup(con: duckdb.DuckDBPyConnection, urls: Sequence[str]) -> dict[str, EntryRecord]:
    """What is known of canonical ``urls``: as an entry, else as a URL of a stored article."""
    wanted = sorted(set(urls))
    if not wanted:
        return {}
    types = {"url": "VARCHAR", "hash": "UBIGINT"}
    hashes = [key_hash(storable(url)) for url in wanted]
    with staged(con, "asked_urls", types, {"url": wanted, "hash": hashes}) as asked:
        found = con.execute(
            "SELECT e.canonical_url, e.article_id, e.outcome, e.reason, e.retry_at, e.revision, "
            "e.last_checked_at, e.first_seen_at FROM core.entries e "
            f"JOIN {asked} a ON a.url = e.canonical_url "
            "WHERE e.rowid IN (SELECT h.rowid FROM core.entries h "
            f"WHERE h.url_hash IN (SELECT hash FROM {asked}))"
        ).fetchall()
        aliases = con.execute(
            "SELECT u.url, u.article_id, r.fetched_at FROM core.article_urls u "
            f"JOIN {asked} a ON a.url = u.url JOIN core.articles r ON r.article_id = u.article_id "
            "WHERE u.rowid IN (SELECT h.rowid FROM core.article_urls h "
            f"WHERE h.url_hash IN (SELECT hash FROM {asked}))"
        ).fetchall()
    records = {
        url: EntryRecord(
            canonical_url=url, article_id=article_id, outcome="article", checked_at=fetched_at
        )
        for url, article_id, fetched_at in aliases
    }
    for url, article_id, outcome, reason, retry_at, revision, checked_at, first in found:
        # A rejected entry whose URL has since become an article by another way is an article.
        if outcome == "rejected" and url in records:
            continue
        records[url] = EntryRecord(
            canonical_url=url, article_id=article_id, outcome=outcome, reason=reason,
            retry_at=retry_at, revision=revision, checked_at=checked_at,
            first_seen_at=first,
        )  # fmt: skip
    return records


def save(con: duckdb.DuckDBPyConnection, outcomes: Sequence[EntryOutcome]) -> None:
    """Store what became of entries; the last outcome of a canonical URL counts.

    A later rejection does not undo an article: the entry keeps its article and only its time
    of checking moves on.  Nor does what was seen earlier undo what is stored, whenever it comes:
    it only says since when the entry is known.
    """
    latest: dict[str, EntryOutcome] = {}
    for outcome in outcomes:
        seen = latest.get(outcome.entry.canonical_url)
        if seen is None or outcome.article_id is not None or seen.article_id is None:
            latest[outcome.entry.canonical_url] = outcome
    if not latest:
        return
    hashes = {storable(url): key_hash(storable(url)) for url in latest}
    found = con.execute(
        "SELECT rowid, canonical_url FROM core.entries WHERE rowid IN "
        f"(SELECT h.rowid FROM core.entries h WHERE h.url_hash IN {HASHES})",
        {"hashes": list(hashes.values())},
    ).fetchall()
    places = {url: place for place, url in found if url in hashes}
    known: list[list[object]] = []
    new: list[list[object]] = []
    for url, outcome in latest.items():
        place = places.get(storable(url))
        (new if place is None else known).append([*_row(outcome), place])
    _update(con, known)
    _insert(con, new)


def _insert(con: duckdb.DuckDBPyConnection, records: Sequence[Sequence[object]]) -> None:
    if not records:
        return
    columns = rows([*_ENTRY, "place"], records)
    columns["first_seen_at"] = columns["last_checked_at"] = columns["at_time"]
    insert(con, "core.entries", _NEW, columns)


def _update(con: duckdb.DuckDBPyConnection, records: Sequence[Sequence[object]]) -> None:
    if not records:
        return
    types = {**_ENTRY, "place": "BIGINT"}
    with staged(con, "batch_entries", types, rows(types, records)) as batch:
        _merge(con, batch)


def _merge(con: duckdb.DuckDBPyConnection, batch: str) -> None:
    con.execute(
        f"""MERGE INTO core.entries e USING {batch} b ON e.rowid = b.place
            WHEN MATCHED AND e.outcome = 'article' AND b.outcome = 'rejected'
                THEN UPDATE SET last_checked_at = greatest(e.last_checked_at, b.at_time),
                    first_seen_at = least(e.first_seen_at, b.at_time)
            WHEN MATCHED AND b.at_time < e.last_checked_at AND b.outcome = e.outcome
                THEN UPDATE SET first_seen_at = least(e.first_seen_at, b.at_time)
            WHEN MATCHED THEN UPDATE SET
                url = b.url, feed = b.feed, guid = b.guid, revision = b.revision,
                outcome = b.outcome, article_id = b.article_id, reason = b.reason,
                retry_at = b.retry_at, payload = b.payload,
                first_seen_at = least(e.first_seen_at, b.at_time),
                last_checked_at = greatest(e.last_checked_at, b.at_time)"""
    )


def newest(con: duckdb.DuckDBPyConnection, feed: str, most: int) -> list[FeedEntry]:
    """Addresses of the entries of ``feed`` that were seen last, as entries."""
    found = con.execute(
        "SELECT url, canonical_url FROM core.entries WHERE feed = $feed "
        "ORDER BY first_seen_at DESC, canonical_url LIMIT $n",
        {"feed": feed, "n": most},
    ).fetchall()
    return [FeedEntry(url=url, canonical_url=canonical, feed=feed) for url, canonical in found]


def due_retries(
    con: duckdb.DuckDBPyConnection, now: datetime, *, limit: int = 1000, of_a_feed: int = 1000
) -> list[FeedEntry]:
    """Entries whose time for another try has come, longest waiting first.

    No feed takes more than ``of_a_feed`` places: thousands of one must not keep out the others.
    They are rebuilt from what was stored, so a retry does not need the feed to list them still.
    """
    found = con.execute(
        "SELECT payload FROM core.entries WHERE retry_at <= $now AND payload IS NOT NULL "
        "AND outcome = 'rejected' "
        "QUALIFY row_number() OVER (PARTITION BY feed ORDER BY retry_at, canonical_url) <= $each "
        "ORDER BY retry_at, canonical_url LIMIT $n",
        {"now": now, "n": limit, "each": of_a_feed},
    ).fetchall()
    return [_entry(payload) for (payload,) in found]


def _row(outcome: EntryOutcome) -> list[object]:
    entry, rejection = outcome.entry, outcome.rejection
    retry_at = rejection.retry_at if rejection and outcome.article_id is None else None
    return [
        entry.canonical_url, entry.url, entry.feed, entry.guid, entry.revision,
        "article" if outcome.article_id is not None else "rejected", outcome.article_id,
        rejection.reason if rejection and outcome.article_id is None else "", retry_at,
        _payload(entry) if retry_at is not None else None, outcome.at,
        key_hash(storable(entry.canonical_url)),
    ]  # fmt: skip


def _payload(entry: FeedEntry) -> str:
    fields = asdict(entry)
    if entry.published_at is not None:
        fields["published_at"] = entry.published_at.isoformat()
    return json.dumps(fields, ensure_ascii=True)


def _entry(payload: str) -> FeedEntry:
    fields = json.loads(payload)
    if fields["published_at"] is not None:
        fields["published_at"] = datetime.fromisoformat(fields["published_at"])
    # A field that a later version dropped must not make an old retry unreadable.
    return FeedEntry(**{k: v for k, v in fields.items() if k in FeedEntry.__dataclass_fields__})
