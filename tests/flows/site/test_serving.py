"""The digest looked at on 127.0.0.1: a real server, asked over a real socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from flows.site.serving import PortTaken, Server
from tests.conftest import DemoRuns


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "site"
    (folder / "feeds").mkdir(parents=True)
    (folder / "days").mkdir()
    (folder / "index.html").write_text("<p>first page</p>")
    (folder / "days" / "2026-11-20.html").write_text("<p>a day</p>")
    (folder / "feeds" / "all.atom").write_text("<feed/>")
    (folder / "feeds" / "all.json").write_text("{}")
    (folder / "feeds" / "feeds.opml").write_text("<opml/>")
    (folder / "search.json").write_text("{}")
    (folder / ".voltwire-digest.json").write_text("ours")
    (folder.parent / "secret.html").write_text("not for you")
    (folder / "link.html").symlink_to(folder.parent / "secret.html")
    (folder / "out").symlink_to(folder.parent)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    with Server(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Server]:
    with serving(site) as started:
        yield started


def ask(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[HTTPResponse, bytes]:
    """What it answers; ``path`` goes out as it is."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        skip = "Host" in headers
        connection.putrequest(method, path, skip_host=skip, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def test_the_first_page_opens_at_the_root(server: Server) -> None:
    """With the type of a page, and headers that keep others from reading or framing it."""
    answer, body = ask(server, "/")
    assert (answer.status, body) == (200, b"<p>first page</p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert ask(server, "/days/2026-11-20.html?x=1")[1] == b"<p>a day</p>"
    head, nothing = ask(server, "/", "HEAD")
    assert (head.status, nothing, head.headers["Content-Length"]) == (200, b"", "17")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/feeds/all.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds/all.json", "application/feed+json; charset=utf-8"),
        ("/feeds/feeds.opml", "text/x-opml; charset=utf-8"),
        ("/search.json", "application/json"),
    ],
)
def test_feeds_have_their_own_types(server: Server, path: str, kind: str) -> None:
    """Readers tell a feed from a page by it."""
    answer, _ = ask(server, path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)


def test_a_feed_that_did_not_change_is_not_sent_again(server: Server) -> None:
    """A reader that says what it has gets 304 and nothing else."""
    answer, _ = ask(server, "/feeds/all.atom")
    again, body = ask(server, "/feeds/all.atom", If_Modified_Since=answer.headers["Last-Modified"])
    assert (again.status, body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/days/../../secret.html",
        "/..%2fsecret.html",
        "/%2e%2e%2fsecret.html",
        "/days/..%5c..%5csecret.html",
        "/link.html",
        "/out/secret.html",
        "/.voltwire-digest.json",
        "//etc/passwd",
        "/%00",
        "/%ff",
        "/days/",
        "/days",
        "/feeds/",
        "/index.html/",
        "/nothing.html",
        "/" + "a" * 5000,
    ],
)
def test_only_files_of_the_folder_are_served(server: Server, path: str) -> None:
    """No parent, no link that leads out, no hidden file, no listing, and no fault for nonsense."""
    answer, body = ask(server, path)
    assert answer.status == 404
    assert body == b"no such page\n"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example", "", "[::1]"]
)
def test_a_page_of_the_web_cannot_read_it_under_a_name_of_its_own(
    server: Server, host: str
) -> None:
    """A name that was made to mean 127.0.0.1 is still not ours (DNS rebinding)."""
    answer, body = ask(server, "/", Host=host)
    assert answer.status == 421
    assert b"first page" not in body


def test_both_names_of_the_loopback_are_ours(server: Server) -> None:
    """``localhost`` is what people type."""
    for host in ("localhost", "LOCALHOST", "127.0.0.1"):
        assert ask(server, "/", Host=f"{host}:{server.server_port}")[0].status == 200


def test_nothing_but_reading_is_answered(server: Server) -> None:
    """A form of another site that posts here changes nothing."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(server, "/", method)[0].status == 501


def test_it_listens_on_the_loopback_alone(server: Server) -> None:
    """Nobody else in the network sees the store."""
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_told_in_one_line(server: Server, site: Path) -> None:
    """With what to do about it."""
    with pytest.raises(PortTaken, match=f"127.0.0.1:{server.server_port}") as told:
        Server(site, server.server_port)
    assert told.value.hint == "name another --port"


def test_a_client_that_says_nothing_holds_nobody_up(server: Server) -> None:
    """Others are answered meanwhile."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as silent:
        silent.send(b"GET / HT")
        assert ask(server, "/")[0].status == 200


def test_a_page_replaced_while_it_is_served_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    """A digest made anew under the server is seen at the next look."""
    (tmp_path / "index.html").write_text("old")
    with serving(tmp_path) as started:
        assert ask(started, "/")[1] == b"old"
        (tmp_path / "next").write_text("new page")
        (tmp_path / "next").replace(tmp_path / "index.html")
        assert ask(started, "/")[1] == b"new page"


def test_serve_makes_a_digest_shows_it_and_stops_with_a_line(
    demo: DemoRuns, tmp_path: Path
) -> None:
    """Without a folder to keep it in: its feeds carry the address that they are served under, and
    nothing is left behind."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "flows.cli", "digest", "--serve", "--port", "0",
         "--store", str(demo.store)],
        cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell that starts the tests in the background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    hang = threading.Timer(120, process.kill)
    hang.start()
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if " shows it" in line), "")
        url = line.partition(" ")[0]
        connection = HTTPConnection(url.split("/")[2], timeout=10)
        connection.request("GET", "/feeds/all.json")
        said = json.loads(connection.getresponse().read())
        assert said["feed_url"] == f"{url}feeds/all.json"
        connection.close()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    finally:
        hang.cancel()
        process.kill()
        process.wait()
    assert (rest, errors, process.returncode) == ("stopped\n", "", 0)
    assert list(tmp_path.iterdir()) == []
