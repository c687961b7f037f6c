"""Which part may know which: read from the source, so that a hidden import shows too."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from storage.store import Store

ROOT = Path(__file__).parents[1]
OURS = ("flows", "ingest", "dedupe", "storage")
SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for package in OURS for path in (ROOT / package).rglob("*.py")
)


class Import(NamedTuple):
    """One import statement's target, as a full dotted name, and where it stands."""

    source: str
    target: str
    line: int

    @property
    def package(self) -> str:
        """The first part of the dotted name."""
        return self.target.partition(".")[0]


@functools.cache
def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"), source)


def imports_of(source: str, text: str | None = None) -> Iterator[Import]:
    """Every import of a file, at the top, inside functions and through ``import_module``."""
    parsed = tree(source) if text is None else ast.parse(text, source)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(source, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folder = source.removesuffix(".py").split("/")[: -node.level]
                base = ".".join([*folder, *([base] if base else [])])
            for alias in node.names:
                yield Import(source, f"{base}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            name = node.args[0]
            if called in ("import_module", "__import__") and isinstance(name, ast.Constant):
                yield Import(source, str(name.value), node.lineno)


@functools.cache
def imports() -> list[Import]:
    """Read by the tests that look at them, and not by every process that only collects."""
    return [found for source in SOURCES for found in imports_of(source)]


def within(target: str, module: str) -> bool:
    return target == module or target.startswith(f"{module}.")


def importers(module: str) -> set[str]:
    return {found.source for found in imports() if within(found.target, module)}


def crossings(package: str) -> list[Import]:
    """Imports that leave ``package`` for another of ours."""
    return [
        found
        for found in imports()
        if found.source.startswith(f"{package}/")
        and found.package in OURS
        and found.package != package
    ]


def test_imports_are_found_wherever_they_hide() -> None:
    """The reader of this file sees relative, nested, renamed and computed imports."""
    text = (
        "import a.b as c\nfrom . import d\nfrom ..e import f\n"
        "def g():\n    from h import i\n    import_module('j.k')\n"
    )
    found = [one.target for one in imports_of("ingest/routes/x.py", text)]
    assert found == ["a.b", "ingest.routes.d", "ingest.e.f", "h.i", "j.k"]
    assert len(imports()) > 300


@pytest.mark.parametrize("package", ["ingest", "dedupe"])
def test_ingest_and_dedupe_know_nothing_else_of_ours(package: str) -> None:
    """Each can be used, and read, without the other packages."""
    assert crossings(package) == []


def test_storage_knows_the_models_only() -> None:
    """The store takes records and never the code that makes them."""
    allowed = ("ingest.models", "dedupe.models")
    strays = [
        found
        for found in crossings("storage")
        if not any(within(found.target, module) for module in allowed)
    ]
    assert strays == []


def test_nothing_below_imports_flows() -> None:
    """``flows`` is the top: only it imports itself."""
    assert {source.partition("/")[0] for source in importers("flows")} == {"flows"}


def test_the_application_imports_no_tests_and_no_benchmarks() -> None:
    """What is installed does not lean on what is not."""
    assert importers("tests") | importers("benchmarks") == set()


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("feedparser", {"ingest/parse.py"}),
        ("datasketch", {"dedupe/signature.py"}),
        ("fastwarc", {"ingest/warc.py"}),
        ("tantivy", {"storage/search/engine.py", "storage/search/reader.py"}),
    ],
)
def test_a_library_has_one_importer(library: str, allowed: set[str]) -> None:
    """A library that may be replaced one day is met in one file."""
    assert importers(library) == allowed


def test_trafilatura_is_met_in_extraction_only() -> None:
    """The extractor's modules are ``ingest/extract.py`` and those that it owns."""
    found = importers("trafilatura")
    assert found
    assert all(
        source == "ingest/extract.py" or source.startswith("ingest/_extract") for source in found
    )


def test_prefect_is_met_where_runs_are_scheduled_only() -> None:
    """The pipeline, the commands and everything below run without Prefect."""
    meant = {
        f"flows/{name}.py"
        for name in (
            "artifacts",
            "backfill",
            "deploying",
            "events",
            "heartbeats",
            "piecework",
            "embedded_server",
            "prefect_server",
            "retention",
            "scheduled",
            "serving",
            "tasks",
        )
    }
    assert importers("prefect")
    assert importers("prefect") <= meant


