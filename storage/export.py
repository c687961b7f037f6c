"""The published store's rows as files: which views can go out, by which month, in which columns.

A row belongs to the month in which its article was published (UTC); what hangs on an article goes
where the article goes, so that the files of one month can be joined with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import duckdb

# View -> the rows to export with their time of publication as `_at`.
_OF_ARTICLE = (
    "SELECT v.*, a.published_at AS _at FROM {view} v LEFT JOIN core.articles a USING (article_id)"
)
_SOURCES: Mapping[str, str] = MappingProxyType({
    "articles": "SELECT *, published_at AS _at FROM articles",
    "news": "SELECT *, published_at AS _at FROM news",
    "stories": "SELECT *, first_published_at AS _at FROM stories",
    **{
        view: _OF_ARTICLE.format(view=view)
        for view in (
            "duplicates", "repeats", "citations", "article_versions", "mentions", "figures",
        )
    },
})  # fmt: skip
VIEWS = tuple(_SOURCES)

# Rows that `voltwire backfill --route jsonl` takes as they are: its names first, all else behind.
_ROWS: Mapping[str, str] = MappingProxyType({
    "articles": "url, title, published_at AS published, author, language, text, "
    "* EXCLUDE (url, title, published_at, author, language, text)",
    "news": "url, title, published_at AS published, text, "
    "* EXCLUDE (url, title, published_at, text)",
})  # fmt: skip
# A fixed order makes two exports of the same rows the same files.
_ORDER: Mapping[str, str] = MappingProxyType({
    "articles": "_at, article_id", "news": "_at, story_id", "stories": "_at, story_id",
    "duplicates": "_at, article_id, of_article_id", "repeats": "_at, article_id, start_char",
    "citations": "_at, article_id, url", "article_versions": "_at, article_id, version",
    "mentions": "_at, article_id, kind, name",
    "figures": "_at, article_id, start_char, quantity, value, written",
})  # fmt: skip
_COPY: Mapping[str, str] = MappingProxyType({
    # The level at which zstd gets about a tenth smaller than its default, at news sizes, and
    # still writes faster than the texts are unpacked.
    "parquet": "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 6, ROW_GROUP_SIZE 20000",
    "csv": "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
    "jsonl": "FORMAT json, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
})  # fmt: skip
FORMATS = tuple(_COPY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one month inside the window."""

    month: str
    """``2026-11``, or empty for what has no date."""
    rows: int


def parts(
    con: duckdb.DuckDBPyConnection, view: str, *, since: datetime | None, until: datetime | None
) -> list[Part]:
    """The months of ``view`` that have rows in ``[since, until)``, and what has no date, last."""
    found = con.execute(
        "SELECT coalesce(strftime(_at, '%Y-%m'), '') AS month, count(*) "
        f"FROM ({_SOURCES[view]}) WHERE {_WINDOW} GROUP BY month ORDER BY month = '', month",
        {"since": since, "until": until},
    ).fetchall()
    return [Part(month=month, rows=rows) for month, rows in found]


def write_part(
    con: duckdb.DuckDBPyConnection,
    view: str,
    month: str,
    target: Path,
    *,
    form: str,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Write the rows of one month inside ``[since, until)`` to ``target``, in a fixed order.

    Raises:
        duckdb.Error: when the file cannot be written.
    """
    columns = _ROWS.get(view, "*") if form == "jsonl" else "*"
    con.execute(
        f"COPY (SELECT {columns} FROM (SELECT * EXCLUDE (_at) FROM ({_SOURCES[view]}) "
        f"WHERE {_month(month)} AND {_WINDOW} ORDER BY {_ORDER[view]})) "
        f"TO '{_quoted(target)}' ({_COPY[form]})",
        {"since": since, "until": until},
    )


def rows_outside(
    con: duckdb.DuckDBPyConnection,
    view: str,
    path: Path,
    *,
    form: str,
    since: datetime | None,
    until: datetime | None,
) -> int:
    """How many rows of an earlier export at ``path`` lie outside ``[since, until)``.

    Raises:
        duckdb.Error: when ``path`` is not such a file.
    """
    key = "story_id" if view == "stories" else "article_id"
    found = con.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {key} AS key FROM "
        f"{_READ[form].format(path=_quoted(path))}) e JOIN (SELECT {key} AS key, _at "
        f"FROM ({_SOURCES[view]})) s ON s.key = e.key WHERE NOT {_WINDOW}",
        {"since": since, "until": until},
    ).fetchone()
    return int(found[0]) if found else 0


_READ: Mapping[str, str] = MappingProxyType({
    "parquet": "read_parquet('{path}')",
    "csv": "read_csv('{path}', all_varchar = true)",
    "jsonl": "read_json('{path}', format = 'newline_delimited')",
})  # fmt: skip
_WINDOW = (
    "(_at IS NULL OR (($since IS NULL OR _at >= $since) AND ($until IS NULL OR _at < $until)))"
)


def _month(month: str) -> str:
    """A condition with plain bounds, so that blocks of other months are not unpacked."""
    if not month:
        return "_at IS NULL"
    first = f"TIMESTAMPTZ '{month}-01 00:00:00+00'"
    return f"_at >= {first} AND _at < {first} + INTERVAL 1 MONTH"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
