"""Score article extraction: ``python benchmarks/extract.py CORPUS.warc.gz [TRUTH.jsonl]``.

Prints a table on standard error and JSON on standard output: body F1, precision, recall and exact
share, exact shares of title, date (as its publisher wrote it, and in UTC) and author, pages a CPU
second and the memory that each adds to the peak, for voltwire and, on the same pages in the same
run, for trafilatura (defaults without
comments, fast, precision), newspaper4k, readability-lxml and resiliparse, as far as installed
(the ``bench`` extra); and the gain over trafilatura's defaults by a paired bootstrap.

What a whole run takes, and its memory, are ``benchmarks.backfill``'s to measure.

The body score is that of the article-extraction-benchmark
(https://github.com/scrapinghub/article-extraction-benchmark): multisets of four-word shingles;
true and false positives and false negatives divided by their sum on each page, so that every page
weighs the same; precision and recall averaged over pages, F1 their harmonic mean.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import random
import re
import resource
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trafilatura
from warcio.archiveiterator import ArchiveIterator

from ingest import urls
from ingest.charset import decode
from ingest.extract import extract
from ingest.models import Article, Capture, FeedEntry, Page
from ingest.pagetext import parse_page, plain_text

Prediction = dict[str, str]
_WORD = re.compile(r"\w+")
_SHINGLE = 4


def read_pages(path: Path) -> list[Page]:
    """Every HTML answer in a WARC file."""
    pages = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type != "response" or record.http_headers is None:
                continue
            kind = record.http_headers.get_header("content-type") or ""
            if "html" not in kind:
                continue
            url = record.rec_headers.get_header("WARC-Target-URI")
            pages.append(
                Page(
                    url=url,
                    requested_url=url,
                    status=int(record.http_headers.get_statuscode()),
                    content_type=kind,
                    body=record.content_stream().read(),
                    fetched_at=datetime.now(UTC),
                )
            )
    return pages


def capture_of(page: Page) -> Capture:
    entry = FeedEntry(url=page.url, canonical_url=urls.canonical_url(page.url))
    return Capture(entry=entry, page=page)


def by_voltwire(page: Page) -> Prediction:
    result = extract(capture_of(page), None, now=datetime.now(UTC))
    if not isinstance(result, Article):
        return {"refused": result.reason}
    return {
        "text": result.text,
        "title": result.title,
        "date": result.published_on.isoformat() if result.published_on else "",
        "date_utc": result.published_at.date().isoformat() if result.published_at else "",
        "author": result.author,
    }


def by_trafilatura(page: Page, fast: bool = False, precision: bool = False) -> Prediction:
    found = trafilatura.bare_extraction(
        page.body,
        url=page.url,
        include_comments=False,
        with_metadata=True,
        fast=fast,
        favor_precision=precision,
    )
    if found is None or isinstance(found, dict):
        return {}
    return {
        "text": found.text or "",
        "title": found.title or "",
        "date": found.date or "",
        "author": found.author or "",
    }


def by_trafilatura_fast(page: Page) -> Prediction:
    return by_trafilatura(page, fast=True)


def by_trafilatura_precise(page: Page) -> Prediction:
    return by_trafilatura(page, precision=True)


def by_newspaper(page: Page) -> Prediction:
    import newspaper

    article = newspaper.Article(page.url, fetch_images=False)
    article.download(input_html=decode(page.body, page.content_type).text)
    try:
        article.parse()
    except Exception:  # it gives some pages up
        return {}
    day = article.publish_date
    return {
        "text": article.text or "",
        "title": article.title or "",
        "date": day.date().isoformat() if isinstance(day, datetime) else "",
        "author": ", ".join(article.authors),
    }


def by_readability(page: Page) -> Prediction:
    import readability

    try:
        found = readability.Document(decode(page.body, page.content_type).text)
        tree = parse_page(found.summary())
        return {
            "text": plain_text(tree) if tree is not None else "",
            "title": found.short_title() or "",
        }
    except Exception:  # it gives some pages up
        return {}


def by_resiliparse(page: Page) -> Prediction:
    from resiliparse.extract.html2text import extract_plain_text

    text = decode(page.body, page.content_type).text
    return {"text": extract_plain_text(text, main_content=True, comments=False)}


EXTRACTORS: dict[str, Callable[[Page], Prediction]] = {
    "voltwire": by_voltwire,
    "trafilatura": by_trafilatura,
    "trafilatura fast": by_trafilatura_fast,
    "trafilatura prec.": by_trafilatura_precise,
}
OPTIONAL: dict[str, tuple[str, Callable[[Page], Prediction]]] = {
    "newspaper4k": ("newspaper", by_newspaper),
    "readability-lxml": ("readability", by_readability),
    "resiliparse": ("resiliparse", by_resiliparse),
}


def installed() -> dict[str, Callable[[Page], Prediction]]:
    """The extractors to compare; one that is not installed is left out with a word."""
    found = dict(EXTRACTORS)
    for name, (module, extractor) in OPTIONAL.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name} is not installed: left out", file=sys.stderr)
        else:
            found[name] = extractor
    return found


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Multiset of runs of four words; a shorter text is one shingle."""
    words = _WORD.findall(text)
    if not words:
        return Counter()
    if len(words) <= _SHINGLE:
        return Counter([tuple(words)])
    return Counter(zip(*(words[start:] for start in range(_SHINGLE)), strict=False))


