"""robots.txt: what a site lets us read, and how fast (RFC 9309).

Asked once an origin and run, or once a day where answers are kept (``ingest.robots_memory``).
What an answer means:

- 200: its rules, for the group that names our product token, else for ``*``.
- 4xx but 429, too many redirects, a body that is no text, nothing in a replayed archive:
  there are no rules, everything may be read (RFC 9309, 2.3.1.3).
- 5xx, 429, a broken or missing answer: nothing may be read for now, and ``retry_at`` says when to
  ask again (RFC 9309, 2.3.1.4).  The other mistake, reading what the site forbids while it is
  struggling, is worse than reading it an hour later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import httpx
from protego import Protego

from ingest.models import FetchFailure, Page

_HOST_IS_AWAY = frozenset({"timeout", "dns", "connect", "tls", "blocked_address", "bad_url"})
_NO_RULES = frozenset(
    {"redirect_loop", "bad_redirect", "unsupported_type", "not_in_archive", "too_large"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRules:
    """The rules of one origin for one product token."""

    token: str
    parsed: Protego | None = None
    """None allows everything."""
    failure: FetchFailure | None = None
    """Why nothing may be read for now."""
    crawl_delay: float = 0.0

    def refusal(self, url: str, at: datetime) -> FetchFailure | None:
        """Why ``url`` is not read, or None.

        The reason is ``robots`` for a rule, ``robots_unreachable`` when the rules could not be
        had, and the fault itself (``dns``, ``timeout``) when the host did not answer at all.
        """
        if self.failure is not None:
            away = self.failure.reason in _HOST_IS_AWAY
            return replace(
                self.failure,
                url=url,
                reason=self.failure.reason if away else "robots_unreachable",
                detail=f"robots.txt: {self.failure.reason}: {self.failure.detail}",
                at=at,
            )
        if self.parsed is None or self.parsed.can_fetch(url, self.token):
            return None
        return FetchFailure(
            url=url, reason="robots", detail=f"robots.txt forbids it to {self.token}", at=at
        )


def read_rules(answer: Page | FetchFailure, token: str) -> RobotsRules:
    """The rules in the answer to a request for robots.txt; see the module for which means what."""
    if isinstance(answer, FetchFailure):
        status = answer.status or 0
        if answer.reason in _NO_RULES or (
            answer.reason.startswith("http_") and not (status == 429 or status >= 500)
        ):
            return RobotsRules(token=token)
        return RobotsRules(token=token, failure=answer)
    text = answer.body.decode("utf-8-sig", "replace")
    parsed = Protego.parse(text)
    return RobotsRules(
        token=token, parsed=parsed, crawl_delay=float(parsed.crawl_delay(token) or 0.0)
    )


def product_token(user_agent: str) -> str:
    """The word that robots.txt groups are matched by: ``voltwire`` of ``voltwire/1.0 (+...)``.

    Only the token is matched: words in the contact address would hit groups of other robots.
    """
    return user_agent.split("/")[0].split(" ")[0].strip() or "*"


class Memory(Protocol):
    """Answers kept from one run to the next."""

    def recall(self, url: str, /) -> Page | FetchFailure | None:
        """What the robots.txt at ``url`` answered, if that still stands."""

    def remember(self, url: str, answer: Page | FetchFailure, rules: RobotsRules, /) -> None:
        """Keep what it answered, and what rules that means."""


class RobotsCache:
    """Rules by origin; concurrent askers of one origin share one request."""

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Page | FetchFailure]],
        token: str,
        memory: Memory | None = None,
    ) -> None:
        self._fetch = fetch
        self._token = token
        self._memory = memory
        self._asked: dict[str, asyncio.Task[tuple[Page | FetchFailure, RobotsRules]]] = {}

    async def rules(self, url: httpx.URL) -> RobotsRules:
        """The rules for the origin of ``url``."""
        return (await self._of(url))[1]

    async def answer(self, url: httpx.URL) -> Page | FetchFailure:
        """What the robots.txt of the origin of ``url`` answered, which also names sitemaps."""
        return (await self._of(url))[0]

    async def _of(self, url: httpx.URL) -> tuple[Page | FetchFailure, RobotsRules]:
        origin = str(url.copy_with(raw_path=b"/robots.txt", fragment=None))
        if origin not in self._asked:
            self._asked[origin] = asyncio.create_task(self._ask(origin))
        # One asker that is cancelled must not take the answer from the others.
        return await asyncio.shield(self._asked[origin])

    async def aclose(self) -> None:
        """Give up requests under way."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    async def _ask(self, origin: str) -> tuple[Page | FetchFailure, RobotsRules]:
        memory = self._memory
        kept = await asyncio.to_thread(memory.recall, origin) if memory else None
        answer = await self._fetch(origin) if kept is None else kept
        rules = await asyncio.to_thread(read_rules, answer, self._token)
        if memory and kept is None:
            await asyncio.to_thread(memory.remember, origin, answer, rules)
        return answer, rules
