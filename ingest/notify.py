"""One JSON message to an address of the user's choice, behind the same guard as every fetch."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx

from ingest.guard import GuardedBackend, GuardedTransport, Resolver, resolve, url_problem

_SECONDS = 10.0  # A run does not wait longer for somebody who wants to be told.


async def post_json(
    url: str,
    message: Mapping[str, object],
    *,
    user_agent: str,
    allow_hosts: frozenset[str] = frozenset(),
    resolver: Resolver = resolve,
) -> str:
    """POST ``message`` to ``url``; "" when it was taken, else why not.  Never raises.

    Redirects are not followed: a message goes where the user said, or nowhere.
    """
    try:
        parsed = httpx.URL(url.strip())
        problem = url_problem(parsed, allow_hosts)
        if problem is not None:
            return f"{problem[0]}: {problem[1]}"
        transport = GuardedTransport(
            backend=GuardedBackend(allow_hosts=allow_hosts, resolver=resolver),
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=1,
            keepalive_seconds=1.0,
        )
        content = json.dumps(message, ensure_ascii=False, default=str).encode()
        headers = {"Content-Type": "application/json", "User-Agent": user_agent}
        async with (
            httpx.AsyncClient(transport=transport, timeout=_SECONDS, trust_env=False) as client,
            client.stream("POST", parsed, content=content, headers=headers) as answer,
        ):
            # the body is of no interest and may be endless
            return "" if answer.is_success else f"http_{answer.status_code}"
    except Exception as error:  # whatever the address or the way to it does
        return f"{type(error).__name__}: {error}"[:300]
