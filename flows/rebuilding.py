"""``voltwire dedupe rebuild``: repeats, signatures, links and stories by today's rules.

    live store --> everything anew, in chunks on an engine --> shadow      (recompute.whole)
         ^                                                       |
         +---- one window: catch up with what came in, <---------+
               put in place

The live store is open only to read a chunk and for the last step; runs write to it meanwhile and
readers keep the published file.  The shadow, and the chunks that are done, stay when the work is
interrupted, and the next rebuild by the same rules goes on from them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from dedupe import cluster
from dedupe.policy import RECIPE
from flows.context import Progress, RunContext, new_run_id, utc_now
from flows.digest import digest_texts
from flows.pipeline import recorded
from flows.rebuild_report import EXAMPLES, FOLDER, RebuildReport, tell
from flows.recompute import whole
from flows.recompute.parts import rules
from flows.report import RunReport
from flows.save import Saved, relate
from flows.seeing.noting import Noted
from flows.settings import Settings
from flows.workers import Workers
from storage import reread, shadow, shadow_switch, signatures, stories
from storage.errors import StoreMissing
from storage.lock import locked
from storage.models import PreparedArticle
from storage.store import Store

CATCHING_UP = "catching up"
# So many articles that came in meanwhile are dealt with while the store is held, a second or two;
# more are taken in first.
LAST = 100
# Runs may write faster than this reads: after so many rounds the rest is taken in whole, for a
# wait of some seconds is better than never ending.
ROUNDS = 12


async def rebuild(
    settings: Settings,
    *,
    dry_run: bool = False,
    progress: Progress,
    clock: Callable[[], datetime] = utc_now,
) -> RebuildReport:
    """Make everything that follows from the texts anew.

    Args:
        settings: names the store.
        dry_run: compare only.  The work stays in the store folder, for a rebuild to go on from.

    Raises:
        StoreMissing, StoreBusy, StoreError: for what a person has to put right.
    """
    began, now = monotonic(), clock()
    run_id = new_run_id(now)
    purpose = f"voltwire dedupe rebuild {run_id}"
    wait = timedelta(seconds=settings.wait_seconds)
    live = Store(settings.store, wait=wait, purpose=purpose)
    if not live.live.exists():
        raise StoreMissing(live.published)
    report = RebuildReport(store=str(settings.store), dry_run=dry_run)
    run = RunReport(run_id=run_id, kind="rebuild", store=str(settings.store), started_at=now)
    context = RunContext(
        settings=settings,
        store=live,
        feeds={},
        report=run,
        clock=clock,
        progress=Noted(inner=progress, folder=live.folder, run_id=run_id, kind="rebuild"),
    )
    with _shadow_of(live, purpose) as beside:
        async with AsyncExitStack() as opened:
            if not dry_run:
                await opened.enter_async_context(recorded(context))
            workers = await opened.enter_async_context(
                Workers(settings.workers, {}, all_topics=True)
            )
            await _work(_Rebuild(live, beside, context, workers, report), dry_run=dry_run)
            run.entries = run.known = report.articles
            run.duplicates = report.duplicates_added
        if not dry_run:
            shutil.rmtree(beside.folder)
    report.published, report.detail = run.published, run.detail
    report.seconds = monotonic() - began
    return report


@dataclass(frozen=True)
class _Rebuild:
    live: Store
    beside: Store
    context: RunContext
    workers: Workers
    report: RebuildReport


@contextmanager
def _shadow_of(live: Store, purpose: str) -> Iterator[Store]:
    """The shadow's folder, held against a second rebuild."""
    with locked(live.folder / "rebuild.lock", wait=timedelta(0), purpose=purpose):
        yield Store(live.folder / FOLDER, purpose=purpose)


async def _work(job: _Rebuild, *, dry_run: bool) -> None:
    settings, progress = job.context.settings, job.context.progress
    size = settings.backfill_batch
    wanted, left = await asyncio.to_thread(_begin, job)
    if wanted:
        job.report.resumed = await whole.remake(
            settings, job.live, job.beside, wanted, progress=progress, clock=job.context.clock
        )
    for at in range(0, len(left), size):
        await _process(job, left[at : at + size])
    for turn in range(ROUNDS + 1):
        found = await asyncio.to_thread(_last_step, job, turn, dry_run=dry_run)
        if found is None:
            return
        job.report.caught_up += len(found.stale)
        if turn == 0:
            progress.stage(CATCHING_UP, None)
        for at in range(0, len(found.stale), size):
            batch = found.stale[at : at + size]
            await asyncio.to_thread(_copy, job, batch)
            await _process(job, batch)
            progress.advance(CATCHING_UP, len(batch))


def _begin(job: _Rebuild) -> tuple[Sequence[str], Sequence[str]]:
    """The articles to make anew in a shadow that is empty; or those left in one to go on from."""
    with job.beside.write() as con:
        shadow.prepare(con, rules())
        if shadow.is_filled(con):
            signatures.check_recipe(con, RECIPE)
            left = shadow.unsigned(con)
            job.report.resumed = len(shadow.marks(con).ids) - len(left)
            return (), left
        none = shadow.marks(con)
    with job.live.write() as con:
        return shadow.behind(con, none).stale, ()


def _copy(job: _Rebuild, ids: Sequence[str]) -> None:
    with job.live.write() as con:
        taken = shadow.take(con, ids)
    with job.beside.write() as con:
        shadow.put(con, taken)


async def _process(job: _Rebuild, ids: Sequence[str]) -> None:
    def read() -> list[reread.Reread]:
        with job.beside.write() as con:
            return reread.load(con, ids)

    prepared = await job.workers.texts(await asyncio.to_thread(read))
    await asyncio.to_thread(_relate, job, prepared)


def _relate(job: _Rebuild, prepared: Sequence[PreparedArticle]) -> None:
    ids = [one.article.article_id for one in prepared]
    with job.beside.write() as con:
        reread.replace(con, prepared)
        edited = shadow.grouped(con, ids)
        saved = Saved(
            new=[one for one in ids if one not in edited],
            changed=[one for one in ids if one in edited],
        )
        relate(con, prepared, {one: one for one in ids}, saved, job.context.clock())


def _last_step(job: _Rebuild, turn: int, *, dry_run: bool) -> shadow.Behind | None:
    """What has to be taken in first; None when little was left and everything is in place.

    Within one window, so that nothing comes in between the last look and the end.
    """
    with job.beside.write() as con:
        known = shadow.marks(con)
    with job.live.write() as con:
        found = shadow.behind(con, known)
        if len(found.stale) > LAST and turn < ROUNDS:
            return found
        if found.stale:
            job.report.caught_up += len(found.stale)
            taken = shadow.take(con, found.stale)
            with job.beside.write() as made:
                shadow.put(made, taken)
                again = reread.load(made, found.stale)
            _relate(job, digest_texts(again))
        if found.gone:
            with job.beside.write() as made:
                touched = shadow.drop(made, found.gone)
                relate(made, [], {}, Saved(changed=touched), job.context.clock())
        changes = shadow_switch.differences(con, job.beside.live, shown=EXAMPLES)
        tell(con, job.report, changes)
        if not dry_run:
            shadow_switch.switch(con)
            groups = [one.group for one in changes.regrouped]
            stories.apply(con, cluster.plan(groups, changes.previous), job.context.clock())
    return None
