"""Which parallel stretches of a text are copies, and which of the two copies goes.

Judged on whole sentences, then on regions of them, by layout: a copy begins and ends where its
original does, at paragraph ends or where it was glued on.  Keeping a copy costs a reader some
seconds; cutting a refrain, a pull quote or a row of a price list falsifies the article.  So each
rule here names the least evidence on which it cuts, and whatever no rule claims stays.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from dedupe.policy import RepeatPolicy
from dedupe.segments import Line, Style, Unit, link_spans, style


@dataclass(frozen=True, slots=True)
class Reading:
    """A text taken apart, as far as judging needs it."""

    text: str
    spans: list[tuple[int, int]]
    tokens: list[str]
    laid: list[Line]
    units: list[Unit]
    partner: list[int]
    """For each word the earlier word that it copies, or -1."""
    weight: list[float]
    """For each word 1, or less for a character of an unspaced script."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch to take out, white space included, and the copy that stays."""

    start: int
    end: int
    of_start: int
    of_end: int
    similarity: float


@dataclass(frozen=True, slots=True)
class _Region:
    """Consecutive units of which nearly each stands earlier in the text."""

    copied: list[int]
    """The units in it that are copies; what lies between them is furniture."""
    source: dict[int, int]
    """Word of the region -> the earlier word that it copies, outside the region."""


def decide(reading: Reading, policy: RepeatPolicy) -> tuple[list[Cut], set[int]]:
    """The cuts, ascending and disjoint, and the characters before which a line break is due."""
    judge = _Judge(reading, policy)
    for region in judge.regions():
        judge.consider(region)
    return judge.cuts(), judge.parted


