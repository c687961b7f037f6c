"""What travels from the web to the store: the records, and nothing that acts.

One walk: ``Feed`` -> ``FeedEntry`` -> ``Page`` -> ``Article``, with a ``Rejection`` wherever
the walk ends early.  Ordinary outcomes (not modified, refused, not found) are values.
All datetimes are timezone-aware UTC.  Standard library only: ``storage`` imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Scope = Literal["focus", "general"]
Stage = Literal["poll", "parse", "fetch", "extract", "gate"]
TextSource = Literal["page", "feed", "given"]
PublishedFrom = Literal["page", "feed", "url", "given", "unknown"]
Notice = Literal["", "paywall"]
HealthState = Literal[
    "new", "ok", "quiet", "blocked", "moved", "gone", "html", "failing", "lying_304"
]

CoverageState = Literal["open", "complete", "partial", "thin", "missing", "failed", "undated"]
"""Of a day in the ledger of backfills: see ``ingest.routes.window``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source as a person declared it in ``feeds.toml`` or an OPML file."""

    slug: str
    url: str
    publisher: str
    language: str = ""
    """BCP 47 primary tag ("en", "zh"); empty when not declared."""
    country: str = ""
    """ISO 3166-1 alpha-2; empty when not declared."""
    scope: Scope = "general"
    """``focus``: everything in it is on topic.  ``general``: articles pass the topic gate."""
    enabled: bool = True
    every_minutes: int = 30
    """Shortest time between two polls."""
    first_year: int = 0
    """Year of its publisher's first article, before which no date is believed; 0: not declared."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of a feed between polls."""

    slug: str
    state: HealthState = "new"
    detail: str = ""
    declared_url: str = ""
    """The URL in the list of feeds at the last poll; another one there makes a feed begin anew."""
    url: str = ""
    """The URL that was asked last; validators belong to it."""
    etag: str = ""
    last_modified: str = ""
    body_digest: str = ""
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    """Last answer that was a feed or a 304."""
    last_delivered_at: datetime | None = None
    """Last poll that brought an entry not seen before."""
    next_poll_at: datetime | None = None
    failures: int = 0
    """Consecutive failed polls."""
    rhythm: str = ""
    """What was learned of its publishing: see ``ingest.rhythm``."""
    per_day: float | None = None
    """Entries a day, as learned at the last delivery; None until something was."""
    listed: str = ""
    """Marks of the entries of the last listing, newest first: see ``ingest.gaps``."""
    newest_at: datetime | None = None
    """Publication of the newest entry ever listed."""
    body_at: datetime | None = None
    """Last answer that was a feed and not a 304."""
    lied_at: datetime | None = None
    """When a 304 was found to be wrong; no validators are sent for some time."""
    missing_since: datetime | None = None
    """First of the 404s that are all it has answered since."""
    missing_polls: int = 0
    """Number of these."""
    moved_to: str = ""
    """Where permanent redirects lead."""
    moves: int = 0
    """Sightings of that; from three on it is asked in place of ``declared_url``."""
    told: str = ""
    """The state that was last told to those who want to hear of changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which a feed may have dropped entries before they were seen."""

    feed: str
    from_at: datetime
    """Newest entry known before; the last answer where dates are missing."""
    to_at: datetime
    """Oldest entry listed after."""
    detected_at: datetime
    repaired_at: datetime | None = None
    route: str = ""
    """What closed it, or was tried last."""
    attempts: int = 0
    """Polls at which a repair was tried."""
    detail: str = ""
    """What came of the last try, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDay:
    """What one backfill route found of one day of a feed."""

    feed: str
    day: date | None
    """UTC; None for the entries that no date is known of."""
    route: str
    found: int = 0
    stored: int = 0
    """Of those found, the ones that are articles in the store."""
    state: CoverageState = "open"
    reach: str = ""
    """The page of the route's listing on which this day begins: where to go on from."""
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """What a feed, or a backfill route, lists: one item and what it says of itself."""

    url: str
    """Absolute URL as listed, untouched but for being resolved."""
    canonical_url: str
    """The identity of the entry: see ``ingest.urls.canonical_url``."""
    feed: str = ""
    """Slug of the feed, or empty for a backfill that knows no feed."""
    guid: str = ""
    title: str = ""
    author: str = ""
    published_at: datetime | None = None
    published_raw: str = ""
    language: str = ""
    summary: str = ""
    """HTML or text of the teaser."""
    content: str = ""
    """HTML of the full text where the feed carries one."""
    text: str = ""
    """Plain text handed in by a ``jsonl`` row; makes ``text_source='given'``."""
    revision: str = ""
    """Digest of title and update time: a change means that the publisher edited the entry."""
    has_page: bool = True
    """False when the URL is made up here because the entry names no page of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePointer:
    """Where a response lies in the WARC archive."""

    file: str
    """Path relative to the archive folder."""
    offset: int
    """Byte offset of the record's gzip member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response with a body: an article page, a feed, a robots.txt."""

    url: str
    """The URL that answered, after redirects."""
    requested_url: str
    status: int
    content_type: str
    """The Content-Type header as sent, with its charset; may be wrong."""
    body: bytes
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""
    permanent_url: str = ""
    """Where a chain of only permanent redirects (301, 308) led; empty otherwise."""
    max_age: int | None = None
    """Seconds from Cache-Control or Expires; None when the server names none."""
    archived: ArchivePointer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304: nothing new since the validators that were sent."""

    url: str
    fetched_at: datetime
    permanent_url: str = ""
    """As ``Page.permanent_url``: where nothing but permanent redirects led."""
    max_age: int | None = None
    """Seconds for which the server says that nothing will be new; None when it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailure:
    """A request that brought no usable body, and why."""

    url: str
    reason: str
    """A word a user can group by: ``http_404``, ``timeout``, ``robots``, ``not_in_archive``..."""
    detail: str
    at: datetime
    status: int | None = None
    retry_at: datetime | None = None
    """When another try makes sense; None when none does."""
    asked_to_wait: bool = False
    """Whether ``retry_at`` is the server's own wish (Retry-After) and not our guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """An entry with the page fetched for it, or with none when the entry itself is the text."""

    entry: FeedEntry
    page: Page | None = None
    page_failure: FetchFailure | None = None
    """Why there is no page; the feed's own full text may stand in for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One real article as it goes into the store."""

    article_id: str
    """12 characters made from ``canonical_url``: see ``ingest.urls.article_id``."""
    url: str
    canonical_url: str
    feed: str
    publisher: str
    title: str
    author: str
    language: str
    published_at: datetime | None
    published_from: PublishedFrom
    published_raw: str
    fetched_at: datetime
    text: str
    text_source: TextSource
    topics: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Absolute http(s) URLs that the text cites, in reading order, without repeats."""
    aliases: tuple[str, ...] = ()
    """Canonical forms of every URL that led here; always holds ``canonical_url``."""
    archived: ArchivePointer | None = None
    published_on: date | None = None
    """The day of publication as its publisher wrote it, in the publisher's own zone."""
    modified_at: datetime | None = None
    """When the page says that it was changed last; None when it does not, or cannot be right."""
    section: str = ""
    tags: tuple[str, ...] = ()
    image: str = ""
    """Absolute URL of the lead image."""
    notice: Notice = ""
    """``paywall``: the page says that it is not free, and ``text`` is what it showed."""
    metadata_from: Mapping[str, str] = field(default_factory=dict)
    """Field -> the source that named it, for every field that has a value: see
    ``ingest.metadata`` and ``ingest.details``."""


