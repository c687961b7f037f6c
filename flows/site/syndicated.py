"""Which stories the feeds for readers hold, read from a published store.

One entry a story.  ``updated_at`` is what readers go by: it moves when the story gets a copy, loses
one, shows another article, or when the text shown is a newer version.  New tags, or a text that was
only extracted anew, move nothing.  Telling too little is the worse mistake here, for nobody sees
what a feed never said; a story told twice is only a nuisance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from flows.site.feed_policy import FEEDS, FeedPolicy
from flows.site.model import COMPANY, TOPIC, Subject
from flows.site.wording import plain
from storage.batches import staged

KINDS = (COMPANY, "chemistry", "mineral", "technology", "policy")
"""Mentions that have feeds.  Places have none: nearly all news is from somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One of the articles that tell a story."""

    publisher: str
    title: str
    url: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A story that ended because its articles went to another one."""

    story_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Syndicated:
    """A story as the feeds tell it; all text as it is stored, not yet fit for anything."""

    story_id: str
    title: str
    url: str
    publisher: str
    language: str
    text: str
    published_at: datetime | None
    """First of all its articles; None when nothing says when."""
    updated_at: datetime
    copies: tuple[Copy, ...] = ()
    """The articles that are not shown, in order of publication."""
    subjects: tuple[Subject, ...] = ()
    merged: tuple[Merged, ...] = ()


@dataclass(frozen=True, slots=True)
class Syndicate:
    """What all feeds hold."""

    stories: Mapping[str, Syndicated]
    """By id."""
    everything: Sequence[str]
    """Ids, what changed last first."""
    of_subject: Mapping[Subject, Sequence[str]]
    """The same for each company and topic; subjects in order."""


