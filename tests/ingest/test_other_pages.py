"""Pages that answer 200 and are no articles: each kind, as sites write it, and its near miss."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest import urls
from ingest.extract import extract
from ingest.models import Article, Capture, FeedEntry, Page, Rejection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://zellbote.example/2026/11/18/werk"
REPORT = (
    "The works at Saltmere will take back cells from eleven thousand buses, its owner said on "
    "Monday. Two lines sort them by chemistry, a third grinds what cannot serve again. "
    "The harbour built a siding for it, and sixty people moved over from the smelter. "
) * 4
NEWS = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"%s"}</script>'


def read(
    body: str,
    title: str,
    head: str = "",
    *,
    url: str = URL,
    asked: str = "",
    charset: str = "utf-8",
) -> Article | Rejection:
    markup = f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    page = Page(
        url=url, requested_url=asked or url, status=200, content_type="text/html; charset=utf-8",
        body=markup.encode(charset), fetched_at=NOW,
    )  # fmt: skip
    entry = FeedEntry(url=asked or url, canonical_url=urls.canonical_url(asked or url))
    return extract(Capture(entry=entry, page=page), None, now=NOW)


CONSENT = (
    "<h1>Your privacy</h1><p>We and our 214 partners store cookies on your device. With your "
    "consent we measure what you read. Our privacy policy says how, and you may withdraw your "
    "consent there at any time.</p><button>Accept all</button>"
)
LOGIN = (
    "<h1>Sign in</h1><form><p>Enter the address that you registered with and the password that "
    "we sent you. If you have lost it we can send another to the same address.</p>"
    "<input type=email><input type=password></form>"
)
GONE = (
    "<h1>Page not found</h1><p>What you are looking for has been moved, renamed, or was never "
    "here. The search at the top of every page finds all reports since 1998.</p>"
)
VIDEO = (
    "<h1>Watch the first bus leave the hall</h1><video src=a.mp4></video><p>The first bus left the "
    "hall on Tuesday morning while the people of the works stood along the road with flags, "
    "and the mayor rode in the front seat.</p>"
)
PICTURE = (
    "<h1>The year in cells</h1><figure><img src=1.jpg><figcaption>A hall</figcaption></figure>"
    "<p>Twelve pictures from twelve works, taken over the year by our readers and chosen by the "
    "people who keep our archive in the cellar of the old mint.</p>"
)


@pytest.mark.parametrize(
    ("body", "title", "head", "reason"),
    [
        (CONSENT, "Zellbote", "", "consent_wall"),
        (LOGIN, "Sign in | Zellbote", "", "login_page"),
        (LOGIN.replace("Sign in", "Anmelden"), "Anmelden", "", "login_page"),
        (GONE, "Page not found", "", "error_page"),
        ("<div id=root></div><script>start()</script>", "Zellbote", "", "empty"),
        (VIDEO, "Watch", '<meta property="og:type" content="video.other">', "media_stub"),
        (
            PICTURE, "The year in cells",
            '<script type="application/ld+json">{"@type":"ImageGallery","name":"x"}</script>',
            "media_stub",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_other_page_has_its_reason(
    body: str, title: str, head: str, reason: str
) -> None:
    """A page of another kind is refused by the word of its kind."""
    result = read(body, title, head)
    assert isinstance(result, Rejection)
    assert (result.stage, result.reason) == ("extract", reason)


@pytest.mark.parametrize(
    ("body", "title", "head"),
    [
        (f"<h1>Sign in at the gate</h1><p>{REPORT}</p>", "Sign in at the gate", ""),
        (f"<h1>404 cells found</h1><p>{REPORT}</p>", "404 cells found", ""),
        (VIDEO, "Watch", NEWS % "Watch the first bus"),
        (
            f"<h1>Cookies</h1><p>{REPORT} Consent to cookies is what the law on data protection "
            "and its privacy policy are about.</p>", "Cookies", "",
        ),
        (f"<h1>Film</h1><p>{REPORT}</p>", "Film",
         '<meta property="og:type" content="video.other">'),
    ],
)  # fmt: skip
def test_an_article_that_resembles_one_of_them_is_kept(body: str, title: str, head: str) -> None:
    """Losing an article is the worse mistake: a report about logins, cookies or films stays."""
    assert isinstance(read(body, title, head), Article)


def test_a_home_page_in_place_of_an_article_is_a_listing() -> None:
    """A site that sends readers of a deleted article to its front page shows other articles."""
    teasers = "".join(
        f"<div><h2><a href=/n/{n}>Report {n} on cells</a></h2><p>{REPORT[:150]}</p></div>"
        for n in range(12)
    )
    result = read(teasers, "Zellbote", url="https://zellbote.example/", asked=URL)
    assert isinstance(result, Rejection)
    assert result.reason == "listing"


CZECH = (
    "Příští týden začne závod vyrábět články pro těžké nákladní vozy, řekl ředitel společnosti. "
    "Město kvůli němu rozšířilo silnici k přístavu a postavilo novou školu pro děti dělníků. "
) * 3


def test_text_in_the_wrong_charset_is_mojibake() -> None:
    """A content system that encoded its text twice shows signs in place of letters."""
    twice = CZECH.encode().decode("latin-1")
    result = read(f"<h1>Nové články</h1><p>{twice}</p>", "Nové články")
    assert isinstance(result, Rejection)
    assert result.reason == "mojibake"
    assert isinstance(read(f"<h1>Nové články</h1><p>{CZECH}</p>", "Nové články"), Article)


def test_a_few_misread_signs_do_not_cost_the_article() -> None:
    """Apostrophes pasted out of another program are misread on many sound pages."""
    text = REPORT.replace("its owner", "the ownerâ€™s son")
    assert isinstance(read(f"<h1>Works</h1><p>{text}</p>", "Works"), Article)


AMP = "https://zellbote.example/amp/2026/11/18/werk"


@pytest.mark.parametrize(
    "variant", [AMP, f"{URL}/amp", f"{URL}?print=1", f"{URL}?output=amp", f"{URL}/print"]
)
def test_amp_and_print_pages_are_their_canonical_article(variant: str) -> None:
    """Two entries, one of the page and one of its variant, lead to one article."""
    body = f"<article><h1>Works take cells back</h1><p>{REPORT}</p></article>"
    head = f'<link rel="canonical" href="{URL}">'
    found = [read(body, "Works take cells back", head, url=url) for url in (URL, variant)]
    assert [one.article_id for one in found if isinstance(one, Article)] == [
        urls.article_id(URL)
    ] * 2
    assert isinstance(found[1], Article)
    assert {URL, urls.canonical_url(variant)} <= set(found[1].aliases)


def walled(text: str, **said: str) -> Article | Rejection:
    more = "".join(f',"{key}":{value}' for key, value in said.items())
    flag = (
        '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false'
        + more + "}</script>"
    )  # fmt: skip
    return read(f"<article><h1>Works</h1><p>{text}</p></article>", "Works", flag)


def test_the_beginning_of_a_walled_report_is_kept_and_marked() -> None:
    """Short, cut or announced to be longer: its text is what could be read, and it says so."""
    words = REPORT.split()
    for made in (
        walled(" ".join(words[:90])),
        walled(REPORT + "and then…"),
        walled(REPORT + REPORT, wordCount="900"),
    ):
        assert isinstance(made, Article)
        assert made.notice == "paywall"
    whole = walled(REPORT + REPORT)
    assert isinstance(whole, Article)
    assert whole.notice == ""


def test_all_that_a_stub_shows_stays_with_its_rejection() -> None:
    """Two sentences are no article, but they are not lost."""
    shown = " ".join(REPORT.split()[:45])
    made = walled(shown)
    assert isinstance(made, Rejection)
    assert (made.reason, made.detail) == ("paywall_stub", shown)
