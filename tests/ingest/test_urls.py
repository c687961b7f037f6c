"""What makes two URLs one article, and what may be followed."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import urls
from ingest.urls import (
    article_id,
    canonical_url,
    is_made_up,
    made_up_url,
    registered_domain,
    resolve,
    same_site,
)

_SEGMENT = st.text(alphabet="abcABC019-._~%/;äß电池 &=+'()", max_size=12)
_SIGNIFICANT = st.sampled_from(
    ["p", "id", "article", "page", "cid", "sid", "no", "idxno", "gallery", "glossary", "session",
     "source", "keyword", "ref", "v", "storyId", "cmp", "at"]
)  # fmt: skip
_TRACKING = st.sampled_from(
    ["utm_source", "utm_campaign", "UTM_Medium", "fbclid", "gclid", "mc_cid", "mc_eid",
     "at_medium", "msclkid", "igshid", "_hsenc", "CMP", "spm", "mtm_kwd"]
)  # fmt: skip
_VALUE = st.text(alphabet="abcxyz0123456789-_", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTP://News.Example:80/a#top", "https://news.example/a"),
        ("https://news.example:443", "https://news.example/"),
        ("http://news.example:8080/a", "https://news.example:8080/a"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://xn--bcher-kva.example/%c3%a4", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://news.example/a/./b/../c", "https://news.example/a/c"),
        ("https://news.example/?p=123&utm_source=rss", "https://news.example/?p=123"),
        ("https://news.example/a?b=2&amp;a=1&amp;utm_x=3", "https://news.example/a?b=2&a=1"),
        ("https://news.example/a;jsessionid=9AF?page=2", "https://news.example/a?page=2"),
        ("https://user:pw@news.example/a", "https://news.example/a"),
        ("https://news.example./a", "https://news.example/a"),
        ("https://news.example/a?source=rss", "https://news.example/a"),
        ("https://news.example/#!/story/4", "https://news.example/#!/story/4"),
    ],
)
def test_writes_one_form(written: str, expected: str) -> None:
    """Scheme, host case, port, escapes, dots, sessions and trackers do not change identity."""
    assert canonical_url(written) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/?p=123", "https://a.example/?p=124"),
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/x?article=1", "https://a.example/x"),
        ("https://a.example/x?gallery=1", "https://a.example/x"),
        ("https://a.example/x?cid=1", "https://a.example/x?cid=2"),
        ("https://a.example/x?source=reuters", "https://a.example/x?source=dpa"),
        ("https://a.example/x/", "https://a.example/x"),
        ("https://a.example/X", "https://a.example/x"),
        ("https://www.a.example/x", "https://a.example/x"),
        ("https://a.example/x%2Fy", "https://a.example/x/y"),
        ("https://a.example/x?u=https://b.example/1", "https://a.example/x?u=https://b.example/2"),
    ],
)
def test_keeps_apart_what_may_be_two_pages(one: str, other: str) -> None:
    """Merging two articles loses one for good, so doubt keeps them apart."""
    assert canonical_url(one) != canonical_url(other)


@given(st.text(max_size=60))
def test_any_text_is_stable(text: str) -> None:
    """Whatever is handed in, applying it twice is applying it once, and nothing is raised."""
    assert canonical_url(canonical_url(text)) == canonical_url(text)


@given(
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["a.example", "WWW.b.example:80", "ü.example", "[::1]:443", "1.2.3.4", "x.:9"]),
    _SEGMENT, _SEGMENT, _SEGMENT,
)  # fmt: skip
def test_any_url_is_stable(scheme: str, host: str, path: str, query: str, fragment: str) -> None:
    """A canonical URL is its own canonical URL, in ASCII, under https."""
    canonical = canonical_url(f"{scheme}://{host}/{path}?{query}#{fragment}")
    assert canonical_url(canonical) == canonical
    assert canonical.startswith("https://")
    assert canonical.isascii()


@given(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "a_b.example", "1.2.3.4", "a..b", "x.", "localhost", "A.b"]),
    st.text("aB1/.;:@%é~?#-", max_size=12),
)
def test_what_is_canonical_already_is_not_taken_apart(scheme: str, host: str, path: str) -> None:
    """The short way to a canonical URL leads where the long one does."""
    url = f"{scheme}://{host}/{path}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "_SETTLED", re.compile("(?!)"))
        wanted = canonical_url.__wrapped__(url)
    assert canonical_url.__wrapped__(url) == wanted


@given(
    st.lists(st.tuples(_SIGNIFICANT, _VALUE), max_size=5),
    st.lists(st.tuples(_TRACKING, _VALUE), max_size=4),
    st.randoms(use_true_random=False),
)
def test_trackers_go_and_the_rest_stays_in_order(significant, tracking, random) -> None:
    """Parameters that only track are dropped wherever they stand; all others keep their order."""
    significant = [(n, v) for n, v in significant if v not in ("rss", "feed", "atom")]
    mixed = list(significant)
    for pair in tracking:
        mixed.insert(random.randint(0, len(mixed)), pair)
    query = "&".join(f"{name}={value}" for name, value in mixed)
    canonical = canonical_url(f"https://a.example/x?{query}")
    assert parse_qsl(urlsplit(canonical).query) == significant


@given(
    st.lists(st.tuples(_SIGNIFICANT, _VALUE), max_size=4),
    st.lists(st.tuples(_SIGNIFICANT, _VALUE), max_size=4),
)
def test_significant_parameters_never_merge(one, other) -> None:
    """Two URLs whose significant parameters differ are never one."""
    urls = [
        canonical_url("https://a.example/x?" + "&".join(f"{n}={v}" for n, v in pairs))
        for pairs in (one, other)
    ]
    assert (urls[0] == urls[1]) == (one == other)


def test_article_ids_are_short_and_stable() -> None:
    """12 lower-case base32 characters that never change for one URL."""
    assert article_id("https://a.example/x") == article_id("https://a.example/x")
    assert re.fullmatch("[a-z2-7]{12}", article_id("https://a.example/x"))
    assert article_id("https://a.example/x") != article_id("https://a.example/y")
    assert article_id("https://a.example/") == "jfirukzesrbb"


def test_made_up_urls_survive_canonicalisation() -> None:
    """An entry without a page keeps its own identity, told apart by its seed."""
    one, other = (made_up_url("http://a.example/feed?x=1", seed) for seed in ("a", "b"))
    assert one != other
    assert canonical_url(one) == one
    assert one.startswith("https://a.example/feed?x=1#entry-")
    assert is_made_up(one)
    assert not is_made_up("https://a.example/feed#entry-of-the-week")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://feeds.bbc.co.uk/x", "bbc.co.uk"),
        ("https://www.electrimes.co.kr:8080/", "electrimes.co.kr"),
        ("https://someone.github.io/", "someone.github.io"),
        ("http://127.0.0.1:8000/feed", "127.0.0.1"),
        ("http://localhost/feed", "localhost"),
        ("not a url", ""),
    ],
)
def test_finds_the_registered_domain(url: str, domain: str) -> None:
    """The Public Suffix List decides, its shared platforms included, without a download."""
    assert registered_domain(url) == domain


def test_neighbours_on_a_platform_are_no_site() -> None:
    """Subdomains of a publisher are one site; two blogs of one platform are not."""
    assert same_site("https://m.news.example/a", "http://www.news.example/b")
    assert not same_site("https://one.github.io/", "https://two.github.io/")
    assert not same_site("nothing", "nothing")


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "JAVASCRIPT:x", "java\nscript:x", "mailto:a@b.example", "data:,x",
     "file:///etc/passwd", "ftp://a.example/", "https://u:p@a.example/", "https://u@a.example/", "",
     "   ", "https://", "http:///x", "https://a.example:port/", "https://[::1/", "//",
     "https://a.example\\@b.example/", "https://a.example/\x00", "/" + "x" * 5000],
)  # fmt: skip
def test_refuses_what_must_not_be_asked(href: str) -> None:
    """Other schemes, credentials, missing hosts, control characters and giants give None."""
    assert resolve("https://base.example/feed", href) is None


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a", "https://base.example/a"),
        ("b?x=1#f", "https://base.example/dir/b?x=1#f"),
        ("//cdn.example/c", "https://cdn.example/c"),
        (" https://a.example/\n x ", "https://a.example/ x"),
        ("www.a.example/x", "https://www.a.example/x"),
    ],
)
def test_resolves_against_the_base(href: str, expected: str) -> None:
    """Relative links become absolute and are otherwise left as they are."""
    assert resolve("https://base.example/dir/feed", href) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_resolving_never_raises(base: str, href: str) -> None:
    """Anything gives an http(s) URL or None."""
    found = resolve(base, href)
    assert found is None or found.lower().startswith(("http://", "https://"))


@given(
    st.sampled_from(["", "https://a.example", "http://b.example", "//c.example", "https://d"]),
    st.text(st.sampled_from("ab1/.?=&%2F-~;#:@ é"), max_size=12),
)
def test_a_plain_link_is_resolved_as_the_standard_library_does(origin: str, rest: str) -> None:
    """The short way for links that need no taking apart gives what joining gives."""
    base = "https://base.example/dir/feed?x=1"
    href = f"{origin}/{rest}"
    found = resolve(base, href)
    if found is not None:
        assert found == urljoin(base, re.sub(r"[\t\r\n]", "", href).strip())
