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

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import duckdb
from lxml import etree
from lxml.builder import E, ElementMaker

from flows.site import opml, paths
from flows.site.display import label
from flows.site.feed_policy import FEEDS, FeedPolicy
from flows.site.model import COMPANY, Options, SiteFile, Subject
from flows.site.syndicated import Copy, Syndicate, Syndicated, gather
from flows.site.wording import cut, language_tag, lead, paragraphs, plain, web_address

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
JSON_FEED = "https://jsonfeed.org/version/1.1"
# Never another one: all ids would change with it, and readers show every story again.
_NAMES = uuid5(NAMESPACE_URL, "urn:voltwire:stories")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# What may stand in a URL as it is (RFC 3986), the sign of escapes among it.
_IN_URLS = ":/?#[]@!$&'()*+,;=%-._~"
_SUBTITLE = "One entry a story; its copies in other outlets are named in it."
_RIGHTS = "Texts belong to their publishers."
# Before any story: the time of a feed that has none yet.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_atom = ElementMaker(namespace=ATOM, nsmap={None: ATOM})
_gone = ElementMaker(namespace=TOMBSTONES, nsmap={"at": TOMBSTONES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A story as a reader gets it: every text cleaned, every address one that leads to the web."""

    id: str
    title: str
    url: str
    """"" where the article's address is none to link to."""
    publisher: str
    language: str
    published: str
    """RFC 3339; "" when nothing says when."""
    updated: str
    summary: str
    html: str
    copies: tuple[Copy, ...]
    tags: tuple[str, ...]
    outlets: int
    merged: tuple[tuple[str, str], ...]
    """(id, when) of stories that are part of this one now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed, in both forms."""

    subject: Subject | None
    title: str
    entries: Sequence[Entry]

    @property
    def updated(self) -> str:
        """When the last of its entries changed."""
        return max((entry.updated for entry in self.entries), default=_time(_NEVER))


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


def entry_of(story: Syndicated, *, full_text: bool = False, policy: FeedPolicy = FEEDS) -> Entry:
    """A story made fit for readers; pure."""
    title = cut(plain(story.title), policy.title_chars)
    summary = lead(story.text, story.title)
    publisher = plain(story.publisher) or "unknown"
    copies = tuple(_outlets(story.copies, publisher))
    others = len(copies)
    return Entry(
        id=entry_id(story.story_id),
        title=title or cut(summary, policy.title_chars) or "(no title)",
        url=_uri(story.url),
        publisher=publisher,
        language=language_tag(story.language),
        published=_time(story.published_at) if story.published_at else "",
        updated=_time(story.updated_at),
        summary=summary,
        html=_html(
            paragraphs(story.text) if full_text else [summary], copies[: policy.outlets], others
        ),
        copies=copies[: policy.outlets],
        tags=tuple(dict.fromkeys(filter(None, (plain(one.name) for one in story.subjects)))),
        outlets=others + 1,
        merged=tuple((entry_id(one.story_id), _time(one.at)) for one in story.merged),
    )


def entry_id(story_id: str) -> str:
    """The id under which readers know a story, for good."""
    return _urn(f"story {story_id}")


def _urn(name: str) -> str:
    return uuid5(_NAMES, name.encode("utf-8", "replace").decode()).urn


def _outlets(copies: Sequence[Copy], shown: str) -> Iterator[Copy]:
    """The first copy of each outlet but the one shown, cleaned."""
    seen = {shown.casefold()}
    for copy in copies:
        publisher = plain(copy.publisher) or "unknown"
        if publisher.casefold() not in seen:
            seen.add(publisher.casefold())
            yield Copy(
                publisher=publisher,
                title=plain(copy.title),
                url=_uri(copy.url),
                published_at=copy.published_at,
            )


def _html(said: Sequence[str], copies: Sequence[Copy], others: int) -> str:
    """What an entry shows: the beginning or the whole, and who else has it."""
    parts = [E.p(line) for line in said if line]
    if others:
        also = E.p(f"Also in {others} outlet{'s' if others > 1 else ''}: ")
        for number, copy in enumerate(copies):
            name = E.bdi(copy.publisher)
            at = (
                f" ({copy.published_at.astimezone(UTC):%d %b %H:%M} UTC)"
                if copy.published_at
                else ""
            )
            named = (
                E.a(name, href=copy.url, rel="noopener noreferrer nofollow") if copy.url else name
            )
            named.tail = at + (", " if number < len(copies) - 1 else "")
            also.append(named)
        if more := others - len(copies):
            also[-1].tail = f"{also[-1].tail or ''} and {more} more" if len(also) else None
        parts.append(also)
    return "".join(etree.tostring(part, encoding="unicode", method="html") for part in parts)


# --- Atom ----------------------------------------------------------------------------------------


def atom_entry(entry: Entry) -> etree._Element:
    """``entry`` as an element of an Atom feed."""
    made = _atom.entry(
        _atom.id(entry.id),
        _atom.title(entry.title),
        _atom.updated(entry.updated),
        _atom.author(_atom.name(entry.publisher)),
    )
    if entry.language:
        made.set(_LANGUAGE, entry.language)
    if entry.published:
        made.append(_atom.published(entry.published))
    if entry.url:
        made.append(_atom.link(rel="alternate", type="text/html", href=entry.url))
    for copy in entry.copies:
        if copy.url:
            made.append(
                _atom.link(rel="related", type="text/html", href=copy.url, title=copy.publisher)
            )
    for tag in entry.tags:
        made.append(_atom.category(term=tag))
    if entry.summary:
        made.append(_atom.summary(entry.summary))
    made.append(_atom.content(entry.html, type="html"))
    made.tail = "\n"
    return made


def atom(
    feed: Feed,
    options: Options,
    page: str = "",
    entries: Mapping[str, etree._Element] | None = None,
) -> bytes:
    """``feed`` as Atom.

    Args:
        page: the page of the site that it belongs to; "" for none.
        entries: what ``atom_entry`` made of each entry, by id, where that is at hand.
    """
    path = paths.feed(feed.subject, "atom")
    made = _atom.feed(
        _atom.id(_feed_id(feed, options)),
        _atom.title(feed.title),
        _atom.subtitle(_SUBTITLE),
        _atom.rights(_RIGHTS),
        _atom.updated(feed.updated),
        _atom.author(_atom.name(plain(options.title) or "voltwire")),
        _atom.generator("voltwire"),
    )
    if whole := address(options, path):
        made.append(_atom.link(rel="self", type="application/atom+xml", href=whole))
    if page:
        where = address(options, page) or paths.root_of(path) + page
        made.append(_atom.link(rel="alternate", type="text/html", href=where))
    for child in made:
        child.tail = "\n"
    for gone, when in sorted({pair for entry in feed.entries for pair in entry.merged}):
        made.append(_gone("deleted-entry", ref=gone, when=when))
    made.text = "\n"
    for entry in feed.entries:
        made.append(deepcopy(entries[entry.id]) if entries else atom_entry(entry))
    etree.cleanup_namespaces(made, keep_ns_prefixes=[])
    whole_feed: bytes = etree.tostring(made, encoding="utf-8", xml_declaration=True)
    return whole_feed + b"\n"


def _feed_id(feed: Feed, options: Options) -> str:
    """Its own, and that of no feed of another site."""
    key = f"{feed.subject.kind} {feed.subject.name}" if feed.subject else "all"
    return _urn(f"feed {options.site_url} {key}")


# --- JSON Feed -----------------------------------------------------------------------------------


def json_feed(feed: Feed, options: Options, page: str = "") -> bytes:
    """``feed`` as JSON Feed 1.1; ``page`` as for ``atom``."""
    made: dict[str, Any] = {
        "version": JSON_FEED,
        "title": feed.title,
        "description": f"{_SUBTITLE} {_RIGHTS}",
    }
    if page and (where := address(options, page)):
        made["home_page_url"] = where
    if whole := address(options, paths.feed(feed.subject, "json")):
        made["feed_url"] = whole
    made["authors"] = [{"name": plain(options.title) or "voltwire"}]
    made["items"] = [json_item(entry) for entry in feed.entries]
    # What stands in strings is clean already; the line ends make a change of one entry one line.
    items = ",\n".join(json.dumps(one, ensure_ascii=False) for one in made.pop("items"))
    head = json.dumps(made, ensure_ascii=False).removesuffix("}")
    return f'{head}, "items": [\n{items}\n]}}\n'.encode()


def json_item(entry: Entry) -> dict[str, Any]:
    """``entry`` as an item of a JSON Feed."""
    made: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "date_published": entry.published,
        "date_modified": entry.updated,
        "authors": [{"name": entry.publisher}],
        "tags": list(entry.tags),
        "language": entry.language,
    }
    # Empty is not what the format means by left out.
    made = {name: value for name, value in made.items() if value or name == "content_html"}
    return made | {
        "_voltwire": {
            "outlets": entry.outlets,
            "also": [{"name": copy.publisher, "url": copy.url} for copy in entry.copies],
            "merged": [gone for gone, _ in entry.merged],
        }
    }


# --- addresses and times -------------------------------------------------------------------------


def address(options: Options, path: str) -> str:
    """Where ``path`` of the site can be reached; "" when nobody knows."""
    site = _uri(options.site_url)
    return f"{site.rstrip('/')}/{path}" if site else ""


def home(subject: Subject | None, pages: Collection[Subject] | None) -> str:
    """The page that a feed belongs to; "" where there are no pages."""
    if pages is None:
        return ""
    return paths.subject_page(subject) if subject in pages and subject else paths.INDEX


def _uri(url: str) -> str:
    """``url`` in ASCII, if it is one that leads to the web; else ""."""
    found = web_address(url.replace("'", "%27"))
    if found.isascii():
        return found
    scheme, _, rest = found.partition("://")
    host, slash, path = rest.partition("/")
    try:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return ""
    return quote(f"{scheme}://{name}{slash}{path}", safe=_IN_URLS)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
