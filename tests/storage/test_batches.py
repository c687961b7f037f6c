"""Batches of Python values as temporary tables."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.batches import replace_rows, rows, staged, storable


def test_nothing_but_nulls_and_nothing_at_all_keep_their_types(con):
    """Columns without a value to guess a type from are cast."""
    types = {"a": "TIMESTAMPTZ", "b": "VARCHAR[]", "c": "UBIGINT", "d": "BLOB"}
    with staged(con, "t", types, rows(types, [[None] * 4])) as table:
        assert con.execute(f"FROM {table}").fetchall() == [(None,) * 4]
    with staged(con, "t", types, rows(types, [])) as table:
        assert con.execute(f"FROM {table}").fetchall() == []
        assert [row[1] for row in con.execute(f"DESCRIBE {table}").fetchall()] == [
            "TIMESTAMP WITH TIME ZONE", "VARCHAR[]", "UBIGINT", "BLOB",
        ]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(
        st.tuples(
            st.one_of(st.none(), st.text()), st.one_of(st.none(), st.lists(st.text(), max_size=3)),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        ),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_any_text_list_and_number_comes_back(con, values):
    """What goes in comes out, in order, but for what UTF-8 cannot hold."""
    types = {"t": "VARCHAR", "l": "VARCHAR[]", "n": "BIGINT"}
    with staged(con, "t", types, rows(types, values)) as table:
        found = con.execute(f"FROM {table}").fetchall()
    assert found == [
        (None if t is None else storable(t), None if many is None else list(map(storable, many)), n)
        for t, many, n in values
    ]
    for t, _, _ in values:
        if t is not None:
            storable(t).encode()
            assert "\x00" not in storable(t)


def test_rows_with_the_keys_of_stored_ones_replace_them(con):
    """Of several in one batch the last counts, and no day is a key like any other."""
    types = {"feed": "VARCHAR", "day": "DATE", "route": "VARCHAR", "found": "INTEGER"}
    keys = ("feed", "day", "route")
    day = date(2026, 3, 1)

    def write(*records):
        replace_rows(con, "coverage", types, keys, records)

    write(["a", day, "x", 1], ["a", None, "x", 2], ["b", day, "x", 3])
    write(["a", day, "x", 4], ["a", None, "x", 5], ["a", None, "x", 6], ["a", day, "y", 7])
    write()
    found = con.execute("SELECT feed, day, route, found FROM core.coverage ORDER BY found")
    assert found.fetchall() == [
        ("b", day, "x", 3), ("a", day, "x", 4), ("a", None, "x", 6), ("a", day, "y", 7),
    ]  # fmt: skip
