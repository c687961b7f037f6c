"""What stops work on the store, each in one line, with what to do about it in ``hint``."""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """Something about the store that a person has to know; ``str()`` is one line."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """What to do next; empty when the message says it all."""


class StoreMissing(StoreError):
    """Nothing has been published in this folder yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no store at {path}",
            hint="run `voltwire ingest` to fill it, or `voltwire demo` to try it without a network",
        )
        self.path = path


class StoreBusy(StoreError):
    """Another process holds the store, and did not let go within the wait."""


class StoreFull(StoreError):
    """The disk, a quota or a file size limit left no room; what was stored before is whole."""


class StoreFault(StoreError):
    """DuckDB failed inside itself; what was being written is undone and may be tried again."""


class StoreTooNew(StoreError):
    """The store was written by a newer voltwire than this one."""


class RecipeChanged(StoreError):
    """Signatures in the store were made with other numbers than the ones asked for."""
