"""Memory that is free inside this process, kept small and handed back to the system.

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

# Of glibc's <malloc.h>, with what they are set to.  Two arenas: little is allocated at the same
# moment.  Where it is not set, glibc raises the second up to 32 MiB once pages have come and gone,
# and from then on puts whatever is smaller into arenas; with its own 128 KiB the run's process
# spends 1.5 s of the system's time on 1,200 pages, and with 1 MiB .75, as without any of this.
# The third would stay at 128 KiB, and memory go back and be taken again all the time: `give_back`
# does it once a batch.
_HOLD_LITTLE = {
    -8: 2,  # M_ARENA_MAX
    -3: 2**20,  # M_MMAP_THRESHOLD: bytes from which on an allocation goes back when freed
    -1: 2**26,  # M_TRIM_THRESHOLD: free bytes at the end of an arena that go back
}


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        # Another C library has no such word, and mostly no need of it.
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found


def hold_little() -> bool:
    """Have malloc hold less for later, from now on; False where there is no such call."""
    set_to = _of_glibc("mallopt")
    return set_to is not None and all(set_to(*one) for one in _HOLD_LITTLE.items())


def give_back() -> bool:
    """Give free pages of all arenas back; False where nothing was, or where there is no such call.

    Takes some milliseconds, in which other threads run unless they allocate in the same arena.
    """
    trim = _of_glibc("malloc_trim")
    return trim is not None and bool(trim(0))
