"""Steps as Prefect tasks: a name, retries and a timeout for each kind of step.

A task is a group of feeds, a batch of articles or one feed of a backfill's slice, never one
article: the server takes some 40 task runs a second and drops bursts.  Nothing is cached or
persisted: pages are in the archive and articles in the store, and a step that is repeated finds
there what it has done.
"""

from __future__ import annotations

from typing import Any, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE

from flows.context import Work

T = TypeVar("T")


async def _do(work: Work[Any]) -> Any:
    return await work()


# Seconds.  Fetching is bounded by its own deadlines (60 s a page, 1 s between two pages of one
# domain), digesting by the pages of a batch; the timeouts here only end what hangs.  A save is
# tried again because another writer may hold the store.
_KINDS: dict[str, Task[Any, Any]] = {
    "poll": Task(_do, name="poll-feeds", timeout_seconds=900),
    "fetch": Task(_do, name="fetch-pages", timeout_seconds=3600),
    "digest": Task(_do, name="digest-batch", timeout_seconds=3600),
    "save": Task(
        _do, name="save-batch", retries=2, retry_delay_seconds=[5, 30], timeout_seconds=1200
    ),
    # Ends by itself before that: see flows.site.after_ingest.
    "site": Task(_do, name="make-digest", timeout_seconds=1200),
    # A feed of a backfill's slice: bounded by the pages that one run asks a feed for.
    "feed": Task(_do, name="backfill-feed"),
    "publish": Task(
        _do, name="publish-store", retries=1, retry_delay_seconds=10, timeout_seconds=1200
    ),
}


async def task_step(kind: str, name: str, work: Work[T]) -> T:
    """Run a step as a task run called ``name``."""
    configured = _KINDS[kind].with_options(
        task_run_name=name.replace("{", "(").replace("}", ")"),
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    done: T = await configured(work)
    return done
