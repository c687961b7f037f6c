"""A site is written file by file, and only where a site may be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flows.site import folder
from flows.site.folder import MARK, FolderRefused
from flows.site.model import SiteFile

INDEX = SiteFile("index.html", b"<p>one</p>")
DAY = SiteFile("days/1.html", b"<p>day</p>")


def held(place: Path) -> set[str]:
    return {
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.is_file() and path.name != MARK
    }


def test_files_stand_in_their_folders(tmp_path: Path) -> None:
    """The folder is made; a second, equal site changes nothing."""
    place = tmp_path / "new" / "site"
    first = folder.write(place, [INDEX, DAY])
    assert held(place) == {"index.html", "days/1.html"}
    assert (first.files, first.written, first.removed) == (2, 2, 0)
    assert folder.write(place, [INDEX, DAY]).written == 0


def test_what_is_the_same_keeps_its_time(tmp_path: Path) -> None:
    """A web server goes on answering that it was not modified."""
    folder.write(tmp_path, [INDEX, DAY])
    os.utime(tmp_path / "index.html", (1, 1))
    done = folder.write(tmp_path, [INDEX, SiteFile("days/1.html", b"new")])
    assert (tmp_path / "index.html").stat().st_mtime == 1
    assert (tmp_path / "days/1.html").read_bytes() == b"new"
    assert done.written == 1


def test_pages_that_are_no_longer_made_are_removed_with_their_folder(tmp_path: Path) -> None:
    """What others put there stays, wherever it stands."""
    folder.write(tmp_path, [INDEX, DAY, SiteFile("topic/a.html", b"a")])
    (tmp_path / "CNAME").write_text("news.example")
    (tmp_path / "days" / "mine.txt").write_text("mine")
    done = folder.write(tmp_path, [INDEX])
    assert held(tmp_path) == {"index.html", "CNAME", "days/mine.txt"}
    assert not (tmp_path / "topic").exists()
    assert done.removed == 2


def test_a_page_that_somebody_changed_is_put_right(tmp_path: Path) -> None:
    """What the list says is not believed: the file is compared."""
    folder.write(tmp_path, [INDEX])
    (tmp_path / "index.html").write_bytes(b"<p>two</p>")
    assert folder.write(tmp_path, [INDEX]).written == 1
    assert (tmp_path / "index.html").read_bytes() == INDEX.content


def test_a_folder_of_other_things_is_refused_and_untouched(tmp_path: Path) -> None:
    """Before anything is written or removed."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderRefused, match="no digest was written there"):
        folder.write(tmp_path, [INDEX])
    assert held(tmp_path) == {"thesis.txt"}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """In one plain line."""
    (tmp_path / "site").write_text("a file")
    with pytest.raises(FolderRefused, match="not a folder"):
        folder.check(tmp_path / "site")


def test_a_build_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    """The list stands there before the first page, so that all it left is known as ours."""

    class Killed(BaseException):
        pass

    place = tmp_path / "site"
    folder.check(place)
    original = folder._put
    written: list[str] = []

    def killed_at_the_second(target: Path, content: bytes) -> None:
        if target.name == "1.html":
            raise Killed
        written.append(target.name)
        original(target, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "_put", killed_at_the_second)
        with pytest.raises(Killed):
            folder.write(place, [INDEX, DAY])
    assert written == [MARK, "index.html"]
    folder.write(place, [SiteFile("other.html", b"x")])
    assert held(place) == {"other.html"}


def test_half_a_file_is_never_seen_and_does_not_block(tmp_path: Path) -> None:
    """A leftover of a killed write is passed over."""
    (tmp_path / f"{folder._UNFINISHED}ab12").write_bytes(b"half")
    folder.write(tmp_path, [INDEX])
    assert "index.html" in held(tmp_path)


@pytest.mark.parametrize("path", ["../out.html", "/etc/x", "a/../../x", "a\\..\\x", ""])
def test_no_file_is_written_outside(path: str, tmp_path: Path) -> None:
    """Whatever a name is made of."""
    place = tmp_path / "site"
    with pytest.raises(FolderRefused):
        folder.write(place, [SiteFile(path, b"x")])
    assert held(tmp_path) == set()


def test_a_list_that_names_files_outside_removes_nothing_there(tmp_path: Path) -> None:
    """The list may have been tampered with."""
    place = tmp_path / "site"
    folder.write(place, [INDEX])
    (tmp_path / "out.txt").write_text("keep")
    (place / MARK).write_text(json.dumps({"files": {"../out.txt": "", "index.html": ""}}))
    with pytest.raises(FolderRefused):
        folder.write(place, [INDEX])
    assert (tmp_path / "out.txt").exists()


def test_a_link_inside_the_folder_is_not_written_through(tmp_path: Path) -> None:
    """A folder that somebody made a link leads elsewhere."""
    place, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.write(place, [INDEX])
    (place / "days").symlink_to(elsewhere)
    with pytest.raises(FolderRefused, match="link"):
        folder.write(place, [INDEX, DAY])
    assert held(elsewhere) == set()


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b"\xff", b'{"files": 3}'])
def test_a_broken_list_costs_no_page(said: bytes, tmp_path: Path) -> None:
    """The folder is still known as ours; stale pages stay, right ones are written."""
    folder.write(tmp_path, [INDEX, DAY])
    (tmp_path / MARK).write_bytes(said)
    folder.write(tmp_path, [INDEX])
    assert held(tmp_path) == {"index.html", "days/1.html"}
