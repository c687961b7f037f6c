"""The texts that labels of names speak of, found again in a folder of real material.

A label names its text by (file, id); offsets count in ``headline + two line breaks + text``.
"""

from __future__ import annotations

import gzip
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import feedparser
from lxml import html as parsed

from benchmarks.neardup import read_rows

BETWEEN = "\n\n"
_MARKUP = re.compile(r"<[^>]+>")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Text:
    """One labelled text."""

    file: str
    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """What offsets of labels count in."""
        return self.title + BETWEEN + self.text


def texts(folder: Path, file: str) -> Iterator[Text]:
    """All texts of one file under ``folder``, whose form its name tells."""
    path = folder / file
    if file.endswith((".jsonl", ".jsonl.gz")):
        yield from _rows(path, file)
    elif file.endswith(".warc.gz"):
        yield from _feed(path, file)
    else:
        yield _page(path, file)


def _rows(path: Path, file: str) -> Iterator[Text]:
    for row in read_rows(path):
        name = row.get("id") or row.get("article_id") or row.get("url")
        yield Text(file, str(name), row.get("title") or "", row.get("text") or "")


def _feed(path: Path, file: str) -> Iterator[Text]:
    """The entries of the aggregator's feed in the archive."""
    body = gzip.decompress(path.read_bytes())
    start = body.index(b"WARC-Target-URI: https://aggregator.example/")
    start = body.index(b"<rss", start)
    feed = feedparser.parse(io.BytesIO(body[start : body.index(b"</rss>", start) + 6]))
    for entry in feed.entries:
        summary = _plain(entry.get("summary", "")).replace(" more…", "")
        yield Text(file, entry.link, _plain(entry.get("title", "")), summary)


def _page(path: Path, file: str) -> Text:
    tree = parsed.fromstring(path.read_text(encoding="utf-8", errors="replace"))
    parts = [_plain(one.text_content()) for one in tree.xpath("//p")]
    return Text(file, "", "", "\n".join(filter(None, parts)))


def _plain(markup: str) -> str:
    return _SPACES.sub(" ", html.unescape(_MARKUP.sub(" ", markup))).strip()
