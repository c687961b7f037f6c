"""A store of the first schema opens with today's code: upgraded in place, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.cli import run
from storage import migrate
from storage.store import Store


def first_schema(old: Path, filled: Path) -> None:
    """The rows of ``filled`` as the first step alone would hold them, with no views.

    Built from the step's own SQL, so that it is the schema as it was whatever came after.
    """
    first = migrate.migrations()[0]
    assert first.name == "0001_first"
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{filled}' AS today (READ_ONLY)")
    con.execute(f"ATTACH '{old}' AS old (STORAGE_VERSION 'v1.5.0')")
    con.execute("USE old")
    con.execute(first.sql)
    con.execute(
        "INSERT INTO core.migrations VALUES ($name, now(), $digest)",
        {"name": first.name, "digest": first.digest},
    )
    tables = con.execute(
        "SELECT table_name, string_agg('\"' || column_name || '\"', ', ') "
        "FROM duckdb_columns() old WHERE database_name = 'old' AND schema_name = 'core' "
        "AND table_name NOT IN ('migrations', 'views') "
        # What is not kept any more is left empty: the steps since do not read it.
        "AND EXISTS (FROM duckdb_columns() now WHERE now.database_name = 'today' AND "
        "now.schema_name = 'core' AND (now.table_name, now.column_name) = "
        "(old.table_name, old.column_name)) GROUP BY 1"
    ).fetchall()
    for table, columns in tables:
        con.execute(f"INSERT INTO core.{table} BY NAME SELECT {columns} FROM today.core.{table}")
    con.close()


@pytest.fixture
def old(demo: Any, tmp_path: Path) -> Store:
    """The demo's rows in a store that knows the first step only."""
    store = Store(tmp_path / "store")
    store.folder.mkdir()
    first_schema(store.live, Store(demo.store).published)
    return store


VIEWS = [script.name for script in migrate.views()]


SHOWN = {
    # what an old store never held stays empty until its pages are read again
    "articles": "SELECT * EXCLUDE (published_on, modified_at, section, tags, image, notice, "
    "metadata_from) FROM articles",
    "stories": "SELECT * EXCLUDE (origin) FROM stories",
}


def answers(store: Store) -> dict[str, list[str]]:
    with store.read() as con:
        return {
            view: sorted(map(str, con.execute(SHOWN.get(view, f"FROM {view}")).fetchall()))
            for view in VIEWS
            if view != "feed_health"  # counts from now
        }


def test_a_first_store_upgrades_in_place_with_a_backup(
    old: Store, demo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Opened by a command: every view answers as ever, and the old file stands beside it."""
    before = old.live.read_bytes()
    assert run(["store", "check", "--repair", "--store", str(old.folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["faults"] == []
    assert report["repaired"] == ["published_unreadable voltwire.duckdb"], "never published before"
    assert run(["store", "check", "--store", str(old.folder)]) == 0
    (backup,) = old.folder.glob("live.backup-*.duckdb")
    assert backup.stat().st_size == len(before)
    con = duckdb.connect(str(backup), read_only=True)
    assert con.execute("SELECT name FROM core.migrations").fetchall() == [("0001_first",)]
    assert con.execute("SELECT count(*) > 0 FROM core.articles").fetchone() == (True,)
    con.close()
    # What is derived from texts is made by the next run, or by this.
    assert run(["tags", "rebuild", "--store", str(old.folder)]) == 0
    assert answers(old) == answers(Store(demo.store))


def test_the_last_steps_of_the_way_upgrade(demo: Any, tmp_path: Path) -> None:
    """A store of one of the last schemas, not only of the first, ends as today's."""
    steps = len(migrate.migrations())
    upgrade_from(range(steps - 3, steps), demo, tmp_path)


@pytest.mark.long
def test_each_step_of_the_way_upgrades(demo: Any, tmp_path: Path) -> None:
    """A store of any earlier schema ends as today's."""
    upgrade_from(range(1, len(migrate.migrations())), demo, tmp_path)


def upgrade_from(numbers: Iterable[int], demo: Any, tmp_path: Path) -> None:
    """Upgrade stores that had so many of the steps, and compare."""
    steps = migrate.migrations()
    for number in numbers:
        store = Store(tmp_path / str(number))
        store.folder.mkdir()
        first_schema(store.live, Store(demo.store).published)
        con = duckdb.connect(str(store.live))
        for script in steps[1:number]:
            con.execute(script.sql)
            con.execute(
                "INSERT INTO core.migrations VALUES ($name, now(), $digest)",
                {"name": script.name, "digest": script.digest},
            )
        con.close()
        assert run(["tags", "rebuild", "--store", str(store.folder)]) == 0
        assert answers(store) == answers(Store(demo.store)), steps[number - 1].name
        assert run(["store", "check", "--store", str(store.folder)]) == 0
