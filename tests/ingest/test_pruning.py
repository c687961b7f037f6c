"""Pruning by tag, class and id: the same elements as trafilatura's expressions find."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes
from trafilatura.main_extractor import prune_unwanted_sections
from trafilatura.settings import TAG_CATALOG, Extractor
from trafilatura.xpaths import (
    BODY_XPATH,
    RAW_TREE_PRUNE_XPATH,
    REMOVE_COMMENTS_AND_LISTS_XPATH,
)

from ingest.pagetext import attributes_of, parse_page
from ingest.pruning import FRAMES, clean, drop_appended, prune_frame

OPTIONS = Extractor(output_format="python", comments=False)
NAMES = st.sampled_from(
    [
        "article-body",
        "articleBody",
        "post",
        "entry",
        "post-content",
        "content",
        "main-content",
        "Main-Content",
        "story",
        "page-content",
        "fulltext",
        "comment-list",
        "commentary",
        "comments",
        "reply-1",
        "sidebar",
        "share",
        "shared",
        "footer",
        "menu",
        "related",
        "teaser",
        "Teaser",
        "caption",
        "cookie",
        "hidden",
        "hide",
        "x-ad-y",
        "widget",
        "infinite-scroll",
        "main",
        "mvp-post-add-box",
        "elementor-share-buttons",
        "author",
        "byline",
        "tags",
        "newsletter",
        "text",
    ]
)
ATTRIBUTES = st.lists(
    st.one_of(
        st.builds(lambda name: f'class="{name}"', NAMES),
        st.builds(lambda name: f'id="{name}"', NAMES),
        st.sampled_from(
            ['style="display:none"', 'role="navigation"', 'aria-hidden="true"', 'role="article"']
        ),
    ),
    max_size=3,
).map(" ".join)
TAGS = st.sampled_from(
    ["div", "p", "section", "article", "main", "span", "ul", "li", "a", "table", "td", "h1"]
)
TEXTS = st.sampled_from(["", "Cells. ", "The plant makes battery cells for electric vans. " * 3])


def blocks(depth: int) -> st.SearchStrategy[str]:
    if not depth:
        return TEXTS
    inner = st.lists(blocks(depth - 1), max_size=4).map("".join)
    return st.builds(
        lambda tag, attributes, held, tail: f"<{tag} {attributes}>{held}</{tag}>{tail}",
        TAGS,
        ATTRIBUTES,
        inner,
        TEXTS,
    )


PAGES = st.lists(blocks(4), min_size=1, max_size=4).map("".join)


def tree_of(markup: str) -> html.HtmlElement:
    tree = parse_page(f"<html><body>{markup}</body></html>")
    assert tree is not None
    return tree


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_comments_and_appended_articles_go_as_in_the_original(markup: str) -> None:
    """The same tree is left."""
    mine = tree_of(markup)
    theirs = deepcopy(mine)
    drop_appended(mine)
    for expressions in (RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH):
        prune_unwanted_nodes(theirs, expressions)
    assert etree.tostring(mine) == etree.tostring(theirs)


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_frames_are_those_of_the_original_and_pruned_alike(markup: str) -> None:
    """Each of the five questions finds the same element, and the same is left of it."""
    tree = convert_tags(clean(tree_of(markup)), OPTIONS)
    for frame_of, expression in zip(FRAMES, BODY_XPATH, strict=True):
        other = deepcopy(tree)
        mine, theirs = (
            frame_of(tree, attributes_of(tree.iter())),
            next(iter(expression(other)), None),
        )
        assert (mine is None) == (theirs is None)
        if mine is None or theirs is None:
            continue
        assert etree.tostring(mine) == etree.tostring(theirs)
        kept = prune_frame(deepcopy(mine))
        tags = {*TAG_CATALOG, "table", "td", "th", "tr"}
        wanted = prune_unwanted_sections(deepcopy(theirs), tags, OPTIONS)
        assert etree.tostring(kept) == etree.tostring(wanted)
