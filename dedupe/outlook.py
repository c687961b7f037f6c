"""What of a text may be cut at all, told from the lines that hold copies.

Of a hundred articles a quarter say some ten words twice and one says a paragraph twice.  To judge
all that stands twice, its lines are parted into sentences, on both sides; to see that no judgement
can end in a cut less is enough.  What is asked here is necessary for every cut: a text for which
it fails would have been left as it is.  Passing costs time only, so where a question would need the
other copy's sentences it is answered by yes.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from dedupe.place import opens, shuts
from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.regions import can_go, stretches


def outlook(reading: Reading, policy: RepeatPolicy) -> Reading | None:
    """``reading`` with those lines parted only on which the first cut hangs; None if there is none.

    Whatever is the first to be judged a copy in ``reading`` is judged one in it as well.
    """
    groups = _together(reading, policy)
    if not groups:
        return None
    copies = reading.parting([number for group in groups for number in group])
    group_of = {number: group for group in groups for number in group}
    asked: set[int] = set()
    for copied in stretches(copies, policy):
        if may_go(copies, copied, policy):
            first, last = copies.units[copied[0]], copies.units[copied[-1]]
            asked.update(group_of[first.line])
            # What lies between the copies tells whether it is furniture.
            low = reading.line_of(max(0, first.first - policy.furniture_words))
            asked.update(range(low, last.line + 1))
    if not asked:
        return None
    partners = np.concatenate(
        [reading.partner[reading.lines[at].first : reading.lines[at].last] for at in asked]
    )
    asked.update(reading.lines_of(partners[partners >= 0]))
    return reading.parting([number for number in reading.parted if number in asked])


def may_go(reading: Reading, copied: list[int], policy: RepeatPolicy) -> bool:
    """Whether the stretch of units ``copied``, or a part of it, may go before all else."""
    return can_go(reading, copied, policy) and _can_stand(reading, copied, policy)


def _together(reading: Reading, policy: RepeatPolicy) -> list[list[int]]:
    """The lines with copied words, each group so near that a stretch may run through it.

    Without the groups that have too few of such words.
    """
    counts = Counter(reading.lines_of(np.flatnonzero(reading.partner >= 0)))
    groups: list[list[int]] = []
    last = 0
    for number in counts:
        line = reading.lines[number]
        if not groups or line.first - last > policy.bridge_words:
            groups.append([])
        groups[-1].append(number)
        last = line.last
    least = policy.least_words
    return [group for group in groups if sum(counts[number] for number in group) >= least]


def _can_stand(reading: Reading, copied: list[int], policy: RepeatPolicy) -> bool:
    """Whether the units ``copied`` may lie as a copy does.

    One that is no long excerpt begins and ends where a paragraph does, or was glued on there; or
    its original stands before it in its paragraph, or no more than furniture is between.
    """
    units = reading.units
    most = sum(reading.matched[number] for number in copied)
    if most >= policy.excerpt_words:
        return True
    opening, closing = units[copied[0]], units[copied[-1]]
    source = int(reading.partner[opening.first : closing.last].max())
    near = opening.first - reading.lines[reading.line_of(source)].last
    if near < 0 or (near <= policy.furniture_words and most >= policy.apart_words):
        return True
    long = most >= policy.short_words
    begins = [number for number in copied if opens(reading.text, units[number], long)]
    return bool(begins) and any(
        shuts(reading.text, units[number], long) for number in copied if number >= begins[0]
    )
