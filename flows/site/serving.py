"""The digest's folder on 127.0.0.1, to be looked at: files of that folder, and nothing else.

A page of the web that the same browser has open must not read it either: it can reach 127.0.0.1
under a name of its own (DNS rebinding), so that only requests for the loopback names are answered.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from socketserver import TCPServer
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import click

from storage.errors import StoreError

HOST = "127.0.0.1"
PORT = 8321
"""Asked for where none is named; free on most machines."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".atom": "application/atom+xml; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
_FEEDS = "feeds"
"""The folder whose JSON files are feeds."""


class PortTaken(StoreError):
    """Another program listens there."""


class Server(ThreadingHTTPServer):
    """Serves one folder; ``serve_forever`` in a ``with`` block."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int = PORT) -> None:
        """Listen on 127.0.0.1; 0 for a free port.

        Raises:
            PortTaken: when ``port`` is not free.
        """
        self.folder = folder.resolve()
        try:
            super().__init__((HOST, port), partial(_Handler, directory=str(self.folder)))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on {HOST}:{port}: {error.strerror}", hint="name another --port"
            ) from error

    def server_bind(self) -> None:
        """Bind without asking a name server what 127.0.0.1 is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def url(self) -> str:
        """Where the digest opens."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle is no news."""
        del request, client_address


class _Handler(SimpleHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "voltwire"
    sys_version = ""
    timeout = 30

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Answer for GET and HEAD: the file with its type and time, or why not."""
        if not self._is_meant():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "only for 127.0.0.1 and localhost")
            return None
        found = self._file()
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return None
        self.path = found
        return super().send_head()

    def _is_meant(self) -> bool:
        """Whether the request was for us by one of our own names."""
        named = self.headers.get_all("Host") or []
        port = self.server.server_port
        own = {f"{name}:{port}" for name in (HOST, "localhost")}
        if port == 80:
            own |= {HOST, "localhost"}
        return len(named) == 1 and named[0].strip().lower() in own

    def _file(self) -> str | None:
        """The path asked for as one of a file under the folder; None where there is none."""
        try:
            asked = unquote(urlsplit(self.path).path, errors="strict")
        except (ValueError, UnicodeDecodeError):
            return None
        parts = [part for part in asked.split("/") if part]
        # Hidden files are the folder's own notes; "..", backslashes and NULs lead nowhere good.
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        target = self.server.folder.joinpath(*parts)
        if asked.endswith("/") or not parts:
            target /= "index.html"
        try:
            real = target.resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        if not real.is_relative_to(self.server.folder) or not real.is_file():
            return None
        return str(real)

    def translate_path(self, path: str) -> str:
        """Nothing to translate: ``_file`` has done it."""
        return path

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """By the ending, of those that a digest has."""
        where = Path(path)
        if where.suffix == ".json" and _FEEDS in where.relative_to(self.server.folder).parts[:-1]:
            return "application/feed+json; charset=utf-8"
        return _TYPES.get(where.suffix, "application/octet-stream")

    def end_headers(self) -> None:
        """What holds for every answer: asked for again each time, taken for nothing else."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        super().end_headers()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        said = f"{why}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def show(folder: Path | None, port: int, make: Callable[[Path, str], None]) -> None:
    """Have a digest made, and serve it until somebody interrupts (Ctrl-C, SIGTERM).

    Args:
        folder: for the digest; None for one that goes afterwards, in which the feeds carry the
            address that they are served under.
        port: to listen on; 0 for a free one.
        make: makes it in a folder; with the site's address, where that is not to outlive it.

    Raises:
        PortTaken: when ``port`` is not free, before anything is made.
    """
    with ExitStack() as opened:
        if folder is None:
            place = Path(opened.enter_context(TemporaryDirectory(prefix="voltwire-digest-")))
        else:
            place = folder
        server = opened.enter_context(Server(place, port))
        opened.enter_context(_interrupted_by(signal.SIGTERM))
        make(place, "" if folder else server.url)
        try:
            click.echo(f"{server.url} shows it; Ctrl-C stops")
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped")


@contextmanager
def _interrupted_by(number: signal.Signals) -> Iterator[None]:
    """Take a signal for Ctrl-C."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)
