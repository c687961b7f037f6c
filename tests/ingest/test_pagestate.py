"""Articles that stand only in the JSON state of a page's scripts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pagestate import state_body
from ingest.pagetext import parse_page

TITLE = "Cathode plant opens in the valley"
LINES = [
    f"Paragraph {n} says that the plant makes cathodes for {n} thousand packs a year."
    for n in range(20)
]
MARKUP = "".join(f"<p>{line}</p>" for line in LINES)
OTHER = {"title": "Other plant closes at last", "body": MARKUP * 3}


def read(script: str, shown: str = "") -> str:
    tree = parse_page(f"<html><body><h1>{TITLE}</h1>{shown}{script}</body></html>")
    assert tree is not None
    return state_body(tree, [TITLE])


def state(article: dict[str, object]) -> str:
    return json.dumps({"props": {"list": [OTHER], "page": {"article": article}}}).replace(
        "<", "\\u003c"
    )


@pytest.mark.parametrize(
    "script",
    [
        "<script id=__NEXT_DATA__ type=application/json>{}</script>",
        "<script>window.__STATE__ = {};window.other = 1</script>",
        "<script>window['q'] = window['q'] || [];window['q'].push({});</script>",
    ],
)
@pytest.mark.parametrize(
    "article",
    [
        {"headline": TITLE, "contentHtml": MARKUP},
        {"title": TITLE, "content_elements": [{"type": "text", "content": li} for li in LINES]},
    ],
)
def test_the_article_of_the_headline_is_read(script: str, article: dict[str, object]) -> None:
    """Whatever the framework, the object that names the headline gives the text, a block a line."""
    assert read(script.replace("{}", state(article), 1)).split("\n") == LINES


def test_the_text_of_another_article_is_not_believed() -> None:
    """A state that lists only others gives nothing."""
    assert read(f"<script>window.__STATE__ = {state({'title': 'A third', 'id': 3})}</script>") == ""


def test_a_page_that_shows_its_text_is_not_looked_into() -> None:
    """The page itself goes before its state."""
    script = f"<script>var s = {state({'title': TITLE, 'body': MARKUP})}</script>"
    assert read(script, MARKUP) == ""


@given(st.text(max_size=300))
def test_any_script_is_survived(source: str) -> None:
    """Broken state is no text and no error."""
    tree = parse_page(f"<html><body><h1>{TITLE}</h1><script></script></body></html>")
    assert tree is not None
    tree.find(".//script").text = "x = {" + "".join(c for c in source if c.isprintable()) * 3
    assert state_body(tree, [TITLE]) == ""
