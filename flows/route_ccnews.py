"""The route ``ccnews``: the pages of all feeds out of Common Crawl's news archive, file by file.

    listings of the months -> files -> stream -> pages of the feeds' sites -> store and ledger

One file holds pages of many sites, so this route runs once for all feeds and not feed by feed.  A
file is never on the disk and never whole in memory.  How far each day of each feed has come, down
to the place in a file, is written with the pages; what is left is read when the command is given
again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain

from duckdb import DuckDBPyConnection

from flows.backfill_ledger import Count, tally
from flows.backfill_site import Site
from flows.context import RunContext
from flows.decide import merge
from flows.digested import Digested
from flows.listings import Heard
from flows.pipeline import digest_and_save, note, write_window
from flows.route_wayback import lacking
from flows.shard import Ledger, Outside
from flows.workers import Workers
from ingest.download import DownloadFailed, Pulled
from ingest.errors import ArchiveError
from ingest.http import Fetcher
from ingest.models import (
    Capture,
    CoverageState,
    CoveredDay,
    FeedEntry,
    FetchFailure,
    Page,
    Rejection,
)
from ingest.policy import CcNewsPolicy
from ingest.routes import ccnews, wordpress
from ingest.routes.ccnews import File, Met, Owners
from ingest.routes.window import Window, around, day_of
from storage import coverage, entries

STAGE = "files of Common Crawl"
_POLICY = CcNewsPolicy()
_BATCH_BYTES = 64 * 2**20
_NOT_THERE = frozenset({403, 404, 410})
# A bucket that cannot be listed answers 403 for what is not in it.
_ALIKE = 200
# Entries of a feed that show what its addresses look like, where the feed itself is gone.


async def by_ccnews(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    sites: Mapping[str, Site],
    *,
    auto: bool,
) -> dict[str, str]:
    """Read what the archive holds of the days that are left; slug -> why it failed.

    Args:
        sites: by slug; their work has turned to the whole window.
        auto: only for days of which nothing, or too little, was found, and a few files at most.
    """
    left: dict[str, frozenset[date]] = {}
    for slug, site in sites.items():
        days = site.work.days_left(ccnews.NAME, any_route=auto)
        left[slug] = lacking(site.work, days, ccnews.NAME) if auto else days
    left = {slug: days for slug, days in left.items() if days}
    if not left:
        return {}
    reading = _Reading(context, fetcher, workers, sites, left)
    files, failed = await reading.listed()
    if failed:
        await reading.settle(failed=frozenset(chain.from_iterable(left.values())))
        return dict.fromkeys(left, failed)
    return await reading.all(files, _POLICY.files_unasked if auto else None)


@dataclass(slots=True)
class _Reading:
    """One run's way through the files."""

    context: RunContext
    fetcher: Fetcher
    workers: Workers
    sites: Mapping[str, Site]
    left: dict[str, frozenset[date]]
    needs: dict[File, list[tuple[str, date]]] = field(default_factory=dict)
    """File -> the days of feeds that have still to look at it."""

    @property
    def window(self) -> Window:
        return around([*chain.from_iterable(self.left.values())])

    async def listed(self) -> tuple[list[File], str]:
        """The files that have to be read, in order, and why that cannot be said."""
        base, now = self.context.settings.ccnews_url, self.context.clock()
        files: list[File] = []
        for year, month in ccnews.months(self.window, now):
            url = ccnews.listing_url(base, year, month)
            answer = await self.fetcher.interface(url)
            if isinstance(answer, FetchFailure) and answer.status in _NOT_THERE:
                await self._note(url, answer.reason, "no files are listed for this month")
                continue
            found = ccnews.read_listing(answer.body) if isinstance(answer, Page) else None
            if found is None:
                why = answer.reason if isinstance(answer, FetchFailure) else "not a list of files"
                return [], f"{why} from {url}"
            files += found
        needs: defaultdict[File, list[tuple[str, date]]] = defaultdict(list)
        of_day = {
            day: ccnews.files_of(day, files) for day in chain.from_iterable(self.left.values())
        }
        for slug, days in self.left.items():
            for day in days:
                for file in ccnews.left_of(self._row(slug, day).reach, of_day[day]):
                    needs[file].append((slug, day))
        self.needs = dict(needs)
        return sorted(needs), ""

    async def all(self, files: Sequence[File], most: int | None) -> dict[str, str]:
        """Read ``files`` one after another, ``most`` of them; slug -> why it failed."""
        self.context.progress.stage(STAGE, len(files[:most]))
        owners = await self._owners()
        for number, file in enumerate(files[:most]):
            failed = await self._file(file, owners)
            if failed:
                days = frozenset(day for _, day in self.needs[file])
                await self.settle(failed=days, waiting=frozenset(files[number:]))
                return {slug: failed for slug, _ in self.needs[file]}
            self.context.progress.advance(STAGE)
        await self.settle(waiting=frozenset(files[most:] if most is not None else ()))
        return {}

    async def _owners(self) -> Owners:
        """Whose page is whose: by what the feeds list, or listed when they were last read."""
        known = []
        for slug in self.left:
            site = self.sites[slug]
            feed = site.work.feed
            live = await site.listing(site.url)
            listed = [] if isinstance(live, Heard) else list(live[1].entries)
            if not listed:
                listed = await write_window(self.context, partial(_newest, slug))
            # Of a feed that says nothing of what is its own, the site's other sections would come
            # past the topic gate with it.
            if listed or feed.scope == "general" or wordpress.root_of(feed.url):
                known.append((feed, listed))
        return Owners(known)

    async def _file(self, file: File, owners: Owners) -> str:
        """All that ``file`` holds to the store; why it cannot be had, or ""."""
        url = ccnews.file_url(self.context.settings.ccnews_url, file)
        said = [self._row(slug, day).reach for slug, day in self.needs[file]]
        after = min(ccnews.offset_in(one, file) for one in said)
        begin = max(after, 0)
        pulled = Pulled(self.fetcher.download(url, begin), url)
        source = ccnews.pages(pulled.as_file(), owners, begin=begin, after=after)
        try:
            while True:
                met, ended = await asyncio.to_thread(_take, source)
                broke = isinstance(ended, DownloadFailed) and (
                    ended.failure.status not in _NOT_THERE
                )
                last = ended is not None and not broke
                if met or last:
                    await self._save(met, file, None if last else met[-1].offset)
                if isinstance(ended, DownloadFailed):
                    await self._note(url, ended.failure.reason, ended.failure.detail)
                    return f"{ended.failure.reason} from {url}" if broke else ""
                if isinstance(ended, ArchiveError):
                    await self._note(url, "broken_archive", str(ended))
                if ended is not None:
                    return ""
        finally:
            await pulled.aclose()

    async def _save(self, met: Sequence[Met], file: File, offset: int | None) -> None:
        """Pages and, in the same transaction, how far their days have come with them."""
        by_url = {one.capture.entry.canonical_url: one for one in reversed(met)}
        listed = merge(one.capture.entry for one in met)
        times = {one.entry.canonical_url: one.times for one in listed}
        counts: defaultdict[str, Count] = defaultdict(Count)
        report = self.context.report

        def look_up(con: DuckDBPyConnection) -> tuple[set[str], dict[str, datetime | None]]:
            records = entries.lookup(con, list(by_url))
            of_article = {
                url: record.article_id for url, record in records.items() if record.article_id
            }
            days = coverage.article_days(con, list(of_article.values()))
            return set(records), {url: days.get(name) for url, name in of_article.items()}

        known, published = await write_window(self.context, look_up) if by_url else (set(), {})
        for url in known:
            if url in published:
                report.entries += times[url]
                report.known += times[url]
            if at := published.get(url):
                counts[by_url[url].capture.entry.feed].add(day_of(at), stored=True)
        new = [
            one
            for url, one in by_url.items()
            if url not in known and not self._is_elsewhere(one.capture.entry)
        ]
        wanted = await asyncio.to_thread(self._kept, new)
        rows: list[CoveredDay] = []

        def ledger(digested: Sequence[Digested]) -> Ledger:
            window = self.window
            fresh: defaultdict[str, Count] = defaultdict(Count)
            outside: list[Outside] = []
            for slug in {one.entry.feed for one in digested}:
                own = [one for one in digested if one.entry.feed == slug]
                fresh[slug], away = tally(own, (window.start, window.end))
                outside += [
                    Outside(canonical_url=url, feed=slug, day=day) for url, day in away.items()
                ]
            rows[:] = self._rows(file, offset, counts, fresh)
            return Ledger(covered=tuple(rows), outside=tuple(outside), route=ccnews.NAME)

        if wanted:
            report.fetched += len(wanted)
            report.entries += sum(times[one.entry.canonical_url] for one in wanted)
            window = self.window
            saved = await digest_and_save(
                self.context,
                self.workers,
                wanted,
                times,
                label=f"{len(wanted)} pages of {file.name}",
                window=(window.start, window.end),
                ledger=ledger,
            )
            rows += [self._undated(slug, more) for slug, more in saved.undated.items()]
        else:
            rows = self._rows(file, offset, counts, {})
            await note(self.context, Ledger(covered=tuple(rows)))
        for row in rows:
            self.sites[row.feed].work.rows[row.day, row.route] = row

    def _kept(self, met: Sequence[Met]) -> list[Capture]:
        """The pages, put into the store's own archive: nobody reads the file again for them."""
        captures = []
        for one in met:
            place = self.fetcher.keep(one.page, list(one.record.headers.items()), one.record.phrase)
            captures.append(replace(one.capture, page=replace(one.page, archived=place)))
        return captures

    def _rows(
        self,
        file: File,
        offset: int | None,
        known: Mapping[str, Count],
        fresh: Mapping[str, Count],
    ) -> list[CoveredDay]:
        """The ledger with what a batch adds; a day that had come further already stays."""
        rows = []
        for slug, day in self.needs[file]:
            row, none = self._row(slug, day), Count()
            if offset is not None and ccnews.offset_in(row.reach, file) >= offset:
                continue
            found = known.get(slug, none).plus(fresh.get(slug, none))
            rows.append(
                replace(
                    row,
                    found=row.found + found.found[day],
                    stored=row.stored + found.stored[day],
                    reach=ccnews.reach(file, offset),
                    looked_at=self.context.clock(),
                )
            )
        return rows

    def _undated(self, slug: str, more: int) -> CoveredDay:
        """The row of ``slug`` for no day, with ``more`` articles."""
        row = self._row(slug, None)
        return replace(
            row, found=row.found + more, stored=row.stored + more, state="undated",
            looked_at=self.context.clock(),
        )  # fmt: skip

    async def settle(
        self, *, failed: frozenset[date] = frozenset(), waiting: frozenset[File] = frozenset()
    ) -> None:
        """Write the last word of this run on all days that it was to look at.

        The archive is a sample of what feeds list, so no day is complete by it alone.
        """
        now = self.context.clock()
        waits = {one for file in waiting for one in self.needs[file]}
        rows = []
        for slug, days in self.left.items():
            for day in days:
                row = self._row(slug, day)
                state: CoverageState = "partial" if row.found else "missing"
                if not ccnews.is_over(day, now) or (slug, day) in waits:
                    state = "open"
                if day in failed:
                    state = "failed"
                rows.append(replace(row, state=state, looked_at=now))
        await note(self.context, Ledger(covered=tuple(rows)))
        for row in rows:
            self.sites[row.feed].work.rows[row.day, row.route] = row

    def _row(self, slug: str, day: date | None) -> CoveredDay:
        rows = self.sites[slug].work.rows
        return rows.get((day, ccnews.NAME)) or CoveredDay(
            feed=slug, day=day, route=ccnews.NAME, looked_at=self.context.clock()
        )

    def _is_elsewhere(self, entry: FeedEntry) -> bool:
        """Whether the page is known, from an earlier run, to be of days not asked for."""
        day = self.sites[entry.feed].work.outside.get(entry.canonical_url)
        return day is not None and not self.window.since <= day <= self.window.until

    async def _note(self, url: str, reason: str, detail: str) -> None:
        """A file that is missing or broken, with its reason, where users look for such."""
        told = Rejection(
            url=url, feed="", stage="fetch", reason=reason, detail=detail, at=self.context.clock()
        )
        await note(self.context, Ledger(rejections=(told,)))


def _newest(slug: str, con: DuckDBPyConnection) -> list[FeedEntry]:
    return entries.newest(con, slug, _ALIKE)


def _take(source: Iterator[Met]) -> tuple[list[Met], Exception | None]:
    """The next pages of ``source``, as many as are saved together, and how it ended if it did.

    What was read before it broke off is handed out all the same.
    """
    taken: list[Met] = []
    held = 0
    try:
        for one in source:
            taken.append(one)
            held += len(one.record.body)
            if len(taken) >= _POLICY.batch or held >= _BATCH_BYTES:
                return taken, None
    except (DownloadFailed, ArchiveError) as error:
        return taken, error
    return taken, StopIteration()
