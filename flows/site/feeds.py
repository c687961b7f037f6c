"""Feeds for readers: Atom 1.0 (RFC 4287) and JSON Feed 1.1, of everything and of each subject.

    store --> syndicated --> Entry (clean, as shown) --> Atom, JSON Feed --> files

Written with lxml, which is here anyway and lets no text out that is no XML.  feedgen 1.0.0 (BSD or
LGPL) was looked at: made for RSS first, no JSON Feed, no release since 2023.

Names.  The id of an entry is made from the story's id alone: it stays when the story grows, when
the digest moves to another address, and in every feed that has it.  Where two stories turn out to
be one, the entry that goes on is that of the story that most of the articles were in; the other
one's id is named as gone (RFC 6721, and ``_voltwire.merged`` in JSON), so that a reader who knows
how takes it away; others keep what they have and see the one that goes on as changed.

What nothing happened to is the same byte for byte: no feed says when it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import duckdb

from flows.site import opml, paths
from flows.site.atom import atom, atom_entry
from flows.site.display import label
from flows.site.entries import Entry, Feed, entry_of
from flows.site.feed_policy import FEEDS, FeedPolicy
from flows.site.jsonfeed import json_feed
from flows.site.model import COMPANY, Options, SiteFile, Subject
from flows.site.syndicated import Syndicate, gather
from flows.site.wording import plain


def files(
    con: duckdb.DuckDBPyConnection,
    until: datetime,
    options: Options,
    *,
    pages: Collection[Subject] | None = (),
    days: int = 0,
    policy: FeedPolicy = FEEDS,
) -> Iterator[SiteFile]:
    """Every feed, in both forms, and the list of them.

    Args:
        con: the published store.
        until: the first moment that the feeds do not look at, UTC.
        options: the site's title, its address, and whether texts are shown whole.
        pages: subjects with a page beside the feeds: each has a feed, which leads there, and the
            others lead to the first page; None where no pages stand beside them.
        days: how far back, where that is more than the policy says.
    """
    held = gather(con, until, days=days, whole_texts=options.full_text, policy=policy)
    made = _with(feeds_of(held, options, policy), pages or (), options)
    entries = {
        entry.id: atom_entry(entry)
        for entry in {entry.id: entry for feed in made for entry in feed.entries}.values()
    }
    for feed in made:
        page = home(feed.subject, pages)
        yield SiteFile(paths.feed(feed.subject, "atom"), atom(feed, options, page, entries))
        yield SiteFile(paths.feed(feed.subject, "json"), json_feed(feed, options, page))
    listed = [(feed.subject, feed.title, home(feed.subject, pages)) for feed in made]
    yield SiteFile(paths.OPML, opml.write(listed, options))


def _with(feeds: list[Feed], wanted: Collection[Subject], options: Options) -> list[Feed]:
    """``feeds`` and one of nothing for each subject that is wanted and has none; no two that would
    stand in one place."""
    known = {feed.subject for feed in feeds}
    more = [_feed(one, (), options) for one in sorted(set(wanted)) if one not in known]
    return list({paths.feed(one.subject, "atom"): one for one in [*feeds, *more]}.values())


def feeds_of(held: Syndicate, options: Options, policy: FeedPolicy = FEEDS) -> list[Feed]:
    """The feeds of what is held: first that of everything, then one a subject."""
    entries = {
        story_id: entry_of(story, full_text=options.full_text, policy=policy)
        for story_id, story in held.stories.items()
    }
    chosen: list[tuple[Subject | None, Sequence[str]]] = [(None, held.everything)]
    chosen += held.of_subject.items()
    return [
        _feed(subject, [entries[story_id] for story_id in ids if story_id in entries], options)
        for subject, ids in chosen
    ]


def _feed(subject: Subject | None, entries: Sequence[Entry], options: Options) -> Feed:
    site = plain(options.title) or "voltwire"
    if subject is None:
        return Feed(subject=None, title=site, entries=entries)
    name = subject.name if subject.kind == COMPANY else label(subject.name)
    return Feed(subject=subject, title=f"{name} · {site}", entries=entries)


def home(subject: Subject | None, pages: Collection[Subject] | None) -> str:
    """The page that a feed belongs to; "" where there are no pages."""
    if pages is None:
        return ""
    return paths.subject_page(subject) if subject in pages and subject else paths.INDEX
