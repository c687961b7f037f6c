"""Keys that were read lately, kept in memory for the next write window."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from storage.packed import Packed


class Mark(NamedTuple):
    """What tells the segments of a day from any others."""

    rows: int
    batches: int
    """The sum of their numbers."""

    def without(self, other: Mark) -> Mark:
        """These segments but for those of ``other``."""
        return Mark(self.rows - other.rows, self.batches - other.batches)


class Recent:
    """The articles of days with their keys; those asked for last stay.

    A mark stands for what the segments hold, so that nothing here is ever out of date: not after a
    rollback, nor when another process wrote, nor between two stores.
    """

    def __init__(self, most: int) -> None:
        """``most``: bytes held together."""
        self._most = most
        self._bytes = 0
        self._held: OrderedDict[tuple[int, Mark], Packed] = OrderedDict()
        self._lock = Lock()

    def get(self, day: int, mark: Mark) -> Packed | None:
        """What the segments of ``day`` hold that have this mark, if it is known."""
        with self._lock:
            found = self._held.get((day, mark))
            if found is not None:
                self._held.move_to_end((day, mark))
            return found

    def put(
        self, day: int, mark: Mark, articles: Packed, *, instead_of: Mark | None = None
    ) -> None:
        """Keep ``articles``; what was not asked for the longest goes for it.

        ``instead_of``: what the day held before them, which only a rollback would ask for again.
        """
        if articles.nbytes > self._most:
            return
        with self._lock:
            for old in {mark, instead_of or mark}:
                known = self._held.pop((day, old), None)
                self._bytes -= known.nbytes if known else 0
            self._bytes += articles.nbytes
            self._held[day, mark] = articles
            while self._bytes > self._most:
                _, gone = self._held.popitem(last=False)
                self._bytes -= gone.nbytes
