"""Walking a WARC file's members: what is whole, what broke off, what is damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableArchive
from ingest.members import cut_tail, walk

BODIES = [b"one " * 50, b"", bytes(range(256)) * 40, b"last words"]
MEMBERS = [gzip.compress(body, mtime=0) for body in BODIES]
STARTS = [sum(map(len, MEMBERS[:n])) for n in range(len(MEMBERS))]
WHOLE = b"".join(MEMBERS)


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "x.warc.gz"
    path.write_bytes(content)
    return path


def test_a_sound_file_is_all_whole_members(tmp_path: Path) -> None:
    """Every member is found where it begins, and there is no tail."""
    found = walk(file_of(tmp_path, WHOLE))
    assert found.whole == set(STARTS)
    assert (found.damaged, found.tail) == ((), None)


@given(cut=st.integers(0, len(WHOLE)))
@settings(max_examples=150, deadline=None)
def test_a_file_cut_anywhere_keeps_what_was_whole(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A killed writer costs the member it was writing, whatever the byte; cutting heals."""
    path = file_of(tmp_path_factory.mktemp("cut"), WHOLE[:cut])
    found = walk(path)
    ends = [*STARTS[1:], len(WHOLE)]
    kept = {start for start, end in zip(STARTS, ends, strict=True) if end <= cut}
    assert found.whole == kept
    assert found.damaged == ()
    begun = max((start for start in STARTS if start < cut), default=0)
    assert found.tail == (None if cut in ends else begun)
    cut_tail(path, found)
    if not kept:
        assert not path.exists(), "an empty file is no WARC"
        return
    healed = walk(path)
    assert (healed.whole, healed.damaged, healed.tail) == (kept, (), None)


def test_zeros_at_the_end_are_a_tail(tmp_path: Path) -> None:
    """A power cut can leave blocks that were never written."""
    path = file_of(tmp_path, WHOLE + bytes(5000))
    found = walk(path)
    assert found.tail == len(WHOLE)
    assert cut_tail(path, found) == 5000
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("places", [(), tuple(STARTS)])
def test_damage_in_the_middle_is_told_and_never_cut(
    places: tuple[int, ...], tmp_path: Path
) -> None:
    """Records may follow the damage; with their places known they are found."""
    hurt = bytearray(WHOLE)
    hurt[STARTS[2] + 30] ^= 0xFF
    path = file_of(tmp_path, bytes(hurt))
    found = walk(path, places)
    assert found.tail is None
    assert found.damaged == (STARTS[2],)
    assert STARTS[2] not in found.whole
    assert (STARTS[3] in found.whole) == bool(places)
    assert cut_tail(path, found) == 0
    assert path.read_bytes() == bytes(hurt)


def test_foreign_bytes_behind_the_records_stay(tmp_path: Path) -> None:
    """What is neither a member nor zeros was put there by somebody."""
    found = walk(file_of(tmp_path, WHOLE + b"a note"))
    assert (found.damaged, found.tail) == ((len(WHOLE),), None)


def test_a_file_that_grew_since_is_not_cut(tmp_path: Path) -> None:
    """A record that was being written during the walk is whole by now."""
    path = file_of(tmp_path, WHOLE[:-3])
    found = walk(path)
    path.write_bytes(WHOLE)
    assert cut_tail(path, found) == 0
    assert path.read_bytes() == WHOLE


def test_a_bomb_is_walked_in_little_memory(tmp_path: Path) -> None:
    """A member that inflates to far more than its size is one member like others."""
    bomb = gzip.compress(bytes(64 * 2**20), mtime=0)
    found = walk(file_of(tmp_path, bomb + MEMBERS[0]))
    assert found.whole == {0, len(bomb)}


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Told as every other unreadable archive."""
    with pytest.raises(UnreadableArchive):
        walk(tmp_path / "none.warc.gz")
