"""The guard: no URL, redirect or DNS answer reaches the inside of the network."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.guard import AddressBlocked, GuardedBackend, NameNotResolved, is_public, url_problem
from ingest.pacing import Spacing

NOBODY: frozenset[str] = frozenset()


class Connections(httpcore.AsyncNetworkBackend):
    """Stands in for the network: notes who is connected to, and fails for ``dead`` addresses."""

    def __init__(self, *dead: str) -> None:
        self.made: list[tuple[str, int]] = []
        self._dead = dead

    async def connect_tcp(
        self, host: str, port: int, *_timeout_and_options: Any
    ) -> httpcore.AsyncNetworkStream:
        self.made.append((host, port))
        if host in self._dead:
            raise httpcore.ConnectError("dead")
        return httpcore.AsyncMockStream([])


def connect(
    answers: Sequence[str] | Exception,
    *,
    host: str = "news.example",
    allow: frozenset[str] = NOBODY,
    dead: tuple[str, ...] = (),
) -> list[tuple[str, int]]:
    """Connect to ``host`` where DNS gives ``answers``; the connections that were tried."""

    async def resolver(_host: str, _port: int) -> Sequence[str]:
        if isinstance(answers, Exception):
            raise answers
        return answers

    inner = Connections(*dead)
    backend = GuardedBackend(allow_hosts=allow, resolver=resolver, inner=inner)
    asyncio.run(_discard(backend, host))
    return inner.made


async def _discard(backend: GuardedBackend, host: str) -> None:
    await backend.connect_tcp(host, 443, timeout=5)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "192.88.99.1",
        "::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a00:1", "64:ff9b::808:808",
        "64:ff9b:1::1", "2002:a00:1::", "2001:0:1::1", "2001:db8::1", "100::1",
        "no address", "", "1.2.3", "0x7f000001",
    ],
)  # fmt: skip
def test_no_inside_address_is_public(address: str) -> None:
    """Private, loopback, link-local, reserved, multicast, and IPv4 in IPv6 clothing."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.164", "2606:4700::6810:85e5"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """The guard lets news sites through."""
    assert is_public(address)


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
def test_no_spelling_of_an_inside_ipv4_address_is_public(address: ipaddress.IPv4Address) -> None:
    """Mapped, compatible, NAT64 and 6to4 forms of an inside address stay inside."""
    number = int(address)
    forms = [
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address((0x64 << 112 | 0xFF9B << 96) | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
    ]
    assert not any(is_public(str(form)) for form in [address, *forms])


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """The name is resolved once; nothing below resolves it again."""
    assert connect(["93.184.215.14"]) == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:127.0.0.1"], ["93.184.215.14", "::1"]],
)
def test_one_inside_address_among_the_answers_blocks_the_host(answers: list[str]) -> None:
    """Nobody is connected to, not even the public address."""
    with pytest.raises(AddressBlocked, match="not public"):
        connect(answers)


def test_an_allowed_host_may_be_inside() -> None:
    """allow_hosts opens exactly the hosts that it names, by name as asked."""
    allow = frozenset({"News.Example"})
    assert connect(["127.0.0.1"], allow=allow) == [("127.0.0.1", 443)]
    with pytest.raises(AddressBlocked):
        connect(["127.0.0.1"], host="www.news.example", allow=allow)


@pytest.mark.parametrize(
    ("host", "turns"), [("news.example", ["93.184.215.14"]), ("own.example", [])]
)
def test_connections_to_one_address_are_spaced_but_for_ones_own(
    host: str, turns: list[str]
) -> None:
    """Many publishers share an address; a host that a setting names sets its own pace."""
    asked: list[str] = []

    class Turns(Spacing):
        async def turn(self, key: str) -> None:
            asked.append(key)

    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.215.14"]

    backend = GuardedBackend(
        allow_hosts=frozenset({"own.example"}),
        resolver=resolver,
        inner=Connections(),
        spacing=Turns(0.2),
    )
    asyncio.run(_discard(backend, host))
    assert asked == turns


@pytest.mark.parametrize("answers", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_not_resolved(answers: list[str] | Exception) -> None:
    """No answer, a resolver's error, a label that DNS cannot carry."""
    with pytest.raises(NameNotResolved):
        connect(answers)


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    """A host with broken IPv6 is reached over IPv4."""
    made = connect(["2606:4700::1", "93.184.215.14"], dead=("2606:4700::1",))
    assert [address for address, _ in made] == ["2606:4700::1", "93.184.215.14"]


def test_a_host_with_many_dead_addresses_is_given_up() -> None:
    """Four are tried, the last error is told."""
    dead = tuple(f"93.184.215.{number}" for number in range(9))
    with pytest.raises(httpcore.ConnectError, match="dead"):
        connect(dead, dead=dead)


def test_a_resolver_that_hangs_runs_into_the_connect_timeout() -> None:
    """DNS counts as part of connecting."""

    async def hang(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    async def scenario() -> None:
        with pytest.raises(NameNotResolved):
            await GuardedBackend(resolver=hang).connect_tcp("news.example", 443, timeout=0.05)

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_local_sockets_cannot_be_reached() -> None:
    """The backend has no way to a Unix socket."""
    with pytest.raises(NotImplementedError):
        asyncio.run(GuardedBackend().connect_unix_socket("/run/some.sock"))


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a", "http://news.example:8080/", "https://news.example:8443/",
        "https://xn--bcher-kva.example/", "https://bücher.example/", "http://8.8.8.8/",
        "https://a_b.news.example/",
    ],
)  # fmt: skip
def test_ordinary_urls_are_asked(url: str) -> None:
    """http and https, the usual ports, international names."""
    assert url_problem(httpx.URL(url), NOBODY) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "bad_url"),
        ("ftp://news.example/", "bad_url"),
        ("javascript:alert(1)", "bad_url"),
        ("data:text/html,x", "bad_url"),
        ("/relative", "bad_url"),
        ("", "bad_url"),
        ("https://", "bad_url"),
        ("https://me:word@news.example/", "bad_url"),
        ("https://me@news.example/", "bad_url"),
        ("https://news.example:22/", "bad_url"),
        ("https://news.example:6379/", "bad_url"),
        ("https://news.example/" + "a" * 5_000, "bad_url"),
        ("http://127.0.0.1/", "blocked_address"),
        ("http://[::1]:8080/", "blocked_address"),
        ("http://[::ffff:10.0.0.1]/", "blocked_address"),
    ],
)
def test_other_urls_are_not(url: str, reason: str) -> None:
    """The reason is a word, the detail one readable line."""
    problem = url_problem(httpx.URL(url), NOBODY)
    assert problem is not None
    assert problem[0] == reason
    assert "\n" not in problem[1]


def test_an_allowed_host_may_have_any_port_but_no_credentials() -> None:
    """Opening a host for tests opens its ports, not other schemes or passwords."""
    allow = frozenset({"127.0.0.1"})
    assert url_problem(httpx.URL("http://127.0.0.1:39999/"), allow) is None
    assert url_problem(httpx.URL("http://a:b@127.0.0.1:39999/"), allow) is not None
    assert url_problem(httpx.URL("ftp://127.0.0.1/"), allow) is not None


def test_replay_needs_no_address() -> None:
    """Where nothing is contacted, ports and addresses do not matter; schemes still do."""
    assert url_problem(httpx.URL("http://127.0.0.1:39999/"), NOBODY, connecting=False) is None
    assert url_problem(httpx.URL("file:///etc/passwd"), NOBODY, connecting=False) is not None
