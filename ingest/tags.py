"""What an article names: companies, chemistries, minerals, technologies, places, policies.

All names are looked for in one pass (Aho and Corasick 1975, by ``ahocorasick_rs``); then each
match is judged: does it stand alone, is it the longest there, and is it the name or the word.

- Sure forms count wherever they stand as written: names need their capital, terms do not.
- *Careful* forms ("Lucid") count in an article about the field, or one that has a sure form.
- *Strict* forms ("Ample") count beside a word that tells, or in an article with a sure form.
- Phrases of *never* ("Nikola Tesla") take what stands in them away.

A wrong tag is worse than a missing one: it puts an article on a page where it does not belong,
while what is missing is found by the other articles of its story.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from ingest.gazetteer import Gazetteer
from ingest.models import CompanySpan, Kind, Mention
from ingest.policy import TagPolicy

_POLICY = TagPolicy()
_BETWEEN = "\n\n"
_PROPER = frozenset({"company", "place", "policy"})
_ABOUT = frozenset({"company", "chemistry", "technology"})
_SUBJECTS = ("chemistry", "mineral", "technology", "policy")
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_LETTER = re.compile(rf"[^\W_{_UNSPACED}]")
_LETTERS = re.compile(rf"[^\W_{_UNSPACED}]*")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]")
_NO_SPACES = re.compile(f"[{_UNSPACED}]")
_WORD_BEFORE = re.compile(r"(?<![^\W_])(?:([^\W\d_]{2,})\.?|[A-Z]\.) $")
# "the German Porsche"; what begins a sentence has a capital whatever it is.
_ADJECTIVE = re.compile(r"(?:ese|ish|ian|can|man|nch)$")
_ENDS = frozenset(".!?:;\n–—|•")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_NAME_AFTER = re.compile(r" ([A-ZÀ-ÞŠŽČĆ][a-zà-ÿšžčćı]+)")
_HOST = re.compile(r"\.[a-z]{2,}|@[a-z]")
# Signs that are written in several ways, one character each so that places stay.
_SIGNS = (
    ("\u2019", "'"), ("\u2018", "'"), ("\u02bc", "'"), ("\u2010", " "), ("\u2011", " "),
    ("\u2012", " "), ("\u2013", " "), ("\u00a0", " "), ("\u202f", " "), ("\u3000", " "),
    ("\u30fb", " "), ("\u2082", "2"), ("\u2084", "4"),
)  # fmt: skip
_WIDE = re.compile(r"[\uff01-\uff5e]")
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN = str.maketrans({"-": " ", "\n": " ", "\t": " ", "\r": " "})
# Endings that a word takes before the next one of a phrase: "véhicules électriques".
_INNER = ("", "s", "e", "es", "en", "n", "er", "x", "a", "o", "i")
_EXCHANGE_ENDINGS = {
    "SZSE": (".SZ",), "SSE": (".SS", ".SH"), "HKEX": (".HK",), "TYO": (".T",), "KRX": (".KS",),
    "KRQ": (".KQ",), "ASX": (".AX",), "NSE": (".NS",), "TSX": (".TO",), "EPA": (".PA",),
    "LSE": (".L",), "FRA": (".DE",), "STO": (".ST",),
}  # fmt: skip
SURE, CAREFUL, STRICT, NEVER, WEAK, FIELD = range(6)


@dataclass(frozen=True, slots=True)
class _Target:
    """What a pattern leads to."""

    entry: int
    """Place in the gazetteer; -1 for a word of the field."""
    level: int
    open_end: bool
    any_case: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A match that stands alone."""

    start: int
    end: int
    targets: tuple[_Target, ...]


class _Patterns:
    """Patterns on their way into an automaton."""

    def __init__(self) -> None:
        self.of: dict[str, list[_Target]] = defaultdict(list)

    def add(self, text: str, target: _Target) -> None:
        if target not in self.of[text]:
            self.of[text].append(target)


