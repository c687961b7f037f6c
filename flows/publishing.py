"""When a long run lets readers see what it has stored so far."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic

from flows.memory import give_back
from flows.searching import publish
from storage.errors import StoreError
from storage.store import Store

_LOG = logging.getLogger(__name__)
# Readers of a backfill that runs for hours see it grow; a publish of a million articles takes
# three seconds of these.
EVERY_SECONDS = 600.0
# A fast backfill fills the file quicker than that with rows whose merging waits for a publish:
# 2 MB for each batch of 500 articles.
EVERY_ARTICLES = 20_000


def is_due(seconds: float, articles: int) -> bool:
    """Whether to publish, so long after the last time and with so many articles new since."""
    return articles > 0 and (seconds >= EVERY_SECONDS or articles >= EVERY_ARTICLES)


@dataclass(slots=True)
class OnTheWay:
    """What a run has stored since it began, or last published."""

    since: float
    """On the clock of ``time.monotonic``; seconds."""
    articles: int = 0

    @property
    def is_due(self) -> bool:
        """Whether to publish now."""
        return is_due(monotonic() - self.since, self.articles)

    async def publish_if_due(self, store: Store, stored: int = 0, *, search: bool = False) -> None:
        """Count ``stored`` articles more, and publish if it is time; between write windows.

        A publish that fails is told and left to the next one: what is stored is safe.

        Args:
            search: bring the search index to what is published, too.
        """
        self.articles += stored
        if not self.is_due:
            return
        try:
            published = await asyncio.to_thread(publish, store, search=search)
        except StoreError as error:
            _LOG.warning("not published on the way: %s", error)
        else:
            if published.note:
                _LOG.warning("%s", published.note)
        await asyncio.to_thread(give_back)
        self.articles, self.since = 0, monotonic()
