"""The records of deduplication: what repeats inside a text, what resembles across texts.

Offsets are in characters (code points) of the text that was handed in.  Standard library only:
``storage`` imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Relation = Literal["exact", "near", "contains", "contained_in", "apart"]
"""``apart``: much alike and two stories for certain, as one form is filled twice.  Such two are in
no story together; it is kept beside the matches and shown nowhere as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A stretch that was cut because it stands elsewhere in the same text."""

    start: int
    end: int
    """``[start, end)`` of the cut copy in the original text."""
    of_start: int
    of_end: int
    """``[of_start, of_end)`` of the kept copy in the original text."""
    words: int
    similarity: float
    """0..1, share of the cut copy's words that stand in the kept copy, aligned."""
    removed_text: str
    """Exactly ``original[start:end]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatReport:
    """A text with its internal repeats taken out."""

    text: str
    repeats: tuple[Repeat, ...] = ()
    looked: bool = True
    """False when the text was over the bound and was passed through unread."""
    breaks: tuple[int, ...] = ()
    """Offsets in the original at which a line break was put in to part glued copies, ascending."""
    words: int | None = field(default=None, compare=False)
    """Number of words of ``text``; None where they were not counted."""
    word_hashes: bytes | None = field(default=None, compare=False, repr=False)
    """Of each word of ``text`` the hash that its signature is made of, 8 bytes, little-endian; None
    where folding does more to a character than to make it another one (but for ß)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What matching needs to know of an article."""

    article_id: str
    text: str
    title: str = ""
    publisher: str = ""
    language: str = ""
    published_at: datetime | None = None
    """Publication time, or the fetch time where none is known; None matches any day."""
    dated: bool = True
    """``published_at`` is no fetch time.  Two texts fetched in one hour need not have been written
    in one: an archive is fetched in an hour."""
    word_hashes: bytes | None = field(default=None, compare=False, repr=False)
    """As in ``RepeatReport``: a text of which they are known is not read again to sign it."""
    exact: int | None = field(default=None, compare=False)
    """That of the signature of this text; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRecipe:
    """Every number that is baked into stored signatures.

    Two signatures may be compared only when their recipes are equal; the store keeps the
    recipe and refuses another one.
    """

    version: str
    shingle_words: int
    permutations: int
    seed: int
    scheme: str
    """datasketch's hash scheme; 1.x and 2.x differ."""
    bands: int
    rows: int
    """``bands * rows <= permutations``."""
    sketch_modulus: int
    """FracMinHash keeps the shingle hashes that are 0 modulo this."""
    sketch_head: int = 64
    """So many first shingles are sketched at ``sketch_modulus``, as many again at twice it, the
    rest at eight times it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A document's MinHash signature and containment sketch under one recipe."""

    article_id: str
    exact: int
    """64-bit hash of the normalised words: equal for texts that differ in typography only."""
    shingles: int
    """Number of distinct shingles."""
    minhash: bytes
    """``permutations`` little-endian uint32."""
    bands: tuple[int, ...]
    """One 64-bit key a band; two documents sharing a key are candidates."""
    sketch: tuple[int, ...]
    """64-bit FracMinHash keys, ascending; shared keys estimate containment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePair:
    """Two articles that share keys, before their texts are compared."""

    article_id: str
    of_article_id: str
    shared_bands: int
    shared_sketch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A verified relation between two texts, read ``article_id`` <relation> ``of_article_id``.

    Stored once a pair, with ``article_id < of_article_id``; ``Match.swapped`` gives the other view.
    """

    article_id: str
    of_article_id: str
    relation: Relation
    jaccard: float
    """0..1 on distinct word shingles."""
    containment: float
    """0..1, share of the shorter text's shingles found in the longer."""
    reason: str
    """One readable sentence with the figures that decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryNode:
    """What choosing a representative needs to know of an article."""

    article_id: str
    words: int
    published_at: datetime | None
    full_page: bool
    """The text came from the article's page, not from a feed's excerpt."""
    beginning: bool = False
    """The text is the beginning that a paid page shows."""
    title: str = ""
    publisher: str = ""
    origin: str = ""
    """The agency or wire that the text is signed with; empty where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryGroup:
    """A story: a representative and the members that resemble it."""

    representative_id: str
    member_ids: tuple[str, ...]
    """Ascending; holds the representative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPlan:
    """How stored stories change."""

    story_of: dict[str, str]
    """article_id -> story_id for every article looked at."""
    representative_of: dict[str, str]
    """story_id -> article_id of the copy to show."""
    forwards: dict[str, str]
    """story_id that ceases -> story_id that took most of its members."""
