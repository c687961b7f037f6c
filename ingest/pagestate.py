"""An article's text out of the state that a page built in the browser carries in its scripts.

Frameworks ship what they will show as JSON (``__NEXT_DATA__``, query caches, ``window.__STATE__``).
Only an object that names the page's own headline is believed: the same state lists other articles.
Not looked at where the page shows paragraphs, so ordinary pages pay for one count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import html

from ingest.pagetext import fragment_text
from ingest.wording import count_words, fold_title, text_in

_SHOWN_CHARS = 800
"""Text in paragraphs from which on the page itself is read."""
_START = re.compile(r"[=(:,]\s*(?=[\[{])|^\s*(?=[\[{])")
_STARTS = 40
_SCRIPT = 3_000_000
"""Characters of one script that are read."""
_NODES = 20_000
_DEPTH = 6
"""Levels below the object that names the headline: body, blocks, children, text."""
_LEAST_WORDS = 120
_PLACEHOLDER = re.compile(r"\$\$\w{2,40}\$\$")
_CAPTION = re.compile(r"<div class=[\"']caption[\"']>.*?</div>", re.DOTALL)
_BODY_KEY = re.compile(r"body|content|text|html|article|paragraph|value|elements|blocks", re.I)


def state_body(tree: html.HtmlElement, titles: list[str]) -> str:
    """The longest text that belongs to one of ``titles`` in the scripts of ``tree``, else ""."""
    keys = {key for key in map(fold_title, titles) if len(key) >= 8}
    if not keys or _shows_text(tree):
        return ""
    best = ""
    for script in tree.iter("script"):
        source = script.text or ""
        if "ld+json" in (script.get("type") or "") or not 500 < len(source) <= _SCRIPT:
            continue
        for state in _values(source):
            best = max([best, *_bodies(state, keys)], key=len)
    return best if count_words(best) >= _LEAST_WORDS else ""


def _shows_text(tree: html.HtmlElement) -> bool:
    left = _SHOWN_CHARS
    for paragraph in tree.iter("p"):
        left -= len(text_in(paragraph))
        if left <= 0:
            return True
    return False


def _values(source: str) -> Iterator[Any]:
    """The JSON values in a script, the ones inside others left out."""
    decoder = json.JSONDecoder(strict=False)
    place = 0
    for _ in range(_STARTS):
        match = _START.search(source, place)
        if match is None:
            return
        try:
            value, place = decoder.raw_decode(source, match.end())
        except (ValueError, RecursionError):
            place = match.end() + 1
            continue
        if isinstance(value, dict | list) and value:
            yield value


def _bodies(state: Any, keys: set[str]) -> Iterator[str]:
    queue = [state]
    left = _NODES
    while queue and left:
        left -= 1
        node = queue.pop()
        if isinstance(node, dict):
            if any(_is_headline(value, keys) for value in node.values()):
                yield from (
                    _readable(_text_of(value, _DEPTH))
                    for name, value in node.items()
                    if _BODY_KEY.search(name)
                )
            queue.extend(node.values())
        elif isinstance(node, list):
            queue.extend(node[:500])


def _is_headline(value: Any, keys: set[str]) -> bool:
    """Whether ``value`` is one of the page's titles, which may go on with a site's name."""
    if not isinstance(value, str) or not 8 <= len(value) <= 300:
        return False
    folded = fold_title(value)
    return len(folded) >= 8 and any(key == folded or key.startswith(f"{folded} ") for key in keys)


def _text_of(value: Any, depth: int) -> str:
    """The strings of ``value`` that are text, a block a line."""
    if isinstance(value, str):
        return value
    if depth == 0:
        return ""
    if isinstance(value, list):
        return "\n".join(filter(None, (_text_of(entry, depth - 1) for entry in value[:500])))
    if isinstance(value, dict):
        named = (v for name, v in value.items() if _BODY_KEY.search(name))
        return "\n".join(filter(None, (_text_of(entry, depth - 1) for entry in named)))
    return ""


def _readable(markup: str) -> str:
    if len(markup) < 4 * _LEAST_WORDS // 2:
        return ""
    return fragment_text(_PLACEHOLDER.sub(" ", _CAPTION.sub("", markup)))
