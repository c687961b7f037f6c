"""Questions to the index: what a person asked for into queries of tantivy, and their best hits."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from storage.search.engine import IndexBroken, Indexed, explained, name_word, opened, unpacked
from storage.search.forms import forms
from storage.search.policy import ANSWER, ASK
from storage.search.question import Question, Unit

_OF_HITS = ("key", "story", "shown")


@dataclass(frozen=True, slots=True)
class Within:
    """What hits are limited to, beside the question."""

    since: int | None = None
    """Seconds since 1970, included."""
    until: int | None = None
    """Seconds since 1970, not included."""
    publishers: tuple[str, ...] = ()
    topic: str = ""
    keys: tuple[int, ...] | None = None
    """Only these articles; None for all."""
    shown_of: tuple[int, ...] | None = None
    """Only the representatives of these stories; None for all articles."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that answers."""

    key: int
    story: int
    shown: bool
    """Whether it is the representative of its story."""
    score: float
    place: tantivy.DocAddress = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Hits:
    """The best articles for a question, best first."""

    found: list[Hit]
    total: int
    """Articles that answer, these included; of ``newest`` and uncounted questions only these."""
    more: bool
    """Whether there may be more than these."""


@contextmanager
def open_index(folder: Path) -> Iterator[Reader]:
    """The index in ``folder``, open for questions, whatever becomes of the folder meanwhile.

    Raises:
        IndexBroken: when there is none that can be read.
    """
    with ExitStack() as left:
        try:
            index = opened(folder, new=False)
        except IndexBroken:
            if os.access(folder, os.W_OK) or not folder.is_dir():
                raise
            # tantivy locks a file beside the segments even to read; links will do for them.
            scratch = Path(left.enter_context(tempfile.TemporaryDirectory(prefix="voltwire-")))
            for path in folder.iterdir():
                if not path.name.endswith(".lock"):
                    (scratch / path.name).symlink_to(path.absolute())
            index = opened(scratch, new=False)
        with explained(folder):
            # Without a thread that watches for changes: there are none.
            index.config_reader("manual")
            searcher = index.searcher()
        yield Reader(folder, searcher, index.schema)


