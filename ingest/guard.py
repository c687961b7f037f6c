"""The guard at the socket: which URLs may be asked, which addresses may be connected to.

A feed can name any URL, and a redirect or a DNS answer can point any name at the inside of the
network that this runs in.  So the address is checked where the connection is made, and the
connection goes to the very address that was checked; checking a name beforehand would leave room
for a second, different answer.  Refusing a public site by mistake is a visible rejection, asking
an internal service is not: a host is refused when *any* of its addresses is not public.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import httpcore
import httpx

from ingest.pacing import Spacing

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses, as text, that a host name and port stand for; raises ``OSError`` when none do."""

OPEN_PORTS = frozenset({80, 443, 8080, 8443})
LONGEST_URL = 4096
# Longer ones are traps or mistakes; browsers and servers stop at about twice that.

_HOST = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]+")
# A name, an IPv4 or an IPv6 address; httpx escapes other characters and would ask DNS for them.

_MOST_ADDRESSES = 4
# Tried one after another within the one connect timeout.

_INDIRECT = [
    ipaddress.ip_network(block)
    for block in (
        "::ffff:0:0/96",  # IPv4-mapped
        "::/96",  # IPv4-compatible, deprecated; holds :: and ::1
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # NAT64 with a local prefix, RFC 8215
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "fec0::/10",  # site-local, deprecated
        "100::/64",  # discard
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # protocol assignments
    )
]
# Blocks that ``is_global`` passes in some Python versions, most of them another spelling of an
# IPv4 address that would have to be checked again.


class AddressBlocked(httpx.ConnectError):
    """The host stands for an address that is not on the public internet."""


class NameNotResolved(httpx.ConnectError):
    """No address is known for the host."""


class TLSFailed(httpx.ConnectError):
    """No trusted encrypted connection: certificate, name or protocol."""


def url_problem(
    url: httpx.URL, allow_hosts: frozenset[str], *, connecting: bool = True
) -> tuple[str, str] | None:
    """``(reason, detail)`` why ``url`` is not asked, or None.

    ``connecting=False`` (replay) leaves out ports and addresses, since nothing is contacted.
    """
    if url.scheme not in ("http", "https"):
        return "bad_url", f"scheme {url.scheme[:20]!r}: only http and https are fetched"
    if url.userinfo:
        return "bad_url", "credentials in the URL"
    if _HOST.fullmatch(url.raw_host) is None:
        return "bad_url", f"no host name: {url.host[:100]!r}"
    if len(url.raw_path) > LONGEST_URL:
        return "bad_url", f"longer than {LONGEST_URL} characters"
    if not connecting or url.host.lower() in allow_hosts:
        return None
    if url.port is not None and url.port not in OPEN_PORTS:
        return "bad_url", f"port {url.port}"
    try:
        address = ipaddress.ip_address(url.host)
    except ValueError:
        return None
    return None if is_public(str(address)) else ("blocked_address", f"{address} is not public")


def is_public(address: str) -> bool:
    """Whether ``address`` is an address on the public internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(parsed in block for block in _INDIRECT if block.version == parsed.version):
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of ``host`` by the system's resolver, which also reads odd spellings of IPv4."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_look_ups(), look_up)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _look_ups() -> ThreadPoolExecutor:
    # Of its own: the loop's few threads also write the archive and decode, and a dozen names of
    # dead domains, five seconds each, would hold all of that up.
    return ThreadPoolExecutor(max_workers=32, thread_name_prefix="dns")


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks, and connects to the checked address; everything else is ``inner``."""

    def __init__(
        self,
        *,
        allow_hosts: frozenset[str] = frozenset(),
        resolver: Resolver = resolve,
        inner: httpcore.AsyncNetworkBackend | None = None,
        spacing: Spacing | None = None,
    ) -> None:
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._resolver = resolver
        self._inner = inner or httpcore.AnyIOBackend()
        self._spacing = spacing or Spacing(lambda: 0.0)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to a public address of ``host``.

        Raises ``AddressBlocked``, ``NameNotResolved``, or httpcore's connect errors.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        addresses = await self._checked(host, port, timeout)
        last: Exception = NameNotResolved(f"{host} has no address")
        for tried, address in enumerate(addresses):
            if not self._is_allowed(host):
                # a server of one's own sets its own pace
                waited = time.monotonic()
                await self._spacing.turn(address)
                if deadline is not None:
                    deadline += time.monotonic() - waited
            share = timeout
            if deadline is not None:
                share = (deadline - time.monotonic()) / (len(addresses) - tried)
                if share <= 0:
                    break
            try:
                return await self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def sleep(self, seconds: float) -> None:
        """Wait, as the inner backend does."""
        await self._inner.sleep(seconds)

    def _is_allowed(self, host: str) -> bool:
        return host.lower() in self._allow_hosts

    async def _checked(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                addresses = list(await self._resolver(host, port))
        except TimeoutError as error:
            raise NameNotResolved(f"{host}: no answer in {timeout:g} s") from error
        except (OSError, UnicodeError) as error:
            raise NameNotResolved(f"{host}: {error}") from error
        if not addresses:
            raise NameNotResolved(f"{host} has no address")
        if not self._is_allowed(host):
            for address in addresses:
                if not is_public(address):
                    raise AddressBlocked(f"{host} stands for {address}, which is not public")
        return addresses[:_MOST_ADDRESSES]


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over an httpcore pool whose every connection passes ``GuardedBackend``.

    httpx 0.28 has no way to hand its own transport a network backend.  Proxies from the
    environment are not used: a proxy would resolve names where nobody checks them.
    """

    def __init__(
        self,
        *,
        backend: httpcore.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext,
        max_connections: int,
        keepalive_seconds: float,
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_seconds,
            http1=True,
            http2=True,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; httpcore's exceptions come out as httpx's of the same name."""
        try:
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx(error) from error
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


_HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.TransportError:
    # httpcore wraps the original in its own exception's arguments and drops the cause.
    if any(isinstance(arg, ssl.SSLError) for arg in error.args):
        return TLSFailed(str(error))
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    translated: httpx.TransportError = kind(str(error))
    return translated
