"""Count repeats that are not the author's: ``python benchmarks/leftovers.py CORPUS.warc.gz ...``.

A page counts when the text that extraction brings holds 25 words a second time, those of the true
text of the page (``CORPUS.truth.jsonl`` beside it) excepted; before and after the remover of
``dedupe.repeats``.  Prints a row for each page left on standard error, JSON on standard output.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from extract import by_voltwire, read_pages

from dedupe.repeats import remove_repeats
from dedupe.text import words

_WORDS = 25


def repeated(text: str) -> list[tuple[str, ...]]:
    """Runs of 25 words that stand in ``text`` a second time without overlap, in reading order."""
    found = words(text)
    first: dict[tuple[str, ...], int] = {}
    again = []
    for place in range(len(found) - _WORDS + 1):
        run = tuple(found[place : place + _WORDS])
        if place - first.setdefault(run, place) >= _WORDS:
            again.append(run)
    return again


def foreign(text: str, held: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Those repeated runs of ``text`` that are not ``held`` by the true text."""
    return [run for run in repeated(text) if run not in held]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="+", help="WARC files of article pages")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    report = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "corpora": {}, "left": []}
    whole = [0, 0, 0]
    for corpus in arguments.corpus:
        truth = corpus.with_name(corpus.name.replace(".warc.gz", ".truth.jsonl"))
        with truth.open(encoding="utf-8") as lines:
            true_texts = {row["url"]: row["text"] for row in map(json.loads, lines)}
        counts = [0, 0, 0]
        for page in read_pages(corpus):
            text = by_voltwire(page).get("text", "")
            if page.url not in true_texts or not text:
                continue
            held = set(repeated(true_texts[page.url]))
            before = foreign(text, held)
            after = foreign(remove_repeats(text).text, held) if before else []
            counts = [counts[0] + 1, counts[1] + bool(before), counts[2] + bool(after)]
            if after:
                report["left"].append({"url": page.url, "starts": " ".join(after[0])})
                print(f"{page.url[:80]:82}{' '.join(after[0])[:100]}", file=sys.stderr)
        report["corpora"][corpus.name] = dict(
            zip(("pages", "before", "after"), counts, strict=True)
        )
        whole = [have + more for have, more in zip(whole, counts, strict=True)]
    report["pages"], report["before"], report["after"] = whole
    report["share_before"] = round(whole[1] / max(1, whole[0]), 4)
    report["share_after"] = round(whole[2] / max(1, whole[0]), 4)
    for name in ("pages", "before", "after", "share_before", "share_after"):
        print(f"{name:14}{report[name]}", file=sys.stderr)
    print(json.dumps(report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
