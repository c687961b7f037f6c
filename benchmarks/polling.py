"""What a schedule of polls misses and what it costs: 79 feeds, 90 days, a fake clock.

    python benchmarks/polling.py [--data ../shared/data] [--days 90] [--seed 1] [--feeds 79]

The feeds are those of ``feeds/sources.csv``: number, zone, CMS (WordPress pages back with
``?paged=``, the others do not page) and, where they are noted, window and rate.  Rates that are
not noted are drawn from a log-normal with median 5 a day (0.2 to 60), windows from those that are
usual (10 for most of WordPress, to 100).  When in the week a feed publishes comes from real ones:
hour-of-week counts of the real feeds in ``feeds/real`` that date 24 entries or more, and of the
Reuters wire, smoothed over neighbouring hours and drawn halfway to an office's week (08 to 18 h
local time, Saturday and Sunday a fifth).  Bursts too: as many entries follow within minutes as
gaps in the real feed are under a tenth of its mean.  A quarter of the feeds halve their output in
the seven months, a quarter double it.  Without the folder all shapes are the office's.

Each feed is down once or twice for 1 to 10 days (503, 403 or silence), and the poller itself once
for two days.  Every schedule is asked at the ticks of a 15-minute cron, sees the same feeds and
outages, and keeps what it saw.  ``voltwire`` is ``ingest.poll``, ``gaps`` and ``routes`` as they
run; the others are:

- ``fixed 15``, ``fixed 60``: minutes.
- ``weekly count``: miniflux's entry_frequency scheduler (internal/model/feed.go,
  ScheduleNextCheck): a week divided by the entries of the last week, between 5 minutes and
  24 hours; failures change nothing (its limit of three errors, after which a feed is not asked
  at all, is left out).

None of these pages back.  Delay is from an entry's appearance to the poll that saw it, without
entries that appeared while the feed or the poller was down.  Losses are entries that appeared in
the 90 days, save the last two, and were never seen; ``uncovered`` are those of them that no row
of ``gaps`` covers (voltwire only).  Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import sys
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from ingest import gaps, poll
from ingest.models import Feed, FeedEntry, FeedState, FetchFailure, Gap, NotModified, Page
from ingest.parse import ParsedFeed, parse_feed
from ingest.policy import RepairPolicy

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HISTORY = timedelta(days=120)  # published before the first poll
TICK = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LAST = timedelta(days=2)  # not judged: some schedules have not come round
ZONES = {
    "US": -5, "GB": 0, "DE": 1, "FR": 1, "ES": 1, "CZ": 1, "CN": 8, "KR": 9, "JP": 9, "AU": 10,
    "IN": 5, "CA": -5, "SG": 8,
}  # fmt: skip
NOTED = {
    "Electrek": (11.0, 100), "InsideEVs (all articles)": (7.0, 20), "The Driven": (3.0, 10),
    "electrive (English)": (7.5, 0), "CnEVPost": (9.0, 50), "Teslarati": (0.0, 10),
    "Batteries News": (0.4, 0), "Batteries International": (1 / 7, 0),
    "Interesting Engineering": (10.0, 0), "Google News search (discovery)": (0.0, 100),
}  # fmt: skip
"""Entries a day and window as ``window_or_rate`` words them; 0 where it does not."""


@dataclass(slots=True)
class Source:
    """One simulated feed: when its entries appear and when it does not answer."""

    feed: Feed
    window: int
    pages: bool
    validators: bool
    at: list[datetime]
    entries: list[FeedEntry]
    down: list[tuple[datetime, datetime, int | None]]

    def listed(self, now: datetime, page: int = 1) -> tuple[FeedEntry, ...]:
        """The entries of a page of the feed, newest first."""
        end = bisect_right(self.at, now) - (page - 1) * self.window
        return tuple(reversed(self.entries[max(0, end - self.window) : max(0, end)]))

    def outage(self, now: datetime) -> tuple[datetime, datetime, int | None] | None:
        """The outage that ``now`` lies in."""
        return next((each for each in self.down if each[0] <= now < each[1]), None)


@dataclass(slots=True)
class Tally:
    """What one schedule did with one feed."""

    polls: int = 0
    requests: int = 0
    seen: dict[str, datetime] = field(default_factory=dict)
    gaps: dict[tuple[datetime, datetime], Gap] = field(default_factory=dict)
    published: list[datetime] = field(default_factory=list)
    looked: int = 0
    """Place of the newest entry seen."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--feeds", type=int, default=79)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    began = time.process_time()
    report = compare(options.data, options.feeds, options.days, options.seed)
    report["cpu_seconds"] = round(time.process_time() - began, 1)
    show(report)
    print(json.dumps(report))
    return 0


