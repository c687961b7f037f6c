"""Small JSON files in the store folder, for whoever looks: whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def leave(path: Path, said: Mapping[str, Any]) -> None:
    """Write ``said`` to ``path``, in place of what stood there.

    What cannot be written is left: that something can be seen is not worth a run.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(said), encoding="utf-8")
        beside.replace(path)
