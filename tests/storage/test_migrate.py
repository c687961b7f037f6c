"""Schema steps: by name, each whole or not at all, and never back."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import duckdb
import pytest

from storage import articles, check, entries, migrate, signatures
from storage.errors import StoreTooNew
from storage.migrate import Script
from storage.store import Store, connect_memory

pytestmark = pytest.mark.usefixtures("stores_are_made")


@pytest.fixture
def more(monkeypatch):
    """Add a step to those that the code knows."""

    def add(name, sql):
        known = migrate.migrations()
        monkeypatch.setattr(migrate, "migrations", lambda: [*known, Script(name=name, sql=sql)])

    return add


def test_an_up_to_date_store_is_left_alone(con):
    """Nothing is pending after migrating, and migrating again does nothing."""
    assert migrate.pending(con) == []
    assert migrate.migrate(con) == []
    assert migrate.applied(con) == [script.name for script in migrate.migrations()]


def test_a_step_is_run_once_and_remembered_by_name(con, more):
    """A new step runs at the next opening and never again."""
    more("9000_more", "CREATE TABLE core.more AS SELECT 1 AS n")
    assert migrate.migrate(con) == ["9000_more"]
    assert migrate.migrate(con) == []
    assert con.execute("SELECT n FROM core.more").fetchall() == [(1,)]


def test_a_failing_step_leaves_nothing_behind(con, more):
    """Each step is its own transaction."""
    more("9000_broken", "CREATE TABLE core.more AS SELECT 1 AS n; SELECT nonsense")
    with pytest.raises(duckdb.Error):
        migrate.migrate(con)
    assert "9000_broken" not in migrate.applied(con)
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM core.more")


def test_a_store_of_newer_code_is_refused(tmp_path):
    """An unknown step means that a newer voltwire was here: touch nothing."""
    store = Store(tmp_path)
    with store.write() as con:
        con.execute("INSERT INTO core.migrations VALUES ('9999_future', now(), '')")
    with pytest.raises(StoreTooNew) as raised, store.write():
        pass
    assert "9999_future" in str(raised.value)
    assert "upgrade" in raised.value.hint


def test_an_upgrade_makes_a_backup_first_and_keeps_rows(tmp_path, more):
    """The store as it was stands beside it, whole; a new store needs none."""
    store = Store(tmp_path)
    with store.write() as con:
        con.execute("INSERT INTO core.article_urls (url, article_id) VALUES ('u', 'a')")
    assert list(tmp_path.glob("*.backup-*")) == []
    more("9000_more", "ALTER TABLE core.article_urls ADD COLUMN extra INTEGER")
    with store.write() as con:
        assert con.execute("SELECT url, article_id, extra FROM core.article_urls").fetchall() == [
            ("u", "a", None)
        ]
    (backup,) = tmp_path.glob("live.backup-*.duckdb")
    old = duckdb.connect(str(backup), read_only=True)
    assert old.execute("SELECT url, article_id FROM core.article_urls").fetchall() == [("u", "a")]
    old.close()
    with store.write():
        pass
    assert len(list(tmp_path.glob("live.backup-*.duckdb"))) == 1


def test_a_changed_view_is_made_anew_and_a_dropped_one_goes(con, monkeypatch):
    """Views follow the code without a step."""
    kept = [script for script in migrate.views() if script.name != "gaps"]
    sql = "CREATE OR REPLACE VIEW coverage AS SELECT 1 AS n"
    changed = [Script(name="coverage", sql=sql) if s.name == "coverage" else s for s in kept]
    monkeypatch.setattr(migrate, "views", lambda: changed)
    migrate.migrate(con)
    assert con.execute("FROM coverage").fetchall() == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM gaps")


def test_publishing_a_store_that_was_never_written_offers_the_views(tmp_path):
    """An empty store answers with no rows, not with an error."""
    store = Store(tmp_path, wait=timedelta(seconds=5))
    store.publish()
    with store.read() as con:
        assert con.execute("FROM news").fetchall() == []


def test_a_store_of_the_first_step_upgrades_with_its_stories_counted(tmp_path, build, monkeypatch):
    """Rows written under the oldest schema show right in today's views."""
    known, views = migrate.migrations(), migrate.views()
    monkeypatch.setattr(migrate, "migrations", lambda: known[:1])
    monkeypatch.setattr(migrate, "views", lambda: [v for v in views if v.name == "article_urls"])
    store = Store(tmp_path)
    with store.write() as con:
        for name, publisher in (("a", "P"), ("b", "Q")):
            article_id, url = name.ljust(12, "0"), f"https://news.example/{name}"
            con.execute(
                "INSERT INTO core.articles (article_id, url, canonical_url, site, publisher, "
                "title, published_at, fetched_at, text, words, text_source, topics, version, "
                "exact) VALUES ($id, $url, $url, 'news.example', $publisher, $id, $noon, $noon, "
                "'Cells.', 1, 'page', [], 1, 1)",
                {"id": article_id, "url": url, "publisher": publisher, "noon": build.noon},
            )
            con.execute(
                "INSERT INTO core.article_urls VALUES ($u, $i)", {"u": url, "i": article_id}
            )
        con.execute(
            "INSERT INTO core.stories SELECT article_id, article_id, now(), now() "
            "FROM core.articles WHERE publisher = 'P'"
        )
        con.execute(
            "INSERT INTO core.story_members SELECT article_id, 'a00000000000' FROM core.articles"
        )
        for article in ("a00000000000", "b00000000000"):
            con.execute("INSERT INTO core.signatures VALUES ($a, 1, 1, NULL, NULL)", {"a": article})
            con.execute(
                "INSERT INTO core.signature_keys VALUES (18446744073709551615, $a, NULL, 0), "
                "(4294967301, $a, NULL, 1)",
                {"a": article},
            )
    monkeypatch.undo()
    with store.write() as con:
        assert check.faults(con) == []
        assert con.execute("SELECT copies, publishers FROM news").fetchall() == [(2, 2)]
        days = con.execute("SELECT published_on, section, tags, metadata_from FROM articles")
        assert set(map(str, days.fetchall())) == {str((build.noon.date(), "", [], "{}"))}
        shown = con.execute("SELECT article_id, story_id, is_representative FROM articles")
        assert sorted(shown.fetchall()) == [
            ("a00000000000", "a00000000000", True), ("b00000000000", "a00000000000", False),
        ]  # fmt: skip
        # Keys of 64 bits meet those that are stored today.
        today = build.signature("c00000000000", bands=(2**64 - 1,), sketch=(2**32 + 5,))
        signatures.save(con, [today], {"c00000000000": None})
        pairs = signatures.candidates(con, ["c00000000000"], window_days=14, max_common=60)
        assert [(p.of_article_id, p.shared_bands, p.shared_sketch) for p in pairs] == [
            ("c00000000000", 1, 1), ("c00000000000", 1, 1),
        ]  # fmt: skip
        signatures.delete(con, ["c00000000000"])
        # What was stored under the old schema is found again by the new look-ups.
        again = [build.prepared(name, title=f"{name}00000000000") for name in ("a", "b", "c")]
        saved = articles.save(con, again)
        assert len(saved.new) == 1
        assert set(entries.lookup(con, ["https://news.example/a"])) == {"https://news.example/a"}
    assert len(list(tmp_path.glob("live.backup-*.duckdb"))) == 1