Kind = Literal["company", "chemistry", "mineral", "technology", "place", "policy"]
"""What an article may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One thing that an article names."""

    kind: Kind
    name: str
    """In the gazetteer, whatever the article calls it."""
    ticker: str
    count: int
    """In headline and text."""
    in_title: bool
    in_lede: bool
    is_main: bool
    """Whether the article is about it."""
    start: int | None
    """First character of the first mention in the text; None when only the headline has it."""
    form: str
    """What it is called first."""
    title_spans: tuple[tuple[int, int], ...]
    """Start and end of each mention in the headline."""
    spans: tuple[tuple[int, int], ...]
    """The same in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySpan:
    """One place where headline or text name a company."""

    name: str
    """As the gazetteer spells it."""
    start: int
    end: int
    """Characters, from 0, ``end`` excluded; of the headline when ``in_title``, of the text else."""
    in_title: bool = False


Quantity = Literal[
    "energy",
    "energy_per_year",
    "power",
    "power_per_year",
    "energy_density",
    "range",
    "charging_time",
    "price_per_kwh",
    "price_per_tonne",
    "money",
    "production_start",
]
Qualifier = Literal[
    "",
    "about",
    "nearly",
    "up_to",
    "at_least",
    "over",
    "under",
    "early",
    "mid",
    "late",
    "by",
    "from",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that an article states, in the base unit of its quantity."""

    quantity: Quantity
    value: float
    """The lower number of a range.  A date is its first day, as 20260701."""
    value_high: float | None = None
    """The higher number of a range, the last day of a date that is no day; None for one number."""
    unit: str
    """kWh, kWh/a, kW, kW/a, Wh/kg, Wh/l, km, min, date; ISO 4217 codes of money, also USD/kWh."""
    qualifier: Qualifier = ""
    """What the words before it make of it: ``over`` 300 miles, ``early`` 2026."""
    basis: str = ""
    """The cycle by which a range was measured: WLTP, EPA, CLTC, NEDC."""
    written: str
    """As it stands there, with its unit."""
    start: int
    end: int
    """Characters, from 0, ``end`` excluded; of the headline when ``in_title``, of the text else."""
    in_title: bool = False
    sentence: str
    """The sentence around it; a long one is cut to what stands near."""
    company: str | None = None
    """The company that it is said of; None when none is near, or two are equally likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An entry, page or feed that did not become an article, with the reason."""

    url: str
    feed: str
    stage: Stage
    reason: str
    detail: str
    at: datetime
    retry_at: datetime | None = None
