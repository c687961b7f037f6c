"""When a feed is asked, and what its answer says about it.  Pure: state + answer + clock -> state.

The interval is learned (``ingest.rhythm``) and bounded: it is never so long that the feed's
window could roll over, never shorter than ten minutes, never longer than a day.  The worse
mistake: asking a blocking server again and again gets the reader shut out for good, so after
every failure the wait only grows until something succeeds.

A ``gone`` feed is not asked again by itself: a person names it (``--feed``, ``--force``) or
gives it another address.  Everything else recovers with its next good answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from ingest import gaps, rhythm
from ingest.impostor import unmask
from ingest.models import (
    Feed,
    FeedState,
    FetchFailure,
    Gap,
    HealthState,
    NotModified,
    Page,
    Rejection,
)
from ingest.parse import ParsedFeed
from ingest.policy import PollPolicy
from ingest.rhythm import Rhythm
from ingest.urls import canonical_url

_POLICY = PollPolicy()
_LEAST = timedelta(minutes=_POLICY.least_minutes)
_MOST = timedelta(minutes=_POLICY.most_minutes)


def is_due(feed: Feed, state: FeedState | None, now: datetime) -> bool:
    """Whether ``feed`` should be asked at ``now``.

    A feed that is switched off is never due, nor is one that is gone; one whose URL was changed
    by hand is due at once.
    """
    if not feed.enabled:
        return False
    if state is None or _is_readdressed(feed, state):
        return True
    if state.state == "gone":
        return False
    return state.next_poll_at is None or now >= state.next_poll_at


def next_poll_at(feed: Feed, state: FeedState | None, now: datetime) -> datetime | None:
    """When ``feed`` is asked next: ``now`` when it is due, None when it is not asked any more."""
    if is_due(feed, state, now):
        return now
    gone = state is not None and state.state == "gone"
    return None if gone or not feed.enabled or state is None else state.next_poll_at


def address(feed: Feed, state: FeedState | None) -> str:
    """The URL to ask: the declared one, or where permanent redirects have led for long enough."""
    before = _before(feed, state)
    return before.moved_to if _is_adopted(before) else feed.url


def validators(feed: Feed, state: FeedState | None, now: datetime) -> tuple[str, str]:
    """ETag and Last-Modified to send.

    Empty when those known belong to another address, and for some time after a wrong 304.
    """
    before = _before(feed, state)
    lying = before.lied_at is not None and now - before.lied_at < _days(_POLICY.lying_days)
    if lying or before.url != address(feed, before):
        return "", ""
    return before.etag, before.last_modified


def doubts(feed: Feed, state: FeedState | None, now: datetime) -> bool:
    """Whether a 304 received at ``now`` is to be verified by asking without validators.

    It is when several entries should have come since the last body, and once a week.
    """
    before = _before(feed, state)
    if before.body_at is None:
        return True
    since = now - before.body_at
    if since < timedelta(minutes=_POLICY.doubt_least_minutes):
        return False
    if since >= timedelta(minutes=_POLICY.doubt_most_minutes):
        return True
    learned = rhythm.loads(before.rhythm)
    if not learned.known:
        return since >= _days(1)
    return rhythm.expected(learned, before.body_at, now) >= _POLICY.doubt_entries


def digest_of(body: bytes) -> str:
    """What is remembered of a body, to tell whether the next one is the same."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def after_success(
    feed: Feed,
    state: FeedState | None,
    page: Page,
    parsed: ParsedFeed,
    fresh: Collection[str],
    now: datetime,
    *,
    digest: str = "",
    gap: Gap | None = None,
    contradicted: bool = False,
) -> FeedState:
    """The state after an answer that was a feed.

    Args:
        fresh: canonical URLs that the store had not seen, of this feed and of others.
        digest: ``digest_of`` the whole body, where ``page`` holds no more than its beginning.
        gap: what ``gaps.find_gap`` says of it.
        contradicted: a 304 was given moments before the page.
    """
    before = _before(feed, state)
    asked = address(feed, before)
    delivered = any(entry.canonical_url in fresh for entry in parsed.entries)
    unseen = gaps.unseen(before, parsed.entries)
    digest = digest or digest_of(page.body)
    lied = contradicted and digest != before.body_digest and bool(unseen) and bool(before.listed)
    wish = max((page.max_age or 0) // 60, parsed.ttl_minutes or 0)
    learned = replace(_learned(before, parsed, gap, now), wish=min(wish, _POLICY.ttl_most_minutes))
    same = digest == before.body_digest and before.url == asked
    dated = [min(entry.published_at, now) for entry in parsed.entries if entry.published_at]
    after = replace(
        _moved(before, page.permanent_url, asked),
        declared_url=feed.url,
        url=asked,
        # a server that leaves its validators out of every other answer means them all the same
        etag=page.etag or (before.etag if same else ""),
        last_modified=page.last_modified or (before.last_modified if same else ""),
        body_digest=digest,
        last_polled_at=now,
        last_success_at=now,
        last_delivered_at=now if delivered else before.last_delivered_at,
        failures=0,
        rhythm=learned.dumps(),
        per_day=learned.per_day if learned.known and unseen else before.per_day,
        listed=gaps.remember(parsed.entries) or before.listed,
        newest_at=max([*dated, *([before.newest_at] if before.newest_at else [])], default=None),
        body_at=now,
        lied_at=now if lied else before.lied_at,
        missing_since=None,
        missing_polls=0,
    )
    health, detail = _sound(after, now)
    return replace(
        after,
        state=health,
        detail=detail or parsed.note,
        next_poll_at=now + _interval(feed, learned, now),
    )


def after_not_modified(
    feed: Feed, state: FeedState | None, answer: NotModified, now: datetime
) -> FeedState:
    """The state after a 304: the validators stay, they are what it was an answer to.

    Nothing is learned of the rhythm: a 304 is a claim, and a lying one would teach a silence in
    which it is never doubted.  The next body tells of all the time since the last one.
    """
    before = _before(feed, state)
    learned = rhythm.loads(before.rhythm)
    asked = address(feed, before)
    wish = min((answer.max_age or 0) // 60, _POLICY.ttl_most_minutes)
    learned = replace(learned, wish=max(learned.wish, wish))
    after = replace(
        _moved(before, answer.permanent_url, asked),
        declared_url=feed.url,
        url=asked,
        last_polled_at=now,
        last_success_at=now,
        failures=0,
        missing_since=None,
        missing_polls=0,
    )
    health, detail = _sound(after, now)
    return replace(
        after,
        state=health,
        detail=detail,
        next_poll_at=now + _interval(feed, learned, now),
    )


def after_failure(
    feed: Feed,
    state: FeedState | None,
    failure: FetchFailure | Rejection,
    now: datetime,
    page: Page | None = None,
) -> FeedState:
    """The state after an answer that brought no feed, or no answer.

    The validators stay: the next sound answer may still be the one they name.

    Args:
        page: what stood where the feed should be, when something did.
    """
    before = _before(feed, state)
    status = failure.status if isinstance(failure, FetchFailure) else None
    missing = status == 404
    after = replace(
        before,
        declared_url=feed.url,
        url=before.url or feed.url,
        last_polled_at=now,
        failures=before.failures + 1,
        missing_since=(before.missing_since or now) if missing else None,
        missing_polls=before.missing_polls + 1 if missing else 0,
    )
    health, detail = _unsound(after, failure, status, page, now)
    after = replace(after, state=health, detail=detail[:500])
    if _is_adopted(after) and after.failures >= _POLICY.move_failures:
        after = replace(after, moved_to="", moves=0, etag="", last_modified="", body_digest="")
        if health == "gone":
            # the declared address has not said so
            after = replace(after, state="failing")
    if after.state == "gone":
        return replace(after, next_poll_at=None)
    next_poll = now + _backoff(feed, after.state, after.failures)
    if isinstance(failure, FetchFailure) and failure.asked_to_wait and failure.retry_at:
        # Retry-After may lengthen the wait, never shorten it
        latest = now + timedelta(minutes=_POLICY.retry_after_most_minutes)
        next_poll = max(next_poll, min(failure.retry_at, latest))
    return replace(after, next_poll_at=next_poll)


def _is_readdressed(feed: Feed, state: FeedState) -> bool:
    """Somebody changed the feed's URL in the list; a redirect followed does not count."""
    declared = state.declared_url or state.url
    if not declared or declared == feed.url:
        return False
    return canonical_url(declared) != canonical_url(feed.url)


def _before(feed: Feed, state: FeedState | None) -> FeedState:
    """What is known of the feed at its present address.

    At another one the entries and the rhythm stay known: it is the same publication.
    """
    if state is None:
        return FeedState(slug=feed.slug, url=feed.url, declared_url=feed.url)
    if _is_readdressed(feed, state):
        return replace(
            state, state="new", detail="", url=feed.url, declared_url=feed.url, etag="",
            last_modified="", body_digest="", failures=0, body_at=None, lied_at=None,
            missing_since=None, missing_polls=0, moved_to="", moves=0,
        )  # fmt: skip
    return state if state.url else replace(state, url=feed.url)


def _is_adopted(state: FeedState) -> bool:
    return bool(state.moved_to) and state.moves >= _POLICY.move_sightings


def _moved(before: FeedState, target: str, asked: str) -> FeedState:
    """One more sighting of a permanent redirect to ``target``, or none any more."""
    if target and canonical_url(target) != canonical_url(asked):
        again = canonical_url(target) == canonical_url(before.moved_to)
        return replace(before, moved_to=target, moves=before.moves + 1 if again else 1)
    # at the adopted address nothing redirects
    return before if _is_adopted(before) else replace(before, moved_to="", moves=0)


def _learned(before: FeedState, parsed: ParsedFeed, gap: Gap | None, now: datetime) -> Rhythm:
    """What the listing adds to the feed's rhythm."""
    known = rhythm.loads(before.rhythm)
    listed = gaps.newest_first(parsed.entries)
    since = before.body_at or before.last_success_at
    published = [entry.published_at for entry in listed if entry.published_at]
    if not before.listed or since is None or (published and not known.known):
        times, begin = rhythm.first_look(published, now)
        learned = rhythm.learn(Rhythm(), times, begin, now) if times else known
    else:
        begin = max(since, gap.to_at) if gap else since
        middle = begin + (now - begin) / 2
        times = [entry.published_at or middle for entry in gaps.unseen(before, listed)]
        learned = rhythm.learn(known, times, begin, now)
    caution = learned.caution * _POLICY.gap_relief
    if gap is not None and before.failures == 0:
        caution = min(learned.caution * _POLICY.gap_caution, _POLICY.gap_caution_most)
    return replace(learned, caution=max(1.0, caution), window=len(listed) or known.window)


def _sound(state: FeedState, now: datetime) -> tuple[HealthState, str]:
    """State and words after an answer that was in order."""
    if state.lied_at is not None and now - state.lied_at < _days(_POLICY.lying_days):
        return "lying_304", "said 304 while it had new entries; it is asked in full for a while"
    if _is_adopted(state):
        return "moved", f"moved to {state.moved_to}, which is asked now"
    silent = _silence(state, now)
    if silent:
        return "quiet", silent
    if state.moved_to:
        return "ok", (
            f"redirects to {state.moved_to}, seen {state.moves} of {_POLICY.move_sightings} times"
        )
    return "ok", ""


def _silence(state: FeedState, now: datetime) -> str:
    """Words for a feed that delivers nothing, against what is usual for it; "" for others."""
    if state.last_delivered_at is None:
        return ""  # it may have been added just now
    days = float(_POLICY.quiet_days)
    if state.per_day:
        days = _POLICY.quiet_entries / state.per_day
        days = min(max(days, _POLICY.quiet_least_days), _POLICY.quiet_most_days)
    silent = now - state.last_delivered_at
    if silent <= _days(days):
        return ""
    usual = f", usual are {state.per_day:.2g} entries a day" if state.per_day else ""
    return f"nothing new for {silent.days} days{usual}"


def _unsound(
    state: FeedState,
    failure: FetchFailure | Rejection,
    status: int | None,
    page: Page | None,
    now: datetime,
) -> tuple[HealthState, str]:
    """State and words after an answer that was no feed."""
    said = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
    if failure.reason == "html":
        if page is None:
            return "html", said
        impostor = unmask(page)
        return impostor.kind, f"{failure.reason}: {impostor.detail}"
    if status in (401, 402, 403, 407, 429, 451) or failure.reason == "robots":
        return "blocked", said
    if status == 410:
        return "gone", said
    if state.missing_since is not None and state.missing_polls >= _POLICY.missing_polls:
        days = (now - state.missing_since).days
        if days >= _POLICY.missing_days:
            return "gone", f"{said} for {days} days"
    return "failing", said


def _interval(feed: Feed, learned: Rhythm, now: datetime) -> timedelta:
    """The time to the next poll while all is well.

    The declared cadence is the shortest and what is asked for in ``ttl`` or ``max-age`` may
    stretch it, but neither to where the window could roll over.
    """
    declared = timedelta(minutes=feed.every_minutes)
    fresh = rhythm.fresh_wait(learned, now, _MOST) if learned.known else declared
    wished = timedelta(minutes=min(learned.wish, _POLICY.ttl_most_minutes))
    wait = _spread(feed.slug, max(fresh, declared, wished))
    if learned.known:
        # of a feed that lists one entry a look four times as often must do
        safe = max(rhythm.safe_wait(learned, now, _MOST), fresh / 4)
        wait = min(wait, safe)
    return min(max(wait, _LEAST), _MOST)


def _backoff(feed: Feed, health: HealthState, failures: int) -> timedelta:
    first, most = _POLICY.failing_minutes, _POLICY.failing_most_minutes
    if health in ("blocked", "html"):
        first, most = _POLICY.blocked_minutes, _POLICY.most_minutes
    # the exponent is bounded so that a year of failures does not make a number of 300 digits
    minutes = min(first * 2 ** min(failures - 1, 16), most)
    wait = _spread(feed.slug, timedelta(minutes=minutes))
    return min(max(wait, _LEAST), timedelta(minutes=most))


def _spread(slug: str, wait: timedelta) -> timedelta:
    """``wait`` lengthened by up to the jitter share, always the same for one feed."""
    digest = hashlib.blake2b(slug.encode("utf-8", "replace"), digest_size=4).digest()
    share = int.from_bytes(digest, "big") / 2**32
    return min(wait, _MOST) * (1 + _POLICY.jitter_share * share)


def _days(days: float) -> timedelta:
    return timedelta(days=days)
