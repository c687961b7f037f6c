"""What the store offers to SQL, as text: ``docs/schema.md`` is made from the views' comments.

``python -m storage.describe > docs/schema.md`` renews it; a test fails while it is out of date.
"""

from __future__ import annotations

import re
import sys

import duckdb

from storage import migrate
from storage.store import connect_memory

_EXAMPLE = re.compile(r"^-- Example: (.+)$", re.MULTILINE)
_FIRST = (
    "news", "articles", "stories", "duplicates", "repeats", "citations", "article_versions",
    "article_urls", "entries", "rejections", "feed_health", "coverage", "gaps", "runs",
)  # fmt: skip
_HEAD = """# What SQL users are promised

Made from the comments in the database by `python -m storage.describe`; edit `storage/views/`.

Open `voltwire.duckdb` in the store folder, read-only (`duckdb -readonly voltwire.duckdb`, or
`voltwire sql "…"`). It is replaced whole at the end of each run, so a session keeps the state it
opened until it opens again. Tables of your own belong in a file of your own, which can look into
this one: `ATTACH 'voltwire-data/voltwire.duckdb' AS voltwire (READ_ONLY)`; what is written into
the published file is gone with its next replacement. DuckDB 1.5 and later read it.

All times are TIMESTAMPTZ in UTC. Views only ever gain columns, at their end. The schema `core`
behind them is the writer's own and may change with any version.
"""


def examples() -> dict[str, str]:
    """View -> a query that shows what it is good for."""
    return {
        script.name: found[1]
        for script in migrate.views()
        if (found := _EXAMPLE.search(script.sql)) is not None
    }


def columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str, str]]]:
    """View -> (column, type, comment) in order, as the open database has them."""
    found = con.execute(
        "SELECT c.table_name, c.column_name, c.data_type, coalesce(c.comment, '') "
        "FROM duckdb_columns() c JOIN duckdb_views() v ON v.view_oid = c.table_oid "
        "AND v.database_oid = c.database_oid WHERE NOT v.internal AND v.schema_name = 'main' "
        "ORDER BY c.table_name, c.column_index"
    ).fetchall()
    views: dict[str, list[tuple[str, str, str]]] = {}
    for view, column, kind, comment in found:
        views.setdefault(view, []).append((column, _kind(kind), comment))
    return views


def schema_markdown(con: duckdb.DuckDBPyConnection) -> str:
    """The whole description as Markdown."""
    comments = dict(
        con.execute(
            "SELECT view_name, coalesce(comment, '') FROM duckdb_views() "
            "WHERE NOT internal AND schema_name = 'main'"
        ).fetchall()
    )
    shown = examples()
    described = columns(con)
    parts = [_HEAD]
    for view in sorted(described, key=lambda name: (_place(name), name)):
        parts.append(
            f"\n## {view}\n\n{comments[view]}.\n\n| column | type | what |\n|---|---|---|\n"
        )
        parts.extend(
            f"| `{column}` | {kind} | {comment} |\n" for column, kind, comment in described[view]
        )
        parts.append(f"\n```sql\n{shown[view]};\n```\n")
    return "".join(parts)


def _place(view: str) -> int:
    return _FIRST.index(view) if view in _FIRST else len(_FIRST)


def _kind(kind: str) -> str:
    return "TIMESTAMPTZ" if kind == "TIMESTAMP WITH TIME ZONE" else kind


if __name__ == "__main__":
    sys.stdout.write(schema_markdown(connect_memory()))
