"""The log of a run: a line an event, for people or for programs, with the run it belongs to.

Standard logging throughout: modules say ``logging.getLogger(__name__).info("...", extra=about(
feed=...))``, and whether and where that is written is decided here, by the settings.  A record
belongs to the run that its task belongs to, also in threads begun from there.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.oneline import clean, dumps
from flows.settings import Settings

PACKAGES = ("flows", "ingest", "dedupe", "storage")
_run: ContextVar[str] = ContextVar("run", default="")
# What a record may say beside its message, in this order.
FIELDS = ("stage", "feed", "url", "reason", "counts")
_active: list[logging.Handler] = []
_changing = threading.Lock()


def about(
    *,
    stage: str = "",
    feed: str = "",
    url: str = "",
    reason: str = "",
    counts: dict[str, Any] | None = None,
    reported: bool = False,
) -> dict[str, Any]:
    """What a record is about, for ``extra``; only what is known of it.

    Args:
        counts: figures by name.
        reported: the run's report says it too, so that it stands in the log alone.
    """
    said: dict[str, Any] = {"stage": stage, "feed": feed, "url": url, "reason": reason}
    said |= {"counts": counts, "reported": reported}
    return {name: value for name, value in said.items() if value}


class TextLines(logging.Formatter):
    """A line for people: time, level, run, stage and feed, message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        where = [str(getattr(record, name)) for name in ("stage", "feed") if hasattr(record, name)]
        said = f"{' '.join(where)}: {_message(record)}" if where else _message(record)
        url = getattr(record, "url", "")
        more = f" {url}" if url and url not in said else ""
        run = getattr(record, "run", "") or "-"
        return f"{_time(record)} {record.levelname:<7} {run} {clean(said + more)}"


class LogFile(logging.handlers.WatchedFileHandler):
    """A file that several processes may append to, and that may be moved away at any time.

    It is looked for before each line, and begun anew when it is another one.  A line that cannot be
    written (the folder has gone, the disk is full) is lost: no run ends for its log.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or nothing."""
        with suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: a full disk must not fill standard error with tracebacks as well."""


class Plain(logging.Formatter):
    """A warning for a terminal or a cron mail."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, in the form of the command's own."""
        return f"voltwire: {clean(_message(record))}"


class JsonLines(logging.Formatter):
    """An object a line for programs: ``time``, ``level``, ``run``, then what the record says."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        said: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "run": getattr(record, "run", ""),
        }
        for name in FIELDS:
            if hasattr(record, name):
                said[name] = getattr(record, name)
        said |= {"message": _message(record), "logger": record.name}
        return dumps(said, default=str)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _message(record: logging.LogRecord) -> str:
    """The message and, where an exception goes with it, that in a few words."""
    said = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    return f"{said}: {type(error).__name__}: {error}" if error is not None else said


@contextmanager
def of_run(settings: Settings, run_id: str) -> Iterator[str]:
    """Write what happens inside the block to the log that ``settings`` names.

    Yields why there is no log though one was asked for; "" otherwise.  A run whose log cannot be
    written is the lesser evil: it stores the news, and its report says so.
    """
    problem, level = "", logging.getLevelNamesMapping()[settings.log_level.upper()]
    try:
        handler = _handler(settings) if settings.log_file else None
    except OSError as error:
        problem = f"no log: {settings.log_file} cannot be written: {error.strerror}"
        handler = None
    if handler is None:
        handler, level = _warnings(), logging.WARNING
    handler.addFilter(_OfRun(run_id))
    token = _run.set(run_id)
    _attach(handler, level)
    try:
        yield problem
    finally:
        _detach(handler)
        with suppress(ValueError):  # ended by another task than began it
            _run.reset(token)


class _OfRun(logging.Filter):
    """Lets through what belongs to one run, marked with it."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def filter(self, record: logging.LogRecord) -> bool:
        run = record.__dict__["run"] = _run.get()
        return run == self._run_id


def _warnings() -> logging.Handler:
    """Without a log: what goes wrong and no report tells, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain())
    handler.addFilter(lambda record: not getattr(record, "reported", False))
    return handler


def _handler(settings: Settings) -> logging.Handler:
    handler: logging.Handler
    if settings.log_file == "-":
        handler = logging.StreamHandler(sys.stderr)
    else:
        path = Path(settings.log_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path, encoding="utf-8")
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    return handler


def _attach(handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    with _changing:
        _active.append(handler)
        for name in PACKAGES:
            logging.getLogger(name).addHandler(handler)
        _adjust()


def _detach(handler: logging.Handler) -> None:
    with _changing:
        _active.remove(handler)
        for name in PACKAGES:
            logging.getLogger(name).removeHandler(handler)
        _adjust()
    handler.close()


def _adjust() -> None:
    """Let through what the most talkative log wants; Prefect's console is not for it."""
    level = min((handler.level for handler in _active), default=logging.NOTSET)
    for name in PACKAGES:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = not _active
