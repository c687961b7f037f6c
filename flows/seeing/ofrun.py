"""What others see of a run: its note while it is at work, its log, its figures for Prometheus.

Nothing here may end a run: what cannot be shown is told in the report's ``detail``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.context import RunContext, utc_now
from flows.report import RunReport
from flows.seeing import logs
from flows.seeing.logs import about
from flows.seeing.noting import Noted
from storage.errors import StoreBusy

_LOG = logging.getLogger(__name__)
_RUN = about(stage="run", reported=True)


@contextmanager
def seen(context: RunContext) -> Iterator[None]:
    """Let the run of ``context`` be seen from its beginning to its end."""
    report = context.report
    noted = context.progress
    if not isinstance(noted, Noted):
        noted = Noted(
            inner=noted, folder=context.store.folder, run_id=report.run_id, kind=report.kind
        )
    with logs.of_run(context.settings, report.run_id) as problem:
        _LOG.info("%s begins in %s", report.kind, report.store, extra=_RUN)
        _add_detail(report, problem)
        noted.begin()
        waited = False
        try:
            yield
        except BaseException as error:
            waited = isinstance(error, StoreBusy)
            _LOG.error(
                "%s failed after %.0f s: %s: %s",
                report.kind, report.seconds, type(error).__name__, error, extra=_RUN,
            )  # fmt: skip
            raise
        finally:
            noted.end()
            if not waited:  # figures would wait for the other writer once more
                _leave_figures(context)
        _tell(report)


def _tell(report: RunReport) -> None:
    for change in report.feed_changes:
        _LOG.warning(
            "%s -> %s (%s)", change["before"], change["state"], change["detail"],
            extra=about(stage="feeds", feed=change["feed"], reported=True),
        )  # fmt: skip
    _LOG.info("%s", report.line(), extra=about(stage="run", counts=_counts(report), reported=True))
    if report.detail:
        _LOG.warning("%s", report.detail, extra=_RUN)


def _counts(report: RunReport) -> dict[str, object]:
    names = (
        "state", "feeds", "feeds_waiting", "entries", "fetched", "stored", "edited", "known",
        "rejected", "duplicates", "repeats", "new_stories",
    )  # fmt: skip
    counts = {name: getattr(report, name) for name in names}
    return counts | {
        "feeds_failed": len(report.feeds_failed),
        "seconds": round(report.seconds, 1),
        "reasons": dict(report.reasons),
    }


def _leave_figures(context: RunContext) -> None:
    path = context.settings.metrics_file
    if not path or context.shelf is not None:
        return
    # Imported here: it brings an HTTP server along, and few have the setting.
    from flows.seeing import metrics

    published = bool(context.report.published)
    try:
        metrics.leave(Path(path), context.store, utc_now(), published=published)
    except Exception as error:  # whatever the disk, the store or the library does
        _LOG.warning("no metrics: %s", error, extra=about(stage="metrics", reported=True))
        _add_detail(context.report, f"no metrics: {error}")


def _add_detail(report: RunReport, words: str) -> None:
    report.detail = "; ".join(filter(None, [report.detail, words]))
