"""Whether a region of repeated sentences is a copy, by the layout of both places.

A copy begins and ends where its original does, at paragraph ends or where it was glued on.
Keeping a copy costs a reader some seconds; cutting a refrain, a pull quote or a row of a price
list falsifies the article.  So each rule here names the least evidence on which it cuts, and
whatever no rule claims stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dedupe.place import Place, source_units
from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.regions import Region, split
from dedupe.segments import sentence_starts
from dedupe.tokens import distinct

_PHRASE = 4
"""Words of running text that make a sentence."""


def is_copy(reading: Reading, region: Region, policy: RepeatPolicy) -> bool:
    """Whether ``region`` says again what stands earlier, and was not meant to."""
    units = reading.units
    total = sum(units[number].words for number in region.copied)
    similarity = len(region.words) / max(1, total)
    exact = similarity >= policy.exact_share
    if _is_slight(reading, region, similarity, policy):
        return False
    # The place first, as if all of it were running text: most that stands twice is a phrase in
    # the middle of a sentence, and to see where it stands costs least.
    most = float(reading.weight[region.words].sum())
    place = Place(reading, region, policy, long=most >= policy.short_words)
    if not _is_placed(place, most, policy):
        return False
    amount = _amount(reading, region, policy)
    prose, plain, sentences = amount.prose, amount.plain, amount.sentences
    if max(prose, plain) < policy.least_words:
        return False
    if not exact and prose < policy.near_words:
        return False  # one word put in may be "not"
    if prose < policy.short_words and similarity < policy.adjacent_share:
        return False
    if not exact and len(distinct(region.source)) < policy.folded * len(region.words):
        return False  # several rows or clauses on one form, or several copies: those one by one
    introduced = _is_introduced(reading, region)
    if introduced and prose < policy.short_words:
        return False
    if _is_template(reading, region, prose, policy):
        return False

    if prose < policy.short_words <= most:
        place = Place(reading, region, policy, long=False)
    # Clauses of one wording follow one another; each names something else.
    breaks = int((np.diff(region.words) > 1).sum())
    alone = sentences < 2 and not exact and breaks <= policy.clause_breaks
    both = min(similarity, _held(region))
    if alone and both < policy.apart_share:
        worked_over = both >= policy.adjacent_share and prose >= policy.near_words
        if not (worked_over and place.contact and _is_edited(region)):
            return False
    contact, near, whole, paragraphs = place.contact, place.near, place.whole, place.paragraphs
    if _copies(reading, region) > 2:
        # A refrain or a disclaimer, unless the copies follow one another.
        the_same = similarity > 0.995 or (exact and paragraphs == 1)  # terms of several offers
        if place.back_to_back and the_same and sentences >= 3:
            return True
        follows = (contact and not alone) or (near and paragraphs >= 3 and sentences >= 3)
        in_order = exact or len(split(reading, region, policy)) == 1
        return whole and follows and in_order and prose >= policy.least_words
    if contact and whole:
        return prose >= policy.least_words or (exact and plain >= policy.least_words)
    if place.back_to_back and similarity >= policy.apart_share:
        return prose >= policy.least_words
    if near and whole and prose >= policy.near_words:
        return True
    # So much text does not come back by chance or by habit, whatever became of its order.
    long = prose >= policy.long_words
    in_order = long or len(split(reading, region, policy)) == 1
    if near and in_order and prose >= policy.apart_words and sentences >= 3:
        return True
    if similarity < policy.apart_share and not long:
        return False
    if place.cut_short:
        return prose >= policy.near_words
    filled = units[region.copied[-1]].last - units[region.copied[0]].first > total
    if whole and paragraphs >= 2 and exact and not introduced and _is_section(reading, region):
        # Two whole paragraphs in a row come back by accident only when they are verse.
        enough = max(policy.near_words, paragraphs * policy.least_words)
        if prose >= enough and in_order and not filled:
            return True
    if whole and not introduced:
        if plain >= policy.menu_words and exact and in_order:
            return True
        # With its own words in the middle it is one entry of a list of similar ones.
        return prose >= (policy.short_words if filled else policy.apart_words)
    return in_order and prose >= policy.excerpt_words and sentences >= policy.excerpt_sentences


def _is_slight(reading: Reading, region: Region, similarity: float, policy: RepeatPolicy) -> bool:
    """Whether the region has too few words whatever they are; most end here, unread.

    What is asked of its running text, asked of all its words.
    """
    most = float(reading.weight[region.words].sum())
    if most < policy.short_words and similarity < policy.adjacent_share:
        return True
    if similarity >= policy.exact_share:
        return most < policy.least_words
    return most < max(policy.least_words, policy.near_words)


def _is_placed(place: Place, most: float, policy: RepeatPolicy) -> bool:
    """Whether a region of ``most`` words of running text may go from such a place.

    Every way on which ``is_copy`` cuts begins with one of these.
    """
    if place.whole or place.back_to_back or place.cut_short:
        return True
    return most >= policy.excerpt_words or (most >= policy.apart_words and place.near)


def _is_section(reading: Reading, region: Region) -> bool:
    """Whether the copy is two paragraphs of running text, or one under its heading.

    With what closes every letter or entry ("Yours faithfully,") one paragraph is still one.
    """
    units = reading.units
    running = {
        units[number].line
        for number in region.copied
        if units[number].words >= _PHRASE and reading.style_of(number).prose
    }
    return len(running) >= 2 or units[region.copied[0]].line not in running


def _is_edited(region: Region) -> bool:
    """Whether words were dropped, put in or moved in two places.  A form only replaces them."""
    more, less = np.diff(region.words) > 1, np.diff(region.source) > 1
    return int((more != less).sum()) >= 2


def _held(region: Region) -> float:
    """Share of the earlier copy's words that stand in the later one."""
    low, high = region.hull
    return len(distinct(region.source)) / (high - low)


