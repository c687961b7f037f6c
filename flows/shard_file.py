"""A shard as one Parquet file, written and read by DuckDB.

A row an entry, with typed columns for the entry and its article or rejection; what a batch notes
beside them are rows of other kinds with a record in JSON.  Whoever has the files can ask them:

    SELECT article_title, article_text FROM 'shards/*/*/*/0*.parquet' WHERE kind = 'entry'
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from dedupe.models import Signature
from flows.digested import Digested
from flows.shard import Ledger, Origin, Outside, Shard
from ingest.models import Article, CoveredDay, FeedEntry, FeedState, Gap, Rejection
from storage.batches import rows, staged
from storage.encoding import Flat, as_json, from_json
from storage.errors import StoreError
from storage.models import PreparedArticle
from storage.store import connect_scratch

FORMAT = 1
"""Of the file.  Columns may be added without another number; their meaning may not change."""
_HEADER = "voltwire"
_MEMORY_MIB = 512
_ENTRY = Flat(FeedEntry, "entry_")
_ARTICLE = Flat(Article, "article_")
# The store keeps the keys that come of the signature, not the signature.
_SIGNATURE = Flat(Signature, "signature_", without=("article_id", "minhash"))
_PREPARED = Flat(PreparedArticle, "prepared_", without=("article", "signature"))
_REJECTION = Flat(Rejection, "rejection_")
_TYPES = {
    "number": "BIGINT", "kind": "VARCHAR", "record": "VARCHAR",
    **_ENTRY.types, **_ARTICLE.types, **_SIGNATURE.types, **_PREPARED.types, **_REJECTION.types,
}  # fmt: skip
_NONE = [None] * (len(_TYPES) - 3)
_NO_ARTICLE = [*_ARTICLE.values(None), *_SIGNATURE.values(None), *_PREPARED.values(None)]
# What nobody needs who only wants to know which articles there are.
_HEAVY = {
    "article_text": "''", "prepared_original_text": "NULL", "prepared_repeats": "'[]'",
    "prepared_link_targets": "'{}'", "signature_sketch": "''::BLOB", "signature_bands": "''::BLOB",
    "article_links": "[]",
}  # fmt: skip
_NOTES: dict[str, Any] = {
    "covered": CoveredDay, "outside": Outside, "rejections": Rejection, "states": FeedState,
    "gaps": Gap,
}  # fmt: skip
"""Field of a ledger -> the type of its records."""


class ShardUnreadable(StoreError):
    """A file that is no shard, or one of a later format."""


def write(path: Path, shard: Shard) -> None:
    """Write ``shard``, which has an origin, to ``path``.  Not atomic: see ``storage.shelf``."""
    origin = shard.origin
    assert origin is not None
    header = {
        "format": FORMAT, "run_id": origin.run_id, "piece": origin.piece,
        "attempt": origin.attempt, "number": origin.number, "at": shard.at.isoformat(),
        "keep_known_entries": shard.keep_known_entries, "route": shard.ledger.route,
    }  # fmt: skip
    said = json.dumps(header).replace("'", "''")
    quoted = str(path).replace("'", "''")
    con = connect_scratch(path.parent, memory_mib=_MEMORY_MIB)
    try:
        with staged(con, "shard", _TYPES, rows(_TYPES, _rows(shard))) as source:
            con.execute(
                f"COPY (SELECT * FROM {source} ORDER BY number) TO '{quoted}' "
                f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{_HEADER}: '{said}'}})"
            )
    except DuckDBError as error:
        raise StoreError(f"cannot write {path.name}: {_first_line(error)}") from error
    finally:
        con.close()


def read(path: Path, *, light: bool = False) -> Shard:
    """The shard in the file ``path``.

    Args:
        light: without texts and signatures, for those who only want to know what is there.

    Raises:
        ShardUnreadable: for any other file, and one that is damaged.
    """
    con = connect_scratch(path.parent, memory_mib=_MEMORY_MIB)
    try:
        return _read(con, str(path), light)
    except (DuckDBError, KeyError, TypeError, ValueError) as error:
        raise ShardUnreadable(f"{path.name} is no shard: {_first_line(error)}") from error
    finally:
        con.close()


def _rows(shard: Shard) -> Iterator[list[Any]]:
    number = 0
    for one in shard.digested:
        made = one.prepared
        # What the feed said of it has done its work, unless another try is to come.
        entry = one.entry
        if one.rejection is None or one.rejection.retry_at is None:
            entry = replace(entry, summary="", content="", text="")
        article = _NO_ARTICLE if made is None else [
            *_ARTICLE.values(made.article), *_SIGNATURE.values(made.signature),
            *_PREPARED.values(made),
        ]  # fmt: skip
        yield [
            number, "entry", None, *_ENTRY.values(entry), *article,
            *_REJECTION.values(one.rejection),
        ]  # fmt: skip
        number += 1
    for name in _NOTES:
        for record in getattr(shard.ledger, name):
            yield [number, name, as_json(record), *_NONE]
            number += 1
    for url in shard.ledger.recovered:
        yield [number, "recovered", url, *_NONE]
        number += 1


def _read(con: DuckDBPyConnection, path: str, light: bool) -> Shard:
    found = con.execute(
        "SELECT decode(value) FROM parquet_kv_metadata($path) WHERE decode(key) = $key",
        {"path": path, "key": _HEADER},
    ).fetchone()
    header = json.loads(found[0]) if found else {}
    if header.get("format") != FORMAT:
        raise ValueError(f"format {header.get('format')}; this voltwire reads {FORMAT}")
    instead = ", ".join(f"{value} AS {name}" for name, value in _HEAVY.items())
    answer = con.execute(
        f"SELECT * {f'REPLACE ({instead})' if light else ''} FROM read_parquet($path) "
        "ORDER BY number",
        {"path": path},
    )
    names = [column[0] for column in answer.description or ()]
    digested: list[Digested] = []
    notes: dict[str, list[Any]] = {name: [] for name in (*_NOTES, "recovered")}
    for values in answer.fetchall():
        row = dict(zip(names, values, strict=True))
        kind = row["kind"]
        if kind == "entry":
            digested.append(_digested(row))
        elif kind == "recovered":
            notes[kind].append(row["record"])
        elif kind in _NOTES:
            notes[kind].append(from_json(_NOTES[kind], row["record"]))
    return Shard(
        at=datetime.fromisoformat(header["at"]),
        digested=tuple(digested),
        keep_known_entries=header["keep_known_entries"],
        ledger=Ledger(
            **{name: tuple(listed) for name, listed in notes.items()}, route=header["route"]
        ),
        origin=Origin(
            run_id=header["run_id"],
            piece=header["piece"],
            attempt=header["attempt"],
            number=header["number"],
        ),
    )


def _digested(row: dict[str, Any]) -> Digested:
    prepared = None
    if row["article_article_id"] is not None:
        article = _ARTICLE.record(row)
        signature = _SIGNATURE.record(row, article_id=article.article_id, minhash=b"")
        prepared = _PREPARED.record(row, article=article, signature=signature)
    rejection = _REJECTION.record(row) if row["rejection_url"] is not None else None
    return Digested(entry=_ENTRY.record(row), prepared=prepared, rejection=rejection)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
