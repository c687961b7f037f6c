"""What a run did, as figures, as one screen and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from storage.models import RunState

# A feed that takes longer than this, its turn among the others included, is one of those that a run
# waits for: healthy ones answer within two seconds, a whole poll may take 60.
SLOW_SECONDS = 10.0
SLOW_KEPT = 10


@dataclass(slots=True, kw_only=True)
class RunReport:
    """The tally of one run; filled in as it goes.

    ``entries == stored + edited + known + rejected`` at the end of every run that was not cut
    short: an entry is a new article, an edit of one, one the store already had, or a rejection.
    """

    run_id: str
    kind: str
    store: str
    started_at: datetime
    ended_at: datetime | None = None
    state: RunState = "running"
    feeds: int = 0
    """Feeds polled."""
    feeds_failed: dict[str, str] = field(default_factory=dict)
    """slug -> why the poll brought nothing."""
    feeds_slow: dict[str, float] = field(default_factory=dict)
    """slug -> seconds, of the slowest feeds, the slowest first."""
    feeds_waiting: int = 0
    """Feeds that were not due."""
    entries: int = 0
    fetched: int = 0
    stored: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """reason -> number of entries rejected for it."""
    outside: int = 0
    """Entries outside a backfill's window; not counted in ``entries``."""
    undated: int = 0
    """Articles stored without a trustworthy date."""
    duplicates: int = 0
    """Articles of this run that are copies of another article."""
    repeats: int = 0
    """Stretches cut because their article said them twice."""
    new_stories: int = 0
    coverage: list[dict[str, object]] = field(default_factory=list)
    """Of a backfill over the network, a record a feed: see ``flows.backfilling``."""
    feed_changes: list[dict[str, str]] = field(default_factory=list)
    """Feeds that fare otherwise than was told of them before: see ``flows.feed_changes``."""
    published: str = ""
    """Path of the published store; empty when publishing failed."""
    digest: str = ""
    """The digest's first page, where one is made after each ingest."""
    detail: str = ""
    seconds: float = 0.0

    def reject(self, reason: str, times: int = 1) -> None:
        """Count ``times`` entries rejected for ``reason``."""
        self.rejected += times
        self.reasons[reason] = self.reasons.get(reason, 0) + times

    def took(self, slug: str, seconds: float) -> None:
        """Note how long a feed took, where it is one of the slowest."""
        if seconds >= SLOW_SECONDS:
            slow = {**self.feeds_slow, slug: round(seconds, 1)}
            slowest = sorted(slow.items(), key=lambda pair: (-pair[1], pair[0]))
            self.feeds_slow = dict(slowest[:SLOW_KEPT])

    @property
    def state_words(self) -> str:
        """The state as one says it."""
        return self.state.replace("_", " ")

    @property
    def nothing_reached(self) -> bool:
        """True when every feed failed for want of a network."""
        offline = {"dns", "connect", "timeout"}
        # One or two feeds may be down by themselves.
        return self.feeds > 2 and (
            len(self.feeds_failed) == self.feeds
            and {why.split(":")[0] for why in self.feeds_failed.values()} <= offline
        )

    @property
    def exit_code(self) -> int:
        """0 done; 1 done, with failures worth a look."""
        return 1 if self.feeds_failed or self.state != "completed" or not self.published else 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        record = asdict(self)
        for name in ("started_at", "ended_at"):
            record[name] = record[name].isoformat() if record[name] else None
        return record

    def line(self) -> str:
        """One line that a tired person, or a cron mail, understands."""
        parts = [f"{self.kind} {self.state.replace('_', ' ')} in {self.seconds:.0f} s"]
        if self.kind == "ingest":
            failed = f" ({len(self.feeds_failed)} failed)" if self.feeds_failed else ""
            parts.append(f"{self.feeds} feeds{failed}")
        parts.append(f"{self.entries} entries")
        parts.append(
            f"{self.stored} new articles, {self.edited} edited, {self.known} known, "
            f"{self.rejected} rejected"
        )
        if self.duplicates:
            parts.append(f"{self.duplicates} copies of other articles")
        return "; ".join(parts)

    def news(self) -> str:
        """What of the run is new and worth a look, in one line; "" when nothing is.

        A feed that goes on failing is none: the change of its state was told when it was one.
        """
        parts = []
        if self.nothing_reached:
            parts.append(f"no network: none of the {self.feeds} feeds could be reached")
        elif self.state not in ("completed", "completed_with_failures"):
            parts.append(self.state_words)
        parts += [f"feed {change['line']}" for change in self.feed_changes]
        if self.detail and not self.nothing_reached:
            parts.append(self.detail)
        return f"{self.kind} {self.run_id}: {'; '.join(parts)}" if parts else ""

    def rows(self) -> list[tuple[str, str]]:
        """Label and figure of each line of the one-screen summary."""
        rows: list[tuple[str, str]] = []
        if self.kind == "ingest":
            waiting = f", {self.feeds_waiting} not due" if self.feeds_waiting else ""
            failed = f", {len(self.feeds_failed)} failed" if self.feeds_failed else ""
            rows.append(("feeds polled", f"{self.feeds}{failed}{waiting}"))
        rows.append(("entries seen", f"{self.entries}"))
        if self.outside:
            rows.append(("outside the window", f"{self.outside} (not counted above)"))
        rows.append(("new articles", f"{self.stored}"))
        if self.edited:
            rows.append(("edited articles", f"{self.edited} (see article_versions)"))
        rows.append(("known already", f"{self.known}"))
        why = ", ".join(
            f"{count} {reason}"
            for reason, count in sorted(self.reasons.items(), key=lambda pair: -pair[1])
        )
        rows.append(("rejected", f"{self.rejected}" + (f" ({why})" if why else "")))
        rows.append(("stories begun", f"{self.new_stories}"))
        rows.append(("copies of others", f"{self.duplicates}"))
        rows.append(("repeats cut", f"{self.repeats}"))
        if self.undated:
            rows.append(("without a date", f"{self.undated}"))
        if self.digest:
            rows.append(("digest", self.digest))
        return rows

    def failures(self) -> list[tuple[str, str]]:
        """(feed, why) of each feed that failed."""
        return sorted(self.feeds_failed.items())
