"""Stands in for ``flows.digest`` in workers: pages that misbehave by their titles."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from flows import digest as real
from flows import limits

_read = real._read


def _misbehave(capture: Any, feeds: Any, **named: Any) -> Any:
    title = capture.entry.title
    if title == "endless":
        while True:
            pass
    if title == "deaf":
        # as a library that stays in C: the exception never comes
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        while True:
            pass
    if title == "huge":
        return bytearray(3 * 2**30)
    if title == "deadly":
        os._exit(9)
    if title == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    if title == "asleep":
        # as if nearly two minutes of waiting were over
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        signal.setitimer(signal.ITIMER_REAL, min(left, 0.5))
        time.sleep(300)
    if title.startswith("waits"):
        # until somebody kills this process, the first time ("once") or each time
        often, _, told = title.removeprefix("waits ").partition(" ")
        first = not Path(told).exists()
        if first or often == "always":
            Path(f"{told}.new").write_text(str(os.getpid()))
            Path(f"{told}.new").replace(told)
            time.sleep(300)
    return _read(capture, feeds, **named)


def digest(*given: Any, **named: Any) -> list[real.Digested]:
    """As ``flows.digest.digest``, with limits short enough for a test."""
    limits.SOFT_SECONDS, limits.HARD_SECONDS = 0.7, 1.2
    real._read = _misbehave
    return real.digest(*given, **named)
