"""Every feed file at hand: what is read of it, how long that takes, and where feedparser differs.

``python -m benchmarks.feedfiles FOLDER...`` reads every file under the folders as ``parse_feed``
does, and the well-formed ones with plain feedparser, too: as many entries, under the same
addresses and titles?  Fixture sets that name their headers in a comment ("Header: Content-type:
...", as feedparser's own do) get these.  Prints JSON, or with ``--table`` what a person reads;
ends with 1 when a file takes longer than ``--seconds`` or raises.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from xml.sax import SAXException

import feedparser

from ingest.models import Feed
from ingest.parse import ParsedFeed, parse_feed
from ingest.rawfeed import clean_line
from ingest.urls import canonical_url, is_made_up, resolve

URL = "http://127.0.0.1:8097/feed.xml"
FEED = Feed(slug="f", url=URL, publisher="F")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_HEADER = re.compile(rb"^\s*Header:\s*Content-type:\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_SKIPPED = {".py", ".md", ".csv", ".txt", ".z", ".gz", ".json5"}


@dataclass
class Tally:
    """What came of all files."""

    files: int = 0
    entries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    raised: list[str] = field(default_factory=list)
    compared: int = 0
    differences: dict[str, list[str]] = field(default_factory=dict)

    def differ(self, kind: str, file: str) -> None:
        self.differences.setdefault(kind, []).append(file)


def read(path: Path, name: str, tally: Tally) -> None:
    """One file into the tally."""
    body = path.read_bytes()
    header = _HEADER.search(body[:2000])
    content_type = header[1].decode("latin-1") if header else ""
    tally.files += 1
    began = process_time()
    try:
        found = parse_feed(body, url=URL, content_type=content_type, feed=FEED, now=NOW)
    except Exception as error:
        tally.raised.append(f"{name}: {type(error).__name__}: {error}")
        return
    tally.slowest = max(tally.slowest, (process_time() - began, name))
    if not isinstance(found, ParsedFeed):
        tally.outcomes[found.reason] += 1
    else:
        tally.entries += len(found.entries)
        empty = "no entries" if not found.listed else "entries refused"
        tally.outcomes["entries" if found.entries else empty] += 1
    headers = {"content-type": content_type} if content_type else {}
    plain = feedparser.parse(io.BytesIO(body), response_headers=headers | {"content-location": URL})
    # it calls a feed bozo for its Content-Type, too, and for a charset that it had to correct
    if isinstance(plain.get("bozo_exception"), SAXException) or not plain.version:
        return
    tally.compared += 1
    if not isinstance(found, ParsedFeed):
        if plain.entries:
            tally.differ(f"refused as {found.reason}", name)
        return
    if found.listed != len(plain.entries):
        tally.differ("number of entries", f"{name}: {found.listed} for {len(plain.entries)}")
        return
    ours = {entry.canonical_url: entry for entry in found.entries}
    for one in plain.entries:
        title = clean_line(one.get("title", ""), most=1000)
        if title and found.entries and title not in {entry.title for entry in ours.values()}:
            tally.differ("title", f"{name}: {title[:60]!r}, ours {found.entries[0].title[:60]!r}")
        link = resolve(URL, one.get("feedburner_origlink") or one.get("link", ""))
        if link and found.entries and canonical_url(link) not in ours:
            theirs = [entry.url for entry in found.entries]
            kind = "made-up address" if any(map(is_made_up, theirs)) else "address"
            tally.differ(kind, f"{name}: {link[:80]}, ours {theirs[0][:80]}")


def main(arguments: list[str] | None = None) -> int:
    """Read the folders named, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0, help="deadline of one file, CPU")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args(arguments)
    tally = Tally()
    for folder in options.folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _SKIPPED:
                read(path, str(path.relative_to(folder)), tally)
    if options.table:
        print(f"{tally.files} files, {tally.entries} entries; {dict(tally.outcomes)}")
        print(f"slowest {tally.slowest[0]:.3f} s of processor time: {tally.slowest[1]}")
        print(f"{tally.compared} well-formed ones compared with feedparser")
        for kind, files in tally.differences.items():
            print(f"  {kind}: {len(files)}")
            for file in files:
                print(f"    {file}")
        for line in tally.raised:
            print(f"  raised: {line}")
    else:
        print(
            json.dumps(
                {
                    "files": tally.files,
                    "entries": tally.entries,
                    "outcomes": tally.outcomes,
                    "slowest_seconds": round(tally.slowest[0], 3),
                    "slowest": tally.slowest[1],
                    "raised": tally.raised,
                    "compared": tally.compared,
                    "differences": {kind: len(of) for kind, of in tally.differences.items()},
                },
                indent=1,
            )
        )
    return 1 if tally.raised or tally.slowest[0] > options.seconds else 0


if __name__ == "__main__":
    sys.exit(main())
