"""``voltwire dedupe rebuild``: repeats, signatures, links and stories by today's rules.

    live store --> articles, a batch at a time --> shadow --> digest texts --> match, cluster
         ^                                                                         |
         +-------- one window: catch up with what came in, put in place <----------+

The live store is open only to read a batch and for the last step; runs write to it meanwhile and
readers keep the published file.  The shadow stays when the work is interrupted, and the next
rebuild by the same rules goes on from it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import resources
from time import monotonic
from typing import Any

from duckdb import DuckDBPyConnection

from dedupe import cluster
from dedupe.policy import POLICY, RECIPE
from flows.context import Progress, RunContext, new_run_id, utc_now
from flows.digest import digest_texts
from flows.oneline import clean
from flows.pipeline import recorded
from flows.report import RunReport
from flows.save import Saved, relate
from flows.settings import Settings
from flows.workers import Workers
from storage import rebuild as shadows
from storage import reread, signatures, stories
from storage.errors import StoreMissing
from storage.lock import locked
from storage.models import PreparedArticle
from storage.store import Store

FOLDER = "rebuild"
STAGE = "making anew"
CATCHING_UP = "catching up"
# So many articles that came in meanwhile are dealt with while the store is held, a second or two;
# more are taken in first.
LAST = 100
# Runs may write faster than this reads: after so many rounds the rest is taken in whole, for a
# wait of some seconds is better than never ending.
ROUNDS = 12
EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class RebuildReport:
    """What making everything anew changed, or would change."""

    store: str
    dry_run: bool
    articles: int = 0
    resumed: int = 0
    """Articles that an interrupted rebuild had done already."""
    caught_up: int = 0
    """Articles that runs stored or edited meanwhile, taken in as well."""
    recut: int = 0
    """Articles whose cut text, repeats or topics changed."""
    resigned: int = 0
    duplicates_added: int = 0
    """Pairs of articles that are linked now and were not."""
    duplicates_removed: int = 0
    duplicates_changed: int = 0
    """Pairs whose relation is another one now."""
    stories_before: int = 0
    stories_after: int = 0
    stories_merged: int = 0
    """Stories that hold articles of several old ones."""
    stories_split: int = 0
    """Old stories whose articles are in several now."""
    new_representatives: int = 0
    """Stories that keep their articles and show another one of them."""
    examples: list[dict[str, Any]] = field(default_factory=list)
    published: str = ""
    seconds: float = 0.0
    detail: str = ""

    @property
    def exit_code(self) -> int:
        """0 done; 1 done, and not published."""
        return 0 if self.dry_run or self.published else 1

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


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
        settings=settings, store=live, feeds={}, report=run, clock=clock, progress=progress
    )
    with _shadow_of(live, purpose) as shadow:
        async with AsyncExitStack() as opened:
            if not dry_run:
                await opened.enter_async_context(recorded(context))
            workers = await opened.enter_async_context(
                Workers(settings.workers, {}, all_topics=True)
            )
            await _work(_Rebuild(live, shadow, context, workers, report), dry_run=dry_run)
            run.entries = run.known = report.articles
            run.duplicates = report.duplicates_added
        if not dry_run:
            shutil.rmtree(shadow.folder)
    report.published, report.detail = run.published, run.detail
    report.seconds = monotonic() - began
    return report


@dataclass(frozen=True)
class _Rebuild:
    live: Store
    shadow: Store
    context: RunContext
    workers: Workers
    report: RebuildReport


@contextmanager
def _shadow_of(live: Store, purpose: str) -> Iterator[Store]:
    """The shadow's folder, held against a second rebuild."""
    with locked(live.folder / "rebuild.lock", wait=timedelta(0), purpose=purpose):
        yield Store(live.folder / FOLDER, purpose=purpose)


