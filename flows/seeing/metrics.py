"""Figures for Prometheus, left in a file at each run's end for node_exporter's textfile collector.

Counters are sums over the rows of ``runs``, so that they go on over restarts and machines; label
values are those of the tables below and no others, whatever feeds and pages say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from duckdb import DuckDBPyConnection
from prometheus_client import write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from flows.seeing.filesizes import Sizes, sizes_of
from storage import overview
from storage.models import RunState
from storage.overview import Overview, PastRun, RunTotals
from storage.store import Store

KINDS = ("ingest", "backfill", "load", "reextract", "rebuild")
RUN_STATES = ("completed", "completed_with_failures", "failed", "crashed")
GOOD: tuple[RunState, ...] = ("completed", "completed_with_failures")
FEED_STATES = (
    "new", "ok", "quiet", "blocked", "moved", "gone", "html", "failing", "lying_304",
)  # fmt: skip
STAGES = ("poll", "parse", "fetch", "extract", "gate")
OTHER = "other"

_SUMS = (
    ("run_seconds", "seconds", "Time that runs took."),
    ("entries", "entries", "Entries seen."),
    ("pages_fetched", "fetched", "Article pages fetched."),
    ("articles_stored", "stored", "Articles new or edited."),
    ("entries_known", "known", "Entries whose article was stored already."),
    ("entries_rejected", "rejected", "Entries refused."),
    ("copies", "duplicates", "Stored articles that are copies of another."),
)


class Figures(Collector):
    """What the store holds and its runs did, as metrics."""

    def __init__(
        self,
        found: Overview,
        totals: Mapping[str, RunTotals],
        last: Mapping[str, PastRun],
        good: Mapping[str, datetime],
        sizes: Sizes,
    ) -> None:
        self._found, self._totals, self._last, self._good = found, totals, last, good
        self._sizes = sizes

    def collect(self) -> Iterator[Metric]:
        """Every family, with the same labels each time."""
        yield _gauge(
            "build_info", "Which voltwire wrote this.", "version", [(version("voltwire"), 1)]
        )
        yield from self._runs()
        yield from self._last_runs()
        yield from self._stored()

    def _runs(self) -> Iterator[Metric]:
        runs = CounterMetricFamily(
            "voltwire_runs", "Runs that have ended.", labels=["kind", "state"]
        )
        for kind in KINDS:
            had = self._totals[kind].runs if kind in self._totals else {}
            for state in RUN_STATES:
                runs.add_metric([kind, state], had.get(state, 0))
        yield runs
        for name, column, words in _SUMS:
            family = CounterMetricFamily(f"voltwire_{name}", words, labels=["kind"])
            for kind in KINDS:
                total = self._totals.get(kind)
                family.add_metric([kind], getattr(total, column) if total else 0)
            yield family

    def _last_runs(self) -> Iterator[Metric]:
        last = {kind: self._last[kind] for kind in KINDS if kind in self._last}
        yield _gauge(
            "last_run_start_timestamp_seconds", "When the last run began.", "kind",
            [(kind, run.started_at.timestamp()) for kind, run in last.items()],
        )  # fmt: skip
        yield _gauge(
            "last_run_duration_seconds", "How long the last run took.", "kind",
            [(kind, run.seconds or 0.0) for kind, run in last.items()],
        )  # fmt: skip
        yield _gauge(
            "last_run_success", "Whether the last run came to its end (1), or not (0).", "kind",
            [(kind, run.state in GOOD) for kind, run in last.items()],
        )  # fmt: skip
        yield _gauge(
            "last_success_timestamp_seconds", "When the last run ended that came to its end.",
            "kind", [(kind, at.timestamp()) for kind, at in self._good.items() if kind in KINDS],
        )  # fmt: skip

    def _stored(self) -> Iterator[Metric]:
        found, sizes = self._found, self._sizes
        yield _gauge("store_articles", "Articles stored.", value=found.articles)
        yield _gauge("store_stories", "Stories that they tell.", value=found.stories)
        yield _gauge("store_entries", "Entries known.", value=found.entries)
        yield _gauge("entries_to_retry", "Entries that will be tried again.", value=found.retries)
        yield _gauge("gaps_open", "Gaps in feeds that nothing has repaired.", value=found.gaps)
        yield _gauge(
            "feeds", "Enabled feeds by state.", "state", _bounded(found.feeds, FEED_STATES)
        )
        yield _gauge(
            "store_rejections", "Feeds, entries and pages refused, by stage.", "stage",
            _bounded(found.rejections, STAGES),
        )  # fmt: skip
        yield _gauge(
            "store_size_bytes", "Bytes on the disk.", "part",
            [("live", sizes.live), ("published", sizes.published), ("archive", sizes.archive)],
        )  # fmt: skip
        yield _gauge("archive_files", "WARC files.", value=sizes.archive_files)
        if sizes.free is not None:
            yield _gauge("store_free_bytes", "Bytes left on its disk.", value=sizes.free)


def _gauge(
    name: str,
    words: str,
    label: str = "",
    values: Iterable[tuple[str, float]] = (),
    *,
    value: float | None = None,
) -> Metric:
    if value is not None:
        return GaugeMetricFamily(f"voltwire_{name}", words, value=value)
    family = GaugeMetricFamily(f"voltwire_{name}", words, labels=[label])
    for of, number in values:
        family.add_metric([of], number)
    return family


def _bounded(counts: Mapping[str, int], known: Iterable[str]) -> list[tuple[str, float]]:
    """A count for each of ``known``, zeros included, and one for all the others together."""
    told = {name: counts.get(name, 0) for name in known}
    told[OTHER] = sum(counts.values()) - sum(told.values())
    return list(told.items())


def figures(con: DuckDBPyConnection, store: Store, now: datetime) -> Figures:
    """Gather the figures of ``store``, which ``con`` has open."""
    ended = {kind: overview.last_runs(con, 1, kind=kind, ended=True) for kind in KINDS}
    last = {kind: runs[0] for kind, runs in ended.items() if runs}
    return Figures(
        overview.overview(con, since=now), overview.totals(con), last,
        overview.last_ends(con, GOOD), sizes_of(store),
    )  # fmt: skip


def leave(path: Path, store: Store, now: datetime, *, published: bool) -> None:
    """Write the figures of ``store`` to ``path``: whole or not at all, for readers at any time.

    Args:
        published: whether the published copy has the last run; where it has not, the writer's own
            database is asked, and waited for.

    Raises:
        OSError, StoreError: when that cannot be.
    """
    with store.read() if published else store.write() as con:
        found = figures(con, store, now)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), found)
