"""One backfill at a time asks a domain: slices side by side, and backfills of other processes.

A lock file a domain under the store, which the system drops with its process.  A concurrency limit
of Prefect's would hold a killed run's place for minutes, and is not there without a server.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from storage.errors import StoreBusy
from storage.lock import holder, locked

_LOG = logging.getLogger(__name__)
FOLDER = "domains"
# Seconds between two looks at a lock that another process holds for minutes or hours.
LOOK = 1.0


class DomainTurns:
    """Turns at domains, first come first served within the process.

    Args:
        store: the store's folder.
        purpose: what others read of who holds a domain.
    """

    def __init__(self, store: Path, purpose: str) -> None:
        self._folder = store / FOLDER
        self._purpose = purpose
        self._inside: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(self, domain: str) -> AsyncIterator[None]:
        """Have ``domain`` for oneself; waits for as long as another has it.

        Raises ``StoreError`` when the lock file cannot be made.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{quote(domain, safe='')}.lock"
        async with self._inside[domain]:
            with ExitStack() as held:
                said = False
                while True:
                    try:
                        held.enter_context(locked(path, wait=timedelta(0), purpose=self._purpose))
                        break
                    except StoreBusy:
                        if not said:
                            who = holder(path) or "another process"
                            _LOG.warning("%s waits for its turn after %s", domain, who)
                        said = True
                        await asyncio.sleep(LOOK)
                yield
