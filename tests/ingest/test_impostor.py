"""What stands where a feed stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.impostor import feeds_named, unmask
from ingest.models import Page

PAGE = Page(
    url="https://a.example/feed", requested_url="https://a.example/feed", status=200,
    content_type="text/html", body=b"", fetched_at=datetime(2026, 11, 23, tzinfo=UTC),
)  # fmt: skip


def page(head: str, url: str = PAGE.url) -> Page:
    return replace(PAGE, body=f"<html><head>{head}</head></html>".encode(), url=url)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("<link rel='alternate' type='application/rss+xml' href='/rss.xml'>", "/rss.xml"),
        ('<LINK HREF="/a?x=1&amp;y=2" TYPE="application/atom+xml" REL="alternate">', "/a?x=1&y=2"),
        ("<link rel=alternate type=application/feed+json href=/f.json>", "/f.json"),
        ('<link rel="alternate home" type="application/rss+xml" href="rss">', "/rss"),
    ],
)
def test_the_feed_that_a_page_names_is_proposed(link: str, found: str) -> None:
    """Whatever the order, quotes and case of the link's attributes."""
    assert feeds_named(page(link)) == (f"https://a.example{found}",)
    impostor = unmask(page(link))
    assert impostor.kind == "html"
    assert found in impostor.detail


@pytest.mark.parametrize(
    "link",
    [
        "<link rel='stylesheet' type='text/css' href='/rss.css'>",
        "<link rel='alternate' hreflang='de' href='https://a.example/de/'>",
        "<link rel='alternate' type='application/rss+xml' href='/post/comments/feed/'>",
        "<link rel='alternate' type='application/rss+xml' href='javascript:alert(1)'>",
        "<link rel='alternate' type='application/rss+xml' href='https://a.example/feed'>",
        "<link rel='alternate' type='application/rss+xml'",
    ],
)
def test_other_links_propose_nothing(link: str) -> None:
    """Styles, translations, comments, scripts, and the very address that failed."""
    assert unmask(page(link)).proposed == ()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page("", "https://a.example/wp-login.php?redirect_to=feed"), "blocked"),
        (page("", "https://a.example/user/sign-in"), "blocked"),
        (page("", "https://www.a.example/"), "html"),
        (page("", "https://elsewhere.example/landing"), "blocked"),
        (page("<title>a.example</title><p>This domain is for sale"), "blocked"),
        (page("<title>Just a moment...</title>"), "blocked"),
        (page("<title>News of batteries</title>"), "html"),
        (page("<title>Login of the charger</title><input type='password'>"), "html"),
    ],
)
def test_logins_checks_and_parked_names_are_blocked_and_other_pages_html(
    answer: Page, kind: str
) -> None:
    """The word decides what a user does: write to the publisher, or look for the feed."""
    assert unmask(answer).kind == kind


def test_a_page_on_another_site_that_names_a_feed_is_no_block() -> None:
    """A publisher that moved to a new domain says where its feed is now."""
    link = "<link rel=alternate type='application/rss+xml' href='/feed'>"
    impostor = unmask(page(link, "https://new.example/"))
    assert (impostor.kind, impostor.proposed) == ("html", ("https://new.example/feed",))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_page_is_too_strange(body: bytes) -> None:
    """Every answer gets one of the two words."""
    assert unmask(replace(PAGE, body=b"<link rel=alternate " + body)).kind in ("html", "blocked")
