"""The sentence, the clause and the company around a figure."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from ingest.models import CompanySpan

_STOP = re.compile(r"[.!?]+[\"'”’»)\]]*(?=\s|\Z)|[。！？]+[」』”]*")
# A full stop ends a sentence only before what can begin one, and not behind an abbreviation or a
# single letter: Mio. Euro, U.S. Steel, ca. 30 kWh.
_ABBREVIATED = re.compile(
    r"(?:(?<![^\W\d_])[^\W\d_]|(?i:(?<![^\W\d_])(?:mio|mrd|mln|mld|tsd|ca|bzw|approx|etwa|st|dr|mr|mrs|ms|no|nr|"
    r"inc|co|corp|ltd|vs|rs|max|est|jan|feb|aug|sept?|oct|okt|nov|dec|dez|млн|млрд|тыс|руб|долл|дол)))\Z"
)
_CLAUSE = re.compile(
    r"[;；：，:]|,\s(?!\d{3})|\s[–—-]\s|[()（）]|\b(?:while|whereas|but|während|wohingegen|"
    r"aber|tandis que|mais|mientras|pero)\b"
)


class Sentences:
    """Where the sentences of a text begin and end; each paragraph is looked through once."""

    def __init__(self, text: str, widest: int) -> None:
        self._text = text
        self._widest = widest
        self._paragraph = (0, -1)
        self._ends: list[int] = []

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The sentence that holds ``start`` to ``end``, no wider than the policy allows."""
        first, last = self._paragraph
        if not first <= start <= last:
            first = self._text.rfind("\n", 0, start) + 1
            last = self._text.find("\n", start)
            last = len(self._text) if last < 0 else last
            # A paragraph without end is looked through near the figure only.
            first, last = max(first, start - 8 * self._widest), min(last, start + 8 * self._widest)
            self._paragraph = first, last
            self._ends = [*_ends(self._text, first, last)]
        place = bisect.bisect_right(self._ends, start)
        begin = self._ends[place - 1] if place else first
        until = self._ends[place] if place < len(self._ends) else last
        while until < end and place + 1 < len(self._ends):
            place += 1
            until = self._ends[place]
        until = max(until, end)
        begin, until = max(begin, start - self._widest // 2), min(until, end + self._widest // 2)
        while begin < start and self._text[begin].isspace():
            begin += 1
        while until > end and self._text[until - 1].isspace():
            until -= 1
        return begin, until

    def clause(self, start: int, end: int, sentence: tuple[int, int]) -> tuple[int, int]:
        """The part of the sentence between commas, dashes and brackets around the figure."""
        begin, until = sentence
        for match in _CLAUSE.finditer(self._text, begin, start):
            begin = match.end()
        after = _CLAUSE.search(self._text, end, until)
        return begin, after.start() if after else until

    def touches(self, span: CompanySpan, start: int, end: int) -> bool:
        """Whether a company stands right before a figure as its owner, or right behind it."""
        if 0 <= span.start - end <= 1:
            return True
        between = self._text[span.end : start] if 0 <= start - span.end <= 12 else "-"
        return _OWNED.match(between) is not None

    def is_subject(self, span: CompanySpan) -> bool:
        """Whether a company is named for itself: not "by Ford", not "Nissan's dealers"."""
        if self._text[span.end : span.end + 1] in ("'", "’"):
            return False
        return _OBJECT.search(self._text, max(0, span.start - 14), span.start) is None

    def has_owner(self, begin: int, until: int) -> bool:
        """Whether a clause names an owner: some other company that no gazetteer knows."""
        return _OWNER.search(self._text, begin, until) is not None


_OWNED = re.compile(r"['’]s?\s(?:new |own |massive )?\Z")
_OBJECT = re.compile(
    r"(?i)\b(?:by|from|of|with|to|for|at|in|on|against|between|von|vom|mit|bei|für|an|durch|gegen|par|de|chez|"
    r"avec|pour|por|con|para|a|d['’])\s?(?:the |its |der |dem |den )?\Z"
)
_OWNER = re.compile(r"[A-Z][\w&.-]*['’]s?\s")


def _ends(text: str, first: int, last: int) -> Iterator[int]:
    for match in _STOP.finditer(text, first, last):
        if text[match.start()] == ".":
            following = text[match.end() : match.end() + 4].lstrip()[:1]
            if following.islower():
                continue
            if _ABBREVIATED.search(text, max(first, match.start() - 6), match.start()):
                continue
        yield match.end()


def company_near(
    spans: Sequence[CompanySpan],
    start: int,
    end: int,
    sentence: tuple[int, int],
    sentences: Sentences,
) -> str | None:
    """The company that a figure is said of; None when none is near, or two equally.

    ``spans`` are those of the same text (headline or body).  A company that touches the figure
    (Ford's $19 billion, a $90,000 Ford) is the one; else the only one in the figure's clause; else
    the only one in the sentence when it stands before the figure and the clause has no owner of its
    own.  A figure given to the wrong company is worse than one given to none.
    """
    inside = [span for span in spans if span.start >= sentence[0] and span.end <= sentence[1]]
    if not inside:
        return None
    touching = {span.name for span in inside if sentences.touches(span, start, end)}
    if len(touching) == 1:
        return touching.pop()
    begin, until = sentences.clause(start, end, sentence)
    near = {span.name for span in inside if span.start >= begin and span.end <= until}
    if near:
        return near.pop() if len(near) == 1 else None
    names = {span.name for span in inside}
    if len(names) > 1 or inside[0].start > start or inside[0].in_title:
        return None
    # Of another clause only its subject goes on: not who a thing was "made by" or sold "to".
    if sentences.has_owner(begin, until) or not sentences.is_subject(inside[0]):
        return None
    return names.pop()
