"""A document made ready to be compared with many others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dedupe import numbers
from dedupe.cohesion import names
from dedupe.furniture import without_furniture
from dedupe.hashing import hash_simply, hash_words
from dedupe.models import Document
from dedupe.policy import RECIPE
from dedupe.shingles import LONGEST_TEXT, shingle
from dedupe.text import fold, words

Bag = tuple[NDArray[np.uint64], NDArray[np.intp]]
_CORRECTS = re.compile(
    r"\b(?:correct(?:ed|s|ion)|refil(?:ed|es)|clarifi(?:es|ed|cation)|amended|korrigiert"
    r"|korrektur|berichtig(?:t|ung)|corrigé|rectificatif|corrección|corregid[ao])\b"
    r"|更正|訂正|정정"
)


@dataclass(frozen=True)
class Prepared:
    """A document with its shingles, made once for all the candidates it meets."""

    document: Document
    text: str
    """The text less furniture paragraphs."""
    words: int
    exact: int
    ordered: tuple[int, ...]
    """Shingle hashes in reading order."""
    boilerplate: AbstractSet[int]

    @cached_property
    def shingles(self) -> frozenset[int]:
        """The distinct shingles that are not boilerplate."""
        return frozenset(self.ordered) - self.boilerplate

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
        hashed = hash_simply(self.text) or hash_words(fold(self.text))
        return np.unique(hashed.hashes, return_counts=True)

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


def prepare(document: Document, boilerplate: AbstractSet[int] = frozenset()) -> Prepared:
    """Tokenise and shingle one document; shingles in ``boilerplate`` do not count."""
    return prepare_all([document], boilerplate)[0]


def prepare_all(
    documents: Sequence[Document], boilerplate: AbstractSet[int] = frozenset()
) -> list[Prepared]:
    """``prepare`` for a batch, which is several times faster a document."""
    texts = [without_furniture(document.text[:LONGEST_TEXT]) for document in documents]
    shingles = shingle(texts, RECIPE.shingle_words)
    return [
        Prepared(
            document=document,
            text=texts[index],
            words=int(shingles.words[index]),
            exact=int(shingles.exact[index]),
            ordered=tuple(shingles.of(index).tolist()),
            boilerplate=boilerplate,
        )
        for index, document in enumerate(documents)
    ]


def corrects(said: str) -> bool:
    """Whether a title, or an end of a text, says that this is a correction."""
    return _CORRECTS.search(fold(said)) is not None


def _stem(word: str) -> str:
    """The first letters of a long word, which its forms share; empty for a short one."""
    return word[:6] if len(word) >= 5 else ""
