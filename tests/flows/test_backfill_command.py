"""``voltwire backfill`` over real sockets: the dry run, the closing table, the second run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backfill_support import WINDOW, Archive, Past, served

from flows.cli import run
from storage.store import Store

WORDS = ["--since", f"{WINDOW.since}", "--until", f"{WINDOW.until}", "--all-topics", "--plain"]


@pytest.fixture
def site() -> Iterator[tuple[Past, str]]:
    """An archive of a feed behind a socket of its own, and the address of its feed."""
    web = Archive()
    with served(web) as url:
        yield web, f"{url}/feed"


def test_a_window_is_filled_told_of_and_not_asked_for_again(
    site: tuple[Past, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the dry run, which asks nobody, to a second run that has nothing to do."""
    web, url = site
    (tmp_path / "feeds.toml").write_text(
        f'[[feed]]\nslug = "a"\nurl = "{url}"\npublisher = "A"\nlanguage = "en"\n'
    )
    monkeypatch.chdir(tmp_path)
    for name, value in {"ALLOW_HOSTS": "127.0.0.1", "PACE_SECONDS": "0", "WORKERS": "1"}.items():
        monkeypatch.setenv(f"VOLTWIRE_{name}", value)
    command = ["backfill", *WORDS, "--feeds", "feeds.toml", "--store", "s"]
    assert run([*command, "--dry-run"]) == 0
    assert "requests to 3 domains" in capsys.readouterr().out
    assert not web.asked
    assert not (tmp_path / "s").exists()
    assert run(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].split() == ["a", "7", "7", "0", "0", "0", "0", "28", "28", "0", "feed-archive"]
    with Store(tmp_path / "s").read() as con:
        urls = con.execute("select url from articles").fetchall()
    assert {path.rpartition("/")[2] for (path,) in urls} == web.planted(WINDOW)
    web.asked.clear()
    assert run([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["coverage"][0]["complete"] == 7
    assert not web.asked
    assert run([*command, "--dry-run", "--json"]) == 0
    assert {one["likely"] for one in json.loads(capsys.readouterr().out)} == {0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--since"),
        (["--since", "2025-03-02", "--until", "2025-03-01"], "is after"),
        (["--since", "2925-03-02"], "still to come"),
        (["--since", "2025-03-02", "--feed", "nobody"], "nobody"),
        (["--route", "sitemap", "--since", "2025-03-02", "x.warc"], "reads no files"),
        (["x.warc"], "--route warc or jsonl"),
        (["--route", "pigeon"], "'sitemap', 'wayback', 'ccnews', 'warc', 'jsonl'"),
        (["--route", "warc", "x.warc", "--dry-run"], "not for route warc"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2, and no store made."""
    store = tmp_path / "s"
    assert run(["backfill", "--plain", "--store", str(store), *words]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert said in told[0]
    assert not store.exists()
