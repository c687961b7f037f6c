"""One batch into the store, in one transaction: articles, signatures, matches, stories."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import ceil
from types import MappingProxyType
from typing import TypeVar

from duckdb import DuckDBPyConnection

from dedupe import cluster, match
from dedupe.models import Document, Signature
from dedupe.policy import POLICY, RECIPE
from dedupe.signature import sign
from flows.comparing import compared
from flows.digested import Digested
from storage import articles, connected, entries, matches, rejections, signatures, stories
from storage.attached import write_through
from storage.errors import StoreFault
from storage.keys import Keys
from storage.models import EntryOutcome, PreparedArticle, Written
from storage.policy import STORAGE
from storage.store import Store

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
_NOTHING: Mapping[str, Written] = MappingProxyType({})


@dataclass(slots=True)
class Saved:
    """What a batch changed."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    status_of: dict[str, str] = field(default_factory=dict)
    """Entry's canonical URL -> ``new``, ``changed``, ``known``, or the reason of its rejection."""
    new_stories: int = 0
    duplicates: int = 0
    undated: Mapping[str, int] = field(default_factory=dict)
    """Feed -> new articles that no date is known of, where the batch's ledger counts them."""
    again: bool = False
    """The batch was in the store already; nothing was changed."""


def save_batch(
    store: Store, batch: Sequence[Digested], now: datetime, *, keep_known_entries: bool = True
) -> Saved:
    """``save_rows`` in a transaction of its own: whole or not at all."""
    return in_a_window(
        store, lambda con: save_rows(con, batch, now, keep_known_entries=keep_known_entries)
    )


def in_a_window(store: Store, work: Callable[[DuckDBPyConnection], T]) -> T:
    """Do ``work`` in one transaction of ``store``, and once more where DuckDB fails in it."""

    def write() -> T:
        with store.write() as con:
            return work(con)

    try:
        return write()
    except StoreFault as fault:
        once_more(fault)
        return write()


def once_more(fault: StoreFault) -> None:
    """Say that a batch is written a second time.

    Seen once in some thousand commits of DuckDB 2.0.0 ("invalid unicode" in strings that were valid
    when they were handed in), and never twice in a row.  The transaction is undone and the file
    opened anew; a second fault ends the run.
    """
    _LOG.warning("%s; writing the batch once more", fault)


def save_rows(
    con: DuckDBPyConnection,
    batch: Sequence[Digested],
    now: datetime,
    *,
    keep_known_entries: bool = True,
) -> Saved:
    """Write ``batch`` inside the caller's transaction.

    Args:
        con: of the live database.
        batch: what the workers handed back, in any order.
        now: the run's clock.
        keep_known_entries: record entries whose article was there already.  A backfill leaves
            them as the feed's own polls wrote them.
    """
    signatures.check_recipe(con, RECIPE)
    prepared = [one.prepared for one in batch if one.prepared is not None]
    result = articles.save(con, prepared)
    saved = Saved(new=list(result.new), changed=list(result.changed))
    relate(con, prepared, result.id_of, saved, now, written=result.written)
    _record(con, batch, result.id_of, saved, now, keep_known_entries=keep_known_entries)
    if len(prepared) >= STORAGE.written_through:
        write_through(con)
    return saved


