"""Signatures as stored rows of keys, and the pairs of articles that share some."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb
import numpy as np

from dedupe.models import CandidatePair, Signature, SignatureRecipe
from storage.batches import staged
from storage.errors import RecipeChanged
from storage.policy import STORAGE
from storage.rows import locate

_MASK = (1 << 64) - 1


class Neighbours(NamedTuple):
    """What stands beside some articles by their keys."""

    pairs: list[CandidatePair]
    displaced: list[str]
    """Other articles that would speak for a key if those asked for were not there: pairs of
    theirs may count fewer keys by their coming, and more by their going."""


def check_recipe(con: duckdb.DuckDBPyConnection, recipe: SignatureRecipe) -> None:
    """Remember ``recipe`` the first time; later raise ``RecipeChanged`` for any other."""
    ours = asdict(recipe)
    row = con.execute("SELECT recipe FROM core.recipe").fetchone()
    if row is None:
        con.execute("INSERT INTO core.recipe VALUES ($r)", {"r": json.dumps(ours)})
        return
    stored = json.loads(row[0])
    if stored != ours:
        names = sorted(k for k in stored.keys() | ours.keys() if stored.get(k) != ours.get(k))
        raise RecipeChanged(
            "the store's signatures were made with another recipe ("
            + ", ".join(f"{k}: {stored.get(k)} stored, {ours.get(k)} asked" for k in names)
            + ")",
            hint="`voltwire dedupe rebuild` makes them anew from the stored texts; or go back to "
            "the recipe they were made with",
        )


def save(
    con: duckdb.DuckDBPyConnection,
    signatures: Sequence[Signature],
    published: Mapping[str, datetime | None],
    *,
    new: Collection[str] = (),
) -> None:
    """Store signatures, replacing those of the same articles.

    ``published``: article_id -> publication time, or the fetch time where none is known.
    ``new``: ids of articles stored since this transaction began, which had none before it.
    """
    latest = {signature.article_id: signature for signature in signatures}
    if not latest:
        return
    ordered = [latest[article_id] for article_id in sorted(latest)]
    delete(con, list(latest), new=new)
    days = [_day(published.get(signature.article_id)) for signature in ordered]
    types = {
        "number": "BIGINT", "article_id": "VARCHAR", "exact": "UBIGINT", "shingles": "INTEGER",
        "day": "DATE",
    }  # fmt: skip
    columns: dict[str, Any] = {
        "number": np.arange(len(ordered)),
        "article_id": [signature.article_id for signature in ordered],
        "exact": _unsigned([signature.exact for signature in ordered]),
        "shingles": np.array([signature.shingles for signature in ordered]),
        "day": [None if day is None else day.isoformat() for day in days],
    }
    keys: list[int] = []
    counts: list[int] = []
    kinds: list[int] = []
    for kind in (0, 1):
        for signature in ordered:
            own = signature.bands if kind == 0 else signature.sketch
            keys.extend(own)
            counts.append(len(own))
            kinds.append(kind)
    key_columns: dict[str, Any] = {
        "key": _short(_unsigned(keys)),
        "number": np.repeat(np.tile(np.arange(len(ordered)), 2), counts),
        "kind": np.repeat(np.array(kinds), counts),
    }
    key_types = {"key": "UINTEGER", "number": "BIGINT", "kind": "UTINYINT"}
    with (
        staged(con, "batch_signatures", types, columns) as batch,
        staged(con, "batch_keys", key_types, key_columns) as batch_keys,
    ):
        con.execute(
            "INSERT INTO core.signatures (article_id, exact, shingles, day) "
            f"SELECT article_id, exact, shingles, day FROM {batch}"
        )
        # One row a key and article: equal keys within a document would count twice.  An article's
        # keys stand together, which `_read_keys` counts on.
        con.execute(
            "INSERT INTO core.signature_keys (key, article_id, day, kind) "
            "SELECT k.key, b.article_id, b.day, k.kind FROM "
            f"(SELECT DISTINCT key, number, kind FROM {batch_keys}) k "
            f"JOIN {batch} b USING (number) ORDER BY k.number"
        )


def delete(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], *, new: Collection[str] = ()
) -> None:
    """Forget the signatures of articles ``ids``; ``new`` as for ``save``."""
    if not ids:
        return
    # Scanning the long table of keys is worth it only when there is something to delete.
    if locate(con, "signature_rows", "core.signatures", "article_id", ids, new=new):
        con.execute(
            "DELETE FROM core.signature_keys WHERE article_id IN "
            "(SELECT id FROM temp.signature_rows)"
        )
        con.execute(
            "DELETE FROM core.signatures WHERE rowid IN (SELECT place FROM temp.signature_rows)"
        )
    con.execute("DROP TABLE temp.signature_rows")


def candidates(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], *, window_days: int, max_common: int
) -> list[CandidatePair]:
    """The pairs of ``neighbours``."""
    return neighbours(con, ids, window_days=window_days, max_common=max_common).pairs


def neighbours(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], *, window_days: int, max_common: int
) -> Neighbours:
    """Pairs of a stored article of ``ids`` with any stored article that share a key.

    Only articles published within ``window_days`` of each other; one without a day meets any.
    In each block of ``window_days`` days the ``max_common`` holders of a key with the lowest ids
    speak for it: a pair counts a key when one of the two does.  So a key that a whole site has
    in common costs each article a bounded number of comparisons, a text that a hundred papers
    print still meets its copies, and which pairs there are follows from the stored articles
    alone, whatever came first.  (Ids are hashes of addresses: the lowest are a random choice.)
    Each pair once, ``article_id < of_article_id``, in order.
    """
    if not ids:
        return Neighbours([], [])
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": sorted(set(ids))}) as asked:
        _read_keys(con, ids, asked)
    row = con.execute(
        "SELECT min(day), max(day), bool_or(day IS NULL) FROM temp.asked_keys"
    ).fetchone()
    first, last, undated = row if row else (None, None, None)
    # One article without a day meets any, so the whole table has to be looked through.
    # Blocks at the edges are looked through whole: who speaks for a key is decided there.
    low, high = _blocks(first, last, window_days)
    bounds = "true" if undated else _within(low, high, 0)
    # Most keys are held by one article alone.  What is looked through is numbers only; the ids of
    # the few others are read afterwards, as strings cost more than all the rest.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE others AS SELECT k.rowid AS place, k.key "
        f"FROM core.signature_keys k WHERE {bounds} "
        "AND k.key IN (SELECT key FROM temp.asked_keys) "
        "AND k.rowid NOT IN (SELECT place FROM temp.asked_keys)"
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE holders AS
        SELECT key, kind, article_id, day, {_block("day", window_days)} AS block, asked FROM (
            SELECT key, kind, article_id, day, true AS asked FROM temp.asked_keys WHERE key IN (
                SELECT key FROM temp.others
                UNION ALL SELECT key FROM temp.asked_keys GROUP BY key HAVING count(*) > 1
            )
            UNION ALL SELECT k.key, k.kind, k.article_id, k.day, false FROM core.signature_keys k
            WHERE {bounds} AND k.rowid IN (SELECT place FROM temp.others)
        )"""
    )
    mute, displaced = _crowds(con, max_common)
    mute_types = {"key": "UINTEGER", "kind": "UTINYINT", "article_id": "VARCHAR"}
    with staged(con, "mute_keys", mute_types, mute) as unheard:
        found = con.execute(
            f"""WITH keys_of AS (
                SELECT h.*, m.key IS NULL AS speaks FROM temp.holders h
                LEFT JOIN {unheard} m ON m.key = h.key AND m.kind = h.kind
                    AND m.article_id = h.article_id
            )
            SELECT least(a.article_id, t.article_id) AS left_id,
                greatest(a.article_id, t.article_id) AS right_id,
                count(DISTINCT t.key) FILTER (t.kind = 0) AS bands,
                count(DISTINCT t.key) FILTER (t.kind = 1) AS sketch
            FROM keys_of a JOIN keys_of t ON t.key = a.key AND t.kind = a.kind
            WHERE a.asked AND t.article_id <> a.article_id AND (a.speaks OR t.speaks)
                AND (a.day IS NULL OR t.day IS NULL OR abs(a.day - t.day) <= $days)
            GROUP BY ALL ORDER BY ALL""",
            {"days": window_days},
        ).fetchall()
    for name in ("asked_keys", "others", "holders"):
        con.execute(f"DROP TABLE temp.{name}")
    return Neighbours(
        pairs=[
            CandidatePair(article_id=a, of_article_id=b, shared_bands=bands, shared_sketch=sketch)
            for a, b, bands, sketch in found
        ],
        displaced=displaced,
    )


