"""Short ways to make records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dedupe.models import Match, Signature, SignatureRecipe, StoryPlan
from ingest.models import Article, FeedEntry, Rejection
from storage.models import PreparedArticle

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Build:
    """Records with everything filled in but what a test names."""

    noon = NOON
    recipe = SignatureRecipe(
        version="1", shingle_words=5, permutations=128, seed=1, scheme="affine32", bands=16,
        rows=8, sketch_modulus=16,
    )  # fmt: skip

    def signature(self, article_id: str, text: str = "", **changes: Any) -> Signature:
        exact = int.from_bytes(
            hashlib.sha256(text.lower().encode(errors="replace")).digest()[:8], "little"
        )
        fields: dict[str, Any] = {
            "article_id": article_id, "exact": exact, "shingles": 10, "minhash": bytes(8),
            "bands": (exact, exact ^ 1), "sketch": (exact ^ 2,),
        }  # fmt: skip
        return Signature(**(fields | changes))

    def prepared(self, name: str, text: str = "", **changes: Any) -> PreparedArticle:
        text = text or f"A report about {name} and what it means for cells."
        url = changes.pop("url", f"https://news.example/{name}")
        beside = {
            key: changes.pop(key)
            for key in ("repeats", "original_text", "link_targets", "site", "words", "signature")
            if key in changes
        }
        fields: dict[str, Any] = {
            "article_id": changes.pop("article_id", name.ljust(12, "0")[:12]), "url": url,
            "canonical_url": url, "feed": "example", "publisher": "Example",
            "title": f"About {name}", "author": "", "language": "en", "published_at": NOON,
            "published_from": "page", "published_raw": "", "fetched_at": NOON, "text": text,
            "text_source": "page", "aliases": (url,),
        }  # fmt: skip
        article = Article(**(fields | changes))
        beside.setdefault("signature", self.signature(article.article_id, text))
        return PreparedArticle(article=article, **beside)

    def entry(self, name: str, **changes: Any) -> FeedEntry:
        url = f"https://news.example/{name}"
        fields: dict[str, Any] = {"url": url, "canonical_url": url, "feed": "example"}
        return FeedEntry(**(fields | changes))

    def rejection(self, name: str, **changes: Any) -> Rejection:
        fields: dict[str, Any] = {
            "url": f"https://news.example/{name}", "feed": "example", "stage": "fetch",
            "reason": "timeout", "detail": "", "at": NOON,
        }  # fmt: skip
        return Rejection(**(fields | changes))

    def match(self, one: str, other: str, relation: str = "near", jaccard: float = 0.9) -> Match:
        return Match(
            article_id=one.ljust(12, "0"), of_article_id=other.ljust(12, "0"),
            relation=relation, jaccard=jaccard, containment=1.0, reason=f"{one} {other}",
        )  # fmt: skip

    def plan(self, *groups: str, forwards: dict[str, str] | None = None) -> StoryPlan:
        """Each group is names with a space between, its first the story and its representative."""
        story_of, shown = {}, {}
        for group in groups:
            ids = [name.ljust(12, "0") for name in group.split()]
            story_of.update(dict.fromkeys(ids, ids[0]))
            shown[ids[0]] = ids[0]
        return StoryPlan(story_of=story_of, representative_of=shown, forwards=forwards or {})


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture(scope="session")
def build_one() -> Callable[..., PreparedArticle]:
    """``Build.prepared``, for what is made once for several tests."""
    return Build().prepared
