"""Signatures as stored rows of keys, and the pairs of articles that share some."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np

from dedupe.models import CandidatePair, Signature, SignatureRecipe
from storage.batches import staged
from storage.errors import RecipeChanged
from storage.rows import locate

_MASK = (1 << 64) - 1


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
            hint="go back to the recipe they were made with, or fill a new store from the "
            "archive: `voltwire backfill --route warc OLD/archive --store NEW`",
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
        "minhash": "BLOB", "day": "DATE",
    }  # fmt: skip
    columns: dict[str, Any] = {
        "number": np.arange(len(ordered)),
        "article_id": [signature.article_id for signature in ordered],
        "exact": _keys([signature.exact for signature in ordered]),
        "shingles": np.array([signature.shingles for signature in ordered]),
        "minhash": [signature.minhash for signature in ordered],
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
    key_columns = {
        "key": _keys(keys),
        "number": np.repeat(np.tile(np.arange(len(ordered)), 2), counts),
        "kind": np.repeat(np.array(kinds), counts),
    }
    key_types = {"key": "UBIGINT", "number": "BIGINT", "kind": "UTINYINT"}
    with (
        staged(con, "batch_signatures", types, columns) as batch,
        staged(con, "batch_keys", key_types, key_columns) as batch_keys,
    ):
        con.execute(
            "INSERT INTO core.signatures (article_id, exact, shingles, minhash, day) "
            f"SELECT article_id, exact, shingles, minhash, day FROM {batch}"
        )
        # One row a key and article: equal keys within a document would count twice.
        con.execute(
            "INSERT INTO core.signature_keys (key, article_id, day, kind) "
            f"SELECT DISTINCT k.key, b.article_id, b.day, k.kind FROM {batch_keys} k "
            f"JOIN {batch} b USING (number)"
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
    """Pairs of a stored article of ``ids`` with any stored article that share a key.

    Only articles published within ``window_days`` of each other; one without a day meets any.
    Keys that more than ``max_common`` articles of the window share say nothing (boilerplate)
    and are left out.  Each pair once, ``article_id < of_article_id``, in order.
    """
    if not ids:
        return []
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": sorted(set(ids))}) as asked:
        locate(con, "signature_rows", "core.signatures", "article_id", ids)
        row = con.execute(
            "SELECT min(day), max(day), bool_or(day IS NULL) FROM core.signatures "
            "WHERE rowid IN (SELECT place FROM temp.signature_rows)"
        ).fetchone()
        con.execute("DROP TABLE temp.signature_rows")
        first, last, undated = row if row else (None, None, None)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE asked_keys AS SELECT k.key, k.kind, k.article_id, k.day "
            f"FROM core.signature_keys k WHERE {_within(first, last, 0)} "
            f"AND k.article_id IN (SELECT id FROM {asked})"
        )
        # One article without a day meets any, so the whole table has to be looked through.
        bounds = "true" if undated else _within(first, last, window_days)
        found = con.execute(
            f"""WITH near AS (
                SELECT k.key, k.kind, k.article_id, k.day FROM core.signature_keys k
                WHERE {bounds} AND k.key IN (SELECT key FROM temp.asked_keys)
            ), telling AS (
                SELECT * FROM near
                QUALIFY count(*) OVER (PARTITION BY key, kind) <= $common
            )
            SELECT least(a.article_id, t.article_id) AS left_id,
                greatest(a.article_id, t.article_id) AS right_id,
                count(DISTINCT t.key) FILTER (t.kind = 0) AS bands,
                count(DISTINCT t.key) FILTER (t.kind = 1) AS sketch
            FROM temp.asked_keys a JOIN telling t
                ON t.key = a.key AND t.kind = a.kind AND t.article_id <> a.article_id
            WHERE a.day IS NULL OR t.day IS NULL OR abs(a.day - t.day) <= $days
            GROUP BY ALL ORDER BY ALL""",
            {"common": max_common, "days": window_days},
        ).fetchall()
        con.execute("DROP TABLE temp.asked_keys")
    return [
        CandidatePair(article_id=a, of_article_id=b, shared_bands=bands, shared_sketch=sketch)
        for a, b, bands, sketch in found
    ]


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


def _keys(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    # A hash kept as a signed number is the same 64 bits.
    return np.fromiter((value & _MASK for value in values), dtype=np.uint64, count=len(values))


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(UTC).date()
