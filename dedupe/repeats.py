"""Text that repeats inside one article comes out once; everything else stays to the byte.

How the work is divided.  *Candidates*: every 5-gram of words is hashed and sorted, and equal ones
become anchors (``dedupe.align``).  A text without any, as most are, is done there.  Chaining on
diagonals and aligning the gaps *confirms* them word by word.  *Judgement*, here: whole sentences
are judged, by how much of them stands in the other copy, then whole regions, by layout.

Why anchors and not MinHash over windows: inside one text the k-grams can be compared outright,
which a sketch (Broder 1997) only estimates; and the alignment needs the places anyhow.  At 25 %
changed words a 100-word paragraph keeps some 24 common 5-grams, so nothing is missed that a
window sketch would find.  The cut itself follows work on repeated text in web corpora: onion's
paragraph n-grams (Pomikálek 2011) and exact-substring removal (Lee et al. 2022), but asks of a
cut what those do not: that it begins and ends where a copy of a *layout* does.  A sentence lifted
out of its paragraph is a pull quote or a key point; the same paragraph between different ones
three times is a refrain or a disclaimer; the same sentence with other numbers is a price report.

Cutting what was meant is the worse mistake.  A doubtful repeat stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dedupe.align import Chain, chains, repeated_runs
from dedupe.copies import Cut, Reading, decide
from dedupe.models import Repeat, RepeatReport
from dedupe.policy import RepeatPolicy
from dedupe.segments import lines, units
from dedupe.text import count_words, fold, is_unspaced, raw_words, word_spans

DEFAULT = RepeatPolicy()
_Ints = npt.NDArray[np.int64]


def remove_repeats(text: str, policy: RepeatPolicy = DEFAULT) -> RepeatReport:
    """``text`` with each repeated stretch once, and what was cut, in characters of ``text``.

    Never raises on any string.  Over ``policy.longest_text`` characters the text passes through
    with ``looked=False``.  ``remove_repeats(report.text)`` finds nothing more.
    """
    if len(text) > policy.longest_text:
        return RepeatReport(text=text, looked=False)
    current = text
    # For each character of the current text its place in ``text``; a break put in at ``at`` is
    # ``-1 - at``.
    origin: _Ints = np.arange(len(text))
    repeats: list[Repeat] = []
    for _ in range(policy.rounds):
        cuts, parted = _find(current, policy)
        if not cuts:
            return RepeatReport(
                text=current,
                repeats=tuple(sorted(repeats, key=lambda repeat: repeat.start)),
                breaks=tuple(sorted((-1 - origin[origin < 0]).tolist())),
            )
        for cut in cuts:
            repeats.extend(_rows(text, origin, cut))
        current, origin = _without(current, origin, cuts, parted)
    # It did not settle: such a text is no article, and half a cut is worse than none.
    return RepeatReport(text=text)


def restore(report: RepeatReport) -> str:
    """The original text, rebuilt from what is left and what was cut."""
    out: list[str] = []
    at = 0
    place = 0
    marks = sorted(
        [(repeat.start, 1, repeat.removed_text) for repeat in report.repeats]
        + [(offset, 0, "") for offset in report.breaks]
    )
    for offset, is_cut, removed in marks:
        out.append(report.text[at : at + offset - place])
        at += offset - place
        place = offset
        if is_cut:
            out.append(removed)
            place += len(removed)
        else:
            at += 1
    out.append(report.text[at:])
    return "".join(out)


def _rows(text: str, origin: _Ints, cut: Cut) -> list[Repeat]:
    """The cut in characters of the original; several rows where earlier cuts lie inside it."""
    removed = origin[cut.start : cut.end]
    removed = removed[removed >= 0]
    of = origin[cut.of_start : cut.of_end]
    of = of[of >= 0]
    if not len(removed) or not len(of):
        return []
    breaks = np.flatnonzero(np.diff(removed) != 1) + 1
    rows = []
    for stretch in np.split(removed, breaks):
        start, end = int(stretch[0]), int(stretch[-1]) + 1
        rows.append(
            Repeat(
                start=start,
                end=end,
                of_start=int(of[0]),
                of_end=int(of[-1]) + 1,
                words=count_words(text[start:end]),
                similarity=cut.similarity,
                removed_text=text[start:end],
            )
        )
    return rows


def _without(current: str, origin: _Ints, cuts: list[Cut], parted: set[int]) -> tuple[str, _Ints]:
    """``current`` without ``cuts`` and with a line break at each point of ``parted``."""
    pieces: list[str] = []
    places: list[_Ints] = []
    edges = [0]
    for cut in cuts:
        edges += [cut.start, cut.end]
    edges.append(len(current))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        at = start
        for point in sorted(point for point in parted if start <= point < end):
            pieces += [current[at:point], "\n"]
            before = origin[at:point]
            places += [before, np.array([-1 - _place(origin, point)])]
            at = point
        pieces.append(current[at:end])
        places.append(origin[at:end])
    return "".join(pieces), np.concatenate(places)


def _place(origin: _Ints, point: int) -> int:
    """The original place of the character at ``point`` of the current text."""
    place = int(origin[point])
    return place if place >= 0 else -1 - place


def _find(text: str, policy: RepeatPolicy) -> tuple[list[Cut], set[int]]:
    """What to cut out of ``text``, ascending and disjoint, and where to put in a line break."""
    ascii_only = text.isascii()
    raw = raw_words(text.lower() if ascii_only else text)
    if len(raw) < 2 * policy.least_words:
        return [], set()
    numbers: dict[str, int] = {}
    ids = [numbers.setdefault(word, len(numbers)) for word in raw]
    unspaced = False
    if not ascii_only:
        same: dict[str, int] = {}
        folded = [same.setdefault(fold(word), len(same)) for word in numbers]
        ids = [folded[number] for number in ids]
        unspaced = sum(map(is_unspaced, numbers)) * 2 > len(numbers)
    k = policy.gram_unspaced if unspaced else policy.gram_words
    runs = repeated_runs(np.array(ids), k, policy.least_words, policy.most_runs)
    if not runs:
        return [], set()
    found = chains(ids, runs, policy)
    if not found or found[0].matched < policy.least_words:
        return [], set()
    reading = _read(text, word_spans(text), raw, found, policy)
    return decide(reading, policy)


def _read(
    text: str,
    spans: list[tuple[int, int]],
    tokens: list[str],
    found: list[Chain],
    policy: RepeatPolicy,
) -> Reading:
    laid = lines(text)
    copies = np.full(len(spans), -1)
    twice = np.zeros(len(spans) + 1, dtype=np.int64)
    for chain in reversed(found):
        copies[chain.later] = chain.earlier
        twice[chain.later + 1] = 1
        twice[chain.earlier + 1] = 1
    busy = np.cumsum(twice).tolist()
    parts = units(text, spans, laid, _joints(text, spans, tokens, found), busy)
    weight = [1.0] * len(spans)
    if not text.isascii():
        weights = {
            word: policy.unspaced_weight if is_unspaced(word) else 1.0 for word in set(tokens)
        }
        weight = [weights[word] for word in tokens]
    return Reading(text, spans, tokens, laid, parts, copies.tolist(), weight)


def _joints(
    text: str, spans: list[tuple[int, int]], tokens: list[str], found: list[Chain]
) -> set[int]:
    """Characters at which the later copy of a chain was stuck to what stands before it."""
    joints: set[int] = set()
    for chain in found:
        if chain.matched < 12:
            continue
        a, b = int(chain.earlier[0]), int(chain.later[0])
        if a > 0 and b > 0 and fold(tokens[b - 1]) != fold(tokens[a - 1]):
            # "voicethe term" is the last word of one copy and the first of the next.
            head = text[spans[a - 1][0] : spans[a - 1][1]]
            start, end = spans[b - 1]
            if text[start:end].endswith(head) and spans[a - 1][0] == _line_start(
                text, spans[a - 1][0]
            ):
                joints.add(end - len(head))
                continue
        end_a = int(chain.earlier[-1]) + 1
        at = spans[b][0]
        if end_a == b or spans[a][0] == _line_start(text, spans[a][0]):
            joints.add(at)
    return joints


def _line_start(text: str, at: int) -> int:
    start = text.rfind("\n", 0, at) + 1
    while start < at and not text[start].isalnum():
        start += 1
    return start