# DuckDB's greatest passes over NULL.
_UPDATED = (
    "coalesce(greatest(s.changed_at, CASE WHEN a.version > 1 THEN a.fetched_at END), a.fetched_at)"
)
_WINDOW = f"""
CREATE OR REPLACE TEMP TABLE feed_window AS
SELECT s.story_id, s.representative_id AS article_id, s.first_published_at AS published_at,
    {_UPDATED} AS updated_at
FROM core.stories s JOIN core.articles a ON a.article_id = s.representative_id
WHERE s.first_published_at >= $since AND s.first_published_at < $until
    -- Without a date: what a feed listed is new when it was met, what a backfill found may be old.
    OR (s.first_published_at IS NULL AND a.feed <> '' AND s.created_at >= $since
        AND s.created_at < $until)
"""
# What the first run of all brings has one time of change.
_ORDER = "updated_at DESC, published_at DESC NULLS LAST, story_id"
_NEWEST = f"SELECT story_id FROM temp.feed_window ORDER BY {_ORDER} LIMIT $most"
_NEWEST_EVER = """
SELECT story_id FROM core.stories WHERE first_published_at < $until
ORDER BY first_published_at DESC, story_id LIMIT $least
"""
# Fields stand with the article, everything else that it may be about among its mentions.
_FIELDS = """
SELECT 'field' AS kind, unnest(a.topics) AS name, '' AS ticker, a.article_id
FROM core.articles a WHERE a.article_id IN (SELECT article_id FROM temp.feed_window)
"""
_NAMED = """
UNION ALL
SELECT m.kind, m.name, coalesce(m.ticker, '') AS ticker, m.article_id FROM core.mentions m
WHERE m.is_main AND m.article_id IN (SELECT article_id FROM temp.feed_window)
    AND list_contains($kinds, m.kind)
"""
_OF_SUBJECT = f"""
SELECT o.kind, o.name, max(o.ticker), list(w.story_id ORDER BY {_ORDER})[:$most]
FROM ({{about}}) o JOIN temp.feed_window w USING (article_id)
WHERE o.name <> '' GROUP BY o.kind, o.name ORDER BY o.kind, o.name
"""
# What has few stories in the window, or none: its newest by publication.  Found in two steps, for
# the first leaves little to join.
_OF_QUIET = """
CREATE OR REPLACE TEMP TABLE feed_quiet AS
SELECT m.kind, m.name, coalesce(m.ticker, '') AS ticker, m.article_id
FROM core.mentions m ANTI JOIN {busy} USING (kind, name)
WHERE m.is_main AND list_contains($kinds, m.kind) AND m.name <> ''
"""
_QUIET = """
SELECT q.kind, q.name, max(q.ticker),
    list(s.story_id ORDER BY s.first_published_at DESC, s.story_id)[:$least]
FROM temp.feed_quiet q JOIN core.stories s ON s.representative_id = q.article_id
WHERE s.first_published_at < $until GROUP BY q.kind, q.name ORDER BY q.kind, q.name
"""
# Texts are read by their places: to find them by their ids, DuckDB unpacks every text there is
# (8 s of processor time for a million articles, 0.4 s so).
_PLACED = f"""
CREATE OR REPLACE TEMP TABLE feed_placed AS
SELECT s.story_id, s.first_published_at, {_UPDATED} AS updated_at, a.article_id, a.rowid AS place
FROM core.stories s JOIN core.articles a ON a.article_id = s.representative_id
WHERE s.story_id IN (SELECT id FROM {{asked}})
"""
_STORIES = """
SELECT p.story_id, coalesce(a.title, ''), coalesce(a.url, ''), coalesce(a.publisher, ''),
    coalesce(a.language, ''), left(coalesce(a.text, ''), $chars), p.first_published_at,
    p.updated_at, a.topics
FROM temp.feed_placed p JOIN core.articles a ON a.rowid = p.place
"""
_COPIES = """
SELECT a.story_id, coalesce(a.publisher, ''), coalesce(a.title, ''), coalesce(a.url, ''),
    a.published_at
FROM core.articles a
WHERE a.story_id IN (SELECT story_id FROM temp.feed_placed) AND NOT a.is_representative
ORDER BY a.story_id, a.published_at NULLS LAST, a.article_id
"""
_MENTIONED = """
SELECT p.story_id, m.kind, m.name, coalesce(m.ticker, '')
FROM core.mentions m JOIN temp.feed_placed p ON p.article_id = m.article_id
WHERE m.is_main AND list_contains($kinds, m.kind) AND m.name <> ''
ORDER BY p.story_id, m.count DESC, m.kind, m.name
"""
_ENDED = """
SELECT to_story_id, story_id, at_time FROM core.story_forwards
WHERE to_story_id IN (SELECT story_id FROM temp.feed_placed) ORDER BY to_story_id, story_id
"""


def gather(
    con: duckdb.DuckDBPyConnection,
    until: datetime,
    *,
    days: int = 0,
    whole_texts: bool = False,
    policy: FeedPolicy = FEEDS,
) -> Syndicate:
    """What the feeds hold as of ``until``; the same store gives the same answer.

    Args:
        con: the published store.
        until: the first moment that is not looked at, UTC.
        days: how far back, where that is more than the policy says.
        whole_texts: read texts to their end, and not only where a lead is taken from.
    """
    since = until - timedelta(days=max(days, policy.days))
    con.execute(_WINDOW, {"since": since, "until": until})
    everything = [i for (i,) in con.execute(_NEWEST, {"most": policy.entries}).fetchall()]
    if len(everything) < policy.entries_least:  # a store that nothing comes into any more
        asked = {"until": until, "least": policy.entries_least}
        ever = [i for (i,) in con.execute(_NEWEST_EVER, asked).fetchall() if i not in everything]
        everything += ever[: policy.entries_least - len(everything)]
    of_subject = _by_subject(con, until, policy)
    con.execute("DROP TABLE temp.feed_window")
    chosen = sorted({*everything, *(i for ids in of_subject.values() for i in ids)})
    chars = policy.text_chars if whole_texts else policy.lead_from_chars
    return Syndicate(_stories(con, chosen, chars), everything, of_subject)