def _read_keys(con: duckdb.DuckDBPyConnection, ids: Sequence[str], asked: str) -> None:
    """Make ``temp.asked_keys``: the keys of articles ``ids``, which ``asked`` holds.

    They were mostly written just now, so the end of the table is looked at first.  An article's
    keys stand together: all are there when some are, but for the article at whose keys the look
    begins.  One without a key looks like one that lies further back; a text without words is rare.
    """
    counted = con.execute("SELECT count(*) FROM core.signature_keys").fetchone()
    end = max(0, (counted[0] if counted else 0) - STORAGE.recent_keys * len(ids))
    made = (
        "CREATE OR REPLACE TEMP TABLE asked_keys AS SELECT k.rowid AS place, k.key, k.kind, "
        "k.article_id, k.day FROM core.signature_keys k "
        f"WHERE k.article_id IN (SELECT id FROM {asked}) AND "
    )
    con.execute(f"{made} k.rowid >= {end}")
    if end == 0:
        return
    found = con.execute(
        "SELECT count(DISTINCT article_id) FROM temp.asked_keys WHERE article_id NOT IN "
        "(SELECT article_id FROM core.signature_keys WHERE rowid BETWEEN $before AND $end)",
        {"before": end - 1, "end": end},
    ).fetchone()
    if found and found[0] == len(set(ids)):
        return
    locate(con, "signature_rows", "core.signatures", "article_id", ids)
    row = con.execute(
        "SELECT min(day), max(day) FROM core.signatures "
        "WHERE rowid IN (SELECT place FROM temp.signature_rows)"
    ).fetchone()
    con.execute("DROP TABLE temp.signature_rows")
    first, last = row or (None, None)
    con.execute(made + _within(first, last, 0))