class _Automaton:
    """All patterns, looked for at once; overlapping matches are all told."""

    def __init__(self, patterns: _Patterns) -> None:
        self.texts = list(patterns.of)
        self.targets = [tuple(patterns.of[text]) for text in self.texts]
        self._machine = AhoCorasick(
            self.texts, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """(number of the pattern, start, end) of every match."""
        return self._machine.find_matches_as_indexes(text, overlapping=True)


class Tagger:
    """Finds what a gazetteer names.  To make one takes some tenths of a second; keep it."""

    def __init__(self, gazetteer: Gazetteer, policy: TagPolicy = _POLICY) -> None:
        self._policy = policy
        self._entries = gazetteer.entries
        self._given = gazetteer.given
        self._near: dict[int, re.Pattern[str] | None] = {}
        cased, folded = _Patterns(), _Patterns()
        for number, entry in enumerate(self._entries):
            for level, forms in (
                (SURE, entry.forms), (CAREFUL, entry.careful), (STRICT, entry.strict),
                (NEVER, entry.never),
            ):  # fmt: skip
                for form in forms:
                    self._add(cased, folded, number, level, form, entry.kind)
            for form in () if entry.brand else _ticker_forms(entry.ticker):
                self._add(cased, folded, number, SURE, f"={form}", entry.kind)
        for level, forms in ((WEAK, gazetteer.weak), (FIELD, gazetteer.field)):
            for form in forms:
                self._add(cased, folded, -1, level, form, "technology")
        self._cased, self._folded = _Automaton(cased), _Automaton(folded)

    def _add(
        self, cased: _Patterns, folded: _Patterns, number: int, level: int, form: str, kind: Kind
    ) -> None:
        exact = form.startswith("=")
        bare = form.removeprefix("=")
        open_end = bare.endswith("*")
        bare = bare.removesuffix("*")
        # Short names in capitals are other words in small letters: "GM", "NIO", "EWE Go".
        if kind in _PROPER and level != NEVER and bare.isupper() and len(bare) <= 4:
            exact = True
        # Where the name itself begins small, or is none, the case of the text says nothing.
        any_case = kind not in _PROPER or level in (NEVER, FIELD) or not bare[:1].isupper()
        for text in _spelled_out(bare):
            plain = _plain(text)
            target = _Target(number, level, open_end, any_case or exact)
            if exact:
                cased.add(plain, target)
            else:
                folded.add(_folded(plain), target)

    def tag(self, title: str, text: str) -> tuple[Mention, ...]:
        """What ``title`` and ``text`` name, what it is about and what comes first before the rest.

        Never raises; offsets are those of ``title`` and ``text`` as handed in.
        """
        text = text[: self._policy.text_chars]
        whole = title + _BETWEEN + text
        plain = _plain(_ADDRESS.sub(_blank, whole) if "://" in whole or "www." in whole else whole)
        low = _folded(plain)
        found, field = self._alone(whole, plain, low)
        kept = self._judged(_longest(found), field, whole, plain, len(title))
        return self._mentions(kept, title, text, whole)

    # --- matches that stand alone ----------------------------------------------------------------

    def _alone(self, whole: str, plain: str, low: str) -> tuple[list[_Found], int]:
        """Matches at word boundaries and in the right case, and how much of the field is there."""
        found: list[_Found] = []
        field: dict[str, int] = {}
        for automaton, searched in ((self._folded, low), (self._cased, plain)):
            texts, all_targets = automaton.texts, automaton.targets
            for pattern, start, end in automaton.find(searched):
                if start and _joined(searched, start - 1, start):
                    continue
                targets = all_targets[pattern]
                stop = _end(searched, end, targets)
                if stop is None:
                    continue
                while targets and targets[-1].level >= WEAK:
                    weight = 2 if targets[-1].level == FIELD else 1
                    field[texts[pattern]] = max(weight, field.get(texts[pattern], 0))
                    targets = targets[:-1]
                if not targets:
                    continue
                small = whole[start].islower()
                fitting = tuple(one for one in targets if one.any_case or not small)
                if fitting and not _HOST.match(whole, stop) and whole[start - 1 : start] != "@":
                    found.append(_Found(start, stop, fitting))
        return found, sum(field.values())

    # --- the name or the word --------------------------------------------------------------------

    def _judged(
        self, found: Sequence[_Found], field: int, whole: str, plain: str, title: int
    ) -> list[tuple[int, int, int]]:
        """(entry, start, end) of each match that is a mention."""
        kept: list[tuple[int, int, int]] = []
        doubtful: list[_Found] = []
        sure: set[int] = set()
        people: dict[int, int] = {}
        for one in found:
            never = {target.entry for target in one.targets if target.level == NEVER}
            for entry in never:
                if self._entries[entry].surname:
                    people.setdefault(entry, one.start)
            targets = tuple(target for target in one.targets if target.entry not in never)
            for target in targets:
                if target.level == SURE:
                    if self._is_person(target.entry, one, whole, title, field):
                        people.setdefault(target.entry, one.start)
                    else:
                        kept.append((target.entry, one.start, one.end))
                    break
            else:
                if targets:
                    doubtful.append(_Found(one.start, one.end, targets))
        about = field + len({entry for entry, _, _ in kept if self._entries[entry].kind in _ABOUT})
        in_field = about >= self._policy.field_weight
        if people:
            kept = self._without_people(kept, people, whole, title if in_field else len(whole))
        sure |= {entry for entry, _, _ in kept}
        for one in doubtful:
            for target in sorted(one.targets, key=lambda target: target.entry not in sure):
                entry = target.entry
                if self._is_person(entry, one, whole, title, field):
                    continue
                if (
                    entry in sure
                    or (target.level == CAREFUL and in_field)
                    or self._is_near(entry, one, plain)
                ):
                    kept.append((entry, one.start, one.end))
                    break
        return kept

    def _without_people(
        self, kept: list[tuple[int, int, int]], people: dict[int, int], whole: str, told: int
    ) -> list[tuple[int, int, int]]:
        """``kept`` without surnames of people whom the article names in full.

        Who is named in full first is called by the surname afterwards.  The company is meant where
        it has another name, too ("Ford Motor"), or where an article about the field names it in
        the text, from ``told`` on, before the person.
        """
        meant = set()
        for entry, start, end in kept:
            other = whole[start:end].casefold() != self._entries[entry].name.casefold()
            if other or told < start < people.get(entry, 0):
                meant.add(entry)
        return [one for one in kept if one[0] not in people or one[0] in meant]

    def _is_person(self, number: int, one: _Found, whole: str, title: int, field: int) -> bool:
        entry = self._entries[number]
        if entry.surname:
            before = _WORD_BEFORE.search(whole, max(0, one.start - 20), one.start)
            if before and (before[1] is None or before[1] in self._given):
                return True
            # Where nothing else is of the field, any name before it makes it a person's.
            if before and one.start > title and field < self._policy.field_weight:
                ahead = whole[max(0, before.start() - 4) : before.start()].rstrip(" \"'“„«")
                begins = not ahead or ahead[-1] in _ENDS
                return before[1].istitle() and not begins and not _ADJECTIVE.search(before[1])
        # Headlines write every word with a capital.
        if entry.given and one.start > title:
            after = _NAME_AFTER.match(whole, one.end)
            return after is not None and after[1] not in _NO_SURNAMES
        return False

    def _is_near(self, number: int, one: _Found, plain: str) -> bool:
        """Whether a word that tells stands within a sentence or so, outside of the match."""
        if number not in self._near:
            self._near[number] = _any_of(self._entries[number].near)
        words = self._near[number]
        if words is None:
            return False
        reach = self._policy.near_chars
        before = plain[max(0, one.start - reach) : one.start]
        after = plain[one.end : one.end + reach]
        return bool(words.search(before) or words.search(after))

    # --- rows ------------------------------------------------------------------------------------

    def _mentions(
        self, kept: Iterable[tuple[int, int, int]], title: str, text: str, whole: str
    ) -> tuple[Mention, ...]:
        base = len(title) + len(_BETWEEN)
        lede = self._policy.lede_chars // (3 if _NO_SPACES.search(text[:100]) else 1)
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, start, end in sorted(kept, key=lambda one: one[1]):
            places[number].append((start, end))
        mentions = []
        for number, spans in places.items():
            entry = self._entries[number]
            in_title = tuple(span for span in spans if span[0] < base)
            in_text = tuple((s - base, e - base) for s, e in spans if s >= base)
            in_lede = bool(in_text) and in_text[0][0] < lede
            first = spans[0]
            mentions.append(
                Mention(
                    kind=entry.kind, name=entry.name, ticker=entry.symbol, count=len(spans),
                    in_title=bool(in_title), in_lede=in_lede,
                    is_main=bool(in_title) or in_lede or len(spans) >= self._policy.main_count,
                    start=in_text[0][0] if in_text else None,
                    form=whole[first[0] : first[1]], title_spans=in_title, spans=in_text,
                )
            )  # fmt: skip
        mentions.sort(key=lambda one: (not one.in_title, not one.is_main, -one.count, one.name))
        return tuple(mentions)


def subjects(mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Names that belong among the topics of an article, the strongest first."""
    return tuple(
        dict.fromkeys(one.name for one in mentions if one.is_main and one.kind in _SUBJECTS)
    )


def company_spans(mentions: Iterable[Mention]) -> tuple[CompanySpan, ...]:
    """Where companies are named, as ``ingest.figures`` wants it."""
    return tuple(
        CompanySpan(name=one.name, start=start, end=end, in_title=in_title)
        for one in mentions
        if one.kind == "company"
        for in_title, spans in ((True, one.title_spans), (False, one.spans))
        for start, end in spans
    )


# After a first name that is a company's or a town's, too, these are no surname.
_NO_SURNAMES = frozenset(
    {
        "Motor", "Motors", "Corp", "Corporation", "Inc", "Tre", "Trucks", "Texas", "Police",
        "City", "Airport", "Airshow", "Show", "Auto", "Convention", "International",
        "University", "Council", "Area", "County", "Stock", "Court", "Region", "Bourse",
        "Agreement", "Climate", "Accord", "Gigafactory", "Robotaxi", "And", "The", "In", "On",
        "For", "With", "Has", "Is", "Was", "Will",
    }
)  # fmt: skip


def _longest(found: Iterable[_Found]) -> list[_Found]:
    """Of matches over each other the one that begins first, and is longest."""
    best: list[_Found] = []
    end = -1
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if best and one.start == best[-1].start and one.end == best[-1].end:
            both = dict.fromkeys((*best[-1].targets, *one.targets))
            best[-1] = _Found(one.start, one.end, tuple(sorted(both, key=lambda t: t.level)))
        elif one.start >= end:
            best.append(_Found(one.start, one.end, tuple(sorted(one.targets, key=_by_level))))
            end = one.end
    return best


def _by_level(target: _Target) -> int:
    return target.level


def _joined(text: str, left: int, right: int) -> bool:
    """Whether the characters at both places belong to one word."""
    a, b = text[left], text[right]
    if a == " " or b == " ":
        return False
    if _LETTER.match(b):
        return _LETTER.match(a) is not None
    if _KATAKANA.match(b):
        return _KATAKANA.match(a) is not None
    if _HANGUL.match(b):
        return _HANGUL.match(a) is not None
    return False


def _end(text: str, end: int, targets: Sequence[_Target]) -> int | None:
    """Where the match ends as a word; None when it is a part of another word."""
    if end >= len(text):
        return end
    after = text[end]
    if after in " .,:;'\")!?/":
        return end
    last = text[end - 1]
    if _LETTER.match(last):
        if not _LETTER.match(after):
            return end
        if any(target.open_end for target in targets):
            rest = _LETTERS.match(text, end)
            return rest.end() if rest else end
        # "Teslas", "Deutschlands"
        plural = after == "s" and not (end + 1 < len(text) and _LETTER.match(text[end + 1]))
        return end if plural and len(text) > end - 4 and _word_length(text, end) >= 4 else None
    if _KATAKANA.match(last) and _KATAKANA.match(after):
        return None if not any(target.open_end for target in targets) else end
    return end


def _word_length(text: str, end: int) -> int:
    start = end
    while start and end - start < 4 and _LETTER.match(text[start - 1]):
        start -= 1
    return end - start


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _plain(text: str) -> str:
    """``text`` with one form for each sign, and a space for each hyphen; as long as it was."""
    return text.translate(_PLAIN) if text.isascii() else _plain_signs(text)


def _plain_signs(text: str) -> str:
    for sign in "-\n\t\r":
        if sign in text:
            text = text.replace(sign, " ")
    for sign, plain in _SIGNS:
        if sign in text:
            text = text.replace(sign, plain)
    return text.translate(_NARROW) if _WIDE.search(text) else text


def _folded(text: str) -> str:
    """``text`` in small letters and as long as it was: "İ" alone has two letters in small."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(one if len(one.lower()) != 1 else one.lower() for one in text)


def _spelled_out(form: str) -> list[str]:
    """``form`` with each ending that a * inside of it stands for, and "États" as "Etats" too."""
    head, star, rest = form.partition("* ")
    if star:
        return [f"{begun}{ending} {tail}" for begun in _spelled_out(head)
                for tail in _spelled_out(rest) for ending in _INNER]  # fmt: skip
    first = unicodedata.normalize("NFD", form[:1])[:1]
    bare = first != form[:1] and first.isascii() and first.isupper()
    return [form, first + form[1:]] if bare else [form]


def _ticker_forms(symbols: Sequence[str]) -> Iterable[str]:
    for symbol in symbols:
        exchange, _, sign = symbol.partition(":")
        yield symbol
        yield f"{exchange}: {sign}"
        for ending in _EXCHANGE_ENDINGS.get(exchange, ()):
            yield f"{sign}{ending}"


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern for any of ``words`` as a whole word; those in capitals keep their case."""
    if not words:
        return None
    parts = []
    for word in words:
        form = re.escape(_plain(word.removeprefix("=").removesuffix("*")))
        if not _NO_SPACES.search(word):
            form = rf"(?<![^\W_]){form}" + ("" if word.endswith("*") else r"(?![^\W_])")
        exact = word.startswith("=") or (word.isupper() and len(word) <= 4)
        parts.append(form if exact else f"(?i:{form})")
    return re.compile("|".join(parts))
