"""Text that repeats inside one article comes out once; everything else stays to the byte.

How the work is divided.  *Anchors*: every 5-gram of words is hashed and sorted, equal ones are
chained on diagonals and aligned (``dedupe.align``).  That compares a text with itself outright,
which a sketch only estimates, and gives the places.  *Windows*: MinHash (Broder 1997) over
paragraphs finds the copies in which no five words in a row survived, and alignment confirms them
(``dedupe.windows``).  On news paragraphs with every fifth word replaced, one standing after its
original, anchors alone cut 31 of 60 and both 59; with every fourth, 1 and 41; with words changed
at random windows add nothing, because anchors survive.  Shuffled words do not align and stay.
*Judgement*: whole sentences, then regions, by how much of them stands in the other copy and by
layout (``dedupe.regions``, ``dedupe.judge``); ``dedupe.copies`` chooses the copy that goes.

The cut itself follows work on repeated text in web corpora: onion's
paragraph n-grams (Pomikálek 2011) and exact-substring removal (Lee et al. 2022), but asks of a
cut what those do not: that it begins and ends where a copy of a *layout* does.  A sentence lifted
out of its paragraph is a pull quote or a key point; the same paragraph between different ones
three times is a refrain or a disclaimer; the same sentence with other numbers is a price report.

Cutting what was meant is the worse mistake.  A doubtful repeat stays.
"""

from __future__ import annotations

import numpy as np

from dedupe.align import chains, without_echoes
from dedupe.captions import captions
from dedupe.copies import Cut, decide
from dedupe.models import Repeat, RepeatReport
from dedupe.policy import RepeatPolicy
from dedupe.reading import read
from dedupe.runs import repeated_runs
from dedupe.segments import lines, reach_of
from dedupe.teasers import teasers
from dedupe.text import count_words
from dedupe.tokens import Ints, Tokens, tokens
from dedupe.windows import doubled_lines, rewritten

DEFAULT = RepeatPolicy()


def remove_repeats(text: str, policy: RepeatPolicy = DEFAULT) -> RepeatReport:
    """``text`` with each repeated stretch once, and what was cut, in characters of ``text``.

    Never raises on any string.  Over ``policy.longest_text`` characters, or with more than
    ``policy.most_chains`` repeats of a paragraph's length, the text passes through with
    ``looked=False``.  ``remove_repeats(report.text)`` finds nothing more.
    """
    if len(text) > policy.longest_text:
        return RepeatReport(text=text, looked=False)
    current = text
    # For each character of the current text its place in ``text``; a break put in at ``at`` is
    # ``-1 - at``.  None of it while nothing is cut.
    origin: Ints | None = None
    repeats: list[Repeat] = []
    for _ in range(policy.rounds):
        words = tokens(current)
        found = _find(current, words, policy)
        if found is None:
            return RepeatReport(text=text, looked=False)
        cuts, parted = found
        if origin is None:
            if not cuts:
                return RepeatReport(text=text, words=len(words), word_hashes=words.simple_hashes())
            origin = np.arange(len(text))
        if not cuts:
            return RepeatReport(
                text=current,
                repeats=tuple(sorted(repeats, key=lambda repeat: repeat.start)),
                breaks=tuple(sorted((-1 - origin[origin < 0]).tolist())),
                words=len(words),
                word_hashes=words.simple_hashes(),
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


def _rows(text: str, origin: Ints, cut: Cut) -> list[Repeat]:
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


def _without(current: str, origin: Ints, cuts: list[Cut], parted: set[int]) -> tuple[str, Ints]:
    """``current`` without ``cuts`` and with a line break at each point of ``parted``."""
    pieces: list[str] = []
    places: list[Ints] = []
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


def _place(origin: Ints, point: int) -> int:
    """The original place of the character at ``point`` of the current text."""
    place = int(origin[point])
    return place if place >= 0 else -1 - place


def _find(text: str, words: Tokens, policy: RepeatPolicy) -> tuple[list[Cut], set[int]] | None:
    """What to cut out of ``text``, ascending and disjoint, and where to put in a line break.

    None where so much repeats that nobody looked.
    """
    if len(words) < 2 * policy.least_words:
        return [], set()
    k = policy.gram_unspaced if words.mostly_unspaced else policy.gram_words
    runs = repeated_runs(words.ids, words.often, k, policy.least_words, policy.most_runs)
    found = chains(words.ids, runs, policy) if runs else []
    if found is None:
        return None
    laid, written = lines(text)
    reach = reach_of(words.starts, laid)
    found += rewritten(words, reach, found, policy)
    found += doubled_lines(written, reach, policy)
    found.sort(key=lambda chain: (-chain.matched, int(chain.later[0])))
    if not found or found[0].matched < policy.least_words:
        return [], set()
    broken = teasers(text, words, laid, reach, policy) or captions(text, words, laid, reach, policy)
    if broken:
        return [Cut(*places, similarity=1.0) for places in broken], set()
    clear = without_echoes(found, len(words), policy)
    if len(clear) < len(found):
        cuts, parted = decide(read(text, words, laid, reach, clear, policy), policy)
        if cuts:
            return cuts, parted
    return decide(read(text, words, laid, reach, found, policy), policy)
