"""Searching as a person does it: the command on the demo's store, SQL, and what goes wrong."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import cli, searching, searchscreen
from flows.searching import Answer, Asked, Hit, answer
from storage.search.follow import follow
from storage.search.question import understand
from storage.search.snippets import Marked, Marker
from storage.search.state import is_current
from storage.store import Store
from tests.conftest import DemoRuns

ROOT = Path(__file__).parents[2]


class Terminal:
    """Runs commands in this process, and keeps what they print."""

    def __init__(self, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self._capsys = store, capsys

    def __call__(self, *arguments: str, command: str = "search") -> tuple[int, str, str]:
        code = cli.run([command, "--store", str(self.store), *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def run(demo: DemoRuns, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(demo.store, capsys)


@pytest.fixture
def own(demo: DemoRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A copy of the demo's store, to write to."""
    shutil.copytree(demo.store, tmp_path / "store", symlinks=True)
    return Terminal(tmp_path / "store", capsys)


def rows(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def titles(run: Terminal, *arguments: str) -> list[str]:
    _, out, _ = run(*arguments, "--format", "json")
    return [row["title"] for row in rows(out)]


def test_runs_keep_the_index(demo: DemoRuns) -> None:
    """After three runs every stored article is in it, those of the last one too."""
    store = Store(demo.store)
    assert is_current(store)
    with store.read() as con:
        (number,) = con.execute("SELECT count(*) FROM articles").fetchone() or (0,)
    assert follow(store).articles == number


def test_a_story_comes_once_by_its_representative(run: Terminal) -> None:
    """Of six copies one is shown, with how many outlets have it; all of them when asked for."""
    _, out, _ = run("Tarnholt line", "--format", "json", "--limit", "50")
    once = rows(out)
    assert len({row["story_id"] for row in once}) == len(once)
    shown = next(row for row in once if row["outlets"] > 3)
    with Store(run.store).read() as con:
        (representative,) = con.execute(
            "SELECT representative_id FROM stories WHERE story_id = $s", {"s": shown["story_id"]}
        ).fetchone() or ("",)
    assert shown["article_id"] == representative
    _, out, _ = run("Tarnholt line", "--format", "json", "--limit", "50", "--all-copies")
    copies = [row for row in rows(out) if row["story_id"] == shown["story_id"]]
    assert len(copies) == shown["copies"]
    _, out, _ = run("Tarnholt line")
    assert f"also in {shown['outlets'] - 1} outlets" in out


def test_a_copy_is_shown_where_the_representative_is_left_out(run: Terminal) -> None:
    """Asked for one publisher, people see that publisher's copy."""
    _, out, _ = run("Tarnholt line", "--format", "json", "--all-copies", "--limit", "50")
    by_story: dict[str, set[str]] = {}
    for row in rows(out):
        by_story.setdefault(row["story_id"], set()).add(row["publisher"])
    for name in max(by_story.values(), key=len):
        _, out, _ = run("Tarnholt line", "--publisher", name.upper(), "--format", "json")
        assert {row["publisher"] for row in rows(out)} == {name}


def test_days_and_topics_limit(run: Terminal) -> None:
    """Both ends of a window are included; a topic is one of the articles'."""
    _, out, _ = run("batter*", "--format", "json", "--limit", "90", "--all-copies")
    days = sorted(row["published_at"][:10] for row in rows(out))
    middle = days[len(days) // 2]
    _, out, _ = run(
        "batter*", "--since", middle, "--until", middle, "--format", "json", "--limit", "90",
        "--all-copies",
    )  # fmt: skip
    assert [row["published_at"][:10] for row in rows(out)] == [d for d in days if d == middle]
    _, out, _ = run("batter*", "--topic", "Charging", "--format", "json", "--all-copies")
    with Store(run.store).read() as con:
        charging = con.execute(
            "SELECT article_id FROM articles WHERE list_contains(topics, 'charging')"
        ).fetchall()
    assert rows(out)
    assert {row["article_id"] for row in rows(out)} <= {one for (one,) in charging}


def test_newest_first(run: Terminal) -> None:
    """By day where that is wanted."""
    _, out, _ = run("batter*", "--sort", "newest", "--format", "json", "--limit", "20")
    days = [row["published_at"] for row in rows(out) if row["published_at"]]
    assert days == sorted(days, reverse=True)


def test_forms_of_an_answer_hold_the_same(run: Terminal, tmp_path: Path) -> None:
    """CSV, JSON, Parquet and ids alone; the last two join in SQL."""
    ask = ("solid-state", "--all-copies", "--limit", "20")
    _, as_json, _ = run(*ask, "--format", "json")
    _, as_csv, _ = run(*ask, "--format", "csv")
    target = tmp_path / "hits.parquet"
    run(*ask, "--format", "parquet", "--output", str(target))
    _, ids, _ = run(*ask, "--ids")
    wanted = [row["article_id"] for row in rows(as_json)]
    assert wanted
    assert [row["article_id"] for row in csv.DictReader(io.StringIO(as_csv))] == wanted
    assert ids.split() == wanted
    with duckdb.connect(str(Store(run.store).published), read_only=True) as con:
        joined = con.execute(
            f"SELECT article_id FROM '{target}' JOIN articles USING (article_id) ORDER BY rank"
        ).fetchall()
    assert [one for (one,) in joined] == wanted
    _, nothing, _ = run("xyzzy", "--format", "json")
    assert rows(nothing) == []


def test_sql_joins_hits_with_articles(run: Terminal) -> None:
    """``search('...')`` is a table of all copies, best first; its errors are those of search."""
    query = (
        "SELECT article_id, score, rank, title FROM search('solid-state') "
        "JOIN articles USING (article_id) ORDER BY rank"
    )
    code, out, _ = run(query, "--format", "json", command="sql")
    assert code == 0
    _, wanted, _ = run("solid-state", "--all-copies", "--limit", "99", "--format", "json")
    assert [row["article_id"] for row in rows(out)] == [row["article_id"] for row in rows(wanted)]
    code, out, _ = run("FROM search('battery', most := 2)", "--format", "json", command="sql")
    assert len(rows(out)) == 2
    code, _, err = run("FROM search(' - ')", command="sql")
    assert (code, err) == (2, "voltwire: there is no word to look for\n")
    code, out, _ = run("SELECT 'search (this)' AS s", "--format", "json", command="sql")
    assert rows(out) == [{"s": "search (this)"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--", "-Tesla"], "what to look for"),
        (["..."], "no word"),
        ([" ".join(f"w{i}" for i in range(40))], "too many words"),
        (["battery", "--publisher", "the ampere"], "'The Ampere Ledger'"),
        (["battery", "--topic", "chargin"], "'charging'"),
        (["battery", "--since", "2026-11-02", "--until", "2026-11-01"], "--until"),
        (["battery", "--format", "parquet"], "--output"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_line(
    run: Terminal, arguments: list[str], said: str
) -> None:
    """One line on standard error, exit code 2, and names that there are."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err


HOSTILE = [
    '"', '""', '"unbalanced', "a" * 10_000, " ".join(["battery"] * 2000), '"' * 10_000,
    "\x1b[31mbattery\x07", "battery\x00\x9b", "( ) ) (", "title:", "title:title:battery",
    "battery AND OR NOT", "[a-z]+*", ".*", "\\*", "电" * 5000, "*", "-\"-\"", "\ud800 battery",
    "'; DROP TABLE articles; --",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_question_ends_in_a_traceback(run: Terminal, text: str) -> None:
    """Results, or a plain line; and nothing on the terminal that it would obey."""
    code, out, err = run("--limit", "3", "--", text)
    assert code in (0, 2)
    assert inert(out)
    assert inert(err)
    assert "Traceback" not in err


def inert(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cf") for c in text.replace("\n", ""))


EVIL = "\x1b]0;owned\x07\x1b[2J\u202eBattery \x9b31m<script>\u2066 news\r\nfaked line"


def test_what_publishers_write_stays_inert(own: Terminal) -> None:
    """Escape sequences, C1 controls and turned writing in a headline, a name or a text."""
    store = Store(own.store)
    with store.write() as con:
        con.execute(
            "UPDATE core.articles SET title = $e || ' evilword', publisher = $e, url = $e, "
            "text = $e || text, version = 9 WHERE title LIKE '%solid-state%'", {"e": EVIL},
        )  # fmt: skip
    store.publish()
    follow(store)
    for form in (["--format", "table"], ["--format", "csv"], ["--format", "json"], ["--ids"]):
        code, out, _ = own("title:evilword", *form)
        assert code == 0
        assert out.strip()
        assert inert(out)
    found = answer(store, Asked(text="title:evilword"))
    for line in searchscreen.lines(found, width=60, bold=True):
        plain = line.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
        assert inert(plain)


def test_no_index_is_told_and_made(own: Terminal) -> None:
    """The remedy that is named works; questions go on with the index of an earlier publish."""
    store = Store(own.store)
    shutil.rmtree(store.published.resolve().parent / "search")
    code, _, err = own("battery")
    assert (code, err.count("\n")) == (2, 1)
    assert "voltwire search --rebuild" in err
    code, out, err = own("--rebuild")
    assert (code, out) == (0, "")
    assert "made anew: 84 articles" in err
    with store.write() as con:
        con.execute("UPDATE core.articles SET title = 'xyzzy', version = 9 WHERE rowid = 0")
    store.publish()
    code, _, err = own("xyzzy")
    assert "--update" in err
    code, out, err = own("xyzzy", "--update", "--ids")
    assert out.count("\n") == 1


def test_an_index_that_fails_fails_no_run(
    own: Terminal, index_follows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publish holds; what is wrong and what to do stands in its note."""
    del index_follows
    store = Store(own.store)
    index = store.published.resolve().parent / "search"
    before = store.published.resolve()

    def fail(*_: Any, **__: Any) -> None:
        raise MemoryError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr("storage.search.follow._make", fail)
        published = searching.publish(store, search=True)
    assert store.published.resolve() != before
    assert "no memory" in published.note
    assert "voltwire search --rebuild" in published.note
    assert index.is_dir()
    assert own("battery", "--ids")[1]
    assert searching.publish(store, search=True).note == ""
    assert searching.publish(store, search=False).note == ""


def test_a_store_check_looks_at_the_index(own: Terminal) -> None:
    """A broken one is a fault with a remedy, and repaired by the check."""
    store = Store(own.store)
    for path in (store.published.resolve().parent / "search").glob("*.term"):
        path.unlink()
    code, out, _ = _check(own)
    assert code == 1
    assert "search_unreadable" in out
    assert "voltwire search --rebuild" in out
    code, out, _ = _check(own, "--repair")
    assert code == 0
    assert "repaired search_unreadable" in out
    assert own("battery", "--ids")[1]


def _check(own: Terminal, *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["store", "check", "--no-archive", "--store", str(own.store), *arguments])
    said = own._capsys.readouterr()
    return code, said.out, said.err


# The screen


def hit(**changes: Any) -> Hit:
    fields: dict[str, Any] = {
        "rank": 1, "score": 1.0, "article_id": "a", "story_id": "a", "publisher": "The Ledger",
        "title": Marked("A cell", ((2, 6),)), "published_at": datetime(2026, 11, 1, tzinfo=UTC),
        "url": "https://a.example/x", "language": "en", "copies": 1, "outlets": 1,
        "snippet": Marked("A cell of a kind", ((2, 6),)),
    }  # fmt: skip
    return Hit(**(fields | changes))


def test_hits_stand_out() -> None:
    """In bold on a terminal, between stars elsewhere."""
    plain = list(
        searchscreen.lines(Answer(hits=(hit(),), articles=1, notes=()), width=80, bold=False)
    )
    assert plain[0] == " 1. A **cell**"
    assert plain[2] == "    A **cell** of a kind"
    bold = list(
        searchscreen.lines(Answer(hits=(hit(),), articles=1, notes=()), width=80, bold=True)
    )
    assert bold[0] == " 1. A \x1b[1mcell\x1b[0m"


@pytest.mark.parametrize("text", ["word " * 60, "電池" * 90, "x" * 300, "a电 " * 80])
def test_no_line_is_wider_than_the_terminal(text: str) -> None:
    """Wide characters take two columns; nothing is lost where a line ends."""
    marked = Marked(text.strip(), ((0, 2), (10, 90)))
    one = hit(title=marked, snippet=marked, publisher=text)
    for bold in (False, True):
        found = list(
            searchscreen.lines(Answer(hits=(one,), articles=1, notes=()), width=60, bold=bold)
        )
        plain = [
            line.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
            for line in found
        ]
        assert all(searchscreen.columns(line) <= 60 for line in plain)
        body = "".join(line.strip() for line in plain).replace(" ", "").replace("**", "")
        assert text.replace(" ", "") in body


@pytest.mark.parametrize(
    ("asked", "text", "marked"),
    [
        ("battery", "One Battery, two batteries.", "One **Battery**, two **batteries**."),
        ('"battery"', "One Battery, two batteries.", "One **Battery**, two batteries."),
        ("batter*", "Batterie und Batter", "**Batterie** und **Batter**"),
        ("Batterie", "Natriumionenbatterien!", "**Natriumionenbatterien**!"),
        ("electrique", "Une usine électrique", "Une usine **électrique**"),
        ("固态电池", "新固态电池厂", "新**固态电池**厂"),
        ("배터리", "새 배터리를", "새 **배터리**를"),
        ("solid-state", "solid state", "**solid** **state**"),
        ("battery -cell", "battery cell", "**battery** cell"),
    ],
)
def test_what_was_asked_for_is_marked(asked: str, text: str, marked: str) -> None:
    """In the form in which it stands there."""
    assert Marker(understand(asked)).mark(text).written("**", "**") == marked


def test_a_snippet_shows_most_of_the_question() -> None:
    """Not the first word found, but the passage where they come together."""
    text = "A battery. " + "Nothing here to see. " * 40 + "CATL sells a battery." + " More." * 90
    snippet = Marker(understand("battery CATL")).snippet(text, length=120)
    assert "**CATL** sells a **battery**" in snippet.written("**", "**")
    assert len(snippet.text) <= 122
    assert Marker(understand("nowhere")).snippet(text, length=60).text.startswith("A battery.")


def test_a_search_starts_without_what_it_does_not_use(demo: DemoRuns) -> None:
    """Somebody waits for its answer."""
    heavy = ("prefect", "trafilatura", "httpx", "datasketch", "numpy", "lxml", "rich", "jinja2")
    program = (
        "import sys\nfrom flows.cli import run\n"
        f"run(['search', 'battery', '--ids', '--store', {str(demo.store)!r}])\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "[]"
