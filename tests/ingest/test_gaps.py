"""When a listing shows that entries were lost, and when a walk back has made it good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.gaps import at_the_end, find_gap, remember, set_out, settled, step, unseen
from ingest.models import Feed, FeedEntry, FeedState, Gap

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = Feed(slug="a", url="https://a.example/feed", publisher="A")


def entry(number: int, at: datetime | None = None, *, dated: bool = True) -> FeedEntry:
    """Entry ``number`` of a feed with one an hour."""
    url = f"https://a.example/{number}"
    at = at or NOW + number * HOUR
    return FeedEntry(url=url, canonical_url=url, published_at=at if dated else None)


def listing(first: int, last: int, *, dated: bool = True) -> list[FeedEntry]:
    return [entry(number, dated=dated) for number in range(last, first - 1, -1)]


def after(entries: list[FeedEntry], at: datetime = NOW) -> FeedState:
    dates = [one.published_at for one in entries if one.published_at]
    return FeedState(
        slug="a", listed=remember(entries), newest_at=max(dates, default=None), body_at=at,
        last_success_at=at,
    )  # fmt: skip


def test_listings_that_meet_leave_no_gap() -> None:
    """One common entry is enough, and so is nothing new."""
    state = after(listing(1, 10))
    assert find_gap(FEED, state, listing(10, 19), NOW + 20 * HOUR) is None
    assert find_gap(FEED, state, listing(1, 10), NOW + 20 * HOUR) is None
    assert find_gap(FEED, None, listing(1, 10), NOW) is None
    assert find_gap(FEED, state, [], NOW) is None


def test_a_window_that_rolled_over_is_a_gap_from_the_newest_known_to_the_oldest_listed() -> None:
    """What lies between may be lost."""
    found = find_gap(FEED, after(listing(1, 10)), listing(15, 24), NOW + 25 * HOUR)
    assert found is not None
    assert (found.from_at, found.to_at) == (NOW, NOW + 15 * HOUR)
    assert found.from_at <= NOW + 11 * HOUR
    assert (found.feed, found.repaired_at) == ("a", None)


def test_a_pinned_entry_does_not_hide_a_gap() -> None:
    """An old entry that both listings show says nothing of what came between."""
    pinned = entry(-5000)
    state = after([pinned, *listing(1, 9)])
    found = find_gap(FEED, state, [pinned, *listing(30, 38)], NOW + 40 * HOUR)
    assert found is not None
    assert found.to_at == NOW + 30 * HOUR


def test_changed_addresses_are_no_gap() -> None:
    """A relaunch renames every entry; in time the listings still overlap."""
    renamed = [replace(one, canonical_url=one.canonical_url + "/new") for one in listing(3, 12)]
    assert find_gap(FEED, after(listing(1, 10)), renamed, NOW + 13 * HOUR) is None


def test_without_dates_the_gap_is_the_time_between_the_answers() -> None:
    """Nothing else is known."""
    state = after(listing(1, 5, dated=False), at=NOW)
    later = NOW + 9 * HOUR
    assert find_gap(FEED, state, listing(5, 9, dated=False), later) is None
    found = find_gap(FEED, state, listing(6, 10, dated=False), later)
    assert found is not None
    assert (found.from_at, found.to_at) == (NOW, later)


def test_only_what_this_feed_had_not_listed_is_unseen() -> None:
    """An article known through another feed is news of this one."""
    state = after(listing(1, 5))
    assert [one.url for one in unseen(state, listing(4, 7))] == [
        "https://a.example/7", "https://a.example/6",
    ]  # fmt: skip
    assert len(unseen(None, listing(1, 5))) == 5


def walk_back(window: int, known_to: int, newest: int, pages: int) -> tuple[Gap, set[str]]:
    """Page back from a listing that ends at ``newest`` to what was known, at most ``pages``."""
    state = after(listing(max(1, known_to - window + 1), known_to))
    top = listing(newest - window + 1, newest)
    gap = find_gap(FEED, state, top, NOW + (newest + 1) * HOUR)
    assert gap is not None
    walk, found, last = set_out(gap, state, top), [], newest - window
    while walk.progress == "on":
        if last < 1:
            walk = at_the_end(walk)
            break
        walk, new = step(walk, listing(max(1, last - window + 1), last), pages)
        found += new
        last -= window
    return settled(walk, "wordpress", NOW), {one.url for one in found}


def test_a_walk_back_closes_the_gap_at_the_first_known_entry() -> None:
    """Everything in between was found, and the gap says by which route."""
    gap, found = walk_back(window=10, known_to=10, newest=75, pages=20)
    assert {f"https://a.example/{number}" for number in range(11, 66)} <= found
    assert (gap.repaired_at, gap.route, gap.attempts) == (NOW, "wordpress", 1)


def test_a_walk_that_is_cut_short_leaves_the_gap_open() -> None:
    """A bounded number of requests; the row says how far it came."""
    gap, _ = walk_back(window=10, known_to=10, newest=200, pages=3)
    assert gap.repaired_at is None
    assert "3 pages" in gap.detail


def test_a_page_that_repeats_the_first_ends_the_walk() -> None:
    """A site that ignores ``?paged=`` answers with the same entries for ever."""
    state, top = after(listing(1, 10)), listing(30, 39)
    gap = find_gap(FEED, state, top, NOW + 40 * HOUR)
    assert gap is not None
    walk, new = step(set_out(gap, state, top), top, 60)
    assert (walk.progress, new) == ("spent", [])
    assert settled(walk, "wordpress", NOW).repaired_at is None


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 60), st.integers(0, 300))
def test_no_loss_is_without_its_gap(window: int, known_to: int, more: int) -> None:
    """Whatever the window and the wait: what neither listing shows lies inside a gap."""
    newest = known_to + more
    before = listing(max(1, known_to - window + 1), known_to)
    now = listing(max(1, newest - window + 1), newest)
    lost = range(known_to + 1, newest - window + 1)
    gap = find_gap(FEED, after(before), now, NOW + (newest + 1) * HOUR)
    if lost:
        assert gap is not None
        assert all(gap.from_at <= NOW + number * HOUR <= gap.to_at for number in lost)
    elif window > 1:
        assert gap is None or more == window