def relate(
    con: DuckDBPyConnection,
    prepared: Sequence[PreparedArticle],
    id_of: Mapping[str, str],
    saved: Saved,
    now: datetime,
    *,
    written: Mapping[str, Written] = _NOTHING,
) -> None:
    """Sign, find candidates, compare, and regroup the stories that the batch touches.

    ``written``: what was stored just now; other articles are read from the store.
    """
    touched = [*saved.new, *saved.changed]
    if not touched:
        return
    documents = partial(_documents, con, written)
    # The stories follow from the stored articles, not from the order in which they came: where
    # another article speaks for a key than before, its pairs are looked for anew.  An edited
    # text leaves its keys to others; a new one may take them over, which ends matches and
    # makes none.
    again = set(_neighbours(con, signatures.read(con, saved.changed)).displaced)
    signatures.delete(con, saved.changed)
    keys = signatures.save(
        con,
        _signatures(documents, prepared, id_of, touched),
        {one.article_id: one.published_at for one in documents(touched)},
        new=saved.new,
    )
    beside = _neighbours(con, keys)
    again |= set(matches.matched(con, beside.displaced))
    again -= set(touched)
    parted = matches.delete(con, [*saved.changed, *sorted(again)])
    # What stands beside the touched ones is known; only the others are looked up.
    pairs = {*beside.pairs, *_neighbours(con, signatures.read(con, again)).pairs}
    wanted = sorted(
        filter(match.wanted, pairs), key=lambda pair: (pair.article_id, pair.of_article_id)
    )
    found = compared(wanted, documents)
    matches.save(con, found, without={*touched, *again})
    ends = {
        end
        for one in found
        if one.relation != "apart"
        for end in (one.article_id, one.of_article_id)
    }
    asked = sorted({*touched, *again, *parted, *ends})
    new = {one: written[one].node for one in saved.new if one in written}
    new |= {one.article_id: one for one in connected.nodes(con, set(saved.new) - new.keys())}
    linked = connected.component(con, asked, new=new, matches=found)
    plan = cluster.plan(cluster.partition(linked.nodes, linked.matches), linked.story_of)
    before = set(linked.story_of.values())
    known = {one.article_id: one for one in linked.nodes}
    stories.apply(con, plan, now, new=saved.new, nodes=known)
    saved.new_stories = len(set(plan.story_of.values()) - before)
    saved.duplicates = sum(
        plan.representative_of[plan.story_of[article_id]] != article_id for article_id in saved.new
    )


def _documents(
    con: DuckDBPyConnection, written: Mapping[str, Written], ids: Collection[str]
) -> list[Document]:
    """The articles ``ids``, those just written as they were handed in."""
    at_hand = [written[one].document for one in ids if one in written]
    return at_hand + articles.documents(con, [one for one in ids if one not in written])


def _signatures(
    documents: Callable[[Collection[str]], Sequence[Document]],
    prepared: Sequence[PreparedArticle],
    id_of: Mapping[str, str],
    touched: Sequence[str],
) -> list[Signature]:
    """The signature of each touched article's stored text, under its stored id.

    Where two of the batch became one article, or an edit met a text stored under another id,
    the store decided which text stands: that one is signed here.
    """
    wanted = set(touched)
    sources = Counter(id_of.values())
    made = {
        one.article.article_id: one.signature
        for one in prepared
        if one.article.article_id in wanted
        and id_of.get(one.article.article_id) == one.article.article_id
        and sources[one.article.article_id] == 1
    }
    missing = [article_id for article_id in touched if article_id not in made]
    again = sign(documents(missing)) if missing else []
    return [*made.values(), *again]


def _neighbours(con: DuckDBPyConnection, keys: Keys) -> signatures.Neighbours:
    return signatures.neighbours(
        con, keys, window_days=ceil(POLICY.window_days), max_common=POLICY.key_cap
    )


def _record(
    con: DuckDBPyConnection,
    batch: Sequence[Digested],
    id_of: Mapping[str, str],
    saved: Saved,
    now: datetime,
    *,
    keep_known_entries: bool,
) -> None:
    """Write each entry's outcome, its rejection if any, and clear rejections that are over."""
    unclaimed = {**dict.fromkeys(saved.new, "new"), **dict.fromkeys(saved.changed, "changed")}
    outcomes: list[EntryOutcome] = []
    for one in batch:
        url = one.entry.canonical_url
        article_id = None
        if one.prepared is not None:
            made = one.prepared.article.article_id
            article_id = id_of.get(made, made)
            # Two entries of a batch may lead to one article: the first made it.
            saved.status_of[url] = unclaimed.pop(article_id, "known")
        elif one.rejection is not None:
            saved.status_of[url] = one.rejection.reason
        if keep_known_entries or saved.status_of[url] != "known":
            outcomes.append(
                EntryOutcome(
                    entry=one.entry, article_id=article_id, rejection=one.rejection, at=now
                )
            )
    entries.save(con, outcomes)
    rejections.save(con, [one.rejection for one in batch if one.rejection is not None])
    rejections.clear(con, [one.entry.url for one in batch if one.prepared is not None])