def test_commands_import_their_prefect_half_late() -> None:
    """No command pays for Prefect before it is asked for it: such imports stand in functions."""
    of_prefect = importers("prefect")
    prefect_side = {source.removesuffix(".py").replace("/", ".") for source in of_prefect}
    for source in (source for source in SOURCES if source not in of_prefect):
        for node in tree(source).body:
            if isinstance(node, ast.ImportFrom):
                names = {node.module or "", *(f"{node.module}.{a.name}" for a in node.names)}
                assert not names & prefect_side, f"{source}:{node.lineno}"


def test_only_the_store_connects_to_duckdb() -> None:
    """Locks, settings and recovery hold because there is one door."""
    found = {
        source
        for source in SOURCES
        for node in ast.walk(tree(source))
        if isinstance(node, ast.Attribute)
        and node.attr == "connect"
        and ast.unparse(node.value) == "duckdb"
    }
    assert found == {"storage/attached.py", "storage/store.py"}
    assert not {found.source for found in imports() if found.target == "duckdb.connect"}


def test_only_the_settings_read_the_environment() -> None:
    """A value from outside enters in one place, where it is checked."""
    readers = {
        source
        for source in SOURCES
        for node in ast.walk(tree(source))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "environb", "getenv", "putenv")
        and ast.unparse(node.value) == "os"
    }
    assert readers == {"flows/settings.py"}
    assert not {found.source for found in imports() if found.target in ("os.environ", "os.getenv")}


DOING = {
    "asyncio", "duckdb", "fcntl", "glob", "http", "httpx", "io", "mmap", "multiprocessing", "os",
    "pathlib", "requests", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip


def test_dedupe_touches_neither_the_world_nor_the_clock() -> None:
    """Its answers depend on its arguments alone: no files, sockets, processes, time or chance."""
    strays = [
        found
        for found in imports()
        if found.source.startswith("dedupe/") and (found.package in DOING | {"random"})
    ]
    assert strays == []
    for source in (source for source in SOURCES if source.startswith("dedupe/")):
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("open", "print", "input"), f"{source}:{node.lineno}"
                assert called.rpartition(".")[2] not in ("now", "utcnow", "today"), (
                    f"{source}:{node.lineno} {called}"
                )


@pytest.mark.parametrize("module", ["ingest/models.py", "dedupe/models.py"])
def test_the_models_need_the_standard_library_only(module: str) -> None:
    """Records travel everywhere, so they bring nothing along."""
    found = {one.package for one in imports() if one.source == module}
    assert found <= sys.stdlib_module_names


def test_every_package_file_is_empty() -> None:
    """``__init__.py`` holds nothing: importing a part never runs another."""
    found = [ROOT / source for source in SOURCES if source.endswith("__init__.py")]
    assert len(found) >= len(OURS)
    assert [path for path in found if path.read_bytes()] == []


HEAVY = ("prefect", "trafilatura", "httpx", "datasketch", "feedparser", "numpy", "lxml", "rich")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["sql", "select 1"], HEAVY),
        (["status"], HEAVY),
        (["search", "--update"], ("prefect", "trafilatura", "httpx", "lxml")),
        (["--help"], (*HEAVY, "duckdb")),
        (["feeds", "list", "--json"], ("prefect", "trafilatura", "duckdb", "datasketch")),
        (["ingest", "--help"], ("prefect",)),
    ],
    ids=["sql", "status", "search", "help", "feeds", "ingest"],
)
def test_a_command_starts_without_what_it_does_not_use(
    arguments: list[str], heavy: tuple[str, ...], tmp_path: Path
) -> None:
    """`voltwire sql` above all: somebody waits for its answer."""
    if "--help" not in arguments:
        Store(tmp_path).publish()
        arguments = [*arguments, "--store", str(tmp_path)]
    program = (
        "import sys\nfrom flows.cli import run\n"
        f"run({arguments!r})\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"
