"""Uncertain pairs written, judged, read back and scored; texts side by side on a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from dedupe.passages import side_by_side
from flows.cli import run
from flows.sidebyside import columns


@pytest.fixture
def written(demo: Any, tmp_path: Path) -> Path:
    path = tmp_path / "pairs.txt"
    assert run(["dedupe", "label", "--store", str(demo.store), "--output", str(path)]) == 0
    return path


def test_judgements_come_back_and_are_scored(demo: Any, written: Path, tmp_path: Path) -> None:
    """A judged pair is in the set with its texts; exit code 1 where the rules say otherwise."""
    text = written.read_text(encoding="utf-8")
    assert "## pair " in text
    into = tmp_path / "set.jsonl"
    codes = set()
    for word in ("yes", "no"):
        written.write_text(text.replace("same: \n", f"same: {word}\n", 1), encoding="utf-8")
        call = ["dedupe", "label", "--read", str(written), "--into", str(into)]
        assert run([*call, "--store", str(demo.store)]) == 0
        rows = [json.loads(line) for line in into.read_text(encoding="utf-8").splitlines()]
        assert [row["same"] for row in rows] == [word]
        assert rows[0]["left"]["text"]
        codes.add(run(["dedupe", "score", str(into)]))
    assert 1 in codes


@pytest.mark.parametrize(
    "content", [b"same: yes\n", b"## pair a b\nsame: maybe\n", b"", b"\xff\xfe\x00"]
)
def test_a_bad_file_of_judgements_is_one_line(
    content: bytes, demo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, and in which line; exit code 2."""
    path = tmp_path / "pairs.txt"
    path.write_bytes(content)
    assert run(["dedupe", "label", "--read", str(path), "--store", str(demo.store)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert run(["dedupe", "score", str(tmp_path / "none.jsonl")]) == 2


@pytest.mark.parametrize("width", [40, 80, 140])
def test_columns_keep_to_the_width_and_obey_nothing(width: int) -> None:
    """Wide characters count twice; escape sequences of a page's text do not reach the terminal."""
    left = "电池工厂周一在宁德开工，年产能达到二十吉瓦时。" * 4 + " \x1b[2J Red \u202eword here."
    right = "电池工厂周二在宁德开工，年产能达到三十吉瓦时。" * 4 + " Red word here."
    lines = columns(side_by_side(left, right), ("A \x1b]0;x\x07", "B"), width=width, colour=False)
    assert max(map(cell_len, lines)) <= width
    assert not any(char in "".join(lines) for char in "\x1b\x07\u202e")
    assert "[-" in "".join(lines)