@dataclass(slots=True)
class Reader:
    """An index open for questions."""

    folder: Path
    _searcher: tantivy.Searcher
    _schema: tantivy.Schema
    _frequency: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def articles(self) -> int:
        """Articles in the index."""
        return int(self._searcher.num_docs)

    def knows(self, kind: str, name: str) -> bool:
        """Whether any article has that ``publisher`` or ``topic``, however it is written."""
        with explained(self.folder):
            # Not by its frequency, in which removed articles still count.
            return self._number_of(self._any(kind, [name_word(name)])) > 0

    def ask(
        self,
        question: Question,
        within: Within,
        *,
        limit: int,
        newest: bool = False,
        count: bool = False,
    ) -> Hits:
        """The best ``limit`` articles for ``question``; the newest ones first if asked so.

        Args:
            count: count all that answer, too, in the same pass; a question of one word then looks
                at all of its articles, where it else passes over most.

        Raises:
            IndexBroken: when the index does not answer.
        """
        order = "at" if newest else None
        with explained(self.folder):
            query = self._query(question, within)
            answer: Any = self._searcher.search(
                query, limit=limit, count=count, order_by_field=order
            )
            hits = answer.hits
            places = [place for _, place in hits]
            columns = (self._searcher.fast_field_values(one, places) for one in _OF_HITS)
            found = [
                Hit(int(key or 0), int(story or 0), bool(shown), 0.0 if newest else score, place)
                for (score, place), key, story, shown in zip(hits, *columns, strict=True)
            ]
        total = int(answer.count or 0) if count else len(found)
        return Hits(found, total=total, more=len(hits) == limit)

    def article(self, hit: Hit) -> Indexed:
        """What is shown of a hit.

        Raises:
            IndexBroken: when the index does not answer.
        """
        with explained(self.folder):
            return unpacked(hit.key, bytes(self._searcher.doc(hit.place)["article"][0]))

    def members(self, story: int) -> tuple[int, int]:
        """How many articles tell a story, and how many publishers are among them.

        Raises:
            IndexBroken: when the index does not answer.
        """
        query = Query.term_query(self._schema, "story", story)
        with explained(self.folder):
            answer: Any = self._searcher.search(query, limit=ANSWER.members)
            if answer.count < 2:
                return 1, 1
            names = {
                unpacked(0, bytes(self._searcher.doc(place)["article"][0])).publisher
                for _, place in answer.hits
            }
        return int(answer.count), len(names)

    def count(self, question: Question, within: Within) -> int:
        """How many articles answer to ``question``.

        Raises:
            IndexBroken: when the index does not answer.
        """
        with explained(self.folder):
            return self._number_of(self._query(question, within))

    def _number_of(self, query: Query) -> int:
        # Any: the stubs of tantivy 0.27.0 leave the attribute out.
        answer: Any = self._searcher.search(query, limit=1)
        return int(answer.count or 0)

    # Questions into queries

    def _query(self, question: Question, within: Within) -> Query:
        clauses = [
            [part for unit in clause for part in self._unit(unit)] for clause in question.clauses
        ]
        required: list[tuple[Occur, Query]] = []
        if within.since is not None or within.until is not None:
            required.append((Occur.Must, self._between(within.since, within.until)))
        if within.publishers:
            named = [name_word(name) for name in within.publishers]
            required.append((Occur.Must, _unranked(self._any("publisher", named))))
        if within.topic:
            named = [name_word(within.topic)]
            required.append((Occur.Must, _unranked(self._any("topic", named))))
        if within.keys is not None:
            keys = Query.term_set_query(self._schema, "key", list(within.keys))
            required.append((Occur.Must, _unranked(keys)))
        if within.shown_of is not None:
            stories = Query.term_set_query(self._schema, "story", list(within.shown_of))
            required.append((Occur.Must, _unranked(stories)))
            shown = Query.term_query(self._schema, "shown", True)
            required.append((Occur.Must, _unranked(shown)))
        required += [
            (Occur.MustNot, Query.boolean_query(_either(self._unit(unit, parts=False))))
            for unit in question.without
        ]
        if len(clauses) == 1 and not required:
            # Flat, tantivy passes over what cannot be among the best.
            return Query.boolean_query(_either(clauses[0]))
        return Query.boolean_query(
            [
                *((Occur.Must, Query.boolean_query(_either(clause))) for clause in clauses),
                *required,
            ]
        )

    def _between(self, since: int | None, until: int | None) -> Query:
        last = None if until is None else until - 1
        kind = FieldType.Integer
        return _unranked(Query.range_query(self._schema, "at", kind, since, last))

    def _any(self, name: str, values: Sequence[str]) -> Query:
        return Query.boolean_query(
            _either([Query.term_query(self._schema, name, value) for value in values])
        )

    def _unit(self, unit: Unit, *, parts: bool = True) -> list[Query]:
        """Queries of which one has to fit; ``parts``: compounds, too."""
        if unit.kind == "phrase":
            return [
                _weighted(Query.phrase_query(self._schema, name, list(unit.words)), weight)
                for name, weight in _fields(unit)
            ]
        word = unit.words[0]
        if unit.kind == "prefix":
            return [
                part for name, weight in _fields(unit) for part in self._prefix(name, word, weight)
            ]
        others = () if unit.exact else forms(word)
        found: list[Query] = []
        for name, weight in _fields(unit):
            found += self._word(name, word, others, weight)
        if parts and not unit.exact and not unit.title:
            found += self._inside(word, others)
        return found

    def _word(self, name: str, word: str, others: Sequence[str], weight: float) -> list[Query]:
        own = self._count(name, word)
        found = [_weighted(Query.term_query(self._schema, name, word), weight)]
        there = [(one, count) for one in others if (count := self._count(name, one))]
        # All forms weigh as the commonest of them does: a rare one says no more, and would come
        # out on top by its rarity.
        commonest = self._rarity(max([own, *(count for _, count in there)], default=0))
        if own and own < max((count for _, count in there), default=0):
            found = [
                _weighted(
                    Query.term_query(self._schema, name, word),
                    weight * commonest / self._rarity(own),
                )
            ]
        for one, count in there:
            alike = max(ASK.form_weight_least, min(1.0, math.sqrt(own / count)))
            share = ASK.form_weight * alike * commonest / self._rarity(count)
            found.append(_weighted(Query.term_query(self._schema, name, one), weight * share))
        return found

    def _inside(self, word: str, others: Sequence[str]) -> list[Query]:
        """Compounds that end in the word, or hold a long one."""
        if len(word) < ASK.part_letters or not word.isalpha():
            return []
        found = [
            Query.term_query(self._schema, "parts", one)
            for one in (word, *others)
            if self._count("parts", one)
        ]
        stem = min((word, *others), key=len)
        if len(stem) >= ASK.part_prefix_letters and self._searcher.terms_with_prefix(
            "parts", stem, limit=1
        ):
            found.append(Query.regex_query(self._schema, "parts", f"{stem}.*"))
        if not found:
            return []
        known = max(self._count("text", one) for one in (word, *others))
        any_part = Query.boolean_query(_either(found))
        return [Query.const_score_query(any_part, ASK.part_weight * self._rarity(known))]

    def _prefix(self, name: str, start: str, weight: float) -> list[Query]:
        ranked = self._searcher.terms_with_prefix(name, start, limit=ASK.prefix_words + 1)
        found = [
            _weighted(Query.term_query(self._schema, name, one), weight)
            for one, _ in ranked[: ASK.prefix_words]
        ]
        if len(ranked) > ASK.prefix_words:
            every = Query.regex_query(self._schema, name, f"{start}.*")
            found.append(Query.const_score_query(every, 0.0))
        return found

    def _count(self, name: str, word: str) -> int:
        known = self._frequency.get((name, word))
        if known is None:
            known = self._frequency[name, word] = int(self._searcher.doc_freq(name, word))
        return known

    def _rarity(self, count: int) -> float:
        """Inverse document frequency as BM25 has it."""
        number = max(self._searcher.num_docs, count)
        return math.log(1 + (number - count + 0.5) / (count + 0.5))


def _fields(unit: Unit) -> tuple[tuple[str, float], ...]:
    if unit.title:
        return (("title", 1.0),)
    return (("title", ASK.title_weight), ("text", 1.0))


def _weighted(query: Query, weight: float) -> Query:
    return query if weight == 1.0 else Query.boost_query(query, weight)


def _unranked(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def _either(queries: Sequence[Query]) -> list[tuple[Occur, Query]]:
    return [(Occur.Should, query) for query in queries]
