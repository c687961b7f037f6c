"""Memory that is free inside this process, handed back to the system.

A run passes tens of megabytes of pages from thread to thread.  Each thread of glibc allocates from
an arena of its own, and what is free in one is neither used by the others nor given back, since
something small always stands at its end: of 143 MiB that the run's own process grew by between its
first and its second thousand of pages, 95 were free in arenas.  The same batches would fit into
them again, but which thread takes which batch is chance, so that it went on.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        # Of glibc; another C library has no such word, and mostly no need of it.
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found


def give_back() -> bool:
    """Give free pages of all arenas back; False where nothing was, or where there is no such call.

    Takes some milliseconds, in which other threads run unless they allocate in the same arena.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))
