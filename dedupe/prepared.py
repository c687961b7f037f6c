"""A document made ready to be compared with many others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dedupe import numbers
from dedupe.characters import U64
from dedupe.cohesion import names
from dedupe.furniture import without_furniture
from dedupe.hashing import hash_simply, hash_words
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.shingles import LONGEST_TEXT, shingle
from dedupe.text import fold, without_typography, words
from dedupe.tokens import distinct

Bag = tuple[U64, NDArray[np.intp]]
_NONE: U64 = np.zeros(0, dtype=np.uint64)
# Three times the distinct words of a long article: few share a bin.
_BINS = np.uint64((1 << 12) - 1)
_CORRECTS = re.compile(
    r"\b(?:correct(?:ed|s|ion)|refil(?:ed|es)|clarifi(?:es|ed|cation)|amended|korrigiert"
    r"|korrektur|berichtig(?:t|ung)|corrigé|rectificatif|corrección|corregid[ao])\b"
    r"|更正|訂正|정정"
)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A document with its shingles, made once for all the candidates it meets.

    Most candidates are refused by how many shingles they share, so that all else waits until it is
    asked for.
    """

    document: Document
    words: int
    exact: int
    ordered: U64 = field(repr=False)
    """Shingle hashes in reading order."""
    boilerplate: U64 = field(repr=False)
    word_hashes: U64 = field(repr=False)
    """Of each word, folded."""

    @cached_property
    def text(self) -> str:
        """The text less furniture paragraphs."""
        return _stripped(self.document)

    @cached_property
    def shingles(self) -> U64:
        """The distinct shingles that are not boilerplate, ascending."""
        found = distinct(self.ordered)
        return found[~within(found, self.boilerplate)] if len(self.boilerplate) else found

    @cached_property
    def tokens(self) -> list[numbers.Token]:
        """Words and figures in order."""
        return numbers.tokens(self.text)

    @cached_property
    def folded_words(self) -> list[str]:
        """The words of the text in order, folded."""
        return words(self.text)

    @cached_property
    def bag(self) -> Bag:
        """The hashes of its words in order of size, and how often each stands in the text."""
        return np.unique(self.word_hashes, return_counts=True)

    @cached_property
    def bins(self) -> NDArray[np.intp]:
        """How many of its words fall into each of some bins by their hashes."""
        return np.bincount((self.word_hashes & _BINS).astype(np.intp), minlength=int(_BINS) + 1)

    @cached_property
    def figures(self) -> Counter[str]:
        """Its figures, each as often as it stands in the text."""
        return Counter(token.value for token in self.tokens if token.mask == numbers.FIGURE)

    @cached_property
    def corrects(self) -> bool:
        """Whether the title, the first words or the last say that this is a correction."""
        return any(map(corrects, (self.document.title, self.text[:200], self.text[-300:])))

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital inside a sentence."""
        return names(self.text)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """The words of the title."""
        return frozenset(words(self.document.title))

    @cached_property
    def stems(self) -> list[str]:
        """A stem for each word of the text; empty for short words."""
        return [word[:6] if len(word) >= 5 else "" for word in self.folded_words]

    @cached_property
    def subjects(self) -> frozenset[str]:
        """Stems of the longer words of the title."""
        return frozenset(filter(None, map(_stem, self.title_words)))


def prepare(document: Document, boilerplate: U64 = _NONE) -> Prepared:
    """Tokenise and shingle one document; shingles in ``boilerplate``, ascending, do not count."""
    return prepare_all([document], boilerplate)[0]


def prepare_all(documents: Sequence[Document], boilerplate: U64 = _NONE) -> list[Prepared]:
    """``prepare`` for a batch, which is several times faster a document."""
    made = _made(
        documents,
        [_stripped(one) if one.exact is None else one.text[:LONGEST_TEXT] for one in documents],
        boilerplate,
    )
    # What was signed had no furniture.  To look for it takes longer than to hash all the words,
    # and most texts have none: then they have the words that were signed.
    others = [
        place
        for place, one in enumerate(made)
        if one.document.exact is not None and one.exact != one.document.exact
    ]
    again = [documents[place] for place in others]
    for place, one in zip(
        others, _made(again, list(map(_stripped, again)), boilerplate), strict=True
    ):
        made[place] = one
    return made


def within(keys: U64, among: U64) -> NDArray[np.bool_]:
    """Which of ``keys`` stand in ``among``, which is ascending."""
    if not len(among):
        return np.zeros(len(keys), dtype=bool)
    found: NDArray[np.bool_] = among.take(np.searchsorted(among, keys), mode="clip") == keys
    return found


def _stripped(document: Document) -> str:
    return without_furniture(document.text[:LONGEST_TEXT])


def _made(documents: Sequence[Document], texts: Sequence[str], boilerplate: U64) -> list[Prepared]:
    """``documents`` by their words in ``texts``."""
    hashed = [_hashed(*one) for one in zip(documents, texts, strict=True)]
    shingles = shingle(
        texts,
        RECIPE.shingle_words,
        [words.tobytes() if spaced else None for words, spaced in hashed],
    )
    return [
        Prepared(
            document=document,
            words=int(shingles.words[index]),
            exact=int(shingles.exact[index]),
            ordered=shingles.of(index),
            boilerplate=boilerplate,
            word_hashes=hashed[index][0],
        )
        for index, document in enumerate(documents)
    ]


def _hashed(document: Document, text: str) -> tuple[U64, bool]:
    """The hashes of the words of ``text``, and whether shingles are made of no more than them.

    The text is read only where they did not come along.
    """
    if document.word_hashes is not None and text is document.text:
        return np.frombuffer(document.word_hashes, dtype="<u8"), True
    # Those signs part words folded or not, and without them most texts are one byte a character.
    plain = without_typography(text)
    found = hash_simply(plain)
    if found is not None:
        return found.hashes, True
    # Line by line, as most lines are ASCII, and folding joins nothing across a break.
    folded = "\n".join(map(fold, plain.split("\n")))
    found = hash_words(folded)
    return found.hashes, len(folded) <= LONGEST_TEXT and not found.unspaced.any()


def corrects(said: str) -> bool:
    """Whether a title, or an end of a text, says that this is a correction."""
    return _CORRECTS.search(fold(said)) is not None


def _stem(word: str) -> str:
    """The first letters of a long word, which its forms share; empty for a short one."""
    return word[:6] if len(word) >= 5 else ""
