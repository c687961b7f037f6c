"""Short names for feeds: what people type after ``--feed``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from ingest.policy import CataloguePolicy
from ingest.urls import canonical_url

_POLICY = CataloguePolicy()
# Host labels that say nothing of whose feed it is.
_DULL = frozenset({"www", "rss", "feeds", "feed", "cms", "com", "net", "org", "co", "de", "uk"})
_SPECIAL = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe"})


def slugify(text: str) -> str:
    """``text`` as lower-case ASCII letters, digits and single hyphens; "" when none is left."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_SPECIAL))
    plain = folded.encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: _POLICY.slug_chars].strip("-")


def slug_for(url: str, title: str, taken: Container[str]) -> str:
    """A slug from ``title``, or from the host of ``url``, that is not in ``taken``."""
    slug = slugify(title)
    if len(slug) < 2:  # a Korean or Chinese title leaves nothing
        host = canonical_url(url).split("/")[2] if "//" in url else url
        labels = [label for label in host.split(".") if label not in _DULL]
        slug = slugify("-".join(labels)) or "feed"
    if slug not in taken:
        return slug
    number = 2
    while f"{slug}-{number}" in taken:
        number += 1
    return f"{slug}-{number}"
