"""What one page may cost a worker: processor time, waiting and memory.

The kernel counts and ends, since no thread of Python's runs while a library works in C.  First
comes an exception, which costs the page alone; what does not heed it ends with its process, and
``workers`` reads the neighbours again.  Only a process that called ``enter_worker`` is bounded:
timers and limits belong to whole processes.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

try:
    import resource
except ImportError:  # pragma: no cover - not on Windows, where nothing is bounded
    resource = None  # type: ignore[assignment]

SOFT_SECONDS = 8.0
"""Processor time after which a page is given up; the slowest of 785 real ones takes one second.
Not time of the clock: a machine busy with other work would refuse good pages."""
HARD_SECONDS = 9.5
"""Processor time after which the process ends, for a library that does not come back."""
WAIT_SECONDS = 120.0
"""Time of the clock after which the process ends: extraction waits for nothing."""
_LEAST_SECONDS = 0.05
"""A page that used up its time in one part of the work has so much for the next."""
MEMORY_BYTES = 2**30
"""How much a worker may take beyond what it has when it begins."""


class PageTakesTooLong(BaseException):
    """Raised inside the reading of a page; no ``Exception``, which libraries swallow."""


class _State:
    bounded = False
    reading = False


def end_with_parent() -> None:
    """In a worker: end when the process that started it does, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def enter_worker(memory_bytes: int = MEMORY_BYTES) -> None:
    """Bound the pages that this process will read; called once, with everything imported."""
    # what was imported stays for good: the collector need not look at it again and again, and
    # elements of a page are freed by their counts, not by it (`after_chunk` collects the rest)
    gc.collect()
    gc.freeze()
    gc.disable()
    # What is frozen is not cleared away at the end, and DuckDB then reports leaks on stderr.
    atexit.register(gc.unfreeze)
    if not hasattr(signal, "setitimer") or resource is None:  # pragma: no cover - Windows
        return
    signal.signal(signal.SIGPROF, _give_up)
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    has = _address_space()
    if has:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = has + memory_bytes
        if most == resource.RLIM_INFINITY or wanted < most:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
    _State.bounded = True


def after_chunk() -> None:
    """In a worker: free what only the collector can."""
    if _State.bounded:
        gc.collect()


@contextmanager
def page_limits(spent: float = 0.0) -> Iterator[None]:
    """Bound what runs inside; raises ``PageTakesTooLong``.  Without effect outside of workers.

    ``spent``: seconds of processor time that the page took before.
    """
    if not _State.bounded:
        yield
        return
    _State.reading = True
    # A timer of 0 would never go off.
    signal.setitimer(signal.ITIMER_PROF, max(SOFT_SECONDS - spent, _LEAST_SECONDS))
    signal.setitimer(signal.ITIMER_VIRTUAL, max(HARD_SECONDS - spent, 2 * _LEAST_SECONDS))
    signal.setitimer(signal.ITIMER_REAL, WAIT_SECONDS)
    try:
        yield
    finally:
        _State.reading = False
        for timer in (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)


def reason_of(exit_code: int | None) -> str:
    """Why a page's process ended: ``timeout``, ``memory`` (the kernel's killer) or ``crashed``."""
    if exit_code in (-signal.SIGVTALRM, -signal.SIGALRM, -signal.SIGPROF):
        return "timeout"
    return "memory" if exit_code == -signal.SIGKILL else "crashed"


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    if _State.reading:
        raise PageTakesTooLong


def _address_space() -> int:
    """Bytes mapped by this process, 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmSize:"):
            return int(line.split()[1]) * 1024
    return 0