def overlap(truth: str, text: str) -> tuple[float, float, float]:
    """Shares of true positives, false positives and false negatives on one page."""
    wanted, found = shingles(truth), shingles(text)
    hits = sum((wanted & found).values())
    extra, missed = sum(found.values()) - hits, sum(wanted.values()) - hits
    whole = hits + extra + missed
    return (hits / whole, extra / whole, missed / whole) if whole else (0.0, 0.0, 0.0)


def precision_recall_f1(rows: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    precisions = [hit / (hit + extra) for hit, extra, _ in rows if hit + extra]
    recalls = [hit / (hit + missed) for hit, _, missed in rows if hit + missed]
    precision = sum(precisions) / len(precisions) if precisions else 0.0
    recall = sum(recalls) / len(recalls) if recalls else 0.0
    both = precision + recall
    return precision, recall, (2 * precision * recall / both if both else 0.0)


_TYPOGRAPHY = str.maketrans("‘’“”–—", "''\"\"--", "\u00ad\u200b")


def fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY).split())


def people(names: str | list[str]) -> set[str]:
    if isinstance(names, str):
        names = re.split(r"\s*(?:;|,| and | und | et )\s*", names)
    folded = (re.sub(r"^(by|von|par|por)\s+", "", fold(name).casefold()) for name in names)
    return {name for name in folded if name}


