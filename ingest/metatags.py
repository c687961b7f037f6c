"""The meta elements of a page: https://ogp.me/, Dublin Core and what content systems made up."""

from __future__ import annotations

from lxml import html

from ingest.wording import clean


def meta_values(tree: html.HtmlElement) -> dict[str, list[str]]:
    """Contents of the meta elements by lower-case property or name, in the order of the page."""
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        marks = dict(element.items())
        content = marks.get("content")
        if not content or len(content) > 5000:
            continue
        value = clean(content)
        if not value:
            continue
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            key = marks.get(attribute)
            if key:
                found.setdefault(key.strip().lower(), []).append(value)
    return found


def first_of(meta: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    """All values of ``keys``, in the order of ``keys``."""
    return [value for key in keys for value in meta.get(key, [])]


def source_of_key(key: str) -> str:
    """Which vocabulary ``key`` of a meta element belongs to: ``opengraph`` or ``meta``."""
    return "opengraph" if key.startswith(("og:", "article:")) else "meta"
