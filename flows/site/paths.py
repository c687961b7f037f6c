"""Where each page and feed of the site stands.  Names depend on what a page is about alone."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from hashlib import blake2b

from flows.site.model import Subject

INDEX = "index.html"
TRENDS = "trends.html"
HEALTH = "health.html"
COMPANIES = "companies.html"
TOPICS = "topics.html"
STYLE = "assets/site.css"
SCRIPT = "assets/site.js"
SEARCH = "assets/search-index.js"
OPML = "feeds/feeds.opml"

_PLAIN = re.compile(r"[A-Za-z0-9 -]+")
_LONGEST = 60


def day_page(day: date, number: int = 1) -> str:
    """The page of a day; ``number`` counts the parts of a long one from 1."""
    return f"days/{day:%Y-%m-%d}{f'-{number}' if number > 1 else ''}.html"


def subject_page(subject: Subject, number: int = 1) -> str:
    """The page of a company, a topic or another subject."""
    return f"{subject.kind}/{slug(subject.name)}{f'.{number}' if number > 1 else ''}.html"


def story_page(story_id: str) -> str:
    """The page of one story, which only a digest of private use has."""
    return f"story/{slug(story_id)}.html"


def feed(subject: Subject | None, ending: str) -> str:
    """A feed: of everything, or of one subject; ``ending`` is ``atom`` or ``json``."""
    if subject is None:
        return f"feeds/all.{ending}"
    return f"feeds/{subject.kind}/{slug(subject.name)}.{ending}"


def table(name: str) -> str:
    """The numbers behind a chart."""
    return f"data/{name}.csv"


def root_of(path: str) -> str:
    """What leads from ``path`` back to the site's folder."""
    return "../" * path.count("/")


@lru_cache(maxsize=20_000)
def slug(name: str) -> str:
    """``name`` in small ASCII letters, digits and hyphens.

    Where letters are lost, a few digits of a hash keep two names apart.
    """
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    short = re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")[:_LONGEST].strip("-")
    if short and len(name) <= _LONGEST and _PLAIN.fullmatch(name):
        return short
    mark = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{short}-{mark}" if short else mark