def rules() -> str:
    """What tells today's rules from others: every number, and the code that applies them."""
    code = sha256()
    for package in ("dedupe", "ingest"):
        for path in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            # Of ``ingest`` only the topics are made from stored texts.
            if path.name.endswith(".py") and (package == "dedupe" or path.name == "topics.py"):
                code.update(path.read_bytes())
    return json.dumps([asdict(RECIPE), asdict(POLICY), code.hexdigest()], default=str)


async def _work(job: _Rebuild, *, dry_run: bool) -> None:
    size = job.context.settings.backfill_batch
    left = await asyncio.to_thread(_begin, job)
    for at in range(0, len(left), size):
        await _process(job, left[at : at + size])
    for turn in range(ROUNDS + 1):
        found = await asyncio.to_thread(_last_step, job, turn, dry_run=dry_run)
        if found is None:
            return
        stage = STAGE if turn == 0 else CATCHING_UP
        if turn > 0:
            job.report.caught_up += len(found.stale)
        if turn < 2:
            job.context.progress.stage(stage, len(found.stale) if turn == 0 else None)
        for at in range(0, len(found.stale), size):
            batch = found.stale[at : at + size]
            await asyncio.to_thread(_copy, job, batch)
            await _process(job, batch)
            job.context.progress.advance(stage, len(batch))


def _begin(job: _Rebuild) -> list[str]:
    with job.shadow.write() as con:
        shadows.prepare(con, rules())
        signatures.check_recipe(con, RECIPE)
        return shadows.unsigned(con)


def _copy(job: _Rebuild, ids: Sequence[str]) -> None:
    with job.live.write() as con:
        taken = shadows.take(con, ids)
    with job.shadow.write() as con:
        shadows.put(con, taken)


async def _process(job: _Rebuild, ids: Sequence[str]) -> None:
    def read() -> list[reread.Reread]:
        with job.shadow.write() as con:
            return reread.load(con, ids)

    prepared = await job.workers.texts(await asyncio.to_thread(read))
    await asyncio.to_thread(_relate, job, prepared)


def _relate(job: _Rebuild, prepared: Sequence[PreparedArticle]) -> None:
    ids = [one.article.article_id for one in prepared]
    with job.shadow.write() as con:
        reread.replace(con, prepared)
        edited = shadows.grouped(con, ids)
        saved = Saved(
            new=[one for one in ids if one not in edited],
            changed=[one for one in ids if one in edited],
        )
        relate(con, prepared, {one: one for one in ids}, saved, job.context.clock())


def _last_step(job: _Rebuild, turn: int, *, dry_run: bool) -> shadows.Behind | None:
    """What has to be taken in first; None when little was left and everything is in place.

    Within one window, so that nothing comes in between the last look and the end.
    """
    with job.shadow.write() as con:
        known = shadows.marks(con)
    with job.live.write() as con:
        found = shadows.behind(con, known)
        if turn == 0:
            job.report.resumed = len(set(known.ids).difference(found.stale, found.gone))
        if len(found.stale) > LAST and turn < ROUNDS:
            return found
        if found.stale:
            job.report.caught_up += len(found.stale) if turn else 0
            taken = shadows.take(con, found.stale)
            with job.shadow.write() as beside:
                shadows.put(beside, taken)
                again = reread.load(beside, found.stale)
            _relate(job, digest_texts(again))
        if found.gone:
            with job.shadow.write() as beside:
                touched = shadows.drop(beside, found.gone)
                relate(beside, [], {}, Saved(changed=touched), job.context.clock())
        changes = shadows.differences(con, job.shadow.live, shown=EXAMPLES)
        _tell(con, job.report, changes)
        if not dry_run:
            shadows.switch(con)
            groups = [one.group for one in changes.regrouped]
            stories.apply(con, cluster.plan(groups, changes.previous), job.context.clock())
    return None


