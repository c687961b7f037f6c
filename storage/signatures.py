"""Signatures as stored rows of keys, and the pairs of articles that share some."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from dedupe.models import CandidatePair, Signature, SignatureRecipe
from storage import pairing, reach
from storage.batches import shown, staged
from storage.errors import RecipeChanged
from storage.pairing import NO_DAY
from storage.policy import STORAGE
from storage.reach import Days
from storage.rows import locate

_MASK = (1 << 64) - 1
DAY = f"CASE WHEN {{0}} <> {NO_DAY} THEN DATE '{date.min}' + {{0}}::INTEGER END"
"""A number of ``day_number``, put in by ``format``, as a date in SQL."""


class Keys(NamedTuple):
    """What some stored articles are looked up by: their ids, and a row a key."""

    ids: list[str]
    key: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    """0: a band of the MinHash signature; 1: a key of the containment sketch."""
    owner: NDArray[np.int64]
    """The article's place in ``ids``."""
    day: NDArray[np.int64]


class _Rows(NamedTuple):
    """Rows of the table of keys."""

    key: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    article_id: list[str]
    day: NDArray[np.int64]

    def with_others(self, others: _Rows) -> _Rows:
        """These rows and ``others``."""
        return _Rows(
            np.concatenate([self.key, others.key]),
            np.concatenate([self.kind, others.kind]),
            [*self.article_id, *others.article_id],
            np.concatenate([self.day, others.day]),
        )


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
) -> Keys:
    """Store signatures, replacing those of the same articles; returns the keys as stored.

    ``published``: article_id -> publication time, or the fetch time where none is known.
    ``new``: ids of articles stored since this transaction began, which had none before it.
    """
    latest = {signature.article_id: signature for signature in signatures}
    if not latest:
        return _no_keys()
    ids = sorted(latest)
    ordered = [latest[article_id] for article_id in ids]
    delete(con, ids, new=new)
    days = np.array([day_number(published.get(article_id)) for article_id in ids], dtype=np.int64)
    keys = keys_of(ids, ordered, days)
    types = {
        "number": "BIGINT", "article_id": "VARCHAR", "exact": "UBIGINT", "shingles": "INTEGER",
        "day": "BIGINT",
    }  # fmt: skip
    columns: dict[str, Any] = {
        "number": np.arange(len(ids)),
        "article_id": ids,
        "exact": unsigned([signature.exact for signature in ordered]),
        "shingles": np.array([signature.shingles for signature in ordered]),
        "day": days,
    }
    day = DAY.format("b.day")
    with staged(con, "batch_signatures", types, columns) as batch:
        con.execute(
            "INSERT INTO core.signatures (article_id, exact, shingles, day) "
            f"SELECT article_id, exact, shingles, {day} FROM {batch} b"
        )
        with shown(
            con, "batch_keys", {"key": keys.key, "kind": keys.kind, "number": keys.owner}
        ) as rows:
            # An article's keys stand together, which `read` counts on.
            con.execute(
                "INSERT INTO core.signature_keys (key, article_id, day, kind) "
                f"SELECT k.key, b.article_id, {day}, k.kind FROM {rows} k "
                f"JOIN {batch} b USING (number) ORDER BY k.number"
            )
    return keys


