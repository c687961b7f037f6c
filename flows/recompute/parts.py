"""The parts of a whole recomputation, and where each leaves its rows.

Every chunk is named by numbers and one folder, which all machines see under the same path.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryDirectory

import duckdb

from dedupe.policy import POLICY, RECIPE
from flows.settings import Settings
from ingest.errors import VoltwireError
from storage.errors import StoreError
from storage.store import connect_scratch

MEMORY_MIB = 1024
"""What DuckDB may hold of a chunk; a chunk of keys takes a third."""


@dataclass(frozen=True, slots=True)
class Room:
    """The files of a recomputation."""

    folder: Path

    def file(self, kind: str, number: int) -> Path:
        """The rows of one kind of one chunk."""
        return self.folder / kind / f"{number:06}.parquet"

    def files(self, kind: str, count: int) -> list[Path]:
        """Those of the first ``count`` chunks."""
        return [self.file(kind, number) for number in range(count)]


def room_of(settings: Settings, work: str) -> Room:
    """Where the rows of ``work`` (``rebuild``, ``reextract``) on the store lie."""
    store = settings.store.resolve()
    if not settings.engine_folder:
        return Room(store / f"{work}.chunks")
    name = sha256(str(store).encode()).hexdigest()[:12]
    return Room(Path(settings.engine_folder).resolve() / f"voltwire-{work}-{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A chunk of the work."""

    folder: str
    rules: str
    number: int
    label: str
    size: int
    """Articles, keys or pairs."""

    @property
    def room(self) -> Room:
        """Where its rows come from and go to."""
        return Room(Path(self.folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange(Part):
    """Keys from ``low`` up to ``high``, which is not among them."""

    low: int
    high: int
    chunks: int
    """How many files of keys there are.  Not looked up by whoever joins them: on a shared disk a
    list of files may be older than the files, and a file left out would leave out pairs."""


class Unalike(VoltwireError):
    """A worker that would do something else than the machine that sent the chunk."""


@functools.cache
def rules() -> str:
    """What tells today's rules from others: every number, and the code that applies them."""
    code = sha256()
    for package in ("dedupe", "ingest"):
        for path in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            # Of ``ingest`` only the topics are made from stored texts.
            if path.name.endswith(".py") and (package == "dedupe" or path.name == "topics.py"):
                code.update(path.read_bytes())
    return json.dumps([asdict(RECIPE), asdict(POLICY), code.hexdigest()], default=str)


@contextmanager
def work_on(part: Part, reads: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A scratch database for ``part``, on a machine that can do it.

    Raises:
        Unalike: when this process has other rules, or does not see the files that it is to read.
    """
    if rules() != part.rules:
        raise Unalike(
            f"the worker on {gethostname()} has other rules of deduplication",
            hint="install the same version of voltwire there, and start it anew",
        )
    if not reads.exists():
        raise Unalike(
            f"the worker on {gethostname()} does not see {reads}",
            hint="`engine_folder` has to be a folder that every machine sees under that path",
        )
    with scratch() as con:
        yield con


@contextmanager
def scratch(
    folder: Path | None = None, *, memory_mib: int = MEMORY_MIB, threads: int = 1
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A scratch database, which spills to ``folder`` (or where temporary files go).

    Raises:
        StoreError: for a file that cannot be read or written.
    """
    with TemporaryDirectory(prefix="voltwire-chunk-", dir=folder) as spill:
        con = connect_scratch(Path(spill), memory_mib=memory_mib, threads=threads)
        try:
            yield con
        except duckdb.Error as error:
            said = next(iter(str(error).splitlines()), type(error).__name__)
            raise StoreError(
                f"DuckDB failed on {gethostname()}: {said}",
                hint=f"is there room in {spill} and for the chunks? what was done before is kept",
            ) from error
        finally:
            con.close()
