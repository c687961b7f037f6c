"""The index follows what is published, and survives whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage import articles
from storage.errors import StoreBusy, StoreMissing
from storage.search import follow as following
from storage.search.follow import follow
from storage.search.question import understand
from storage.search.reader import Within, open_index
from storage.search.state import IndexMissing, faults, index_of, is_current
from storage.store import Store

TEXTS = 7


def asked(store: Store, text: str) -> int:
    """How many articles of the index answer."""
    with open_index(index_of(store)[0]) as reader:
        return len(reader.ask(understand(text), Within(), limit=1000).found)


def change(store: Store, statement: str) -> None:
    with store.write() as con:
        con.execute(statement)
    store.publish()


def names(store: Store) -> list[str]:
    """What stands beside the published database."""
    folder = store.published.resolve().parent
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith(".lock")
    }


def test_a_store_without_an_index_says_what_to_do(store: Store, tmp_path: Path) -> None:
    """Nothing published, no index yet, one of another version: each is told, with the remedy."""
    with pytest.raises(StoreMissing):
        index_of(Store(tmp_path / "nowhere"))
    shutil.rmtree(index_of(store)[0])
    with pytest.raises(IndexMissing) as missing:
        index_of(store)
    assert "--rebuild" in missing.value.hint
    follow(store)
    folder, state = index_of(store)
    assert (state.articles, state.behind) == (TEXTS, 0)
    told = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(told | {"recipe": 0}))
    with pytest.raises(IndexMissing) as missing:
        index_of(store)
    assert "another version" in missing.value.hint
    # And the next run makes it anew.
    assert follow(store).rebuilt
    assert asked(store, "charger") == 1


def test_what_changes_is_followed(store: Store, build: Any) -> None:
    """New, edited and removed articles, and a publisher's new name; what stays is not written."""
    with store.write() as con:
        articles.save(con, [build.prepared("late", "A late word about anodes.")])
        con.execute("UPDATE core.articles SET title = 'Anodes of hard carbon', version = 2 "
                    "WHERE article_id LIKE 'cells%'")  # fmt: skip
        con.execute("DELETE FROM core.articles WHERE article_id LIKE 'usine%'")
        con.execute("UPDATE core.articles SET publisher = 'Other' WHERE article_id LIKE 'sodium%'")
    store.publish()
    done = follow(store)
    assert (done.articles, done.added, done.removed, done.rebuilt) == (TEXTS, 3, 1, False)
    assert asked(store, "anode") == 2
    assert asked(store, "besancon") == 0
    assert asked(store, '"solid state cells leave"') == 0
    with open_index(index_of(store)[0]) as reader:
        assert reader.articles == TEXTS
        assert reader.knows("publisher", "other")
        assert not reader.knows("publisher", "The Sodium")
    assert not faults(store)


def test_a_text_read_again_without_a_version_is_followed(store: Store) -> None:
    """Rules of extraction change texts without an edit; the hash of the words tells."""
    change(store, "UPDATE core.articles SET text = 'Kathoden', exact = 5 "
                  "WHERE article_id LIKE 'cells%'")  # fmt: skip
    assert follow(store).added == 1
    assert asked(store, "Kathode") == 1


def test_an_index_that_is_kept_up_equals_one_made_anew(store: Store, build: Any) -> None:
    """After four publishes, merged segments and removals: the same articles."""
    for number in range(4):
        with store.write() as con:
            articles.save(
                con, [build.prepared(f"more{number}{i}", f"Cells, {number} of {i}.") for i in "ab"]
            )
            con.execute(f"DELETE FROM core.articles WHERE article_id LIKE 'more{number - 2}a%'")
        store.publish()
        follow(store)
    kept = _all(store)
    rebuilt = follow(store, rebuild=True)
    assert rebuilt.rebuilt
    assert rebuilt.articles == TEXTS + 6
    for text, found in _all(store).items():
        # Not the scores: removed articles count among all until their segment is merged.
        assert found == kept[text]
    assert names(store) == ["search"]


def _all(store: Store) -> dict[str, set[int]]:
    with open_index(index_of(store)[0]) as reader:
        return {
            text: {hit.key for hit in reader.ask(understand(text), Within(), limit=100).found}
            for text in ("cells", "solid-state", "Batterie", "电池", "char*")
        }


def test_the_index_of_a_copy_never_changes(store: Store) -> None:
    """The next copy's is made of links to its files, and none of them is written to."""
    before = index_of(store)[0]
    was = digests(before)
    change(store, "UPDATE core.articles SET title = 'New' WHERE article_id LIKE 'cells%'")
    follow(store)
    after = index_of(store)[0]
    assert after != before
    assert digests(before) == was
    shared = {path.name for path in after.iterdir() if path.stat().st_nlink > 1}
    assert shared & set(was) >= {name for name in was if name.endswith((".term", ".idx", ".pos"))}


def test_people_can_search_from_the_moment_of_the_publish(store: Store) -> None:
    """A copy has the index before it, until its own is there; nothing to do means that one."""
    change(store, "UPDATE core.articles SET title = 'Anodes' WHERE article_id LIKE 'cells%'")
    assert names(store) == ["search.carried"]
    assert not is_current(store)
    assert asked(store, "charger") == 1
    assert asked(store, "anodes") == 0
    follow(store)
    assert names(store) == ["search"]
    assert asked(store, "anodes") == 1
    change(store, "UPDATE core.articles SET author = 'Other'")
    assert follow(store).added == 0
    assert names(store) == ["search"]
    assert is_current(store)


