"""The demo: the pipeline over the bundled newsroom, as two scheduled runs would have seen it."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from flows.context import Progress
from flows.oneline import clean
from flows.report import RunReport
from flows.run import IngestOptions, Surroundings, run_ingest
from flows.settings import Settings
from ingest.errors import VoltwireError
from storage.store import Store

# Half an hour after the two moments at which the newsroom was recorded.
DAYS = (datetime(2026, 11, 2, 6, 30, tzinfo=UTC), datetime(2026, 11, 3, 6, 30, tzinfo=UTC))
_MARK = ".voltwire-demo"

QUERIES = (
    "select title, copies, publishers from news order by copies desc limit 5",
    "select a.title, r.words, r.similarity from repeats r join articles a using (article_id)",
    "select stage, reason, count(*) from rejections group by all order by 3 desc",
)


def make_room(folder: Path) -> None:
    """Clear away an earlier demo in ``folder``; never anything else.

    Raises:
        VoltwireError: when the folder holds something that no demo made.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise VoltwireError(
                "is not empty, and no demo made it",
                about=folder,
                hint="name another folder with --store",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("made by `voltwire demo`, which replaces this folder\n")


def run_day(folder: Path, day: datetime, progress: Progress) -> RunReport:
    """One scheduled run of the demo, as of ``day``."""
    newsroom = resources.files("flows.demo")
    with (
        resources.as_file(newsroom / "newsroom.warc.gz") as archive,
        resources.as_file(newsroom / "feeds.toml") as feeds,
    ):
        return asyncio.run(
            run_ingest(
                Settings(store=folder, feeds=str(feeds)),
                IngestOptions(replay=(archive,), as_of=day),
                Surroundings(progress=progress),
            )
        )


def findings(folder: Path) -> dict[str, Any]:
    """What the two days brought, from the store's own views."""
    with Store(folder).read() as con:

        def rows(query: str) -> list[dict[str, Any]]:
            answer = con.execute(query)
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

        counts = rows(
            "SELECT (SELECT count(*) FROM articles) AS articles, "
            "(SELECT count(*) FROM stories) AS stories, "
            "(SELECT count(DISTINCT publisher) FROM articles) AS publishers, "
            "(SELECT count(DISTINCT language) FROM articles) AS languages"
        )[0]
        return {
            **counts,
            "carried": rows(
                "SELECT title, copies, publishers FROM news WHERE copies > 1 "
                "ORDER BY copies DESC, title LIMIT 4"
            ),
            "repeats": rows(
                "SELECT a.title, r.words, r.similarity FROM repeats r "
                "JOIN articles a USING (article_id) ORDER BY r.words DESC LIMIT 3"
            ),
            "edits": rows(
                "SELECT v.title, v.version, v.words_added, v.words_removed "
                "FROM article_versions v WHERE v.version > 1"
            ),
            "rejections": rows(
                "SELECT stage, reason, count(*) AS number FROM rejections GROUP BY ALL "
                "ORDER BY number DESC, reason"
            ),
        }


def lines(folder: Path, found: dict[str, Any]) -> list[str]:
    """``findings`` for a terminal, and three queries to go on with."""
    said = [
        f"{found['articles']} articles of {found['publishers']} publishers in "
        f"{found['languages']} languages tell {found['stories']} stories.",
        "",
        "Carried by several outlets, shown once:",
    ]
    said += [f"  {one['copies']} copies   {clean(one['title'])}" for one in found["carried"]]
    if found["repeats"]:
        said += ["", "Said twice in one page, kept once:"]
        said += [f"  {one['words']} words  {clean(one['title'])}" for one in found["repeats"]]
    if found["edits"]:
        said += ["", "Edited by its publisher, both versions kept:"]
        said += [
            f"  version {one['version']}  +{one['words_added']} -{one['words_removed']} words  "
            f"{clean(one['title'])}"
            for one in found["edits"]
        ]
    reasons = ", ".join(f"{one['number']} {one['reason']}" for one in found["rejections"])
    said += ["", f"Not articles, each with its reason: {reasons}", "", "Three queries to try:"]
    said += [f'  voltwire sql --store {folder} "{query}"' for query in QUERIES]
    return said
