"""The numbers of search, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPolicy:
    """How text is taken apart.  What changes here changes the index: raise ``RECIPE``."""

    # Longer runs of letters are addresses, keys and noise; cut, so that no word is refused.
    longest: int = 64
    # A compound has at least two parts of four letters.
    compound_letters: int = 8
    part_letters: int = 4
    # No part before this letter, but the whole word: German prefixes have two or three letters.
    part_from: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPolicy:
    """How a question is understood and ranked."""

    # What a person types has five words; beyond this somebody has pasted an article.
    most_words: int = 32
    # A word in the headline says what the article is about.
    title_weight: float = 2.0
    # Another form of the word asked for (batteries for battery) counts a little less than itself,
    # and the less, the more common it is: then it is likely another language's (Batterie).
    form_weight: float = 0.8
    form_weight_least: float = 0.25
    # A word found inside a compound is less sure: "Rate" does stand in "Apparate".
    part_weight: float = 0.5
    # Shorter words stand in others by chance; a whole last part must match, so that four will do.
    part_letters: int = 4
    # Compounds that only begin with or hold the word: six letters seldom meet by chance.
    part_prefix_letters: int = 6
    # Words that a prefix stands for are ranked as words, the most frequent ones; all others are
    # found as well, without a rank of their own.
    prefix_words: int = 32
    prefix_letters: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPolicy:
    """How the index is kept."""

    # Memory of the writer while it gathers a segment; bytes.  Tantivy takes 15 MB at least.
    update_heap: int = 20_000_000
    rebuild_heap: int = 120_000_000
    # What DuckDB may hold while texts are read for the index; MiB.
    reading_mib: int = 512
    # Articles read and handed on at a time.
    batch: int = 1000
    # Articles that one publish brings in at most: five seconds or so.  A store that was filled
    # before there was an index catches up from publish to publish, or at once by --rebuild.
    at_most: int = 25_000
    # Whoever else keeps the index is done in seconds; a rebuild takes minutes, and no run waits.
    wait: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """How hits become an answer."""

    # Hits asked of the index beyond those wanted, since several may tell one story; each time that
    # is not enough, so many times more.
    spare: int = 20
    times: int = 4
    # Members of a story looked at for the number of outlets.
    members: int = 500
    # Hits looked through at most for a topic or for stories: all there is, in any sane store.
    most_hits: int = 2_000_000
    # Characters of a snippet, beyond which a terminal of 80 columns takes three lines.
    snippet: int = 200


WORDS = WordPolicy()
ASK = AskPolicy()
INDEX = IndexPolicy()
ANSWER = AnswerPolicy()

# Which words, fields and marks an index was made with; another one is made anew.
RECIPE = 4
