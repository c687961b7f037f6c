"""JSON-LD of a page (https://schema.org/NewsArticle): its nodes, and values read out of them.

Publishers write every field in every shape that the vocabulary allows, and in some that it does
not: a string, a list, an object with a name.  The readers here take all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lxml import html

from ingest.wording import clean

_ARTICLE_KINDS = (
    "newsarticle",
    "reportagenewsarticle",
    "analysisnewsarticle",
    "opinionnewsarticle",
    "backgroundnewsarticle",
    "reviewnewsarticle",
    "askpublicnewsarticle",
    "article",
    "blogposting",
    "liveblogposting",
    "techarticle",
    "scholarlyarticle",
    "socialmediaposting",
    "advertisercontentarticle",
    "satiricalarticle",
    "report",
    "review",
)
_TAG = re.compile(r"<[^<>]{0,500}>")
_NODES = 2000
"""JSON-LD nodes looked at; one page lists thousands of comments."""
_SCRIPT = 2_000_000
"""Characters of one JSON-LD block that are parsed."""


def json_ld_nodes(tree: html.HtmlElement) -> Iterator[dict[str, Any]]:
    """The nodes of all blocks that can be read, containers before what they hold."""
    left = _NODES
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        source = script.text or ""
        if not source.strip() or len(source) > _SCRIPT:
            continue
        queue = [_parsed(source)]
        while queue and left > 0:
            node = queue.pop(0)
            if isinstance(node, list):
                queue[:0] = node[:left]
            elif isinstance(node, dict):
                left -= 1
                yield node
                queue.extend(
                    node[key]
                    for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement")
                    if isinstance(node.get(key), dict | list)
                )


def _parsed(source: str) -> Any:
    source = source.strip()
    source = re.sub(r"^(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*.{0,40}?\*/)+", "", source)
    source = re.sub(r"(?:-->|//\s*\]\]>|\]\]>|;)+\s*$", "", source).strip()
    for attempt in _mended(source):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _mended(source: str) -> Iterator[str]:
    """``source``, then without each of the two mistakes that templates make."""
    yield source
    yield re.sub(r",\s*([}\]])", r"\1", source)
    yield re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", source)


def types_of(node: dict[str, Any]) -> list[str]:
    """Types of ``node``, in lower case and without their vocabulary's address."""
    return [
        kind.rsplit("/", 1)[-1].lower() for kind in strings_of(node.get("@type")) if len(kind) < 80
    ]


def article_node(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """The node that describes this page's article, or an empty one."""
    best: dict[str, Any] = {}
    best_score = 0
    for node in nodes:
        kinds = types_of(node)
        if not any(kind in _ARTICLE_KINDS for kind in kinds):
            continue
        score = 1 + sum(
            bool(node.get(key))
            for key in ("headline", "datePublished", "author", "articleBody", "mainEntityOfPage")
        )
        if score > best_score:
            best, best_score = node, score
    return best


def strings_of(value: Any) -> list[str]:
    """The strings in ``value``, cleaned, without empty ones."""
    if isinstance(value, str):
        return [trimmed] if (trimmed := clean(value)) else []
    if isinstance(value, list):
        return [text for entry in value[:50] for text in strings_of(entry)]
    if isinstance(value, dict):
        return strings_of(value.get("@value"))
    return []


def names_of(value: Any) -> list[str]:
    """The names in ``value``: of people, organisations, languages, or plain strings."""
    if isinstance(value, dict):
        name = strings_of(value.get("name"))
        if not name and (value.get("givenName") or value.get("familyName")):
            parts = strings_of(value.get("givenName")) + strings_of(value.get("familyName"))
            name = [" ".join(parts)]
        return name
    if isinstance(value, list):
        return [name for entry in value[:30] for name in names_of(entry)]
    return strings_of(value)


def body_text(value: Any) -> str:
    """``articleBody`` as plain text, whether it was given as text or as markup."""
    texts = value if isinstance(value, list) else [value]
    body = "\n".join(text for text in texts if isinstance(text, str))
    if "<" in body or "&lt;" in body:
        body = unescape(body)
        body = re.sub(r"</p>|<br\s*/?>|</h\d>|</li>", "\n", body, flags=re.IGNORECASE)
        body = _TAG.sub("", body)
    return unescape(body).strip()


def whole_number(value: Any) -> int:
    """The count that ``value`` is, or names; 0 when it is none."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,7}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def free_to_read(article: dict[str, Any], nodes: list[dict[str, Any]]) -> bool | None:
    """``isAccessibleForFree`` of the article or else of any node; None when none says."""
    for node in [article, *nodes]:
        value = node.get("isAccessibleForFree")
        if isinstance(value, bool):
            return value
        for text in strings_of(value):
            if text.lower() in ("false", "no", "0"):
                return False
            if text.lower() in ("true", "yes", "1"):
                return True
    return None
