"""What storage takes and hands out, beside the records of ``ingest`` and ``dedupe``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dedupe.models import Document, Match, Repeat, Signature, StoryNode
from ingest.models import Article, FeedEntry, Rejection

Outcome = Literal["article", "rejected"]
RunState = Literal["running", "completed", "completed_with_failures", "failed", "crashed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """What became of an entry."""

    canonical_url: str
    article_id: str | None
    outcome: Outcome
    reason: str = ""
    retry_at: datetime | None = None
    revision: str = ""
    """The entry's revision when it was last looked at; another one means an edit."""
    checked_at: datetime | None = None
    first_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOutcome:
    """An entry and what became of it just now."""

    entry: FeedEntry
    at: datetime
    article_id: str | None = None
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedArticle:
    """An article ready to be stored: its text has no internal repeats left."""

    article: Article
    repeats: tuple[Repeat, ...] = ()
    signature: Signature
    original_text: str | None = None
    """The text before repeats were cut; None when nothing was cut."""
    link_targets: Mapping[str, str] = field(default_factory=dict)
    """URL as cited -> its canonical form, for ``article.links``; absent ones stand for
    themselves."""
    site: str = ""
    """Registered domain of the article; taken from its host when empty."""
    origin: str = ""
    """Agency or wire that the text is signed with, by ``dedupe.origin``; empty when none is."""
    words: int | None = None
    """Words of the text by ``dedupe.text.count_words``; counted more simply here when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A new or changed article as it is stored now: what would be read back of it."""

    document: Document
    node: StoryNode


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """What saving a batch of articles did; each stored id stands in one list only."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Known articles whose text was really edited: they need a new signature and matches."""
    known: tuple[str, ...] = ()
    """Known articles whose text is the same or cosmetically different."""
    id_of: Mapping[str, str] = field(default_factory=dict)
    """article_id as handed in -> the id it is stored under, for every article of the batch."""
    written: Mapping[str, Written] = field(default_factory=dict)
    """The new and the changed by their stored ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """Everything the store holds of one article."""

    article: Article
    story_id: str
    is_representative: bool
    version: int
    words: int
    original_text: str | None
    repeats: tuple[Repeat, ...]
    matches: tuple[Match, ...]
    versions: tuple[ArticleVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleVersion:
    """One version of an article's text."""

    version: int
    seen_at: datetime
    title: str
    text: str
    words_added: int
    words_removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryGraph:
    """Articles connected to some given ones, and what connects them."""

    nodes: tuple[StoryNode, ...] = ()
    matches: tuple[Match, ...] = ()
    story_of: Mapping[str, str] = field(default_factory=dict)
    """article_id -> story_id, for nodes that have one already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """What a run did, in numbers."""

    feeds: int = 0
    entries: int = 0
    fetched: int = 0
    stored: int = 0
    known: int = 0
    duplicates: int = 0
    rejected: int = 0
