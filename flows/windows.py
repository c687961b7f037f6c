"""A run's write windows: those that wait for one another share one opening of the store.

To open the store and close it takes 20 ms of processor time and leaves each table a row group; what
a batch has to say of a quiet feed takes 10.  A backfill of sixty feeds by a year says so a thousand
times, with eight feeds side by side.  Each keeps a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection

from storage.store import Store, Transaction

T = TypeVar("T")
_Waiting = tuple[Callable[[DuckDBPyConnection], Any], asyncio.Future[Any]]
# Seconds after which no further work is begun: other programs wait for the store, too.
LONGEST = 0.5
# How long one that has served several looks out for the next: the time in which a feed's work gets
# from its look-up to what it has to write.  Seconds.
LINGER = 0.05


class Windows(asyncio.Lock):
    """Turns at the store.  Held as a lock it keeps the run's own windows away."""

    def __init__(self) -> None:
        super().__init__()
        self._line: SimpleQueue[_Waiting] = SimpleQueue()
        self._shared = False
        """Whether the last opening served several."""

    async def do(self, store: Store, work: Callable[[DuckDBPyConnection], T]) -> T:
        """What ``work`` returns, done in one transaction of ``store`` in a thread.

        Raises what ``work`` and ``Store.write`` do.
        """
        end: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._line.put((work, end))
        try:
            async with self:
                # not done, and in nobody's hands: who has the lock serves the whole line
                while not end.done() and (first := self._next(0.0)) is not None:
                    await asyncio.to_thread(self._go_through, store, first)
            return await end
        finally:
            end.cancel()  # a work whose asker is gone is not begun

    def _go_through(self, store: Store, first: _Waiting) -> None:
        """In a thread: ``first``, then what waits behind it."""
        served, following = 0, first
        try:
            with store.opened() as transaction:
                until = monotonic() + LONGEST
                while _done(transaction, *following):
                    served += 1
                    left = until - monotonic()
                    if left <= 0:
                        break
                    patience = min(LINGER, left) if self._shared or served > 1 else 0.0
                    found = self._next(patience)
                    if found is None:
                        break
                    following = found
        except Exception as error:
            # It could not be opened: told to the one who came first.
            _say(first[1], error=error)
        self._shared = served > 1

    def _next(self, patience: float) -> _Waiting | None:
        """The next in line whose asker is still there; waits so many seconds for one."""
        with suppress(Empty):
            while True:
                one = self._line.get(timeout=patience) if patience else self._line.get_nowait()
                if not one[1].done():
                    return one
        return None


def _done(
    transaction: Transaction, work: Callable[[DuckDBPyConnection], T], end: asyncio.Future[T]
) -> bool:
    """Do one's work and tell; whether the connection is good for another's."""
    try:
        with transaction() as con:
            result = work(con)
    except BaseException as error:  # somebody waits for it, whatever it is
        _say(end, error=error)
        return False
    _say(end, result)
    return True


def _say(end: asyncio.Future[T], result: Any = None, *, error: BaseException | None = None) -> None:
    def say() -> None:
        if end.done():
            return
        if error is not None:
            end.set_exception(error)
        else:
            end.set_result(result)

    with suppress(RuntimeError):  # the run has ended meanwhile
        end.get_loop().call_soon_threadsafe(say)
