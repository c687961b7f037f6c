"""JSON-LD in all the shapes that publishers write."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest.jsonld import article_node, body_text, json_ld_nodes, names_of, strings_of, types_of
from ingest.pagetext import parse_page


def nodes(source: str) -> list[dict[str, Any]]:
    tree = parse_page(f'<html><script type="application/ld+json">{source}</script></html>')
    assert tree is not None
    return list(json_ld_nodes(tree))


def test_the_node_that_says_most_of_the_article_is_the_article() -> None:
    """A list of other articles beside it does not win."""
    found = nodes(
        '[{"@type":"Article","headline":"Other"},'
        ' {"@type":["http://schema.org/NewsArticle"],"headline":"Own","datePublished":"2026"}]'
    )
    assert article_node(found)["headline"] == "Own"
    assert types_of(found[1]) == ["newsarticle"]


def test_an_article_body_given_as_markup_becomes_lines() -> None:
    """Paragraphs end lines, tags and entities go, once escaped or twice."""
    assert body_text("<p>One &amp; two</p><p>three</p>") == "One & two\nthree"
    assert body_text("&lt;p&gt;One&lt;/p&gt;two") == "One\ntwo"
    assert body_text(["One", 2, "three"]) == "One\nthree"
    assert body_text({"@value": "x"}) == ""


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "@type", "@value", "givenName", "headline"]), inner
        )
    ),
    max_leaves=20,
)


@given(values)
def test_any_value_can_be_read(value: Any) -> None:
    """No shape of a field raises, and what is read are non-empty strings."""
    assert all(strings_of(value))
    assert all(isinstance(name, str) for name in names_of(value))
    assert isinstance(body_text(value), str)
    if isinstance(value, dict):
        article_node([value])
