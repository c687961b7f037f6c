"""Processes that take calls, one each at a time; what kills one costs the call that it was on.

``concurrent.futures`` ends every call of a pool when one process dies; here each process has a
pipe of its own, so the others read on.  Processes are forked from a server that has loaded
everything (``flows.preloaded``): one more costs milliseconds instead of a second, so they can be
replaced often, and whoever reads two pages does not wait for an import that was made meanwhile.

This file knows nothing of pages: a call is any picklable function, which may tell how far it is
(``step``), and is ended from here when it says nothing for too long.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self, TypeVar

from flows.memory import hold_little

T = TypeVar("T")

PRELOADED = ("flows.preloaded", "click")
"""What the fork server imports: all that reading takes, and what the command needs, which each
process imports again as its main module."""
CALLS_A_PROCESS = 50
"""trafilatura and lxml grow with what they have read; a process is replaced after so many calls."""
QUIET_SECONDS = 150.0
"""A process that says nothing for so long is ended: one that was stopped, or that waits for what
never comes.  Longer than the time of the clock that a page has in its process (``limits``)."""
GOING_SECONDS = 5.0
"""How long a process may take to end after its pipe was closed."""


class ProcessDied(Exception):
    """The process of a call ended before the call did."""

    def __init__(self, exit_code: int | None, steps: int, *, quiet: bool = False) -> None:
        super().__init__(f"exit code {exit_code} in step {steps}")
        self.exit_code = exit_code
        self.steps = steps
        """How many steps the call had begun."""
        self.quiet = quiet
        """It was ended from here because it said nothing for too long."""


class _Told:
    """In a process: the pipe to whoever called."""

    pipe: Connection | None = None


def step() -> None:
    """In a process: tell the caller that the next step begins.  Without effect elsewhere."""
    if _Told.pipe is not None:
        _Told.pipe.send(None)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The end of a call: its result, or the error that it raised."""

    result: Any = None
    error: Exception | None = None


def _serve(pipe: Connection, begin: Callable[[], None]) -> None:
    """The main function of a process: answer calls until the pipe is closed."""
    # An interrupt from the keyboard reaches every process of the terminal; the run ends its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin()
    _Told.pipe = pipe
    while True:
        try:
            work, given, named = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = _Answer(result=work(*given, **named))
        except Exception as error:
            answer = _Answer(error=error)
        del work, given, named
        try:
            pipe.send(answer)
        except OSError:
            return  # nobody is there to hear it


_STARTING = threading.Lock()
# Two threads that look for one exit code at once would each read half of it.


class _Server:
    """The fork server of this process, as far as the standard library does not tell."""

    children = 0
    """Processes forked from it that are not yet seen to have ended; behind ``_STARTING``."""


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        # Windows: each process imports everything for itself.
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


class _Process:
    """One process and the pipe to it; used by one thread at a time."""

    def __init__(self, begin: Callable[[], None]) -> None:
        context = _context()
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, begin), name="voltwire-reader", daemon=True
        )
        try:
            with _STARTING:
                self.process.start()
                _Server.children += 1
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()
        self.calls = 0

    def call(self, work: Callable[..., T], given: tuple[Any, ...], named: dict[str, Any]) -> T:
        """Raises ``ProcessDied``, or what ``work`` raised."""
        self.calls += 1
        steps = 0
        try:
            self._send((work, given, named))
            while True:
                if not self.pipe.poll(QUIET_SECONDS):
                    self.kill()
                    raise ProcessDied(self._exit_code(), steps, quiet=True)
                answer = self.pipe.recv()
                if answer is not None:
                    break
                steps += 1
        except (EOFError, OSError):
            raise ProcessDied(self._exit_code(), steps) from None
        if answer.error is not None:
            raise answer.error
        result: T = answer.result
        return result

    def _send(self, message: Any) -> None:
        # A call is larger than a pipe holds: a process that does not read would hold it up.
        guard = threading.Timer(QUIET_SECONDS, self.kill)
        guard.daemon = True
        guard.start()
        try:
            self.pipe.send(message)
        finally:
            guard.cancel()

    def _exit_code(self) -> int | None:
        with _STARTING:
            self.process.join(GOING_SECONDS)
            if self.process.exitcode is None:
                self.process.kill()
                self.process.join(GOING_SECONDS)
            return self.process.exitcode

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()

    def close(self) -> None:
        """Let it end; end it when it does not."""
        self.pipe.close()
        self._exit_code()
        with _STARTING:
            _Server.children -= 1


