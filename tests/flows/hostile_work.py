"""Stands in for ``flows.digest`` in workers: pages that misbehave by their titles."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from flows import digest as real
from flows import limits

# The text of each of these pages begins so.
_TITLE = re.compile("(?<=^Plant ).*?(?= makes )")
_extract, _remove_repeats = real.extract, real.remove_repeats


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _extracting(capture: Any, *given: Any, **named: Any) -> Any:
    _misbehave(capture.entry.title)
    return _extract(capture, *given, **named)


def _removing(text: str) -> Any:
    """The first that is done after extraction: a page may misbehave only then."""
    title = _TITLE.search(text)[0]
    if title.startswith("late "):
        _misbehave(title.removeprefix("late "))
    elif title == "half and half":
        _misbehave(title)
    return _remove_repeats(text)


def _misbehave(title: str) -> None:
    if title == "half and half":
        _burn(0.6 * limits.SOFT_SECONDS)
    if title == "endless":
        while True:
            pass
    if title == "deaf":
        # as a library that stays in C: the exception never comes
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        while True:
            pass
    if title == "huge":
        bytearray(3 * 2**30)
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


def digest(*given: Any, **named: Any) -> list[real.Digested]:
    """As ``flows.digest.digest``, with limits short enough for a test."""
    limits.SOFT_SECONDS, limits.HARD_SECONDS = 0.7, 1.2
    real.extract, real.remove_repeats = _extracting, _removing
    return real.digest(*given, **named)
