"""Which process wrote something down, and whether it still lives."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMark:
    """A process told apart from a later one that was given the same number."""

    pid: int
    host: str
    boot: str
    """Identifier of the boot the process runs under; empty where the system has none."""
    started: str
    """Start time in the system's own unit; empty where it cannot be read."""


def current() -> ProcessMark:
    """The mark of the calling process."""
    pid = os.getpid()
    return ProcessMark(pid=pid, host=socket.gethostname(), boot=_boot(), started=_started(pid))


def is_alive(mark: ProcessMark, *, here: ProcessMark) -> bool | None:
    """Whether the process of ``mark`` runs, as seen from ``here``; None when it cannot be told.

    Calling a living process dead would hide a run at work, so doubt ends in None.
    """
    if mark.host != here.host:
        return None
    if mark.boot != here.boot:
        return False
    try:
        os.kill(mark.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    except (OSError, OverflowError):
        return None
    started = _started(mark.pid)
    return not (mark.started and started and started != mark.started)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is the command in brackets and may hold spaces; field 22 is the start.
    fields = stat.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] == "Z":
        return "ended"
    return fields[19]
