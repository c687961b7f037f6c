"""What a worker hands back of an entry; not in ``digest``, which brings the extractor along."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.models import FeedEntry, Rejection
from storage.models import PreparedArticle

PASSES = 2
"""How often ``digest`` goes over its pages, with a step for each page each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digested:
    """What became of one entry: an article ready for the store, or a rejection."""

    entry: FeedEntry
    prepared: PreparedArticle | None = None
    rejection: Rejection | None = None
