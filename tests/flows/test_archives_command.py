"""``voltwire backfill`` by the two archives of the web, over real sockets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from archives_support import ARCHIVE, CRAWL, Crawled, Kept
from backfill_support import Past

from flows.cli import run
from ingest.routes.window import Window
from storage.store import Store


@contextmanager
def served(web: Past) -> Iterator[str]:
    """``web`` and its archive behind one socket; the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = {"/cdx": ARCHIVE, "/web": ARCHIVE, "/cra": CRAWL}.get(self.path[:4])
            asked = httpx.Request(
                "GET", f"{host or 'https://a.example'}{self.path}", headers=dict(self.headers)
            )
            answer = web(asked)
            body = asyncio.run(answer.aread())
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value.replace(ARCHIVE, here))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            del words

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield here
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("make", "route", "state"), [(Kept, "wayback", "complete"), (Crawled, "ccnews", "partial")]
)
def test_a_day_comes_from_an_archive_over_a_socket(
    make: Callable[[], Past],
    route: str,
    state: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Redirects of the archive and files of the crawl included; the site's name is no more."""
    web = make()
    day = web.first.date() + timedelta(days=20)
    with served(web) as here:
        web.feed_url = f"{here}/feed"  # type: ignore[attr-defined]
        (tmp_path / "feeds.toml").write_text(
            f'[[feed]]\nslug = "a"\nurl = "{here}/feed"\npublisher = "A"\nlanguage = "en"\n'
        )
        monkeypatch.chdir(tmp_path)
        for name, value in {
            "ALLOW_HOSTS": "127.0.0.1", "PACE_SECONDS": "0", "WORKERS": "1",
            "WAYBACK_URL": f"{here}/", "WAYBACK_PACE_SECONDS": "0", "CCNEWS_URL": f"{here}/",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"VOLTWIRE_{name}", value)
        words = ["--route", route, "--since", f"{day}", "--until", f"{day}", "--all-topics"]
        command = ["backfill", *words, "--plain", "--feeds", "feeds.toml", "--store", "s", "--json"]
        code = run(command)
        told = json.loads(capsys.readouterr().out)
        assert (code, told["feeds_failed"]) == (0, {})
    (line,) = told["coverage"]
    assert (line[state], line["found"], line["stored"]) == (1, 4, 4)
    with Store(tmp_path / "s").read() as con:
        urls = con.execute("select url from articles").fetchall()
    assert {url.rpartition("/")[2] for (url,) in urls} == web.planted(Window(day, day))
    assert all(url.startswith("https://a.example/") for (url,) in urls)
