"""When a feed is asked, and what its answer says about it.  Pure: every decision, no doing.

``fresh`` is the number of entries that the store had not seen; what is asked is decided by the
returned ``next_poll_at`` alone, so a later, cleverer interval changes ``_interval`` and nothing
else.  The worse mistake: asking a blocking server again and again gets the reader shut out for
good, so after every failure the wait only grows until something succeeds.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from ingest.models import Feed, FeedState, FetchFailure, HealthState, NotModified, Page, Rejection
from ingest.parse import ParsedFeed
from ingest.policy import PollPolicy
from ingest.urls import canonical_url

_POLICY = PollPolicy()


def is_due(feed: Feed, state: FeedState | None, now: datetime) -> bool:
    """Whether ``feed`` should be asked at ``now``.

    A feed that is switched off is never due; one whose URL was changed by hand is due at once.
    """
    if not feed.enabled:
        return False
    if state is None or state.next_poll_at is None:
        return True
    if _is_readdressed(feed, state):
        return True
    return now >= state.next_poll_at


def after_success(
    feed: Feed,
    state: FeedState | None,
    page: Page,
    parsed: ParsedFeed,
    fresh: int,
    now: datetime,
) -> FeedState:
    """The state after an answer that was a feed, with ``fresh`` entries not seen before."""
    before = _before(feed, state)
    delivered = now if fresh > 0 else before.last_delivered_at
    quiet = _is_quiet(delivered, now)
    if page.permanent_url and canonical_url(page.permanent_url) != canonical_url(feed.url):
        detail = f"moved to {page.permanent_url}"
    elif parsed.note:
        detail = parsed.note
    else:
        detail = f"nothing new for {_POLICY.quiet_days} days" if quiet else ""
    return replace(
        before,
        state="quiet" if quiet else "ok",
        detail=detail,
        url=page.requested_url or feed.url,
        etag=page.etag,
        last_modified=page.last_modified,
        body_digest=hashlib.blake2b(page.body, digest_size=16).hexdigest(),
        last_polled_at=now,
        last_success_at=now,
        last_delivered_at=delivered,
        next_poll_at=now + _interval(feed, page.max_age, parsed.ttl_minutes),
        failures=0,
    )


def after_not_modified(
    feed: Feed, state: FeedState | None, answer: NotModified, now: datetime
) -> FeedState:
    """The state after a 304: the validators stay, they are what it was an answer to."""
    before = _before(feed, state)
    quiet = _is_quiet(before.last_delivered_at, now)
    keep = before.detail if before.detail.startswith(_MOVED) else ""
    return replace(
        before,
        state="quiet" if quiet else "ok",
        detail=keep or (f"nothing new for {_POLICY.quiet_days} days" if quiet else ""),
        url=before.url or answer.url,
        last_polled_at=now,
        last_success_at=now,
        next_poll_at=now + _interval(feed, None, None),
        failures=0,
    )


def after_failure(
    feed: Feed, state: FeedState | None, failure: FetchFailure | Rejection, now: datetime
) -> FeedState:
    """The state after an answer that brought no feed, or no answer.

    The validators stay: the next sound answer may still be the one they name.
    """
    before = _before(feed, state)
    failures = before.failures + 1
    health = _health(failure, before, failures)
    wait = _backoff(feed, health, failures)
    next_poll = now + wait
    if failure.retry_at is not None:
        # Retry-After may lengthen the wait, never shorten it
        latest = now + timedelta(minutes=_POLICY.retry_after_most_minutes)
        next_poll = max(next_poll, min(failure.retry_at, latest))
    detail = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
    return replace(
        before,
        state=health,
        detail=detail[:500],
        last_polled_at=now,
        next_poll_at=next_poll,
        failures=failures,
    )


def validators(feed: Feed, state: FeedState | None) -> tuple[str, str]:
    """ETag and Last-Modified to send; empty when those known belong to another address."""
    before = _before(feed, state)
    return before.etag, before.last_modified


def next_poll_at(feed: Feed, state: FeedState | None, now: datetime) -> datetime:
    """When ``feed`` is asked next; ``now`` when it is due already."""
    if state is None or state.next_poll_at is None or is_due(feed, state, now):
        return now
    return state.next_poll_at


def interval_of(feed: Feed) -> timedelta:
    """The time between two polls of ``feed`` while all is well, as ``feed_health`` shows it."""
    return timedelta(minutes=max(_POLICY.least_minutes, feed.every_minutes))


_MOVED = "moved to "


def _is_readdressed(feed: Feed, state: FeedState) -> bool:
    """Somebody changed the feed's URL in the list; a redirect followed does not count."""
    if not state.url or state.detail.startswith(_MOVED):
        return False
    return canonical_url(state.url) != canonical_url(feed.url)


def _before(feed: Feed, state: FeedState | None) -> FeedState:
    """What is known of the feed at its present address."""
    if state is None:
        return FeedState(slug=feed.slug, url=feed.url)
    if _is_readdressed(feed, state):
        return replace(
            state, url=feed.url, etag="", last_modified="", body_digest="", failures=0, state="new"
        )
    return state if state.url else replace(state, url=feed.url)


def _health(failure: FetchFailure | Rejection, before: FeedState, failures: int) -> HealthState:
    status = failure.status if isinstance(failure, FetchFailure) else None
    if failure.reason == "html":
        return "html"
    if status in (401, 403, 407, 429, 451) or failure.reason == "robots":
        return "blocked"
    if status == 410:
        return "gone"
    if status == 404 and (before.state == "gone" or failures >= _POLICY.gone_after):
        return "gone"
    return "failing"


def _interval(feed: Feed, max_age: int | None, ttl_minutes: int | None) -> timedelta:
    """The declared cadence; longer when the server or the feed asks for it, within bounds."""
    asked = max((max_age or 0) // 60, ttl_minutes or 0)
    minutes = max(_POLICY.least_minutes, feed.every_minutes, min(asked, _POLICY.ttl_most_minutes))
    return _spread(feed.slug, timedelta(minutes=minutes))


def _backoff(feed: Feed, health: HealthState, failures: int) -> timedelta:
    first = {"blocked": _POLICY.blocked_minutes, "gone": _POLICY.gone_minutes}.get(
        health, max(_POLICY.failing_minutes, feed.every_minutes)
    )
    # the exponent is bounded so that a year of failures does not make a number of 300 digits
    minutes = min(first * 2 ** min(failures - 1, 16), _POLICY.most_minutes)
    wait = _spread(feed.slug, timedelta(minutes=max(minutes, _POLICY.least_minutes)))
    return min(wait, timedelta(minutes=_POLICY.most_minutes))


def _spread(slug: str, wait: timedelta) -> timedelta:
    """``wait`` lengthened by up to the jitter share, always the same for one feed."""
    digest = hashlib.blake2b(slug.encode("utf-8", "replace"), digest_size=4).digest()
    share = int.from_bytes(digest, "big") / 2**32
    return wait * (1 + _POLICY.jitter_share * share)


def _is_quiet(delivered: datetime | None, now: datetime) -> bool:
    # a feed that never delivered may have been added just now: not called quiet
    return delivered is not None and now - delivered > timedelta(days=_POLICY.quiet_days)