def subject_of(kind: str, name: str, ticker: str = "") -> Subject:
    """What a mention of that kind is to the site: a company, or a topic of some group."""
    if kind == COMPANY:
        return Subject(COMPANY, plain(name), plain(ticker))
    return Subject(TOPIC, plain(name), group=kind)


def _by_subject(
    con: duckdb.DuckDBPyConnection, until: datetime, policy: FeedPolicy
) -> dict[Subject, list[str]]:
    """Ids of the stories of each subject, in order of subjects."""
    found: dict[Subject, list[str]] = {}
    has_mentions = _has_mentions(con)
    about = _FIELDS + (_NAMED if has_mentions else "")
    asked: dict[str, Any] = {"most": policy.entries_each}
    if has_mentions:
        asked["kinds"] = list(KINDS)
    busy: list[tuple[str, str]] = []
    for kind, name, ticker, ids in con.execute(_OF_SUBJECT.format(about=about), asked).fetchall():
        # A field can have the name of something that articles mention: that is one topic then.
        known = found.setdefault(subject_of(kind, name, ticker), [])
        known += [story_id for story_id in ids if story_id not in known]
        if len(ids) >= policy.entries_least:
            busy.append((kind, name))
    if has_mentions:
        for subject, ids in _quiet(con, busy, until, policy):
            known = found.setdefault(subject, [])
            older = [story_id for story_id in ids if story_id not in known]
            known += older[: max(0, policy.entries_least - len(known))]
    return {
        subject: found[subject][: policy.entries_each] for subject in sorted(found) if subject.name
    }


def _quiet(
    con: duckdb.DuckDBPyConnection,
    busy: Sequence[tuple[str, str]],
    until: datetime,
    policy: FeedPolicy,
) -> list[tuple[Subject, list[str]]]:
    types = {"kind": "VARCHAR", "name": "VARCHAR"}
    columns = {"kind": [kind for kind, _ in busy], "name": [name for _, name in busy]}
    with staged(con, "feed_busy", types, columns) as table:
        con.execute(_OF_QUIET.format(busy=table), {"kinds": list(KINDS)})
    rows = con.execute(_QUIET, {"least": policy.entries_least, "until": until}).fetchall()
    con.execute("DROP TABLE temp.feed_quiet")
    return [(subject_of(kind, name, ticker), ids) for kind, name, ticker, ids in rows]


def _has_mentions(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the copy was published by a voltwire that looked for them."""
    asked = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'core' AND table_name = 'mentions'"
    return con.execute(asked).fetchone() is not None


def _stories(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], chars: int
) -> dict[str, Syndicated]:
    with staged(con, "asked_stories", {"id": "VARCHAR"}, {"id": ids}) as asked:
        con.execute(_PLACED.format(asked=asked))
    rows = con.execute(_STORIES, {"chars": chars}).fetchall()
    copies = _grouped(con.execute(_COPIES).fetchall())
    named = []
    if _has_mentions(con):
        named = con.execute(_MENTIONED, {"kinds": list(KINDS)}).fetchall()
    names = _grouped(named)
    ended = _grouped(con.execute(_ENDED).fetchall())
    con.execute("DROP TABLE temp.feed_placed")
    return {
        row[0]: Syndicated(
            story_id=row[0], title=row[1], url=row[2], publisher=row[3], language=row[4],
            text=row[5], published_at=row[6], updated_at=row[7],
            copies=tuple(
                Copy(publisher=publisher, title=title, url=url, published_at=at)
                for publisher, title, url, at in copies[row[0]]
            ),
            subjects=(
                *(subject_of(*one) for one in names[row[0]]),
                *(subject_of("field", name) for name in row[8] or () if name),
            ),
            merged=tuple(Merged(story_id=old, at=at) for old, at in ended[row[0]]),
        )
        for row in rows
    }  # fmt: skip


def _grouped(rows: Iterable[tuple[Any, ...]]) -> defaultdict[str, list[tuple[Any, ...]]]:
    """The rows by their first column, without it."""
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *rest in rows:
        found[key].append(tuple(rest))
    return found
