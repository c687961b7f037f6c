"""What a run shows in Prefect's UI: its progress, and the summary that the terminal shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)

from flows.backfill_plan import FeedCoverage
from flows.context import Progress
from flows.report import RunReport
from flows.seeing.stories import stories_of
from flows.seeing.summary import coverage_table, markdown

# Seconds between two looks at whether there is something new to show: the server has more to do.
LOOK_SECONDS = 5.0


class ShownProgress:
    """Progress as an artifact of the flow run under way; use as an async context manager.

    Per cent are those of the stage ``of``; the others are told in words.  A server that does not
    take it is no reason to end a run: that is logged once.

    Args:
        key: of the artifact, in the UI's list.
        inner: told of everything as well.
    """

    def __init__(self, key: str, of: str, inner: Progress) -> None:
        self._key, self._of, self._inner = key, of, inner
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._id: UUID | None = None
        self._shown = ""
        self._task: asyncio.Task[None] | None = None

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, or its total is another now."""
        self._inner.stage(name, total)
        self._totals[name] = total
        self._done.setdefault(name, 0)

    def advance(self, name: str, steps: int = 1) -> None:
        """So many more steps of a stage are done."""
        self._inner.advance(name, steps)
        self._done[name] = self._done.get(name, 0) + steps

    @property
    def percent(self) -> float:
        """How much is done, from 0 to 100."""
        total = self._totals.get(self._of)
        return 100.0 * min(self._done[self._of] / total, 1.0) if total else 0.0

    def words(self) -> str:
        """Every stage and how far it is."""
        return "; ".join(
            f"{name}: {done}" + (f" of {self._totals[name]}" if self._totals.get(name) else "")
            for name, done in self._done.items()
        )

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_shown())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._show(whole=kind is None)

    async def _keep_shown(self) -> None:
        while True:
            await self._show()
            await asyncio.sleep(LOOK_SECONDS)

    async def _show(self, *, whole: bool = False) -> None:
        percent, words = 100.0 if whole else self.percent, self.words()
        shown = f"{percent:.1f} {words}"
        if shown == self._shown:
            return
        self._shown = shown
        try:
            if self._id is None:
                self._id = await acreate_progress_artifact(percent, self._key, words)
            else:
                await aupdate_progress_artifact(self._id, percent, words)
        except Exception as error:  # whatever the server or the way to it does
            get_run_logger().warning("progress was not saved: %s", error)


async def publish_coverage(covered: Sequence[FeedCoverage], days: str) -> None:
    """Attach what the ledger says of the feeds of a slice to its flow run."""
    try:
        await acreate_markdown_artifact(
            key="voltwire-backfill-slice",
            markdown=coverage_table([asdict(feed) for feed in covered]),
            description=days,
        )
    except Exception as error:  # as above
        get_run_logger().warning("the coverage was not saved: %s", error)


async def publish_summary(report: RunReport) -> None:
    """Attach the summary of ``report`` to the flow run that is under way, and log its one line.

    A summary that cannot be saved is logged: the articles are in the store, and a run marked as
    failed would say that they are not.
    """
    log = get_run_logger()
    log.info(report.line())
    try:
        begun = await asyncio.to_thread(stories_of, report)
        await acreate_markdown_artifact(
            key=f"voltwire-{report.kind}",
            markdown=markdown(report, begun),
            description=report.line(),
        )
    except Exception as error:  # whatever the server or the way to it does
        log.warning("the summary was not saved: %s", error)


async def publish_digest(report: RunReport, site_url: str) -> None:
    """Attach a link to the digest to the flow run under way, where one was made.

    Args:
        site_url: where the digest can be reached; its place on this machine when empty.
    """
    if not report.digest:
        return
    page = Path(report.digest)
    try:
        await acreate_link_artifact(
            key="voltwire-digest",
            link=f"{site_url.rstrip('/')}/{page.name}" if site_url else page.as_uri(),
            link_text="The digest",
            description=report.digest,
        )
    except Exception as error:  # as above
        get_run_logger().warning("the link to the digest was not saved: %s", error)
