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
from storage.batches import staged

KINDS = (TOPIC, COMPANY, "chemistry", "mineral", "technology", "policy")
"""What has feeds.  Places have none: nearly all news is from somewhere."""


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


_WINDOW = """
CREATE OR REPLACE TEMP TABLE feed_window AS
SELECT s.story_id, s.representative_id AS article_id, s.first_published_at AS published_at,
    greatest(s.changed_at, CASE WHEN a.version > 1 THEN a.fetched_at ELSE s.changed_at END)
        AS updated_at
FROM core.stories s JOIN core.articles a ON a.article_id = s.representative_id
WHERE s.first_published_at >= $since AND s.first_published_at < $until
    -- Without a date: what a feed listed is new when it was met, what a backfill found may be old.
    OR (s.first_published_at IS NULL AND a.feed <> '' AND s.created_at >= $since
        AND s.created_at < $until)
"""
# What the first run of all brings has one time of change.
_ORDER = "updated_at DESC, published_at DESC NULLS LAST, story_id"
_NEWEST = f"SELECT story_id FROM temp.feed_window ORDER BY {_ORDER} LIMIT $most"
# Fields stand with the article, everything else that it may be about among its mentions.
_ABOUT = """
SELECT 'topic' AS kind, unnest(a.topics) AS name, '' AS ticker, a.article_id
FROM core.articles a WHERE a.article_id IN (SELECT article_id FROM temp.feed_window)
UNION
SELECT m.kind, m.name, coalesce(m.ticker, '') AS ticker, m.article_id FROM core.mentions m
WHERE m.is_main AND m.article_id IN (SELECT article_id FROM temp.feed_window)
    AND list_contains($kinds, m.kind)
"""
_OF_SUBJECT = f"""
SELECT o.kind, o.name, max(o.ticker),
    list(w.story_id ORDER BY {_ORDER})[:$most]
FROM ({_ABOUT}) o JOIN temp.feed_window w USING (article_id)
WHERE o.name <> '' GROUP BY o.kind, o.name
"""
# What has few stories in the window, or none: its newest by publication.
_QUIET = """
SELECT m.kind, m.name, max(coalesce(m.ticker, '')),
    list(s.story_id ORDER BY s.first_published_at DESC, s.story_id)[:$least]
FROM core.mentions m JOIN core.stories s ON s.representative_id = m.article_id
WHERE m.is_main AND list_contains($kinds, m.kind) AND m.name <> ''
    AND s.first_published_at < $until
    AND (m.kind, m.name) NOT IN (SELECT (kind, name) FROM {busy})
GROUP BY m.kind, m.name
"""
_STORIES = """
SELECT s.story_id, coalesce(a.title, ''), coalesce(a.url, ''), coalesce(a.publisher, ''),
    coalesce(a.language, ''), left(coalesce(a.text, ''), $chars), s.first_published_at,
    greatest(s.changed_at, CASE WHEN a.version > 1 THEN a.fetched_at ELSE s.changed_at END),
    a.topics
FROM core.stories s JOIN core.articles a ON a.article_id = s.representative_id
WHERE s.story_id IN (SELECT id FROM {asked})
"""
_COPIES = """
SELECT m.story_id, coalesce(a.publisher, ''), coalesce(a.title, ''), coalesce(a.url, ''),
    a.published_at
FROM core.story_members m JOIN core.articles a USING (article_id)
WHERE m.story_id IN (SELECT id FROM {asked}) AND NOT a.is_representative
ORDER BY m.story_id, a.published_at NULLS LAST, a.article_id
"""
_MENTIONED = """
SELECT s.story_id, m.kind, m.name, coalesce(m.ticker, '')
FROM core.stories s JOIN core.mentions m ON m.article_id = s.representative_id
WHERE s.story_id IN (SELECT id FROM {asked}) AND m.is_main AND list_contains($kinds, m.kind)
    AND m.name <> ''
ORDER BY s.story_id, m.count DESC, m.kind, m.name
"""
_ENDED = """
SELECT to_story_id, story_id, at_time FROM core.story_forwards
WHERE to_story_id IN (SELECT id FROM {asked}) ORDER BY to_story_id, story_id
"""


def gather(
    con: duckdb.DuckDBPyConnection,
    until: datetime,
    *,
    whole_texts: bool = False,
    policy: FeedPolicy = FEEDS,
) -> Syndicate:
    """What the feeds hold as of ``until``; the same store gives the same answer.

    Args:
        con: the published store.
        until: the first moment that is not looked at, UTC.
        whole_texts: read texts to their end, and not only where a lead is taken from.
    """
    since = until - timedelta(days=policy.days)
    con.execute(_WINDOW, {"since": since, "until": until})
    everything = [i for (i,) in con.execute(_NEWEST, {"most": policy.entries}).fetchall()]
    of_subject = _by_subject(con, until, policy)
    con.execute("DROP TABLE temp.feed_window")
    chosen = sorted({*everything, *(i for ids in of_subject.values() for i in ids)})
    chars = policy.text_chars if whole_texts else policy.lead_from_chars
    return Syndicate(_stories(con, chosen, chars), everything, of_subject)


def _by_subject(
    con: duckdb.DuckDBPyConnection, until: datetime, policy: FeedPolicy
) -> dict[Subject, list[str]]:
    """Ids of the stories of each subject, in order of subjects."""
    found: dict[tuple[str, str], list[str]] = {}
    tickers: dict[tuple[str, str], str] = {}
    asked = {"kinds": list(KINDS), "most": policy.entries_each}
    for kind, name, ticker, ids in con.execute(_OF_SUBJECT, asked).fetchall():
        found[kind, name], tickers[kind, name] = ids, ticker
    busy = [key for key, ids in found.items() if len(ids) >= policy.entries_least]
    types = {"kind": "VARCHAR", "name": "VARCHAR"}
    columns = {"kind": [kind for kind, _ in busy], "name": [name for _, name in busy]}
    with staged(con, "feed_busy", types, columns) as table:
        quiet = con.execute(
            _QUIET.format(busy=table),
            {"kinds": list(KINDS), "least": policy.entries_least, "until": until},
        ).fetchall()
    for kind, name, ticker, ids in quiet:
        known = found.get((kind, name), [])
        older = [story_id for story_id in ids if story_id not in known]
        found[kind, name] = [*known, *older][: policy.entries_least]
        tickers[kind, name] = ticker
    return {
        Subject(kind, name, tickers[kind, name]): found[kind, name] for kind, name in sorted(found)
    }


def _stories(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], chars: int
) -> dict[str, Syndicated]:
    with staged(con, "asked_stories", {"id": "VARCHAR"}, {"id": ids}) as asked:
        rows = con.execute(_STORIES.format(asked=asked), {"chars": chars}).fetchall()
        copies = _grouped(con.execute(_COPIES.format(asked=asked)).fetchall())
        names = _grouped(
            con.execute(_MENTIONED.format(asked=asked), {"kinds": list(KINDS)}).fetchall()
        )
        ended = _grouped(con.execute(_ENDED.format(asked=asked)).fetchall())
    return {
        row[0]: Syndicated(
            story_id=row[0], title=row[1], url=row[2], publisher=row[3], language=row[4],
            text=row[5], published_at=row[6], updated_at=row[7],
            copies=tuple(
                Copy(publisher=publisher, title=title, url=url, published_at=at)
                for publisher, title, url, at in copies[row[0]]
            ),
            subjects=(
                *(Subject(TOPIC, name) for name in row[8] or () if name),
                *(Subject(*named) for named in names[row[0]]),
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
