"""``voltwire store check``: rows, the published file, and the archive, each fault with a remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from dedupe.policy import RECIPE
from flows.context import Progress
from flows.oneline import clean
from flows.save import Saved, relate
from flows.searching import republish
from ingest.archive import load_page
from ingest.errors import ArchiveError
from ingest.members import Members, cut_tail, walk
from ingest.models import ArchivePointer
from ingest.replay import replay_key
from ingest.routes.wayback import as_original
from storage import check, repair, runs, signatures
from storage.check import Place
from storage.errors import StoreError, StoreMissing
from storage.store import Store

ARCHIVE = "archive files"
# A damaged file can hold thousands of articles: more lines than this of a kind are counted only.
SHOWN_OF_A_KIND = 20

_BACKUP = "put the file back from a backup of the archive"
REMEDIES = {
    "published_unreadable": "`voltwire store check --repair` publishes it anew",
    "search_unreadable": "`voltwire search --rebuild` makes the index anew from the store",
    "archive_tail": "`voltwire store check --repair` cuts off what was never written whole",
    "archive_missing": f"{_BACKUP}, or `voltwire store prune --missing` forgets it",
    "archive_damaged": f"{_BACKUP}; the articles themselves are stored and lose nothing",
    "archive_unreadable": f"{_BACKUP}; the article itself is stored and loses nothing",
    "archive_elsewhere": "tell the makers; the article itself is stored and loses nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault, and what to do about it."""

    kind: str
    subject: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was looked at and what is wrong."""

    store: str
    articles: int
    stories: int
    entries: int
    archive_files: int
    archive_pages: int
    """Articles whose archived page was looked for."""
    faults: tuple[Finding, ...]
    repaired: tuple[str, ...]
    in_use: tuple[str, ...]
    """Archive files that a run is writing to; their ends were not looked at."""

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {**asdict(self), "sound": not self.faults}


def check_store(
    store: Store,
    *,
    now: datetime,
    progress: Progress,
    with_archive: bool = True,
    mend: bool = False,
) -> CheckReport:
    """Look for faults; with ``mend`` put right first what can be put right.

    The store is open only for as long as its rows are looked through; the archive is read
    afterwards, while runs go on.

    Raises:
        StoreMissing: when there is no store in the folder.
        StoreError: when the store cannot be opened.
    """
    if not store.live.exists():
        raise StoreMissing(store.published)
    repaired: list[str] = []
    with store.write() as con:
        runs.mark_crashed(con, now)
        busy_since = check.running_since(con)
        if mend:
            repaired += _mend_rows(con, now)
        faults = [_finding(fault) for fault in check.faults(con)]
        articles, stories, entries = check.size(con)
        places = check.places(con)
    if repaired:
        republish(store)
    faults += _published(store, mend, repaired)
    faults += _search(store, mend, repaired)
    files: list[Path] = []
    in_use: list[str] = []
    if with_archive:
        files = sorted(store.archive.rglob("*.warc.gz"))
        found = list(_archive(store.archive, files, places, busy_since, progress, in_use))
        if mend:
            found = _mend_tails(store, found, repaired)
        faults += [finding for finding, _ in found]
    return CheckReport(
        store=str(store.folder),
        articles=articles,
        stories=stories,
        entries=entries,
        archive_files=len(files),
        archive_pages=len(places) if with_archive else 0,
        faults=tuple(faults),
        repaired=tuple(repaired),
        in_use=tuple(in_use),
    )


def _finding(fault: check.Fault) -> Finding:
    return Finding(kind=fault.kind, subject=fault.subject, detail=fault.detail, remedy=fault.remedy)


def _fault(kind: str, subject: str, detail: str) -> Finding:
    return Finding(kind=kind, subject=subject, detail=detail, remedy=REMEDIES[kind])


# Rows


def _mend_rows(con: DuckDBPyConnection, now: datetime) -> list[str]:
    before = {(fault.kind, fault.subject): fault for fault in check.faults(con)}
    if not before:
        return []
    ids = repair.mend(con)
    if ids:
        signatures.check_recipe(con, RECIPE)
        relate(con, [], {}, Saved(changed=ids), now)
        repair.remove_strays(con)
    after = {(fault.kind, fault.subject) for fault in check.faults(con)}
    return [f"{fault.kind} {fault.subject}" for key, fault in before.items() if key not in after]


def _published(store: Store, mend: bool, repaired: list[str]) -> list[Finding]:
    def fault() -> str:
        try:
            with store.read() as con:
                con.execute("SELECT count(*) FROM news").fetchone()
        except Exception as error:  # a broken file shows in many ways
            return str(error).splitlines()[0] if str(error) else type(error).__name__
        return ""

    said = fault()
    if said and mend:
        try:
            republish(store)
        except StoreError as error:
            said = str(error)
        else:
            said = fault()
            if not said:
                repaired.append(f"published_unreadable {store.published.name}")
    return [_fault("published_unreadable", store.published.name, said)] if said else []


def _search(store: Store, mend: bool, repaired: list[str]) -> list[Finding]:
    """Whether the search index, where there is one, can be read and lists what it holds."""
    from storage.search.follow import follow
    from storage.search.state import faults

    try:
        said = faults(store)
        if said and mend:
            follow(store, at_most=None, rebuild=True)
            repaired.append("search_unreadable search")
            said = faults(store)
    except StoreError as error:
        said = [str(error)]
    return [_fault("search_unreadable", "search", one) for one in said]


# The archive


def _archive(
    folder: Path,
    files: Sequence[Path],
    places: Iterable[Place],
    busy_since: datetime | None,
    progress: Progress,
    in_use: list[str],
) -> Iterator[tuple[Finding, Members | None]]:
    by_file = {file: list(group) for file, group in groupby(places, key=lambda one: one.file)}
    there = {path.relative_to(folder).as_posix(): path for path in files}
    progress.stage(ARCHIVE, len(there))
    for file, wanted in by_file.items():
        if file not in there:
            yield (
                _fault("archive_missing", file, f"is gone; {len(wanted)} articles lie in it"),
                None,
            )
    for file, path in there.items():
        wanted = by_file.get(file, [])
        try:
            busy = _is_busy(path, busy_since)
            found = walk(path, [place.offset for place in wanted])
        except (ArchiveError, OSError) as error:
            yield _fault("archive_missing", file, f"cannot be read: {error}"), None
            progress.advance(ARCHIVE)
            continue
        if busy:
            in_use.append(file)
        elif found.tail is not None:
            said = f"ends inside a record: {found.size - found.tail} bytes from {found.tail} on"
            yield _fault("archive_tail", file, said), found
        for offset in found.damaged:
            yield _fault("archive_damaged", file, f"no whole record at byte {offset}"), None
        for place in wanted:
            finding = _place(folder, place, found, busy=busy)
            if finding is not None:
                yield finding, None
        progress.advance(ARCHIVE)


def _is_busy(path: Path, busy_since: datetime | None) -> bool:
    """Whether a run that is under way may be writing to the file."""
    if busy_since is None:
        return False
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) >= busy_since


def _place(folder: Path, place: Place, found: Members, *, busy: bool) -> Finding | None:
    at = f"its page at byte {place.offset} of {place.file}"
    if place.offset not in found.whole and not (busy and place.offset >= found.size):
        return _fault("archive_unreadable", place.article_id, f"{at} is not whole")
    try:
        pointer = ArchivePointer(file=place.file, offset=place.offset)
        page = as_original(load_page(folder, pointer))
    except (ArchiveError, OSError) as error:
        return _fault("archive_unreadable", place.article_id, f"{at} does not read back: {error}")
    if place.from_page and replay_key(page.url) != replay_key(place.url):
        return _fault("archive_elsewhere", place.article_id, f"{at} is that of {page.url}")
    return None


def _mend_tails(
    store: Store, found: list[tuple[Finding, Members | None]], repaired: list[str]
) -> list[tuple[Finding, Members | None]]:
    """Cut tails off and forget what pointed into them (a power cut can lose what was written)."""
    lost: set[str] = set()
    cut: set[str] = set()
    for finding, members in found:
        if members is None or members.tail is None:
            continue
        if not cut_tail(store.archive / finding.subject, members):
            continue
        cut.add(finding.subject)
        repaired.append(f"archive_tail {finding.subject}")
        with store.write() as con:
            beyond = [
                place.article_id
                for place in check.places(con)
                if place.file == finding.subject and place.offset >= members.tail
            ]
            if beyond:
                check.forget_places(con, finding.subject, start=members.tail)
                lost.update(beyond)
    over = {("archive_tail", file) for file in cut} | {("archive_unreadable", one) for one in lost}
    return [one for one in found if (one[0].kind, one[0].subject) not in over]


# Telling


def lines(report: CheckReport) -> list[str]:
    """The report for a terminal: each fault one line, what was looked at last."""
    said = [f"repaired {clean(what)}" for what in report.repaired]
    seen: dict[str, int] = {}
    for one in report.faults:
        seen[one.kind] = seen.get(one.kind, 0) + 1
        if seen[one.kind] <= SHOWN_OF_A_KIND:
            said.append(clean(f"{one.kind} {one.subject}: {one.detail}; {one.remedy}"))
    said += [
        f"{kind}: {count - SHOWN_OF_A_KIND} more (--json lists them)"
        for kind, count in seen.items()
        if count > SHOWN_OF_A_KIND
    ]
    said += [f"{file} is being written to: its end was left alone" for file in report.in_use]
    looked = (
        f"{report.articles} articles, {report.stories} stories, {report.entries} entries, "
        f"{report.archive_files} archive files with {report.archive_pages} articles' pages"
    )
    said.append(f"{len(report.faults) or 'no'} fault(s) in {looked}")
    return said