@dataclass(frozen=True, slots=True)
class _Amount:
    """How much of a region stands in the other copy, in weighed words."""

    prose: float
    """Running text on both sides."""
    plain: float
    """Laid out alike on both sides: both list entries, or neither."""
    sentences: int
    """Of the copy that has fewer."""


def _amount(reading: Reading, region: Region, policy: RepeatPolicy) -> _Amount:
    here, there = reading.unit_of[region.words], reading.unit_of[region.source]
    prose = np.zeros(len(reading.units), dtype=bool)
    marked = np.zeros(len(reading.units), dtype=bool)
    for number in {*here.tolist(), *there.tolist()}:
        style = reading.style_of(number)
        prose[number], marked[number] = style.prose, style.marked
    weight = reading.weight[region.words]
    alike = marked[there] == marked[here]
    unlike = float(weight[~alike].sum())
    if unlike >= policy.excerpt_words and len(split(reading, region, policy)) == 1:
        alike = np.ones_like(alike)  # the same text with and without its marks; no key points
    running = weight * (alike & prose[there] & prose[here])
    return _Amount(
        prose=float(running.sum()),
        plain=float(weight[alike].sum()),
        sentences=min(
            int(np.count_nonzero(np.bincount(where, weights=running) >= _PHRASE))
            for where in (there, here)
        ),
    )


def _copies(reading: Reading, region: Region) -> int:
    """How often the middle word of the region stands in the text, at least 2.

    Its longest sentence is counted as well: the chains that were left out as echoes of longer
    ones hide how often a note stands.
    """
    times = np.sort(reading.times[region.words])
    longest = max((reading.units[number] for number in region.copied), key=lambda unit: unit.words)
    written = reading.text.count(reading.text[longest.start : longest.end])
    return max(2, int(times[len(times) // 2]), written)


def _is_introduced(reading: Reading, region: Region) -> bool:
    """Whether a line asks for the passage: ``He wrote:``, ``Which one is best?``.

    It stands before the copy, or is taken for its first sentence because it resembles the line
    that asked before.  A paragraph that merely ends in a question does not ask for the next.
    """
    units = reading.units
    first = units[region.copied[0]]
    copied = {units[number].line for number in region.copied}
    asks = first.opens_line and first.closes_line and len(copied) > 1
    if asks and _asks(reading, first.line):
        return bool(
            np.count_nonzero(reading.unit_of[region.words] == region.copied[0]) < first.words
        )
    line = first.line - 1
    if line < 0 or not _asks(reading, line):
        return False
    return all(units[number].line != line for number in source_units(reading, region))


def _asks(reading: Reading, number: int) -> bool:
    """Whether line ``number`` ends in a colon, or is a question and nothing else."""
    line = reading.laid[number]
    text = reading.text[line.start : line.end]
    if text[-1] in ":：":
        return True
    return text[-1] in "?？؟" and not sentence_starts(text, 0, len(text))


def _is_template(reading: Reading, region: Region, prose: float, policy: RepeatPolicy) -> bool:
    """Whether the copies differ in their figures as two rows of a table do."""
    figures = int(reading.figures[reading.words_in(region.copied)].sum())
    replaced = _replaced_figures(reading, region)
    if prose < policy.short_words:
        return replaced > 0
    if figures < 4:
        return replaced >= 2
    return replaced > policy.numbers_changed * figures


def _replaced_figures(reading: Reading, region: Region) -> int:
    """Figures of the later copy in whose place the earlier one has another.

    The place is what lies between the same two words of both; what was dropped here and what was
    moved there is no replacement.
    """
    units, unit_of = reading.units, reading.unit_of
    before = reading.figures_before
    words, source = region.words, region.source
    first, last = units[region.copied[0]], units[region.copied[-1]]
    up_to = before[words + 1]
    here = up_to - reading.figures[words]
    here[0] -= before[first.first]
    here[1:] -= up_to[:-1]
    replaced = 0
    for number in np.flatnonzero(here).tolist():
        high = int(source[number])
        low = int(source[number - 1]) + 1 if number else high + 1
        there = before[high] - before[units[unit_of[high]].first if low > high else low]
        if low > high and number:  # a further copy, or a part from elsewhere, begins here
            there += before[units[unit_of[low - 1]].last] - before[low]
        replaced += min(int(here[number]), int(there))
    trailing = before[last.last] - before[int(words[-1]) + 1]
    end = int(source[-1])
    there = before[units[unit_of[end]].last] - before[end + 1]
    return replaced + min(int(trailing), int(there))
