"""``voltwire backfill`` by the two archives of the web, over real sockets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from archives_support import ARCHIVE, CRAWL, Crawled, Kept
from backfill_support import Answer, Past, listening

from flows.cli import run
from ingest.routes.window import Window
from storage.store import Store


@contextmanager
def served(web: Past) -> Iterator[str]:
    """``web`` and its archive behind one socket; the address."""

    def answer(path: str, headers: Mapping[str, str], here: str) -> Answer:
        host = {"/cdx": ARCHIVE, "/web": ARCHIVE, "/cra": CRAWL}.get(path[:4])
        got = web(httpx.Request("GET", f"{host or 'https://a.example'}{path}", headers=headers))
        body = asyncio.run(got.aread())
        told = {name: value.replace(ARCHIVE, here) for name, value in got.headers.items()}
        return got.status_code, told, body

    with listening(answer) as here:
        yield here


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