def keys_of(ids: list[str], signatures: Sequence[Signature], days: NDArray[np.int64]) -> Keys:
    """The keys of ``signatures``, each once: equal ones of a document would count twice.

    ``ids`` and ``days`` (``day_number``) go with the signatures; keys of an article stand together.
    """
    made: list[int] = []
    counts: list[int] = []
    for signature in signatures:
        made.extend(signature.bands)
        made.extend(signature.sketch)
        counts += len(signature.bands), len(signature.sketch)
    row = np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    found = np.unique((row << np.uint64(32)) | _short(unsigned(made)))
    owner = (found >> np.uint64(33)).astype(np.int64)
    return Keys(
        ids=ids,
        key=found.astype(np.uint32),
        kind=((found >> np.uint64(32)) & np.uint64(1)).astype(np.uint8),
        owner=owner,
        day=days[owner],
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


def read(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> Keys:
    """The stored keys of articles ``ids``.

    They were mostly written lately, so the end of the table is looked at first.  An article's
    keys stand together: all are there when some are, but for the article at whose keys the look
    begins.  One without a key looks like one that lies further back; a text without words is rare.
    """
    asked = sorted(set(ids))
    if not asked:
        return _no_keys()
    counted = con.execute("SELECT count(*) FROM core.signature_keys").fetchone()
    end = max(0, (counted[0] if counted else 0) - STORAGE.recent_keys * len(asked))
    with staged(con, "asked_ids", {"id": "VARCHAR"}, {"id": asked}) as wanted:
        theirs = f"k.article_id IN (SELECT id FROM {wanted})"
        found = _rows(con, f"{theirs} AND k.rowid >= {end}")
        if end > 0 and not _whole(con, found, asked, end):
            found = _rows(con, f"{theirs} AND {_dated(_days_of(con, asked))}")
    number_of = {article_id: number for number, article_id in enumerate(asked)}
    return Keys(
        ids=asked,
        key=found.key,
        kind=found.kind,
        owner=np.array([number_of[one] for one in found.article_id], dtype=np.int64),
        day=found.day,
    )


def candidates(
    con: duckdb.DuckDBPyConnection, ids: Collection[str], *, window_days: int, max_common: int
) -> list[CandidatePair]:
    """The pairs of ``neighbours`` for stored articles."""
    return neighbours(con, read(con, ids), window_days=window_days, max_common=max_common).pairs


def neighbours(
    con: duckdb.DuckDBPyConnection, asked: Keys, *, window_days: int, max_common: int
) -> Neighbours:
    """Pairs of a stored article of ``asked`` with any stored article that share a key.

    Only articles published within ``window_days`` of each other; one without a day meets any.
    In each block of ``window_days`` days the ``max_common`` holders of a key with the lowest ids
    speak for it: a pair counts a key when one of the two does.  So a key that a whole site has
    in common costs each article a bounded number of comparisons, a text that a hundred papers
    print still meets its copies, and which pairs there are follows from the stored articles
    alone, whatever came first.  (Ids are hashes of addresses: the lowest are a random choice.)
    Each pair once, ``article_id < of_article_id``, in order.

    ``asked``: what ``save`` or ``read`` handed back in this transaction, nothing of it changed
    since.
    """
    if not len(asked.key):
        return Neighbours([], [])
    block_days = max(window_days, 1)
    spans = _reach(asked.day, window_days)
    with shown(con, "asked_keys", {"key": asked.key}) as keys:
        others = _rows(con, f"k.key IN (SELECT key FROM {keys}) AND {_dated(spans)}")
    ids, holders = _numbered(asked, others)
    holders = pairing.met(holders)
    found = pairing.crowds(holders, block_days=block_days, most=max_common)
    # Who speaks for a key is decided by whole blocks, and those at the edges were seen in part:
    # mostly nothing hangs on it.
    edges = reach.edges(spans, block_days)
    doubtful = pairing.doubtful(
        found,
        np.isin(
            pairing.blocks(found.holders.day, block_days),
            [day // block_days for one in edges for day in one],
        ),
    )
    if len(doubtful):
        with shown(con, "asked_keys", {"key": pairing.key_of(doubtful)}) as keys:
            more = _rows(
                con, f"k.key IN (SELECT key FROM {keys}) AND {reach.condition('k.day', edges)}"
            )
        ids, holders = _numbered(asked, others.with_others(more))
        found = pairing.crowds(pairing.met(holders), block_days=block_days, most=max_common)
    pairs = pairing.shared(found, window_days=window_days)
    return Neighbours(
        pairs=[
            CandidatePair(
                article_id=ids[a], of_article_id=ids[b], shared_bands=bands, shared_sketch=sketch
            )
            for a, b, bands, sketch in zip(*(column.tolist() for column in pairs), strict=True)
        ],
        displaced=[ids[one] for one in found.displaced.tolist()],
    )


def _no_keys() -> Keys:
    none = np.zeros(0, np.int64)
    return Keys([], none.astype(np.uint32), none.astype(np.uint8), none, none)


def _rows(con: duckdb.DuckDBPyConnection, condition: str) -> _Rows:
    """The rows ``k`` of the table of keys that meet ``condition``.

    One statement and no more: DuckDB tests the key of each row in reach against a Bloom filter of
    those asked for, and reads the other columns of the few that pass.
    """
    found = con.execute(
        f"SELECT k.key, k.kind, k.article_id, k.day FROM core.signature_keys k WHERE {condition}"
    ).fetchnumpy()
    day = (found["day"].astype("datetime64[D]") - np.datetime64(date.min)).astype(np.int64)
    return _Rows(
        key=np.ma.getdata(found["key"]),
        kind=np.ma.getdata(found["kind"]),
        article_id=found["article_id"].tolist(),
        day=np.ma.filled(day, NO_DAY),
    )


def _numbered(asked: Keys, others: _Rows) -> tuple[list[str], pairing.Holders]:
    """The keys of ``asked``, and of ``others`` those that are not theirs; articles as numbers.

    Returns:
        All ids in order, and rows whose articles are places in that list.
    """
    own = set(asked.ids)
    among = map(own.__contains__, others.article_id)
    foreign = ~np.fromiter(among, dtype=bool, count=len(others.article_id))
    theirs = [others.article_id[row] for row in np.flatnonzero(foreign).tolist()]
    ids = sorted(own | set(theirs))
    number_of = {article_id: number for number, article_id in enumerate(ids)}
    numbers = np.array([number_of[one] for one in asked.ids], dtype=np.int64)
    return ids, pairing.Holders(
        code=pairing.code(asked.key, asked.kind),
        article=numbers[asked.owner],
        day=asked.day,
        asked=np.ones(len(asked.key), dtype=bool),
    ).with_others(
        pairing.Holders(
            code=pairing.code(others.key[foreign], others.kind[foreign]),
            article=np.array([number_of[one] for one in theirs], dtype=np.int64),
            day=others.day[foreign],
            asked=np.zeros(len(theirs), dtype=bool),
        )
    )


def _reach(days: NDArray[np.int64], window_days: int) -> list[Days]:
    """Where those lie that articles of ``days`` may meet."""
    if (days == NO_DAY).any():
        # An article without a day meets any: the whole table has to be looked through.
        return [Days(0, reach.LAST)]
    return reach.around(np.unique(days).tolist(), window_days, STORAGE.day_ranges)


def _dated(ranges: Sequence[Days]) -> str:
    """A condition for rows ``k`` of those days or of none."""
    return f"({reach.condition('k.day', ranges)} OR k.day IS NULL)"


def _whole(con: duckdb.DuckDBPyConnection, found: _Rows, ids: Sequence[str], end: int) -> bool:
    """Whether ``found``, the rows from place ``end`` on, are all that ``ids`` have."""
    parted = con.execute(
        f"SELECT article_id FROM core.signature_keys WHERE rowid BETWEEN {end - 1} AND {end}"
    ).fetchall()
    return set(found.article_id).difference(one for (one,) in parted).issuperset(ids)


def _days_of(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[Days]:
    """The range of days in which those of the articles ``ids`` lie that have a day."""
    locate(con, "signature_rows", "core.signatures", "article_id", ids)
    row = con.execute(
        f"SELECT min(day) - DATE '{date.min}', max(day) - DATE '{date.min}' FROM core.signatures "
        "WHERE rowid IN (SELECT place FROM temp.signature_rows)"
    ).fetchone()
    con.execute("DROP TABLE temp.signature_rows")
    return [Days(*row)] if row and row[0] is not None else []


def unsigned(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hashes as they are stored: one kept as a signed number is the same 64 bits."""
    return np.fromiter((value & _MASK for value in values), dtype=np.uint64, count=len(values))


def _short(
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """64-bit keys as the 32 bits that are stored.

    Keys that differ meet by chance once in 4 billion, and the texts are compared before anything
    counts.  Both halves go in: sketch keys are multiples, so their low bits say less.
    """
    return (keys ^ (keys >> np.uint64(32))).astype(np.uint32)


def day_number(at: datetime | None) -> int:
    """The day of a time in UTC, counted from 0001-01-01; ``NO_DAY`` for None."""
    return NO_DAY if at is None else (at.astimezone(UTC).date() - date.min).days
