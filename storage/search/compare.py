"""What the index lacks and what it has too much: by comparing, whoever wrote what.

``known.parquet`` beside the segments has each article's key and a *mark*, a hash over what the
index holds of it.  Looking through the marks of a million articles takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from storage.search.engine import Indexed, Writer
from storage.search.policy import INDEX
from storage.search.state import KNOWN, sync

Advance = Callable[[int, int], None]

# `exact` is the hash of the text's words.  `hash` may be another one in another DuckDB: then all
# articles are brought in once more, some with each run, and stay as they are until their turn.
_MARK = (
    "hash(title, exact, version, publisher, language, published_at, url, story_id, "
    "is_representative, topics, subjects)"
)


def checksum(con: duckdb.DuckDBPyConnection) -> int:
    """Over the keys and marks of all articles of the store."""
    found = con.execute(
        f"SELECT coalesce(bit_xor(hash(id_hash, {_MARK})), 0) FROM core.articles"
    ).fetchone()
    return int(found[0]) if found else 0


def number(con: duckdb.DuckDBPyConnection) -> int:
    """Articles in the store."""
    found = con.execute("SELECT count(*) FROM core.articles").fetchone()
    return int(found[0]) if found else 0


def compare(
    con: duckdb.DuckDBPyConnection, base: Path | None, at_most: int | None
) -> tuple[list[int], int, int]:
    """Compare the store with the index in ``base``, None for none.

    Makes the temporary tables ``known``, ``wanted`` and ``todo`` (place, key, mark, known).

    Returns:
        The keys of articles that are gone; how many are to be brought in, the newest ones; and how
        many more than ``at_most`` there are.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE known (key UBIGINT, mark UBIGINT)")
    if base is not None:
        con.execute(
            "INSERT INTO temp.known SELECT key, mark FROM read_parquet($known)",
            {"known": str(base / KNOWN)},
        )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wanted AS "
        f"SELECT id_hash AS key, {_MARK} AS mark, rowid AS place FROM core.articles"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE todo AS SELECT w.place, w.key, w.mark, "
        "k.key IS NOT NULL AS known FROM temp.wanted w LEFT JOIN temp.known k USING (key) "
        "WHERE k.key IS NULL OR k.mark <> w.mark ORDER BY w.place"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS "
        "SELECT key FROM temp.known ANTI JOIN temp.wanted USING (key)"
    )
    gone = [key for (key,) in con.execute("FROM temp.gone").fetchall()]
    todo = _count(con, "todo")
    if at_most is None or todo <= at_most:
        return gone, todo, 0
    con.execute(
        "DELETE FROM temp.todo WHERE place < (SELECT place FROM temp.todo "
        f"ORDER BY place DESC LIMIT 1 OFFSET {at_most - 1})"
    )
    return gone, at_most, todo - at_most


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.execute(f"SELECT count(*) FROM temp.{table}").fetchone()
    return int(found[0]) if found else 0


def bring_in(con: duckdb.DuckDBPyConnection, writer: Writer, todo: int, advance: Advance) -> None:
    """Hand ``todo`` to the writer: texts in the order in which they lie, some at a time."""
    done, after = 0, -1
    while done < todo:
        span = con.execute(
            "SELECT min(place), max(place), count(*) FROM (SELECT place FROM temp.todo "
            f"WHERE place > {after} ORDER BY place LIMIT {INDEX.batch})"
        ).fetchone()
        assert span is not None
        first, last, count = span
        rows = con.execute(
            "SELECT t.key, t.known, a.article_id, a.title, a.text, a.language, a.publisher, a.url, "
            "epoch_us(a.published_at), a.story_id, a.is_representative, "
            "list_concat(a.topics, string_split(nullif(a.subjects, ''), '|')) "
            "FROM core.articles a JOIN temp.todo t ON t.place = a.rowid "
            f"WHERE a.rowid BETWEEN {first} AND {last} AND t.place BETWEEN {first} AND {last}"
        ).fetchall()
        writer.remove([key for key, known, *_ in rows if known])
        for (
            key, _, article_id, title, text, language, publisher, url, at, story, shown, topics
        ) in rows:  # fmt: skip
            writer.add(
                Indexed(
                    key=key, article_id=article_id, title=title or "", text=text or "",
                    language=language or "", publisher=publisher or "", url=url or "", at=at,
                    story_id=story or article_id, is_representative=shown is not False,
                    topics=tuple(topics or ()),
                )
            )  # fmt: skip
        done, after = done + count, last
        advance(done, todo)


def note_known(con: duckdb.DuckDBPyConnection, target: Path, base: Path | None) -> int:
    """Write down what is in the index in ``target`` now; the number of articles."""
    path = target / KNOWN
    # The name may be a link to the file of the copy before: it goes, the file stays.
    path.unlink(missing_ok=True)
    kept = (
        "SELECT key, mark FROM temp.known WHERE key NOT IN (FROM temp.gone) "
        "AND key NOT IN (SELECT key FROM temp.todo)"
    )
    rest = f"{kept} UNION ALL " if base is not None else ""
    quoted = str(path).replace("'", "''")
    con.execute(f"COPY ({rest}SELECT key, mark FROM temp.todo) TO '{quoted}' (FORMAT parquet)")
    found = con.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    sync(path)
    return int(found[0]) if found else 0


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the tables of ``compare``."""
    for table in ("known", "wanted", "gone", "todo"):
        con.execute(f"DROP TABLE temp.{table}")
