"""The route ``warc``: every page of a WARC file, from any crawl, as if it had just been fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from ingest.archive import read_pages
from ingest.errors import BrokenArchive
from ingest.models import Capture, FeedEntry, FetchFailure, Page, Rejection
from ingest.urls import canonical_url, registered_domain

NAME = "warc"
# robots.txt and feeds stand in every crawl's WARC; they are no pages and no losses.
_NOT_PAGES = ("xml", "json", "javascript", "css")


def captures(
    path: Path, clock: Callable[[], datetime], sites: Collection[str] | None = None
) -> Iterator[Capture | Rejection]:
    """Each HTML page of the WARC at ``path``, in the order of the file, gzipped or plain.

    With ``sites`` only pages of these registered domains, matched whole: of ``bbc.co.uk`` come
    the pages of ``news.bbc.co.uk`` and none of ``notbbc.co.uk``.  The others are no losses.

    A page whose status is not 200 or whose body cannot be read is a rejection; so is the damage
    at which a broken file ends, after everything before it.

    Raises:
        ingest.errors.UnreadableArchive: for what is no WARC at all.
    """
    refused: list[FetchFailure] = []
    wanted = None if sites is None else _of(sites)
    pages = read_pages(path, on_refused=refused.append, wanted=wanted)
    while True:
        try:
            page = next(pages, None)
        except BrokenArchive as error:
            yield Rejection(
                url=str(path),
                feed="",
                stage="parse",
                reason="broken_archive",
                detail=str(error),
                at=clock(),
            )
            page = None
        for failure in refused:
            yield _refusal(failure)
        refused.clear()
        if page is None:
            return
        found = _capture(page)
        if found is not None:
            yield found


def _of(sites: Collection[str]) -> Callable[[str], bool]:
    # A crawl holds many pages of a host; what a host's domain is takes longer than to look it up.
    @lru_cache(maxsize=10_000)
    def host_is_wanted(start: str) -> bool:
        return registered_domain(start) in sites

    def wanted(url: str) -> bool:
        return host_is_wanted("/".join(url.split("/", 3)[:3]))

    return wanted


def _capture(page: Page) -> Capture | Rejection | None:
    if page.url.endswith("/robots.txt") or any(
        word in page.content_type.lower().replace("xhtml+xml", "") for word in _NOT_PAGES
    ):
        return None
    if page.status in (301, 302, 303, 307, 308):
        return None  # the page it leads to stands for itself
    if page.status != 200:
        return Rejection(
            url=page.url,
            feed="",
            stage="fetch",
            reason=f"http_{page.status}",
            detail="as archived",
            at=page.fetched_at,
        )
    entry = FeedEntry(
        url=page.url,
        canonical_url=canonical_url(page.url),
        revision=blake2b(page.body, digest_size=8).hexdigest(),
    )
    return Capture(entry=entry, page=page)


def _refusal(failure: FetchFailure) -> Rejection:
    return Rejection(
        url=failure.url,
        feed="",
        stage="fetch",
        reason=failure.reason,
        detail=failure.detail,
        at=failure.at,
    )
