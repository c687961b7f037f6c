"""Markup of any size and shape, its tree and its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pagetext import fragment_text, is_complex, markup_text, parse_page, plain_text
from ingest.policy import ExtractPolicy

POLICY = ExtractPolicy()


def test_a_fragment_of_a_feed_becomes_a_block_a_line() -> None:
    """Paragraphs and breaks end lines, inline elements do not, scripts are not read."""
    markup = "<p>One <b>two</b></p>three<br>four<script>x()</script><ul><li>five</li></ul>"
    assert fragment_text(markup) == "One two\nthree\nfour\nfive"
    assert fragment_text("plain  text") == "plain text"


def test_what_is_no_running_text_is_left_out() -> None:
    """Navigation, asides, forms and the footer."""
    tree = parse_page(
        "<html><body><nav>Home</nav><div>One</div><aside>Also</aside>"
        "<form>Name</form><footer>Imprint</footer></body></html>"
    )
    assert tree is not None
    assert plain_text(tree) == "One"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>x</p>", False),
        ("<i>x</i>" * (POLICY.max_elements + 1), True),
        ("<a>x</a>" * (POLICY.max_links + 1), True),
        ("<div>" * (POLICY.max_depth + 5) + "x", True),
        ("x " * (POLICY.max_chars // 2 + 5), True),
        ("<p>x</p><script>" + "x " * POLICY.max_chars + "</script>", False),
    ],
    ids=["page", "elements", "links", "depth", "text", "script"],
)
def test_a_tree_out_of_measure_is_told(markup: str, expected: bool) -> None:
    """By elements, links, depth and text; a long script alone is no long page."""
    tree = parse_page(f"<html><body>{markup}</body></html>")
    assert tree is not None
    assert is_complex(tree, POLICY) is expected
    assert is_complex(tree, POLICY, f"<html><body>{markup}</body></html>") is expected


@given(st.text(max_size=300))
def test_any_text_can_be_read_as_markup(text: str) -> None:
    """Neither reader raises, and neither leaves an empty line."""
    for markup in (text, f"<p>{text}", f"<div><{text}>"):
        for read in (fragment_text(markup), markup_text(markup)):
            assert all(line.strip() for line in read.splitlines())
