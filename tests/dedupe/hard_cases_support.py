"""How two texts relate, asked the way a hard case asks it."""

from datetime import UTC, datetime, timedelta

from dedupe import match
from dedupe.models import Document, Relation

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


def relation(
    left: str, right: str, titles: tuple[str, str] = ("", ""), hours: float = 0.0
) -> Relation | None:
    """How the left text relates to one published ``hours`` later; the same from both sides."""
    a = Document(article_id="a", text=left, title=titles[0], published_at=NOON)
    b = Document(
        article_id="b", text=right, title=titles[1], published_at=NOON + timedelta(hours=hours)
    )
    found = match.compare(a, b)
    assert match.compare(b, a) == found
    return found.relation if found else None
