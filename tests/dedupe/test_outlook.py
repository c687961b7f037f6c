"""What is left undone because it cannot end in a cut: it never would have."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import copies, windows
from dedupe.align import chains, common
from dedupe.policy import RepeatPolicy
from dedupe.reading import Reading, read
from dedupe.runs import repeated_runs
from dedupe.segments import lines, reach_of
from dedupe.tokens import tokens

POLICY = RepeatPolicy()
WORDS = [
    "the",
    "of",
    "harbour",
    "ferry",
    "council",
    "said",
    "14",
    "3",
    "and",
    "to",
    "a",
    "in",
    "NOT",
]
LONG = [f"{first}{second}" for first in "bcdfghklmnprst" for second in ("ale", "orin", "ust")]


def sentence(chance: random.Random) -> str:
    size = chance.randint(3, 30)
    words = [chance.choice(WORDS if chance.random() < 0.4 else LONG) for _ in range(size)]
    return " ".join(words).capitalize() + chance.choice([".", ".", "?", ":", "", "!"])


def article(chance: random.Random) -> str:
    """Paragraphs of made-up sentences; some are taken up again, whole, edited, glued or in part."""
    said: list[str] = []
    paragraphs: list[str] = []
    sentences, whole = chance.choice([(0.03, 0.0), (0.1, 0.02), (0.4, 0.3)])
    for _ in range(chance.randint(2, 12)):
        written = []
        for _ in range(chance.randint(1, 5)):
            new = sentence(chance)
            if said and chance.random() < sentences:
                words = chance.choice(said).split()
                low = chance.choice([0, 0, 0, chance.randrange(len(words))])
                kept = [word for word in words[low:] if chance.random() > chance.choice([0, 0.1])]
                lead = chance.choice(["", "", "She said that "])
                new = lead + " ".join(kept) or new
            said.append(new)
            written.append(new)
        paragraphs.append(chance.choice([" ", " ", " ", ""]).join(written))
        if chance.random() < whole:
            again = chance.choice(paragraphs)
            paragraphs.insert(chance.choice([len(paragraphs), chance.randrange(9)]), again)
    return chance.choice(["\n", "\n", "\n\n"]).join(paragraphs)


def reading_of(text: str) -> Reading | None:
    words, (laid, _) = tokens(text), lines(text)
    runs = repeated_runs(words.ids, words.often, 5, POLICY.least_words, POLICY.most_runs)
    found = chains(words.ids, runs, POLICY)
    return read(text, words, laid, reach_of(words.starts, laid), found, POLICY) if found else None


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_asking_first_whether_anything_can_go_changes_no_decision(seed: int) -> None:
    """Also for texts of eight-word repeats in the middle of sentences, and for copies glued on."""
    text = article(random.Random(seed))
    one, other = reading_of(text), reading_of(text)
    if one is not None and other is not None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copies, "outlook", lambda reading, _: reading)
            patch.setattr(copies, "may_go", lambda *_: True)
            whole = copies.decide(other, POLICY)
        assert copies.decide(one, POLICY) == whole


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from([8, 90]))
def test_paragraphs_set_aside_share_too_few_words_in_order(seed: int, count: int) -> None:
    """Few paragraphs, which are compared each with each, and many; the text may repeat itself."""
    chance = random.Random(seed)
    made = [[chance.randrange(60) for _ in range(chance.randint(2, 40))] for _ in range(4)]
    laid, ids = [], []
    for _ in range(count):
        old = list(chance.choice(made)) if chance.random() < 0.5 else []
        new = [word if chance.random() > 0.3 else chance.randrange(900) for word in old]
        new += [chance.randrange(900) for _ in range(0 if new else chance.randint(2, 40))]
        laid.append((len(ids), len(ids) + len(new)))
        ids += new
    often = np.bincount(ids)[ids] > 1
    found = windows._alike(np.array(ids), often, np.array(laid), 0.7).tolist()
    left = {(first, last) for first, last in found}
    for place, (first, last) in enumerate(laid):
        for begin, end in laid[place + 1 :]:
            longer = max(last - first, end - begin)
            if len(common(ids, first, last, begin, end)) >= 0.7 * longer:
                assert {(first, last), (begin, end)} <= left
