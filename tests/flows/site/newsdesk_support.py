"""Stories put into a store in memory with little ado, for the feeds and for hostile text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from dedupe.models import Signature, StoryPlan
from ingest.models import Article
from storage import articles, stories
from storage.models import PreparedArticle

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNTIL = NOON + timedelta(days=1)


def article_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def prepared(name: str, **changes: Any) -> PreparedArticle:
    url = changes.pop("url", f"https://{name}.example/news")
    at = changes.pop("at", NOON)
    fields: dict[str, Any] = {
        "article_id": article_id(name), "url": url, "canonical_url": url, "feed": "example",
        "publisher": f"The {name}", "title": f"About {name}", "author": "", "language": "en",
        "published_at": at, "published_from": "page", "published_raw": "", "fetched_at": at,
        "text": f"A plant for {name} opens today. It makes cells. They are square.",
        "text_source": "page", "aliases": (url,),
    }  # fmt: skip
    article = Article(**(fields | changes))
    exact = int.from_bytes(hashlib.sha256(article.text.encode()).digest()[:8], "little")
    signature = Signature(
        article_id=article.article_id, exact=exact, shingles=10, minhash=bytes(8),
        bands=(exact, exact ^ 1), sketch=(exact ^ 2,),
    )  # fmt: skip
    return PreparedArticle(article=article, signature=signature)


def tell(
    con: duckdb.DuckDBPyConnection,
    *groups: str,
    now: datetime = NOON,
    forwards: dict[str, str] | None = None,
    story_ids: dict[str, str] | None = None,
) -> None:
    """Each group is names of stored articles, the first the one shown and the story's own."""
    story_of, shown = {}, {}
    for group in groups:
        names = group.split()
        story = (story_ids or {}).get(names[0], article_id(names[0]))
        story_of.update({article_id(name): story for name in names})
        shown[story] = article_id(names[0])
    ended = {article_id(old): article_id(new) for old, new in (forwards or {}).items()}
    stories.apply(con, StoryPlan(story_of=story_of, representative_of=shown, forwards=ended), now)


def save(con: duckdb.DuckDBPyConnection, *names: str, **changes: Any) -> None:
    articles.save(con, [prepared(name, **changes) for name in names])


def mention(
    con: duckdb.DuckDBPyConnection,
    name: str,
    companies: Sequence[str] = (),
    *,
    kind: str = "company",
    main: bool = True,
) -> None:
    """The article ``name`` is about ``companies``, or names them only."""
    con.executemany(
        "INSERT INTO core.mentions (article_id, kind, name, ticker, count, in_title, in_lede, "
        "is_main) VALUES (?, ?, ?, '', 2, true, true, ?)",
        [[article_id(name), kind, company, main] for company in companies],
    )