def test_a_large_store_is_caught_up_with_piece_by_piece(store: Store) -> None:
    """The newest articles first, and no publish waits for all of them."""
    shutil.rmtree(index_of(store)[0])
    done = follow(store, at_most=3)
    assert (done.articles, done.behind) == (3, TEXTS - 3)
    assert asked(store, "usine") == 1
    assert asked(store, "charger") == 0
    assert not is_current(store)
    store.publish()
    assert follow(store, at_most=3).behind == 1
    assert follow(store, at_most=3).behind == 0
    assert asked(store, "charger") == 1
    assert is_current(store)
    assert not faults(store)


STEPS = {
    "linked": "link_folder",
    "compared": "compare",
    "read": "bring_in",
    "listed": "note_known",
    "told": "write_state",
    "placed": "_put_in_place",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_any_step_leaves_what_was_there(
    store: Store, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searching goes on with the index before, and the next time brings the new one."""
    change(store, "UPDATE core.articles SET title = 'Anodes' WHERE article_id LIKE 'cells%'")
    with monkeypatch.context() as patch:

        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(following, STEPS[step], stop)
        with pytest.raises(KeyboardInterrupt):
            follow(store)
    assert asked(store, "charger") == 1
    assert not faults(store)
    follow(store)
    assert asked(store, "anodes") == 1
    assert names(store) == ["search"]


@pytest.mark.parametrize("left", ["search.carried", "nothing"])
def test_a_kill_between_the_two_renames_is_survived(store: Store, left: str) -> None:
    """The old folder has its name no more and the new one not yet."""
    folder = index_of(store)[0]
    if left == "search.carried":
        shutil.copytree(folder, folder.with_name(left))
    folder.rename(folder.with_name("search.old"))
    shutil.copytree(folder.with_name("search.old"), folder.with_name("search.next"))
    if left == "nothing":
        with pytest.raises(IndexMissing):
            index_of(store)
    else:
        assert asked(store, "charger") == 1
    follow(store)
    assert asked(store, "charger") == 1


KILLED = """
    import sys
    from pathlib import Path
    from storage.search import follow
    from storage.store import Store
    follow.{step} = lambda *_: (print("there", flush=True), sys.stdin.read())
    follow.follow(Store(Path(sys.argv[1])), rebuild=True)
"""


@pytest.mark.parametrize("step", ["write_state"])
def test_a_killed_process_leaves_an_index_and_no_lock(store: Store, step: str) -> None:
    """kill -9 in the midst of a rebuild: the old index stays, and the next one is not kept out."""
    code = textwrap.dedent(KILLED.format(step=step))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        with pytest.raises(StoreBusy, match="another process"):
            follow(store, wait=timedelta(0))
        process.send_signal(signal.SIGKILL)
    assert asked(store, "charger") == 1
    assert follow(store, wait=timedelta(seconds=5), rebuild=True).articles == TEXTS
    assert names(store) == ["search"]


def _spoil_a_segment(folder: Path) -> None:
    path = next(folder.glob("*.idx"))
    path.unlink()
    path.write_bytes(b"rubbish")


def _lose_a_segment(folder: Path) -> None:
    next(folder.glob("*.term")).unlink()


def _spoil_the_list(folder: Path) -> None:
    (folder / "known.parquet").unlink()
    (folder / "known.parquet").write_bytes(b"rubbish")


@pytest.mark.parametrize("spoil", [_spoil_a_segment, _lose_a_segment, _spoil_the_list])
def test_a_spoilt_index_is_told_and_made_anew(store: Store, spoil: Callable[[Path], None]) -> None:
    """Whatever is broken: a check says so, a rebuild heals it."""
    spoil(index_of(store)[0])
    assert faults(store)
    follow(store, rebuild=True)
    assert not faults(store)
    assert asked(store, "charger") == 1


def test_a_small_broken_index_heals_with_the_next_run(store: Store) -> None:
    """What is made anew in a moment is worth nobody's while."""
    _lose_a_segment(index_of(store)[0])
    change(store, "UPDATE core.articles SET title = 'Anodes' WHERE article_id LIKE 'cells%'")
    assert follow(store).rebuilt
    assert asked(store, "anodes") == 1


def test_an_index_on_a_disk_that_is_only_read_answers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine wants to write a lock even to read: it gets one elsewhere."""
    folder = index_of(store)[0]
    if os.geteuid() == 0:
        # Root writes wherever it likes; a folder at the lock's name it cannot open.
        for name in (".tantivy-meta.lock",):
            (folder / name).unlink(missing_ok=True)
            (folder / name).mkdir()
        monkeypatch.setattr("storage.search.reader.os.access", lambda *_: False)
    else:
        folder.chmod(0o555)
    try:
        assert asked(store, "charger") == 1
    finally:
        with suppress(OSError):
            folder.chmod(0o755)


def test_where_files_cannot_be_linked_they_are_copied(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some disks have no hard links."""

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("storage.search.carry.os.link", refuse)
    change(store, "UPDATE core.articles SET title = 'Anodes' WHERE article_id LIKE 'cells%'")
    assert asked(store, "charger") == 1
    follow(store)
    assert asked(store, "anodes") == 1


@pytest.fixture(autouse=True)
def _no_leftovers(tmp_path: Path) -> Iterator[None]:
    """No private copies are left among the temporary files of the test."""
    yield
    assert not list(tmp_path.glob("voltwire-*"))
