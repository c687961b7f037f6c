"""Errors that stop the work, each carrying what it is about and what to do next.

What a site does wrong is not here: that is a ``FetchFailure`` or a ``Rejection``, a value.
"""

from __future__ import annotations

from pathlib import Path


class VoltwireError(Exception):
    """Base of every error meant to be shown to a user as one line.

    ``about`` is the URL or path concerned, ``hint`` says what to do next; either may be empty.
    """

    def __init__(self, message: str, *, about: str | Path = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.about = str(about)
        self.hint = hint

    def __str__(self) -> str:
        """The whole error on one line: about, message, hint."""
        said = f"{self.about}: {self.message}" if self.about else self.message
        return " ".join((f"{said} ({self.hint})" if self.hint else said).split())

    def __reduce__(self) -> tuple[object, tuple[type[VoltwireError], str, str, str]]:
        """Keyword arguments survive the way back from a worker process."""
        return _rebuild, (type(self), self.message, self.about, self.hint)


def _rebuild(kind: type[VoltwireError], message: str, about: str, hint: str) -> VoltwireError:
    return kind(message, about=about, hint=hint)


class ArchiveError(VoltwireError):
    """Something about a WARC file."""


class UnreadableArchive(ArchiveError):
    """Not a WARC file, not there, or not to be opened: nothing was read from it."""


class BrokenArchive(ArchiveError):
    """A WARC that is damaged part of the way; everything before the damage was handed out."""


class ArchiveNotWritten(ArchiveError):
    """A response could not be stored: disk full, no permission."""
