"""The summary of a run as Markdown: counts, new stories, coverage, feeds slow or failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from urllib.parse import quote

from flows.backfill_plan import FeedCoverage
from flows.oneline import clean
from flows.report import RunReport
from storage.overview import Headline

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#!~])")
# What a URL may hold as it is inside the brackets of a Markdown link.
_IN_URLS = ":/?#@!$&'*+,;=%-._~"


def markdown(report: RunReport, begun: Sequence[Headline] = ()) -> str:
    """The report as a Markdown table; below it the stories that the run began, coverage, and
    which feeds were slow or failed."""
    lines = [f"# {report.line()}", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {_cell(figure)} |" for label, figure in report.rows()]
    if report.published:
        lines.append(f"| store | {_cell(report.published)} |")
    if report.detail:
        lines.append(f"| note | {_cell(report.detail)} |")
    failures = report.failures()
    if begun:
        lines += ["", "| new stories | publisher | copies |", "|---|---|---|"]
        lines += [
            f"| {_link(one.title, one.url)} | {_cell(one.publisher)} | {one.copies} |"
            for one in begun
        ]
    if report.coverage:
        lines += ["", coverage_table(report.coverage)]
    if report.feeds_slow:
        lines += ["", "| slow feed | seconds |", "|---|---|"]
        lines += [f"| {_cell(slug)} | {took:g} |" for slug, took in report.feeds_slow.items()]
    if failures:
        lines += ["", "| failed feed | why |", "|---|---|"]
        lines += [f"| {_cell(slug)} | {_cell(why)} |" for slug, why in failures]
    return "\n".join(lines)


def coverage_table(covered: Sequence[Mapping[str, object]]) -> str:
    """A Markdown table of records with the fields of ``FeedCoverage``, a line a feed."""
    names = [field.name for field in fields(FeedCoverage)]
    rows = [names, ["---"] * len(names)]
    rows += [[_cell(f"{feed[name]}") for name in names] for feed in covered]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str) -> str:
    """``text`` as words in a table: what the web wrote makes no markup of it."""
    return _MARKUP.sub(r"\\\1", clean(text))


def _link(title: str, url: str) -> str:
    """A title that leads to its page, where that is on the web."""
    if not url.startswith(("http://", "https://")):
        return _cell(title)
    return f"[{_cell(title)}]({quote(url, safe=_IN_URLS)})"
