"""Candidate pairs to matches: few articles made ready at once, each for all its pairs in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dedupe import match
from dedupe.models import CandidatePair, Document, Match

# Articles made ready to be compared at once.  Fewer are made ready in more and smaller batches, and
# more often twice, and each batch reads texts from the store, which decompresses its neighbours'
# too; a backfill of near copies had more than a thousand.
COMPARED_AT_ONCE = 256


def compared(
    pairs: Iterable[CandidatePair], documents: Callable[[Sequence[str]], Sequence[Document]]
) -> list[Match]:
    """Compare the texts of ``pairs``: the matches, and the pairs told apart for certain.

    Args:
        pairs: those worth comparing; neighbours in this order share their articles best.
        documents: the articles of some ids, in any order.
    """
    found: list[Match | None] = []
    for group in groups(pairs):
        ids = sorted({end for pair in group for end in (pair.article_id, pair.of_article_id)})
        prepared = {one.document.article_id: one for one in match.prepare_all(documents(ids))}
        found += [
            match.judge(prepared[pair.article_id], prepared[pair.of_article_id]) for pair in group
        ]
    return [one for one in found if one is not None]


def groups(pairs: Iterable[CandidatePair]) -> Iterator[list[CandidatePair]]:
    """``pairs`` in order, in pieces of few articles: most take some 100 kB when compared."""
    group: list[CandidatePair] = []
    ends: set[str] = set()
    for pair in pairs:
        more = {pair.article_id, pair.of_article_id}
        if group and len(ends | more) > COMPARED_AT_ONCE:
            yield group
            group, ends = [], set()
        group.append(pair)
        ends |= more
    if group:
        yield group
