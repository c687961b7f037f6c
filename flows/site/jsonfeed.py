"""Feeds as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from flows.site import paths
from flows.site.entries import RIGHTS, SUBTITLE, Entry, Feed, address
from flows.site.model import Options
from flows.site.wording import plain

JSON_FEED = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed, options: Options, page: str = "") -> bytes:
    """``feed`` as JSON Feed 1.1; ``page`` as for ``atom``."""
    made: dict[str, Any] = {
        "version": JSON_FEED,
        "title": feed.title,
        "description": f"{SUBTITLE} {RIGHTS}",
    }
    if page and (where := address(options, page)):
        made["home_page_url"] = where
    if whole := address(options, paths.feed(feed.subject, "json")):
        made["feed_url"] = whole
    made["authors"] = [{"name": plain(options.title) or "voltwire"}]
    made["items"] = [json_item(entry) for entry in feed.entries]
    # What stands in strings is clean already; the line ends make a change of one entry one line.
    items = ",\n".join(json.dumps(one, ensure_ascii=False) for one in made.pop("items"))
    head = json.dumps(made, ensure_ascii=False).removesuffix("}")
    return f'{head}, "items": [\n{items}\n]}}\n'.encode()


def json_item(entry: Entry) -> dict[str, Any]:
    """``entry`` as an item of a JSON Feed."""
    made: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "date_published": entry.published,
        "date_modified": entry.updated,
        "authors": [{"name": entry.publisher}],
        "tags": list(entry.tags),
        "language": entry.language,
    }
    # Empty is not what the format means by left out.
    made = {name: value for name, value in made.items() if value or name == "content_html"}
    return made | {
        "_voltwire": {
            "outlets": entry.outlets,
            "also": [{"name": copy.publisher, "url": copy.url} for copy in entry.copies],
            "merged": [gone for gone, _ in entry.merged],
        }
    }