def share(hits: list[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def score(truth: dict[str, dict[str, Any]], found: dict[str, Prediction]) -> dict[str, Any]:
    """All figures of one extractor; fields that no truth row has are None."""
    bodies = {url: row["text"] for url, row in truth.items() if row.get("text")}
    rows = [overlap(text, found[url].get("text", "")) for url, text in bodies.items()]
    precision, recall, f1 = precision_recall_f1(rows)
    exact = [_WORD.findall(t) == _WORD.findall(found[u].get("text", "")) for u, t in bodies.items()]
    return {
        "pages": len(truth),
        "f1": round(f1, 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "exact": share(exact),
        "empty": sum(not found[url].get("text") for url in bodies),
        "title": share(
            [
                fold(r["title"]) == fold(found[u].get("title", ""))
                for u, r in truth.items()
                if r.get("title")
            ]
        ),
        "date": share(
            [
                r["date"][:10] == found[u].get("date", "")[:10]
                for u, r in truth.items()
                if r.get("date")
            ]
        ),
        # the day of published_at; extractors that know but one day have it in both places
        "date_utc": share(
            [
                r["date"][:10] == (found[u].get("date_utc") or found[u].get("date", ""))[:10]
                for u, r in truth.items()
                if r.get("date")
            ]
        ),
        "author": share(
            [
                people(r.get("authors") or r["author"]) == people(found[u].get("author", ""))
                for u, r in truth.items()
                if r.get("author")
            ]
        ),
        "refused": dict(Counter(p["refused"] for p in found.values() if p.get("refused"))),
    }


def gain(
    truth: dict[str, dict[str, Any]],
    mine: dict[str, Prediction],
    theirs: dict[str, Prediction],
    draws: int = 1000,
) -> dict[str, float]:
    """F1 of ``mine`` less that of ``theirs`` with a paired bootstrap's 95 % interval."""
    bodies = [(url, row["text"]) for url, row in truth.items() if row.get("text")]
    a = [overlap(text, mine[url].get("text", "")) for url, text in bodies]
    b = [overlap(text, theirs[url].get("text", "")) for url, text in bodies]
    chance = random.Random(7)
    differences = []
    for _ in range(draws):
        picks = chance.choices(range(len(bodies)), k=len(bodies))
        first = precision_recall_f1([a[place] for place in picks])[2]
        differences.append(first - precision_recall_f1([b[place] for place in picks])[2])
    differences.sort()
    return {
        "gain": round(precision_recall_f1(a)[2] - precision_recall_f1(b)[2], 4),
        "low": round(differences[int(0.025 * draws)], 4),
        "high": round(differences[int(0.975 * draws) - 1], 4),
    }


def measure(
    pages: list[Page], truth: dict[str, dict[str, Any]], extractors: dict[str, Any]
) -> dict[str, Any]:
    """All figures of all ``extractors`` on ``pages``."""
    found: dict[str, dict[str, Prediction]] = {name: {} for name in extractors}
    seconds: Counter[str] = Counter()
    added: Counter[str] = Counter()
    # models and tables load outside the measured time: with a page, with one whose language nobody
    # tells, and with one that shows so little that extractors try all that they have
    words = b"<p>Cells for vans are made in Halden, and those for storage in Bergen.</p>"
    for first in (pages[0].body, b"<body>" + words * 8, b"<body>" + words[:9]):
        for extractor in extractors.values():
            extractor(replace(pages[0], body=first))
    # page by page in turn, so that a busy machine slows all of them alike; who begins changes,
    # since the first to meet a page also loads what both need for it
    names = list(extractors)
    for number, page in enumerate(pages):
        at = number % len(names)
        for name in names[at:] + names[:at]:
            before = peak_memory()
            start = time.process_time()
            found[name][page.url] = extractors[name](page)
            seconds[name] += time.process_time() - start
            added[name] += peak_memory() - before
    report: dict[str, Any] = {}
    for name in names:
        figures = score(truth, found[name])
        figures["pages_per_cpu_second"] = round(len(pages) / max(seconds[name], 1e-9), 1)
        figures["peak_mib_added"] = round(added[name] / 2**20, 1)
        report[name] = figures
    report["speed of voltwire against trafilatura"] = round(
        seconds["trafilatura"] / max(seconds["voltwire"], 1e-9), 2
    )
    report["voltwire against trafilatura"] = gain(truth, found["voltwire"], found["trafilatura"])
    report["peak_mib"] = round(peak_memory() / 2**20, 1)
    return report


def peak_memory() -> int:
    """Most bytes resident in this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="WARC file of article pages")
    parser.add_argument("truth", type=Path, nargs="?", help="JSONL; default: beside the corpus")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pages = read_pages(arguments.corpus)
    beside = arguments.corpus.with_name(arguments.corpus.name.replace(".warc.gz", ".truth.jsonl"))
    with (arguments.truth or beside).open(encoding="utf-8") as lines:
        truth = {row["url"]: row for row in map(json.loads, lines)}
    pages = [page for page in pages if page.url in truth]
    truth = {page.url: truth[page.url] for page in pages}
    if not pages:
        sys.exit("no page of the corpus stands in the truth file")
    extractors = installed()
    report = {"corpus": arguments.corpus.name, **measure(pages, truth, extractors)}
    columns = [
        "f1",
        "precision",
        "recall",
        "exact",
        "title",
        "date",
        "date_utc",
        "author",
        "pages_per_cpu_second",
        "peak_mib_added",
    ]
    print(f"{'':18}" + "".join(f"{column[:10]:>11}" for column in columns), file=sys.stderr)
    for name in extractors:
        cells = "".join(
            f"{report[name][column] if report[name][column] is not None else '-':>11}"
            for column in columns
        )
        print(f"{name:18}{cells}", file=sys.stderr)
    print(json.dumps(report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