def compare(data: Path, count: int, days: int, seed: int) -> dict[str, Any]:
    """Run every schedule over the same feeds."""
    end = START + timedelta(days=days)
    picker = random.Random(seed)
    shapes = real_shapes(data)
    sources = [
        source(row, number, shapes, end, random.Random(picker.random()))
        for number, row in enumerate(rows(data, count))
    ]
    off = (START + timedelta(days=days * 0.45), START + timedelta(days=days * 0.45 + 2))
    ways: dict[str, Callable[[Source], Tally]] = {
        "voltwire": lambda one: learned(one, end, off),
        "fixed 15": lambda one: fixed(one, end, off, TICK),
        "fixed 60": lambda one: fixed(one, end, off, HOUR),
        "weekly count": lambda one: weekly(one, end, off),
    }
    found: dict[str, Any] = {}
    for name, way in ways.items():
        tallies = [way(one) for one in sources]
        found[name] = figures(sources, tallies, end, off)
    full = found["fixed 15"]["polls"]
    for each in found.values():
        each["polls_of_fixed_15"] = round(each["polls"] / full, 4)
        each["requests_of_fixed_15"] = round(each["requests"] / full, 4)
    return {
        "feeds": len(sources),
        "page_back": sum(one.pages for one in sources),
        "days": days,
        "seed": seed,
        "shapes": sorted(shapes),
        "entries": sum(
            bisect_right(one.at, end - LAST) - bisect_right(one.at, START) for one in sources
        ),
        "schedules": found,
    }


# --- the feeds -----------------------------------------------------------------------------------


def rows(data: Path, count: int) -> list[dict[str, str]]:
    """The sources; made up where the folder is absent."""
    path = data / "feeds" / "sources.csv"
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))[:count]
    print(f"{path} is absent: all feeds are made up", file=sys.stderr)
    return [
        {"publisher": f"P{n}", "country": "US", "cms": "WordPress" if n % 3 else "own"}
        for n in range(count)
    ]


def source(
    row: dict[str, str],
    number: int,
    shapes: dict[str, tuple[list[float], float]],
    end: datetime,
    picker: random.Random,
) -> Source:
    """The feed of one row."""
    name = row["publisher"]
    rate, window = NOTED.get(name, (0.0, 0))
    rate = rate or min(max(exp(picker.gauss(log(5.0), 1.1)), 0.2), 60.0)
    pages = row["cms"].startswith("WordPress")
    window = window or picker.choice(
        [10, 10, 10, 10, 12, 20, 25] if pages else [10, 15, 20, 20, 30, 50, 100]
    )
    shape, bursts = picker.choice(list(shapes.values()))
    zone = ZONES.get(row.get("country", ""), 0)
    at = appearances(rate, shape, bursts, zone, end, picker)
    slug = f"s{number}"
    feed = Feed(slug=slug, url=f"https://{slug}.example/feed/", publisher=name)
    late = timedelta(minutes=picker.choice([0, 0, 0, 5, 20, 45]))  # from its date to the feed
    entries = []
    for place, moment in enumerate(at):
        url = f"https://{slug}.example/{place}"
        entries.append(FeedEntry(url=url, canonical_url=url, feed=slug, published_at=moment - late))
    return Source(
        feed=feed, window=window, pages=pages, validators=picker.random() < 0.7, at=at,
        entries=entries, down=outages(end, picker),
    )  # fmt: skip


