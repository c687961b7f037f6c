"""How gently each site is asked: one lane a registered domain.

By registered domain and not by host name, because rate limits sit in front of networks: ``www``,
``feeds`` and ``m`` of one publisher share one.  For the same reason all blogs of one hosting
platform share a lane; being too slow with them is the smaller mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache

import httpx
import tldextract

Pace = Callable[[], float]
"""The shortest time between two requests to one site, in seconds, as it is now."""


def pace_at(moment: datetime, seconds: float, full: frozenset[int], slower: float) -> float:
    """The pace at the local time ``moment``: ``seconds`` in the hours ``full``, else slower.

    Args:
        full: empty for all hours.
        slower: by how much, outside of them.
    """
    return seconds if not full or moment.hour in full else seconds * slower


class Lane:
    """The requests to one domain: at most ``width`` at once, started as far apart as ``pace``."""

    def __init__(self, width: int, pace: Pace) -> None:
        self._slots = asyncio.Semaphore(width)
        self._least = 0.0
        self._spacing = Spacing(lambda: max(pace(), self._least))
        self.rest_until: datetime | None = None
        """Set by a 429 that asks for more rest than a run can wait."""
        self.strikes = 0
        """Requests in a row without a proper answer."""
        self.last_strike: tuple[str, int | None] = ("", None)
        """Reason and status of the last of them."""

    def strike(self, reason: str, status: int | None) -> None:
        """Note a request that the site left without a proper answer."""
        self.strikes += 1
        self.last_strike = reason, status

    def proper(self) -> None:
        """Note an answer, whatever it says: the site works."""
        self.strikes = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a place in the lane, entered when the pace allows."""
        async with self._slots:
            await self._spacing.turn("")
            yield

    def slow_down(self, seconds: float) -> None:
        """Start requests at least ``seconds`` apart from now on; never faster than before."""
        self._least = max(self._least, seconds)


class Lanes:
    """The lanes of one run, made as domains are met."""

    def __init__(self, width: int, pace: Pace) -> None:
        self._width = width
        self._pace = pace
        self._lanes: dict[str, Lane] = {}

    def of(self, url: httpx.URL) -> Lane:
        """The lane of ``url``'s registered domain."""
        domain = registered_domain(url.host)
        if domain not in self._lanes:
            self._lanes[domain] = Lane(self._width, self._pace)
        return self._lanes[domain]


class Spacing:
    """Something done at most once in so many seconds for each key, in the order of asking."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._last: dict[str, float] = {}

    async def turn(self, key: str) -> None:
        """Wait until it is the asker's turn with ``key``."""
        now = mine = asyncio.get_running_loop().time()
        if key in self._last:
            mine = max(now, self._last[key] + self._pace())
        self._last[key] = mine
        if mine > now:
            await asyncio.sleep(mine - now)


def registered_domain(host: str) -> str:
    """``host`` up to one label below the public suffix; an address stands for itself.

    Under a suffix that the list does not know its last label counts as one, as the list's
    default rule says.
    """
    host = host.lower()
    found = _extractor()(host)
    if found.top_domain_under_public_suffix or found.ipv4 or found.ipv6 or ":" in host:
        return found.top_domain_under_public_suffix or host
    return ".".join(host.rstrip(".").split(".")[-2:])


@cache
def _extractor() -> tldextract.TLDExtract:
    # The list bundled with the package: no request, no cache folder, the same answer every time.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
