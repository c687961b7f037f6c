"""The status of voltwire on one screen of 80 columns and 24 lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from flows.oneline import clean
from flows.seeing.filesizes import size
from flows.seeing.status import Status, ago
from storage.atwork import AtWork
from storage.overview import Headline, Overview, PastRun

_LABEL = 9
# From bad to good, as ``feed_health`` ranks them.
_STATES = ("gone", "html", "blocked", "failing", "lying_304", "moved", "quiet", "new", "ok")


def lines(status: Status, width: int | None = None) -> list[str]:
    """What a person wants to know, the worst first.

    Args:
        width: columns into which each line is cut to fit; None to cut nothing.
    """
    told = [*_concerns(status), *_now(status)]
    if status.overview is not None:
        told += _stored(status, status.overview)
    told = [line for one in told for line in _wrapped(one, width)]
    if status.last:
        told += ["", *_runs(status.last)]
    if status.headlines:
        told += ["", "new today, most copied first", *map(_headline, status.headlines)]
    return [line if width is None else _cut(line, width) for line in told]


def _concerns(status: Status) -> Iterator[str]:
    if not status.concerns:
        yield _line("well", f"store {status.store}")
    for concern in status.concerns:
        yield _line("LOOK", concern)


def _now(status: Status) -> Iterator[str]:
    for run in status.under_way:
        yield _line("now", _under_way(run, status.at))
    if not status.under_way:
        yield _line("now", "no run under way")
    if status.next_at is not None:
        when = f"{status.next_at:%H:%M}" if _soon(status) else f"{status.next_at:%Y-%m-%d %H:%M}"
        zone = "" if status.timezone == "UTC" else f", {status.timezone}"
        who = "if a worker or cron runs the schedule"
        if status.served_by is not None:
            who = f"by `voltwire serve` (PID {status.served_by})"
        yield _line("next", f"{when} UTC {who} ({status.schedule}{zone})")


def _soon(status: Status) -> bool:
    return status.next_at is not None and status.next_at.date() == status.at.date()


def _under_way(run: AtWork, now: datetime) -> str:
    stages = ", ".join(
        f"{name} {done}" + (f"/{total}" if total is not None else "")
        for name, (done, total) in run.stages.items()
    )
    began = f"{run.kind} for {ago(now - run.started_at)} (PID {run.process.pid})"
    return f"{began}: {stages}" if stages else began


def _stored(status: Status, found: Overview) -> Iterator[str]:
    sizes = status.sizes
    yield _line(
        "store", f"{found.articles:,} articles, {found.stories:,} stories in {status.store}"
    )
    free = f"; {size(sizes.free)} free" if sizes.free is not None else ""
    yield _line(
        "disk",
        f"{size(sizes.live)} live, {size(sizes.published)} published, "
        f"{size(sizes.archive)} archive ({sizes.archive_files:,} files){free}",
    )
    known = [state for state in _STATES if state in found.feeds]
    states = [*known, *(state for state in found.feeds if state not in known)]
    feeds = ", ".join(f"{found.feeds[state]} {state}" for state in states) or "none polled yet"
    sick = any(state not in ("ok", "new") for state in found.feeds)
    yield _line("feeds", feeds + (" -> voltwire feeds health" if sick else ""))
    if found.gaps:
        yield _line("gaps", f'{found.gaps} open -> voltwire sql "from gaps"')
    retries = f", {found.retries:,} entries to try again" if found.retries else ""
    yield _line("today", f"{found.new_stories:,} new stories{retries}")


def _runs(runs: Sequence[PastRun]) -> Iterator[str]:
    yield (
        f"{'last runs':<12} {'kind':<9} {'took':>7} {'feeds':>6} {'entries':>7} {'new':>6} "
        f"{'copies':>6} {'refused':>7}  state"
    )
    for run in runs:
        took = ago(run.ended_at - run.started_at) if run.ended_at else "-"
        state = run.state.replace("completed_with_failures", "some failed")
        why = f": {clean(run.detail)}" if run.detail else ""
        yield (
            f"{run.started_at:%m-%d %H:%M}  {run.kind:<9} {took:>7} {run.feeds:>6} "
            f"{run.entries:>7} {run.stored:>6} {run.duplicates:>6} {run.rejected:>7}  {state}{why}"
        )


def _headline(story: Headline) -> str:
    copies = f"  ({story.copies} copies)" if story.copies > 1 else ""
    return f"  {clean(story.publisher)}: {clean(story.title)}{copies}"


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}} {text}"


def _wrapped(line: str, width: int | None) -> list[str]:
    """A labelled line, whole, on as many lines as it takes."""
    if width is None or len(line) <= width:
        return [line]
    indent = " " * (_LABEL + 1)
    return wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3]}..."
