"""Rows are found by their keys wherever they lie."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import articles, connected, matches, rows, stories
from storage.batches import storable


@pytest.fixture
def short_tail(monkeypatch):
    """Only the last two rows of a table count as written lately."""
    monkeypatch.setattr(rows, "STORAGE", replace(rows.STORAGE, recent_rows=2))


def _found(con, table, column, *ids, **how):
    found = sorted(rows.places(con, table, column, ids, **how))
    for place, key in found:
        query = f"SELECT {column} FROM {table} WHERE rowid = {place}"
        assert con.execute(query).fetchall() == [(key,)]
    return [key for _, key in found]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text())
def test_a_hash_in_python_is_the_hash_in_sql(con, key):
    """Else a key stored by a migration would not be found by a batch."""
    key = storable(key)
    assert con.execute("SELECT md5_number_lower($k)", {"k": key}).fetchall() == [
        (rows.key_hash(key),)
    ]


@pytest.mark.usefixtures("short_tail")
@pytest.mark.parametrize("hashed", [True, False])
def test_old_and_late_rows_are_found(con, build, monkeypatch, hashed):
    """Whether a key lies near the end or not, with a column of hashes or without."""
    if not hashed:
        monkeypatch.setattr(rows, "HASHED", {})
    articles.save(con, [build.prepared(name, text=f"Of {name}.") for name in "abcdef"])
    ids = [f"{name}00000000000" for name in "aefx"]
    table = ("core.articles", "article_id")
    assert sorted(_found(con, *table, *ids)) == ids[:3]
    assert _found(con, *table) == []


def test_what_was_found_can_be_asked_for_as_a_table(con, build):
    """With the number of its rows, of which there may be none."""
    articles.save(con, [build.prepared(name, text=f"Of {name}.") for name in "ab"])
    for asked, found in (("b00000000000", 1), ("x", 0)):
        assert rows.locate(con, "found", "core.articles", "article_id", [asked]) == found
        assert con.execute("SELECT id FROM temp.found").fetchall() == [(asked,)] * found


@pytest.mark.usefixtures("short_tail")
def test_a_new_key_is_sought_near_the_end_only(con, build):
    """That is the caller's word; others of the same question are still found."""
    articles.save(con, [build.prepared(name, text=f"Of {name}.") for name in "abcdef"])
    (first, second) = (
        one for (one,) in con.execute("SELECT article_id FROM core.articles LIMIT 2").fetchall()
    )
    assert _found(con, "core.articles", "article_id", first, second, new=[first]) == [second]


@pytest.mark.usefixtures("short_tail")
def test_a_key_of_several_rows_is_found_in_all(con, build):
    """Matches of one article lie apart from each other."""
    matches.save(con, [build.match("a", name) for name in "bcdef"])
    asked = ("core.matches", "article_id", "a00000000000")
    assert len(_found(con, *asked, once=False)) == 5


@pytest.mark.usefixtures("short_tail")
def test_rows_of_the_open_transaction_are_found(con, build):
    """What a batch has just written counts as near the end, however much it is."""
    con.execute("BEGIN")
    articles.save(con, [build.prepared(name, text=f"Of {name}.") for name in "abcdef"])
    ids = [f"{name}00000000000" for name in "abcdef"]
    assert sorted(_found(con, "core.articles", "article_id", *ids, new=ids)) == ids
    con.execute("COMMIT")


@pytest.mark.usefixtures("short_tail")
def test_a_story_spread_over_old_and_late_rows_is_whole(con, build):
    """Its members are looked for in the whole table when the end does not hold them all."""
    articles.save(con, [build.prepared(name, text=f"Of {name}.") for name in "abcdef"])
    stories.apply(con, build.plan("a b", "c", "d"), build.noon)
    stories.apply(con, build.plan("e", "f"), build.noon)
    graph = connected.component(con, ["b00000000000"])
    assert [node.article_id for node in graph.nodes] == ["a00000000000", "b00000000000"]
    shown = "SELECT story_id, is_representative FROM articles WHERE article_id = 'b00000000000'"
    assert con.execute(shown).fetchall() == [("a00000000000", False)]
