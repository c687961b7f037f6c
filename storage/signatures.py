"""Signatures as stored keys, and the pairs of articles that share some."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from dedupe.models import CandidatePair, Signature, SignatureRecipe
from storage import key_segments, keys, pairing, reach
from storage.batches import insert
from storage.errors import RecipeChanged
from storage.keys import Keys
from storage.packed import Sieve
from storage.pairing import NO_DAY
from storage.policy import STORAGE
from storage.reach import Days
from storage.rows import PLACES, at, places


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
    ``new``: ids of articles that have none: stored since this transaction began, and not saved yet.
    """
    latest = {signature.article_id: signature for signature in signatures}
    if not latest:
        return keys.none()
    ids = sorted(latest)
    ordered = [latest[article_id] for article_id in ids]
    delete(con, ids, new=new)
    days = np.array(
        [keys.day_number(published.get(article_id)) for article_id in ids], dtype=np.int64
    )
    made = keys.of_signatures(ids, ordered, days)
    types = {"article_id": "VARCHAR", "exact": "UBIGINT", "shingles": "INTEGER", "day": "DATE"}
    columns: dict[str, Any] = {
        "article_id": ids,
        "exact": keys.unsigned([signature.exact for signature in ordered]),
        "shingles": np.array([signature.shingles for signature in ordered]),
        "day": [keys.date_of(day) for day in days.tolist()],
    }
    insert(con, "core.signatures", types, columns)
    return made._replace(written=key_segments.insert(con, keys.by_day(made, days)))


def delete(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], *, new: Collection[str] = ()
) -> None:
    """Forget the signatures of articles ``ids``; ``new`` as for ``save``."""
    known = set(ids).difference(new)
    if not known:
        return
    held = at(places(con, "core.signatures", "article_id", known))
    if held["places"]:
        key_segments.remove(con, known, _days(con, held))
        con.execute(f"DELETE FROM core.signatures WHERE rowid IN {PLACES}", held)


def read(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> Keys:
    """The stored keys of articles ``ids``."""
    asked = sorted(set(ids))
    if not asked:
        return keys.none()
    days = _days(con, at(places(con, "core.signatures", "article_id", asked)))
    wanted = np.array([article_id.encode() for article_id in asked], dtype=np.bytes_)
    parts = []
    held = key_segments.by_day(con, key_segments.on_days("k.day", days), {})
    for dated, articles in keys.together(held):
        theirs = np.isin(articles.ids, wanted)
        some = articles.where(theirs)
        parts.append(keys.at(some, dated[theirs], np.arange(len(some.keys))))
    found = keys.joined(parts)
    number_of = {article_id: number for number, article_id in enumerate(asked)}
    numbers = np.array([number_of[one] for one in found.ids], dtype=np.int64)
    return found._replace(ids=asked, owner=numbers[found.owner])


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
    others = _others(con, asked, asked.key, _dated(spans))
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
        more = _others(con, asked, pairing.key_of(doubtful), reach.condition("k.day", edges))
        ids, holders = _numbered(asked, keys.joined([others, more]))
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


def _others(
    con: duckdb.DuckDBPyConnection, asked: Keys, wanted: NDArray[np.uint32], condition: str
) -> Keys:
    """The keys ``wanted`` that others than ``asked`` hold, of the days that meet ``condition``."""
    sieve = Sieve(wanted)
    own = set(asked.ids)
    found = []
    for days, articles in keys.together(key_segments.by_day(con, condition, asked.written)):
        met = sieve.places(articles.keys)
        if len(met):
            found.append(keys.at(articles, days, met, own))
    return keys.joined(found)


def _numbered(asked: Keys, others: Keys) -> tuple[list[str], pairing.Holders]:
    """The keys of ``asked`` and of ``others``; articles as numbers.

    Returns:
        All ids in order, and rows whose articles are places in that list.
    """
    ids = sorted([*asked.ids, *others.ids])
    number_of = {article_id: number for number, article_id in enumerate(ids)}
    own = np.array([number_of[one] for one in asked.ids], dtype=np.int64)
    theirs = np.array([number_of[one] for one in others.ids], dtype=np.int64)
    return ids, pairing.Holders(
        code=pairing.code(asked.key, asked.kind),
        article=own[asked.owner],
        day=asked.day,
        asked=np.ones(len(asked.key), dtype=bool),
    ).with_others(
        pairing.Holders(
            code=pairing.code(others.key, others.kind),
            article=theirs[others.owner],
            day=others.day,
            asked=np.zeros(len(others.key), dtype=bool),
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


def _days(con: duckdb.DuckDBPyConnection, held: Mapping[str, list[int]]) -> list[int]:
    """The days (see ``NO_DAY``) of the signatures in some rows."""
    found = con.execute(
        f"SELECT DISTINCT coalesce(day - DATE '{date.min}', {NO_DAY}) FROM core.signatures "
        f"WHERE rowid IN {PLACES} ORDER BY 1",
        dict(held),
    ).fetchall()
    return [day for (day,) in found]
