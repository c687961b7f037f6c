"""The index answers as a search by hand does, whatever it is asked."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.engine import IndexBroken, Indexed, Writer, unpacked
from storage.search.policy import ASK
from storage.search.question import understand
from storage.search.reader import Within, open_index
from storage.search.words import words

ALL = Within()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Batterie", {"sodium", "usine"}),
        ("Batterien", {"sodium", "usine"}),
        ('"Batterien"', set()),
        ("Natriumionenbatterie", {"sodium"}),
        ("Ionenbatterien", {"sodium"}),
        ("Natrium", {"sodium"}),
        ("电池", {"dianchi"}),
        ("固态电池", {"dianchi"}),
        ("态电", {"dianchi"}),
        ("电", {"dianchi"}),
        ("池", {"dianchi", "denchi"}),
        ("電池", {"denchi"}),
        ("バッテリー", {"denchi"}),
        ("배터리", {"baeteori"}),
        ("electricite besancon", {"usine"}),
        ("fahrt", {"sodium"}),
        ("charger", {"charger"}),
        ("chargers", {"charger"}),
        ('"charger"', {"charger"}),
        ("cell", {"cells"}),
        ('"cell"', set()),
        ("solid-state", {"cells"}),
        ('"state solid"', set()),
        ("state solid", {"cells"}),
        ("title:catl", set()),
        ("title:cell", {"cells"}),
        ("batter*", {"usine"}),
        ("char* OR cells", {"charger", "cells"}),
        ("cells -CATL", set()),
        ("ion", set()),
    ],
)
def test_words_find(world: Callable[[str], set[str]], text: str, found: set[str]) -> None:
    """Singular and plural, inside compounds and runs without spaces, without accents."""
    assert world(text) == found


def test_limits_hold(world: Callable[..., set[str]]) -> None:
    """Days, publishers and lists of articles leave out what is not in them."""
    both = "char* OR cells"
    assert world(both, Within(since=2)) == {"cells"}
    assert world(both, Within(until=2)) == {"charger"}
    assert world(both, Within(publishers=("EXAMPLE",))) == {"charger", "cells"}
    assert world(both, Within(publishers=("Other",))) == set()
    assert world(both, Within(keys=(2, 3))) == {"cells"}
    assert world(both, Within(keys=())) == set()


# By hand


def _vocabulary(make: random.Random) -> list[str]:
    """Words without forms among each other: none ends in what ``forms`` takes off or adds."""
    return ["".join(make.choices("abdgkmoru", k=make.randint(3, 9))) + "o" for _ in range(1500)]


def _corpus(number: int, make: random.Random) -> list[tuple[list[str], list[str]]]:
    vocabulary = _vocabulary(make)
    shares = [1 / (rank + 2.7) for rank in range(len(vocabulary))]
    made = []
    for _ in range(number):
        text = make.choices(vocabulary, shares, k=make.randint(20, 200))
        made.append((make.choices(text, k=make.randint(3, 12)), text))
    return made


class ByHand:
    """BM25 (Robertson and Zaragoza 2009) over all documents: k1 1.2, b 0.75, two fields added."""

    def __init__(self, corpus: list[tuple[list[str], list[str]]]) -> None:
        self.corpus = corpus
        self.mean = [sum(len(each[f]) for each in corpus) / len(corpus) for f in (0, 1)]
        # Words, and each two side by side.
        self.counts = [[Counter([*each[f], *pairwise(each[f])]) for each in corpus] for f in (0, 1)]
        self.having = [Counter(chain.from_iterable(field)) for field in self.counts]

    def score(self, number: int, phrase: list[str]) -> float:
        """What the words, side by side, are worth in a document."""
        return sum(
            weight * self._field(number, field, phrase)
            for field, weight in ((0, ASK.title_weight), (1, 1.0))
        )

    def _field(self, number: int, field: int, phrase: list[str]) -> float:
        one_or_two = phrase[0] if len(phrase) == 1 else (phrase[0], phrase[1])
        often = self.counts[field][number][one_or_two]
        if not often:
            return 0.0
        size = 0.25 + 0.75 * len(self.corpus[number][field]) / self.mean[field]
        rarity = sum(self._rarity(field, word) for word in phrase)
        return rarity * often * 2.2 / (often + 1.2 * size)

    def _rarity(self, field: int, word: str) -> float:
        having = self.having[field][word]
        return math.log(1 + (len(self.corpus) - having + 0.5) / (having + 0.5))

    def ask(self, phrases: list[list[str]]) -> dict[int, float]:
        """Documents that have all of it, and their scores."""
        found = {}
        for number in range(len(self.corpus)):
            each = [self.score(number, phrase) for phrase in phrases]
            if all(each):
                found[number + 1] = sum(each)
        return found


def test_ranks_are_those_of_bm25_by_hand(tmp_path: Path) -> None:
    """Over 2,000 articles: the same articles, scores and order, but for rounded lengths.

    The index keeps the length of a text in one byte; scores may differ by that.
    """
    make = random.Random(5)
    corpus = _corpus(2000, make)
    writer = Writer(tmp_path, new=True)
    for key, (title, text) in enumerate(corpus, start=1):
        writer.add(Indexed(key=key, article_id="", title=" ".join(title), text=" ".join(text)))
    writer.finish()
    by_hand = ByHand(corpus)
    with open_index(tmp_path) as reader:
        for _ in range(40):
            text = make.choice(corpus)[1]
            at = make.randrange(len(text) - 2)
            phrases = [text[at : at + make.choice((1, 1, 2))] for _ in range(make.choice((1, 2)))]
            asked = " ".join(f'"{" ".join(one)}"' for one in phrases)
            expected = by_hand.ask(phrases)
            found = reader.ask(understand(asked), ALL, limit=3000).found
            assert {hit.key for hit in found} == set(expected), asked
            assert reader.count(understand(asked), ALL) == len(expected)
            for hit in found:
                assert hit.score == pytest.approx(expected[hit.key], rel=0.08), asked
            best = [expected[hit.key] for hit in found]
            # Nobody stands before one that is clearly better.
            ceiling = math.inf
            for value in best:
                assert value <= ceiling * 1.08, asked
                ceiling = min(ceiling, value)


def test_a_rare_form_does_not_come_first_by_its_rarity(shelf: Any) -> None:
    """Ninety articles say battery, one says batterys: that one is not the best for battery."""
    shelf.fill([f"battery number {i} of many" for i in range(90)] + ["batterys and so on here"])
    with shelf.open() as reader:
        found = reader.ask(understand("battery"), ALL, limit=100).found
        plural = reader.ask(understand("batterys"), ALL, limit=100).found
    assert {hit.key for hit in found} == set(range(1, 91))
    assert plural[0].key == 91
    assert len(plural) == 91


def test_the_headline_counts_more(shelf: Any) -> None:
    """Of two articles with the word once, the one that has it in its headline is better."""
    shelf.fill({
        "text": ("A day in the city", "en", "There was a recall and nothing else happened"),
        "title": ("A recall in the city", "en", "There was a thing and nothing else happened"),
    })  # fmt: skip
    with shelf.open() as reader:
        assert [hit.key for hit in reader.ask(understand("recall"), ALL, limit=9).found] == [2, 1]


def test_a_prefix_of_many_words_finds_them_all(shelf: Any) -> None:
    """More words than are ranked: those beyond are found as well."""
    shelf.fill([f"lithium{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(200)])
    with shelf.open() as reader:
        assert len(reader.ask(understand("lithium*"), ALL, limit=999).found) == 200


def test_newest_first(shelf: Any) -> None:
    """By time of publication where that is asked for; those without one come last."""
    shelf.fill(["one word", "one more word", "one last word"])
    with shelf.open() as reader:
        found = reader.ask(understand("word"), ALL, limit=9, newest=True).found
    assert [hit.key for hit in found] == [3, 2, 1]


@given(st.text(max_size=60) | st.lists(
    st.sampled_from([
        '"', "-", " OR ", "title:", "*", "a", "电", "solid", "[a-z]+", ".*", "\\", "{1", " ",
    ]), max_size=30,
).map("".join))  # fmt: skip
def test_no_question_is_too_strange(world: Callable[[str], set[str]], text: str) -> None:
    """Whatever stands in it, signs of regular expressions too, ends in articles or in none."""
    assert isinstance(world(text), set)


def test_an_index_that_is_none_is_told(tmp_path: Path) -> None:
    """A folder without an index, or with rubbish in it, ends in one line."""
    with pytest.raises(IndexBroken, match="failed"), open_index(tmp_path):
        pass
    (tmp_path / "meta.json").write_text("{]")
    with pytest.raises(IndexBroken, match="failed"), open_index(tmp_path):
        pass


def test_words_by_hand_are_the_words_of_the_index() -> None:
    """The corpus of the test above survives being taken apart."""
    title, text = _corpus(1, random.Random(1))[0]
    assert words(" ".join(text)) == text
    assert words(" ".join(title)) == title


@pytest.mark.parametrize("packed", [b"", b"no frame", b"\x28\xb5\x2f\xfd\x04\x00"])
def test_bytes_that_are_no_article_are_a_fault_that_is_told(packed: bytes) -> None:
    """As of an index whose file was damaged: ``explained`` makes a plain message of it."""
    with pytest.raises(ValueError, match="cannot be unpacked"):
        unpacked(7, packed)
