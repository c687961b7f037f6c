"""From a published store to a folder of pages: the one entry for all who want a digest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb

from flows.context import Progress, Silent
from flows.settings import Settings
from flows.site import feeds, folder, pages, paths, queries
from flows.site.display import counted, number
from flows.site.display import days as in_words
from flows.site.model import Digest, Options, SiteFile, Summary, Window
from flows.site.policy import PAGE
from storage.errors import StoreError
from storage.store import Store


def build(
    store: Path,
    output: Path,
    *,
    window: Window,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Write the digest of ``window`` to the folder ``output``.

    Reads the published copy of the store alone: no lock is taken, and runs go on beside it.  The
    same store and window give the same files, byte for byte.

    Args:
        store: the store's folder.
        output: absent, empty, or one that a digest was written to before.
        window: the days shown.
        options: how; None for the usual.
        progress: told of the stages.

    Raises:
        FolderRefused: for another folder, before anything is read.
        StoreMissing, StoreError: as ``Store.read`` does.
    """
    options = options or Options()
    progress = progress or Silent()
    folder.check(output)
    with Store(store).read() as con, _of_this_version():
        # What is read stays in memory as long as there is room; of a large store that is too much.
        con.execute(f"SET memory_limit = '{PAGE.memory_mb}MB'")
        progress.stage("reading the store", None)
        digest = queries.gather(con, window, options)
        progress.stage("writing pages", None)
        written = folder.write(output, files(con, digest))
    return Summary(
        output=str(output),
        first=window.first,
        last=window.last,
        stories=len(digest.stories),
        articles=digest.articles,
        publishers=digest.publishers,
        files=written.files,
        written=written.written,
        removed=written.removed,
        bytes=written.bytes,
    )


@contextmanager
def _of_this_version() -> Iterator[None]:
    """A copy that an older voltwire published has not all that is asked for; say so plainly."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise StoreError(
            "the published store was written by another voltwire",
            hint="run `voltwire ingest` once, which publishes it anew",
        ) from error


def files(con: duckdb.DuckDBPyConnection, digest: Digest) -> Iterator[SiteFile]:
    """Every file of the site.

    Args:
        con: the store that ``digest`` was gathered from; feeds reach further back than the window.
        digest: what the pages show.
    """
    yield from pages.files(digest)
    about = {tag.subject for story in digest.stories for tag in story.tags if tag.is_main}
    window = digest.window
    yield from feeds.files(con, window.until, digest.options, pages=about, days=window.length)


def feeds_alone(
    store: Path, output: Path, *, until: datetime, options: Options, days: int = 0
) -> folder.Written:
    """Write the feeds to the folder ``output``, without the pages.

    Args:
        until: the first moment that they do not look at, UTC.
        days: how far back they go, where that is more than usual.

    Raises:
        FolderRefused: for a folder of somebody else, or one with a whole digest, whose pages would
            go; StoreMissing, StoreError: as ``Store.read`` does.
    """
    folder.check(output)
    if paths.INDEX in folder.holds(output):
        raise folder.FolderRefused(
            f"{output} holds a whole digest, which has its feeds already",
            hint="name another folder, or call `voltwire digest`",
        )
    with Store(store).read() as con:
        return folder.write(output, feeds.files(con, until, options, pages=None, days=days))


def digest_of(
    settings: Settings,
    output: Path,
    *,
    now: datetime,
    days: int | None = None,
    until: date | None = None,
    newest_first: bool = False,
    full_text: bool | None = None,
    progress: Progress | None = None,
) -> Summary:
    """The digest that the settings ask for, as of ``now``.

    Args:
        settings: store, days, time zone, how much text, the site's address.
        output: the folder.
        now: the time.
        days: instead of the settings' number.
        until: the last day; None for today, or for the newest day stored when nothing was
            published in the days up to today (an old store, the demo).
        newest_first: the order within a day.
        full_text: instead of what the settings say.
        progress: told of the stages.

    Raises:
        FolderRefused, StoreMissing, StoreError: as ``build`` does.
    """
    zone = settings.timezone
    length = days or settings.digest_days
    last = until or Window.ending(now.date(), 1, zone).day_of(now)
    if until is None:
        with Store(settings.store).read() as con:
            newest = queries.newest_day(con, last, zone)
        if newest is not None and newest < Window.ending(last, length, zone).first:
            last = newest
    full = settings.digest_texts == "full" if full_text is None else full_text
    return build(
        settings.store,
        output,
        window=Window.ending(last, length, zone),
        options=Options(full_text=full, newest_first=newest_first, site_url=settings.site_url),
        progress=progress,
    )


def lines(made: Summary) -> list[str]:
    """What was made, for a terminal."""
    changed = f"{number(made.written)} written" if made.written else "nothing to change"
    removed = f", {number(made.removed)} removed" if made.removed else ""
    return [
        f"{in_words(made.first, made.last)}: {counted(made.stories, 'story', 'stories')}, "
        f"{counted(made.articles, 'article')}, {counted(made.publishers, 'publisher')}",
        f"{counted(made.files, 'file')} in {made.output}, {changed}{removed}",
        f"open {Path(made.output, 'index.html').resolve()}",
    ]
