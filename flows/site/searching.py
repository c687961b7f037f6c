"""The index of the search in the page: a script file, for a page opened from disk may not fetch."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flows.site.model import Digest, Story
from flows.site.policy import PAGE


def index(digest: Digest, places: Mapping[str, str]) -> bytes:
    """A call with one row a story: title, outlets, lead, tags, place, day, other headlines.

    Args:
        digest: the stories.
        places: story_id -> the page that it stands on.
    """
    rows = [_row(story, places[story.story_id]) for story in digest.stories[: PAGE.searched]]
    lines = ",\n".join(_script(row) for row in rows)
    return f"voltwireSearch([\n{lines}\n]);\n".encode()


def _row(story: Story, place: str) -> list[str]:
    tellings = (story.shown, *story.copies)
    titles = dict.fromkeys(one.title for one in tellings)
    names = dict.fromkeys(f"{t.subject.name} {t.subject.ticker}".strip() for t in story.tags)
    return [
        story.shown.title,
        ", ".join(dict.fromkeys(one.publisher for one in tellings)),
        story.lead,
        ", ".join(names),
        place,
        story.day.isoformat(),
        " / ".join(title for title in titles if title != story.shown.title),
    ]


def _script(row: list[str]) -> str:
    # Also for a server that takes the file for HTML.
    said = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return said.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
