"""What each copy of a story changed, against the text that is shown for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dedupe.passages import Piece, side_by_side
from dedupe.text import word_spans
from flows.site.model import Change
from flows.site.policy import CHANGE
from flows.site.wording import cut, plain

__all__ = ["Change", "between"]


class HasText(Protocol):
    """An article."""

    @property
    def text(self) -> str:
        """Its text."""


def between(shown: HasText, copies: Sequence[HasText], *, whole: bool = False) -> list[Change]:
    """For each of ``copies``, the words that it has and ``shown`` has not, and the reverse.

    Args:
        shown: the story's representative.
        copies: the others.
        whole: keep every changed stretch whole, for private use; else the longest, shortened.
    """
    told: dict[str, Change] = {}
    for copy in copies:
        if copy.text not in told:
            told[copy.text] = _change(shown.text, copy.text, whole)
    return [told[copy.text] for copy in copies]


def _change(shown: str, text: str, whole: bool) -> Change:
    if shown == text:
        return Change(words_added=0, words_removed=0)
    rows = side_by_side(shown[: CHANGE.longest], text[: CHANGE.longest])
    removed = _stretches(row.left for row in rows)
    added = _stretches(row.right for row in rows)
    return Change(
        words_added=sum(words for words, _ in added),
        words_removed=sum(words for words, _ in removed),
        added=_shown(added, whole),
        removed=_shown(removed, whole),
    )


def _stretches(sides: Iterable[tuple[Piece, ...]]) -> list[tuple[int, str]]:
    """Runs of words that the other text has not: how many words, and which."""
    new = [plain(piece.text) for side in sides for piece in side if not piece.same]
    return [(words, text) for text in new if (words := len(word_spans(text)))]


def _shown(stretches: list[tuple[int, str]], whole: bool) -> tuple[str, ...]:
    if whole:
        return tuple(text for _, text in stretches)
    longest = sorted(
        (number for number, (words, _) in enumerate(stretches) if words >= CHANGE.least_words),
        key=lambda number: -stretches[number][0],
    )[: CHANGE.excerpts]
    return tuple(cut(stretches[number][1], CHANGE.excerpt) for number in sorted(longest))
