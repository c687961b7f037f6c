"""The command line as a person meets it: real processes, exit codes, one line for what is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.catalogue import load_feeds
from storage.store import Store

ROOT = Path(__file__).parents[2]
NEWSROOM = ROOT / "flows" / "demo"
COMMANDS = [
    "ingest",
    "backfill",
    "sql",
    "search",
    "status",
    "feeds",
    "export",
    "explain",
    "tags",
    "dedupe",
    "store",
    "serve",
    "deploy",
    "config",
    "demo",
]


# Loading the program takes a second or two, and these are many calls: one process loads it and
# forks for each call, which then is a process of its own with its own folder, environment, exit
# code and streams.
SERVER = """
import json, os, sys, traceback
from flows import cli
import flows.answers, flows.explaining, flows.run, flows.commands.demo, flows.commands.explain
import flows.commands.feeds, flows.commands.ingest, flows.commands.sql, flows.commands.backfill
import flows.commands.config, flows.commands.status, flows.configuration, flows.seeing.status
for line in sys.stdin:
    call = json.loads(line)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(call["cwd"])
            os.environ.update(call["env"])
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(call[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = ["voltwire", *call["arguments"]]
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment(), encoding="utf-8",
    ) as process:  # fmt: skip
        yield process
        process.kill()


@pytest.fixture
def run(server: subprocess.Popen[str], tmp_path: Path, tmp_path_factory: Any) -> Any:
    """Call the command in a folder of its own, with an environment that holds no settings."""
    streams = tmp_path_factory.mktemp("streams")

    def call(
        *arguments: str | Path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        told = [str(argument) for argument in arguments]
        out, err = streams / "out", streams / "err"
        asked = {"arguments": told, "cwd": str(tmp_path), "env": env or {}, "out": str(out),
                 "err": str(err)}  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(
            told, code, out.read_bytes().decode(), err.read_bytes().decode()
        )

    return call


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "VOLTWIRE" not in name}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}