class _Judge:
    """One pass over one text; holds what was decided so far."""

    def __init__(self, reading: Reading, policy: RepeatPolicy) -> None:
        self.reading = reading
        self.policy = policy
        self.unit_starts = [unit.first for unit in reading.units]
        self.gone: dict[int, dict[int, int]] = {}
        """Unit that goes -> its words' counterparts in the copy that stays."""
        self.needed: set[int] = set()
        """Units that a cut relies on."""
        self.parted: set[int] = set()
        self.roots = self._roots()
        self.links = link_spans(reading.text)
        self.styles: dict[int, Style] = {}

    def style_of(self, number: int) -> Style:
        """The style of the line in which unit ``number`` lies."""
        place = self.reading.units[number].line
        found = self.styles.get(place)
        if found is None:
            line = self.reading.laid[place]
            found = self.styles[place] = style(self.reading.text[line.start : line.end])
        return found

    def unit_of(self, word: int) -> int:
        """The unit in which ``word`` lies."""
        return bisect_right(self.unit_starts, word) - 1

    def _roots(self) -> list[int]:
        """How often each word's first occurrence was copied, by word."""
        partner = self.reading.partner
        root = list(range(len(partner)))
        for word, earlier in enumerate(partner):
            if earlier >= 0:
                root[word] = root[earlier]
        times = [0] * len(partner)
        for word in root:
            times[word] += 1
        return [times[word] for word in root]

    # -- regions ---------------------------------------------------------------------------

    def regions(self) -> list[_Region]:
        """Stretches of copied units, furniture bridged."""
        policy = self.policy
        found: list[list[int]] = []
        current: list[int] = []
        idle = 0
        for number, unit in enumerate(self.reading.units):
            if self._is_copied(unit):
                current.append(number)
                idle = 0
            elif current:
                idle += unit.words
                if idle > policy.bridge_words:
                    found.append(current)
                    current, idle = [], 0
        if current:
            found.append(current)
        return [self._region(copied) for copied in found]

    def _is_copied(self, unit: Unit) -> bool:
        """Whether enough of ``unit`` stands earlier, and no stretch of it is news."""
        partner, weight = self.reading.partner, self.reading.weight
        if max(partner[unit.first : unit.last], default=-1) < 0:
            return False
        matched = 0
        news = longest = 0.0
        for word in range(unit.first, unit.last):
            if partner[word] >= 0:
                matched += 1
                news = 0.0
            else:
                news += weight[word]
                longest = max(longest, news)
        # A heading of a few words must stand in the other copy whole.
        share = 1.0 if unit.words <= 4 else self.policy.unit_share
        return 0 < matched >= share * unit.words and longest < self.policy.news_words

    def _region(self, copied: list[int]) -> _Region:
        """The region of ``copied``, each word traced to before the region and to what stays."""
        units, partner = self.reading.units, self.reading.partner
        begin = units[copied[0]].first
        source: dict[int, int] = {}
        for number in copied:
            unit = units[number]
            for word in range(unit.first, unit.last):
                earlier = partner[word]
                if earlier >= begin:
                    earlier = source.get(earlier, -1)
                if earlier >= 0:
                    source[word] = earlier
        return _Region(copied, source)

    def _split(self, region: _Region) -> list[_Region]:
        """``region`` parted where its source jumps."""
        parts: list[list[int]] = []
        last = -1
        for number in region.copied:
            words = self._sources(region, number)
            if not words:
                continue
            if last < 0 or not -2 <= words[0] - last <= self.policy.bridge_words:
                parts.append([])
            parts[-1].append(number)
            last = words[-1]
        return [self._region(part) for part in parts]

    def _sources(self, region: _Region, number: int) -> list[int]:
        unit = self.reading.units[number]
        return [
            region.source[word] for word in range(unit.first, unit.last) if word in region.source
        ]

    # -- judging ---------------------------------------------------------------------------

    def consider(self, region: _Region) -> None:
        """Cut one of the region's copies, or its parts' where it is pieced together, or none."""
        region = self._coherent(self._rebased(region))
        if not region.source:
            return
        hull = self._hull(region)
        compact = len(set(region.source.values())) >= 0.6 * (hull[1] - hull[0])
        if compact and self._is_copy(region):
            self._cut(region)
            return
        parts = self._split(region)
        if len(parts) > 1:
            for part in parts:
                part = self._rebased(part)
                if part.source and self._is_copy(part):
                    self._cut(part)

    def _coherent(self, region: _Region) -> _Region:
        """``region`` without the stray sentences that resemble some other place by a phrase."""
        parts = self._split(region)
        if len(parts) < 2:
            return region
        firm: list[int] = []
        for part in parts:
            words = sum(self.reading.units[number].words for number in part.copied)
            matched = len(part.source)
            alike = matched >= self.policy.adjacent_share * words
            if matched >= self.policy.short_words or (alike and matched >= self.policy.least_words):
                firm += part.copied
        if len(firm) == len(region.copied):
            return region
        kept = set(firm)
        inside = {
            word
            for number in kept
            for word in range(self.reading.units[number].first, self.reading.units[number].last)
        }
        return _Region(
            sorted(kept), {word: at for word, at in region.source.items() if word in inside}
        )

    def _rebased(self, region: _Region) -> _Region:
        """``region`` with sources in copies already cut replaced by those that stay."""
        if not self.gone:
            return region
        source = {}
        for word, earlier in region.source.items():
            at = earlier
            for _ in range(8):
                kept = self.gone.get(self.unit_of(at))
                if kept is None:
                    source[word] = at
                    break
                if at not in kept:
                    break
                at = kept[at]
        begin = self.reading.units[region.copied[0]].first
        if any(at >= begin for at in source.values()):
            return _Region(region.copied, {})  # the next pass sees it clear
        copied = [
            number
            for number in region.copied
            if any(
                word in source
                for word in range(self.reading.units[number].first, self.reading.units[number].last)
            )
        ]
        return _Region(copied, source) if copied else _Region(region.copied, {})

    @staticmethod
    def _hull(region: _Region) -> tuple[int, int]:
        sources = region.source.values()
        return min(sources), max(sources) + 1

    def _is_copy(self, region: _Region) -> bool:
        reading, policy = self.reading, self.policy
        units, text = reading.units, reading.text
        a_first, a_end = self._hull(region)
        b_unit, b_last = units[region.copied[0]], units[region.copied[-1]]
        total = sum(units[number].words for number in region.copied)
        similarity = len(region.source) / max(1, total)
        prose = plain = 0.0
        sentences = 0
        for number in region.copied:
            unit = units[number]
            inside = 0.0
            for word in range(unit.first, unit.last):
                earlier = region.source.get(word)
                if earlier is None:
                    continue
                source_style = self.style_of(self.unit_of(earlier))
                if source_style.marked == self.style_of(number).marked:
                    plain += reading.weight[word]
                    if source_style.prose and self.style_of(number).prose:
                        inside += reading.weight[word]
            prose += inside
            sentences += inside >= 4
        if max(prose, plain) < policy.least_words or self._is_template(region, prose):
            return False

        a_unit = units[self.unit_of(a_first)]
        a_close = units[self.unit_of(a_end - 1)]
        furniture = self._furniture(self.unit_of(a_end - 1) + 1, region.copied[0])
        contact = self.unit_of(a_end - 1) + 1 >= region.copied[0]
        near = contact or furniture
        b_open = b_unit.opens_line or not text[b_unit.start - 1].isspace()
        b_shut = b_last.closes_line or not text[b_last.end : b_last.end + 1].isspace()
        lead = text[a_unit.start : reading.spans[a_first][0]]
        slack = 1 if prose < policy.short_words else 3
        a_starts = a_first <= a_unit.first + slack and ":" not in lead
        a_open = a_starts and (a_unit.opens_line or not text[a_unit.start - 1].isspace())
        a_shut = contact or (
            a_end >= a_close.last - 2
            and (a_close.closes_line or not text[a_close.end : a_close.end + 1].isspace())
        )
        whole = a_open and a_shut and b_open and b_shut
        copies = max(reading_times(self.roots, region))

        exact = similarity >= policy.exact_share
        if not exact and prose < policy.near_words:
            return False  # one word put in may be "not"
        if prose < policy.short_words and similarity < policy.adjacent_share:
            return False
        lines_b = len({units[number].line for number in region.copied})
        lines_a = len({units[self.unit_of(word)].line for word in region.source.values()})
        paragraphs = min(lines_a, lines_b)
        introduced = self._is_introduced(region)
        if introduced and prose < policy.short_words:
            return False
        if copies > 2:
            # A refrain or a disclaimer, unless the copies follow one another.
            return (
                whole
                and prose >= policy.least_words
                and (contact or (near and paragraphs >= 3 and sentences >= 3))
            )
        if contact and whole:
            return prose >= policy.least_words or (exact and plain >= policy.least_words)
        if contact and a_starts and a_close.line == b_unit.line and similarity >= 0.9:
            return prose >= policy.least_words
        if near and whole and prose >= policy.near_words:
            return True
        # So much text does not come back by chance or by habit, whatever became of its order.
        long = prose >= policy.long_words
        in_order = long or len(self._split(region)) == 1
        if near and in_order and prose >= policy.apart_words and sentences >= 3:
            return True
        if similarity < policy.apart_share and not long:
            return False
        if a_starts and b_unit.opens_line and b_last.closes_line and self._breaks_off(a_end):
            return prose >= policy.near_words
        if whole and paragraphs >= 2 and exact and not introduced:
            # Two whole paragraphs in a row come back by accident only when they are verse.
            enough = max(policy.near_words, paragraphs * policy.least_words)
            if prose >= enough and in_order and b_last.last - b_unit.first == total:
                return True
        if whole and not introduced:
            # With its own words in the middle it is one entry of a list of similar ones.
            filled = b_last.last - b_unit.first > total
            if plain >= policy.menu_words and exact and in_order:
                return True
            return prose >= (policy.short_words if filled else policy.apart_words)
        return in_order and prose >= policy.excerpt_words and sentences >= policy.excerpt_sentences

    def _is_introduced(self, region: _Region) -> bool:
        """Whether the line before asks for the passage: ``He wrote:``, ``Which one is best?``."""
        laid, units = self.reading.laid, self.reading.units
        line = units[region.copied[0]].line - 1
        if line < 0 or self.reading.text[laid[line].end - 1] not in ":：?？؟":
            return False
        return all(units[self.unit_of(word)].line != line for word in region.source.values())

    def _breaks_off(self, a_end: int) -> bool:
        """Whether the earlier copy runs on in mid-clause where the later one stops.

        A pull quote ends where a clause does; only a machine cuts between two words.
        """
        text, spans = self.reading.text, self.reading.spans
        if a_end >= len(spans):
            return False
        gap = text[spans[a_end - 1][1] : spans[a_end][0]]
        return gap == "" or (gap.isspace() and "\n" not in gap)

    def _is_template(self, region: _Region, prose: float) -> bool:
        """Whether the copies differ in their figures as two rows of a table do."""
        units = self.reading.units
        counterparts = set(region.source.values())
        figures = changed = 0
        for number in region.copied:
            for word in range(units[number].first, units[number].last):
                if self._is_figure(word):
                    figures += 1
                    changed += word not in region.source
        low, high = self._hull(region)
        others = sum(
            1
            for word in range(low, min(high, units[region.copied[0]].first))
            if self._is_figure(word) and word not in counterparts
        )
        replaced = min(changed, others)
        if prose < self.policy.short_words:
            return replaced > 0
        return figures >= 4 and replaced > self.policy.numbers_changed * figures

    def _is_figure(self, word: int) -> bool:
        """Whether ``word`` is a number or part of a link: what a template fills anew."""
        reading = self.reading
        if reading.tokens[word][:1].isdigit():
            return True
        at = reading.spans[word][0]
        place = bisect_right(self.links, (at, len(reading.text))) - 1
        return place >= 0 and at < self.links[place][1]

    def _furniture(self, first: int, last: int) -> bool:
        """Whether only headings, buttons and the like stand in units ``[first, last)``."""
        units = self.reading.units
        between = units[first:last]
        return sum(unit.words for unit in between) <= self.policy.furniture_words and not any(
            self.reading.units[number].words > 8 and self.style_of(number).prose
            for number in range(first, last)
        )

    # -- cutting ---------------------------------------------------------------------------

    def _cut(self, region: _Region) -> None:
        units, policy = self.reading.units, self.policy
        sources = {self.unit_of(word) for word in region.source.values()}
        earlier = self._earlier_copy(region)
        if earlier and not (earlier & self.gone.keys()) and not (earlier & self.needed):
            back = {old: new for new, old in region.source.items()}
            for number in earlier:
                unit = units[number]
                self.gone[number] = {
                    word: back[word] for word in range(unit.first, unit.last) if word in back
                }
            self.needed |= set(region.copied)
            self._part(region.copied[0], min(earlier))
            return
        if set(region.copied) & self.needed:
            return
        for number in region.copied:
            unit = units[number]
            kept = {
                word: region.source[word]
                for word in range(unit.first, unit.last)
                if word in region.source
            }
            if len(kept) >= policy.unit_share * unit.words:
                self.gone[number] = kept
        self.needed |= sources

    def _part(self, kept: int, cut: int) -> None:
        """Where the copy that stays was glued on and the one that goes was not: a line break."""
        units, text = self.reading.units, self.reading.text
        start = units[kept].start
        if units[cut].opens_line and start > 0 and not text[start - 1].isspace():
            self.parted.add(start)

    def _earlier_copy(self, region: _Region) -> set[int]:
        """The units of the earlier copy when the later one reads better, else nothing.

        The later copy stays when its lede is attached and the earlier one's is not, or when it
        runs on where the earlier one, a teaser, breaks off.
        """
        units, policy = self.reading.units, self.policy
        low, high = self._hull(region)
        b_first, b_last = region.copied[0], region.copied[-1]
        if high > units[b_first].first or len(self._split(region)) > 1:
            return set()
        counterparts = set(region.source.values())
        earlier = set()
        for number in range(self.unit_of(low), self.unit_of(high - 1) + 1):
            unit = units[number]
            inside = sum(1 for word in range(unit.first, unit.last) if word in counterparts)
            if unit.words and inside >= policy.unit_share * unit.words:
                earlier.add(number)
        if not earlier or max(earlier) >= b_first:
            return set()

        def is_prose(number: int) -> bool:
            return units[number].words >= 5 and self.style_of(number).prose

        if any(is_prose(number) for number in range(min(earlier)) if units[number].words >= 9):
            return set()
        lede = 0
        at = b_first - 1
        while at > max(earlier) and is_prose(at):
            lede += units[at].words
            at -= 1
        if lede >= 8:
            longest = max(policy.lede_words, policy.lede_share * len(region.source))
            return earlier if lede <= longest else set()
        if at == max(earlier):
            return set()
        runs_on = b_last + 1 < len(units) and is_prose(b_last + 1)
        return earlier if runs_on and not is_prose(max(earlier) + 1) else set()

    def cuts(self) -> list[Cut]:
        """What was decided, as stretches of text: one for each stretch of the copy that stays."""
        units = self.reading.units
        runs: list[list[int]] = []
        for number in sorted(self.gone):
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        found: list[Cut] = []
        for run in runs:
            start, end = self._stretch(run)
            groups = [[run[0]]]
            for number in run[1:]:
                if self._jumps(groups[-1][-1], number):
                    groups.append([number])
                else:
                    groups[-1].append(number)
            edges = [start, *(units[group[0]].start for group in groups[1:]), end]
            for group, low, high in zip(groups, edges, edges[1:], strict=False):
                found.append(self._row(group, low, high))
        return found

    def _row(self, group: list[int], start: int, end: int) -> Cut:
        spans = self.reading.spans
        kept = [word for number in group for word in self.gone[number].values()]
        words = sum(self.reading.units[number].words for number in group)
        return Cut(start, end, spans[min(kept)][0], spans[max(kept)][1], len(kept) / max(1, words))

    def _jumps(self, before: int, after: int) -> bool:
        old, new = self.gone[before], self.gone[after]
        if not old or not new:
            return False
        step = min(new.values()) - max(old.values())
        return not -2 <= step <= self.policy.bridge_words

    def _stretch(self, group: list[int]) -> tuple[int, int]:
        """The units of ``group`` with the white space that would be left double."""
        units, text = self.reading.units, self.reading.text
        start, end = units[group[0]].start, units[group[-1]].end
        left, right = start, end
        while left > 0 and text[left - 1].isspace():
            left -= 1
        while right < len(text) and text[right].isspace():
            right += 1
        if left == 0:
            end = right
        elif right == len(text):
            start = left
        elif text.count("\n", left, start) >= text.count("\n", end, right) and left < start:
            end = right
        elif end < right:
            start = left
        else:
            self.parted.add(end)
        return start, end


def reading_times(times: list[int], region: _Region) -> tuple[int, ...]:
    """How often the middle word of the region stands in the text, at least 2."""
    counts = sorted(times[word] for word in region.source)
    return (2, counts[len(counts) // 2])
