"""Which article a page is: one canonical URL, and every other one that led there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ingest import urls
from ingest.models import FeedEntry, Page

_SECTION = re.compile(r"^(?:index|home|start|news|blog|articles?)?(?:\.\w{2,5})?$", re.IGNORECASE)


def identity(final_url: str, declared: tuple[str, ...]) -> str:
    """The canonical URL of the article at ``final_url``.

    A declared canonical URL counts when it is on the same site and names a page of its own.  One
    that names the home page or a section would make all articles of the site one: the worse
    mistake, so it is ignored.
    """
    own = urls.canonical_url(final_url)
    for href in declared:
        absolute = urls.resolve(final_url, href)
        if absolute is None or not urls.same_site(absolute, final_url):
            continue
        canonical = urls.canonical_url(absolute)
        if canonical == own or _names_an_article(canonical, own):
            return canonical
    return own


def _names_an_article(canonical: str, own: str) -> bool:
    new, old = urlsplit(canonical), urlsplit(own)
    segments = [part for part in new.path.split("/") if part]
    if not new.query and (not segments or (len(segments) == 1 and _SECTION.match(segments[0]))):
        return False
    mine = [part for part in old.path.split("/") if part]
    is_above = len(segments) < len(mine) and mine[: len(segments)] == segments
    # /news/article-1/amp and /news/article-1/2 lie under their article, /news/article-1 under /news
    suffix = "/".join(mine[len(segments) :])
    if is_above and not re.fullmatch(r"(?:amp|print|page/)?\d{0,3}(?:amp|print)?", suffix):
        return False
    # one address for all, told apart by the query alone
    dropped = bool(old.query) and not new.query and new.path == old.path
    return not (dropped and re.search(r"(?:^|&)(?:id|p|article|aid|news_?id|story)=", old.query))


def aliases_of(entry: FeedEntry, page: Page | None, canonical: str) -> tuple[str, ...]:
    """``canonical`` and the canonical forms of every other URL that led to the article."""
    forms = [canonical, entry.canonical_url]
    forms += [urls.canonical_url(entry.url)] if not urls.is_made_up(entry.canonical_url) else []
    if page is not None:
        forms += [urls.canonical_url(page.requested_url), urls.canonical_url(page.url)]
    return tuple(dict.fromkeys(form for form in forms if form))