def one_line(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> str:
    """The run ended with ``code`` and one line of complaint that holds ``words``."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("voltwire: ")
    for word in words:
        assert word in lines[0]
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sql", "selekt 1"], ["selekt"]),
        (["sql", "select nothing_here from articles"], ["nothing_here"]),
        (["sql", "select 1; select from"], ["error"]),
        (["sql", "insert into core.feeds select * from core.feeds"], ["read-only"]),
        (["sql", "select 1", "--format", "parquet"], ["--output"]),
        (["sql", "select 1", "--format", "csv", "--output", "no/such/folder.csv"], ["no/such"]),
        (["sql", "select 1", "--format", "yaml"], ["yaml"]),
        (["sql"], ["QUERY"]),
    ],
    ids=["syntax", "column", "second", "write", "parquet", "folder", "format", "none"],
)
def test_a_wrong_query_is_one_line(
    arguments: list[str], words: list[str], demo: Any, run: Any
) -> None:
    """DuckDB's complaint comes without its echo of the query and ends with exit code 2."""
    one_line(run(*arguments, "--store", demo.store), *words)


def test_the_module_runs_as_a_program_of_its_own(demo: Any, tmp_path: Path) -> None:
    """A process started from nothing behaves as the calls above and below, in any locale."""
    for query, code in (("select '电池' as n", 0), ("selekt 1", 2)):
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", "sql", query, "--store", str(demo.store)],
            cwd=tmp_path, env=environment() | {"PYTHONIOENCODING": "ascii"}, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code
        assert (r"\u7535\u6c60" in done.stdout) == (code == 0)
        assert len(done.stderr.splitlines()) == (code == 2)


@pytest.mark.parametrize(
    "arguments", [["sql", "select 1"], ["explain", "https://x.example/"], ["feeds", "health"]]
)
def test_a_missing_store_says_what_to_do(arguments: list[str], run: Any) -> None:
    """The line names the place and the two commands that would fill it."""
    done = run(*arguments, "--store", "nowhere")
    one_line(done, "no store at", "nowhere", "voltwire ingest", "voltwire demo")


def test_looking_for_a_store_makes_none(run: Any, tmp_path: Path) -> None:
    """A query leaves no folder behind where there was none."""
    run("sql", "select 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingets"], ["ingets"]),
        (["feeds", "lst"], ["lst"]),
        (["ingest", "--nonsense"], ["--nonsense"]),
        (["ingest", "--plain", "--feed", "no-such-feed"], ["no-such-feed", "feeds list"]),
        (["ingest", "--plain", "--feeds", "missing.opml"], ["missing.opml"]),
        (["ingest", "--plain", "--replay", "missing.warc.gz"], ["missing.warc.gz"]),
        (["backfill", "--route", "teleport", "x"], ["teleport"]),
        (["backfill", "--plain", "--route", "jsonl"], ["jsonl", "FILE"]),
        (["backfill", "--plain", "--route", "jsonl", "missing.jsonl"], ["missing.jsonl"]),
        (["backfill", "--plain", "--route", "warc", "missing.warc"], ["missing.warc"]),
        (["backfill", "--route", "jsonl", "--since", "2026-13-01", "x"], ["2026-13-01"]),
        (["ingest", "--as-of", "yesterday"], ["yesterday"]),
        (["feeds", "add", "ftp://example.org/feed"], ["ftp://example.org/feed"]),
        (["feeds", "import", "missing.opml"], ["missing.opml"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_is_one_line(arguments: list[str], words: list[str], run: Any) -> None:
    """A command, option, date, feed or file that is not there: exit code 2 and its name."""
    one_line(run(*arguments), *words)


def test_wrong_use_of_a_run_leaves_no_store(run: Any, tmp_path: Path) -> None:
    """What cannot begin does not make a store that then looks like an empty one."""
    run("backfill", "--plain", "--route", "jsonl", "missing.jsonl")
    run("ingest", "--plain", "--replay", "missing.warc.gz")
    assert not (tmp_path / "voltwire-data" / "voltwire.duckdb").exists()


BAD_FILES = {
    "text.opml": b"this is no OPML at all\n",
    "cut.opml": b"<opml version='2.0'><body><outline xmlUrl='https://a.example/f'",
    "binary.opml": bytes(range(256)),
    "empty.opml": b"",
    "bad.toml": b"[[feed]\nslug = 'x'\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_an_unreadable_feed_list_is_one_line(name: str, run: Any, tmp_path: Path) -> None:
    """A run with it, and an import of it, name the file and end with exit code 2."""
    (tmp_path / name).write_bytes(BAD_FILES[name])
    one_line(run("ingest", "--plain", "--feeds", name), name)
    one_line(run("feeds", "import", name), name)


BAD_WARCS = {
    "text.warc": b"this is no WARC at all\n" * 20,
    "empty.warc": b"",
    "cut.warc.gz": gzip.compress(b"WARC/1.0\r\n" * 400)[:30],
    "random.warc.gz": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", BAD_WARCS)
def test_an_unreadable_warc_is_one_line(name: str, run: Any, tmp_path: Path) -> None:
    """For a replay and for a backfill alike."""
    (tmp_path / name).write_bytes(BAD_WARCS[name])
    one_line(run("backfill", "--plain", "--route", "warc", name), name)
    one_line(run("ingest", "--plain", "--replay", name), name)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("stoer = 'S'\n", ["stoer"]),
        ("workers = 'many'\n", ["workers"]),
        ("workers = \n", ["voltwire.toml"]),
    ],
    ids=["unknown", "type", "syntax"],
)
def test_bad_settings_are_one_line(
    settings: str, words: list[str], run: Any, tmp_path: Path
) -> None:
    """A key that is no setting, a value of the wrong type, a file that is no TOML."""
    (tmp_path / "voltwire.toml").write_text(settings)
    one_line(run("feeds", "list"), "voltwire.toml", *words)
    one_line(run("sql", "select 1"), "voltwire.toml", *words)


def test_a_named_settings_file_that_is_not_there_is_one_line(run: Any) -> None:
    """``VOLTWIRE_CONFIG`` is never passed over in silence."""
    one_line(run("sql", "select 1", env={"VOLTWIRE_CONFIG": "gone.toml"}), "gone.toml")


def test_the_store_can_come_from_the_environment(demo: Any, run: Any) -> None:
    """``VOLTWIRE_STORE`` names it; ``--store`` is stronger."""
    env = {"VOLTWIRE_STORE": str(demo.store)}
    done = run("sql", "select 7 as n", "--format", "csv", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n7\n", "")
    assert run("sql", "select 1", "--store", "nowhere", env=env).returncode == 2


def test_a_wrong_variable_is_one_line(run: Any) -> None:
    """It names the setting that was probably meant, in every command that reads settings."""
    for command in (["sql", "select 1"], ["status"], ["config", "show"]):
        one_line(run(*command, env={"VOLTWIRE_WORKRES": "2"}), "did you mean VOLTWIRE_WORKERS?")


def test_a_command_that_there_is_not_names_the_nearest(run: Any) -> None:
    """Where there is one."""
    one_line(run("statu"), "did you mean status?")
    one_line(run("xyzzy"), "there is no command 'xyzzy'")


def test_status_is_a_screen_a_line_or_json(demo: Any, run: Any) -> None:
    """With exit code 1, for the demo's last run is long ago and nothing runs its schedule."""
    store = ["--store", demo.store]
    shown = run("status", *store)
    assert (shown.returncode, shown.stderr) == (1, "")
    for words in ("LOOK ", "84 articles, 68 stories", "last runs", "some failed"):
        assert words in shown.stdout
    one_line(run("status", "--quiet", *store), "no ingest for", code=1)
    told = json.loads(run("status", "--json", *store).stdout)
    assert told["overview"]["articles"] == 84
    assert len(told["last"]) == 3
    empty = run("status", "--store", "nowhere")
    assert (empty.returncode, empty.stderr) == (1, "")
    assert "nothing is stored in nowhere yet" in empty.stdout


def test_settings_are_written_and_shown(run: Any, tmp_path: Path) -> None:
    """A file to begin with is never written over, and what is in use comes with its source."""
    assert run("config", "init").returncode == 0
    one_line(run("config", "init"), "is there already")
    (tmp_path / "voltwire.toml").write_text("workers = 3\n")
    shown = run("config", "show", "--changed", "--store", "S", env={"VOLTWIRE_BATCH": "7"})
    assert [line.split() for line in shown.stdout.splitlines()[2:]] == [
        ["store", '"S"', "--store"],
        ["workers", "3", "voltwire.toml"],
        ["batch", "7", "VOLTWIRE_BATCH"],
    ]
    told = json.loads(run("config", "show", "--json").stdout)
    assert {"name": "workers", "value": 3, "source": "file", "where": "voltwire.toml"} in told


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command: str, run: Any) -> None:
    """Every command's help says what it does and shows how it is called."""
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"\n    voltwire {command}" in done.stdout.replace("PREFECT_API_URL=", "")
    assert done.stderr == ""


def test_help_lists_every_command(run: Any) -> None:
    """Alone or with --help; alone it is wrong use."""
    done = run("--help")
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    bare = run()
    assert bare.returncode == 2
    assert "Commands:" in bare.stderr


# Built in SQL so that no shell or locale stands between.
HARD = r"""
select 1 as n, 'Zellstoff – 电池, "x"' as words, timestamptz '2026-11-02 06:00:00+00' as at,
    ['a,b', 'c'] as tags, date '2026-11-02' as day, null as nothing, 1.5::decimal(4,2) as price,
    {'k': timestamptz '2026-11-02 06:00:00+00'} as deep, to_minutes(30) as pause,
    'x' || chr(27) || '[31m' || chr(10) || 'y' as odd, true as yes, 'nan'::double as nan
"""


def test_sql_answers_in_json(demo: Any, run: Any) -> None:
    """Times with their zone, lists as lists, NULL as null, and JSON that any reader takes."""
    done = run("sql", HARD, "--format", "json", "--store", demo.store)
    assert done.returncode == 0, done.stderr

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (row,) = json.loads(done.stdout, parse_constant=refuse)
    assert row["n"] == 1
    assert row["words"] == 'Zellstoff – 电池, "x"'
    assert row["at"] == "2026-11-02T06:00:00+00:00"
    assert row["tags"] == ["a,b", "c"]
    assert row["day"] == "2026-11-02"
    assert row["nothing"] is None
    assert row["deep"] == {"k": "2026-11-02T06:00:00+00:00"}
    assert row["odd"] == "x\x1b[31m\ny"
    assert row["yes"] is True
    assert row["nan"] is None
    assert "电池" in done.stdout


def test_sql_answers_in_csv(demo: Any, run: Any) -> None:
    """One record a row whatever stands in it; NULL is an empty field."""
    done = run("sql", HARD, "--format", "csv", "--store", demo.store)
    assert done.returncode == 0, done.stderr
    header, row = csv.reader(io.StringIO(done.stdout))
    told = dict(zip(header, row, strict=True))
    assert told["words"] == 'Zellstoff – 电池, "x"'
    assert told["at"] == "2026-11-02T06:00:00+00:00"
    assert json.loads(told["tags"]) == ["a,b", "c"]
    assert json.loads(told["deep"]) == {"k": "2026-11-02T06:00:00+00:00"}
    assert told["nothing"] == ""
    assert told["price"] == "1.50"
    assert told["odd"] == "x\x1b[31m\ny"


def test_sql_answers_in_parquet(demo: Any, run: Any, tmp_path: Path) -> None:
    """The file keeps the types and needs a name."""
    query = "select title, published_at, topics from articles order by url"
    done = run("sql", query, "--format", "parquet", "--output", "a.parquet", "--store", demo.store)
    assert done.returncode == 0, done.stderr
    with Store(demo.store).read() as con:
        expected = con.execute(query).fetchall()
    with duckdb.connect() as con:
        con.execute("SET TimeZone='UTC'")
        found = con.execute("select * from read_parquet($1)", [str(tmp_path / "a.parquet")])
        assert found.fetchall() == expected


def test_sql_answers_in_a_table(demo: Any, run: Any) -> None:
    """A box with names; a control character of a web page does not reach the terminal."""
    done = run("sql", HARD, "--store", demo.store)
    assert done.returncode == 0, done.stderr
    assert "words" in done.stdout
    assert "电池" in done.stdout
    assert "\x1b" not in done.stdout
    whole = run("sql", "select range as i from range(5000)", "--store", demo.store)
    assert "4999" in whole.stdout
    assert "2500" in whole.stdout


def test_sql_writes_to_a_file(demo: Any, run: Any, tmp_path: Path) -> None:
    """Each text format can go to a file, and then nothing is printed."""
    for form in ("table", "csv", "json"):
        name = f"out.{form}"
        query = "select '电池' as word"
        done = run("sql", query, "--format", form, "--output", name, "--store", demo.store)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert "电池" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_statement_without_an_answer_and_an_empty_one_end_well(
    form: str, demo: Any, run: Any
) -> None:
    """No rows, and no columns even, are an answer too."""
    empty = run(
        "sql", "select url from articles where false", "--format", form, "--store", demo.store
    )
    assert (empty.returncode, empty.stderr) == (0, "")
    if form == "json":
        assert json.loads(empty.stdout) == []
    silent = run("sql", "set threads=1", "--format", form, "--store", demo.store)
    assert (silent.returncode, silent.stderr) == (0, "")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_reader_that_leaves_early_is_no_error(form: str, demo: Any) -> None:
    """`voltwire sql ... | head -1` ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "sql", "select range, repeat('x', 200) from "
         "range(100000)", "--format", form, "--store", str(demo.store)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read().decode()
        assert process.wait(timeout=60) in (0, 141)
    assert complaint == ""


def test_sql_does_not_wait_for_a_writer(run: Any, tmp_path: Path) -> None:
    """The published file answers while somebody writes the live one."""
    store = Store(tmp_path / "S")
    store.publish()
    with store.write():
        done = run("sql", "select count(*) as n from articles", "--format", "csv", "--store", "S")
    assert (done.returncode, done.stdout) == (0, "n\n0\n")


HOLDER = """
import sys, time
from pathlib import Path
from storage.store import Store
with Store(Path(sys.argv[1]), purpose="voltwire backfill 7").write():
    print("held", flush=True)
    time.sleep(120)
"""


def test_a_store_that_another_process_holds_is_one_line(run: Any, tmp_path: Path) -> None:
    """The line names who holds it, with the process id."""
    store = tmp_path / "S"
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"url": "https://a.example/1", "text": "A battery. " * 50}))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store)], stdout=subprocess.PIPE, env=environment()
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            done = run(
                "backfill", "--plain", "--route", "jsonl", rows, "--store", store,
                env={"VOLTWIRE_WAIT_SECONDS": "0"},
            )  # fmt: skip
            # 1, not 2: the command was right, and the same one works in a minute.
            one_line(done, "voltwire backfill 7", str(holder.pid), code=1)
        finally:
            holder.kill()


def test_feeds_go_round_through_opml(run: Any, tmp_path: Path) -> None:
    """What is added is listed, exported as OPML, and comes back whole from an import."""
    added = run(
        "feeds", "add", "https://news.example/feed/", "--publisher", "Zeitung für Zellen",
        "--language", "de", "--country", "DE", "--scope", "focus", "--every", "45", "--store", "A",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "news-example" in added.stdout
    listed = json.loads(run("feeds", "list", "--json", "--store", "A").stdout)
    (mine,) = [feed for feed in listed if feed["url"] == "https://news.example/feed/"]
    assert mine["publisher"] == "Zeitung für Zellen"
    assert (mine["language"], mine["country"], mine["scope"]) == ("de", "DE", "focus")
    assert mine["every_minutes"] == 45
    assert len(listed) > 50

    exported = run("feeds", "export", "--store", "A")
    assert exported.returncode == 0
    (tmp_path / "all.opml").write_text(exported.stdout, encoding="utf-8")
    (tmp_path / "empty.toml").write_text("")
    brought = run("feeds", "import", "all.opml", "--store", "B")
    assert brought.returncode == 0, brought.stderr
    assert "1 feeds added" in brought.stdout
    again = json.loads(run("feeds", "list", "--json", "--store", "B").stdout)
    assert sorted(again, key=lambda feed: str(feed["url"])) == sorted(
        listed, key=lambda feed: str(feed["url"])
    )
    twice = run("feeds", "import", "all.opml", "--store", "B")
    assert (twice.returncode, "nothing to add" in twice.stdout) == (0, True)


def test_an_exported_list_can_be_polled_as_it_is(run: Any, tmp_path: Path) -> None:
    """``--feeds`` takes OPML as well as TOML."""
    opml = run("feeds", "export", "--feeds", NEWSROOM / "feeds.toml").stdout
    (tmp_path / "n.opml").write_text(opml, encoding="utf-8")
    assert {feed.url for feed in load_feeds(tmp_path / "n.opml")} == {
        feed.url for feed in load_feeds(NEWSROOM / "feeds.toml")
    }


def test_the_same_feed_is_not_added_twice(run: Any) -> None:
    """A URL that is listed already is refused by name."""
    assert run("feeds", "add", "https://news.example/feed/", "--store", "A").returncode == 0
    one_line(run("feeds", "add", "https://news.example/feed/", "--store", "A"), "news.example/feed")


def test_the_list_is_readable_without_options(run: Any) -> None:
    """The table shows slug and address and counts what is off."""
    done = run("feeds", "list", "--feeds", NEWSROOM / "feeds.toml")
    assert done.returncode == 0
    assert "ampere-ledger" in done.stdout
    assert "20 feeds, 0 of them off" in done.stdout


def test_health_shows_the_worst_first(demo: Any, run: Any) -> None:
    """Failing feeds lead, with the reason."""
    done = run("feeds", "health", "--store", demo.store)
    assert done.returncode == 0
    slugs = [line.split()[0] for line in done.stdout.splitlines()[1:3]]
    assert sorted(slugs) == ["charger-times", "cobalt-watch"]
    rows = json.loads(run("feeds", "health", "--json", "--store", demo.store).stdout)
    assert {row["slug"]: row["state"] for row in rows}["cobalt-watch"] == "failing"


def test_check_tries_a_feed_without_storing(run: Any, tmp_path: Path) -> None:
    """It lists the entries of a feed, and says why one brings none."""
    warc = NEWSROOM / "newsroom.warc.gz"
    done = run("feeds", "check", "https://ampereledger.example/feed/", "--replay", warc)
    assert done.returncode == 0, done.stderr
    assert "entries" in done.stdout
    broken = run("feeds", "check", "https://cobaltwatch.example/feed.xml", "--replay", warc)
    assert broken.returncode == 1
    assert "http_503" in broken.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((NEWSROOM / "expected.json").read_text(encoding="utf-8"))
    return found


def explained(run: Any, store: Path, *asked: str) -> tuple[str, dict[str, Any]]:
    shown = run("explain", *asked, "--store", store)
    assert (shown.returncode, shown.stderr) == (0, "")
    told = run("explain", *asked, "--store", store, "--json")
    assert told.returncode == 0, told.stderr
    return shown.stdout, json.loads(told.stdout)


def test_explain_tells_a_copys_story(demo: Any, run: Any, truth: dict[str, Any]) -> None:
    """For each copy: what it is a copy of and why."""
    urls = truth["stories"]["sabre-point-permits"]
    shown, told = explained(run, demo.store, urls[0])
    assert told["matches"]
    assert told["article"]["url"] == urls[0]
    assert "because" in shown
    assert told["story_id"] in shown


def test_explain_shows_what_was_cut(demo: Any, run: Any, truth: dict[str, Any]) -> None:
    """For a page that said its body twice: where, how much, and the words."""
    shown, told = explained(run, demo.store, truth["doubled"][0]["url"])
    assert told["repeats"]
    assert "says them twice" in shown
    assert told["repeats"][0]["removed_text"][:40] in " ".join(shown.split())


def test_explain_shows_versions_and_aliases(demo: Any, run: Any, truth: dict[str, Any]) -> None:
    """An edited article has two versions; a tracking address finds its article."""
    shown, told = explained(run, demo.store, truth["edited"][0]["url"])
    assert len(told["versions"]) == 2
    assert "2 versions" in shown
    listed = truth["same_page"][0]["listed"][0]
    _, told = explained(run, demo.store, listed)
    assert told["article"]["canonical_url"] == truth["same_page"][0]["url"]
    _, by_id = explained(run, demo.store, told["article"]["article_id"])
    assert by_id == told


def test_explain_compares_two(demo: Any, run: Any, truth: dict[str, Any]) -> None:
    """Two reports of one template: not one story, with the figures that differ."""
    one, other = truth["distinct"][1]
    shown, told = explained(run, demo.store, one, "--with", other)
    assert told["comparison"]["relation"] is None
    assert "is not one story with" in shown


def test_explain_gives_a_rejections_reason(demo: Any, run: Any, truth: dict[str, Any]) -> None:
    """A page that is no article has its stage and reason told."""
    row = next(row for row in truth["rejected"] if row["reason"] == "robots")
    shown, told = explained(run, demo.store, row["url"])
    assert (told["rejection"]["stage"], told["rejection"]["reason"]) == ("fetch", "robots")
    assert "is not an article: robots" in shown


def test_explain_of_what_nobody_knows_is_one_line(demo: Any, run: Any) -> None:
    """An unknown URL and an unknown id, alone or as the other one."""
    store = ["--store", demo.store]
    one_line(run("explain", "https://never.example/seen", *store), "never.example/seen")
    one_line(run("explain", "abcdefghijkl", *store), "abcdefghijkl")
    one_line(run("explain", "https://[bad", *store), "[bad")


def test_ingest_reports_as_json(run: Any, tmp_path: Path) -> None:
    """The report alone on standard output, accounted for, with exit code 1 for failed feeds."""
    asked = [
        "ingest", "--plain", "--feeds", NEWSROOM / "feeds.toml", "--replay",
        NEWSROOM / "newsroom.warc.gz", "--as-of", "2026-11-02T06:30", "--feed", "cobalt-watch",
        "--feed", "pack-notes", "--store", "S",
    ]  # fmt: skip
    done = run(*asked, "--json")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["feeds"] == 2
    assert list(report["feeds_failed"]) == ["cobalt-watch"]
    assert (
        report["entries"]
        == report["stored"] + report["edited"] + report["known"] + (report["rejected"])
    )
    assert report["stored"] > 0
    with Store(tmp_path / "S").read() as con:
        assert con.execute("select count(*) from articles").fetchone() == (report["stored"],)
    # What failed then fails still: nothing new, nothing to mail.
    again = run(*asked, "--quiet")
    assert (again.returncode, again.stdout, again.stderr) == (1, "", "")


def test_backfill_takes_rows_and_archives(run: Any, tmp_path: Path) -> None:
    """Both routes fill one store; what the second brings again is known."""
    rows = [
        {"url": f"https://rows.example/{n}", "title": f"Report {n}", "published": f"2026-10-0{n}",
         "text": f"Plant {n} makes battery cells for cars. " + f"Line {n} of {n * 7} runs. " * 30}
        for n in range(1, 5)
    ]  # fmt: skip
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    done = run(
        "backfill", "--plain", "--route", "jsonl", "rows.jsonl.gz", "--since", "2026-10-02",
        "--until", "2026-10-03", "--all-topics", "--store", "S", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["stored"], report["outside"]) == (2, 2)
    done = run(
        "backfill", "--plain", "--route", "jsonl", "rows.jsonl.gz", "--all-topics", "--store", "S"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "2 new articles" in done.stdout
    assert "2 known" in done.stdout


def test_without_a_network_one_line_names_the_demo(run: Any, tmp_path: Path) -> None:
    """When no feed of several can be reached it says so and leaves the feeds' times alone."""
    (tmp_path / "f.toml").write_text(
        "".join(
            f'[[feed]]\nslug = "f{n}"\nurl = "https://voltwire-test-{n}.invalid/feed"\n'
            f'publisher = "F{n}"\n'
            for n in range(3)
        )
    )
    done = run("ingest", "--plain", "--feeds", "f.toml", "--store", "S")
    one_line(done, "no network", "voltwire demo", code=1)
    done = run("sql", "select distinct state from feed_health", "--format", "csv", "--store", "S")
    assert done.stdout == "state\nnew\n"


def test_the_demo_does_not_clear_a_folder_that_it_did_not_make(run: Any, tmp_path: Path) -> None:
    """A folder with somebody's files in it is refused and left as it was."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    one_line(run("demo", "--store", "mine"), "mine", "--store")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    "moment",
    ["2026-11-02", "2026-11-02T06:30", "2026-11-02T06:30:00", "2026-11-02T06:30:00Z"],
)
def test_as_of_takes_a_moment_as_people_write_it(run: Any, tmp_path: Path, moment: str) -> None:
    """A day, minutes, seconds, with Z or without: all UTC, and none is a usage error."""
    done = run(
        "ingest", "--plain", "--json", "--feeds", NEWSROOM / "feeds.toml", "--replay",
        NEWSROOM / "newsroom.warc.gz", "--as-of", moment, "--store", tmp_path / "S",
        "--feed", "cobalt-watch",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr


def test_a_replay_of_two_days_shows_the_edit_between_them(run: Any, tmp_path: Path) -> None:
    """``--as-of`` moves the run's clock too: an edit is looked at as it was on its day."""
    edited = []
    for moment in ("2026-11-02T06:30:00Z", "2026-11-03T06:30:00Z"):
        done = run(
            "ingest", "--plain", "--json", "--feeds", NEWSROOM / "feeds.toml", "--replay",
            NEWSROOM / "newsroom.warc.gz", "--as-of", moment, "--store", tmp_path / "S",
            "--feed", "cellpost",
        )  # fmt: skip
        edited.append(json.loads(done.stdout)["edited"])
    assert edited == [0, 1]
