"""What a run over the newsroom should find, worked out from the written sources."""

from __future__ import annotations

import json
from typing import Any

from flows.demo.feed_files import listings
from flows.demo.sources import DAY_ONE, DAY_TWO, Outlet, Piece, cited


def expectations(outlets: list[Outlet], pieces: list[Piece]) -> dict[str, Any]:
    """The truth about the newsroom as plain JSON values: feeds, pages, rejections, relations."""
    shown = [piece for piece in pieces if piece.page == "shown"]
    articles = [piece for piece in pieces if piece.page != "gone" and not piece.rejected]
    return {
        "as_of": {"1": DAY_ONE.isoformat(), "2": DAY_TWO.isoformat()},
        "feeds": [_feed(outlet, pieces) for outlet in outlets],
        "pages": [_page(piece) for piece in shown],
        "feed_texts": [
            {**_page(piece), "url": piece.url if piece.page == "absent" else ""}
            for piece in pieces
            if piece.page in ("absent", "none")
        ],
        "rejected": [
            {
                "url": piece.url,
                "feed": piece.outlet.slug,
                "day": piece.day,
                "stage": piece.rejected[0],
                "reason": piece.rejected[1],
            }
            for piece in pieces
            if piece.rejected
        ],
        "doubled": [
            {"url": piece.url, "lost": piece.doubled, "paragraphs": list(piece.body)}
            for piece in pieces
            if piece.doubled
        ],
        "edited": [
            {"url": piece.url, "before": list(piece.body), "after": list(piece.edited_body)}
            for piece in pieces
            if piece.edited_body
        ],
        "contains": [
            {"url": piece.url, "story": story, "of_url": other.url}
            for piece in pieces
            for story in piece.contains
            for other in pieces
            if other.story == story and other.form == "own"
        ],
        "citations": [
            {"url": piece.url, "cited": url} for piece in articles for url in cited(piece.body)
        ],
        "distinct": [
            [piece.url, other.url]
            for piece in pieces
            for other in pieces
            if other.story in piece.unlike or _on_one_page(piece, other, pieces)
        ],
        "same_page": [
            {
                "url": piece.url,
                "listed": [f"https://{piece.outlet.host}{path}" for path in piece.listed(2)],
            }
            for piece in shown
            if len(piece.listed(2)) > 1
        ],
        "stories": _stories(articles),
        "totals": {
            "feeds": len(outlets),
            "pages": len(shown),
            "articles": len(articles),
            "articles_day_1": sum(piece.day == 1 for piece in articles),
            "layouts": len({piece.outlet.layout for piece in shown}),
            "languages": sorted({piece.outlet.language for piece in articles}),
        },
    }


def _on_one_page(piece: Piece, other: Piece, pieces: list[Piece]) -> bool:
    """Whether a digest holds both: it must not draw the two stories into one."""
    return piece.story < other.story and any(
        {piece.story, other.story} <= set(digest.contains) for digest in pieces
    )


def feeds_toml(outlets: list[Outlet]) -> str:
    """The newsroom's feeds as a catalogue file."""
    names = ("slug", "url", "publisher", "language", "country", "scope")
    blocks = ["# Written by `python -m flows.demo.build`; every outlet in it is invented."]
    for outlet in outlets:
        row = {
            "slug": outlet.slug,
            "url": outlet.feed_url,
            "publisher": outlet.publisher,
            "language": outlet.language,
            "country": outlet.country,
            "scope": outlet.scope,
        }
        lines = [f"{name} = {json.dumps(row[name], ensure_ascii=False)}" for name in names]
        blocks.append("\n".join(["[[feed]]", *lines]))
    return "\n\n".join(blocks) + "\n"


def _feed(outlet: Outlet, pieces: list[Piece]) -> dict[str, Any]:
    return {
        "slug": outlet.slug,
        "url": outlet.feed_url,
        "publisher": outlet.publisher,
        "language": outlet.language,
        "scope": outlet.scope,
        "format": outlet.feed_format,
        "state": outlet.state,
        "broken": outlet.broken,
        "entries": {str(day): len(listings(outlet, pieces, day)) for day in (1, 2)},
    }


def _page(piece: Piece) -> dict[str, Any]:
    return {
        "url": piece.url,
        "feed": piece.outlet.slug,
        "day": piece.day,
        "title": " ".join(piece.title.split()),
        "author": piece.author,
        "publisher": piece.outlet.publisher,
        "language": piece.outlet.language,
        "published": piece.published.isoformat(),
        "story": piece.story,
        "form": piece.form,
        "layout": piece.outlet.layout,
    }


def _stories(articles: list[Piece]) -> dict[str, list[str]]:
    """Story key -> URLs of its copies, for the stories that more than one page tells."""
    found: dict[str, list[str]] = {}
    for piece in articles:
        found.setdefault(piece.story, []).append(piece.url)
    return {story: urls for story, urls in sorted(found.items()) if len(urls) > 1}
