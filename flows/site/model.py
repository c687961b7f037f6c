"""What a digest is made of, before it is pages: the window, its stories, who tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

COMPANY = "company"
TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Window:
    """Days in a row, as a time zone counts them."""

    first: date
    last: date
    zone: str = "UTC"

    @classmethod
    def ending(cls, last: date, days: int, zone: str = "UTC") -> Window:
        """The ``days`` days (at least one) of which ``last`` is the last."""
        return cls(last - timedelta(days=max(1, days) - 1), last, zone)

    @property
    def since(self) -> datetime:
        """Its first moment, UTC."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it, UTC."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def length(self) -> int:
        """Days."""
        return (self.last - self.first).days + 1

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it, the newest first."""
        return tuple(self.last - timedelta(days=number) for number in range(self.length))

    @property
    def before(self) -> Window:
        """As many days, just before."""
        return Window.ending(self.first - timedelta(days=1), self.length, self.zone)

    def day_of(self, at: datetime) -> date:
        """The day that ``at`` is in."""
        return at.astimezone(ZoneInfo(self.zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a digest is made."""

    title: str = "voltwire"
    full_text: bool = False
    """Whole texts of others, for private use; otherwise a headline, a lead and a link."""
    newest_first: bool = False
    """Within a day: by time.  Otherwise what most outlets carry stands first."""
    site_url: str = ""
    """Where the site will stand, for the absolute addresses that feeds need; "" when unknown."""
    charts: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Something that stories are about, and that has a page of its own."""

    kind: str
    """``company`` or ``topic``."""
    name: str
    ticker: str = field(default="", compare=False)
    group: str = field(default="", compare=False)
    """Of a topic: ``field`` (batteries, charging ...), ``chemistry``, ``mineral``, ``technology``
    or ``policy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A subject of one story."""

    subject: Subject
    mentions: int = 0
    in_title: bool = False
    is_main: bool = True
    """Whether the story is about it, and does not only name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """A number that a story states."""

    written: str
    """As the article writes it."""
    quantity: str
    company: str = ""
    """Of which it is said; "" where that is not clear."""
    sentence: str = ""
    """In which it stands, shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one copy has that the text shown has not, and the reverse."""

    words_added: int
    words_removed: int
    added: tuple[str, ...] = ()
    """The longest stretches, shortened."""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One article of a story, as the digest shows it; all text is cleaned already."""

    article_id: str
    publisher: str
    title: str
    url: str
    """"" where the address is none that a page may link to."""
    shown_url: str
    """The address in letters."""
    language: str
    at: datetime
    """Of publication, UTC; when it was fetched where nothing says when it was published."""
    is_dated: bool
    """Whether ``at`` is of publication."""
    has_hour: bool
    """Whether the hour of ``at`` is known, or only its day."""
    words: int
    text: str = ""
    """The whole text, for a digest of private use only."""
    change: Change | None = None
    """Against the representative; None for itself and where it was not compared."""
    paywalled: bool = False
    version: int = 1
    """2 and more: its publisher edited it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story in the window."""

    story_id: str
    day: date
    """Of its first article in the window."""
    at: datetime
    """When that was published, UTC."""
    shown: Telling
    """Its representative."""
    lead: str
    first: Telling
    """Who published it first, of all days."""
    copies: tuple[Telling, ...] = ()
    """The others, in order of time."""
    more_copies: int = 0
    """Copies that are counted only."""
    outlets: int = 1
    """Publishers that carry it."""
    tags: tuple[Tag, ...] = ()
    figures: tuple[KeyFigure, ...] = ()
    """In the order of the text."""

    @property
    def articles(self) -> int:
        """How many articles tell it."""
        return 1 + len(self.copies) + self.more_copies


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One feed and how it fares."""

    slug: str
    publisher: str
    url: str
    state: str
    enabled: bool
    last_polled_at: datetime | None
    last_delivered_at: datetime | None
    entries_30d: int
    per_day: float | None
    open_gaps: int
    detail: str
    advice: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A company in this window and in the one before, counted in stories."""

    subject: Subject
    now: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publisher in the window."""

    name: str
    articles: int
    copies: int
    """Of them, copies of what another publisher had first."""
    shared: int = 0
    """Stories that it tells beside others, all with an hour."""
    firsts: int = 0
    """Of these, the ones that it told first."""
    lead_minutes: float | None = None
    """Median minutes before the second, where it was first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """What the window looks like from afar."""

    by_topic: Mapping[str, Mapping[date, int]] = field(default_factory=dict)
    """topic -> day -> stories."""
    by_day: Mapping[date, int] = field(default_factory=dict)
    moved: tuple[Moved, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    stories_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything that the pages show."""

    window: Window
    options: Options
    stories: tuple[Story, ...]
    """By day, the newest first; within a day as the options say."""
    feeds: tuple[FeedRow, ...] = ()
    trends: Trends = field(default_factory=Trends)
    as_of: datetime | None = None
    """When the store last took something in.  No page tells when it was made: pages of which
    nothing changed stay as they are, byte for byte."""
    articles: int = 0
    publishers: int = 0


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file of the site."""

    path: str
    """Under the site's folder, ``/`` between the parts."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of a build."""

    output: str
    first: date
    last: date
    stories: int
    articles: int
    publishers: int
    files: int
    written: int
    """Files that are new or changed; the others were left alone, their times too."""
    removed: int
    bytes: int
