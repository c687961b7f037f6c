"""What pages say of their articles beside text and headline, to the store and back.

New rows and rows read again write the same columns: they stand here once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date
from typing import Any

from ingest.models import Article

DETAIL_TYPES = {
    "published_on": "DATE", "modified_at": "TIMESTAMPTZ", "section": "VARCHAR",
    "tags": "VARCHAR[]", "image": "VARCHAR", "notice": "VARCHAR", "metadata_from": "VARCHAR",
}  # fmt: skip
"""Columns of ``core.articles`` with their types, the day before what ``details_of`` gives."""


def day_of(article: Article) -> date | None:
    """The day of publication as written, else in UTC."""
    if article.published_at is None:
        return None
    return article.published_on or article.published_at.astimezone(UTC).date()


def details_of(article: Article) -> list[object]:
    """Values of the columns after the day, in order."""
    sources = json.dumps(dict(article.metadata_from), ensure_ascii=False, sort_keys=True)
    return [
        article.modified_at, article.section, list(article.tags), article.image, article.notice,
        sources,
    ]  # fmt: skip


def article_fields(values: Sequence[Any]) -> dict[str, Any]:
    """Arguments of ``Article`` out of a row's values of ``DETAIL_TYPES``, in order."""
    published_on, modified_at, section, tags, image, notice, sources = values
    return {
        "published_on": published_on, "modified_at": modified_at, "section": section or "",
        "tags": tuple(tags or ()), "image": image or "", "notice": notice or "",
        "metadata_from": json.loads(sources or "{}"),
    }  # fmt: skip