def _crowds(
    con: duckdb.DuckDBPyConnection, most: int
) -> tuple[dict[str, np.ndarray[Any, Any]], list[str]]:
    """Of ``temp.holders``: the rows that do not speak for their key, and who is displaced.

    Most batches meet no crowded key, and almost none meets many.
    """
    crowded = con.execute(
        "SELECT h.key, h.kind, h.block, h.article_id, h.asked FROM temp.holders h JOIN "
        "(SELECT key, kind, block FROM temp.holders GROUP BY ALL HAVING count(*) > $most) c "
        "ON c.key = h.key AND c.kind = h.kind AND c.block IS NOT DISTINCT FROM h.block "
        "ORDER BY ALL",
        {"most": most},
    ).fetchall()
    mute: list[tuple[int, int, str]] = []
    displaced: set[str] = set()
    for _, group in groupby(crowded, key=itemgetter(0, 1, 2)):
        before = 0
        for place, (key, kind, _, article_id, asked) in enumerate(group):
            before += asked
            if place < most:
                continue
            mute.append((key, kind, article_id))
            if not asked and place - before < most:
                displaced.add(article_id)
    return (
        {
            "key": np.array([key for key, _, _ in mute], dtype=np.uint64),
            "kind": np.array([kind for _, kind, _ in mute], dtype=np.uint8),
            "article_id": np.array([article_id for _, _, article_id in mute], dtype=object),
        },
        sorted(displaced),
    )


def _block(day: str, days: int) -> str:
    """The number of the block of ``days`` days in which ``day`` lies, in SQL; NULL for none."""
    return f"(({day} - DATE '0001-01-01') // {max(days, 1)})"


def _blocks(first: date | None, last: date | None, days: int) -> tuple[date | None, date | None]:
    """The whole blocks that hold the days within ``days`` of ``[first, last]``."""
    if first is None or last is None:
        return None, None
    size = max(days, 1)
    low = max(0, (first - date.min).days - days) // size * size
    high = ((last - date.min).days + days) // size * size + size - 1
    # A wrong date at the end of the calendar must not stop a batch.
    return (
        date.min + timedelta(days=low),
        date.min + timedelta(days=min(high, (date.max - date.min).days)),
    )


def _within(first: date | None, last: date | None, days: int) -> str:
    """A condition for keys ``k`` of those days or of none.

    Bounds as plain constants let DuckDB skip row groups outside the window.
    """
    if first is None or last is None:
        return "k.day IS NULL"
    # A wrong date at the end of the calendar must not stop a batch.
    low = first - timedelta(days=min(days, (first - date.min).days))
    high = last + timedelta(days=min(days, (date.max - last).days))
    return f"(k.day BETWEEN DATE '{low}' AND DATE '{high}' OR k.day IS NULL)"


def _unsigned(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    # A hash kept as a signed number is the same 64 bits.
    return np.fromiter((value & _MASK for value in values), dtype=np.uint64, count=len(values))


def _short(
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """64-bit keys as the 32 bits that are stored.

    Keys that differ meet by chance once in 4 billion, and the texts are compared before anything
    counts.  Both halves go in: sketch keys are multiples, so their low bits say less.
    """
    return (keys ^ (keys >> np.uint64(32))).astype(np.uint32)


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(UTC).date()
