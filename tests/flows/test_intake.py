"""Which feed an entry is taken from, and when, while feeds answer in any order."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from flows.intake import PATIENCE, Intake
from ingest.models import Feed, FeedEntry

# Two feeds of one site, one of another, and one of a site that lists pages of all.
FEEDS = [
    Feed(slug=slug, url=f"https://{host}/{slug}", publisher=slug)
    for slug, host in (
        ("list", "list.example"),
        ("a", "a.example"),
        ("a-more", "www.a.example"),
        ("b", "b.example"),
    )
]
SLUGS = [feed.slug for feed in FEEDS]


def entry(slug: str, path: str) -> FeedEntry:
    url = f"https://{path}"
    return FeedEntry(url=url, canonical_url=url, feed=slug)


def intake(*slugs: str) -> Intake:
    return Intake([feed for feed in FEEDS if not slugs or feed.slug in slugs])


def taken(found: list[FeedEntry]) -> dict[str, str]:
    return {one.canonical_url: one.feed for one in found}


PATHS = st.builds("{}.example/{}".format, st.sampled_from("ab"), st.integers(0, 5))
LISTINGS = st.fixed_dictionaries({slug: st.lists(PATHS, max_size=6) for slug in SLUGS})


@given(LISTINGS, st.permutations(SLUGS), st.lists(st.floats(0, PATIENCE / 5), min_size=4))
def test_whoever_answers_first_an_entry_comes_from_the_same_feed(
    listings: dict[str, list[str]], order: list[str], waits: list[float]
) -> None:
    """Within the patience, and every sighting is counted once; whatever is taken in between."""
    whole = intake()
    for slug in SLUGS:
        whole.listed(slug, [entry(slug, path) for path in listings[slug]], 0.0)
    wanted = taken(whole.take(0.0, last=True))

    streamed, got, now = intake(), [], 0.0
    for slug, wait in zip(order, waits, strict=False):
        now += wait
        streamed.listed(slug, [entry(slug, path) for path in listings[slug]], now)
        got += streamed.take(now)
    got += streamed.take(now, last=True)
    assert taken(got) == wanted
    assert len(got) == len(wanted)
    sightings = Counter(one.canonical_url for one in got)
    sightings.update(url for url, _ in streamed.sightings)
    assert sightings == Counter(f"https://{path}" for paths in listings.values() for path in paths)


def test_an_entry_of_its_own_site_waits_for_nobody_else() -> None:
    """A feed of another site could list it too, and would not get it."""
    stream = intake("list", "a", "b")
    stream.listed("a", [entry("a", "a.example/1")], 0.0)
    assert taken(stream.take(0.0)) == {"https://a.example/1": "a"}
    stream.listed("list", [entry("list", "a.example/1")], 1.0)
    assert stream.take(1.0) == []
    assert stream.sightings == [("https://a.example/1", "list")]


def test_an_entry_waits_for_the_feed_that_goes_before_but_not_for_ever() -> None:
    """One slow feed must not hold up what others list."""
    stream = intake()
    stream.listed("list", [entry("list", "a.example/1")], 5.0)
    assert stream.take(5.0) == []
    assert stream.ends_waiting() == 5.0 + PATIENCE
    assert taken(stream.take(5.0 + PATIENCE)) == {"https://a.example/1": "list"}
    assert stream.ends_waiting() is None


def test_what_a_feed_lists_goes_before_what_is_tried_again() -> None:
    """The listing may say more by now."""
    stream = intake("a")
    old, new = entry("a", "a.example/1"), entry("a", "a.example/1")
    stream.retried([old, entry("gone", "c.example/1")], 0.0)
    assert stream.take(0.0) == []
    stream.listed("a", [new], 1.0)
    got = stream.take(1.0)
    assert got[0] is new
    assert taken(got) == {"https://a.example/1": "a", "https://c.example/1": "gone"}