def appearances(
    rate: float,
    shape: Sequence[float],
    bursts: float,
    zone: int,
    end: datetime,
    picker: random.Random,
) -> list[datetime]:
    """When entries appear: a Poisson process with the shape of a week, and bursts on top."""
    found: list[datetime] = []
    hour = START - HISTORY
    drift = picker.choice([1.0, 1.0, 0.5, 2.0])  # what the rate becomes by and by
    whole = (end - hour) / DAY
    while hour < end:
        local = hour + zone * HOUR
        level = drift ** ((hour - (START - HISTORY)) / DAY / whole)
        mean = rate / 24 * level * shape[local.weekday() * 24 + local.hour] * (1 - bursts)
        passed = picker.expovariate(1.0)
        while passed < mean:
            moment = hour + HOUR * (passed / mean)
            found.append(moment)
            while picker.random() < bursts:
                moment += timedelta(minutes=picker.uniform(0.2, 8))
                found.append(moment)
            passed += picker.expovariate(1.0)
        hour += HOUR
    return sorted(moment for moment in found if moment < end)


def outages(end: datetime, picker: random.Random) -> list[tuple[datetime, datetime, int | None]]:
    """One or two times of 1 to 10 days in which the feed does not answer."""
    days = (end - START) / DAY
    found = []
    for _ in range(picker.choice([1, 2])):
        length = picker.uniform(1, 10)
        start = START + timedelta(days=picker.uniform(3, max(4.0, days - length - 3)))
        found.append((start, start + timedelta(days=length), picker.choice([503, 403, None])))
    return found


def office() -> list[float]:
    """An office's week, with a mean of one: 08 to 18 h, Saturday and Sunday a fifth."""
    day = [0.05 if hour < 6 else 0.5 if hour < 8 or hour >= 18 else 2.2 for hour in range(24)]
    week = [value * (0.2 if weekday >= 5 else 1.0) for weekday in range(7) for value in day]
    mean = fmean(week)
    return [value / mean for value in week]


def real_shapes(data: Path) -> dict[str, tuple[list[float], float]]:
    """name -> hour-of-week shape with a mean of one, and the share of entries in bursts."""
    found = {"office": (office(), 0.1)}
    for path in sorted((data / "feeds" / "real").glob("*")):
        feed = Feed(slug="x", url="https://x.example/feed", publisher="")
        read = parse_feed(path.read_bytes(), url=feed.url, content_type="", feed=feed, now=START)
        if isinstance(read, ParsedFeed):
            times = sorted(one.published_at for one in read.entries if one.published_at)
            if len(times) >= 24 and times[-1] - times[0] > timedelta(hours=6):
                found[path.name] = shape_of(times)
    wire = data / "neardup" / "reuters21578.articles.jsonl.gz"
    if wire.is_file():
        with gzip.open(wire, "rt", encoding="utf-8") as lines:
            stamps = (json.loads(line).get("published") or "" for line in lines)
            times = sorted(datetime.fromisoformat(stamp) for stamp in stamps if "T" in stamp)
        if times:
            found["reuters wire"] = (shape_of(times)[0], 0.1)
    return found


def shape_of(times: Sequence[datetime]) -> tuple[list[float], float]:
    """The week of some times, halfway to the office's, and how bursty they are."""
    counts = Counter(at.weekday() * 24 + at.hour for at in times)
    smooth = [
        sum(counts[(cell + off) % 168] * weight for off, weight in ((-1, 1), (0, 2), (1, 1)))
        for cell in range(168)
    ]
    mean = fmean(smooth)
    week = [(value / mean + normal) / 2 for value, normal in zip(smooth, office(), strict=True)]
    waits = [(after - before) / HOUR for before, after in pairwise(times)]
    short = 0.1 * fmean(waits)
    bursts = sum(wait < short for wait in waits) / len(waits)
    return week, min(bursts, 0.4)


# --- the schedules -------------------------------------------------------------------------------


