"""``voltwire store prune``: what of the archive is old enough to go, listed first, then deleted.

Articles stay whole: only what was fetched goes, and with it the chance to read it again by later
rules.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.context import Progress
from flows.searching import republish
from ingest.errors import VoltwireError
from storage import check, runs
from storage.errors import StoreMissing
from storage.store import Store

STAGE = "deleting"
# The names that `ingest.archive` gives; what anybody else put into the folder is not ours.
_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{8}\.warc\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFile:
    """One archive file that would go."""

    file: str
    begun_at: datetime
    bytes: int
    articles: int
    """Articles whose page lies in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What would go, or went."""

    store: str
    deleted: bool
    """False: nothing was touched, this is what would go."""
    before: datetime | None
    """Files begun before this moment go; None when none was asked for."""
    files: tuple[OldFile, ...]
    missing: dict[str, int]
    """Files that are gone already -> articles that still point into them."""
    kept_files: int
    kept_bytes: int
    in_use: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        record = asdict(self)
        record["before"] = self.before.isoformat() if self.before else None
        for one in record["files"]:
            one["begun_at"] = one["begun_at"].isoformat()
        return record


def prune(
    store: Store,
    *,
    now: datetime,
    keep_days: int | None,
    missing: bool,
    delete: bool,
    progress: Progress,
) -> PruneReport:
    """List, and with ``delete`` remove, what of the archive is older than ``keep_days``.

    Args:
        keep_days: files begun longer ago than this go; None leaves all files.
        missing: also forget where articles lie in files that are gone.

    Raises:
        StoreMissing: when there is no store in the folder.
        VoltwireError: when a file cannot be deleted, or the whole archive is not there.
    """
    if not store.live.exists():
        raise StoreMissing(store.published)
    with store.write() as con:
        runs.mark_crashed(con, now)
        busy_since = check.running_since(con)
        pages = Counter(place.file for place in check.places(con))
    there = {
        path.relative_to(store.archive).as_posix(): path
        for path in sorted(store.archive.rglob("*.warc.gz"))
    }
    gone = {file: count for file, count in pages.items() if file not in there} if missing else {}
    if gone and not there:
        # A disk that is not mounted looks like this, and forgetting cannot be taken back.
        raise VoltwireError(
            "holds no archive file at all, though articles point into it",
            about=store.archive,
            hint="is its disk mounted? nothing was changed",
        )
    before = now - timedelta(days=keep_days) if keep_days is not None else None
    old: list[OldFile] = []
    in_use: list[str] = []
    for file, path in there.items():
        begun = _begun(path)
        if before is None or begun is None or begun >= before:
            continue
        stat = path.stat()
        if busy_since and datetime.fromtimestamp(stat.st_mtime, UTC) >= busy_since:
            in_use.append(file)
            continue
        old.append(OldFile(file=file, begun_at=begun, bytes=stat.st_size, articles=pages[file]))
    if delete and (old or gone):
        _delete(store, [one.file for one in old], list(gone), progress)
    going = {one.file for one in old}
    kept = [path for file, path in there.items() if file not in going]
    return PruneReport(
        store=str(store.folder),
        deleted=delete,
        before=before,
        files=tuple(old),
        missing=gone,
        kept_files=len(kept),
        kept_bytes=sum(path.stat().st_size for path in kept),
        in_use=tuple(in_use),
    )


def _begun(path: Path) -> datetime | None:
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(named[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return None


def _delete(store: Store, files: list[str], gone: list[str], progress: Progress) -> None:
    # First the pointers: killed in between, files are left over that the next prune finds, and
    # not articles that point to nothing.
    with store.write() as con:
        for file in (*files, *gone):
            check.forget_places(con, file)
    progress.stage(STAGE, len(files))
    for file in files:
        path = store.archive / file
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise VoltwireError(
                f"cannot be deleted: {error.strerror}",
                about=path,
                hint="put that right and prune again: what is left is found again",
            ) from error
        for folder in (path.parent, path.parent.parent):
            with suppress(OSError):  # not empty
                folder.rmdir()
        progress.advance(STAGE)
    republish(store)


def lines(report: PruneReport) -> list[str]:
    """The report for a terminal."""
    verb = "deleted" if report.deleted else "would go"
    said = [
        f"{verb}  {one.file}  {one.bytes / 2**20:.1f} MB, pages of {one.articles} articles"
        for one in report.files
    ]
    for file, count in report.missing.items():
        done = "forgotten" if report.deleted else "would be forgotten"
        said.append(f"{done}  {file}, which is gone: {count} articles point into it")
    said += [f"kept  {file}: a run may be writing to it" for file in report.in_use]
    freed = sum(one.bytes for one in report.files)
    said.append(
        f"{len(report.files)} file(s), {freed / 2**20:.1f} MB {verb}; {report.kept_files} kept, "
        f"{report.kept_bytes / 2**20:.1f} MB"
    )
    if not report.deleted and (report.files or report.missing):
        said.append("nothing was touched: call it again with --yes to delete")
    return said
