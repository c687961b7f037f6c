"""WARC files written for a test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ingest.archive import ArchiveWriter
from ingest.models import ArchivePointer

NOW = datetime(2026, 11, 3, 12, 0, 1, 250_000, tzinfo=UTC)


def store(
    writer: ArchiveWriter,
    url: str = "https://a.example/",
    body: bytes = b"cells",
    *,
    at: datetime = NOW,
    status: int = 200,
    **headers: str,
) -> ArchivePointer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return writer.write(
        url=url,
        status=status,
        phrase="OK",
        headers=[("Content-Type", "text/html"), *named.items()],
        body=body,
        fetched_at=at,
    )


def archive_of(folder: Path, *bodies: bytes) -> Path:
    """One WARC file with a page for each body."""
    with ArchiveWriter(folder, lambda: NOW) as writer:
        for number, body in enumerate(bodies):
            store(writer, f"https://a.example/{number}", body)
    return next(folder.rglob("*.warc.gz"))
