"""The real texts that labels of figures speak of, found again in a folder of real material.

A label names its text by (file, url); offsets count in the headline or in the text as it is read
here, so that what this module does to a text must not change without the labels.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import html as parsed

from benchmarks.neardup import read_rows

_TAG = re.compile(r"<[^>]*>")
_BLOCK = re.compile(r"(?i)</?(?:p|div|li|h\d|br|tr)\b[^>]*>")
_SPACES = re.compile(r"[ \t\r\n\xa0]+")
_WRAPPED = re.compile(r"\n(?! )")
_FEWEST = 40
"""Characters of a paragraph of a page; shorter ones are buttons and menus."""


@dataclass(frozen=True, slots=True)
class Text:
    """One real text."""

    file: str
    url: str
    title: str
    text: str


def texts(folder: Path, files: Iterable[str]) -> Iterator[Text]:
    """All texts of ``files`` under ``folder``."""
    for file in files:
        path = folder / file
        if file.endswith((".jsonl", ".jsonl.gz")):
            yield from _rows(path, file)
        elif file.endswith(".xml"):
            yield from _feed(path, file)
        else:
            yield _page(path, file)


def _rows(path: Path, file: str) -> Iterator[Text]:
    for row in read_rows(path):
        text = row.get("text") or ""
        if "reuters" in file:
            # Wire copy is broken into lines of 60 characters; paragraphs are indented.
            text = _WRAPPED.sub(" ", text)
        yield Text(file, row["url"], row.get("title") or "", text)


def _feed(path: Path, file: str) -> Iterator[Text]:
    for entry in ET.parse(path).getroot().iter("item"):
        markup = _BLOCK.sub("\n", entry.findtext("description") or "")
        lines = html.unescape(_TAG.sub("", markup)).replace("\r", "").split("\n")
        text = "\n\n".join(_SPACES.sub(" ", line.strip(" ")) for line in lines if line.strip())
        yield Text(file, entry.findtext("link") or "", entry.findtext("title") or "", text)


def _page(path: Path, file: str) -> Text:
    tree = parsed.fromstring(path.read_bytes())
    parts = [
        " ".join(part.text_content().split()) for part in tree.iter("p", "h1", "h2", "h3", "li")
    ]
    return Text(file, path.name, "", "\n\n".join(part for part in parts if len(part) > _FEWEST))
