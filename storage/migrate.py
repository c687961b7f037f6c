"""Bring a database to today's schema: numbered steps once each, views whenever their text changed.

A step is a file in ``migrations/``; it runs in its own transaction and is recorded by name.
What SQL users are promised stands in ``views/``, one file a view, with its comments.  After
Simon Willison's sqlite-migrate: what is pending, what is applied, apply.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources

import duckdb

from storage.errors import StoreTooNew


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A named piece of SQL that ships with the code."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Changes when the text does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Script]:
    """The steps that this code knows, in order."""
    return list(_scripts("migrations"))


def views() -> list[Script]:
    """The views that this code promises, in order of their file names."""
    return list(_scripts("views"))


def applied(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the steps recorded in the database; empty for a new one."""
    # Asked at every opening of a store: to look the table up among all costs ten times as much.
    try:
        return [name for (name,) in con.execute("SELECT name FROM core.migrations").fetchall()]
    except duckdb.CatalogException:
        return []


def pending(con: duckdb.DuckDBPyConnection) -> list[Script]:
    """Steps still to be run.  Raises ``StoreTooNew`` for a store that knows steps we do not."""
    done = set(applied(con))
    ours = migrations()
    unknown = sorted(done - {script.name for script in ours})
    if unknown:
        raise StoreTooNew(
            f"the store was written by a newer voltwire (step {unknown[-1]} is not known here)",
            hint="upgrade voltwire, or point --store to another folder",
        )
    return [script for script in ours if script.name not in done]


def migrate(con: duckdb.DuckDBPyConnection, todo: list[Script] | None = None) -> list[str]:
    """Run what is pending and renew changed views; returns the names of the steps that ran.

    Each step is one transaction, so a kill in between leaves the schema of some step, whole.

    Args:
        todo: what ``pending`` said in this window; asked for here when left out.
    """
    todo = pending(con) if todo is None else todo
    for script in todo:
        con.execute("BEGIN")
        try:
            con.execute(script.sql)
            con.execute(
                "INSERT INTO core.migrations VALUES ($name, now(), $digest)",
                {"name": script.name, "digest": script.digest},
            )
            con.execute("COMMIT")
        except BaseException:
            con.execute("ROLLBACK")
            raise
    _renew_views(con, all_of_them=bool(todo))
    return [script.name for script in todo]


def _renew_views(con: duckdb.DuckDBPyConnection, *, all_of_them: bool) -> None:
    ours = {script.name: script for script in views()}
    stored: dict[str, str] = dict(con.execute("SELECT name, digest FROM core.views").fetchall())
    changed = [s for s in ours.values() if all_of_them or stored.get(s.name) != s.digest]
    gone = [name for name in stored if name not in ours]
    if not changed and not gone:
        return
    con.execute("BEGIN")
    try:
        for script in changed:
            con.execute(script.sql)
        for name in gone:
            con.execute(f'DROP VIEW IF EXISTS "{name}"')
        names = [script.name for script in changed]
        con.execute(
            "DELETE FROM core.views WHERE list_contains($names, name)", {"names": names + gone}
        )
        con.execute(
            "INSERT INTO core.views SELECT unnest($names), unnest($digests)",
            {"names": names, "digests": [script.digest for script in changed]},
        )
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


@functools.cache
def _scripts(folder: str) -> tuple[Script, ...]:
    # Asked for at every opening of a store.
    found = [
        path
        for path in resources.files("storage").joinpath(folder).iterdir()
        if path.name.endswith(".sql")
    ]
    return tuple(
        Script(name=path.name.removesuffix(".sql"), sql=path.read_text(encoding="utf-8"))
        for path in sorted(found, key=lambda path: path.name)
    )
