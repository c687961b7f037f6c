"""Which article a page is."""

from __future__ import annotations

import pytest

from ingest.identity import identity

URL = "https://www.voltnews.example/2026/11/18/plant-opens"


@pytest.mark.parametrize(
    "href",
    [
        "/",
        "https://www.voltnews.example/",
        "/2026/11/",
        "/news/",
        "https://other.example/a-1",
        "javascript:1",
    ],
)
def test_a_canonical_url_that_names_no_article_of_the_site_is_ignored(href: str):
    """A home page, a section or another site must not swallow articles."""
    assert identity(URL, (href,)) == URL


def test_articles_told_apart_by_the_query_stay_apart():
    """A canonical URL that drops the id is a mistake of the template."""
    final = "https://www.voltnews.example/article.php?id=7"
    assert identity(final, ("https://www.voltnews.example/article.php",)) == final
