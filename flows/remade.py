"""What follows from a stored text, made anew by today's rules.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dedupe.models import Document, Repeat, Signature
from dedupe.origin import origin_of
from dedupe.repeats import remove_repeats
from dedupe.signature import sign
from dedupe.text import count_words
from ingest.topics import gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of an article, from which the rest is made."""

    article_id: str
    title: str
    author: str
    text: str
    """The text before repeats were cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remade:
    """What is made of it."""

    text: str
    repeats: tuple[Repeat, ...]
    original_text: str | None
    """The text before repeats were cut; None when nothing was cut."""
    topics: tuple[str, ...]
    origin: str
    words: int
    signature: Signature


def remake(kept: Sequence[Kept]) -> list[Remade]:
    """Repeats, topics, origins and signatures of ``kept``, in the same order."""
    reports = [remove_repeats(one.text) for one in kept]
    signatures = sign(
        [
            Document(article_id=one.article_id, text=report.text, word_hashes=report.word_hashes)
            for one, report in zip(kept, reports, strict=True)
        ]
    )
    return [
        Remade(
            text=report.text,
            repeats=report.repeats,
            original_text=one.text if report.repeats else None,
            topics=tuple(gate(one.title, one.text).topics),
            origin=origin_of(report.text, one.author),
            words=count_words(report.text) if report.words is None else report.words,
            signature=signature,
        )
        for one, report, signature in zip(kept, reports, signatures, strict=True)
    ]
