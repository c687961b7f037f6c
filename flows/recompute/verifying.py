"""Candidate pairs to matches: the texts themselves are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import duckdb

from dedupe.models import CandidatePair, Document
from flows.comparing import compared
from flows.processes import step
from flows.recompute.parts import Part, work_on
from storage import chunks, joining
from storage.batches import rows, staged

_MATCHES = {
    "article_id": "VARCHAR", "of_article_id": "VARCHAR", "relation": "VARCHAR",
    "jaccard": "DOUBLE", "containment": "DOUBLE", "reason": "VARCHAR",
}  # fmt: skip


def verify_chunk(part: Part) -> int:
    """Compare the pairs of one chunk; returns how many are related.

    Reads ``pairs``, and ``remade`` of the chunks in which their texts lie; writes ``matches``.
    """
    room = part.room
    source = room.file("pairs", part.number)
    with work_on(part, source) as con:
        pairs, numbers = joining.read_dealt(con, source)
        documents = _documents(con, source, [room.file("remade", one) for one in numbers])

        def of(ids: Sequence[str]) -> list[Document]:
            step()
            return [documents[one] for one in ids]

        found = compared(together(pairs), of)
        records = [[getattr(one, name) for name in _MATCHES] for one in found]
        with staged(con, "found", _MATCHES, rows(_MATCHES, records)) as batch:
            chunks.write(con, room.file("matches", part.number), f"FROM {batch}")
    return len(found)


def together(pairs: Sequence[CandidatePair]) -> list[CandidatePair]:
    """``pairs`` with those one after the other that hang together: their articles are made ready
    once and not once a pair."""
    lead: dict[str, str] = {}

    def leader(one: str) -> str:
        while (above := lead.setdefault(one, one)) != one:
            lead[one] = lead[above]
            one = above
        return one

    for pair in pairs:
        a, b = leader(pair.article_id), leader(pair.of_article_id)
        if a != b:
            lead[b] = a
    grouped: dict[str, list[CandidatePair]] = defaultdict(list)
    for pair in pairs:
        grouped[leader(pair.article_id)].append(pair)
    return list(
        chain.from_iterable(
            sorted(each, key=lambda pair: (pair.article_id, pair.of_article_id))
            for each in grouped.values()
        )
    )


def _documents(
    con: duckdb.DuckDBPyConnection, pairs: Path, remade: Sequence[Path]
) -> dict[str, Document]:
    if not remade:
        return {}
    named = chunks.source(pairs)
    found = con.execute(
        "SELECT article_id, text, title, publisher, language, told_at, dated, exact "
        f"FROM {chunks.source(remade)} WHERE article_id IN "
        f"(SELECT article_id FROM {named} UNION SELECT of_article_id FROM {named})"
    ).fetchall()
    return {
        row[0]: Document(
            article_id=row[0], text=row[1], title=row[2], publisher=row[3], language=row[4],
            published_at=row[5], dated=row[6], exact=row[7],
        )
        for row in found
    }  # fmt: skip