def test_a_copied_schema_is_the_migrated_one(con: duckdb.DuckDBPyConnection) -> None:
    """What the tests of the storage work on has every table, view, default and comment."""
    listed = (
        "SELECT table_name, sql, comment FROM duckdb_tables() ORDER BY ALL",
        "SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
        "SELECT table_name, column_name, data_type, column_default, is_nullable, comment"
        " FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
        "SELECT name, digest FROM core.migrations UNION ALL SELECT name, digest FROM core.views"
        " ORDER BY ALL",
    )
    with closing(connect_memory()) as migrated:
        for query in listed:
            found = con.execute(query).fetchall()
            assert found == migrated.execute(query).fetchall()
            assert found


@pytest.mark.parametrize("at_once", [1, 7, 25_000])
def test_keys_as_rows_are_packed_a_few_days_at_a_time(at_once):
    """Whatever fits into one step: every article has its keys as before, strays are left out."""
    (packing,) = [s for s in migrate.migrations() if s.name == "0014_packed_keys"]
    con = duckdb.connect()
    for script in migrate.migrations():
        if script.name >= packing.name:
            break
        con.execute(script.sql)
    con.execute(
        "INSERT INTO core.signatures BY NAME SELECT CASE WHEN n % 5 = 0 THEN 'ü' ELSE '' END || "
        "'a' || n AS article_id, n AS exact, 9 AS shingles, CASE WHEN n % 7 > 0 THEN "
        "DATE '2026-01-01' + (n % 11)::INTEGER END AS day FROM range(60) r(n)"
    )
    con.execute(
        "INSERT INTO core.signature_keys BY NAME SELECT (hash(exact, k) & 4294967295)::UINTEGER "
        "AS key, article_id, day, (k % 3 = 0)::UTINYINT AS kind "
        "FROM core.signatures, range(70) r(k) WHERE k < (exact % 4) * 20 + exact % 13"
    )
    con.execute("INSERT INTO core.signature_keys VALUES (1, 'stray', NULL, 0)")
    keys = "SELECT key, article_id, day, kind FROM core.signature_keys"
    was = con.execute(f"{keys} WHERE article_id <> 'stray' ORDER BY ALL").fetchall()
    con.execute(packing.sql.replace("// 25000", f"// {at_once}"))
    assert con.execute(f"{keys} ORDER BY ALL").fetchall() == was
    for kind in ("keys_missing", "keys_unreadable"):
        assert con.execute(check.FAULTS[kind][1]).fetchall() == []
    sizes = con.execute("SELECT max(octet_length(keys)), count(*) FROM core.key_segments")
    assert sizes.fetchall()[0][0] <= 4096
    con.close()
