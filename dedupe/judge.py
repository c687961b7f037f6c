"""Whether a region of repeated sentences is a copy, by the layout of both places.

A copy begins and ends where its original does, at paragraph ends or where it was glued on.
Keeping a copy costs a reader some seconds; cutting a refrain, a pull quote or a row of a price
list falsifies the article.  So each rule here names the least evidence on which it cuts, and
whatever no rule claims stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading
from dedupe.regions import Region, split
from dedupe.segments import WIDE_ENDS, Unit, sentence_starts
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
    amount = _amount(reading, region, policy)
    prose, plain, sentences = amount.prose, amount.plain, amount.sentences
    if max(prose, plain) < policy.least_words or _is_template(reading, region, prose, policy):
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

    place = _place(reading, region, prose, policy)
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
    unit_b, where_b = np.unique(reading.unit_of[region.words], return_inverse=True)
    unit_a, where_a = np.unique(reading.unit_of[region.source], return_inverse=True)
    style_b = [reading.style_of(number) for number in unit_b.tolist()]
    style_a = [reading.style_of(number) for number in unit_a.tolist()]
    marked_b = np.array([style.marked for style in style_b])[where_b]
    marked_a = np.array([style.marked for style in style_a])[where_a]
    prose_b = np.array([style.prose for style in style_b])[where_b]
    prose_a = np.array([style.prose for style in style_a])[where_a]
    weight = reading.weight[region.words]
    alike = marked_a == marked_b
    unlike = float(weight[~alike].sum())
    if unlike >= policy.excerpt_words and len(split(reading, region, policy)) == 1:
        alike = np.ones_like(alike)  # the same text with and without its marks; no key points
    running = weight * (alike & prose_a & prose_b)
    return _Amount(
        prose=float(running.sum()),
        plain=float(weight[alike].sum()),
        sentences=min(
            int((np.bincount(where, weights=running) >= _PHRASE).sum())
            for where in (where_a, where_b)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """How the two copies lie to each other and to the paragraphs around them."""

    contact: bool
    """The later copy follows the earlier at once..."""
    near: bool
    """...or with headings and buttons between."""
    whole: bool
    """Both begin and end where a paragraph does, or were glued on there."""
    back_to_back: bool
    """In contact within one line, from the beginning of a sentence."""
    cut_short: bool
    """The later copy is a paragraph that stops in the middle of a sentence of the earlier."""
    paragraphs: int
    """Lines in the copy that has fewer."""


def _place(reading: Reading, region: Region, prose: float, policy: RepeatPolicy) -> _Place:
    text, units, unit_of = reading.text, reading.units, reading.unit_of
    a_first, a_end = region.hull
    b_open_unit, b_shut_unit = units[region.copied[0]], units[region.copied[-1]]
    a_open_unit, a_shut_unit = units[unit_of[a_first]], units[unit_of[a_end - 1]]
    following = int(unit_of[a_end - 1]) + 1
    contact = following >= region.copied[0]
    long = prose >= policy.short_words
    b_open = _opens(text, b_open_unit, long)
    b_shut = _shuts(text, b_shut_unit, long)
    lead = text[a_open_unit.start : int(reading.words.starts[a_first])]
    slack = 1 if prose < policy.short_words else 3
    a_starts = a_first <= a_open_unit.first + slack and ":" not in lead
    a_open = a_starts and _opens(text, a_open_unit, long)
    a_shut = contact or (a_end >= a_shut_unit.last - 2 and _shuts(text, a_shut_unit, long))
    lines_b = len({units[number].line for number in region.copied})
    lines_a = len({units[number].line for number in _source_units(reading, region)})
    return _Place(
        contact=contact,
        near=contact or _is_furniture(reading, following, region.copied[0], policy),
        whole=a_open and a_shut and b_open and b_shut,
        back_to_back=contact and a_starts and a_shut_unit.line == b_open_unit.line,
        cut_short=a_starts
        and b_open_unit.opens_line
        and b_shut_unit.closes_line
        and _breaks_off(reading, a_end),
        paragraphs=min(lines_a, lines_b),
    )


def _opens(text: str, unit: Unit, long: bool) -> bool:
    """Whether ``unit`` begins its line or is stuck to what stands before it.

    Behind a full stop after which no space is due, only a ``long`` copy counts as stuck on.
    """
    before = text[unit.start - 1]
    return unit.opens_line or not (before.isspace() or (before in WIDE_ENDS and not long))


def _shuts(text: str, unit: Unit, long: bool) -> bool:
    """Whether ``unit`` ends its line or is stuck to what follows."""
    if unit.closes_line:
        return True
    return not (text[unit.end].isspace() or (text[unit.end - 1] in WIDE_ENDS and not long))


def _source_units(reading: Reading, region: Region) -> list[int]:
    found: list[int] = distinct(reading.unit_of[region.source]).tolist()
    return found


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
    return all(units[number].line != line for number in _source_units(reading, region))


def _asks(reading: Reading, number: int) -> bool:
    """Whether line ``number`` ends in a colon, or is a question and nothing else."""
    line = reading.laid[number]
    text = reading.text[line.start : line.end]
    if text[-1] in ":：":
        return True
    return text[-1] in "?？؟" and not sentence_starts(text, 0, len(text))


def _breaks_off(reading: Reading, a_end: int) -> bool:
    """Whether the earlier copy runs on in mid-clause where the later one stops.

    A pull quote ends where a clause does; only a machine cuts between two words.
    """
    words = reading.words
    if a_end >= len(words):
        return False
    gap = reading.text[int(words.ends[a_end - 1]) : int(words.starts[a_end])]
    return gap == "" or (gap.isspace() and "\n" not in gap)


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
    here = np.diff(before[np.r_[first.first, words + 1]])
    here -= reading.figures[words]
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


def _is_furniture(reading: Reading, first: int, last: int, policy: RepeatPolicy) -> bool:
    """Whether only headings, buttons and the like stand in units ``[first, last)``."""
    units = reading.units
    if first >= last:
        return True
    if units[last - 1].last - units[first].first > policy.furniture_words:
        return False
    return not any(
        unit.words > 8 and reading.style_of(number).prose
        for number, unit in enumerate(units[first:last], first)
    )
