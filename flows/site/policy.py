"""The digest's numbers, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeadPolicy:
    """How much of a text is shown of it."""

    sentences: int = 3
    enough: int = 180
    """Columns after which no further sentence is begun: two sentences of an agency's report."""
    longest: int = 420
    """Columns at most: a quotation, not the article."""
    looked_through: int = 4_000
    """Letters at the beginning of a text: labels and bylines above it are shorter."""
    least_line: int = 40
    """Columns of the shortest paragraph that counts as text and not as a byline or a label."""


@dataclass(frozen=True, slots=True)
class WidthPolicy:
    """Columns of what others write; longer ones are a page's mistake, or meant to spoil ours."""

    title: int = 300
    name: int = 90
    """Of a publisher, a company, a topic."""
    address: int = 160
    """Of one that is shown and not linked."""
    detail: int = 300
    """Of what is wrong with a feed."""
    url: int = 2_000
    """Letters of one that is linked: browsers and servers take no more for certain."""


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """How much stands on one page.  The first page is to load in a moment on a telephone: 200 KB
    with its style and script, of which these leave a third free."""

    memory_mb: int = 400
    """That the database may take; the pages take as much again in a week of 10,000 stories."""
    cards: int = 40
    bytes: int = 110_000
    """Of cards; whichever is reached first."""
    copies: int = 40
    """Copies that a card lists; more are counted."""
    tags: int = 7
    """Tags a card shows, what it is about first."""
    figures: int = 4
    """Key figures that a card shows."""
    company_figures: int = 40
    """That a company's page shows."""
    sentence: int = 240
    """Columns of the sentence that a figure stands in."""
    strip: int = 10
    """Days that stand in one line above the stories; more stand beside them."""
    days: int = 31
    """Days that stand beside the stories; each day leads to the one before."""
    subjects: int = 10
    """Companies and topics beside the first page's stories."""
    subject_stories: int = 200
    """Stories of a company's page and its parts: more is not read but searched."""
    searched: int = 6_000
    """Stories in the search index, the newest days first: 4 MB, which a telephone still takes."""


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """How copies are compared with the text shown."""

    compared: int = 12
    """Copies of one story that are compared; of the others only headline and length are told."""
    budget: int = 1_200
    """Copies of all stories that are, in the order of the pages: 4 ms of processor time each."""
    longest: int = 20_000
    """Characters of each text that are compared: 3,000 words, the longest reports."""
    excerpts: int = 2
    """Stretches shown of each kind.  A quotation, not the text."""
    excerpt: int = 110
    """Columns of each."""
    least_words: int = 3
    """Words of the shortest stretch that tells something by itself."""


@dataclass(frozen=True, slots=True)
class TrendPolicy:
    """What the charts show."""

    months_from: int = 63
    """Days from which on bars are of months: nine weeks of days fit a telephone."""
    topics: int = 6
    """Panels in rows of two."""
    companies: int = 14
    """Bars that are told apart on a telephone."""
    outlets: int = 14
    least_articles: int = 3
    """Of a publisher: of two articles, a share says nothing."""
    least_shared: int = 2
    """Stories of a publisher in common with others, likewise."""
    row_limit: int = 200
    """Rows of the tables behind them."""


LEAD = LeadPolicy()
WIDTH = WidthPolicy()
PAGE = PagePolicy()
CHANGE = ChangePolicy()
TREND = TrendPolicy()
