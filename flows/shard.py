"""What one batch brings to the store, all of it as records: a shard.

Whoever fetches and extracts makes shards, and ``flows.loading`` takes them in.  Between the two a
shard is handed over in memory (one process) or lies in a file (several machines); nothing else
differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from flows.digested import Digested
from ingest.models import CoveredDay, FeedState, Gap, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a shard is of."""

    run_id: str
    piece: str
    """The part of the run's work, such as a slice of a group of feeds."""
    attempt: str
    """Which try at the piece: two that overlap, because one was given up for dead and was not,
    never write under one name."""
    number: int
    """From 0 on, as the attempt wrote them."""

    @property
    def shard_id(self) -> str:
        """The same for the same shard, wherever it is read; no other has it."""
        said = json.dumps([self.run_id, self.piece, self.attempt, self.number])
        return sha256(said.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A page that was fetched and lies on a day that was not asked for."""

    canonical_url: str
    feed: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a batch, or the end of a feed's work, notes beside articles and entries."""

    covered: tuple[CoveredDay, ...] = ()
    outside: tuple[Outside, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    """Of what is no entry: feeds, archives, rows of a file."""
    recovered: tuple[str, ...] = ()
    """URLs whose rejections are over."""
    states: tuple[FeedState, ...] = ()
    gaps: tuple[Gap, ...] = ()
    route: str = ""
    """Of a backfill, by which the batch's articles came: those that are new and without a date
    are counted for it.  Empty: they are not."""

    def plus(self, later: Ledger) -> Ledger:
        """Both, ``later`` being said after this one."""
        return Ledger(
            covered=self.covered + later.covered,
            outside=self.outside + later.outside,
            rejections=self.rejections + later.rejections,
            recovered=self.recovered + later.recovered,
            states=self.states + later.states,
            gaps=self.gaps + later.gaps,
            route=later.route or self.route,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A batch as the store takes it: whole or not at all, and once."""

    at: datetime
    """The run's clock when the batch was read."""
    digested: tuple[Digested, ...] = ()
    keep_known_entries: bool = True
    """Record entries whose article was there already.  A backfill leaves them as the feed's own
    polls wrote them."""
    ledger: Ledger = Ledger()
    origin: Origin | None = None
    """None for what never lies in a file, and so cannot come twice."""

    def after(self, earlier: Iterable[Ledger]) -> Shard:
        """This shard with ledgers that were said before it and not written yet."""
        ledger = Ledger()
        for one in earlier:
            ledger = ledger.plus(one)
        return replace(self, ledger=ledger.plus(self.ledger))