class Processes:
    """Up to ``most`` processes, started when first needed and replaced after so many calls."""

    def __init__(self, most: int, begin: Callable[[], None]) -> None:
        self.most = most
        self._begin = begin
        hold_little()  # a call and its answer are megabytes, and go through a thread each
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="voltwire-reader")
        # The process last used comes first, so that little work starts few of them.
        self._idle: asyncio.LifoQueue[_Process | None] = asyncio.LifoQueue()
        for _ in range(most):
            self._idle.put_nowait(None)
        self._there: set[_Process] = set()
        self._closed = False
        self._warmed = self._used = self._started_server = False

    @property
    def pids(self) -> frozenset[int]:
        """The processes that are there now."""
        return frozenset(one.process.pid or 0 for one in self._there)

    async def call(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """``work(*given, **named)`` in a process, waiting until one is free.

        Raises:
            ProcessDied: when the process ended before it answered.
            Exception: whatever ``work`` raised.
        """
        idle = await self._idle.get()
        run = asyncio.get_running_loop().run_in_executor(
            self._threads, self._call, idle, work, given, named
        )
        kept: _Process | None = None
        try:
            kept, result = await run
            return result
        except _Raised as raised:
            kept = raised.kept
            raise raised.error from None
        finally:
            self._idle.put_nowait(kept)

    def warm(self) -> None:
        """Have the fork server load what it preloads while the caller does something else.

        Costs the caller nothing, and nothing when called again.  A server that was started for
        this and forked no process ends with ``close``.
        """
        if not self._warmed:
            self._warmed = True
            self._threads.submit(self._warm)

    def _warm(self) -> None:
        self._started_server = load_early()

    def _call(
        self,
        process: _Process | None,
        work: Callable[..., T],
        given: tuple[Any, ...],
        named: dict[str, Any],
    ) -> tuple[_Process | None, T]:
        if process is None:
            self._used = True
            process = _Process(self._begin)
            self._there.add(process)
            if self._closed:
                process.kill()
        try:
            result = process.call(work, given, named)
        except ProcessDied as died:
            self._forget(process)
            raise _Raised(died, None) from None
        except Exception as error:
            raise _Raised(error, self._kept(process)) from None
        return self._kept(process), result

    def _kept(self, process: _Process) -> _Process | None:
        if process.calls < CALLS_A_PROCESS:
            return process
        self._forget(process)
        return None

    def _forget(self, process: _Process) -> None:
        self._there.discard(process)
        process.close()

    def close(self, *, at_once: bool = False) -> None:
        """End all processes; with ``at_once`` also those that are on a call.  Blocks shortly."""
        self._closed = True
        if at_once:
            for one in list(self._there):
                one.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for one in list(self._there):
            self._forget(one)
        if self._started_server and not self._used:
            _end_server()


def load_early() -> bool:
    """Have the fork server begin to load, for a program that is about to read.

    False where it had begun before.  It ends with this process.  Costs a few milliseconds; takes
    two seconds of another core.
    """
    if _context().get_start_method() != "forkserver":
        return False
    from multiprocessing import forkserver

    with _STARTING:
        before = _server_pid()
        forkserver.ensure_running()
        return _server_pid() != before


class UsesProcesses:
    """What reads in processes of its own: an async context manager that ends them."""

    def __init__(self, most: int, begin: Callable[[], None]) -> None:
        self._processes = Processes(most, begin)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._processes.close, at_once=error is not None)

    @property
    def pids(self) -> frozenset[int]:
        """The processes that are there now."""
        return self._processes.pids


def _end_server() -> None:
    """End the fork server unless somebody uses it: it was started for pages that did not come.

    It would end with this process anyway, but only when it has loaded everything, seconds after
    it, and in a process that goes on it would keep its memory until the next pages.
    """
    if _context().get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    with _STARTING:
        pid = _server_pid()
        if pid is not None and not _Server.children:
            os.kill(pid, signal.SIGKILL)
            forkserver._forkserver._stop()  # type: ignore[attr-defined]


def _server_pid() -> int | None:
    """The fork server of this process, for which the standard library has no public word."""
    from multiprocessing import forkserver

    return getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)


class _Raised(Exception):
    """What a call raised, with the process that is left to use."""

    def __init__(self, error: Exception, kept: _Process | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.kept = kept