def tick_after(moment: datetime, off: tuple[datetime, datetime]) -> datetime:
    """The first run of the cron at or after ``moment`` that takes place."""
    ticks = -(-(moment - START) // TICK)
    tick = START + ticks * TICK
    return tick if not off[0] <= tick < off[1] else tick_after(off[1], off)


def learned(one: Source, end: datetime, off: tuple[datetime, datetime]) -> Tally:
    """The schedule of ``ingest.poll``, with repairs as ``flows.repairing`` makes them."""
    tally, state, now = Tally(), None, START
    open_gaps: list[Gap] = []
    while now < end:
        tally.polls += 1
        tally.requests += 1
        state, open_gaps = _poll(one, state, open_gaps, now, tally)
        due = poll.next_poll_at(one.feed, state, now + timedelta(seconds=1))
        if due is None:
            break
        now = tick_after(due, off)
    return tally


def _poll(
    one: Source, state: FeedState | None, open_gaps: list[Gap], now: datetime, tally: Tally
) -> tuple[FeedState, list[Gap]]:
    feed = one.feed
    outage = one.outage(now)
    if outage is not None:
        word = f"http_{outage[2]}" if outage[2] else "timeout"
        failed = FetchFailure(url=feed.url, reason=word, detail="", at=now, status=outage[2])
        return poll.after_failure(feed, state, failed, now), open_gaps
    listed = one.listed(now)
    tag = f'"{listed[0].canonical_url}"' if listed and one.validators else ""
    contradicted = False
    if tag and poll.validators(feed, state, now)[0] == tag:
        if not poll.doubts(feed, state, now):
            unchanged = NotModified(url=feed.url, fetched_at=now)
            return poll.after_not_modified(feed, state, unchanged, now), open_gaps
        tally.requests += 1
        contradicted = True
    fresh = {each.canonical_url for each in listed if each.canonical_url not in tally.seen}
    gap = gaps.find_gap(feed, state, listed, now)
    for url in fresh:
        tally.seen[url] = now
    todo = [*open_gaps, *([gap] if gap else [])]
    if todo and state is not None:
        todo = repair(one, state, listed, todo, now, tally)
    page = Page(
        url=feed.url, requested_url=feed.url, status=200, content_type="", body=tag.encode(),
        fetched_at=now, etag=tag,
    )  # fmt: skip
    after = poll.after_success(
        feed, state, page, parsed_of(listed), fresh, now, gap=gap, contradicted=contradicted
    )
    left = [
        each
        for each in todo
        if each.repaired_at is None and each.attempts < RepairPolicy().attempts
    ]
    return after, left


def repair(
    one: Source,
    state: FeedState,
    listed: Sequence[FeedEntry],
    todo: list[Gap],
    now: datetime,
    tally: Tally,
) -> list[Gap]:
    """Page back where the feed can, by the decisions of ``ingest.gaps``."""
    earliest = min(gap.from_at for gap in todo)
    whole = replace(todo[-1], from_at=earliest, attempts=0)
    alone = len(todo) == 1 and todo[0].detected_at == now
    walk = gaps.set_out(whole, state if alone else FeedState(slug=""), listed)
    page = 1
    while one.pages and walk.progress == "on":
        page += 1
        tally.requests += 1
        older = one.listed(now, page)
        if not older:
            walk = gaps.at_the_end(walk)
            break
        walk, new = gaps.step(walk, older, RepairPolicy().requests)
        for each in new:
            if each.published_at and each.published_at >= earliest - DAY:
                tally.seen.setdefault(each.canonical_url, now)
    ended = gaps.settled(walk, "wordpress" if one.pages else "", now)
    done = [replace(gap, repaired_at=ended.repaired_at, attempts=gap.attempts + 1) for gap in todo]
    for gap in done:
        tally.gaps[gap.from_at, gap.to_at] = gap
    return done


def parsed_of(listed: tuple[FeedEntry, ...]) -> ParsedFeed:
    return ParsedFeed(
        title="", site_url="", language="", entries=listed, skipped=(), repeated=0,
        ttl_minutes=None, next_url="", note="",
    )  # fmt: skip


def fixed(one: Source, end: datetime, off: tuple[datetime, datetime], every: timedelta) -> Tally:
    """One interval for all."""
    tally, now = Tally(), START
    while now < end:
        _look(one, now, tally)
        now = tick_after(now + every, off)
    return tally


def weekly(one: Source, end: datetime, off: tuple[datetime, datetime]) -> Tally:
    """A week divided by the entries of the last week, from 5 minutes to 24 hours."""
    tally, now = Tally(), START
    while now < end:
        _look(one, now, tally)
        count = len(tally.published) - bisect_left(tally.published, now - 7 * DAY)
        wait = max(timedelta(minutes=5), min(DAY, 7 * DAY / count)) if count else DAY
        now = tick_after(now + wait, off)
    return tally


def _look(one: Source, now: datetime, tally: Tally) -> None:
    tally.polls += 1
    tally.requests += 1
    if one.outage(now) is not None:
        return
    end = bisect_right(one.at, now)
    for each in one.entries[max(tally.looked, end - one.window) : end]:
        tally.seen[each.canonical_url] = now
        tally.published.append(each.published_at or now)
    tally.looked = end


# --- the figures ---------------------------------------------------------------------------------


def figures(
    sources: Sequence[Source],
    tallies: Sequence[Tally],
    end: datetime,
    off: tuple[datetime, datetime],
) -> dict[str, Any]:
    """What came of one schedule over all feeds."""
    counted, stored = Counter[bool](), Counter[bool]()
    uncovered = 0
    delays: list[float] = []
    by_feed: list[float] = []
    for one, tally in zip(sources, tallies, strict=True):
        mine: list[float] = []
        rows_of_gaps = list(tally.gaps.values())
        for at, entry in zip(one.at, one.entries, strict=True):
            if not START <= at < end - LAST:
                continue
            counted[one.pages] += 1
            seen = tally.seen.get(entry.canonical_url)
            if seen is None:
                uncovered += not any(covers(gap, entry) for gap in rows_of_gaps)
                continue
            stored[one.pages] += 1
            if one.outage(at) is None and not off[0] <= at < off[1]:
                mine.append((seen - at) / timedelta(minutes=1))
        delays += mine
        by_feed += [fmean(mine)] if mine else []
    polls = sum(tally.polls for tally in tallies)
    all_gaps = [gap for tally in tallies for gap in tally.gaps.values()]
    return {
        "stored": round(sum(stored.values()) / sum(counted.values()), 6),
        "stored_page_back": round(stored[True] / max(1, counted[True]), 6),
        "stored_elsewhere": round(stored[False] / max(1, counted[False]), 6),
        "lost": sum(counted.values()) - sum(stored.values()),
        "uncovered": uncovered,
        "gaps": len(all_gaps),
        "gaps_repaired": sum(gap.repaired_at is not None for gap in all_gaps),
        "polls": polls,
        "requests": sum(tally.requests for tally in tallies),
        "polls_a_feed_and_day": round(polls / len(sources) / ((end - START) / DAY), 2),
        "delay_minutes_mean": round(fmean(delays), 1),
        "delay_minutes_median": round(median(delays), 1),
        "delay_minutes_mean_of_feeds": round(fmean(by_feed), 1),
    }


def covers(gap: Gap, entry: FeedEntry) -> bool:
    return entry.published_at is not None and gap.from_at <= entry.published_at <= gap.to_at


def show(report: dict[str, Any]) -> None:
    print(
        f"{report['feeds']} feeds ({report['page_back']} page back), {report['days']} days, "
        f"{report['entries']} entries, rhythms: {', '.join(report['shapes'])}"
    )
    head = ("schedule", "stored", "pageable", "others", "lost", "uncovered", "gaps", "repaired",
            "polls", "of 15'", "a day", "delay", "median")  # fmt: skip
    print("".join(f"{name:>11}" if place else f"{name:13}" for place, name in enumerate(head)))
    for name, each in report["schedules"].items():
        ours = name == "voltwire"
        cells = (
            f"{each['stored']:.4%}", f"{each['stored_page_back']:.4%}",
            f"{each['stored_elsewhere']:.4%}", each["lost"], each["uncovered"] if ours else "-",
            each["gaps"] if ours else "-", each["gaps_repaired"] if ours else "-", each["polls"],
            f"{each['polls_of_fixed_15']:.1%}", each["polls_a_feed_and_day"],
            f"{each['delay_minutes_mean']}'", f"{each['delay_minutes_median']}'",
        )  # fmt: skip
        print(f"{name:13}" + "".join(f"{cell:>11}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
