"""The numbers of ``ingest``, one frozen dataclass a concern, each number with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsPolicy:
    """How long the answer to a request for robots.txt stands."""

    stands_seconds: float = 24 * 3600.0
    """RFC 9309, 2.4: no longer than 24 hours."""
    shut_seconds: float = 3600.0
    """An answer that forbids the whole site, as one under repair may give for some minutes."""
    forget_seconds: float = 7 * 24 * 3600.0
    """Files so old are removed: of sites that no feed names any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """How long, how much, how often: every limit of the fetcher.  Sizes in bytes, times in seconds.

    Where a limit can be wrong, too low costs one visible, retried rejection; too high lets one
    server hold up or fill up a whole run.
    """

    connect_seconds: float = 10.0
    """Name, TCP and TLS.  Hosts that answer at all do within three."""
    read_seconds: float = 20.0
    """Longest silence; busy news sites take up to ten to start a page."""
    total_seconds: float = 60.0
    """Spent on the answers to one request, its redirects and further tries together: ends servers
    that drip a byte at a time, at one address or at six."""
    body_bytes: int = 10 * 2**20
    """For feeds and pages, as sent and as decompressed.  feedkit allows 10 MiB, miniflux 15; the
    largest of 785 real article pages has 2."""
    header_bytes: int = 64 * 2**10
    """All response headers; the largest on real sites stay under 16 KB."""
    error_body_bytes: int = 256 * 2**10
    """What is kept of a body that matters by its status: redirects, 404, 503."""
    robots_bytes: int = 512 * 2**10
    """RFC 9309 asks to parse at least 500 KiB; the rest is not read."""
    redirects: int = 5
    """RFC 9309 asks for five with robots.txt; articles need two or three."""

    strikes: int = 6
    """Requests in a row that a domain leaves without a proper answer before it is left alone for
    the rest of the run: a hundred pages that each run into the deadline would take an hour."""
    tries: int = 3
    """Inside one run.  What three tries do not bring is for the next run."""
    backoff_seconds: float = 1.0
    """Before the second try; doubles, with as much jitter again."""
    backoff_most_seconds: float = 10.0
    wait_most_seconds: float = 20.0
    """A longer Retry-After is not waited for: it comes back as ``retry_at``."""
    retry_later_seconds: float = 3600.0
    """``retry_at`` after overload, silence and broken connections."""
    retry_refused_seconds: float = 24 * 3600.0
    """``retry_at`` after 401, 403, 451 and bad certificates: people repair these, not time."""
    retry_most_seconds: float = 7 * 24 * 3600.0
    """A Retry-After of years is a mistake or a trap."""

    concurrent: int = 24
    """Requests under way at once over all hosts; two cores parse about that many feeds."""
    concurrent_per_domain: int = 2
    """By registered domain: rate limits sit in front of networks, not of host names."""
    pace_seconds: float = 1.0
    """Shortest time between two requests to one registered domain; 0 turns pacing off."""
    slower_by_day: float = 5.0
    """By how much a backfill is slower outside of the hours that are set for it: a site has its
    readers by day, and a backfill can wait."""
    connections_pace_seconds: float = 0.2
    """Shortest time between two new connections to one address: many publishers share the
    servers of one host, whose firewall counts connections and not domains."""
    crawl_delay_most_seconds: float = 15.0
    """A longer Crawl-delay counts as this: a feed of 20 pages must end within a run."""
    keepalive_seconds: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPolicy:
    """Bounds of a URL."""

    max_chars: int = 4096
    """Longest URL followed.  Google News links reach 900 characters; servers refuse from 8,000."""
    id_chars: int = 12
    """Characters of an article id: 60 bits, short enough to type."""


