"""Row groups are merged when a store is published, not in write windows."""

from __future__ import annotations

import pytest

from storage import compaction
from storage.policy import STORAGE
from storage.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def add(store, first, count=50):
    """One window with ``count`` addresses, each with two articles, side by side."""
    with store.write() as con:
        con.execute(
            "INSERT INTO core.article_urls (url, article_id) "
            f"SELECT 'u' || n, 'a' || k FROM range({first}, {first + count}) r(n), range(2) s(k) "
            "ORDER BY n, k"
        )


def groups(store):
    with store.write() as con:
        row = con.execute(
            "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('core.article_urls')"
        ).fetchone()
    return row[0]


def rows(store):
    with store.write() as con:
        return con.execute("SELECT url, article_id FROM core.article_urls").fetchall()


def test_windows_leave_their_rows_apart(store):
    """A batch does not pay for merging what the batches before it wrote."""
    for n in range(40):
        add(store, 100 * n)
    assert groups(store) == 40


def test_a_publish_after_many_windows_merges(store):
    """And again after the next ones, though nothing else is written."""
    for n in range(40):
        add(store, 100 * n)
    store.publish()
    assert groups(store) <= 4
    for n in range(40, 60):
        add(store, 100 * n)
    store.publish()
    assert groups(store) <= 5


def test_short_runs_are_merged_in_time(tmp_path):
    """Runs of one window each, every one in a process of its own, do not pile up."""
    for n in range(20):
        store = Store(tmp_path)
        add(store, 100 * n)
        store.publish()
    assert groups(Store(tmp_path)) <= STORAGE.merge_every + 4


def test_merging_changes_no_row_and_no_order(store):
    """The row that is written once more stays the last one."""
    for n in range(12):
        add(store, 100 * n, count=n + 1)
    before = rows(store)
    store.publish()
    assert rows(store) == before
    with store.read() as con:
        assert con.execute("SELECT url, article_id FROM core.article_urls").fetchall() == before


def test_windows_after_a_merge_do_not_merge(store):
    """The connection that merged is not the one that writes next; nor does it merge on."""
    for n in range(12):
        add(store, 100 * n)
    with store._migrated() as con:
        compaction.merge_row_groups(con, "voltwire")
        told = con.execute("SELECT current_setting('max_vacuum_tasks')").fetchone()
    assert told == (0,)
    with store.write() as con:
        assert con.execute("SELECT current_setting('max_vacuum_tasks')").fetchone() == (0,)
