"""Where in a text the words asked for stand, and the passage that shows most of them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.search.forms import forms
from storage.search.policy import ANSWER, ASK
from storage.search.question import Question, Unit
from storage.search.words import WRITTEN, fold, is_unspaced

_SPACES = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Marked:
    """A passage, and what in it was asked for."""

    text: str
    """On one line; ``…`` where it was cut."""
    marks: tuple[tuple[int, int], ...]
    """From, to; in order, apart from each other."""

    def written(self, before: str, after: str) -> str:
        """The passage with ``before`` and ``after`` around each mark."""
        out, at = [], 0
        for start, end in self.marks:
            out += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*out, self.text[at:]])


@dataclass(frozen=True, slots=True)
class _Sought:
    whole: frozenset[str]
    starts: tuple[str, ...]
    within: tuple[str, ...]
    runs: tuple[str, ...]
    """Of scripts without spaces: any place that holds them."""


class Marker:
    """Marks texts for one question."""

    def __init__(self, question: Question) -> None:
        whole: set[str] = set()
        starts: set[str] = set()
        within: set[str] = set()
        unspaced: set[str] = set()
        for unit in (unit for clause in question.clauses for unit in clause):
            spaced = [word for word in unit.words if not is_unspaced(word)]
            unspaced.update(_unspaced_runs(unit))
            if unit.kind == "prefix":
                starts.update(spaced)
                continue
            whole.update(spaced)
            if unit.kind == "word" and not unit.exact:
                for word in spaced:
                    alike = (word, *forms(word))
                    whole.update(alike)
                    stem = min(alike, key=len)
                    if len(stem) >= ASK.part_prefix_letters and not unit.title:
                        within.add(stem)
                    elif len(word) >= ASK.part_letters and not unit.title:
                        within.update(alike)
        self._sought = _Sought(
            frozenset(whole), tuple(starts), tuple(within), tuple(sorted(unspaced, key=len)[::-1])
        )

    def mark(self, text: str) -> Marked:
        """All of ``text``, on one line."""
        line = _one_line(text)
        return Marked(line, tuple(_joined(self._places(line))))

    def snippet(self, text: str, *, length: int = ANSWER.snippet) -> Marked:
        """The passage of about ``length`` characters that shows most of what was asked for.

        The beginning of the text where nothing of it stands there.
        """
        line = _one_line(text)
        if sum(map(is_unspaced, line[:40])) > 10:
            # A character of these scripts says, and takes, as much as two letters.
            length //= 2
        places = list(_joined(self._places(line)))
        start, end = _best_window(line, places, length)
        inside = [(a, b) for a, b in places if start <= a and b <= end]
        before = "…" if start else ""
        after = "…" if end < len(line) else ""
        shift = len(before) - start
        return Marked(
            before + line[start:end] + after, tuple((a + shift, b + shift) for a, b in inside)
        )

    def _places(self, line: str) -> Iterator[tuple[int, int]]:
        sought = self._sought
        for found in WRITTEN.finditer(line):
            written = found.group()
            if is_unspaced(written):
                folded = fold(written)
                if len(folded) != len(written):
                    continue
                for run in sought.runs:
                    at = folded.find(run)
                    while at >= 0:
                        yield found.start() + at, found.start() + at + len(run)
                        at = folded.find(run, at + len(run))
                continue
            word = fold(written)
            if (
                word in sought.whole
                or any(word.startswith(start) for start in sought.starts)
                or (
                    len(word) >= 8
                    and any(
                        (part in word) if len(part) >= ASK.part_prefix_letters
                        else word.endswith(part)
                        for part in sought.within
                    )
                )
            ):  # fmt: skip
                yield found.start(), found.end()


def _unspaced_runs(unit: Unit) -> list[str]:
    """The runs that were cut into pairs, put together again."""
    found: list[str] = []
    for word in unit.words:
        if not is_unspaced(word):
            found.append("")
        elif found and found[-1] and found[-1][-1] == word[0]:
            found[-1] += word[1:]
        else:
            found.append(word)
    return [run for run in found if run]


def _one_line(text: str) -> str:
    """``text`` on one line, composed, and without what a terminal would obey."""
    line = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    if line.isprintable():
        return line
    kept = ("" if unicodedata.category(c) in ("Cf", "Cs") else c for c in line)
    return _SPACES.sub(" ", "".join(c if c.isprintable() else " " for c in "".join(kept))).strip()


def _joined(places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Overlapping places as one."""
    last: tuple[int, int] | None = None
    for start, end in sorted(places):
        if last is not None and start <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


def _best_window(line: str, places: Sequence[tuple[int, int]], length: int) -> tuple[int, int]:
    if len(line) <= length:
        return 0, len(line)
    if not places:
        return 0, _word_end(line, length)
    starts = [start for start, _ in places]
    best, best_rank = starts[0], (0, 0)
    for number, start in enumerate(starts):
        last = bisect_left(starts, start + length * 3 // 4)
        shown = {fold(line[a:b]) for a, b in places[number:last]}
        rank = (len(shown), last - number)
        if rank > best_rank:
            best, best_rank = start, rank
    return _around(line, best, length)


def _around(line: str, at: int, length: int) -> tuple[int, int]:
    """A window of ``length`` that shows ``at``, begun at a sentence or a word."""
    earliest = max(0, at - length // 4)
    if earliest + length >= len(line):
        earliest = max(0, len(line) - length)
    begun = [
        found.end()
        for found in _SENTENCE.finditer(line, earliest, at)
        if found.end() - earliest <= length // 4
    ]
    if earliest == 0:
        start = 0
    elif begun:
        start = begun[0]
    else:
        space = line.find(" ", earliest, at)
        start = space + 1 if space >= 0 else earliest
    return start, _word_end(line, start + length)


def _word_end(line: str, end: int) -> int:
    if end >= len(line):
        return len(line)
    space = line.rfind(" ", end - 30, end + 1)
    return space if space > 0 else end
