"""Entries: what became of them, retries, and what is kept for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from storage import articles, entries
from storage.models import EntryOutcome


def _stored(con):
    return con.execute("SELECT * FROM core.entries ORDER BY canonical_url").fetchall()


def test_an_outcome_is_found_again(con, build):
    """Lookup tells outcome, reason, retry, revision and time."""
    retry = build.noon + timedelta(hours=1)
    accepted = EntryOutcome(
        entry=build.entry("a", revision="r1"), article_id="a00000000000", at=build.noon
    )
    refused = EntryOutcome(
        entry=build.entry("b"), rejection=build.rejection("b", retry_at=retry), at=build.noon
    )
    entries.save(con, [accepted, refused])
    found = entries.lookup(con, ["https://news.example/a", "https://news.example/b", "zz"])
    assert set(found) == {"https://news.example/a", "https://news.example/b"}
    first, second = found["https://news.example/a"], found["https://news.example/b"]
    assert (first.outcome, first.article_id, first.revision) == ("article", "a00000000000", "r1")
    assert (second.outcome, second.reason, second.retry_at) == ("rejected", "timeout", retry)
    assert second.checked_at == build.noon


def test_an_alias_of_an_article_is_known(con, build):
    """A URL that leads to a stored article is known though no feed listed it."""
    articles.save(con, [build.prepared("a", aliases=("https://m.example/a",))])
    record = entries.lookup(con, ["https://m.example/a"])["https://m.example/a"]
    assert (record.outcome, record.article_id) == ("article", "a00000000000")


def test_a_rejected_entry_whose_url_became_an_article_is_known(con, build):
    """What another way brought in counts."""
    entries.save(
        con, [EntryOutcome(entry=build.entry("a"), rejection=build.rejection("a"), at=build.noon)]
    )
    articles.save(con, [build.prepared("a")])
    assert entries.lookup(con, ["https://news.example/a"])["https://news.example/a"].article_id


def test_a_later_rejection_does_not_undo_an_article(con, build):
    """The entry keeps its article; only the time of checking moves."""
    kept = EntryOutcome(entry=build.entry("a"), article_id="a00000000000", at=build.noon)
    later = EntryOutcome(
        entry=build.entry("a"), rejection=build.rejection("a"), at=build.noon + timedelta(hours=1)
    )
    entries.save(con, [kept])
    entries.save(con, [later])
    record = entries.lookup(con, ["https://news.example/a"])["https://news.example/a"]
    assert (record.article_id, record.checked_at) == ("a00000000000", later.at)


def test_a_retry_comes_back_whole_when_it_is_due(con, build):
    """The entry is rebuilt from the store with every field, and not before its time."""
    entry = build.entry(
        "a", guid="g", title="T\ud800", author="A", published_at=build.noon, published_raw="raw",
        language="en", summary="<p>s</p>", content="<p>c</p>", text="t", revision="r",
        has_page=False,
    )  # fmt: skip
    retry = build.noon + timedelta(hours=1)
    refused = build.rejection("a", retry_at=retry)
    entries.save(con, [EntryOutcome(entry=entry, rejection=refused, at=build.noon)])
    assert entries.due_retries(con, build.noon) == []
    assert entries.due_retries(con, retry) == [entry]
    assert entries.due_retries(con, retry, limit=0) == []


def test_no_feed_takes_all_places_of_the_retries(con, build):
    """Thousands of one feed, waiting longest, leave room for the others."""
    refused = build.rejection("a", retry_at=build.noon)
    names = [("greedy", n) for n in range(5)] + [("other", 9)]
    listed = [build.entry(f"{feed}-{n}", feed=feed) for feed, n in names]
    for number, entry in enumerate(listed):
        later = replace(refused, retry_at=build.noon + timedelta(minutes=number))
        entries.save(con, [EntryOutcome(entry=entry, rejection=later, at=build.noon)])
    due = entries.due_retries(con, build.noon + timedelta(hours=1), limit=3, of_a_feed=2)
    assert [entry.feed for entry in due] == ["greedy", "greedy", "other"]


def test_the_payload_goes_when_no_retry_is_planned(con, build):
    """An entry that became an article, or failed for good, keeps no copy of itself."""
    retry = build.rejection("a", retry_at=build.noon)
    entries.save(con, [EntryOutcome(entry=build.entry("a"), rejection=retry, at=build.noon)])
    kept = "SELECT payload IS NOT NULL FROM core.entries"
    assert con.execute(kept).fetchall() == [(True,)]
    final = build.rejection("a", reason="http_404")
    entries.save(con, [EntryOutcome(entry=build.entry("a"), rejection=final, at=build.noon)])
    assert con.execute(kept).fetchall() == [(False,)]
    assert entries.due_retries(con, build.noon + timedelta(days=9)) == []


def test_saving_again_changes_nothing(con, build):
    """First seen stays, no row is added."""
    outcome = EntryOutcome(entry=build.entry("a"), article_id="a00000000000", at=build.noon)
    entries.save(con, [outcome, outcome])
    before = _stored(con)
    entries.save(con, [outcome])
    assert _stored(con) == before
    assert len(before) == 1


def test_nothing_asked_is_nothing_found(con):
    """Empty batches are normal."""
    entries.save(con, [])
    assert entries.lookup(con, []) == {}
