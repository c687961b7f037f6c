"""What stops a run besides the store and the archive: the machine under it."""

from __future__ import annotations

import errno
import tempfile

from ingest.errors import VoltwireError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class MachineTrouble(VoltwireError):
    """No room, no handles, a disk that fails: the work is right and the machine cannot do it."""


def trouble(doing: str, error: OSError) -> MachineTrouble:
    """``error``, met while ``doing`` something, as one line with what to do about it."""
    hint = "what was stored before is whole; run it again"
    if error.errno in _FULL:
        hint = f"free some disk space, in {tempfile.gettempdir()} too; {hint}"
    return MachineTrouble(f"cannot {doing}: {error.strerror or error}", hint=hint)
