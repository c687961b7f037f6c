"""A story as a reader gets it: every text clean, every address one that leads to the web."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from lxml import etree
from lxml.builder import E

from flows.site.feed_policy import FEEDS, FeedPolicy
from flows.site.model import Options, Subject
from flows.site.syndicated import Copy, Syndicated
from flows.site.wording import cut, language_tag, lead, paragraphs, plain, web_address

SUBTITLE = "One entry a story; its copies in other outlets are named in it."
RIGHTS = "Texts belong to their publishers."
# Never another one: all ids would change with it, and readers show every story again.
_NAMES = uuid5(NAMESPACE_URL, "urn:voltwire:stories")
# What may stand in a URL as it is (RFC 3986), the sign of escapes among it.
_IN_URLS = ":/?#[]@!$&'()*+,;=%-._~"
# Before any story: the time of a feed that has none yet.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


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
        return max((entry.updated for entry in self.entries), default=moment(_NEVER))


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
        url=uri(story.url),
        publisher=publisher,
        language=language_tag(story.language),
        published=moment(story.published_at) if story.published_at else "",
        updated=moment(story.updated_at),
        summary=summary,
        html=_html(
            paragraphs(story.text) if full_text else [summary], copies[: policy.outlets], others
        ),
        copies=copies[: policy.outlets],
        tags=tuple(dict.fromkeys(filter(None, (plain(one.name) for one in story.subjects)))),
        outlets=others + 1,
        merged=tuple((entry_id(one.story_id), moment(one.at)) for one in story.merged),
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
                url=uri(copy.url),
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


def feed_id(feed: Feed, options: Options) -> str:
    """The id of a feed: its own, and that of no feed of another site."""
    key = f"{feed.subject.kind} {feed.subject.name}" if feed.subject else "all"
    return _urn(f"feed {options.site_url} {key}")


def address(options: Options, path: str) -> str:
    """Where ``path`` of the site can be reached; "" when nobody knows."""
    site = uri(options.site_url)
    return f"{site.rstrip('/')}/{path}" if site else ""


def uri(url: str) -> str:
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


def moment(at: datetime) -> str:
    """``at`` as RFC 3339 has it, UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
