"""Imported by the fork server alone: everything that reading a page loads, loaded before the fork.

Not only modules: the language model, the expressions of the topic gate and the extractor's tables
load with the first page, so one is read here.
"""

from __future__ import annotations

import atexit
import gc
import signal
from contextlib import suppress

# An interrupt from the keyboard reaches this process, too, and it may take seconds to load: the
# run ends it, and a traceback of its own would only hide what the run says.
signal.signal(signal.SIGINT, signal.SIG_IGN)

from flows.warmup import read_all  # noqa: E402

# What fails here (a full disk) fails again where it can be reported.
with suppress(Exception):
    read_all()
gc.collect()
gc.freeze()
# What is frozen is not cleared away at the end, and DuckDB then reports leaks on stderr.
atexit.register(gc.unfreeze)