@dataclass(frozen=True, slots=True)
class ExtractPolicy:
    """Numbers of article extraction, applied in ``extract`` and the modules under it.

    Words are counted as in ``wording.count_words``: two characters of Chinese or Japanese are one.
    """

    page_bytes: int = 30_000_000
    """A larger body is refused; the fetcher stops earlier, archives from elsewhere may not."""
    parse_chars: int = 4_000_000
    """Above it scripts and styles are cut out before parsing."""
    max_elements: int = 25_000
    """A tree with more is read by the plain reader, which is linear, instead of trafilatura."""
    max_links: int = 5_000
    """So is one with more links: link density is measured again for every ancestor."""
    max_chars: int = 1_000_000
    """So is a longer page; the longest live blog seen has 60,000 characters."""
    max_depth: int = 256
    """So is a deeper one: trafilatura returns nothing for it."""
    text_chars: int = 2_000_000
    """What is kept of a text that the plain reader brought."""
    min_words: int = 20
    """The shortest real notices seen have 40 words; a caption or a cookie line has under 20."""
    stub_words: int = 120
    """Below it a page is doubted, and the feed's own full text is preferred when longer."""
    paywall_words: int = 50
    """A page that says it is not free and shows less is a stub; the first paragraph and a half
    of a report is more."""
    misread_share: float = 0.03
    """More signs of a wrong charset for each character of a text, and it is unreadable: misread
    Russian has one for every second, misread Czech one for every eighth.  Right text has none;
    a quoted line of it, or a few misread apostrophes, must not cost the article."""
    stub_chars: int = 2_000
    """Kept in its rejection of a text that stops at a wall: all of it, since it is short."""
    wall_words: int = 150
    """A page that says it is not free and shows less shows its beginning: free samples are two or
    three paragraphs."""
    wall_gain: float = 1.5
    """So does one whose markup announces this many times the words."""
    listing_links: int = 3
    """A home page whose text leads to fewer pages of its own site is no list of articles."""
    listing_share: float = 0.2
    """Nor is one with fewer such links than this for each line of its text."""
    feed_gain: float = 1.5
    """The feed's text replaces a doubted page's when it is this much longer."""
    feed_content_words: int = 80
    """``content:encoded`` shorter than this is a teaser; news in brief has its page."""
    feed_summary_words: int = 150
    """``description`` is a teaser unless as long as an article; teasers reach 100 words."""
    detail_chars: int = 200
    """How much of a refused text is quoted."""
    links: int = 200
    """Cited links kept for an article; a live blog with more cites nothing in particular."""
    language_chars: int = 1_200
    """More text does not change what py3langid says."""
    language_first_chars: int = 250
    """Where so many show the declared language, no more are looked at."""
    language_common_kinds: int = 4
    """Different common words of the declared language among those..."""
    language_common_share: float = 0.2
    """...and the share of all words, from which on py3langid is not asked: of 785 real texts it
    would have contradicted none."""
    language_least_chars: int = 200
    """Of shorter texts the declared language is believed."""
    language_margin: float = 60.0
    """Log-likelihood by which another language must beat the declared one."""

    doubtful_chars: int = 800
    """A first result shorter than this is compared with trafilatura's other extractors; measured
    on four corpora, above it the comparison does not pay."""
    doubtful_share: float = 0.25
    """So is one that covers less than this share of the page's text."""
    doubtful_gain: float = 5.0
    """And the paragraphs of the page hold more than so many times the text.  Of 100 pages with a
    short text, those that the comparison mended had seven times at least, and of those with fewer
    it made two worse and none better."""
    link_line_chars: int = 15
    """Shorter link text may be a heading or a name."""
    link_line_share: float = 0.3
    """A page most of whose paragraphs are links is a list that someone wrote: nothing is cut."""
    edge_share: float = 0.35
    """At most this share of a text's characters is taken off its start and end as noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePolicy:
    """Which dates are believed."""

    first_year: int = 1990
    """Earlier ones are defaults of a content system (1970) or misread; the web begins here."""
    future_days: int = 1
    """Zones and clocks are off by hours, never by days; scheduled posts are not out yet."""
    max_chars: int = 80
    """No written date is longer."""
    most_offset_minutes: int = 14 * 60
    """Kiribati; anything beyond is a typing error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsePolicy:
    """What of a feed is read.  Too low refuses a real feed and says so; too high costs time."""

    max_bytes: int = 10 * 2**20
    """As the fetcher's limit; the largest real feed met has 0.4 MB."""
    max_elements: int = 200_000
    """Elements of the XML.  5,000 entries of 20 elements are half of that; 400,000 cost 11 s."""
    max_attributes: int = 1_000
    """Of one element.  A root declares some twenty namespaces; feedparser's time grows with the
    square of their number."""
    max_entries: int = 5_000
    """Read of one feed, as listed, newest first; feeds that list every post they ever had reach
    some thousand.  Of the others one rejection says how many they are."""
    max_broken_bytes: int = 4 * 2**20
    """Of a feed that is no XML: it goes through feedparser's slow reader."""
    max_broken_tags: int = 100_000
    """``<`` characters in such a feed: that reader needs some 30 microseconds for each."""
    title_chars: int = 1000
    """Longer titles are bodies in the wrong element; cut."""
    full_text_words: int = 120
    """A second text below this, no longer than the summary, is another teaser and not the body."""
    head_chars: int = 4096
    """Where the root element must stand; PHP warnings before it fill about one thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPolicy:
    """When a feed is asked again.  Minutes.

    Asking too often gets a reader blocked for good; too seldom loses entries out of a short
    window, which is noticed by nobody.
    """

    least_minutes: int = 10
    """Between two polls of any feed, failed or not."""
    most_minutes: int = 24 * 60
    """Longest wait: a feed that comes back to life is noticed within a day."""
    failing_minutes: int = 30
    """After the first failure; doubles with each further one."""
    failing_most_minutes: int = 6 * 60
    """Longest wait for a server that is down: four small requests a day harm nobody, and of a
    feed without pages every further hour is a loss."""
    blocked_minutes: int = 2 * 60
    """After the first 403 or 429: firewalls count every further try against the reader, so these
    waits double up to a day."""
    missing_days: int = 7
    """404 and nothing else for so long: the feed is ``gone``.  A relaunch takes a weekend; a
    feed that is gone is not asked again, so this is the worse mistake of the two."""
    missing_polls: int = 5
    """And seen at least so often."""
    retry_after_most_minutes: int = 7 * 24 * 60
    """A longer Retry-After is a mistake; the same bound as the fetcher's."""
    jitter_share: float = 0.1
    """Of the interval, spread by slug, so that 80 feeds do not all fall due in one minute."""
    ttl_most_minutes: int = 6 * 60
    """A feed's own ``ttl`` stretches the interval up to here: many are set to a day by default."""
    quiet_days: int = 30
    """No new entry for so long while the answers are fine: the feed is ``quiet``, where its
    usual rate is not known."""
    quiet_entries: float = 12.0
    """Where it is: so many entries should have come.  By chance none comes once in 160,000."""
    quiet_least_days: int = 5
    """Christmas, Chinese New Year: nobody is called quiet for these."""
    quiet_most_days: int = 90
    """Even a quarterly publication has had its turn."""
    move_sightings: int = 3
    """Permanent redirects to one address before it is asked in place of the old one: a
    misconfigured server redirects everything for an hour."""
    move_failures: int = 3
    """Failures in a row at the new address before the old one is asked again."""
    doubt_entries: float = 4.0
    """A 304 is verified when so many entries should have come since the last body (by chance
    none comes in 2 % of the cases)."""
    doubt_least_minutes: int = 60
    doubt_most_minutes: int = 7 * 24 * 60
    """Verified at least once a week: an edit is no new entry, and a lie about it shows then."""
    lying_days: int = 30
    """So long no validators are sent to a server whose 304 was wrong; then it is trusted anew."""
    gap_caution: float = 2.0
    """By so much the window is taken for smaller after a gap that no outage explains."""
    gap_caution_most: float = 8.0
    gap_relief: float = 0.98
    """Caution left after each poll without a gap: halved after some 35 polls."""
    remembered: int = 500
    """Entries of a feed's listing that are remembered, newest first; windows reach 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmPolicy:
    """How a feed's publishing is learned; see ``ingest.rhythm``."""

    fade_days: float = 14.0
    """Of the rate.  Two weeks: long enough for three entries a week, short enough to follow an
    outlet that doubles its output."""
    shape_fade_days: float = 60.0
    """Of the shapes over day and week, which change with the seasons only."""
    longest_days: float = 60.0
    """Time watched at once: what is older has faded."""
    prior_days: float = 0.25
    """Weight of the assumption of one entry a day: a quarter of a day's watching."""
    shape_prior: float = 1.0
    """Entries by which a cell is drawn to the mean: three missing ones quarter it."""
    least_factor: float = 0.05
    """Of the mean rate, in the deadest hour: news breaks at night too."""
    stray_share: float = 5.0
    """The oldest listed entry is left out when it is so many times older than all the others."""
    waiting_hours: float = 0.1
    """Waiting of unseen entries, added up, that a poll is worth: one an hour is asked every 27
    minutes, five a day every 59, one a week every 6 hours.  Simulated, entries wait as long as
    with one poll an hour, at two thirds of its polls (benchmarks/polling.py)."""
    deviations: float = 4.0
    """Standard deviations of entries that the window must hold besides the mean."""
    dispersion: float = 1.5
    """Variance by mean: offices publish in bursts; Poisson's would be 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPolicy:
    """How far a gap is followed back."""

    requests: int = 200
    """Pages asked for one gap, at the pace of its domain (three minutes or so): ten days of the
    liveliest feeds are 150 pages of ten.  Articles of other feeds do not wait for it."""
    seconds: float = 300.0
    """After so long nothing more is asked for a gap: a server that drips must not make the run
    last until the next is due."""
    sitemaps: int = 6
    """Sitemap files read for one gap: an index, and the files of its days."""
    sitemap_entries: int = 2_000
    """Pages of one sitemap route: more is no gap but a backfill."""
    attempts: int = 3
    """Polls at which a gap is tried; a server that refuses three times is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPolicy:
    """How far one backfill of one feed goes, and when its days count as covered."""

    listings: int = 1_500
    """Pages of a feed, of an archive or of the REST API asked in one run: at one a second, 25
    minutes.  What is left is open, and the next run goes on there."""
    sitemaps: int = 60
    """Sitemap files: an index and some, and a file or two for each of 24 months."""
    pages: int = 20_000
    """Article pages of one feed in one run: five and a half hours at one a second."""
    batch: int = 40
    """Entries fetched and saved together.  The fetcher takes forty seconds for them, a write window
    a few tenths of one; what a killed run had fetched of them is in the archive."""
    resume_hours: float = 24.0
    """Answers that a stopped run got are used by the next one for so long, as RFC 9309 has it for
    robots.txt; and listings change."""
    rest_page: int = 100
    """Posts asked of the REST API at once; its own limit."""
    cadence_share: float = 0.5
    """Of the feed's present rate that is expected of past days: outlets grow."""
    deviations: float = 4.0
    """By so many standard deviations fewer entries than that, and a stretch counts as thin."""
    dispersion: float = 1.5
    """As for the rhythm: variance by mean."""
    empty_entries: float = 9.0
    """A stretch of empty days that should have held so many is thin: by chance none comes once
    in 8,000."""
    unlisted_most: int = 3_000
    """Pages without any usable date that a sitemap may have fetched for one window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPolicy:
    """How a file of a gigabyte is taken from a server that many ask."""

    piece_bytes: int = 2**20
    """Handed on at once; two of them are in memory."""
    piece_seconds: float = 120.0
    """For one piece: 9 KB a second.  A slower server would take more than a day for the file."""
    tries: int = 8
    """In a row without a byte.  Common Crawl answers 503 to everyone when it is busy, and asks
    to try again politely, many times (status.commoncrawl.org): with these waits, four minutes."""
    backoff_seconds: float = 2.0
    """Before the second try; doubles.  Once a second is polite enough, they say."""
    wait_most_seconds: float = 300.0
    """A longer wait ends the download; the next run goes on there."""
    rest_seconds: float = 3600.0
    """``retry_at`` after the last try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaybackPolicy:
    """How the Wayback Machine is asked; the pace is a setting (24 requests a minute)."""

    rest_seconds: float = 24 * 3600.0
    """After a 429 or a refused connection.  One that goes on after a minute is an hour's block,
    doubled each time (edgi-govdata-archiving/wayback, issue 137): another day is sure."""
    rows: int = 5_000
    """Captures asked of its index at once: about 0.5 MB."""
    listings: int = 40
    """Such answers for one feed in one run; what is left is open, and the next run goes on."""
    after_days: int = 30
    """Copies of a feed made so long after the window may still list its entries."""
    page_days: int = 30
    """So long after the window a page's first copy is still looked for: popular sites are copied
    within days, others when the next broad crawl comes by."""
    earlier_days: int = 60
    """A page copied in these days before the window was not published in it."""
    doubtful: int = 50
    """Pages without a date in their address from which on it pays to ask the index, once or twice,
    which of them are older."""
    cache_hours: float = 1.0
    """A feed is served from caches: its copy says nothing of the hour before it was made."""
    pages: int = 1_500
    """Page candidates of one feed in one run: an hour at the pace of the archive, if each were
    asked there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CcNewsPolicy:
    """How far the news archive of Common Crawl is read."""

    first_year: int = 2016
    first_month: int = 8
    """It begins on 26 August 2016."""
    before_days: int = 1
    """Files from before a day that may hold its pages: a date without a zone is read as UTC and
    can stand up to fourteen hours after the moment of publication."""
    after_days: int = 3
    """And after it.  The crawler looks at most feeds within the day, leaves articles older than
    30 days alone, and has stood still for two days at a time (commoncrawl/news-crawl, issues 18,
    46, 57)."""
    files_unasked: int = 20
    """Files that ``auto`` reads in one run: 21 GB, what one day of crawling makes."""
    file_bytes: int = 1_072_700_000
    """Of one file; they are cut there."""
    files_a_day: int = 19
    """As in June 2021 (88 in 4.8 days); for what a backfill is expected to cost."""
    batch: int = 400
    """Pages saved together: each batch costs one write window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPolicy:
    """Weights of the topic gate; measured on BBC news of 2004 and on feeds of the field."""

    title_weight: float = 3.0
    """One strong term in the headline is enough by itself."""
    lede_weight: float = 2.0
    body_weight: float = 1.0
    repeat_weight: float = 0.5
    """For each further mention of a term already counted."""
    repeats: int = 4
    """Mentions after these say nothing more."""
    weak_share: float = 0.5
    """A term with other meanings counts half."""
    pass_score: float = 2.5
    """A term in the headline, one in the lede that comes again, or several through the text."""
    weak_pass_score: float = 3.5
    """Without any strong term: two weak ones, with the headline among their places."""
    body_pass_score: float = 7.0
    """Without a term in headline or lede: gift guides mention a battery now and then."""
    topic_score: float = 2.0
    """One strong term in the lede makes an article belong to a topic."""
    lede_chars: int = 600
    """Two or three paragraphs; a third of it in scripts without spaces."""
    text_chars: int = 20_000
    """What stands later does not make the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePolicy:
    """Bounds of a list of feeds."""

    max_bytes: int = 20 * 2**20
    """Of a TOML or OPML file.  The largest public OPML lists have some 30,000 feeds in 6 MB."""
    slug_chars: int = 48
    """Long enough for a publisher and its section, short enough for a table."""
    every_minutes: int = 30
    """For a feed of which nothing is known; as ``Feed.every_minutes``."""
    first_years: range = range(1000, 10_000)
    """Of a publisher's first article: written in full, so that 14 is not taken for a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePolicy:
    """Bounds of the search for figures.  Lengths in characters."""

    text_chars: int = 200_000
    """The longest of 785 real articles has 45,000; what is longer is no article."""
    most_figures: int = 400
    """Of one article: a table of prices has 110.  Keeps pages of numbers from filling the store."""
    number_chars: int = 24
    """As written, signs included; a longer run of digits is a serial number."""
    sentence_chars: int = 600
    """Kept around a figure; nine sentences of ten have under 300."""
    near_chars: int = 60
    """Between a date and the words for a start of production: about ten words.  Farther apart
    they belong together less often than not."""
    language_chars: int = 1_500
    """Read to guess the language, where none is given: 250 words."""
    style_chars: int = 20_000
    """Read for other numbers that settle the decimal sign."""
    shortest_range_km: int = 10
    longest_range_km: int = 3_000
    """What vehicles drive on one charge, hybrids with a tank included; the rest are roads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPolicy:
    """What makes a word the name of something, and an article be about it.  In characters."""

    text_chars: int = 200_000
    """What is longer is no article (the longest of 785 has 45,000), and must not hold up a run."""
    lede_chars: int = 300
    """The first two sentences, in which news says who; a third of it in scripts without spaces."""
    main_count: int = 4
    """An article that names it so often is about it, wherever.  Named in passing is twice or so."""
    near_chars: int = 150
    """Within a sentence either way: farther off, a word says little of which Georgia is meant."""
    field_weight: int = 2
    """One word of the field makes "Lucid" a carmaker, or two of those that also stand in reviews
    of television series."""
    own_bytes: int = 4 * 2**20
    """Of a gazetteer of one's own: the bundled one has 150 KB."""