def _tell(con: DuckDBPyConnection, report: RebuildReport, changes: shadows.Differences) -> None:
    """Put into the report what changes, with a few examples by title."""
    report.articles = changes.articles
    report.recut, report.resigned = changes.recut, changes.resigned
    report.duplicates_added = changes.links_added
    report.duplicates_removed = changes.links_removed
    report.duplicates_changed = changes.links_changed
    report.stories_before, report.stories_after = changes.stories_before, changes.stories_after
    merged = [one for one in changes.regrouped if len(one.was) > 1]
    into: dict[str, list[shadows.Regrouped]] = {}
    for one in changes.regrouped:
        for story_id in one.was:
            into.setdefault(story_id, []).append(one)
    split = {story_id: parts for story_id, parts in into.items() if len(parts) > 1}
    report.stories_merged, report.stories_split = len(merged), len(split)
    report.new_representatives = sum(
        len(one.was) == 1 and len(into[one.was[0]]) == 1 for one in changes.regrouped
    )
    shown_merged, shown_split = merged[:EXAMPLES], list(split.items())[:EXAMPLES]
    named = shadows.titles(
        con,
        sorted(
            {one.group.representative_id for one in shown_merged}
            | {one.group.representative_id for _, parts in shown_split for one in parts}
            | {i for one in changes.examples for i in (one.article_id, one.of_article_id)}
        ),
    )

    def name(article_id: str) -> str:
        publisher, title = named.get(article_id, ("", ""))
        return f"{publisher}: {title}" if publisher else title or article_id

    report.examples = [
        {
            "change": "merged",
            "stories": list(one.was),
            "articles": len(one.group.member_ids),
            "title": name(one.group.representative_id),
        }
        for one in shown_merged
    ]
    report.examples += [
        {
            "change": "split",
            "stories": [story_id],
            "articles": sum(len(one.group.member_ids) for one in parts),
            "title": " | ".join(name(one.group.representative_id) for one in parts),
        }
        for story_id, parts in shown_split
    ]
    report.examples += [
        {
            "change": _link_word(one),
            "articles": [one.article_id, one.of_article_id],
            "relation": one.now or one.was,
            "was": one.was,
            "title": f"{name(one.article_id)} | {name(one.of_article_id)}",
            "reason": one.reason,
        }
        for one in changes.examples
    ]


def _link_word(one: shadows.LinkChange) -> str:
    if not one.was:
        return "linked"
    return "relinked" if one.now else "no longer linked"


def lines(report: RebuildReport) -> list[str]:
    """The report for a terminal."""
    would = "would be " if report.dry_run else ""
    said = []
    for one in report.examples:
        relation = one.get("relation", "")
        if one.get("was") and one["change"] == "relinked":
            relation = f"{one['was']} -> {relation}"
        said.append(clean(f"{one['change']}{f' ({relation})' if relation else ''}: {one['title']}"))
        if one.get("reason"):
            said.append(f"    {clean(one['reason'])}")
    said += [
        f"texts      {report.recut} {would}cut another way, {report.resigned} {would}signed anew, "
        f"of {report.articles} articles",
        f"links      {report.duplicates_added} {would}added, {report.duplicates_removed} {would}"
        f"removed, {report.duplicates_changed} {would}of another relation",
        f"stories    {report.stories_before} -> {report.stories_after}: {report.stories_merged} "
        f"{would}merged from several, {report.stories_split} {would}split, "
        f"{report.new_representatives} {would}shown by another copy",
    ]
    if report.resumed > 0:
        said.append(f"went on from an interrupted rebuild that had done {report.resumed} articles")
    if report.caught_up:
        said.append(f"{report.caught_up} articles came in or were edited meanwhile, and are in it")
    if report.detail:
        said.append(f"note: {report.detail}")
    done = "compared; nothing in the store was changed" if report.dry_run else "made anew"
    said.append(f"{report.articles} articles {done} in {report.seconds:.1f} s")
    if report.dry_run:
        said.append(
            f"the work is kept in {report.store}/{FOLDER}, for `voltwire dedupe rebuild` to go on "
            "from"
        )
    return said
