"""The end of a process that ran a flow, without pages of noise on standard error.

Prefect's background threads (heartbeat, events) are still there when the interpreter is taken
down and keep the flow, its module and so DuckDB's types alive; nanobind, which DuckDB is bound
with, then prints some eighty lines about "leaked" functions, below the run's own summary.  It
cannot be told to be silent from Python, and waiting for the threads needs Prefect's private
parts and a second.
"""

from __future__ import annotations

import atexit
import os
import sys
from functools import cache


@cache
def quiet_exit() -> None:
    """Send standard error nowhere once this process is being taken down.

    Everything said before stays, an uncaught exception included, and so does the exit code; what
    would be lost is a fault of the interpreter's own end, the lesser evil.
    """
    atexit.register(_close_ears)


def _close_ears() -> None:
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
