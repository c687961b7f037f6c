"""JSON Feed (https://www.jsonfeed.org/version/1.1/) -> ``RawFeed``."""

from __future__ import annotations

import json
from typing import Any

from ingest.rawfeed import RawEntry, RawFeed, as_html


def read_json_feed(text: str, *, most: int) -> RawFeed | None:
    """The feed in ``text`` with at most ``most`` entries; None when it is no JSON Feed.

    Wrong types count as absent.
    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    # other JSON has "items" too: without the version, the first must look like an entry
    if "jsonfeed.org" not in _text(feed, "version") and not _looks_like_entries(feed["items"]):
        return None
    return RawFeed(
        title=_text(feed, "title"),
        site_url=_text(feed, "home_page_url"),
        language=_text(feed, "language"),
        next_url=_text(feed, "next_url"),
        entries=[_entry(found) for found in feed["items"][:most]],
        left_out=max(0, len(feed["items"]) - most),
    )


def _looks_like_entries(found: list[Any]) -> bool:
    return bool(found) and isinstance(found[0], dict) and {"id", "url"} <= found[0].keys()


def _entry(found: Any) -> RawEntry:
    if not isinstance(found, dict):
        return RawEntry()
    authors = found.get("authors")
    if not isinstance(authors, list):
        authors = [found.get("author")]
    names = [_text(author, "name") for author in authors if isinstance(author, dict)]
    plain = _text(found, "content_text")
    guid = _text(found, "id")
    return RawEntry(
        links=[link for link in (_text(found, "url"), _text(found, "external_url")) if link],
        guid=guid,
        guid_is_link=guid.lower().startswith(("http://", "https://")),
        title=_text(found, "title"),
        author=", ".join(name for name in names if name),
        published=_text(found, "date_published"),
        updated=_text(found, "date_modified"),
        language=_text(found, "language"),
        summary=_text(found, "summary"),
        content=_text(found, "content_html") or (as_html(plain) if plain else ""),
    )


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    if isinstance(value, str):
        # half a surrogate pair is legal JSON and can be written nowhere
        return value.encode("utf-8", "replace").decode("utf-8").strip()
    # 1.0 feeds number their items although the specification asks for strings
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
